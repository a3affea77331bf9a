"""
The Order as mapping expressions see it: nested JSON values.

`FIELDS` is its shape, against which expressions are checked and from which
the reference in `mappings/README.md` is made.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from bridge.model import JSON, Instant, Moment
from bridge.orders.corrections import corrected
from bridge.orders.fold import is_paid, is_ready, merge_parcels
from bridge.orders.order import (
    Address,
    Line,
    OrderState,
    Parcel,
    Payment,
    Person,
    Snapshot,
)

LINKS = "links"
"""Marks the part whose keys are the links of a mapping."""

ANYTHING = "anything"
"""Marks a part whose keys are the shop's own and can not be checked."""

_PERSON = dict.fromkeys(Person.__dataclass_fields__, "text")
_ADDRESS = {
    **dict.fromkeys(Address.__dataclass_fields__, "text"),
    "doubts": ["text"],
}


class Shape(dict[str, Any]):
    """
    What an object of the Order has: field to kind.

    Attributes:
        path: where it stands, `ship_to` or `lines`; "" for the Order.
    """

    def __init__(self, fields: Mapping[str, Any], path: str = "") -> None:
        super().__init__(fields)
        self.path = path

    def below(self, name: str) -> str:
        """Return the path of one of its fields."""
        return f"{self.path}.{name}" if self.path else name


def _placed(kind: Any, path: str = "") -> Any:
    """Return a kind in which every object knows its place."""
    if isinstance(kind, list):
        return [_placed(kind[0], path)]
    if not isinstance(kind, Mapping):
        return kind
    place = Shape(kind, path)
    for name in place:
        place[name] = _placed(kind[name], place.below(name))
    return place


FIELDS: Shape = _placed(
    {
        "id": "text",
        "name": "text",
        "gid": "text",
        "url": "text",
        "store": "text",
        "platform": "text",
        **{moment.value: "truth" for moment in Moment},
        "created_at": "time",
        "updated_at": "time",
        "paid_at": "time",
        "cancelled_at": "time",
        "cancel_reason": "text",
        "cash_on_delivery": "truth",
        "payment_methods": ["text"],
        "test": "truth",
        "currency": "text",
        "total": "money",
        "subtotal": "money",
        "shipping": "money",
        "discount": "money",
        "tax": "money",
        "outstanding": "money",
        "customer": _PERSON,
        "ship_to": _ADDRESS,
        "bill_to": _ADDRESS,
        "lines": [
            {
                "id": "text",
                "sku": "text",
                "name": "text",
                "variant": "text",
                "quantity": "integer",
                "to_ship": "integer",
                "ships": "truth",
                "gift_card": "truth",
                "price": "money",
                "total": "money",
                "grams": "integer",
                "properties": ANYTHING,
            }
        ],
        "parcels": [
            {
                "id": "text",
                "tracking_number": "text",
                "carrier": "text",
                "tracking_url": "text",
                "label_url": "text",
                "status": "text",
                "shipped_at": "time",
                "lines": [
                    {"id": "text", "sku": "text", "quantity": "integer"}
                ],
            }
        ],
        "note": "text",
        "tags": ["text"],
        "attributes": ANYTHING,
        "links": LINKS,
        "raw": ANYTHING,
    }
)
"""Field to kind; a `Shape` for an object, a one-item list for a list."""

_SAME_NAMES = (
    "id", "name", "gid", "url", "cash_on_delivery", "test", "currency",
    "total", "subtotal", "shipping", "discount", "tax", "outstanding", "note",
)  # fmt: skip

_person = TypeAdapter(Person)
_address = TypeAdapter(Address)
_lines = TypeAdapter(tuple[Line, ...])
_parcels = TypeAdapter(tuple[Parcel, ...])


def document(
    state: OrderState,
    *,
    links: Mapping[str, str] | None = None,
    raw: JSON = None,
) -> dict[str, JSON]:
    """
    Return the order as expressions see it.

    Args:
        links: what is known of this order at the target at hand.
        raw: the newest body as it came, where a mapping asks for it.
    """
    snapshot = corrected(state.snapshot or _nothing(state), state.corrections)
    parcels = standing_parcels(state)
    return {
        **{name: getattr(snapshot, name) for name in _SAME_NAMES},
        "store": state.store,
        "platform": state.platform,
        **{moment.value: held for moment, held in moments(state).items()},
        "created_at": iso(snapshot.created_at) if state.snapshot else None,
        "updated_at": iso(snapshot.version) if state.snapshot else None,
        "paid_at": iso(paid_at(state)),
        "cancelled_at": iso(_cancelled_at(state)),
        "cancel_reason": _cancel_reason(state),
        "payment_methods": list(snapshot.payment_methods),
        "customer": _person.dump_python(snapshot.customer),
        "ship_to": _address.dump_python(snapshot.ship_to, mode="json"),
        "bill_to": _address.dump_python(snapshot.bill_to, mode="json"),
        "lines": _lines.dump_python(snapshot.lines, mode="json"),
        "parcels": _parcels.dump_python(
            parcels,
            mode="json",
            exclude={"__all__": {"gone", "updated_at", "pruned"}},
        ),
        "tags": list(snapshot.tags),
        "attributes": dict(snapshot.attributes),
        "links": dict(links or {}),
        "raw": raw,
    }


def moments(state: OrderState) -> dict[Moment, bool]:
    """Return which moments hold now."""
    snapshot = state.snapshot
    cancelled = is_cancelled(state)
    parcels = standing_parcels(state)
    all_shipped = snapshot is not None and snapshot.all_shipped
    return {
        Moment.PLACED: snapshot is not None,
        Moment.PAID: snapshot is not None and is_paid(snapshot),
        Moment.READY: snapshot is not None
        and not cancelled
        and is_ready(snapshot),
        Moment.SHIPPED: all_shipped or bool(parcels),
        Moment.FULFILLED: all_shipped,
        Moment.DELIVERED: _is_delivered(snapshot, parcels),
        Moment.CANCELLED: cancelled,
        Moment.REFUNDED: snapshot is not None
        and snapshot.payment is Payment.REFUNDED,
    }


def is_cancelled(state: OrderState) -> bool:
    """
    Return whether nothing is to be sent any more.

    Final where the platform's cancels are; elsewhere the newest body
    decides, and a deletion counts until a newer body or a restoring.
    """
    if state.cancel_is_final:
        return state.cancelled_ever is not None or state.deleted_at is not None
    snapshot = state.snapshot
    if snapshot and (snapshot.cancelled or _failed_after_ready(state)):
        return True
    if state.deleted_at is None:
        return False
    seen = snapshot.version if snapshot else 0
    return state.deleted_at > max(seen, state.restored_at or 0)


def standing_parcels(state: OrderState) -> tuple[Parcel, ...]:
    """Return the parcels that count, oldest first."""
    told = state.snapshot.parcels if state.snapshot else ()
    merged = merge_parcels(state.parcels, told)
    return tuple(
        sorted(
            (parcel for parcel in merged if not parcel.gone),
            key=lambda parcel: (parcel.shipped_at or "", parcel.id),
        )
    )


def paid_at(state: OrderState) -> Instant | None:
    """
    Return when it became paid, or None where that was never told.

    A body that shows a long-paid order says nothing of when: only a time in
    the body, the topic, or an earlier unpaid body does.
    """
    if state.paid_told_at is not None:
        return state.paid_told_at
    if state.unpaid_seen_at is None or state.paid_seen_at is None:
        return None
    return state.paid_seen_at


def became_ours_at(state: OrderState) -> Instant | None:
    """
    Return the latest time at which it was placed or became paid.

    A mapping with a `since` takes on what is not older than that.
    """
    if state.snapshot is None:
        return state.first_parcel_at
    paid = paid_at(state)
    placed = state.snapshot.created_at
    return placed if paid is None else max(placed, paid)


@lru_cache(maxsize=1024)
def iso(instant: Instant | None) -> str | None:
    """
    Return *instant* as ISO 8601 in UTC, to the second.

    An order is planned and sent within moments, and tells the same ones.
    """
    if instant is None:
        return None
    moment = datetime.fromtimestamp(instant // 1000, tz=UTC)
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def _is_delivered(
    snapshot: Snapshot | None, parcels: tuple[Parcel, ...]
) -> bool:
    if snapshot is None:
        return False
    if snapshot.all_delivered:
        return True
    arrived = [parcel.status == "delivered" for parcel in parcels]
    return snapshot.all_shipped and bool(arrived) and all(arrived)


def _failed_after_ready(state: OrderState) -> bool:
    snapshot = state.snapshot
    return snapshot is not None and snapshot.failed and state.was_ready


def _cancelled_at(state: OrderState) -> Instant | None:
    if not is_cancelled(state):
        return None
    snapshot = state.snapshot
    if state.cancel_is_final and state.cancelled_ever:
        return state.cancelled_ever[0]
    if snapshot and (snapshot.cancelled or _failed_after_ready(state)):
        return snapshot.cancelled_at or snapshot.version
    return state.deleted_at


def _cancel_reason(state: OrderState) -> str | None:
    if not is_cancelled(state):
        return None
    if state.cancel_is_final and state.cancelled_ever:
        return state.cancelled_ever[1]
    return state.snapshot.cancel_reason if state.snapshot else None


def _nothing(state: OrderState) -> Snapshot:
    """Stand in for the body that has not come yet."""
    return Snapshot(
        id=state.id,
        version=Instant(0),
        digest="",
        name=state.id,
        created_at=Instant(0),
    )
