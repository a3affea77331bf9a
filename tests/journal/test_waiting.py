"""What stands between a delivery and its call, as the journal tells it."""

from collections.abc import Sequence

from bridge.estimate import Before, Wait
from bridge.journal.protocol import Journal
from bridge.lifecycle import Gate
from bridge.model import Delivery, DeliveryState, Millis, Urgency
from tests.factories import NOW, TARGET, keep, later, new_delivery
from tests.journal.steps import claim, claim_one, intend, result, send

S = DeliveryState


def fill(journal: Journal, store: str, count: int) -> Sequence[Delivery]:
    """Let a store have so many orders due, a millisecond apart."""
    return [
        keep(
            journal,
            new_delivery(
                store=store, order_id=f"{store}-{nth}", due_at=later(nth - 99)
            ),
        )[0]
        for nth in range(count)
    ]


def wait(journal: Journal, delivery: Delivery) -> Wait:
    """Return what one delivery waits for."""
    return journal.waits([delivery], NOW)[delivery.id]


def ahead(journal: Journal, deliveries: Sequence[Delivery]) -> list[int]:
    """Return how many go before each."""
    found = journal.waits(deliveries, NOW)
    return [found[one.id].ahead for one in deliveries]


def test_alone(journal: Journal) -> None:
    """Nothing stands before the only one, and nothing is known of answers."""
    (only,) = fill(journal, "a", 1)

    assert wait(journal, only) == Wait(before=[])


def test_line_of_a_store(journal: Journal) -> None:
    """Those that were due before it go first, however it is asked."""
    line = fill(journal, "a", 5)

    assert ahead(journal, line) == [0, 1, 2, 3, 4]
    assert ahead(journal, line[::-1]) == [4, 3, 2, 1, 0]
    assert wait(journal, line[3]).ahead == 3


def test_more_urgent_goes_first(journal: Journal) -> None:
    """A cancel goes before what was due before it; what is later, too."""
    line = fill(journal, "a", 3)
    (cancel,) = keep(
        journal, new_delivery(order_id="9", urgency=Urgency.CANCEL, store="a")
    )
    keep(
        journal,
        new_delivery(
            order_id="10",
            urgency=Urgency.CANCEL,
            store="a",
            due_at=later(99),
        ),
    )

    assert ahead(journal, [*line, cancel]) == [1, 2, 3, 0]


def test_stores_take_turns(journal: Journal) -> None:
    """Of other stores as many go first as have their turn by then."""
    big = fill(journal, "a", 9)
    small = fill(journal, "b", 2)
    keep(journal, new_delivery(store="c", target="yuju-mx"))

    assert ahead(journal, [big[0], big[1], big[8]]) == [1, 3, 10]
    assert ahead(journal, small) == [1, 3]


def test_order_is_the_claims_own(journal: Journal) -> None:
    """What is said to go first is what a worker takes first."""
    line = [*fill(journal, "a", 3), *fill(journal, "b", 1)]
    found = journal.waits(line, NOW)
    claimed = [one.delivery.id for one in claim(journal, room=4)]
    last = max(line, key=lambda one: found[one.id].ahead)

    assert claimed[-1] == last.id


def test_calls_of_its_order(journal: Journal) -> None:
    """Those before it in its lane that block are told, first to last."""
    first, second, third = keep(
        journal,
        new_delivery(state=S.HELD, due_at=None),
        new_delivery("two", position=2),
        new_delivery("three", position=3),
    )

    assert wait(journal, third).before == [
        Before(id=first.id, state=S.HELD, due_at=None),
        Before(id=second.id, state=S.PENDING, due_at=NOW),
    ]


def test_dead_one_may_be_passed(journal: Journal) -> None:
    """With `on_dead: skip` a dead one holds nobody up."""
    _dead, second = keep(
        journal,
        new_delivery(state=S.DEAD, due_at=None, skips_dead=True),
        new_delivery("two", position=2),
    )

    assert wait(journal, second).before == []


def test_gate(journal: Journal) -> None:
    """A pause has its reason, a closed gate its time."""
    journal.pin_target(TARGET, "there")
    (only,) = keep(journal, new_delivery())
    shut = Gate(closed_until=later(5_000), pause="operator")
    journal.set_gate(TARGET, shut, actor="ana", reason="so", now=NOW)
    told = wait(journal, only)

    assert (told.paused, told.shut_until) == ("operator", later(5_000))


def test_usual_answer(journal: Journal) -> None:
    """The newest calls tell how long a target needs; one odd one does not."""
    for nth, ms in enumerate((80, 90, 20_000)):
        keep(journal, new_delivery(order_id=str(nth)))
        held = claim_one(journal)
        number = intend(journal, held)
        done = result(S.SUCCEEDED, number=number, outcome="applied")
        journal.record(held, done, later(ms))
    (last,) = keep(journal, new_delivery(order_id="last"))

    assert wait(journal, last).answer == Millis(90)


def test_those_that_wait_for_nothing_are_left_out(journal: Journal) -> None:
    """What is done, held or under way has no turn."""
    keep(journal, new_delivery())
    done = send(journal, S.SUCCEEDED)
    (held,) = keep(
        journal, new_delivery(order_id="2", state=S.HELD, due_at=None)
    )

    assert journal.waits([done, held], NOW) == {}
