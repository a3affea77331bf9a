"""
The neutral Order: what a platform's body says, in one vocabulary.

A `Snapshot` is what one body tells of an order. `OrderState` is all that was
ever told of it, folded (`bridge.orders.fold`); mapping expressions see its
`bridge.orders.document`. Money is decimal text (`"1499.00"`), quantities are
integers, times are ISO 8601 UTC with `Z`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from bridge.model import Certainty, Instant


class Payment(IntEnum):
    """How far an order is paid; a higher one is the further one."""

    NONE = 0
    """Pending, voided, expired, failed."""
    AUTHORIZED = 1
    PARTIAL = 2
    PAID = 3
    """Fully; a partial refund still is."""
    REFUNDED = 4
    """All of it was given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who bought. Every field may be missing."""

    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    document: str | None = None
    """An identity number: cédula, NIT, RFC, as the shop has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    Where to, as far as it could be read.

    Args:
        certainty: how sure street, numbers and neighbourhood are.
        place_certainty: how sure state, city and postal code are.
        doubts: codes of what is not clear; `places.parts` has them all.
        state: ISO 3166-2 without the country (`JAL`).
        country: two letters.
        address1: the first line as the customer wrote it, cleaned of
            invisible marks.
    """

    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    phone: str | None = None
    street: str | None = None
    exterior_number: str | None = None
    interior_number: str | None = None
    neighbourhood: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    address1: str | None = None
    address2: str | None = None
    certainty: Certainty = Certainty.LIKELY
    place_certainty: Certainty = Certainty.LIKELY
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One line of an order.

    Args:
        quantity: after edits and refunds.
        to_ship: what is left to send.
        ships: a warehouse has to send it.
        total: of the line, after its discounts, money text.
        properties: name to value; later entries win.
    """

    id: str
    sku: str | None = None
    name: str | None = None
    variant: str | None = None
    quantity: int = 0
    to_ship: int = 0
    ships: bool = False
    gift_card: bool = False
    price: str | None = None
    total: str | None = None
    grams: int | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLine:
    """So many of one line are in a parcel."""

    id: str
    sku: str | None = None
    quantity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """
    One shipment of an order.

    Args:
        id: the platform's, or the tracking number where it has none.
        status: the carrier's word in lower case (`in_transit`,
            `delivered`), or None while there is none.
        gone: it was cancelled or failed, and does not count.
        updated_at: by the platform's clock; orders two tellings of it.
        pruned: its guide, carrier and addresses are gone.
    """

    id: str
    tracking_number: str | None = None
    carrier: str | None = None
    tracking_url: str | None = None
    label_url: str | None = None
    status: str | None = None
    shipped_at: str | None = None
    lines: tuple[ParcelLine, ...] = ()
    gone: bool = False
    updated_at: Instant = Instant(0)
    pruned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """
    What one body tells of an order.

    Args:
        version: the order's `updated_at` by the store's own clock.
        digest: SHA-256 of the body, hex; the last tie-break.
        paid_since: when it became paid, where the body itself says so or
            the topic does (`orders/paid`); else None.
        all_shipped: everything that ships is on its way.
        all_delivered: everything arrived.
        shipped_units: how many pieces are on their way, for ties.
        on_hold: the shop itself holds the order back.
        failed: the payment failed (WooCommerce); it counts as cancelled
            once the order had been ready before.
        cancelled: the body says so.
        pruned: what is personal, the words and the money are gone.
    """

    id: str
    version: Instant
    digest: str
    name: str
    gid: str | None = None
    url: str | None = None
    created_at: Instant
    paid_since: Instant | None = None
    cancelled_at: Instant | None = None
    cancel_reason: str | None = None
    cancelled: bool = False
    failed: bool = False
    on_hold: bool = False
    test: bool = False
    payment: Payment = Payment.NONE
    cash_on_delivery: bool = False
    payment_methods: tuple[str, ...] = ()
    all_shipped: bool = False
    all_delivered: bool = False
    shipped_units: int = 0
    currency: str | None = None
    total: str | None = None
    subtotal: str | None = None
    shipping: str | None = None
    discount: str | None = None
    tax: str | None = None
    outstanding: str | None = None
    customer: Person = Person()
    ship_to: Address = Address()
    bill_to: Address = Address()
    lines: tuple[Line, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    note: str | None = None
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    pruned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """
    What a person says that one field should have said.

    Args:
        path: `ship_to.street`, `lines.<the line's id>.sku`.
        value: None for nothing.
        basis: stands for what the customer had written there
            (`corrections.as_written`).
        at: when it was told; of two of one path the later holds.
        by: who said so.
        pruned: its value is gone.
    """

    path: str
    value: str | None
    basis: str
    at: Instant
    by: str
    pruned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """
    All that was ever told of one order; `fold` makes it.

    Each field grows in one direction only (newest, earliest, latest, ever),
    which is why the order of arrival does not matter.

    Args:
        snapshot: the newest body, by the store's clock, ties by content.
        parcels: told by bodies of their own, newest telling per parcel.
        cancelled_ever: earliest (cancelled_at, reason) of any body; final
            where the platform's cancels are.
        cancel_is_final: the platform's cancels can not be taken back.
        was_ready: some body showed it paid or due for cash on delivery.
        paid_told_at: earliest moment a body itself gave for the payment.
        paid_seen_at: version of the earliest body that showed it paid.
        unpaid_seen_at: version of the latest body that showed it unpaid.
        deleted_at, restored_at: latest such telling, by time of receipt.
        first_parcel_at: earliest receipt of a parcel's own body.
        corrections: told by people, the latest of each path, by path.
    """

    store: str
    platform: str
    id: str
    snapshot: Snapshot | None = None
    parcels: tuple[Parcel, ...] = ()
    cancel_is_final: bool = True
    cancelled_ever: tuple[Instant, str | None] | None = None
    was_ready: bool = False
    paid_told_at: Instant | None = None
    paid_seen_at: Instant | None = None
    unpaid_seen_at: Instant | None = None
    deleted_at: Instant | None = None
    restored_at: Instant | None = None
    first_parcel_at: Instant | None = None
    corrections: tuple[Correction, ...] = ()


_STATE = TypeAdapter(OrderState)


def dump_state(state: OrderState) -> str:
    """Return *state* as JSON text, for the journal."""
    text = _STATE.dump_json(state, exclude_defaults=True).decode()
    _known(text)[:] = [state]
    return text


def load_state(text: str) -> OrderState:
    """
    Return the state that `dump_state` wrote.

    An order is planned and sent within moments: its text need not be read.
    """
    known = _known(text)
    if not known:
        known.append(read_state(text))
    return known[0]


def read_state(text: str) -> OrderState:
    """Read the state that `dump_state` wrote from its text."""
    return _STATE.validate_json(text)


@lru_cache(maxsize=256)
def _known(_text: str) -> list[OrderState]:
    """Return where the state of a text is kept for a while."""
    return []
