"""
A simulated Yuju.

It knows every order that it is asked about, as one that was paid, and takes
any change of state; the moves that `actions` did not offer are marked.
"""

from collections.abc import Mapping

from typing_extensions import override

from bridge.model import JSON
from bridge.sandbox.simulator import (
    CREDENTIALS,
    Answer,
    Call,
    Simulator,
    picked,
)
from bridge.targets import yuju

MOVES = {
    "cancel": "canceled",
    "set_ready_to_ship": "ready_to_ship",
    "set_shipped": "shipped",
    "set_delivered": "delivered",
}
"""
The state that each of `actions` leads to.

Source: https://api-docs.yuju.io/docs/estructura-normal, 2026-11-21
"""

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "paid": tuple(MOVES),
    "ready_to_ship": ("cancel", "set_shipped", "set_delivered"),
    "shipped": ("set_delivered",),
    "delivered": (),
    "canceled": (),
}
"""What an order allows in each state: our reading, not the vendor's."""


class SimulatedYuju(Simulator):
    """Orders by `channel/order`, each with the moves it made."""

    contract = yuju.CONTRACT

    def __init__(self) -> None:
        self._orders: dict[str, dict[str, JSON]] = {}

    @override
    def refuse(self, status: int, code: str, text: str) -> Answer:
        return Answer(status=status, body={"message": text})

    @override
    def refuse_token(self) -> Answer:
        return self.refuse(401, "unauthorized", "Token inválido.")

    @override
    def lets_in(self, call: Call) -> bool:
        header = call.headers.get("authorization")
        return header == CREDENTIALS["yuju"]["token"]

    @override
    def keys(self, call: Call) -> Mapping[str, JSON]:
        return {
            **call.values,
            **picked(call.body, "id_channel", "id_order", "status"),
        }

    @override
    def apply(self, call: Call) -> Answer:
        if call.operation == "set_status":
            return self._move(call)
        order = self._order(**call.values)
        shown = {name: order[name] for name in ("id_channel", "id_order")}
        state = {
            "status": order["status"],
            "actions": list(ACTIONS[order["status"]]),
        }
        return Answer(status=200, body={"id_shop": 1, **shown, **state})

    def _move(self, call: Call) -> Answer:
        order = self._order(
            id_channel=call.body["id_channel"], id_order=call.body["id_order"]
        )
        allowed = {MOVES[action] for action in ACTIONS[order["status"]]}
        status = call.body["status"]
        move = picked(call.body, "status", "carrier", "id_items")
        order["moves"].append({**move, "offered": status in allowed})
        order["status"] = status
        return Answer(
            status=200, body={"ok": 1, "message": "ok"}, applied=True
        )

    def _order(self, *, id_channel: int | str, id_order: str) -> JSON:
        """Return the order, which comes to be when it is asked about."""
        new = {
            "id_channel": int(id_channel),
            "id_order": id_order,
            "status": "paid",
            "moves": [],
        }
        return self._orders.setdefault(f"{id_channel}/{id_order}", new)

    @override
    def state(self) -> JSON:
        return {"orders": self._orders}

    @override
    def clear(self) -> None:
        self._orders.clear()
