"""
Fold what is told of an order, in whatever order it arrives.

Each function takes the state so far and one telling, and returns the state
with it. Every field moves in one direction only (to the newest, the
earliest, the latest, to true), so the same tellings end in the same state
however they arrive and however often. Tellings without a time of their own
(deletions) take the time of receipt and stand outside that.
"""

from collections.abc import Iterable
from dataclasses import replace

from bridge.model import Instant
from bridge.orders.order import (
    Correction,
    OrderState,
    Parcel,
    Payment,
    Snapshot,
)


def fold_snapshot(
    state: OrderState,
    snapshot: Snapshot,
    *,
    restored_at: Instant | None = None,
) -> OrderState:
    """
    Return *state* with a whole order's body.

    Args:
        restored_at: time of receipt, when the body says it came back.
    """
    told_at, kept = snapshot.paid_since, snapshot
    if told_at is not None:
        kept = replace(snapshot, paid_since=None)
    paid = is_paid(snapshot)
    return replace(
        state,
        snapshot=_newest(state.snapshot, kept),
        cancelled_ever=_earliest_cancel(state, snapshot),
        was_ready=state.was_ready or is_ready(snapshot),
        paid_told_at=_least(state.paid_told_at, told_at),
        paid_seen_at=_least(
            state.paid_seen_at, snapshot.version if paid else None
        ),
        unpaid_seen_at=_most(
            state.unpaid_seen_at, None if paid else snapshot.version
        ),
        restored_at=_most(state.restored_at, restored_at),
    )


def fold_parcel(
    state: OrderState, parcel: Parcel, *, received_at: Instant
) -> OrderState:
    """Return *state* with a parcel's own body."""
    return replace(
        state,
        parcels=merge_parcels(state.parcels, [parcel]),
        first_parcel_at=_least(state.first_parcel_at, received_at),
    )


def fold_deletion(state: OrderState, *, received_at: Instant) -> OrderState:
    """Return *state* with the news that the order was thrown away."""
    return replace(state, deleted_at=_most(state.deleted_at, received_at))


def fold_corrections(
    state: OrderState, corrections: Iterable[Correction]
) -> OrderState:
    """Return *state* with what a person says it should have said."""
    latest: dict[str, Correction] = {}
    for one in (*state.corrections, *corrections):
        known = latest.get(one.path)
        if known is None or _correction_age(one) > _correction_age(known):
            latest[one.path] = one
    by_path = tuple(latest[path] for path in sorted(latest))
    return replace(state, corrections=by_path)


def _correction_age(one: Correction) -> tuple[Instant, str]:
    return (one.at, repr(one))


def merge_parcels(
    some: Iterable[Parcel], others: Iterable[Parcel]
) -> tuple[Parcel, ...]:
    """Return all parcels, each in its newest telling, by id."""
    newest: dict[str, Parcel] = {}
    for parcel in (*some, *others):
        known = newest.get(parcel.id)
        if known is None or _parcel_age(parcel) > _parcel_age(known):
            newest[parcel.id] = parcel
    return tuple(newest[key] for key in sorted(newest))


def is_paid(snapshot: Snapshot) -> bool:
    """Return whether all of it was paid, given back since or not."""
    return snapshot.payment >= Payment.PAID


def is_ready(snapshot: Snapshot) -> bool:
    """Return whether this body alone says that it is to be sent."""
    stopped = snapshot.cancelled or snapshot.on_hold or snapshot.failed
    if stopped or snapshot.payment is Payment.REFUNDED:
        return False
    return is_paid(snapshot) or snapshot.cash_on_delivery


def _newest(known: Snapshot | None, told: Snapshot) -> Snapshot:
    if known is None or _age(told) > _age(known):
        return told
    return known


def _age(snapshot: Snapshot) -> tuple[Instant, bool, int, bool, int, str]:
    """Sort key: the store's time has whole seconds, so content decides."""
    return (
        snapshot.version,
        snapshot.cancelled,
        snapshot.payment,
        snapshot.all_shipped,
        snapshot.shipped_units,
        snapshot.digest,
    )


def _parcel_age(parcel: Parcel) -> tuple[Instant, bool, bool, str]:
    """Sort key: of two tellings of one time the whole one."""
    return (
        parcel.updated_at,
        parcel.gone,
        not parcel.pruned,
        repr(parcel),
    )


def _earliest_cancel(
    state: OrderState, snapshot: Snapshot
) -> tuple[Instant, str | None] | None:
    if not snapshot.cancelled:
        return state.cancelled_ever
    at = snapshot.cancelled_at or snapshot.version
    told = (at, snapshot.cancel_reason)
    known = state.cancelled_ever
    if known is None:
        return told
    return min(known, told, key=lambda cancel: (cancel[0], cancel[1] or ""))


def _least(known: Instant | None, told: Instant | None) -> Instant | None:
    if known is None or told is None:
        return told if known is None else known
    return min(known, told)


def _most(known: Instant | None, told: Instant | None) -> Instant | None:
    if known is None or told is None:
        return told if known is None else known
    return max(known, told)
