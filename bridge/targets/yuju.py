"""
Yuju, the marketplace hub.

Its error texts are Spanish prose and never looked into. It lets two requests
a second through.

Source: https://api-docs.yuju.io/docs/cambia-el-estado-de-una-orden,
2026-11-21
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from bridge.model import JSON, SECOND, Maybe, Outcome, Reason, Repeat
from bridge.targets.contract import (
    Contract,
    Limit,
    Operation,
    Received,
    Sent,
    optional,
)

OrderId = Annotated[str, Field(min_length=1)]


class SetStatus(Sent):
    """The body of `set_status`."""

    id_order: OrderId
    """The order's id in its channel; for carts the pack id."""
    id_channel: int
    """13 is Mercado Libre in the vendor's samples."""
    status: Literal["ready_to_ship", "shipped", "delivered", "canceled"]
    """One L in canceled."""
    carrier: str = optional()
    """Yuju's default carrier when left out. There is no tracking field."""
    id_items: list[str] = optional()
    """All items when left out; what names an item is not settled."""


class OrderQuery(Sent):
    """The query of `get_order`."""

    id_channel: int
    id_order: OrderId


class Done(Received):
    """What a change of state must answer with."""

    ok: Any


class Order(Received):
    """One order, as its channel gives it; no schema is published."""

    id_order: str | int


def judge_status(answer: JSON) -> Outcome | None:
    """Count a change of state only when the answer says `ok`."""
    if isinstance(answer, dict) and answer.get("ok"):
        return None
    return Maybe(
        reason=Reason(
            code="not_confirmed", text="Yuju answered 200 without its ok."
        )
    )


OPERATIONS = (
    Operation(
        name="set_status",
        method="PUT",
        path="/orders/status",
        repeat=Repeat.IDEMPOTENT,
        summary="Move an order to another state",
        source="https://api-docs.yuju.io/docs/cambia-el-estado-de-una-orden",
        body=SetStatus,
        answer=Done,
        judge=judge_status,
    ),
    Operation(
        name="get_order",
        method="GET",
        path="/orders/",
        repeat=Repeat.IDEMPOTENT,
        summary="Read one order and the moves that it allows now",
        source="https://api-docs.yuju.io/docs/estructura-normal",
        path_fields=OrderQuery,
        query=("id_channel", "id_order"),
        answer=Order,
    ),
)

CONTRACT = Contract(
    name="yuju",
    summary="Marketplace hub",
    operations={operation.name: operation for operation in OPERATIONS},
    credentials=("token",),
    # The form of the header is not settled: public clients send it bare.
    authorization="{token}",
    limit=Limit(requests=2, window=SECOND),
)
"""Yuju's contract."""
