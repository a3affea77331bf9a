"""
The simulated targets, and the truth that they keep.

What a target applied and when it arrived, by its own clock, is written down
here and nowhere else; the bridge's records have no part in it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bridge.model import Instant
from bridge.sandbox.every import SimulatedEvery
from bridge.sandbox.faults import too_many
from bridge.sandbox.rayo import SimulatedRayo
from bridge.sandbox.simulator import CREDENTIALS, Answer, Call, Simulator
from bridge.sandbox.yuju import SimulatedYuju

CREATES = frozenset({"create_order"})
CHANGES = CREATES | {"update_delivery", "update_order", "set_status"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    One whole request on its way to a target.

    Args:
        number: of all requests of one life, from 1.
        written_at: true milliseconds.
    """

    number: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    written_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """
    One request as the target saw it.

    Args:
        at: true milliseconds.
        order: what the target knows the order by; None where it concerns
            none.
        said: what the request wanted, in the judge's words.
        reference: the target's own id of the order.
    """

    at: int
    number: int
    operation: str
    order: str | None
    applied: bool
    status: int
    said: Mapping[str, Any] = field(default_factory=dict)
    reference: str | None = None


class Site:
    """
    One target: its simulator, its clock, its memory of what arrived.

    Args:
        true: gives the target's own clock.
        refuses_until: it takes no credentials before then.
        refuses: so many of the next requests' credentials.
        answers: how many were given so far.
        written: the numbers of all creates, arrived or not.
        creating: when a create of an order was written, and when its
            answer came or was given up.
    """

    def __init__(
        self, name: str, simulator: Simulator, true: Callable[[], int]
    ) -> None:
        self.name = name
        self.simulator = simulator
        self._true = true
        self._routes = _routes(simulator)
        self.arrivals: list[Arrival] = []
        self.references: dict[str, str] = {}
        self.refuses_until = -1
        self.refuses = 0
        self.answers = 0
        self.creating: dict[str, tuple[int, int]] = {}
        self.written: set[int] = set()

    def take(
        self,
        asked: Asked,
        *,
        now: int,
        instead: Callable[[Simulator], Answer] | None = None,
    ) -> Answer:
        """
        Answer one request that arrived, and keep what it did.

        Args:
            now: true milliseconds.
            instead: an answer in whose favour nothing is applied.
        """
        call, operation = self._call(asked)
        answer = self._answer(call, now, instead)
        self._keep(asked, call, operation, answer, now)
        return answer

    def applied(self, operation: str, order: str) -> list[Arrival]:
        """Return what was applied to an order, in the order of arrival."""
        return [
            arrival
            for arrival in self.arrivals
            if arrival.applied
            and arrival.operation == operation
            and arrival.order == order
        ]

    def knows(self, number: int) -> bool:
        """Return whether a request of that number ever arrived."""
        return any(arrival.number == number for arrival in self.arrivals)

    def begin(self, asked: Asked, timeout: int) -> None:
        """Note that a create was written, and waits for its answer."""
        order = self.created(asked)
        if order is not None:
            ends = asked.written_at + timeout
            self.creating[order] = (asked.written_at, ends)
            self.written.add(asked.number)

    def end(self, asked: Asked, at: int) -> None:
        """Note when its answer comes."""
        order = self.created(asked)
        if order is not None:
            began, ends = self.creating.get(order, (at, at))
            self.creating[order] = (began, min(ends, at))

    def created(self, asked: Asked) -> str | None:
        """Return the order that a request creates, if it is such."""
        if asked.method != "POST" or not asked.body:
            return None
        body = json.loads(asked.body)
        if "productos" in body:
            return order_of_sku(body["productos"][0]["identificador"])
        return str(body["referenceId"]) if "referenceId" in body else None

    def _call(self, asked: Asked) -> tuple[Call, str]:
        parts = urlsplit(asked.target)
        name, values = "unknown", dict(parse_qsl(parts.query))
        for method, pattern, operation in self._routes:
            found = pattern.fullmatch(parts.path)
            if found and method == asked.method:
                name = operation
                values |= found.groupdict()
                break
        call = Call(
            operation=name,
            values=values,
            headers=asked.headers,
            body=json.loads(asked.body) if asked.body else None,
            now=Instant(self._true()),
        )
        return call, name

    def _answer(
        self,
        call: Call,
        now: int,
        instead: Callable[[Simulator], Answer] | None,
    ) -> Answer:
        limit = self.simulator.contract.limit
        if instead is not None:
            return instead(self.simulator)
        if limit is not None:
            recent = [a for a in self.arrivals if a.at > now - limit.window]
            if len(recent) >= limit.requests:
                return too_many(self.simulator, seconds=1)
        if self.refuses and call.operation in CHANGES:
            self.refuses -= 1
            return self.simulator.refuse_token()
        if now < self.refuses_until or not self.simulator.lets_in(call):
            return self.simulator.refuse_token()
        if call.operation == "unknown":
            return self.simulator.refuse(404, "not-found", "no such path")
        return self.simulator.apply(call)

    def _keep(
        self,
        asked: Asked,
        call: Call,
        operation: str,
        answer: Answer,
        now: int,
    ) -> None:
        order, said, reference = self._about(call, answer)
        self.arrivals.append(
            Arrival(
                at=now,
                number=asked.number,
                operation=operation,
                order=order,
                applied=answer.applied,
                status=answer.status,
                said=said,
                reference=reference,
            )
        )

    def _about(
        self, call: Call, answer: Answer
    ) -> tuple[str | None, Mapping[str, Any], str | None]:
        """Return which order a call is about, what it says, and its id."""
        body = call.body if isinstance(call.body, dict) else {}
        match call.operation:
            case "create_order" if "productos" in body:
                order = order_of_sku(body["productos"][0]["identificador"])
                reference = _reference(answer)
                if reference is not None:
                    self.references[reference] = order
                return order, _house(body), reference
            case "create_order":
                order, reference = str(body["referenceId"]), None
                if answer.applied:
                    reference = str(answer.body["name"]).split("/")[-1]
                    self.references[reference] = order
                return order, {"status": body.get("status")}, reference
            case "update_delivery":
                reference = call.values["orderId"]
                guide = body["rastreo"]["rastreo_numero"]
                return self.references.get(reference), {"guide": guide}, None
            case "update_order":
                reference = call.values["id"]
                return self.references.get(reference), body["order"], None
            case "set_status":
                return str(body["id_order"]), {"status": body["status"]}, None
            case _:
                return None, {}, None


def order_of_sku(sku: str) -> str:
    """Return the order that a SKU was made for: one order, one SKU."""
    return sku.removeprefix("SKU-")


def sites(
    random_uuid: Callable[[], str], true: Callable[[], int]
) -> dict[str, Site]:
    """Return the three targets, by the names of `targets.yaml`."""
    return {
        "rayo-mx": Site(
            "rayo-mx", SimulatedRayo(random_uuid=random_uuid), true
        ),
        "every-co": Site(
            "every-co", SimulatedEvery(random_uuid=random_uuid), true
        ),
        "yuju-mx": Site("yuju-mx", SimulatedYuju(), true),
    }


def _routes(
    simulator: Simulator,
) -> list[tuple[str, re.Pattern[str], str]]:
    contract = simulator.contract
    calls = [
        (operation.method, operation.path, operation.name)
        for operation in contract.operations.values()
    ]
    if contract.exchange is not None:
        auth = contract.exchange.request(CREDENTIALS[contract.name])
        calls.append((auth.method, auth.path, auth.operation))
    return [
        (
            method,
            re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)),
            name,
        )
        for method, path, name in calls
    ]


def _reference(answer: Answer) -> str | None:
    return str(answer.body["orden"]["ordenRef"]) if answer.applied else None


def _house(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"house": body["consumidor_destino"].get("no_exterior")}
