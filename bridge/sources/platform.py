"""
What a platform must supply: how it signs, names and tells things.

A platform is stateless; everything it needs to know of one shop is in its
`Store`. `verify` and `describe` run in the web process, before anything is
stored, and look at headers and raw bytes only. `read` runs in the worker.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bridge.model import Event, Instant
from bridge.orders.order import Correction, Parcel, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """
    One configured shop.

    Args:
        name: the name in its webhook address, `[a-z0-9][a-z0-9_-]{0,63}`.
        platform: `shopify` or `woocommerce`.
        identity: what the platform's headers must name: Shopify's
            `….myshopify.com` domain, or the WooCommerce site's address.
        country: two letters, for addresses and phones without one.
        secrets: all that may sign, never empty.
        cash_on_delivery: payment methods or gateways that mean it.
        not_shipped: SKU patterns (`GIFT-*`) that no warehouse sends.
        test_orders: whether the platform's test orders are acted upon.
        statuses: WooCommerce's custom statuses, to the core status that
            each is to be read as.
        time_zone: IANA name, for pages; times are kept in UTC.
    """

    name: str
    platform: str
    identity: str
    country: str
    secrets: tuple[str, ...] = field(repr=False)
    cash_on_delivery: tuple[str, ...] = ()
    not_shipped: tuple[str, ...] = ()
    test_orders: bool = False
    statuses: Mapping[str, str] = field(default_factory=dict)
    time_zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """
    What the headers say of a webhook, before its body is looked at.

    Args:
        dedupe_key: equal for two arrivals of the same event.
        headers: those worth keeping, by lower-case name.
        other_shop: the shop that the headers name, when it is not this
            store; the event is then kept as unusable.
    """

    topic: str
    dedupe_key: str
    headers: Mapping[str, str]
    other_shop: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A body that shows a whole order."""

    snapshot: Snapshot
    restored: bool = False
    """The topic says that it came back from the bin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelTold:
    """A body that shows one parcel of an order."""

    order_id: str
    parcel: Parcel


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The order was deleted or put into the bin; no time is told."""

    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something about an order changed; its own update follows."""

    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Understood, and of no concern. *reason* is a code."""

    reason: str
    order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """
    A legal request of the platform: a person is shown what is due by when.

    Args:
        subject: an id that the platform gave (its request, customer or
            shop), never a name or an address.
        days: how many days after receipt it is due.
        text: what to do, one sentence.
    """

    subject: str
    days: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A person says what the order should have said."""

    order_id: str
    corrections: tuple[Correction, ...]


Reading = Told | ParcelTold | Deleted | Hint | Ignored | Duty | Corrected


class Platform(Protocol):
    """The kind of shop: how it signs, what it sends."""

    name: str
    cancel_is_final: bool
    """Whether a cancelled order can never come back."""
    statuses: Collection[str]
    """What a shop's own statuses can stand for; empty where it has none."""

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """
        Return whether this is the platform's unsigned greeting.

        It is answered with exactly 200 and not stored. *headers* have
        lower-case names here and below.
        """
        ...

    def signed_by(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],
    ) -> int | None:
        """Return which of *secrets*, from 0, signed these raw bytes."""
        ...

    def verify(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],
    ) -> bool:
        """Return whether any of *secrets* signed these raw bytes."""
        return self.signed_by(headers, body, secrets) is not None

    def label(
        self,
        headers: Mapping[str, str],
        store: Store,
        sha256: str,
    ) -> Label:
        """Return what the headers say; *sha256* is the body's, in hex."""
        ...

    def read(self, event: Event, store: Store) -> Reading:
        """
        Return what the body tells.

        Raises:
            Unusable: with a coded reason, when it can not be understood.
        """
        ...

    def sign(
        self,
        body: bytes,
        secret: str,
        *,
        topic: str,
        store: Store,
        webhook_id: str,
    ) -> dict[str, str]:
        """Return the headers under which the platform would send *body*."""
        ...


def instant_of(text: str, *, naive_is_utc: bool = False) -> Instant:
    """
    Return the instant of an ISO 8601 *text*.

    Args:
        naive_is_utc: take a time without an offset for UTC, as the `_gmt`
            fields of WooCommerce are; otherwise it is refused.

    Raises:
        ValueError: it is no time, or has no offset where one is needed.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        if not naive_is_utc:
            message = "a time without an offset"
            raise ValueError(message)
        text = f"{text}+00:00"
        moment = datetime.fromisoformat(text)
    return Instant(round(moment.timestamp() * 1000))
