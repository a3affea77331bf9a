"""What came of a claim: kept, and the delivery moved on."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.circuit import Circuit
from bridge.journal import rows
from bridge.journal.evidence import keep_attempt, keep_late
from bridge.journal.health import Health, keep_health
from bridge.journal.protocol import Claim, Result
from bridge.journal.rows import Row
from bridge.journal.session import (
    Session,
    because,
    forget_applied,
    keep_links,
    save,
    touch_order,
)
from bridge.lifecycle import ways_by
from bridge.model import (
    IN_FLIGHT,
    Delivery,
    DeliveryState,
    Finding,
    Instant,
)

_S = DeliveryState

_RECORDED = ways_by("record")


def keep_result(
    session: Session, claim: Claim, result: Result, now: Instant
) -> bool:
    """Keep a result; return whether it settled the delivery."""
    row = session.row("delivery_at_work", id=claim.delivery.id)
    if row is None:
        return False
    health, revision = _health(row), row.pop("revision")
    before = rows.delivery(row)
    keep_health(session, claim, result, health, now)
    _give_back_slot(session, claim, result, now)
    if not _is_held(before, claim):
        return keep_late(session, before, claim, result, now)
    _check(before, result)
    keep_attempt(session, claim, result, now)
    after = _move_on(session, before, result, now)
    learned = keep_links(session, result.links, now)
    replan = (
        # What was planned meanwhile was planned without knowing this.
        revision != claim.order.revision
        or result.finding is Finding.FOUND
        # What the order asks for may have waited for a person's decision.
        or before.forced
        or (learned and _is_missed(session, after))
    )
    asked_in_vain = before.state is after.state is _S.UNCERTAIN
    touch_order(session, after, now, replan=replan and not asked_in_vain)
    return True


def _health(row: Row) -> Health:
    """Take the target's part out of a row of `delivery_at_work`."""
    names = ("failures", "trips", "probing", "circuit_until")
    failures, trips, probing, until = (row.pop(name) for name in names)
    circuit = Circuit(
        failures=failures or 0, trips=trips or 0, probing=bool(probing)
    )
    return Health(circuit=circuit, shut_until=until)


def _is_held(before: Delivery, claim: Claim) -> bool:
    """Return whether nobody else has, or has decided, the delivery."""
    if before.fence != claim.delivery.fence:
        return False
    if claim.delivery.state is _S.UNCERTAIN:
        return before.state is _S.UNCERTAIN
    return before.state in IN_FLIGHT


_ONLY_IF: Mapping[tuple[_S, _S], frozenset[Finding]] = {
    (_S.CLAIMED, _S.SUCCEEDED): frozenset({Finding.FOUND}),
    (_S.UNCERTAIN, _S.SUCCEEDED): frozenset({Finding.FOUND}),
    (_S.UNCERTAIN, _S.PENDING): frozenset({Finding.ABSENT, Finding.UNCLEAR}),
    (_S.UNCERTAIN, _S.DEAD): frozenset(),
}
"""What a look-up must have said for these."""


def _check(before: Delivery, result: Result) -> None:
    way = (before.state, result.step.state)
    allowed = result.step.state in _RECORDED[before.state]
    if not allowed or result.finding not in _ONLY_IF.get(
        way, {result.finding}
    ):
        message = f"no way from {way[0]} to {way[1]}"
        raise ValueError(message)


def _is_missed(session: Session, after: Delivery) -> bool:
    """Return whether something was held because a link was not known."""
    held = session.row(
        "held_for_link",
        store=after.store,
        order_id=after.order_id,
        target=after.target,
    )
    return held is not None


# ---------------------------------------------------------- the delivery


def _move_on(
    session: Session, before: Delivery, result: Result, now: Instant
) -> Delivery:
    step, looked = result.step, _looked(before, result)
    unknown = step.state in {_S.SETTLING, _S.UNCERTAIN} and not looked
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
        request_hash=None if unknown else before.request_hash,
    )
    if succeeded:
        after = replace(after, request_hash=result.request_hash)
    if looked:
        after = _counted(after, result.finding)
    else:
        after = _with_request(after, result)
    return save(session, before, after, now)


def _looked(before: Delivery, result: Result) -> bool:
    """Return whether the target was only asked."""
    other = result.operation not in {None, before.operation}
    return other or result.finding is not None


def _counted(after: Delivery, finding: Finding | None) -> Delivery:
    """Return *after* with one look-up more, if it was one that told."""
    if finding is None:
        return after
    absent = finding is Finding.ABSENT
    return replace(
        after,
        lookups=after.lookups + 1,
        absences=after.absences + 1 if absent else 0,
    )


def _with_request(after: Delivery, result: Result) -> Delivery:
    return replace(
        after,
        mapping_hash=result.mapping_hash or after.mapping_hash,
        request=after.request if result.request is None else result.request,
    )


def _tried(result: Result) -> bool:
    """Whether the target was at least called on, in vain or not."""
    again = result.step.state in {_S.PENDING, _S.SETTLING}
    return again or result.number is not None


# -------------------------------------------------------------- the slot


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
