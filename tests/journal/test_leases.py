"""Workers that die or freeze, and what they bring when they come back."""

import pytest

from bridge.errors import LeaseLost
from bridge.journal.protocol import SETTLE, Journal
from bridge.lifecycle import POISON_CLAIMS, Gate
from bridge.model import DeliveryState, Millis
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    TARGET,
    keep,
    later,
    link,
    new_delivery,
)
from tests.journal.steps import (
    LEASE,
    claim,
    claim_one,
    intend,
    result,
    row,
    send,
)

S = DeliveryState


def test_live_leases_are_left_alone(journal: Journal) -> None:
    """A lease holds until its last millisecond."""
    keep(journal, new_delivery())
    claim_one(journal)

    assert journal.reap(later(LEASE - 1)) == 0
    assert journal.reap(later(LEASE)) == 1
    assert journal.reap(later(LEASE)) == 0


def test_claimed_goes_back(journal: Journal) -> None:
    """Nothing was sent, so it is due again at once."""
    keep(journal, new_delivery())
    held = claim_one(journal)

    journal.reap(later(LEASE))

    after = row(journal, held.delivery)
    assert (after.state, after.due_at) == (S.PENDING, later(LEASE))
    assert (after.claims, after.attempts) == (1, 0)
    assert after.fence == held.delivery.fence + 1
    assert after.owner is None
    assert after.reason == "worker_lost"


def test_poison_dies(journal: Journal) -> None:
    """What takes its worker down time after time is taken out."""
    keep(journal, new_delivery())
    now = NOW
    for _nth in range(POISON_CLAIMS):
        claim_one(journal, now)
        now = later(LEASE, now)
        journal.reap(now)

    (after,) = journal.dossier(STORE, ORDER).deliveries
    assert (after.state, after.reason) == (S.DEAD, "poison")
    assert journal.orders_due(now, 9) == [(STORE, ORDER)]


def test_a_result_ends_the_row_of_lost_claims(journal: Journal) -> None:
    """Only leases lost in a row count."""
    keep(journal, new_delivery())
    claim_one(journal)
    journal.reap(later(LEASE))
    held = claim_one(journal, later(LEASE))
    journal.record(held, result(S.PENDING, due_at=NOW), NOW)

    assert row(journal, held.delivery).claims == 0


@pytest.mark.parametrize(
    ("repeatable", "state", "due"),
    [
        (True, S.SETTLING, later(LEASE + SETTLE)),
        (False, S.UNCERTAIN, None),
    ],
)
def test_sent_is_of_unknown_fate(
    *,
    journal: Journal,
    repeatable: bool,
    state: S,
    due: int | None,
) -> None:
    """What was being sent settles if it may be repeated, else is shown."""
    keep(journal, new_delivery(repeatable=repeatable))
    held = claim_one(journal)
    intend(journal, held)

    journal.reap(later(LEASE))

    after = row(journal, held.delivery)
    assert (after.state, after.due_at) == (state, due)
    assert after.reason == "worker_lost"
    (attempt,) = journal.attempts(after.id)
    assert (attempt.outcome, attempt.reason) == ("maybe", "worker_lost")
    assert attempt.ended_at == later(LEASE)


def test_settles_as_long_as_told(journal: Journal) -> None:
    """The caller says how long a request may still be under way."""
    keep(journal, new_delivery(repeatable=True))
    held = claim_one(journal)
    intend(journal, held)

    journal.reap(later(LEASE), settle=Millis(5))

    assert row(journal, held.delivery).due_at == later(LEASE + 5)


def test_takes_over_from_one_owner(journal: Journal) -> None:
    """A dead worker's leases end at once, another's go on."""
    keep(journal, new_delivery(order_id="1"))
    keep(journal, new_delivery(order_id="2"))
    (dead,) = claim(journal, owner="dead", room=1)
    (alive,) = claim(journal, owner="alive", room=1)

    assert journal.take_over("dead", later(1)) == 1

    assert row(journal, dead.delivery).state is S.PENDING
    assert row(journal, alive.delivery) == alive.delivery


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("state", [S.SUCCEEDED, S.DEAD])
def test_late_evidence_settles(
    *,
    journal: Journal,
    repeatable: bool,
    state: S,
) -> None:
    """A definite late result of the last attempt is believed."""
    keep(journal, new_delivery(repeatable=repeatable))
    held = claim_one(journal)
    number = intend(journal, held)
    journal.reap(later(LEASE))

    journal.record(
        held,
        result(state, number=number, outcome="x", links=[link()]),
        later(LEASE + 1),
    )

    after = row(journal, held.delivery)
    assert (after.state, after.due_at) == (state, None)
    assert journal.dossier(STORE, ORDER).links == {
        TARGET: {"rayo_order": "9095"}
    }
    (attempt,) = journal.attempts(after.id)
    assert (attempt.outcome, attempt.reason) == ("x", "late")


def test_late_doubt_settles_nothing(journal: Journal) -> None:
    """A late result that is not definite changes nothing."""
    keep(journal, new_delivery())
    held = claim_one(journal)
    number = intend(journal, held)
    journal.reap(later(LEASE))
    before = row(journal, held.delivery)

    with pytest.raises(LeaseLost):
        journal.record(
            held,
            result(S.UNCERTAIN, number=number, outcome="maybe"),
            later(LEASE + 1),
        )

    assert row(journal, before) == before


def test_late_evidence_of_an_old_attempt_is_only_kept(
    journal: Journal,
) -> None:
    """What an earlier attempt brings does not settle a later one."""
    keep(journal, new_delivery(repeatable=True))
    late = claim_one(journal)
    number = intend(journal, late)
    journal.reap(later(LEASE), settle=Millis(0))
    fresh = claim_one(journal, later(LEASE))
    before = send(
        journal, S.SETTLING, claimed=fresh, due_at=later(LEASE), links=[link()]
    )

    with pytest.raises(LeaseLost):
        journal.record(
            late,
            result(
                S.SUCCEEDED,
                number=number,
                outcome="applied",
                links=[link(value="old"), link("other")],
                gate=Gate(closed_until=later(99)),
            ),
            later(LEASE),
        )

    assert row(journal, before) == before
    assert journal.dossier(STORE, ORDER).links == {
        TARGET: {"rayo_order": "9095", "other": "9095"}
    }
    first, _second = journal.attempts(before.id)
    assert (first.outcome, first.reason) == ("applied", "late")
    (target,) = journal.targets()
    assert target.closed_until == later(99)


def test_late_success_makes_the_applied_unknown(journal: Journal) -> None:
    """A zombie's success may have undone what was applied after it."""
    keep(journal, new_delivery(repeatable=True))
    late = claim_one(journal)
    number = intend(journal, late)
    journal.reap(later(LEASE), settle=Millis(0))
    send(journal, S.SUCCEEDED, now=later(LEASE), request_hash="new")

    with pytest.raises(LeaseLost):
        journal.record(
            late,
            result(S.SUCCEEDED, number=number, outcome="applied"),
            later(LEASE),
        )

    keep(journal, new_delivery(repeatable=True, generation=2))
    assert claim_one(journal, later(LEASE)).applied_hash is None
