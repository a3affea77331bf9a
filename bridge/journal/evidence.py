"""Late evidence: what a worker learned after it had lost its lease."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.journal import rows
from bridge.journal.protocol import Claim, Result
from bridge.journal.session import (
    Session,
    because,
    forget_applied,
    keep_links,
    open_attempt,
    save,
    touch_order,
)
from bridge.model import (
    Delivery,
    DeliveryState,
    Instant,
    Kind,
    NewDelivery,
    Reason,
)

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
    not known; of a create that was applied without our knowing, a person
    is told.
    """
    keep_attempt(session, claim, result, now, late=True)
    if result.number is None:
        return False  # nothing was sent: there is nothing to know
    is_last = _is_last(session, before, result.number)
    if is_last and _settles(before, result):
        _settle(session, before, result, now)
        return True
    if result.step.state is _S.SUCCEEDED:
        # It may have undone what a later one did.
        forget_applied(session, before)
        _tell(session, before, result.number, is_last=is_last, now=now)
    for link in result.links:
        session.run("keep_link_if_new", **rows.link_values(link))
    return False


def keep_attempt(
    session: Session,
    claim: Claim,
    result: Result,
    now: Instant,
    *,
    late: bool = False,
) -> None:
    """
    Close what `intend` opened, or keep a try that did not get so far.

    Args:
        late: it is no longer its worker's; only what was sent or asked is
            kept then, and the reason is that.
    """
    number = result.number
    if number is None:
        tried = None if late else result.outcome
        if tried is None and result.finding is None:
            return
        number = open_attempt(
            session, **rows.attempt_begin(claim, result, now)
        )
    end = rows.attempt_end(claim, result, now)
    if late:
        end["reason"] = "late"
    session.run("close_attempt", number=number, **end)


def _is_last(session: Session, before: Delivery, number: int) -> bool:
    """Return whether nothing was sent since; a look-up sends nothing."""
    last = session.row(
        "last_attempt", delivery_id=before.id, operation=before.operation
    )
    return last is not None and last["number"] == number


def _settles(before: Delivery, result: Result) -> bool:
    return before.state in _OPEN and result.step.state in _DEFINITE


def _settle(
    session: Session, before: Delivery, result: Result, now: Instant
) -> None:
    succeeded = result.step.state is _S.SUCCEEDED
    if succeeded:
        forget_applied(session, before)
    after = replace(
        because(before, result.step.reason),
        state=result.step.state,
        request_hash=result.request_hash if succeeded else None,
        forced=before.forced and not succeeded,
    )
    after = save(session, before, after, now)
    keep_links(session, result.links, now)
    touch_order(session, after, now)


# ------------------------------------------------------ what a person sees


_WITHDRAWN: Mapping[str, str] = {
    "code": "applied_after_all",
    "text": "it was cancelled here since: see that it is undone there.",
}
_REPEATED: Mapping[str, str] = {
    "code": "possible_duplicate",
    "text": "it was, or is, sent again since: look for two of them there.",
}


def _tell(
    session: Session,
    before: Delivery,
    number: int,
    *,
    is_last: bool,
    now: Instant,
) -> None:
    """
    Ask a person about a create that was applied behind our back.

    Not when that only confirms what is believed: it succeeded, and nothing
    was sent since.
    """
    if before.repeatable or (is_last and before.state is _S.SUCCEEDED):
        return
    told = _WITHDRAWN if before.state is _S.CANCELLED else _REPEATED
    key = f"{before.effect_key}/late/{before.id}/{number}"
    question = NewDelivery(
        effect_key=key,
        generation=1,
        kind=Kind.ASK,
        store=before.store,
        order_id=before.order_id,
        target=before.target,
        lane=key,
        place=key,
        mapping="",  # no plan takes it back
        rule=before.rule,
        operation="ask",
        repeatable=False,
        blocks=False,
        state=_S.HELD,
        reason=Reason(
            code=told["code"],
            text=f"Call {number} of delivery {before.id} was given up, and"
            f" then answered that it was applied; {told['text']}",
            where={"delivery": before.id, "attempt": number},
        ),
    )
    session.run(
        "insert_delivery",
        now=now,
        due_at=None,
        live_since=now,
        **rows.new_delivery_values(question),
    )
    touch_order(session, before, now, replan=False)
