"""What a worker does with a journal, in one line each."""

from collections.abc import Sequence
from typing import Any

from bridge.journal.protocol import Claim, Journal, Lane, Result
from bridge.lifecycle import Gate, Step
from bridge.model import (
    Delivery,
    DeliveryState,
    Finding,
    Instant,
    Millis,
    NewDelivery,
    Phase,
    Reason,
    Request,
)
from tests.factories import NOW, TARGET, keep, new_delivery

LEASE = Millis(20_000)
WORKER = "worker-1"

REQUEST = Request(
    operation="create_order", method="POST", path="/orders", body={"n": 1}
)


def claim(
    journal: Journal,
    *lanes: Lane,
    now: Instant = NOW,
    owner: str = WORKER,
    room: int = 10,
) -> Sequence[Claim]:
    """Claim up to *room* of `TARGET`, or from the *lanes* given."""
    return journal.claim(
        lanes or [Lane(target=TARGET, room=room)],
        owner=owner,
        now=now,
        lease=LEASE,
    )


def rules(claims: Sequence[Claim]) -> list[str]:
    """Return the rules of what was claimed."""
    return [claim.delivery.rule for claim in claims]


def claim_one(journal: Journal, now: Instant = NOW) -> Claim:
    """Claim the only one that is due."""
    (only,) = claim(journal, now=now)
    return only


def intend(journal: Journal, claim: Claim, now: Instant = NOW) -> int:
    """Say that the first byte is about to be written."""
    return journal.intend(claim, REQUEST, mapping_hash="h1", now=now)


def result(state: DeliveryState, **changes: Any) -> Result:
    """Return a result that leads to *state*."""
    step: dict[str, Any] = {
        name: changes.pop(name)
        for name in ("reason", "due_at", "counts", "gate")
        if name in changes
    }
    return Result(step=Step(state=state, **step), **changes)


def send(
    journal: Journal,
    state: DeliveryState,
    *,
    claimed: Claim | None = None,
    now: Instant = NOW,
    **changes: Any,
) -> Delivery:
    """Take a delivery all the way through a try that ends in *state*."""
    held = claimed or claim_one(journal, now)
    outcome = {
        DeliveryState.SUCCEEDED: "applied",
        DeliveryState.DEAD: "rejected",
        DeliveryState.PENDING: "notprocessed",
    }.get(state, "maybe")
    journal.record(
        held,
        result(
            state,
            **{
                "number": intend(journal, held, now),
                "phase": Phase.ANSWERED,
                "outcome": outcome,
                "reason": because(state),
                "request_hash": "r1",
                **changes,
            },
        ),
        now,
    )
    return row(journal, held.delivery)


def in_doubt(
    journal: Journal, *adds: NewDelivery, now: Instant = NOW
) -> Delivery:
    """Return a create whose answer was lost, to be looked up at *now*."""
    keep(journal, *(adds or (new_delivery(),)))
    return send(journal, DeliveryState.UNCERTAIN, due_at=now)


def look_up(
    journal: Journal,
    finding: Finding,
    state: DeliveryState,
    *,
    claimed: Claim | None = None,
    now: Instant = NOW,
    **changes: Any,
) -> Delivery:
    """Take a delivery in doubt through a look-up that ends in *state*."""
    held = claimed or claim_one(journal, now)
    journal.record(
        held,
        result(
            state,
            **{
                "finding": finding,
                "operation": "get_order",
                "phase": Phase.ANSWERED,
                "counts": False,
                "reason": Reason(code=finding.value),
                "answered": True,
                **changes,
            },
        ),
        now,
    )
    return row(journal, held.delivery)


def because(state: DeliveryState) -> Reason | None:
    """Return a reason, for the states that need one."""
    if state is DeliveryState.SUCCEEDED:
        return None
    return Reason(code="because", text="Just so.", where={"line": 3})


def row(journal: Journal, delivery: Delivery) -> Delivery:
    """Return a delivery as it stands now."""
    found = journal.delivery(delivery.id)
    assert found is not None
    return found


def revision(journal: Journal, delivery: Delivery) -> int:
    """Return the revision of a delivery's order."""
    order = journal.dossier(delivery.store, delivery.order_id).order
    assert order is not None
    return order.revision


PAUSE = Gate(pause="operator")
