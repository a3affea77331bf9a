"""The simulators together: each call is decided, recorded and answered."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Response, request
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from bridge.model import JSON, Instant
from bridge.sandbox.every import SimulatedEvery
from bridge.sandbox.faults import (
    WITHHELD,
    Fault,
    FaultKind,
    Faults,
    afterwards,
    hang_up,
    instead,
    too_many,
)
from bridge.sandbox.rayo import SimulatedRayo
from bridge.sandbox.record import Arrival, Gate, Record
from bridge.sandbox.simulator import (
    Answer,
    Call,
    Simulator,
    complaint,
)
from bridge.sandbox.yuju import SimulatedYuju
from bridge.targets.contract import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What was decided about a request: an answer, and how it may break."""

    whole: Response
    fault: Fault | None


class Sandbox:
    """The simulators, their faults and their record, under one lock."""

    def __init__(
        self,
        *,
        now: Callable[[], Instant],
        random_uuid: Callable[[], str],
        record_path: Path | None,
        wait: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.now = now
        self.wait = wait
        self._monotonic = monotonic
        self.lock = threading.Lock()
        self.faults = Faults()
        self.record = Record(record_path)
        self.every = SimulatedEvery(random_uuid=random_uuid)
        self.simulators: dict[str, Simulator] = {
            "rayo": SimulatedRayo(random_uuid=random_uuid),
            "every": self.every,
            "yuju": SimulatedYuju(),
        }
        self.gates = {
            name: Gate(simulator.contract.limit)
            for name, simulator in self.simulators.items()
        }

    def serve(self, api: str, operation: str, **values: str) -> Response:
        """Answer one call to *operation* of *api*, or fail as told."""
        raw = request.get_data()
        call = Call(
            operation=operation,
            values={**request.args.to_dict(), **values},
            headers={key.lower(): text for key, text in request.headers},
            body=_parsed(raw),
            now=self.now(),
        )
        keys = self._keys(api, call)
        with self.lock:
            fault = self.faults.take(api, operation, keys)
        if fault is not None and fault.late_s:
            self.wait(fault.late_s)
            call = replace(call, now=self.now())
        with self.lock:
            arrival = self._arrived(api, raw, at=call.now)
            reply = self._decide(call, replace(arrival, keys=keys), fault)
        return self._send(reply)

    def _keys(self, api: str, call: Call) -> dict[str, JSON]:
        """Return what to know *call* by, the sender's own key among it."""
        keys = dict(self.simulators[api].keys(call))
        ours = call.headers.get("idempotency-key")
        return keys if ours is None else keys | {"idempotency_key": ours}

    def unknown(self, api: str, **_rest: str) -> Response:
        """Record a call to an address that *api* does not have."""
        raw, now = request.get_data(), self.now()
        answer = self.simulators[api].refuse(404, "not-found", "no such path")
        with self.lock:
            arrival = self._arrived(api, raw, at=now)
            self.record.add(replace(arrival, status=answer.status))
        return _response(answer)

    def clear(self) -> None:
        """Forget orders, faults and arrivals."""
        self.faults.clear()
        self.record.clear()
        for name, simulator in self.simulators.items():
            simulator.clear()
            self.gates[name].clear()

    def _arrived(self, api: str, raw: bytes, *, at: Instant) -> Arrival:
        """Count the request, and return what it is known by so far."""
        return Arrival(
            at=at,
            t=round(self._monotonic() * 1000, 3),
            api=api,
            operation=None,
            method=request.method,
            path=request.full_path.rstrip("?"),
            sha256=hashlib.sha256(raw).hexdigest(),
            status=None,
            over_limit=self.gates[api].over_limit(at),
        )

    def _decide(
        self, call: Call, arrival: Arrival, fault: Fault | None
    ) -> _Reply:
        """Apply *call*, or not, and record what was made of it."""
        simulator = self.simulators[arrival.api]
        answer = _answer(simulator, call, fault, over_limit=arrival.over_limit)
        is_withheld = fault is not None and fault.fault in WITHHELD
        self.record.add(
            replace(
                arrival,
                operation=call.operation,
                status=None if is_withheld else answer.status,
                applied=answer.applied,
                made=answer.made,
                fault=fault.fault if fault is not None else None,
            )
        )
        return _Reply(whole=_response(answer), fault=fault)

    def _send(self, reply: _Reply) -> Response:
        """Send the answer, late, broken or not at all if so told."""
        fault, whole = reply.fault, reply.whole
        if fault is None:
            return whole
        self.wait(fault.wait_s)
        if fault.fault in WITHHELD:
            hang_up(request.environ)
        elif fault.fault is FaultKind.TRUNCATED:
            hang_up(request.environ, _first_half(whole))
        elif fault.fault is FaultKind.BROKEN_JSON:
            content = whole.get_data()
            whole.set_data(content[: len(content) // 2])
        return whole


def _answer(
    simulator: Simulator,
    call: Call,
    fault: Fault | None,
    *,
    over_limit: bool,
) -> Answer:
    """Return what is answered to *call*, once it was applied if it is."""
    told = instead(simulator, fault) if fault is not None else None
    if told is not None:
        return told
    if over_limit:
        return too_many(simulator, seconds=1)
    if not simulator.lets_in(call):
        return simulator.refuse_token()
    wrong = _wrong(simulator.contract.operations.get(call.operation), call)
    if wrong is not None:
        return simulator.refuse(400, "validation-failed", wrong)
    answer = simulator.apply(call)
    return afterwards(simulator, fault, answer) if fault else answer


def _wrong(operation: Operation | None, call: Call) -> str | None:
    """Return what is wrong with *call* by its contract, if anything is."""
    if operation is None:
        return None
    body = operation.dressed or operation.body
    try:
        if operation.path_fields is not None:
            operation.path_fields.model_validate_strings(call.values)
        if body is not None:
            body.model_validate(call.body)
            media = call.headers.get("content-type", "")
            if not media.startswith("application/json"):
                return "content-type: application/json is expected"
    except ValidationError as error:
        return complaint(error)
    return None


def _parsed(raw: bytes) -> JSON:
    """Return *raw* as JSON; None, which fits no model, when it is none."""
    try:
        return from_json(raw)
    except ValueError:
        return None


def _response(answer: Answer) -> Response:
    return Response(
        to_json(answer.body),
        status=answer.status,
        headers=dict(answer.headers),
        mimetype="application/json",
    )


def _first_half(whole: Response) -> bytes:
    """Return an answer on the wire as far as the middle of its body."""
    content = whole.get_data()
    head = (
        f"HTTP/1.1 {whole.status}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content[: len(content) // 2]
