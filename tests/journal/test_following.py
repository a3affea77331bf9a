"""What happened is counted afterwards, once, by the minute."""

import pytest

from bridge.journal.protocol import Journal
from bridge.journal.seeing import Minute
from bridge.minutes import NO_WAITS, step_of, together
from bridge.model import DAY, MINUTE, SECOND, DeliveryState, Instant, Millis
from bridge.sources.corrections import TOPIC as CORRECTED
from tests.factories import (
    NOW,
    STORE,
    TARGET,
    keep,
    later,
    new_delivery,
    new_event,
    planned,
)
from tests.journal.steps import claim, send

S = DeliveryState
BEGUN = Instant(NOW - NOW % MINUTE)
SOON = later(MINUTE)


def counted(journal: Journal, now: Instant = SOON) -> list[Minute]:
    """Count all there is, in small steps, and return the minutes."""
    while journal.tally(now, 2):
        pass
    return list(journal.minutes(later(-DAY), later(DAY)))


def delivered(journal: Journal, key: str = "a") -> None:
    """Bring an order and deliver it five seconds later."""
    (event,) = journal.append([new_event(key)])
    keep(
        journal,
        new_delivery(order_id=key),
        events=[planned(event.id)],
        now=later(SECOND),
        body_event=event.id,
    )
    send(journal, S.SUCCEEDED, now=later(5 * SECOND))


def test_counts_what_came_and_what_went(journal: Journal) -> None:
    """Webhooks by store, deliveries by both, with how long they took."""
    delivered(journal)

    by_store, by_both = [
        one for one in counted(journal) if one.waiting is None
    ]

    assert by_store == Minute(at=BEGUN, store=STORE, accepted=1)
    assert (by_both.at, by_both.store, by_both.target) == (
        BEGUN, STORE, TARGET,
    )  # fmt: skip
    assert (by_both.delivered, by_both.failed) == (1, 0)
    waits = list(NO_WAITS)
    waits[step_of(Millis(5 * SECOND))] = 1
    assert by_both.waits == tuple(waits)


def test_counts_nothing_twice(journal: Journal) -> None:
    """However often it is looked, and in whatever steps."""
    delivered(journal, "a")
    before = counted(journal)
    assert counted(journal) == before
    delivered(journal, "b")

    found = [one for one in counted(journal) if one.waiting is None]

    assert [(one.accepted, one.delivered) for one in found] == [(2, 0), (0, 2)]
    assert sum(found[1].waits) == 2


def test_counts_what_came_to_wait_for_a_person_once(journal: Journal) -> None:
    """From one such state to another it has not failed again."""
    keep(journal, new_delivery())
    send(journal, S.UNCERTAIN)
    (one,) = [one for one in counted(journal) if one.failed]
    assert one.failed == 1

    journal.resolve(
        journal.attention_groups()[0].oldest,
        decision="cancel",
        links={},
        actor="ana",
        reason="x",
        if_version=None,
        now=SOON,
    )

    assert sum(one.failed for one in counted(journal)) == 1


def test_counts_what_is_open_once_a_minute(journal: Journal) -> None:
    """By target, at the minute's end, whatever store it is of."""
    keep(
        journal,
        new_delivery("a"),
        new_delivery("b", lane="b"),
        new_delivery("c", lane="c", state=S.HELD),
    )

    found = [one for one in counted(journal) if one.waiting is not None]

    assert found == [Minute(at=BEGUN, target=TARGET, waiting=2, attention=1)]


def test_waits_a_little_for_what_planning_says(journal: Journal) -> None:
    """An event that nobody planned yet is counted ten seconds later."""
    journal.append([new_event(received_at=NOW)])

    assert journal.tally(later(9 * SECOND), 9) == 0
    assert journal.tally(later(11 * SECOND), 9) == 1


def test_hears_each_store(journal: Journal) -> None:
    """The newest webhook counts; what a person corrected is none."""
    journal.append(
        [
            new_event("a", received_at=later(3)),
            new_event("b", received_at=later(2)),
            new_event("c", received_at=later(9), topic=CORRECTED),
            new_event("d", received_at=later(1), store="other"),
        ]
    )
    counted(journal)

    assert journal.last_heard() == {STORE: later(3), "other": later(1)}


def test_forgets_minutes_after_five_weeks(journal: Journal) -> None:
    """They need no more room than that."""
    delivered(journal)
    assert counted(journal)

    assert counted(journal, later(36 * DAY)) == []


def test_shows_minutes_from_that_of_since(journal: Journal) -> None:
    """The minute of *since* is shown whole; that of *until* is not begun."""
    delivered(journal)
    counted(journal)

    assert len(journal.minutes(NOW, later(MINUTE))) == 3 - 1
    assert journal.minutes(Instant(BEGUN - MINUTE), BEGUN) == []
    assert journal.minutes(Instant(BEGUN + MINUTE), later(DAY)) == []


def test_says_what_waits_longest(journal: Journal) -> None:
    """By target, among those that go on by themselves."""
    keep(journal, new_delivery("held", lane="h", state=S.HELD))
    keep(journal, new_delivery("a", lane="a"), now=later(1))
    keep(journal, new_delivery("b", lane="b"), now=later(2))
    claim(journal, room=1)

    (found,) = journal.oldest_waiting().items()

    assert (found[0], found[1].rule) == (TARGET, "a")


@pytest.mark.parametrize("limit", [1, 100])
def test_follows_what_is_there_from_the_first(
    journal: Journal, limit: int
) -> None:
    """In steps of any size all is counted."""
    for key in "abc":
        delivered(journal, key)
    while journal.tally(SOON, limit):
        pass

    found = journal.minutes(later(-DAY), later(DAY))

    assert sum(one.accepted for one in found) == 3
    assert sum(one.delivered for one in found) == 3


def test_tells_a_day_span_by_span(journal: Journal) -> None:
    """
    A span has what its minutes have, of all stores and targets together.

    What waited is told as it was in the span's last minute.
    """
    span = Millis(10 * MINUTE)
    delivered(journal, "a")
    delivered(journal, "b")
    keep(journal, new_delivery(order_id="c"))
    minutes = counted(journal)
    counted(journal, later(2 * MINUTE))
    keep(journal, new_delivery(order_id="d"))
    keep(journal, new_delivery(order_id="e"))
    counted(journal, later(3 * MINUTE))

    first, *others = journal.stretches(BEGUN, later(DAY), span=span)

    assert first.at == BEGUN - BEGUN % span
    assert sum(one.accepted for one in [first, *others]) == 2
    assert (first.accepted, first.delivered, first.failed) == (2, 2, 0)
    assert [first, *others][-1].waiting == 3
    waits = [one.waits for one in minutes if any(one.waits)]
    assert first.waits == together(waits)
    assert journal.stretches(later(DAY), later(2 * DAY), span=span) == []


def test_counts_the_webhooks_of_one_store(journal: Journal) -> None:
    """What others were told, or what came later, is not counted."""
    journal.append(
        [
            new_event("a", received_at=NOW),
            new_event("b", received_at=later(MINUTE)),
            new_event("c", received_at=NOW, store="other"),
        ]
    )
    counted(journal, later(5 * MINUTE))

    assert journal.accepted(STORE, NOW, later(5 * MINUTE)) == 2
    assert journal.accepted(STORE, NOW, Instant(BEGUN + MINUTE)) == 1
    assert journal.accepted("nobody", NOW, later(5 * MINUTE)) == 0
