"""Late evidence: what a worker learned after it had lost its lease."""

from dataclasses import replace

from bridge.journal import rows
from bridge.journal.protocol import Claim, Result
from bridge.journal.session import (
    Session,
    because,
    forget_applied,
    keep_links,
    save,
    touch_order,
)
from bridge.model import Delivery, DeliveryState, Instant

_S = DeliveryState

_OPEN = frozenset({_S.UNCERTAIN, _S.SETTLING})
"""The states in which nobody knows, and nobody is asking."""

_DEFINITE = frozenset({_S.SUCCEEDED, _S.DEAD})


def keep_late(
    session: Session,
    before: Delivery,
    claim: Claim,
    result: Result,
    now: Instant,
) -> bool:
    """
    Keep a late result; return whether it settled the delivery.

    It does when it is definite, comes from the last attempt, and nobody
    has moved the delivery on since: `uncertain`, `settling` → `succeeded`,
    `dead`. Otherwise only the attempt is kept, and what it taught that was
    not known.
    """
    if result.number is None:
        return False  # nothing was sent: there is nothing to know
    session.run(
        "close_attempt",
        number=result.number,
        **rows.attempt_end(claim, result, now) | {"reason": "late"},
    )
    if _settles(session, before, result):
        _settle(session, before, result, now)
        return True
    if result.step.state is _S.SUCCEEDED:
        # It may have undone what a later one did.
        forget_applied(session, before)
    for link in result.links:
        session.run("keep_link_if_new", **rows.link_values(link))
    return False


def _settles(session: Session, before: Delivery, result: Result) -> bool:
    last = session.row("last_attempt", delivery_id=before.id)
    return (
        last is not None
        and last["number"] == result.number
        and before.state in _OPEN
        and result.step.state in _DEFINITE
    )


def _settle(
    session: Session, before: Delivery, result: Result, now: Instant
) -> None:
    forget_applied(session, before)
    succeeded = result.step.state is _S.SUCCEEDED
    after = replace(
        because(before, result.step.reason),
        state=result.step.state,
        request_hash=result.request_hash if succeeded else None,
        forced=before.forced and not succeeded,
    )
    after = save(session, before, after, now)
    keep_links(session, result.links, now)
    touch_order(session, after, now)
