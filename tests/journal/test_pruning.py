"""Old orders lose their words, step by step, and nothing else."""

import random
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from typing_extensions import override

from bridge.errors import Pruned
from bridge.journal.connection import sqlite3
from bridge.journal.packing import MARK
from bridge.journal.protocol import (
    EventFilter,
    EventVerdict,
    Journal,
)
from bridge.journal.session import Session
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import (
    DAY,
    Delivery,
    DeliveryState,
    EventState,
    Instant,
    Reason,
)
from tests.factories import (
    NOTHING_TOLD,
    NOW,
    ORDER,
    STORE,
    keep,
    later,
    link,
    new_delivery,
    new_event,
    planned,
)
from tests.journal.steps import claim_one, send

S = DeliveryState
ALL = EventFilter()
LATER = later(40 * DAY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the `journal` of this module lies."""
    return tmp_path / "bridge.db"


def settled(journal: Journal, order_id: str = ORDER) -> Delivery:
    """Bring an order, deliver its one call, and plan it to its end."""
    (kept,) = journal.append([new_event(f"paid:{order_id}")])
    state = NOTHING_TOLD.replace(ORDER, order_id)
    keep(
        journal,
        new_delivery(order_id=order_id),
        events=[planned(kept.id)],
        links=[link(order_id=order_id)],
        state=state,
    )
    after = send(journal, S.SUCCEEDED, answer="María")
    rest(journal, order_id)
    return after


def rest(journal: Journal, order_id: str = ORDER) -> None:
    """Plan an order once more, so that it waits for no second look."""
    order = journal.dossier(STORE, order_id).order
    assert order is not None
    keep(journal, order_id=order_id, state=order.state)


def prune(
    journal: Journal, now: Instant = LATER, *, limit: int = 10
) -> int | None:
    """Prune what was settled for a month."""
    return journal.prune(now, before=later(-30 * DAY, now), limit=limit)


def test_takes_words_and_keeps_what_tells_them_apart(journal: Journal) -> None:
    """Body, headers, request and answer go; keys, hashes and links stay."""
    before = settled(journal)
    (event,) = journal.events(ALL, before=None, limit=1)

    assert prune(journal) == 1

    story = journal.story(STORE, ORDER)
    assert story is not None
    (after,) = story.deliveries
    (attempt,) = story.attempts
    (left,) = story.events
    assert (left.body, left.headers, left.pruned_at) == (b"", {}, LATER)
    assert (left.sha256, left.dedupe_key) == (event.sha256, event.dedupe_key)
    assert (after.request, after.pruned_at) == (None, LATER)
    assert after.pruned_hash is not None
    assert (after.state, after.request_hash) == (S.SUCCEEDED, "r1")
    assert after.version == before.version
    assert (attempt.request, attempt.answer) == (None, None)
    assert (attempt.outcome, attempt.number) == ("applied", 1)
    assert [one.value for one in story.links] == ["9095"]
    assert story.order.pruned_at == LATER
    assert journal.append([new_event(f"paid:{ORDER}")])[0].repeated
    assert journal.integrity() == []


def test_of_the_history_the_last_line_stays(journal: Journal) -> None:
    """A pruned delivery's history is as it stands, and replays."""
    before = settled(journal)
    told = journal.history(before.id)

    prune(journal)

    assert len(told) > 1
    assert journal.history(before.id) == told[-1:]
    assert journal.replay() == []


def test_leaves_what_is_young(journal: Journal) -> None:
    """An order is whole until its last change is old enough."""
    settled(journal)

    assert prune(journal, later(30 * DAY - 1)) == 0
    assert prune(journal, later(30 * DAY)) == 1
    assert prune(journal) == 0


def test_counts_from_the_last_change(journal: Journal) -> None:
    """What a delivery went through late puts the whole order off."""
    settled(journal)
    keep(journal, new_delivery("more", repeatable=True), state=NOTHING_TOLD)
    send(journal, S.SUCCEEDED, now=later(20 * DAY))
    rest(journal)

    assert prune(journal, later(31 * DAY)) == 1
    assert prune(journal, later(31 * DAY)) == 0
    story = journal.story(STORE, ORDER)
    assert story is not None
    assert story.order.pruned_at is None

    assert prune(journal, later(50 * DAY)) == 1
    story = journal.story(STORE, ORDER)
    assert story is not None
    assert story.order.pruned_at == later(50 * DAY)


@pytest.mark.parametrize(
    "state", [S.PENDING, S.WAITING, S.HELD, S.DEAD, S.UNCERTAIN]
)
def test_never_takes_what_is_open(
    journal: Journal, state: DeliveryState
) -> None:
    """What may move, or waits for a person, keeps its order whole."""
    settled(journal)
    reason = Reason(code="asked", text="Call María")
    keep(
        journal,
        new_delivery("open", state=state, reason=reason),
        state=NOTHING_TOLD,
    )

    for days in range(40, 400, 90):
        prune(journal, later(days * DAY))

    story = journal.story(STORE, ORDER)
    assert story is not None
    assert not any(event.pruned_at for event in story.events)
    assert story.deliveries[-1].reason_text == "Call María"


def test_takes_nothing_while_an_event_waits(journal: Journal) -> None:
    """An event without a plan may be of any order."""
    settled(journal)
    (kept,) = journal.append([new_event("late")])

    assert prune(journal) is None

    journal.set_aside([EventVerdict(id=kept.id, state=EventState.IGNORED)])
    assert prune(journal) == 2


def test_set_aside_events_go_by_age(journal: Journal) -> None:
    """What is of no order is pruned when it is old, and not before."""
    kept = journal.append(
        [new_event("old"), new_event("new", received_at=later(20 * DAY))]
    )
    journal.set_aside(
        [EventVerdict(id=one.id, state=EventState.UNUSABLE) for one in kept]
    )

    assert prune(journal) == 1

    new, old = journal.events(ALL, before=None, limit=2)
    assert (old.pruned_at, new.pruned_at) == (LATER, None)


def test_goes_on_where_it_ended(journal: Journal) -> None:
    """Each step takes no more than it may, the oldest first."""
    for nth in "123":
        settled(journal, nth)

    assert [prune(journal, limit=2) for _ in range(3)] == [2, 1, 0]


def test_an_order_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    """What was looked at is only taken while it is as it was."""

    class Overtaken(SQLiteJournal):
        def zeroing(self):  # type: ignore[no-untyped-def]
            rest(SQLiteJournal(tmp_path / "bridge.db"))
            return super().zeroing()

    journal = Overtaken(tmp_path / "bridge.db")
    journal.migrate()
    settled(journal)

    assert prune(journal) == 1

    order = journal.dossier(STORE, ORDER).order
    assert order is not None
    assert order.pruned_at is None
    assert not journal.events(ALL, before=None, limit=1)[0].pruned_at


def test_redelivering_says_so(journal: Journal) -> None:
    """What it said is gone: that is told, and nothing happens."""
    before = settled(journal)
    prune(journal)

    with pytest.raises(Pruned, match="shop once more"):
        journal.redeliver(
            before.id, actor="ana", reason="so", force=True, now=LATER
        )
    with pytest.raises(Pruned):
        journal.foresee_redelivery(before.id, force=True)


def test_late_news_of_it_are_pruned_in_their_turn(journal: Journal) -> None:
    """A pruned order that is told of again is whole, and pruned again."""
    settled(journal)
    prune(journal)
    (kept,) = journal.append([new_event("more")])
    keep(
        journal, new_delivery("more", repeatable=True), now=LATER,
        events=[planned(kept.id)], state=NOTHING_TOLD,
    )  # fmt: skip
    send(journal, S.SUCCEEDED, now=LATER)
    keep(journal, state=NOTHING_TOLD, now=LATER)
    (event, _old) = journal.events(ALL, before=None, limit=2)
    assert event.pruned_at is None

    assert prune(journal, later(39 * DAY, LATER)) == 1
    (event, _old) = journal.events(ALL, before=None, limit=2)
    assert event.pruned_at is not None
    assert journal.replay() == []


# ------------------------------------------------------- in the file itself


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM history",
        "DELETE FROM history WHERE id = (SELECT MAX(id) FROM history)",
        "UPDATE history SET state = 'dead'",
        "DELETE FROM deliveries",
        "UPDATE deliveries SET pruned_at = NULL WHERE pruned_at > 0",
    ],
)
def test_nothing_else_may_go(
    journal: Journal, path: Path, statement: str
) -> None:
    """Of what is not pruned every line stays, of what is the last one."""
    settled(journal, "1")
    prune(journal)
    settled(journal, "2")

    with (
        closing(sqlite3.connect(str(path))) as other,
        pytest.raises(
            sqlite3.IntegrityError, match=r"append-only|forgotten|stays so"
        ),
    ):
        other.execute(statement)


def test_gives_pages_back(journal: Journal, path: Path) -> None:
    """What nothing stands on leaves the file, some pages at a time."""
    for nth in range(20):
        body = random.Random(nth).randbytes(20_000)
        (kept,) = journal.append([new_event(f"{nth}", body=body)])
        journal.set_aside([EventVerdict(id=kept.id, state=EventState.IGNORED)])
    while prune(journal):
        pass

    left = [journal.give_back(16) for _ in range(12)]

    assert left[0] > left[1] > left[-1] == 0
    assert journal.integrity() == []
    (event, *_more) = journal.events(ALL, before=None, limit=1)
    assert event.pruned_at == LATER
    with closing(sqlite3.connect(str(path))) as other:
        assert other.execute("PRAGMA freelist_count").fetchone() == (0,)


def test_tallies_are_true(journal: Journal, path: Path) -> None:
    """Numbers are those that counting gives, whatever happened."""
    settled(journal, "1")
    settled(journal, "2")
    (kept,) = journal.append([new_event("ignored")])
    journal.append(
        [new_event("came unusable", state=EventState.UNUSABLE, reason="x")]
    )
    journal.set_aside([EventVerdict(id=kept.id, state=EventState.IGNORED)])
    journal.append([new_event("stored")])
    keep(journal, new_delivery(order_id="3", repeatable=True))
    again = send(journal, S.SUCCEEDED)
    journal.redeliver(again.id, actor="ana", reason="so", force=False, now=NOW)
    keep(journal, new_delivery(order_id="4", state=S.CANCELLED))

    counts = SQLiteJournal(path).counts(NOW)

    with closing(sqlite3.connect(str(path))) as other:
        assert dict(counts.events) == dict(
            other.execute("SELECT state, COUNT(*) FROM events GROUP BY 1")
        )
        rows = other.execute(
            "SELECT target, state, COUNT(*) FROM deliveries GROUP BY 1, 2"
        )
        assert {key: n for key, n in counts.deliveries.items() if n} == {
            (target, state): n for target, state, n in rows
        }


def test_the_same_request_stands_once(journal: Journal, path: Path) -> None:
    """An attempt says what its delivery says, until that says another."""
    keep(journal, new_delivery(repeatable=True))
    held = claim_one(journal)
    send(journal, S.SETTLING, claimed=held, due_at=NOW)
    with closing(sqlite3.connect(str(path))) as other:
        assert other.execute("SELECT request FROM attempts").fetchall() == [
            ("=",)
        ]
    (first,) = journal.attempts(held.delivery.id)

    other = {"method": "PUT", "path": "/other"}
    send(journal, S.PENDING, due_at=NOW, outcome="notsent", number=None,
         request=other)  # fmt: skip

    requests = [one.request for one in journal.attempts(held.delivery.id)]
    assert requests[0] == first.request == {
        "method": "POST", "path": "/orders", "body": {"n": 1},
    }  # fmt: skip
    assert requests[-1] == other


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"x" * 10_000, MARK, MARK + b"no zlib", MARK * 1_000],
)
def test_bodies_are_byte_for_byte(journal: Journal, body: bytes) -> None:
    """Packed or not, what is read is what came."""
    (kept,) = journal.append([new_event("a", body=body)])
    (stored,) = journal.unplanned(9)
    journal.set_aside([EventVerdict(id=kept.id, state=EventState.IGNORED)])
    judged = journal.event(kept.id)
    assert journal.pack(9) == 1
    packed = journal.event(kept.id)

    assert judged is not None
    assert packed is not None
    assert stored.body == judged.body == packed.body == body


def test_long_bodies_are_packed(journal: Journal, path: Path) -> None:
    """A packed body takes a fraction of its size, and stands once."""
    (kept,) = journal.append([new_event("a", body=b"words " * 2_000)])
    journal.set_aside([EventVerdict(id=kept.id, state=EventState.IGNORED)])
    journal.pack(9)

    with closing(sqlite3.connect(str(path))) as other:
        bodies = other.execute("SELECT LENGTH(body) FROM bodies").fetchall()
        (left,) = other.execute("SELECT COUNT(*) FROM arrivals").fetchone()
    assert [size < 200 for (size,) in bodies] == [True]
    assert left == 0


def test_packs_a_few_at_a_time_and_each_once(journal: Journal) -> None:
    """The oldest first; what is packed is not looked at again."""
    kept = journal.append([new_event(str(n)) for n in range(3)])
    judged = [EventVerdict(id=k.id, state=EventState.IGNORED) for k in kept]
    journal.set_aside(judged)

    assert [journal.pack(2) for _ in range(3)] == [2, 1, 0]


def test_packs_nothing_while_events_wait(journal: Journal) -> None:
    """Planning comes first."""
    first, _second = journal.append([new_event("a"), new_event("b")])
    journal.set_aside([EventVerdict(id=first.id, state=EventState.IGNORED)])

    assert journal.pack(9) is None
    assert journal.pack(9, patient=False) == 1


def test_packs_nothing_while_calls_are_under_way(journal: Journal) -> None:
    """The orders of this moment come before the size of those before."""
    (kept,) = journal.append([new_event("a")])
    journal.set_aside([EventVerdict(id=kept.id, state=EventState.IGNORED)])
    keep(journal, new_delivery())
    claim_one(journal)

    assert journal.pack(9) is None
    assert journal.pack(9, patient=False) == 1


def test_packs_nothing_that_was_pruned_meanwhile(path: Path) -> None:
    """A worker that read a body before it was pruned does not bring it back."""
    other = SQLiteJournal(path)
    other.migrate()

    class Slow(SQLiteJournal):
        @override
        def zeroing(self) -> AbstractContextManager[Session]:
            assert other.prune(NOW, before=later(DAY), limit=9) == 1
            return super().zeroing()

    (kept,) = other.append([new_event("a", body=b"words " * 2_000)])
    other.set_aside([EventVerdict(id=kept.id, state=EventState.IGNORED)])

    assert Slow(path).pack(9) == 1

    found = other.event(kept.id)
    assert found is not None
    assert found.body == b""
    assert other.pack(9) == 0
