"""Workers that die or freeze, and what they bring when they come back."""

from dataclasses import replace

import pytest

from bridge.errors import LeaseLost
from bridge.journal.protocol import SETTLE, Claim, Journal
from bridge.lifecycle import POISON_CLAIMS, Gate
from bridge.model import Delivery, DeliveryState, Kind, Millis, Phase
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
    WORKER,
    claim,
    claim_one,
    intend,
    result,
    revision,
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
        (False, S.UNCERTAIN, later(LEASE + SETTLE)),
    ],
)
def test_sent_is_of_unknown_fate(
    *,
    journal: Journal,
    repeatable: bool,
    state: S,
    due: int | None,
) -> None:
    """What was being sent settles, or is shown, and is looked up later."""
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
def test_what_was_not_written_is_due_again(
    *, journal: Journal, repeatable: bool
) -> None:
    """An intent that is known to have come to nothing leaves no doubt."""
    keep(journal, new_delivery(repeatable=repeatable))
    held = claim_one(journal)
    intend(journal, held)
    known = frozenset({(held.delivery.id, held.delivery.fence)})

    assert 1 == journal.take_over(WORKER, later(1), unwritten=known)

    after = row(journal, held.delivery)
    assert (after.state, after.due_at) == (S.PENDING, later(1))
    assert (after.reason, after.attempts) == ("worker_lost", 0)
    assert after.fence == held.delivery.fence + 1
    (attempt,) = journal.attempts(after.id)
    assert (attempt.phase, attempt.outcome) == (Phase.PREPARED, "notsent")
    assert (attempt.reason, attempt.ended_at) == ("worker_lost", later(1))
    again = claim_one(journal, later(1))
    assert not again.in_doubt


def test_what_is_known_of_another_claim_is_not_believed(
    journal: Journal,
) -> None:
    """Of this one it is not known that nothing was written."""
    keep(journal, new_delivery())
    held = claim_one(journal)
    intend(journal, held)
    known = frozenset({(held.delivery.id, held.delivery.fence - 1)})

    journal.take_over(WORKER, later(1), unwritten=known)

    assert row(journal, held.delivery).state is S.UNCERTAIN


def test_what_was_only_claimed_stays_poison(journal: Journal) -> None:
    """A claim that never came to its intent counts as lost, as ever."""
    keep(journal, new_delivery())
    held = claim_one(journal)
    known = frozenset({(held.delivery.id, held.delivery.fence)})

    journal.take_over(WORKER, later(1), unwritten=known)

    assert row(journal, held.delivery).claims == 1


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


def late_create(journal: Journal) -> tuple[Claim, int]:
    """Lose a create in the middle of its call; return what it comes with."""
    keep(journal, new_delivery())
    held = claim_one(journal)
    number = intend(journal, held)
    journal.reap(later(LEASE), settle=Millis(60_000))
    return held, number


def decide(journal: Journal, held: Claim, decision: str) -> Delivery:
    """Decide as ana."""
    return journal.resolve(
        held.delivery.id,
        decision=decision,
        links={},
        actor="ana",
        reason="so",
        if_version=None,
        now=later(LEASE),
    )


def come_late(journal: Journal, held: Claim, number: int) -> list[Delivery]:
    """Say too late that it was applied; return what a person is asked."""
    with pytest.raises(LeaseLost):
        journal.record(
            held,
            result(S.SUCCEEDED, number=number, outcome="applied"),
            later(LEASE + 9),
        )
    assert journal.attempts(held.delivery.id)[number - 1].reason == "late"
    found = journal.dossier(STORE, ORDER).deliveries
    return [one for one in found if one.kind is Kind.ASK]


@pytest.mark.parametrize("sent", [True, False])
def test_two_of_a_create_are_shown(*, journal: Journal, sent: bool) -> None:
    """An answer after a resend: a person is asked to look for a second."""
    held, number = late_create(journal)
    before = decide(journal, held, "resend")
    if sent:
        before = send(journal, S.SUCCEEDED, now=later(LEASE))

    (question,) = come_late(journal, held, number)

    assert (question.state, question.reason) == (S.HELD, "possible_duplicate")
    assert question.where == {"delivery": before.id, "attempt": number}
    assert (question.target, question.blocks) == (TARGET, False)
    assert question.attention
    assert row(journal, before).state is before.state
    assert come_late(journal, held, number) == [question]
    resolved = decide(journal, replace(held, delivery=question), "done")
    assert resolved.state is S.SUCCEEDED


def test_what_was_withdrawn_and_applied_is_shown(journal: Journal) -> None:
    """A person who cancelled it is told that it is there after all."""
    held, number = late_create(journal)
    decide(journal, held, "cancel")

    (question,) = come_late(journal, held, number)

    assert question.reason == "applied_after_all"


@pytest.mark.parametrize("decision", ["exists", "done"])
def test_what_is_confirmed_asks_nobody(
    journal: Journal, decision: str
) -> None:
    """An answer that says what a person had found is no news."""
    held, number = late_create(journal)
    decide(journal, held, decision)

    assert come_late(journal, held, number) == []


def test_what_may_be_repeated_asks_nobody(journal: Journal) -> None:
    """A second application of those is none."""
    keep(journal, new_delivery(repeatable=True))
    held = claim_one(journal)
    number = intend(journal, held)
    journal.reap(later(LEASE), settle=Millis(0))
    send(journal, S.SUCCEEDED, now=later(LEASE))

    assert come_late(journal, held, number) == []


def test_no_plan_takes_the_question_back(journal: Journal) -> None:
    """It belongs to no mapping, and its order is as it was."""
    held, number = late_create(journal)
    decide(journal, held, "resend")
    seen = revision(journal, held.delivery)

    (question,) = come_late(journal, held, number)

    assert question.mapping == ""
    assert revision(journal, held.delivery) == seen + 1
    assert journal.render_anew("cafe-mx-rayo", later(LEASE)) == 0
