"""
What a person holds: nothing is sent of it until she lets it go.

A delivery on hold waits for a person like others, and blocks its lane; what
sets it apart is its reason. What it was before is kept beside that, and it
is so again when it is let go, by a person or when its time has come. One of
unknown fate stays `uncertain`: it is not asked for at the target meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.model import (
    JSON,
    RESTORED,
    Delivery,
    DeliveryState,
    Instant,
    Kind,
    Reason,
)

ON_HOLD = "on_hold"
"""Reason of what a person holds."""

WAITS_FOR_A_WORD = frozenset({"came_back", "operator", RESTORED, ON_HOLD})
"""Reasons of held calls that only a person lets go: neither another text of
the mapping nor a better order does."""

_S = DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """
    What a person said, and where the delivery goes back to.

    Args:
        until: when it is let go by itself; None: not before she says so.
        asks: it is asked for at the target then.
    """

    by: str
    until: Instant | None
    state: DeliveryState
    reason: Reason | None
    asks: bool = False


def hold_of(delivery: Delivery) -> Hold | None:
    """Return what a person said of a delivery that she holds."""
    if delivery.reason != ON_HOLD:
        return None
    told, was = delivery.where, delivery.where["was"]
    reason = None
    if was["reason"] is not None:
        reason = Reason(
            code=was["reason"],
            text=delivery.reason_text,
            where=was["where"],
        )
    return Hold(
        by=told["by"],
        until=told["until"],
        state=_S(was["state"]),
        reason=reason,
        asks=was["asks"],
    )


def state_of(delivery: Delivery) -> DeliveryState:
    """Return the state that counts for a plan: what it was before."""
    hold = hold_of(delivery)
    return hold.state if hold else delivery.state


def reason_of(delivery: Delivery) -> str | None:
    """Return the reason behind that of the hold."""
    hold = hold_of(delivery)
    if hold is None:
        return delivery.reason
    return hold.reason.code if hold.reason else None


def is_over(delivery: Delivery, now: Instant) -> bool:
    """Return whether it is held, and its time has come."""
    hold = hold_of(delivery)
    return hold is not None and hold.until is not None and hold.until <= now


def hold_reason(before: Delivery, *, by: str, until: Instant | None) -> Reason:
    """Return the reason of what is put on hold, or held for longer."""
    hold = hold_of(before)
    if hold is not None:
        was = before.where["was"]
    else:
        was = _was(
            before.state,
            before.reason,
            before.where,
            asks=before.due_at is not None,
        )
    return Reason(
        code=ON_HOLD,
        text=before.reason_text,
        where={"by": by, "until": until, "was": was},
    )


def held_question(before: Delivery, reason: Reason) -> Reason:
    """Return *reason* for a question; on hold if it was before."""
    hold = hold_of(before)
    if hold is None:
        return reason
    was = _was(_S.HELD, reason.code, reason.where, asks=False)
    return Reason(
        code=ON_HOLD,
        text=reason.text,
        where={"by": hold.by, "until": hold.until, "was": was},
    )


def put_on_hold(
    before: Delivery, *, by: str, until: Instant | None
) -> Delivery:
    """
    Return it on hold.

    A look-up that is under way must not settle it any more.
    """
    reason = hold_reason(before, by=by, until=until)
    unknown = before.state is _S.UNCERTAIN
    return replace(
        before,
        state=before.state if unknown else _S.HELD,
        reason=reason.code,
        reason_text=reason.text,
        where=reason.where,
        fence=before.fence + unknown,
        due_at=None,
    )


def let_go(before: Delivery, now: Instant) -> Delivery:
    """Return it as it was; a call that may be rendered now is due."""
    hold = hold_of(before)
    assert hold is not None, "the caller has looked"
    reason = hold.reason
    renders = (
        hold.state is _S.HELD
        and before.kind is Kind.CALL
        and (reason is None or reason.code not in WAITS_FOR_A_WORD)
    )
    if renders:
        reason = None
    return replace(
        before,
        state=_S.PENDING if renders else hold.state,
        reason=reason.code if reason else None,
        reason_text=reason.text if reason else "",
        where=reason.where if reason else {},
        due_at=now if renders or hold.asks else None,
        live_since=now if renders else before.live_since,
    )


def _was(
    state: DeliveryState,
    reason: str | None,
    where: Mapping[str, JSON],
    *,
    asks: bool,
) -> Mapping[str, JSON]:
    return {
        "state": state.value,
        "reason": reason,
        "where": where,
        "asks": asks,
    }
