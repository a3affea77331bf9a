"""
What is left of an order when what is personal of it is taken away.

Ids, hashes, moments, the shop's version and what is countable stay: they
say what was told and when, so that whatever is told later folds as it would
have. A later body brings the rest back.
"""

from dataclasses import replace
from hashlib import sha256

from bridge.orders.corrections import stands
from bridge.orders.document import standing_parcels
from bridge.orders.order import (
    Address,
    Correction,
    Line,
    OrderState,
    Parcel,
    Person,
    Snapshot,
)


def pruned(state: OrderState) -> OrderState:
    """Return *state* without names, addresses, words, money and guides."""
    cancel = state.cancelled_ever
    return replace(
        state,
        snapshot=None if state.snapshot is None else _snapshot(state.snapshot),
        parcels=tuple(_parcel(parcel) for parcel in state.parcels),
        cancelled_ever=None if cancel is None else (cancel[0], None),
        corrections=tuple(_correction(one) for one in state.corrections),
    )


def is_pruned(state: OrderState) -> bool:
    """
    Return whether something that counts today is gone.

    No request may be made of such an order: it would say less than the
    order does.
    """
    snapshot = state.snapshot
    if any(parcel.pruned for parcel in standing_parcels(state)):
        return True
    return snapshot is not None and (
        snapshot.pruned
        or any(
            one.pruned and stands(snapshot, one) for one in state.corrections
        )
    )


def has_news(state: OrderState) -> bool:
    """Return whether a pruned order was told of a parcel since."""
    return any(not parcel.pruned for parcel in standing_parcels(state))


def _snapshot(told: Snapshot) -> Snapshot:
    return replace(
        told,
        pruned=True,
        cancel_reason=None,
        total=None,
        subtotal=None,
        shipping=None,
        discount=None,
        tax=None,
        outstanding=None,
        customer=Person(),
        ship_to=Address(),
        bill_to=Address(),
        lines=tuple(_line(line) for line in told.lines),
        parcels=tuple(_parcel(parcel) for parcel in told.parcels),
        note=None,
        tags=(),
        attributes={},
    )


def _line(line: Line) -> Line:
    return Line(
        id=line.id,
        sku=line.sku,
        quantity=line.quantity,
        to_ship=line.to_ship,
        ships=line.ships,
        gift_card=line.gift_card,
        grams=line.grams,
    )


def _parcel(parcel: Parcel) -> Parcel:
    """Keep which one it is; a guide that is its id only as a hash."""
    known = parcel.id
    if known == parcel.tracking_number:
        known = sha256(known.encode()).hexdigest()[:16]
    return Parcel(
        id=known,
        status=parcel.status,
        shipped_at=parcel.shipped_at,
        lines=parcel.lines,
        gone=parcel.gone,
        updated_at=parcel.updated_at,
        pruned=True,
    )


def _correction(one: Correction) -> Correction:
    return replace(one, value=None, pruned=True)
