"""What came of a claim: kept, and the delivery moved on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.circuit import Circuit
from bridge.journal import rows
from bridge.journal.evidence import keep_attempt, keep_late
from bridge.journal.health import Health, keep_health
from bridge.journal.protocol import Claim, Result
from bridge.journal.rows import Row
from bridge.journal.session import (
    Session,
    forget_applied,
    keep_links,
    reasoned,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """
    What became of a result.

    Args:
        settled: the delivery moved on by it.
        replans: its order is to be planned again, now.
    """

    settled: bool
    replans: bool = False


def keep_result(
    session: Session, claim: Claim, result: Result, now: Instant
) -> Kept:
    """Keep a result; what it can not settle is kept as late evidence."""
    row = session.row("delivery_at_work", id=claim.delivery.id)
    if row is None:
        return Kept(settled=False)
    health, revision = _health(row), row.pop("revision")
    # What was sent is kept already, and nothing here looks at it.
    before = rows.delivery(row | {"request": None})
    keep_health(session, claim, result, health, now)
    _give_back_slot(session, claim, result, now)
    if not _is_held(before, claim):
        settled = keep_late(session, before, claim, result, now)
        return Kept(settled=settled, replans=settled)
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
    replans = touch_order(
        session, after, now, replan=replan and not asked_in_vain
    )
    return Kept(settled=True, replans=replans)


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
    changes: dict[str, Any] = {
        **reasoned(step.reason),
        **(_counted(before, result.finding) if looked else _sent(result)),
        "state": step.state,
        "due_at": step.due_at,
        "wait_until": result.wait_until or before.wait_until,
        "attempts": before.attempts + (step.counts and _tried(result)),
        "claims": 0,
        "forced": before.forced and not succeeded,
    }
    if succeeded:
        changes["request_hash"] = result.request_hash
    elif unknown:
        changes["request_hash"] = None
    return save(session, before, replace(before, **changes), now)


def _looked(before: Delivery, result: Result) -> bool:
    """Return whether the target was only asked."""
    other = result.operation not in {None, before.operation}
    return other or result.finding is not None


def _counted(before: Delivery, finding: Finding | None) -> dict[str, Any]:
    """Count one look-up more, if it was one that told."""
    if finding is None:
        return {}
    absent = finding is Finding.ABSENT
    return {
        "lookups": before.lookups + 1,
        "absences": before.absences + 1 if absent else 0,
    }


def _sent(result: Result) -> dict[str, Any]:
    """Return what is known of the request, where the intent has not kept it."""
    news = {"mapping_hash": result.mapping_hash}
    if result.number is None:
        news["request"] = result.request
    return {name: value for name, value in news.items() if value is not None}


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
