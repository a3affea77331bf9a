"""The verbs of the worker: claim, intend, record; and of lost leases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from typing_extensions import override

from bridge.errors import LeaseLost
from bridge.journal import rows
from bridge.journal.evidence import keep_late
from bridge.journal.planning import find_order
from bridge.journal.protocol import (
    SETTLE,
    Claim,
    Lane,
    Result,
)
from bridge.journal.session import (
    Session,
    Verbs,
    because,
    find,
    forget_applied,
    keep_links,
    same_call,
    save,
    touch_order,
)
from bridge.lifecycle import TRANSITIONS, Gate, after_lost_lease
from bridge.model import (
    IN_FLIGHT,
    Delivery,
    DeliveryState,
    Instant,
    Millis,
    Phase,
    Reason,
    Request,
)

_S = DeliveryState

_LOST: Mapping[DeliveryState, Reason] = {
    _S.PENDING: Reason(
        code="worker_lost", text="Its worker stopped before it was sent."
    ),
    _S.DEAD: Reason(
        code="poison",
        text="Three workers in a row stopped while they prepared it.",
    ),
    _S.SETTLING: Reason(
        code="worker_lost",
        text="Its worker stopped while it was sent; it is sent again.",
    ),
    _S.UNCERTAIN: Reason(
        code="worker_lost",
        text="Its worker stopped while it was sent; look at the target.",
    ),
}


class Sending(Verbs):
    """Hands out deliveries, and keeps what came of them."""

    @override
    def claim(
        self,
        lanes: Sequence[Lane],
        *,
        owner: str,
        now: Instant,
        lease: Millis,
    ) -> Sequence[Claim]:
        lease_until = Instant(now + lease)
        with self.writing() as session:
            return [
                claim
                for lane in lanes
                for claim in _claim_lane(
                    session,
                    lane,
                    owner=owner,
                    now=now,
                    lease_until=lease_until,
                )
            ]

    @override
    def intend(
        self,
        claim: Claim,
        request: Request,
        *,
        mapping_hash: str,
        now: Instant,
    ) -> int:
        fenced = {
            "fence": claim.delivery.fence,
            "mapping_hash": mapping_hash,
            "request": rows.request_text(request),
        }
        with self.writing() as session:
            if not session.run(
                "intend", id=claim.delivery.id, now=now, **fenced
            ):
                raise LeaseLost(_lost(claim))
            return _open_attempt(
                session,
                delivery_id=claim.delivery.id,
                operation=request.operation,
                phase=Phase.WRITING.value,
                started_at=now,
                **fenced,
            )

    @override
    def record(self, claim: Claim, result: Result, now: Instant) -> None:
        with self.writing() as session:
            settled = _record(session, claim, result, now)
        if not settled:
            raise LeaseLost(_lost(claim))

    @override
    def reap(self, now: Instant, *, settle: Millis = SETTLE) -> int:
        with self.writing() as session:
            lost = session.rows("lost_leases", now=now)
            for row in lost:
                _lose(session, rows.delivery(row), now, settle)
        return len(lost)

    @override
    def take_over(
        self, owner: str, now: Instant, *, settle: Millis = SETTLE
    ) -> int:
        with self.writing() as session:
            lost = session.rows("leases_of", owner=owner)
            for row in lost:
                _lose(session, rows.delivery(row), now, settle)
        return len(lost)

    @override
    def beat(
        self, worker: str, *, problems: Sequence[str], now: Instant
    ) -> None:
        with self.writing() as session:
            session.run(
                "beat",
                worker=worker,
                problems=rows.pack(list(problems)),
                now=now,
            )

    @override
    def next_due(self, now: Instant) -> Instant | None:
        with self.reading() as session:
            (row,) = session.rows("next_due", now=now)
        return None if row["at"] is None else Instant(row["at"])


def _lost(claim: Claim) -> str:
    return (
        f"delivery {claim.delivery.id} is no longer held with fence"
        f" {claim.delivery.fence}"
    )


# ----------------------------------------------------------------- claim


def _claim_lane(
    session: Session,
    lane: Lane,
    *,
    owner: str,
    now: Instant,
    lease_until: Instant,
) -> Iterator[Claim]:
    if session.row("gate_shut", target=lane.target, now=now):
        return
    free = _free_slots(session, lane, now)
    room = min(lane.room, len(free)) if lane.slots else lane.room
    for head in session.rows(
        "due_heads", target=lane.target, now=now, room=room
    ):
        row = session.row(
            "claim_delivery",
            id=head["id"],
            owner=owner,
            lease_until=lease_until,
            now=now,
        )
        if row is None:
            continue  # another of its order was taken just before
        delivery = rows.delivery(row)
        slot = free.pop(0) if lane.slots else None
        if slot is not None:
            session.run(
                "take_slot",
                target=lane.target,
                n=slot,
                free_at=now + lane.slot_hold,
                delivery_id=delivery.id,
                fence=delivery.fence,
            )
        yield _claimed(session, delivery, slot)


def _free_slots(session: Session, lane: Lane, now: Instant) -> list[int]:
    if not lane.slots:
        return []
    (count,) = session.rows("count_slots", target=lane.target)
    for n in range(count["slots"], lane.slots):
        session.run("add_slot", target=lane.target, n=n)
    free = session.rows(
        "free_slots", target=lane.target, slots=lane.slots, now=now
    )
    return [row["n"] for row in free]


def _claimed(session: Session, delivery: Delivery, slot: int | None) -> Claim:
    order = find_order(session, delivery.store, delivery.order_id)
    assert order is not None, "a foreign key says so"
    links = session.rows(
        "links_at_target",
        store=delivery.store,
        order_id=delivery.order_id,
        target=delivery.target,
    )
    applied = session.row("applied_hash", **same_call(delivery))
    return Claim(
        delivery=delivery,
        order=order,
        links={row["name"]: row["value"] for row in links},
        applied_hash=None if applied is None else applied["request_hash"],
        slot=slot,
    )


def _open_attempt(session: Session, **values: object) -> int:
    (row,) = session.rows("open_attempt", **values)
    number: int = row["number"]
    return number


# ---------------------------------------------------------------- record


def _record(
    session: Session, claim: Claim, result: Result, now: Instant
) -> bool:
    """Keep a result; return whether it settled the delivery."""
    before = find(session, claim.delivery.id)
    if before is None:
        return False
    _narrow_gate(session, before.target, result.step.gate, now)
    _give_back_slot(session, claim, result, now)
    if before.fence != claim.delivery.fence or before.state not in IN_FLIGHT:
        return keep_late(session, before, claim, result, now)
    if result.step.state not in TRANSITIONS[before.state]:
        message = f"no way from {before.state} to {result.step.state}"
        raise ValueError(message)
    _close_attempt(session, claim, result, now)
    after = _move_on(session, before, result, now)
    learned = keep_links(session, result.links, now)
    replan = _was_planned_meanwhile(session, claim) or (
        learned and _is_missed(session, after)
    )
    touch_order(session, after, now, replan=replan)
    return True


def _is_missed(session: Session, after: Delivery) -> bool:
    """Return whether something was held because a link was not known."""
    held = session.row(
        "held_for_link",
        store=after.store,
        order_id=after.order_id,
        target=after.target,
    )
    return held is not None


def _was_planned_meanwhile(session: Session, claim: Claim) -> bool:
    """Return whether the order was planned while the call was under way."""
    order = find_order(session, claim.delivery.store, claim.delivery.order_id)
    return order is not None and order.revision != claim.order.revision


def _move_on(
    session: Session, before: Delivery, result: Result, now: Instant
) -> Delivery:
    step = result.step
    unknown = step.state in {_S.SETTLING, _S.UNCERTAIN}
    succeeded = step.state is _S.SUCCEEDED
    if unknown or succeeded:
        forget_applied(session, before)
    after = replace(
        because(before, step.reason),
        state=step.state,
        due_at=step.due_at,
        wait_until=result.wait_until or before.wait_until,
        attempts=before.attempts + (step.counts and _tried(result)),
        claims=0,
        forced=before.forced and not succeeded,
        mapping_hash=result.mapping_hash or before.mapping_hash,
        request=before.request if result.request is None else result.request,
        request_hash=None if unknown else before.request_hash,
    )
    if succeeded:
        after = replace(after, request_hash=result.request_hash)
    return save(session, before, after, now)


def _tried(result: Result) -> bool:
    """Whether the target was at least called on, in vain or not."""
    again = result.step.state in {_S.PENDING, _S.SETTLING}
    return again or result.number is not None


def _close_attempt(
    session: Session, claim: Claim, result: Result, now: Instant
) -> None:
    """Close what `intend` opened, or keep a try that did not get so far."""
    number = result.number
    if number is None:
        if result.outcome is None:
            return
        number = _open_attempt(
            session,
            delivery_id=claim.delivery.id,
            fence=claim.delivery.fence,
            operation=claim.delivery.operation,
            mapping_hash=result.mapping_hash,
            phase=result.phase.value,
            started_at=now,
            request=rows.pack(result.request),
        )
    session.run(
        "close_attempt",
        number=number,
        **rows.attempt_end(claim, result, now),
    )


def _narrow_gate(
    session: Session, target: str, gate: Gate | None, now: Instant
) -> None:
    if gate is not None:
        session.run(
            "narrow_gate",
            name=target,
            paused=gate.pause,
            paused_at=None if gate.pause is None else now,
            closed_until=gate.closed_until,
        )


def _give_back_slot(
    session: Session, claim: Claim, result: Result, now: Instant
) -> None:
    """Without a word about the slot, one that sent nothing is free now."""
    free_at = result.slot_free_at
    if free_at is None and result.number is None:
        free_at = now
    if claim.slot is not None and free_at is not None:
        session.run(
            "give_back_slot",
            target=claim.delivery.target,
            n=claim.slot,
            free_at=free_at,
            delivery_id=claim.delivery.id,
            fence=claim.delivery.fence,
        )


# ----------------------------------------------------------- lost leases


def _lose(
    session: Session, before: Delivery, now: Instant, settle: Millis
) -> None:
    claims = before.claims + (before.state is _S.CLAIMED)
    state = after_lost_lease(
        state=before.state, repeatable=before.repeatable, claims=claims
    )
    sent = before.state is _S.SENDING
    if sent:
        session.run("lose_attempts", delivery_id=before.id, now=now)
        forget_applied(session, before)
    wait = settle if state is _S.SETTLING else 0
    after = replace(
        because(before, _LOST[state]),
        state=state,
        fence=before.fence + 1,
        claims=claims,
        due_at=Instant(now + wait),
        request_hash=None if sent else before.request_hash,
    )
    touch_order(session, save(session, before, after, now), now)
