"""One clock for all: set by hand, over a reboot, and never by itself."""

from collections.abc import Mapping

import pytest

from bridge.journal.clock import LONGEST_HOLD, LONGEST_WAIT
from bridge.journal.protocol import Journal, Lane
from bridge.lifecycle import Gate
from bridge.model import (
    HOUR,
    Delivery,
    DeliveryState,
    Instant,
    Millis,
)
from tests.factories import NOW, STORE, TARGET, keep, later, new_delivery
from tests.journal.steps import LEASE, claim, in_doubt, result, row

S = DeliveryState

OFFSET = Millis(1_000)
LIMITED = Lane(target="yuju-mx", room=1, slots=1, slot_hold=Millis(30_000))


def agree(
    journal: Journal,
    offset: int,
    *,
    boot: str = "first",
    move: bool = False,
    now: Instant = NOW,
) -> int:
    """Agree on a clock."""
    return journal.steady_clock(boot, Millis(offset), move=move, now=now)


def fill(journal: Journal) -> Mapping[str, Delivery]:
    """Have one of each that waits for a time; return them by their rules."""
    in_doubt(journal, new_delivery("doubt", order_id="doubt"), now=later(77))
    far = later(60_000)
    for rule, state in (
        ("waiting", S.WAITING),
        ("pending", S.PENDING),
        ("settling", S.SETTLING),
        ("held", S.HELD),
    ):
        keep(
            journal,
            new_delivery(
                rule, order_id=rule, state=state, due_at=far, wait_until=far
            ),
        )
    keep(journal, new_delivery("claimed", order_id="claimed"))
    claim(journal)
    return deliveries(journal)


def deliveries(journal: Journal) -> Mapping[str, Delivery]:
    """Return all of them by their rules."""
    orders = ("doubt", "waiting", "pending", "settling", "held", "claimed")
    found = (journal.dossier(STORE, order).deliveries for order in orders)
    return {one.rule: one for (one,) in found}


def test_the_first_of_a_boot_is_taken(journal: Journal) -> None:
    """What the wall clock says later, and others say, changes nothing."""
    assert agree(journal, OFFSET) == OFFSET
    assert agree(journal, OFFSET + 9_999) == OFFSET
    assert agree(journal, -5) == OFFSET


def test_a_person_sets_it(journal: Journal) -> None:
    """From then on it holds for everybody."""
    agree(journal, OFFSET)

    assert agree(journal, OFFSET + 500, move=True) == OFFSET + 500
    assert agree(journal, OFFSET) == OFFSET + 500


@pytest.mark.parametrize("by", [-7_200_000, 3_600_000])
def test_what_is_to_come_moves_with_it(journal: Journal, by: int) -> None:
    """Each wait is as long as it was, and the history stays true."""
    agree(journal, OFFSET)
    before = fill(journal)

    agree(journal, OFFSET + by, move=True, now=later(by))

    after = deliveries(journal)
    for rule, one in before.items():
        if rule == "held":
            assert after[rule] == one
            continue
        for name in ("due_at", "lease_until", "wait_until", "live_since"):
            at = getattr(one, name)
            moved = None if at is None else at + by
            assert getattr(after[rule], name) == moved, (rule, name)
        assert after[rule].version == one.version
    assert journal.replay() == []


def test_plans_gates_and_slots_move_with_it(journal: Journal) -> None:
    """Neither an order nor a target waits longer or shorter."""
    agree(journal, OFFSET)
    keep(journal, order_id="plan", plan_due=later(60_000))
    keep(journal, new_delivery(target="yuju-mx"))
    claim(journal, LIMITED)
    keep(journal, new_delivery())
    (held,) = claim(journal)
    gate = Gate(closed_until=later(50_000))
    journal.record(held, result(S.PENDING, gate=gate, due_at=NOW), NOW)
    by = 3_600_000

    agree(journal, OFFSET + by, move=True, now=later(by))

    assert not journal.orders_due(later(by + 59_999), 9)
    assert journal.orders_due(later(by + 60_000), 9)
    (target,) = [t for t in journal.targets() if t.name == TARGET]
    assert target.closed_until == later(by + 50_000)
    keep(journal, new_delivery(order_id="2", target="yuju-mx"))
    assert not claim(journal, LIMITED, now=later(by + 29_999))
    assert claim(journal, LIMITED, now=later(by + 30_000))


def test_the_same_clock_moves_nothing(journal: Journal) -> None:
    """To set it to what it is does nothing."""
    agree(journal, OFFSET)
    before = fill(journal)

    assert agree(journal, OFFSET, move=True) == OFFSET

    assert deliveries(journal) == before


def test_a_reboot_moves_nothing(journal: Journal) -> None:
    """With the clock as it was, all stays as it was."""
    agree(journal, OFFSET)
    before = fill(journal)

    assert agree(journal, 99, boot="second", now=later(5_000)) == 99
    assert agree(journal, 98, boot="second", now=later(5_000)) == 99

    assert deliveries(journal) == before


def test_nothing_waits_for_a_clock_that_was_wrong(journal: Journal) -> None:
    """After a reboot into the past nothing lies further ahead than it may."""
    agree(journal, OFFSET)
    before = fill(journal)
    keep(journal, order_id="plan", plan_due=later(60_000))
    keep(journal, new_delivery(target="yuju-mx"))
    claim(journal, LIMITED)
    past = later(-1_000 * HOUR)

    agree(journal, 99, boot="second", now=past)

    furthest, held = later(LONGEST_WAIT, past), later(LONGEST_HOLD, past)
    after = deliveries(journal)
    assert {after[rule].due_at for rule in ("doubt", "pending")} == {furthest}
    assert after["waiting"].wait_until == furthest
    assert after["claimed"].lease_until == held
    assert after["pending"].live_since == furthest
    assert after["held"] == before["held"]
    assert journal.orders_due(furthest, 9) == [(STORE, "plan")]
    assert journal.replay() == []


def test_a_lease_of_the_last_boot_ends(journal: Journal) -> None:
    """Its owner is gone, and the next of the same name takes it over."""
    agree(journal, OFFSET)
    claimed = fill(journal)["claimed"]
    assert claimed.owner is not None

    agree(journal, 99, boot="second", now=NOW)

    assert row(journal, claimed).lease_until == later(LEASE)
    assert journal.take_over(claimed.owner, NOW) == 1
