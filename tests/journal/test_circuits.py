"""Targets that fail: shut, probed by one call at a time, open again."""

from collections.abc import Sequence

import pytest

from bridge.circuit import FAILURES, FIRST
from bridge.journal.protocol import Claim, Journal, Lane, TargetRow
from bridge.lifecycle import Gate
from bridge.model import DeliveryState, Finding, Instant, Millis, Urgency
from tests.factories import NOW, TARGET, keep, later, new_delivery
from tests.journal.steps import (
    LEASE,
    claim,
    claim_one,
    in_doubt,
    intend,
    look_up,
    result,
    rules,
    send,
)

S = DeliveryState
REFUSED = Gate(pause="credentials_refused")


def orders(journal: Journal, count: int = 9, name: str = "order") -> None:
    """Let so many orders be due."""
    for nth in range(count):
        keep(journal, new_delivery(order_id=f"{name}-{nth}"))


def tell(
    journal: Journal,
    claimed: Claim,
    *,
    answered: bool | None,
    now: Instant = NOW,
) -> None:
    """Record a try that did or did not get an answer."""
    journal.record(
        claimed,
        result(
            S.PENDING,
            outcome="notsent",
            due_at=later(10**9),
            answered=answered,
        ),
        now,
    )


def trip(journal: Journal) -> Sequence[Claim]:
    """Open the circuit of `TARGET`; return claims that are under way."""
    orders(journal, FAILURES + 2, "first")
    claims = claim(journal)
    for claimed in claims[:FAILURES]:
        tell(journal, claimed, answered=False)
    return claims[FAILURES:]


def gate(journal: Journal) -> TargetRow:
    """Return the gate of `TARGET`."""
    (target,) = journal.targets()
    return target


# --------------------------------------------------------------- circuit


def test_failures_in_a_row_shut_it(journal: Journal) -> None:
    """After so many calls without an answer nobody calls for a while."""
    trip(journal)
    orders(journal)
    keep(journal, new_delivery(target="yuju-mx"))

    target = gate(journal)
    assert (target.trips, target.failures, target.probing) == (1, 0, True)
    assert target.closed_until == later(FIRST)
    assert journal.next_due(NOW) == later(FIRST)
    assert not claim(journal, now=later(FIRST - 1))
    assert claim(journal, Lane(target="yuju-mx", room=1))
    assert journal.counts(later(1)).oldest_due_at is None


def test_an_answer_breaks_the_row(journal: Journal) -> None:
    """Whatever the target answers, it is there."""
    orders(journal, FAILURES + 1)
    *fail, answer, last = claim(journal)
    for claimed in fail:
        tell(journal, claimed, answered=False)
    tell(journal, answer, answered=True)
    tell(journal, last, answered=False)

    target = gate(journal)
    assert (target.failures, target.closed_until) == (1, None)


def test_what_was_not_called_says_nothing(journal: Journal) -> None:
    """A try that never got to the target neither opens nor closes it."""
    orders(journal, FAILURES)
    for claimed in claim(journal):
        tell(journal, claimed, answered=None)

    assert journal.targets() == []


def test_calls_from_before_do_not_shut_it_longer(journal: Journal) -> None:
    """What had begun before it was shut tells nothing new when it fails."""
    under_way, _other = trip(journal)

    tell(journal, under_way, answered=False, now=later(5_000))

    target = gate(journal)
    assert (target.trips, target.closed_until) == (1, later(FIRST))


def test_calls_from_before_open_it(journal: Journal) -> None:
    """An answer to one that had begun before opens it at once."""
    under_way, _other = trip(journal)
    orders(journal)

    tell(journal, under_way, answered=True, now=later(5_000))

    target = gate(journal)
    assert (target.trips, target.probing) == (0, False)
    assert target.closed_until is None
    assert len(claim(journal, now=later(5_000), room=3)) == 3


def test_an_answer_opens_only_what_the_circuit_shut(journal: Journal) -> None:
    """What the target itself had asked for still holds."""
    under_way, other = trip(journal)
    asked = Gate(closed_until=later(60_000))
    send(journal, S.PENDING, claimed=other, gate=asked, due_at=NOW)

    tell(journal, under_way, answered=True)

    assert gate(journal).closed_until == later(60_000)


# ----------------------------------------------------------------- probe


def shut(journal: Journal) -> Instant:
    """Open the circuit, end what is under way; return when it is over."""
    for claimed in trip(journal):
        tell(journal, claimed, answered=None)
    orders(journal)
    return later(FIRST)


def test_one_probe_at_a_time(journal: Journal) -> None:
    """Over all workers one call is under way, until it is recorded."""
    over = shut(journal)

    (probe,) = claim(journal, now=over, room=5)

    assert probe.probe
    assert not claim(journal, now=over, owner="another")
    tell(journal, probe, answered=None, now=over)
    assert len(claim(journal, now=over, owner="another")) == 1


def test_waits_for_what_is_under_way(journal: Journal) -> None:
    """One that began before the circuit opened is a call, too."""
    trip(journal)
    orders(journal)

    assert not claim(journal, now=later(FIRST))
    journal.reap(later(LEASE))
    assert len(claim(journal, now=later(LEASE))) == 1


@pytest.mark.parametrize("answered", [True, False])
def test_the_probe_decides(*, journal: Journal, answered: bool) -> None:
    """With an answer it is open; without, it is shut for twice as long."""
    over = shut(journal)
    probe = claim_one(journal, over)

    tell(journal, probe, answered=answered, now=over)

    target = gate(journal)
    assert target.trips == (0 if answered else 2)
    assert target.probing is not answered
    until = None if answered else later(2 * FIRST, over)
    assert target.closed_until == until
    assert len(claim(journal, now=over)) == (8 if answered else 0)


def test_a_lost_probe_does_not_stay(journal: Journal) -> None:
    """A worker that dies with the probe leaves it to another."""
    over = shut(journal)
    claim_one(journal, over)

    assert journal.next_due(over) == later(LEASE, over)
    journal.reap(later(LEASE, over))
    assert len(claim(journal, now=later(LEASE, over))) == 1


def test_a_lost_look_up_does_not_stay(journal: Journal) -> None:
    """Nor does a probe that only asked, and has no lease."""
    in_doubt(journal, now=later(FIRST))
    over = shut(journal)
    held = claim_one(journal, over)

    assert held.delivery.state is S.UNCERTAIN
    assert not claim(journal, now=later(LEASE - 1, over))
    assert len(claim(journal, now=later(LEASE, over))) == 1


def test_a_look_up_is_the_best_probe(journal: Journal) -> None:
    """First what only asks, then what may be repeated, then any."""
    in_doubt(journal, now=later(FIRST))
    over = shut(journal)
    keep(
        journal,
        new_delivery("tracking", order_id="2", repeatable=True, due_at=over),
    )
    told = []

    for _nth in range(3):
        (probe,) = claim(journal, now=over)
        told.append((probe.delivery.rule, probe.delivery.state))
        if probe.delivery.state is S.UNCERTAIN:
            look_up(
                journal,
                Finding.UNCLEAR,
                S.UNCERTAIN,
                claimed=probe,
                now=over,
                answered=None,
            )
        else:
            tell(journal, probe, answered=None, now=over)

    assert told == [
        ("create", S.UNCERTAIN),
        ("tracking", S.CLAIMED),
        ("create", S.CLAIMED),
    ]


def test_urgency_does_not_choose_a_create_to_probe(journal: Journal) -> None:
    """What may be repeated is sent first, however urgent the others are."""
    over = shut(journal)
    for rule, urgency, repeatable in [
        ("cancel-once", Urgency.CANCEL, False),
        ("news", Urgency.STATE, True),
    ]:
        keep(
            journal,
            new_delivery(
                rule, order_id=rule, urgency=urgency, repeatable=repeatable
            ),
        )

    assert rules(claim(journal, now=over)) == ["news"]


def test_probes_of_stores_take_turns(journal: Journal) -> None:
    """A shop whose probes fail does not make all of them."""
    over = shut(journal)
    keep(journal, new_delivery(store="b"))
    first = claim_one(journal, over)
    tell(journal, first, answered=None, now=over)

    second = claim_one(journal, over)

    assert {first.delivery.store, second.delivery.store} == {"b", "cafe-mx"}


# ----------------------------------------------------------- credentials


def refuse(journal: Journal, mark: str, now: Instant = NOW) -> None:
    """Let the target refuse the credentials of this mark."""
    send(
        journal,
        S.PENDING,
        claimed=claim(journal, now=now)[0],
        now=now,
        gate=REFUSED,
        credentials=mark,
        answered=True,
        due_at=now,
    )


def test_remembers_what_was_refused(journal: Journal) -> None:
    """The pause says which credentials it was for."""
    orders(journal)

    refuse(journal, "m1")

    target = gate(journal)
    assert (target.paused, target.refused) == ("credentials_refused", "m1")


def test_patience_is_no_refusal(journal: Journal) -> None:
    """A target that is shut for another reason has refused no credentials."""
    orders(journal)
    for gate_ in (Gate(closed_until=later(5)), Gate(pause="tls")):
        send(
            journal,
            S.PENDING,
            claimed=claim(journal, now=later(5), room=1)[0],
            gate=gate_,
            credentials="m1",
            due_at=NOW,
        )

    assert gate(journal).refused is None


def test_the_same_credentials_are_not_tried_again(journal: Journal) -> None:
    """Who was refused stays out, however often it is looked at."""
    orders(journal)
    refuse(journal, "m1")

    assert not journal.try_credentials(TARGET, "m1", NOW)
    assert not claim(journal, now=later(LEASE))


def test_other_credentials_are_tried_once(journal: Journal) -> None:
    """New ones get one call; when they are refused, too, it is paused."""
    orders(journal)
    refuse(journal, "m1")
    now = later(LEASE)
    journal.reap(now)

    assert journal.try_credentials(TARGET, "m2", now)
    assert not journal.try_credentials(TARGET, "m2", now)
    refuse(journal, "m2", now)

    target = gate(journal)
    assert (target.paused, target.refused) == ("credentials_refused", "m2")
    assert target.paused_at == now
    assert not journal.try_credentials(TARGET, "m2", now)


def test_good_credentials_open_it(journal: Journal) -> None:
    """The probe's answer lets everybody in again."""
    orders(journal)
    refuse(journal, "m1")
    now = later(LEASE)
    journal.reap(now)
    journal.try_credentials(TARGET, "m2", now)
    probe = claim_one(journal, now)

    send(journal, S.SUCCEEDED, claimed=probe, now=now, answered=True)

    assert len(claim(journal, now=now)) > 1


@pytest.mark.parametrize("pause", ["operator", "tls"])
def test_other_pauses_are_not_opened(journal: Journal, pause: str) -> None:
    """What was paused for another reason waits for a person."""
    journal.pin_target(TARGET, "one.example")
    journal.set_gate(
        TARGET, Gate(pause=pause), actor="ana", reason="", now=NOW
    )

    assert not journal.try_credentials(TARGET, "m2", NOW)
    assert not journal.try_credentials("nobody", "m2", NOW)
    assert gate(journal).paused == pause


def test_a_late_refusal_of_old_ones_costs_one_more_probe(
    journal: Journal,
) -> None:
    """A call that began with the old ones may shut it once more."""
    orders(journal)
    late, early, *_others = claim(journal)
    for claimed, mark in ((early, "m1"), (late, "m1")):
        send(
            journal, S.PENDING, claimed=claimed, gate=REFUSED,
            credentials=mark, due_at=NOW,
        )  # fmt: skip
        assert journal.try_credentials(TARGET, "m2", NOW)


# ---------------------------------------------------------------- resume


@pytest.mark.parametrize(
    ("pause", "probing"), [("operator", False), ("tls", True)]
)
def test_resuming_begins_with_a_probe(
    *, journal: Journal, pause: str, probing: bool
) -> None:
    """What stopped by itself is tried with one call; a person's is not."""
    journal.pin_target(TARGET, "one.example")
    orders(journal)
    for gate_ in (Gate(pause=pause), None):
        journal.set_gate(TARGET, gate_, actor="ana", reason="", now=NOW)

    assert gate(journal).probing is probing
    assert len(claim(journal)) == (1 if probing else 9)


def test_resuming_ends_the_circuits_time(journal: Journal) -> None:
    """Who resumes lets the probe go now."""
    shut(journal)

    journal.set_gate(TARGET, None, actor="ana", reason="", now=NOW)

    target = gate(journal)
    assert (target.closed_until, target.trips) == (None, 0)
    assert len(claim(journal)) == 1


def test_pausing_forgets_no_circuit(journal: Journal) -> None:
    """A pause in between does not let everybody loose on a sick target."""
    over = shut(journal)
    for gate_ in (Gate(pause="operator"), None):
        journal.set_gate(TARGET, gate_, actor="ana", reason="", now=NOW)

    assert len(claim(journal, now=over)) == 1


def test_a_probe_that_shuts_is_a_probe_no_more(journal: Journal) -> None:
    """A 429 to the probe: it is there, and asks for patience."""
    over = shut(journal)
    probe = claim_one(journal, over)
    number = intend(journal, probe, over)

    journal.record(
        probe,
        result(
            S.PENDING,
            number=number,
            outcome="notprocessed",
            answered=True,
            gate=Gate(closed_until=later(Millis(5_000), over)),
            due_at=over,
        ),
        over,
    )

    target = gate(journal)
    assert (target.probing, target.closed_until) == (
        False,
        later(5_000, over),
    )
    assert len(claim(journal, now=later(5_000, over))) > 1
