"""What a result says of its target as a whole: gate, circuit, probe."""

from dataclasses import dataclass

from bridge.circuit import CLOSED, Circuit, after_failure
from bridge.journal.protocol import Claim, Result
from bridge.journal.session import Session
from bridge.lifecycle import CREDENTIALS_REFUSED
from bridge.model import DeliveryState, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """
    A target's circuit as it is kept.

    Args:
        shut_until: by the circuit; what the target itself asked for is
            kept apart, so that an answer ends the one and not the other.
    """

    circuit: Circuit
    shut_until: Instant | None


def keep_health(
    session: Session,
    claim: Claim,
    result: Result,
    health: Health,
    now: Instant,
) -> None:
    """Keep what a try has shown of its target, also when it comes late."""
    target = claim.delivery.target
    if claim.probe:
        session.run("end_probe", name=target, until=ends_at(claim))
    if result.answered is not None:
        _keep_circuit(session, target, health, result.answered, now)
    _narrow_gate(session, target, result, now)


def ends_at(claim: Claim) -> Instant | None:
    """Return when a claim ends by itself."""
    if claim.delivery.state is DeliveryState.UNCERTAIN:
        return claim.delivery.due_at
    return claim.delivery.lease_until


def _keep_circuit(
    session: Session,
    target: str,
    health: Health,
    answered: bool,  # noqa: FBT001
    now: Instant,
) -> None:
    until = health.shut_until
    if answered:
        circuit, until = CLOSED, None
    else:
        is_shut = until is not None and until > now
        circuit, span = after_failure(health.circuit, is_shut=is_shut)
        if span is not None:
            until = Instant(now + span)
    if (circuit, until) != (health.circuit, health.shut_until):
        session.run(
            "keep_circuit",
            name=target,
            failures=circuit.failures,
            trips=circuit.trips,
            probing=int(circuit.probing),
            circuit_until=until,
        )


def _narrow_gate(
    session: Session, target: str, result: Result, now: Instant
) -> None:
    gate = result.step.gate
    if gate is not None:
        refused = gate.pause == CREDENTIALS_REFUSED
        session.run(
            "narrow_gate",
            name=target,
            paused=gate.pause,
            paused_at=None if gate.pause is None else now,
            closed_until=gate.closed_until,
            refused=result.credentials if refused else None,
        )
