"""
What a try taught us: from what happened on the wire to an `Outcome`.

The rule: where not a byte was written it was not sent; a status that was
read decides; all else is maybe. No text of an answer gets into a reason.
"""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from pydantic import ValidationError
from pydantic_core import from_json

from bridge.model import (
    HOUR,
    JSON,
    SECOND,
    Applied,
    Exchange,
    Instant,
    Maybe,
    Millis,
    NotProcessed,
    NotSent,
    Outcome,
    Phase,
    Reason,
    Rejected,
)
from bridge.targets.contract import Contract, Operation

BAD_CERTIFICATE = "tls"
"""The failure that no repeat mends: the target is paused."""

UNSENDABLE = "unsendable"
"""A request that no connection can carry (an illegal header or address):
the mapping's fault, so a repeat would not help."""

OUR_FAULT = frozenset({"pool", "token_pool"})
"""No connection was free: the target has no part in it."""

SUCCESS = range(200, 300)
REDIRECT = range(300, 400)
REFUSAL = frozenset(range(400, 500))

SERVER_FAILURE = range(500, 600)

TOO_MANY = 429
CREDENTIALS = frozenset({401, 403})
TRY_LATER = frozenset({423, 425, TOO_MANY})
"""Locked, too early, too many: the target says that it did not look."""

NOT_KNOWN = frozenset({408})
"""A 4xx that may come after the work was begun."""

UNSUPPORTED = frozenset({501, 505})
"""The 5xx that are about the request, not about what became of it."""

ELSEWHERE = frozenset({307, 308})
"""Redirects that ask for the same request again: it was not done here."""

LONGEST_WAIT: Millis = HOUR
"""What a target may ask for; a typo there shall not stop us for years."""

PREPARED_TEXTS = {
    BAD_CERTIFICATE: "The target's certificate was not accepted.",
    UNSENDABLE: "The request can not be sent as it was rendered.",
    "connect": "The target could not be reached.",
    "dns": "The target's name could not be resolved.",
    "timeout": "The target could not be reached in time.",
    "deadline": "There was no time left to send it.",
    "pool": "No connection was free.",
}

UNREAD_TEXTS = {
    "timeout": "The target did not answer in time.",
    "deadline": "The target did not answer before our deadline.",
}


def outcome_of(
    contract: Contract,
    operation: Operation,
    exchange: Exchange,
    *,
    now: Instant,
) -> Outcome:
    """
    Return what *exchange* taught us about *operation*.

    Args:
        now: reads a `Retry-After` that is a date.
    """
    if exchange.phase is Phase.PREPARED:
        return _unsent(exchange)
    if exchange.status is None:
        return _unanswered(exchange)
    if _came_too_early(contract, exchange.status):
        return _later(exchange.status, exchange.retry_after, now=now)
    return _answered(contract, operation, exchange.status, exchange.answer)


def answered(outcome: Outcome, exchange: Exchange) -> bool | None:
    """
    Return whether the target answered at all: what a circuit goes by.

    A target that fails inside (a 5xx without a declared meaning) counts as
    silent: calling it goes on making creates uncertain. None when what went
    wrong says nothing of the target, or pauses it anyway.
    """
    match outcome:
        case NotProcessed():
            return True
        case NotSent():
            ours = outcome.pause or outcome.reason.code in OUR_FAULT
            return None if ours else False
        case _:
            if exchange.phase is Phase.PREPARED:
                return None
            return exchange.status is not None and (
                isinstance(outcome, Rejected)
                or exchange.status not in SERVER_FAILURE
            )


def retry_after(header: str | None, *, now: Instant) -> Millis | None:
    """
    Return the wait that a `Retry-After` *header* asks for.

    Seconds or an HTTP date, clamped to between 0 and an hour; None for what
    is neither.

    Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after,
    2026-11-21
    """
    if header is None:
        return None
    text = header.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return Millis(int(min(float(text) * SECOND, LONGEST_WAIT)))
    try:
        date = parsedate_to_datetime(text)
        seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return Millis(max(0, min(int(seconds * SECOND) - now, LONGEST_WAIT)))


def _unsent(exchange: Exchange) -> Outcome:
    """Nothing of it was written."""
    code = exchange.failure or "connect"
    text = PREPARED_TEXTS.get(code, "Nothing was sent: no connection.")
    reason = Reason(code=code, text=text)
    if code == UNSENDABLE:
        return Rejected(reason=reason)
    return NotSent(reason=reason, pause=code == BAD_CERTIFICATE)


def _unanswered(exchange: Exchange) -> Outcome:
    """It may have been written, and no status came back."""
    code = exchange.failure or "protocol"
    text = UNREAD_TEXTS.get(
        code, "The connection ended before a whole answer."
    )
    return Maybe(reason=Reason(code=code, text=text))


def _came_too_early(contract: Contract, status: int) -> bool:
    """Tell whether the target says that it did not look at it."""
    return status in TRY_LATER or status in contract.not_processed_statuses


def _answered(
    contract: Contract, operation: Operation, status: int, body: bytes
) -> Outcome:
    """Read the answer: its error body first, then its status."""
    try:
        answer: JSON = from_json(body, allow_inf_nan=False)
    except ValueError:
        if status in SUCCESS:
            return _unreadable(operation, body)
        return _refused(status)
    told = contract.failure(status, answer) if contract.failure else None
    if told is not None:
        return told
    if status in SUCCESS:
        return _judged(operation, answer)
    return _refused(status)


def _judged(operation: Operation, answer: JSON) -> Outcome:
    """Read a 2xx answer that is whole."""
    told = operation.judge(answer) if operation.judge else None
    if told is not None:
        return told
    if _fits(operation, answer):
        return Applied(answer=answer)
    reason = Reason(
        code="id_missing",
        text="It was done, but the answer lacks what is expected of it.",
    )
    return _done_somehow(operation, reason, answer=answer)


def _done_somehow(
    operation: Operation, reason: Reason, *, answer: JSON = None
) -> Outcome:
    """
    Read a yes that does not teach what it should.

    A repeatable call is done. A create without its id is of no use to
    later calls, and must be found by a person: it is maybe.
    """
    if operation.repeatable:
        return Applied(answer=answer, note=reason)
    return Maybe(reason=reason)


def _fits(operation: Operation, answer: JSON) -> bool:
    if operation.answer is None:
        return True
    try:
        operation.answer.model_validate(answer)
    except ValidationError:
        return False
    return True


def _unreadable(operation: Operation, body: bytes) -> Outcome:
    """Read a 2xx whose body is no JSON, or was cut."""
    if body.lstrip()[:1] == b"<":
        return Maybe(
            reason=Reason(
                code="not_the_api",
                text="A web page answered in the API's place.",
            )
        )
    reason = Reason(
        code="answer_unreadable",
        text="It was done, but its answer could not be read.",
    )
    return _done_somehow(operation, reason)


def _later(status: int, header: str | None, *, now: Instant) -> Outcome:
    """The target says that it did not look at it."""
    return NotProcessed(
        reason=Reason(
            code="rate_limited" if status == TOO_MANY else f"http_{status}",
            text=f"The target asks to be called later ({status}).",
        ),
        wait=retry_after(header, now=now),
    )


def _refused(status: int) -> Outcome:
    """Read a status that is no success and that nobody knew better."""
    if status in CREDENTIALS:
        return NotProcessed(
            reason=Reason(
                code="credentials_refused",
                text=f"The target refused our credentials ({status}).",
            ),
            refused_credentials=True,
        )
    if status in REDIRECT:
        return _redirected(status)
    if status in UNSUPPORTED or status in REFUSAL - NOT_KNOWN:
        return Rejected(
            reason=Reason(
                code=f"http_{status}",
                text=f"The target refused the request ({status}).",
            )
        )
    return Maybe(
        reason=Reason(
            code=f"http_{status}",
            text=f"The target failed ({status}); it may have been done.",
        )
    )


def _redirected(status: int) -> Outcome:
    """Read a redirect, which is never followed."""
    reason = Reason(
        code="redirect",
        text=f"The target is elsewhere ({status}): look at its base_url.",
    )
    if status in ELSEWHERE:
        return NotProcessed(reason=reason, pause=True)
    return Maybe(reason=reason)
