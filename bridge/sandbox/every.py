"""
A simulated Every.

Its errors are an invention, as the vendor publishes none. It lists the
newest first and takes any change of status.
"""

from collections.abc import Callable, Mapping

from pydantic import ConfigDict
from typing_extensions import override

from bridge.model import JSON, Instant
from bridge.sandbox.simulator import (
    CREDENTIALS,
    Answer,
    Call,
    Simulator,
    iso,
    part,
    picked,
)
from bridge.targets import every
from bridge.targets.contract import optional

MOST_ROWS = 1000
ROWS = 100
"""
Source: https://developers.goevery.co/api-reference/endpoint/get-v1orders,
2026-11-21
"""

SHOWN = ("status", "sellingPriceCents")
"""What an order is known to be in by the record."""

BLANK: Mapping[str, JSON] = {
    "status": "NEW",
    "recipient": {},
    "contentDescription": "Paquete",
    "notes": "Sin notas",
    "sellingPriceCents": 0,
    "cashOnDeliveryRequestCents": 0,
    "customerReliability": "NO_ORDERS",
    "customerBehavior": {},
}
"""What an order has where nobody said anything."""


class Imported(every.CreateOrder):
    """An order that Every is to have imported from a shop by itself."""

    model_config = ConfigDict(extra="forbid")

    referenceGid: str = optional()
    paymentMethods: list[str] = optional()


class SimulatedEvery(Simulator):
    """Orders by the bare part of their name, oldest first."""

    contract = every.CONTRACT

    def __init__(self, *, random_uuid: Callable[[], str]) -> None:
        self._random_uuid = random_uuid
        self._orders: dict[str, dict[str, JSON]] = {}

    @override
    def refuse(self, status: int, code: str, text: str) -> Answer:
        error = {"code": status, "status": code, "message": text}
        return Answer(status=status, body={"error": error})

    @override
    def refuse_token(self) -> Answer:
        return self.refuse(401, "unauthenticated", "invalid token")

    @override
    def lets_in(self, call: Call) -> bool:
        token = CREDENTIALS["every"]["token"]
        return call.headers.get("authorization") == f"Bearer {token}"

    @override
    def keys(self, call: Call) -> Mapping[str, JSON]:
        return {
            **call.values,
            **picked(call.body, "updateMask", *every.REFERENCES),
            **picked(call.body, *SHOWN),
            **picked(part(call.body, "order"), *SHOWN),
        }

    @override
    def apply(self, call: Call) -> Answer:
        match call.operation:
            case "create_order":
                order = self.add(call.body, now=call.now)
                bare = order["name"].removeprefix("orders/")
                return Answer(status=200, body=order, applied=True, made=bare)
            case "update_order":
                return self._update(call)
            case _:
                return self._list(call)

    def add(self, order: Mapping[str, JSON], *, now: Instant) -> JSON:
        """Keep *order*, also a second one with the same references."""
        bare = self._random_uuid().replace("-", "")[:24]
        made = {
            "name": f"orders/{bare}",
            "createTime": iso(now),
            "updateTime": iso(now),
        }
        self._orders[bare] = {**made, **BLANK, **order}
        return self._orders[bare]

    def _update(self, call: Call) -> Answer:
        order = self._orders.get(call.values["id"])
        if order is None:
            return self.refuse(404, "not_found", "no such order")
        changed = {name: call.body["order"][name] for name in _mask(call)}
        order.update(changed, updateTime=iso(call.now))
        return Answer(status=200, body=order, applied=True)

    def _list(self, call: Call) -> Answer:
        size = _rows(call.values.get("pageSize", str(ROWS)))
        if size is None:
            return self.refuse(400, "invalid_argument", "pageSize: 1 to 1000")
        newest = list(reversed(self._orders))
        token = call.values.get("pageToken", newest[0] if newest else "")
        if newest and token not in newest:
            return self.refuse(400, "invalid_argument", "pageToken: unknown")
        rest = newest[newest.index(token) :] if newest else []
        shown, later = rest[:size], rest[size:]
        page: dict[str, JSON] = {
            "orders": [self._orders[name] for name in shown]
        }
        if later:
            page["nextPageToken"] = later[0]
        return Answer(status=200, body=page)

    @override
    def state(self) -> JSON:
        return {"orders": self._orders}

    @override
    def clear(self) -> None:
        self._orders.clear()


def _mask(call: Call) -> list[str]:
    mask: list[str] = call.body["updateMask"]
    return mask


def _rows(text: str) -> int | None:
    """Return the number of rows that is asked for, if it may be asked."""
    size = int(text) if text.isascii() and text.isdecimal() else 0
    return size if 0 < size <= MOST_ROWS else None
