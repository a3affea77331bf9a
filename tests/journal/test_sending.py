"""Claim, intend, record: who may send what, and what came of it."""

import pytest

from bridge.errors import LeaseLost
from bridge.journal.protocol import Journal, Lane
from bridge.lifecycle import Gate
from bridge.model import DeliveryState, Millis, Phase, Reason
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    TARGET,
    keep,
    later,
    link,
    new_delivery,
    plan_for,
    plan_one,
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
    rules,
    send,
)

S = DeliveryState

BLOCKING = [S.WAITING, S.PENDING, S.HELD, S.UNCERTAIN, S.SETTLING, S.DEAD]
LIMITED = Lane(target=TARGET, room=9, slots=2, slot_hold=Millis(1_000))


# ----------------------------------------------------------------- claim


def test_claim_holds(journal: Journal) -> None:
    """A claim has the delivery with its lease, the order and its links."""
    keep(journal, new_delivery(), links=[link(), link(target="every-co")])

    held = claim_one(journal)

    assert held.delivery.state is S.CLAIMED
    assert (held.delivery.fence, held.delivery.version) == (1, 2)
    assert held.delivery.owner == WORKER
    assert held.delivery.lease_until == later(LEASE)
    assert held.order.order_id == ORDER
    assert held.order.revision == 2
    assert held.links == {"rayo_order": "9095"}
    assert held.applied_hash is None
    assert held.slot is None
    assert row(journal, held.delivery) == held.delivery


@pytest.mark.parametrize("state", [S.WAITING, S.PENDING, S.SETTLING])
def test_claims_when_due(journal: Journal, state: S) -> None:
    """What waits is claimed from its due time on, and not before."""
    keep(journal, new_delivery(state=state, due_at=later(5)))

    assert not claim(journal, now=later(4))
    assert claim(journal, now=later(5))


def test_oldest_due_first(journal: Journal) -> None:
    """With little room the longest due are taken, others' targets not."""
    for nth, due in enumerate([3, 1, 2]):
        keep(
            journal,
            new_delivery(order_id=str(nth), due_at=later(due)),
        )
    keep(journal, new_delivery(order_id="x", target="yuju-mx"))

    claims = claim(journal, now=later(9), room=2)

    assert [c.order.order_id for c in claims] == ["1", "2"]


@pytest.mark.parametrize("state", BLOCKING)
def test_only_the_head_of_a_lane(journal: Journal, state: S) -> None:
    """A later place waits for all that is not settled before it."""
    keep(
        journal,
        new_delivery("first", state=state, due_at=later(60_000)),
        new_delivery("second", position=2),
    )

    assert not claim(journal)


@pytest.mark.parametrize(
    "state", [S.SUCCEEDED, S.CANCELLED, S.SUPERSEDED, S.UNCHANGED]
)
def test_what_is_settled_lets_pass(journal: Journal, state: S) -> None:
    """A later place does not wait for what is over."""
    keep(
        journal,
        new_delivery("first", state=state),
        new_delivery("second", position=2),
    )

    assert rules(claim(journal)) == ["second"]


def test_a_question_lets_pass(journal: Journal) -> None:
    """What does not block holds nothing up, and is passed by nothing else."""
    keep(
        journal,
        new_delivery("ask", state=S.HELD, blocks=False),
        new_delivery("second", position=2),
        new_delivery("third", position=3),
    )

    assert rules(claim(journal)) == ["second"]


def test_place_decides_not_arrival(journal: Journal) -> None:
    """An earlier place that came later goes first."""
    keep(journal, new_delivery("late", position=3))
    keep(journal, new_delivery("early", position=1))

    assert rules(claim(journal)) == ["early"]


def test_one_at_a_time_in_a_lane(journal: Journal) -> None:
    """Even two that do not block each other are not in flight together."""
    keep(
        journal,
        new_delivery("first", blocks=False),
        new_delivery("second", blocks=False, position=2),
    )

    assert rules(claim(journal)) == ["first"]
    assert not claim(journal)


def test_lanes_do_not_hold_each_other(journal: Journal) -> None:
    """Another order, or another target, is another lane."""
    keep(journal, new_delivery(state=S.DEAD))
    keep(journal, new_delivery(order_id="2"))
    keep(journal, new_delivery(target="every-co"))
    every = Lane(target="every-co", room=1)

    claims = claim(journal, Lane(target=TARGET, room=9), every)

    assert [c.delivery.lane for c in claims] == [
        f"{TARGET}/{STORE}/2",
        f"every-co/{STORE}/{ORDER}",
    ]


def test_slots_limit(journal: Journal) -> None:
    """No more than there are free slots are claimed; each names its own."""
    for nth in range(3):
        keep(journal, new_delivery(order_id=str(nth)))

    first = claim(journal, LIMITED)

    assert sorted(str(c.slot) for c in first) == ["0", "1"]
    assert not claim(journal, LIMITED)
    assert not claim(journal, LIMITED, now=later(999))
    assert len(claim(journal, LIMITED, now=later(1_000))) == 1


def test_slot_is_given_back(journal: Journal) -> None:
    """A slot is free again when the result says so."""
    for nth in range(3):
        keep(journal, new_delivery(order_id=str(nth)))
    held, _other = claim(journal, LIMITED)

    send(journal, S.SUCCEEDED, claimed=held, slot_free_at=later(300))

    assert not claim(journal, LIMITED, now=later(299))
    (third,) = claim(journal, LIMITED, now=later(300))
    assert third.slot == held.slot


def test_slot_of_nothing_sent_is_free(journal: Journal) -> None:
    """Who sent nothing has used nothing of the limit."""
    for nth in range(3):
        keep(journal, new_delivery(order_id=str(nth)))
    held, _other = claim(journal, LIMITED)

    journal.record(held, result(S.UNCHANGED), NOW)

    assert len(claim(journal, LIMITED)) == 1


def test_late_worker_does_not_free_anothers_slot(journal: Journal) -> None:
    """A slot that ran out and was taken again is not its old holder's."""
    one = Lane(target=TARGET, room=9, slots=1, slot_hold=Millis(1_000))
    for nth in range(3):
        keep(journal, new_delivery(order_id=str(nth)))
    (held,) = claim(journal, one)
    assert claim(journal, one, now=later(1_000))

    send(journal, S.SUCCEEDED, claimed=held, slot_free_at=later(1_001))

    assert not claim(journal, one, now=later(1_500))


# ---------------------------------------------------------------- intend


def test_intend_opens_an_attempt(journal: Journal) -> None:
    """Before the first byte, the request is on disk with its number."""
    keep(journal, new_delivery())
    held = claim_one(journal)

    assert intend(journal, held, later(3)) == 1

    after = row(journal, held.delivery)
    assert after.state is S.SENDING
    assert after.mapping_hash == "h1"
    request = {"method": "POST", "path": "/orders", "body": {"n": 1}}
    assert after.request == request
    (attempt,) = journal.attempts(after.id)
    assert attempt.request == request
    assert attempt.phase is Phase.WRITING
    assert (attempt.outcome, attempt.ended_at) == (None, None)
    assert (attempt.fence, attempt.started_at) == (1, later(3))


def test_intends_once(journal: Journal) -> None:
    """The same claim can not be sent twice."""
    keep(journal, new_delivery())
    held = claim_one(journal)
    intend(journal, held)

    with pytest.raises(LeaseLost):
        intend(journal, held)
    assert len(journal.attempts(held.delivery.id)) == 1


def test_lost_fence_intends_nothing(journal: Journal) -> None:
    """A worker whose lease ended, and was given to another, is shut out."""
    keep(journal, new_delivery())
    late = claim_one(journal)
    journal.reap(later(LEASE))
    fresh = claim_one(journal, later(LEASE))

    with pytest.raises(LeaseLost):
        intend(journal, late)

    assert fresh.delivery.fence > late.delivery.fence
    assert intend(journal, fresh) == 1


# ---------------------------------------------------------------- record


def test_applied(journal: Journal) -> None:
    """A success is kept with its answer; there is nothing to plan anew."""
    keep(journal, new_delivery())
    held = claim_one(journal)

    after = send(
        journal,
        S.SUCCEEDED,
        claimed=held,
        status=201,
        answer="{}",
        now=later(7),
    )

    assert after.state is S.SUCCEEDED
    assert (after.owner, after.lease_until, after.due_at) == (None,) * 3
    assert (after.attempts, after.request_hash) == (1, "r1")
    (attempt,) = journal.attempts(after.id)
    assert attempt.phase is Phase.ANSWERED
    assert (attempt.outcome, attempt.status) == ("applied", 201)
    assert (attempt.answer, attempt.ended_at) == ("{}", later(7))
    assert journal.orders_due(later(7), 9) == []
    assert revision(journal, after) == 3


def test_planned_anew_when_told_meanwhile(journal: Journal) -> None:
    """A plan made while a call was under way is made again after it."""
    keep(journal, new_delivery())
    held = claim_one(journal)
    keep(journal, new_delivery(rule="tracking", operation="update_delivery"))

    send(journal, S.SUCCEEDED, claimed=held, now=later(7))

    assert journal.orders_due(later(7), 9) == [(STORE, ORDER)]


def test_claim_refuses_a_plan_that_did_not_know_of_it(
    journal: Journal,
) -> None:
    """
    A newer order that was planned while its delivery was still pending is
    planned anew, for the call is made of the older one.
    """
    keep(journal, new_delivery())
    seen = journal.dossier(STORE, ORDER).order
    assert seen is not None

    held = claim_one(journal)
    is_kept = plan_one(journal, plan_for(seen_revision=seen.revision), NOW)

    assert not is_kept
    assert held.order.revision == seen.revision + 1


@pytest.mark.parametrize("state", [S.PENDING, S.SETTLING])
def test_tried_again(journal: Journal, state: S) -> None:
    """What goes on by itself keeps its time and reason, and needs no plan."""
    keep(journal, new_delivery())

    after = send(journal, state, due_at=later(500))

    assert (after.state, after.due_at) == (state, later(500))
    assert (after.reason, after.reason_text) == ("because", "Just so.")
    assert after.where == {"line": 3}
    assert after.attempts == 1
    assert journal.orders_due(later(9_999), 9) == []
    assert revision(journal, after) == 3


def test_what_does_not_count(journal: Journal) -> None:
    """A try that was the target's fault leaves the count alone."""
    keep(journal, new_delivery())

    after = send(journal, S.PENDING, counts=False, due_at=NOW)

    assert after.attempts == 0


def test_not_sent_is_an_attempt_too(journal: Journal) -> None:
    """A refused connection counts, and is in the story."""
    keep(journal, new_delivery())
    held = claim_one(journal)

    journal.record(
        held,
        result(
            S.PENDING,
            outcome="notsent",
            due_at=later(9),
            reason=Reason(code="connect"),
            request={"method": "POST"},
        ),
        NOW,
    )

    after = row(journal, held.delivery)
    assert (after.attempts, after.claims) == (1, 0)
    (attempt,) = journal.attempts(after.id)
    assert attempt.phase is Phase.PREPARED
    assert (attempt.number, attempt.outcome) == (1, "notsent")
    assert attempt.reason == "connect"


def test_unchanged_is_no_attempt(journal: Journal) -> None:
    """What needed no call is over without an attempt."""
    keep(journal, new_delivery())
    held = claim_one(journal)

    journal.record(held, result(S.UNCHANGED), NOW)

    after = row(journal, held.delivery)
    assert (after.state, after.attempts) == (S.UNCHANGED, 0)
    assert journal.attempts(after.id) == []


def test_knows_what_was_applied(journal: Journal) -> None:
    """A later generation is told which request the target has."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SUCCEEDED, request_hash="first")
    keep(journal, new_delivery(repeatable=True, generation=2))

    assert claim_one(journal).applied_hash == "first"


def test_forgets_what_may_have_been_overwritten(journal: Journal) -> None:
    """After a request of unknown fate nobody knows what the target has."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SUCCEEDED, request_hash="first")
    keep(journal, new_delivery(repeatable=True, generation=2))
    send(journal, S.SETTLING, due_at=NOW)

    assert claim_one(journal).applied_hash is None


def test_a_rejected_one_changed_nothing(journal: Journal) -> None:
    """What was certainly not applied leaves the target as it was."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SUCCEEDED, request_hash="first")
    keep(journal, new_delivery(repeatable=True, generation=2))
    send(journal, S.PENDING, due_at=NOW)

    assert claim_one(journal).applied_hash == "first"


def test_links_wake_who_waits(journal: Journal) -> None:
    """A delivery that waits for a link is due when one is learned."""
    far = later(60_000)
    keep(journal, new_delivery())
    keep(
        journal,
        new_delivery("tracking", position=2, state=S.WAITING, due_at=far),
    )
    keep(
        journal,
        new_delivery("other", target="every-co", state=S.WAITING, due_at=far),
    )
    held = claim_one(journal)

    send(journal, S.SUCCEEDED, claimed=held, links=[link()], now=later(3))

    due = {d.rule: d.due_at for d in journal.dossier(STORE, ORDER).deliveries}
    assert due == {"create": None, "tracking": later(3), "other": far}
    (woken,) = claim(journal, now=later(3))
    assert woken.links == {"rayo_order": "9095"}


def test_known_links_wake_nobody(journal: Journal) -> None:
    """What was known before is no news."""
    keep(journal, links=[link()])
    keep(
        journal,
        new_delivery(state=S.WAITING, due_at=later(60_000)),
        links=[link()],
    )

    assert not claim(journal)


def test_waiting_keeps_its_end(journal: Journal) -> None:
    """How long it waits at most is kept over many looks."""
    keep(journal, new_delivery())
    journal.record(
        claim_one(journal),
        result(S.WAITING, due_at=later(1), wait_until=later(900)),
        NOW,
    )
    journal.record(
        claim_one(journal, later(1)),
        result(S.WAITING, due_at=later(2)),
        later(1),
    )

    held = claim_one(journal, later(2))

    assert held.delivery.wait_until == later(900)


def test_takes_no_impossible_step(journal: Journal) -> None:
    """What the lifecycle has not is an error, and nothing is kept."""
    keep(journal, new_delivery())
    held = claim_one(journal)

    with pytest.raises(ValueError, match="no way"):
        journal.record(held, result(S.SUCCEEDED), NOW)

    assert row(journal, held.delivery) == held.delivery


@pytest.mark.parametrize(
    ("gate", "opens"),
    [
        (Gate(closed_until=later(50)), later(50)),
        (Gate(pause="credentials_refused"), None),
    ],
)
def test_result_shuts_the_gate(
    journal: Journal, gate: Gate, opens: int | None
) -> None:
    """What concerns the whole target holds everybody back."""
    journal.pin_target(TARGET, "one.example")
    keep(journal, new_delivery())
    keep(journal, new_delivery(order_id="2", due_at=later(1)))

    send(
        journal, S.PENDING, claimed=claim_one(journal), gate=gate,
        due_at=later(40),
    )  # fmt: skip

    assert not claim(journal, now=later(49))
    assert bool(claim(journal, now=later(50))) is (opens is not None)
    (target,) = journal.targets()
    assert target.paused == gate.pause
    assert target.closed_until == opens


def test_gate_closes_never_earlier(journal: Journal) -> None:
    """The longest that anybody was told to stay away holds."""
    for nth, until in enumerate([90, 50]):
        keep(journal, new_delivery(order_id=str(nth)))
        held = claim(journal, now=later(nth * 100))[-1]
        gate = Gate(closed_until=later(until))
        send(journal, S.PENDING, claimed=held, gate=gate, due_at=later(9_999))

    (target,) = journal.targets()
    assert target.closed_until == later(90)


def test_next_due(journal: Journal) -> None:
    """The next that comes due is told, what is due already is not."""
    assert journal.next_due(NOW) is None
    keep(journal, new_delivery(due_at=later(30)))
    assert journal.next_due(NOW) == later(30)
    keep(journal, order_id="2", plan_due=later(20))
    assert journal.next_due(NOW) == later(20)
    assert journal.next_due(later(20)) == later(30)
    assert journal.next_due(later(30)) is None
    claim(journal, now=later(30))
    assert journal.next_due(later(30)) == later(30 + LEASE)


def test_counts_two_tries(journal: Journal) -> None:
    """Attempts are numbered on from one try to the next."""
    keep(journal, new_delivery())
    send(journal, S.PENDING, due_at=NOW)
    after = send(journal, S.SUCCEEDED)

    assert [a.number for a in journal.attempts(after.id)] == [1, 2]
    assert after.attempts == 2
    assert after.reason is None
