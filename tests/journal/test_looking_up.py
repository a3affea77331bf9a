"""Deliveries in doubt: handed out to be asked about, and what was told."""

from typing import Any

import pytest

from bridge.errors import ForceNeeded, LeaseLost
from bridge.journal.protocol import Journal, Lane
from bridge.model import (
    Delivery,
    DeliveryState,
    Finding,
    Millis,
    Reason,
)
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
    in_doubt,
    intend,
    look_up,
    result,
    revision,
    row,
    rules,
    send,
)

S = DeliveryState
F = Finding


def decide(journal: Journal, delivery: Delivery, decision: str) -> Delivery:
    """Decide as ana."""
    return journal.resolve(
        delivery.id,
        decision=decision,
        links={},
        actor="ana",
        reason="so",
        if_version=None,
        now=NOW,
    )


# ----------------------------------------------------------------- dossier


def test_planning_is_told_of_doubt(journal: Journal) -> None:
    """A call of which nobody knows is in doubt until a look-up tells."""
    keep(journal, new_delivery(repeatable=True))
    told = [_is_doubtful(journal)]
    send(journal, S.SETTLING, outcome="maybe", due_at=NOW)
    told.append(_is_doubtful(journal))
    held = claim_one(journal)
    told.append(_is_doubtful(journal))
    journal.record(
        held,
        result(
            S.PENDING,
            finding=F.ABSENT,
            outcome="absent",
            operation="get_order",
            due_at=NOW,
        ),
        NOW,
    )
    told.append(_is_doubtful(journal))

    assert told == [False, True, True, False]


def _is_doubtful(journal: Journal) -> bool:
    (delivery,) = journal.dossier(STORE, ORDER).deliveries
    return delivery.in_doubt


# ----------------------------------------------------------------- claim


def test_is_handed_out_when_due(journal: Journal) -> None:
    """It stays uncertain, without a lease, and has its links and order."""
    before = in_doubt(journal, now=later(5))

    assert not claim(journal, now=later(4))
    held = claim_one(journal, later(5))

    after = row(journal, before)
    assert held.delivery == after
    assert (after.state, after.version) == (S.UNCERTAIN, before.version)
    assert (after.owner, after.lease_until) == (None, None)
    assert after.fence == before.fence + 1
    assert held.in_doubt
    assert held.order.order_id == ORDER


def test_falls_due_again_by_itself(journal: Journal) -> None:
    """A worker that never comes back leaves it to the next one."""
    in_doubt(journal)
    lost = claim_one(journal)

    assert lost.delivery.due_at == later(LEASE)
    assert journal.next_due(NOW) == later(LEASE)
    assert not claim(journal, now=later(LEASE - 1))
    again = claim_one(journal, later(LEASE))

    assert again.delivery.fence == lost.delivery.fence + 1


def test_without_a_due_time_it_waits_for_a_person(journal: Journal) -> None:
    """One that nobody can be asked about is never handed out."""
    keep(journal, new_delivery())
    after = send(journal, S.UNCERTAIN)

    assert after.due_at is None
    assert not claim(journal, now=later(10**12))


def test_goes_before_all_others(journal: Journal) -> None:
    """Doubt blocks a lane, and may wait for a person: it is settled first."""
    in_doubt(journal)
    keep(journal, new_delivery("new", order_id="2", due_at=later(-99)))

    assert rules(claim(journal, room=1)) == ["create"]
    assert rules(claim(journal, room=1)) == ["new"]


def test_takes_a_slot(journal: Journal) -> None:
    """Asking is a call, too, and the target counts it."""
    limited = Lane(target=TARGET, room=9, slots=1, slot_hold=Millis(1_000))
    in_doubt(journal)
    keep(journal, new_delivery(order_id="2"))

    (held,) = claim(journal, limited)

    assert held.slot == 0
    assert held.delivery.state is S.UNCERTAIN
    assert not claim(journal, limited)


def test_an_operator_may_decide_meanwhile(journal: Journal) -> None:
    """Who has looked at it before it was handed out may still decide."""
    before = in_doubt(journal)
    held = claim_one(journal)

    after = journal.resolve(
        before.id,
        decision="cancel",
        links={},
        actor="ana",
        reason="so",
        if_version=before.version,
        now=NOW,
    )
    with pytest.raises(LeaseLost):
        look_up(journal, F.FOUND, S.SUCCEEDED, claimed=held)

    assert row(journal, after) == after
    assert [a.outcome for a in journal.attempts(after.id)] == [
        "maybe",
        "found",
    ]


def test_only_the_last_that_has_it_records(journal: Journal) -> None:
    """What an older look-up brings is kept, and settles nothing."""
    in_doubt(journal)
    late = claim_one(journal)
    claim_one(journal, later(LEASE))
    before = row(journal, late.delivery)

    with pytest.raises(LeaseLost):
        look_up(journal, F.FOUND, S.SUCCEEDED, claimed=late)

    assert row(journal, before) == before
    assert journal.attempts(before.id)[-1].reason == "late"


# -------------------------------------------------------------- in doubt


def test_nothing_is_in_doubt_at_first(journal: Journal) -> None:
    """What was never sent, or was not processed, is not there."""
    keep(journal, new_delivery(repeatable=True))
    assert not claim_one(journal).in_doubt
    journal.reap(later(LEASE))
    send(journal, S.PENDING, now=later(LEASE), due_at=NOW)

    assert not claim_one(journal, later(LEASE)).in_doubt


@pytest.mark.parametrize("lost", [True, False])
def test_what_settled_is_in_doubt(*, journal: Journal, lost: bool) -> None:
    """After a lost answer, or a lost worker, the target is asked first."""
    keep(journal, new_delivery(repeatable=True))
    held = claim_one(journal)
    if lost:
        intend(journal, held)
        journal.reap(later(LEASE), settle=Millis(0))
    else:
        send(journal, S.SETTLING, claimed=held, due_at=NOW)

    assert claim_one(journal, later(LEASE)).in_doubt


def test_a_refused_connection_dispels_no_doubt(journal: Journal) -> None:
    """What was not sent says nothing of what was sent before."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SETTLING, due_at=NOW)
    journal.record(
        claim_one(journal),
        result(S.PENDING, outcome="notsent", due_at=NOW),
        NOW,
    )

    assert claim_one(journal).in_doubt


@pytest.mark.parametrize("finding", [F.ABSENT, F.UNCLEAR])
def test_once_asked_it_is_sent_again(
    journal: Journal, finding: Finding
) -> None:
    """One that may be repeated is asked about once, and then sent."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SETTLING, due_at=NOW)

    after = look_up(journal, finding, S.PENDING, due_at=NOW)

    assert (after.lookups, after.absences) == (1, finding is F.ABSENT)
    assert after.attempts == 1
    again = claim_one(journal)
    assert not again.in_doubt
    intend(journal, again)
    after = row(journal, after)
    assert (after.lookups, after.absences) == (0, 0)


def test_a_resend_is_no_longer_in_doubt(journal: Journal) -> None:
    """What a person sends again is sent, whatever was before."""
    before = in_doubt(journal)
    decide(journal, before, "resend")

    assert not claim_one(journal).in_doubt


def test_a_late_look_up_dispels_no_newer_doubt(journal: Journal) -> None:
    """What was asked before it was sent again says nothing of that."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SETTLING, due_at=NOW)
    late = claim_one(journal)
    journal.reap(later(LEASE))
    send(journal, S.SETTLING, now=later(LEASE), due_at=later(LEASE))
    with pytest.raises(LeaseLost):
        look_up(journal, F.ABSENT, S.PENDING, claimed=late)

    assert claim_one(journal, later(LEASE)).in_doubt


# ---------------------------------------------------------------- record


def test_found(journal: Journal) -> None:
    """What the target shows has succeeded, as the request that was sent."""
    in_doubt(journal)
    keep(
        journal,
        new_delivery(
            "tracking", position=2, state=S.WAITING, due_at=later(60_000)
        ),
    )

    after = look_up(
        journal,
        F.FOUND,
        S.SUCCEEDED,
        now=later(7),
        request_hash="r1",
        request={"method": "GET", "path": "/orders/9095", "body": None},
        status=200,
        answer="{}",
        links=[link(source="lookup")],
    )

    assert (after.state, after.request_hash) == (S.SUCCEEDED, "r1")
    assert after.request["method"] == "POST"
    assert (after.attempts, after.due_at) == (1, None)
    assert journal.orders_due(later(7), 9) == [(STORE, ORDER)]
    (tracking,) = claim(journal, now=later(7))
    assert tracking.links == {"rayo_order": "9095"}
    _sent, asked = journal.attempts(after.id)
    assert (asked.operation, asked.outcome) == ("get_order", "found")
    assert (asked.status, asked.answer) == (200, "{}")
    assert asked.request["method"] == "GET"


def test_found_before_it_is_sent_again(journal: Journal) -> None:
    """One that settled and is found is done without a second call."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SETTLING, due_at=NOW)

    after = look_up(journal, F.FOUND, S.SUCCEEDED, request_hash="r1")

    assert (after.state, after.request_hash) == (S.SUCCEEDED, "r1")
    keep(journal, new_delivery(repeatable=True, generation=2))
    assert claim_one(journal).applied_hash == "r1"


def test_is_asked_about_again(journal: Journal) -> None:
    """What does not tell is counted, and asked again when it is due."""
    in_doubt(journal)
    seen = revision(journal, claim_one(journal).delivery)

    after = look_up(
        journal,
        F.ABSENT,
        S.UNCERTAIN,
        claimed=claim_one(journal, later(LEASE)),
        due_at=later(50_000),
    )

    assert (after.state, after.due_at) == (S.UNCERTAIN, later(50_000))
    assert (after.lookups, after.absences) == (1, 1)
    assert (after.reason, after.attempts) == ("absent", 1)
    assert revision(journal, after) == seen + 1
    assert journal.orders_due(later(99_999), 9) == []


def test_absences_count_in_a_row(journal: Journal) -> None:
    """An answer that does not tell breaks the row."""
    in_doubt(journal)
    told: list[Any] = []
    for finding in (F.ABSENT, F.ABSENT, F.UNCLEAR, F.ABSENT):
        after = look_up(journal, finding, S.UNCERTAIN, due_at=NOW)
        told.append((after.lookups, after.absences))

    assert told == [(1, 1), (2, 2), (3, 0), (4, 1)]


def test_what_could_not_be_asked_counts_nothing(journal: Journal) -> None:
    """A look-up that failed is kept, and made again."""
    in_doubt(journal)

    journal.record(
        claim_one(journal),
        result(
            S.UNCERTAIN,
            outcome="unread",
            operation="get_order",
            due_at=later(9),
            counts=False,
            reason=Reason(code="not_looked_up"),
        ),
        NOW,
    )

    (after,) = journal.dossier(STORE, ORDER).deliveries
    assert (after.state, after.due_at) == (S.UNCERTAIN, later(9))
    assert (after.lookups, after.absences, after.attempts) == (0, 0, 1)
    assert journal.attempts(after.id)[-1].outcome == "unread"
    assert claim_one(journal, later(9)).in_doubt


def test_absence_that_is_proved_sends_it_again(journal: Journal) -> None:
    """What is certainly not there is due, as the same generation."""
    in_doubt(journal)

    after = look_up(journal, F.ABSENT, S.PENDING, due_at=NOW)

    assert (after.state, after.generation, after.forced) == (
        S.PENDING,
        1,
        False,
    )
    assert send(journal, S.SUCCEEDED).state is S.SUCCEEDED


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (None, S.SUCCEEDED),
        (F.ABSENT, S.SUCCEEDED),
        (F.UNCLEAR, S.SUCCEEDED),
        (None, S.PENDING),
        (F.FOUND, S.PENDING),
        (F.ABSENT, S.DEAD),
        (F.ABSENT, S.CANCELLED),
        (F.ABSENT, S.SETTLING),
    ],
)
def test_a_look_up_settles_only_what_it_tells(
    journal: Journal, finding: Finding | None, state: S
) -> None:
    """A worker's slip is an error, and nothing is kept of it."""
    in_doubt(journal)
    held = claim_one(journal)

    with pytest.raises(ValueError, match="no way"):
        journal.record(held, result(state, finding=finding), NOW)

    assert row(journal, held.delivery) == held.delivery


def test_late_evidence_comes_past_look_ups(journal: Journal) -> None:
    """An answer that comes after it was asked for is still the last one."""
    keep(journal, new_delivery())
    late = claim_one(journal)
    number = intend(journal, late)
    journal.reap(later(LEASE), settle=Millis(0))
    look_up(journal, F.ABSENT, S.UNCERTAIN, now=later(LEASE), due_at=NOW)
    asking = claim_one(journal, later(LEASE))

    journal.record(
        late,
        result(
            S.SUCCEEDED, number=number, outcome="applied", request_hash="r1"
        ),
        later(LEASE),
    )

    after = row(journal, late.delivery)
    assert (after.state, after.request_hash) == (S.SUCCEEDED, "r1")
    with pytest.raises(LeaseLost):
        look_up(journal, F.ABSENT, S.UNCERTAIN, claimed=asking)
    assert row(journal, after) == after


def test_found_may_be_applied(journal: Journal) -> None:
    """What was found once is not sent again without a word."""
    in_doubt(journal)
    after = look_up(journal, F.FOUND, S.SUCCEEDED)

    with pytest.raises(ForceNeeded):
        journal.redeliver(
            after.id, actor="ana", reason="so", force=False, now=NOW
        )
