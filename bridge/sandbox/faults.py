"""The ways in which the sandbox can be told to fail."""

import socket
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bridge.model import JSON
from bridge.sandbox.simulator import Answer, Simulator


class FaultKind(StrEnum):
    """What goes wrong."""

    REFUSE = "refuse"
    """A 4xx in the API's error shape (`status`, else 400)."""
    ERROR = "error"
    """A 5xx without applying (`status`, else 503)."""
    RATE_LIMIT = "rate_limit"
    """429 with Retry-After (`seconds`, else 1)."""
    UNAUTHORIZED = "wrong_token"
    """As if the token were not taken."""
    EXPIRED = "expired_token"
    """The same: these APIs answer alike."""
    DROP_BEFORE_APPLY = "drop_before_apply"
    """The connection ends; nothing was applied."""
    DELAY = "delay"
    """Applied at once, answered `seconds` later."""
    DROP_ANSWER_AFTER_APPLY = "drop_answer_after_apply"
    """Applied; the connection ends without an answer."""
    ERROR_AFTER_APPLY = "error_after_apply"
    """Applied, and answered with a 5xx (`status`, else 500)."""
    LATE = "late"
    """Arrives `seconds` later, and is applied then; no answer reaches us."""
    BROKEN_JSON = "broken_json"
    """Applied; half of the answer's JSON, as if it were all."""
    TRUNCATED = "truncated"
    """Applied; the connection ends in the middle of the answer."""


WITHHELD = frozenset(
    {
        FaultKind.DROP_BEFORE_APPLY,
        FaultKind.DROP_ANSWER_AFTER_APPLY,
        FaultKind.LATE,
    }
)
"""The kinds that get no answer at all."""


class Fault(BaseModel):
    """
    One order to fail, as `POST /sandbox/faults` takes it.

    It strikes the next *times* requests that fit, or all of them when
    *times* is null. *match* compares what the record has as `keys`; where
    that is a list, one of it is enough.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    api: str
    operation: str | None = None
    """Any operation when left out; `auth` is Rayo's token exchange."""
    fault: FaultKind
    times: int | None = Field(default=1, ge=1)
    match: dict[str, str | int] = Field(default_factory=dict)
    seconds: float | None = Field(default=None, ge=0, le=600)
    """Waits this long before it answers, or before it hangs up."""
    status: int | None = Field(default=None, ge=400, le=599)

    def fits(self, api: str, operation: str, keys: Mapping[str, JSON]) -> bool:
        """Tell whether it strikes this request."""
        return (
            self.api == api
            and self.operation in {None, operation}
            and all(
                _is_among(value, keys.get(name))
                for name, value in self.match.items()
            )
        )

    @property
    def wait_s(self) -> float:
        """How long the answer is held back."""
        others = {FaultKind.RATE_LIMIT, FaultKind.LATE}
        return 0.0 if self.fault in others else self.seconds or 0.0

    @property
    def late_s(self) -> float:
        """How long the request is held back on its way."""
        return (self.seconds or 0.0) if self.fault is FaultKind.LATE else 0.0


class Faults:
    """The faults that are yet to strike, the first told first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let *fault* strike when a request fits."""
        self._faults.append(fault)

    def take(
        self, api: str, operation: str, keys: Mapping[str, JSON]
    ) -> Fault | None:
        """Return the fault for this request, counting it."""
        for place, fault in enumerate(self._faults):
            if fault.fits(api, operation, keys):
                self._count(place, fault)
                return fault
        return None

    def _count(self, place: int, fault: Fault) -> None:
        if fault.times == 1:
            del self._faults[place]
        elif fault.times is not None:
            left = fault.model_copy(update={"times": fault.times - 1})
            self._faults[place] = left

    def all(self) -> list[dict[str, Any]]:
        """Return those that are left."""
        return [fault.model_dump(mode="json") for fault in self._faults]

    def clear(self) -> None:
        """Withdraw all."""
        self._faults.clear()


def instead(simulator: Simulator, fault: Fault) -> Answer | None:
    """Return the answer of a fault that keeps a call from being applied."""
    match fault.fault:
        case FaultKind.REFUSE:
            code = "constraint-violation"
            return simulator.refuse(fault.status or 400, code, "refused")
        case FaultKind.ERROR:
            return _failed(simulator, fault.status or 503)
        case FaultKind.RATE_LIMIT:
            return too_many(simulator, seconds=fault.seconds or 1)
        case FaultKind.UNAUTHORIZED | FaultKind.EXPIRED:
            return simulator.refuse_token()
        case FaultKind.DROP_BEFORE_APPLY:
            return _failed(simulator, 500)
        case _:
            return None


def afterwards(simulator: Simulator, fault: Fault, answer: Answer) -> Answer:
    """Return what is answered in place of *answer*, once it is applied."""
    if fault.fault is not FaultKind.ERROR_AFTER_APPLY:
        return answer
    failed = _failed(simulator, fault.status or 500)
    return Answer(
        status=failed.status,
        body=failed.body,
        applied=answer.applied,
        made=answer.made,
    )


def too_many(simulator: Simulator, *, seconds: float) -> Answer:
    """Return a 429 that asks to stay away for so long."""
    refusal = simulator.refuse(429, "too-many-requests", "too many requests")
    return Answer(
        status=refusal.status,
        body=refusal.body,
        headers={"Retry-After": f"{seconds:g}"},
    )


def hang_up(environ: Mapping[str, Any], unfinished: bytes = b"") -> None:
    """
    End the client's connection, after *unfinished* if that is given.

    What the server writes afterwards goes nowhere, which werkzeug and
    gunicorn take as a client that left.

    Raises:
        ConnectionAbortedError: there is no connection, as in Flask's test
            client.
    """
    connection: socket.socket | None = environ.get(
        "werkzeug.socket", environ.get("gunicorn.socket")
    )
    if connection is None:
        raise ConnectionAbortedError
    if unfinished:
        connection.sendall(unfinished)
    connection.shutdown(socket.SHUT_RDWR)


def _failed(simulator: Simulator, status: int) -> Answer:
    return simulator.refuse(status, "unexpected", "internal error")


def _is_among(wanted: str | int, found: JSON) -> bool:
    values = found if isinstance(found, list) else [found]
    return str(wanted) in map(str, values)
