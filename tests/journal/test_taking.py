"""Events: kept once, byte for byte."""

from concurrent.futures import ThreadPoolExecutor

from bridge.journal.protocol import EventFilter, Journal
from bridge.model import EventState
from tests.factories import new_event

EVERYTHING = EventFilter()


def test_keeps_every_byte(journal: Journal) -> None:
    """An event is read as it came in, whatever its bytes and headers."""
    body = bytes(range(256)) + b"\x00\xff"
    given = new_event(
        body=body, headers={"X-Ñ": "é\x7f", "x": "1"}, reason="odd",
        state=EventState.UNUSABLE,
    )  # fmt: skip

    (kept,) = journal.append([given])

    found = journal.event(kept.id)
    assert found is not None
    assert found.body == body
    assert found.headers == given.headers
    assert (found.state, found.reason) == (EventState.UNUSABLE, "odd")
    assert found.order_id is None


def test_knows_a_repetition(journal: Journal) -> None:
    """The second event of a key gets the first one's id, in one batch too."""
    first, again = journal.append([new_event("a"), new_event("a")])
    (third,) = journal.append([new_event("a", body=b"other")])

    assert not first.repeated
    assert again.repeated
    assert third.repeated
    assert {first.id, again.id, third.id} == {first.id}
    assert len(journal.events(EVERYTHING, before=None, limit=9)) == 1


def test_two_threads_keep_one(journal: Journal) -> None:
    """Two threads that bring the same event fifty times keep one row."""

    def bring(_nth: int) -> bool:
        (kept,) = journal.append([new_event("same")])
        return kept.repeated

    with ThreadPoolExecutor(2) as threads:
        repeated = list(threads.map(bring, range(100)))

    assert repeated.count(False) == 1
    assert len(journal.events(EVERYTHING, before=None, limit=9)) == 1


def test_ids_grow(journal: Journal) -> None:
    """Later events have higher ids, also across batches."""
    kept = [
        *journal.append([new_event("a"), new_event("b")]),
        *journal.append([new_event("c")]),
    ]

    ids = [one.id for one in kept]
    assert ids == sorted(set(ids))


def test_is_waiting_to_be_planned(journal: Journal) -> None:
    """Only stored events are unplanned, oldest first."""
    journal.append(
        [
            new_event("a"),
            new_event("b", state=EventState.IGNORED),
            new_event("c"),
        ]
    )

    assert [e.dedupe_key for e in journal.unplanned(9)] == ["a", "c"]
    assert [e.dedupe_key for e in journal.unplanned(1)] == ["a"]


def test_keeps_many_at_once(journal: Journal) -> None:
    """
    Of those that come together each is kept once, with its own body: not
    what was there before, nor the second of two that are the same.
    """
    (before,) = journal.append([new_event("b", body=b"before")])

    kept = journal.append(
        [
            new_event("a", body=b"first"),
            new_event("b", body=b"again"),
            new_event("a", body=b"twice"),
            new_event("c", body=b"third"),
        ]
    )

    assert [one.repeated for one in kept] == [False, True, True, False]
    assert kept[1].id == before.id
    assert kept[2].id == kept[0].id
    stored = {event.dedupe_key: event.body for event in journal.unplanned(9)}
    assert stored == dict(
        zip(
            (new_event(name).dedupe_key for name in "bac"),
            (b"before", b"first", b"third"),
            strict=True,
        )
    )


def test_nothing_is_kept_of_nothing(journal: Journal) -> None:
    """An empty batch is no fault."""
    assert journal.append([]) == []
