"""From what a body tells to the order that it tells of."""

from typing import assert_never

from bridge.model import Instant
from bridge.orders.fold import (
    fold_corrections,
    fold_deletion,
    fold_parcel,
    fold_snapshot,
)
from bridge.orders.order import OrderState
from bridge.sources.platform import (
    Corrected,
    Deleted,
    Duty,
    Hint,
    Ignored,
    ParcelTold,
    Platform,
    Reading,
    Store,
    Told,
)


def untold(store: Store, platform: Platform, order_id: str) -> OrderState:
    """Return an order of which nothing was told yet."""
    return OrderState(
        store=store.name,
        platform=platform.name,
        id=order_id,
        cancel_is_final=platform.cancel_is_final,
    )


def order_told_of(reading: Reading) -> str:
    """
    Return the id of the order that *reading* is about.

    A legal request is about no order: it gets an id of its own.
    """
    match reading:
        case Told(snapshot=snapshot):
            return snapshot.id
        case Duty(subject=subject):
            return f"duty:{subject}"
        case Ignored(order_id=order_id):
            return order_id or ""
        case ParcelTold() | Deleted() | Hint() | Corrected():
            return reading.order_id
        case _:
            assert_never(reading)


def fold_reading(
    state: OrderState, reading: Reading, *, received_at: Instant
) -> OrderState:
    """Return *state* with what *reading* tells, received then."""
    match reading:
        case Told(snapshot=snapshot, restored=restored):
            return fold_snapshot(
                state, snapshot, restored_at=received_at if restored else None
            )
        case ParcelTold(parcel=parcel):
            return fold_parcel(state, parcel, received_at=received_at)
        case Deleted():
            return fold_deletion(state, received_at=received_at)
        case Corrected(corrections=corrections):
            return fold_corrections(state, corrections)
        case Hint() | Duty() | Ignored():
            return state
        case _:
            assert_never(reading)
