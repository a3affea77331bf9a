"""
Yuju, the marketplace hub.

Its error texts are Spanish prose and never looked into. It lets two requests
a second through.

Source: https://api-docs.yuju.io/docs/cambia-el-estado-de-una-orden,
2026-11-21
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from bridge.model import (
    JSON,
    SECOND,
    Finding,
    Maybe,
    Millis,
    Outcome,
    Reason,
    Repeat,
)
from bridge.targets.contract import (
    Ask,
    Contract,
    Limit,
    Lookup,
    Operation,
    Preflight,
    Received,
    Sent,
    SentCall,
    optional,
)

MOVES: Mapping[str, str] = {
    "ready_to_ship": "set_ready_to_ship",
    "shipped": "set_shipped",
    "delivered": "set_delivered",
    "canceled": "cancel",
}
"""
The word of `actions` that offers each status.

Source: https://api-docs.yuju.io/docs/estructura-normal, 2026-11-21
"""

ROAD = ("paid", "ready_to_ship", "shipped", "delivered")
"""The states that follow each other; the last one implies the others."""

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


def moved_order(sent: SentCall) -> Mapping[str, str] | None:
    """Ask for the order that was to be moved."""
    body = sent.body if isinstance(sent.body, dict) else {}
    channel, order = body.get("id_channel"), body.get("id_order")
    if channel is None or order is None:
        return None
    return {"id_channel": str(channel), "id_order": str(order)}


def read_moves(sent: SentCall, answer: JSON) -> Finding:
    """
    Tell from the moves that an order allows whether ours was made.

    A move that is still offered was not made. That one no longer offered
    was made is our inference: the vendor's page names the four `actions`
    and not when each of them goes (`look_ups: false` turns it off). So a
    `status` that is shown besides, and says that the order is not there
    yet, is believed more.

    Source: https://api-docs.yuju.io/docs/estructura-normal, 2026-11-21; that
    the state is called `status` is seen in public code only.
    """
    body = sent.body if isinstance(sent.body, dict) else {}
    order = answer if isinstance(answer, dict) else {}
    wanted, actions = str(body.get("status")), order.get("actions")
    if not isinstance(actions, list) or wanted not in MOVES:
        return Finding.UNCLEAR
    if MOVES[wanted] in actions:
        return Finding.ABSENT
    status = order.get("status")
    if isinstance(status, str) and not _is_past(wanted, status):
        return Finding.UNCLEAR
    return Finding.FOUND


def move_asked(sent: SentCall) -> Sequence[Ask]:
    """Ask for the order that is to be moved."""
    values = moved_order(sent)
    return (
        [] if values is None else [Ask(operation="get_order", values=values)]
    )


def move_allowed(
    sent: SentCall, answers: Sequence[JSON], _order: Mapping[str, JSON]
) -> Reason | None:
    """
    Tell whether Yuju offers the move.

    An order that is there already, or further, is let pass, and so is one
    whose answer has no `actions`: nothing is known then.

    Source: https://api-docs.yuju.io/docs/estructura-normal, 2026-11-21
    """
    order = answers[0] if answers and isinstance(answers[0], dict) else {}
    body = sent.body if isinstance(sent.body, dict) else {}
    wanted, offered = str(body.get("status")), order.get("actions")
    if not isinstance(offered, list) or wanted not in MOVES:
        return None
    if MOVES[wanted] in offered or _is_past(wanted, str(order.get("status"))):
        return None
    moves = [name for name, word in MOVES.items() if word in offered]
    told = f"only {', '.join(moves)}" if moves else "no move at all"
    return Reason(
        code="move_not_allowed",
        text=f"Yuju does not let this order become {wanted} now, {told}: look"
        " at the order there",
        where={"wanted": wanted, "offered": moves},
    )


def _is_past(wanted: str, status: str) -> bool:
    """Tell whether *status* is what was wanted, or comes after it."""
    if status == wanted:
        return True
    if status not in ROAD or wanted not in ROAD:
        return False
    return ROAD.index(status) > ROAD.index(wanted)


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
        lookup=Lookup(
            operation="get_order", values=moved_order, judge=read_moves
        ),
        preflights={
            "move_allowed": Preflight(
                summary="Yuju offers the move; one more of its 2 requests a"
                " second",
                asks=move_asked,
                judge=move_allowed,
                life=Millis(0),
            ),
        },
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
    # No order has that id: that there is none is an answer.
    test=Ask(
        operation="get_order", values={"id_channel": "13", "id_order": "0"}
    ),
)
"""Yuju's contract."""
