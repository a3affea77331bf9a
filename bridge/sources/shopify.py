"""
Shopify: how it signs, names and tells things.

Its bodies are the REST resources as they stand, without an envelope; what
an order's body says is read in `shopify_order`.

Source: shopify.dev `webhooks/delivery-structure`, `verify-deliveries`,
`privacy-law-compliance` and captured deliveries, read 2026-11-21.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from typing_extensions import override

from bridge.errors import Unusable
from bridge.model import JSON, Event
from bridge.sources import reading
from bridge.sources.platform import (
    Deleted,
    Duty,
    Hint,
    Ignored,
    Label,
    ParcelTold,
    Platform,
    Reading,
    Store,
    Told,
)
from bridge.sources.reading import JSONObject
from bridge.sources.shopify_order import parcel_of, snapshot_of
from bridge.sources.signing import signature, signer_of

_PREFIXES = ("x-shopify-", "shopify-")
"""Classic webhooks, and the coming *Events*, begin their headers so."""

_KEPT = (
    "topic",
    "shop-domain",
    "api-version",
    "webhook-id",
    "event-id",
    "triggered-at",
    "name",
    "sub-topic",
    "handle",
    "action",
)
_API_VERSION = "2026-07"
"""What the bodies that we sign ourselves are written in."""

_ORDER_TOPICS = frozenset(
    {
        "orders/create",
        "orders/paid",
        "orders/updated",
        "orders/partially_fulfilled",
        "orders/fulfilled",
        "orders/cancelled",
    }
)
_PARCEL_TOPICS = frozenset({"fulfillments/create", "fulfillments/update"})

_DUTY_DAYS = 30
"""To hand out or erase data. Source: `privacy-law-compliance`."""


class Shopify(Platform):
    """Shops on Shopify, through webhooks of an app or of the admin."""

    name = "shopify"
    cancel_is_final = True
    statuses = ()

    @override
    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        return False

    @override
    def signed_by(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],
    ) -> int | None:
        return signer_of(body, _header(headers, "hmac-sha256"), secrets)

    @override
    def label(
        self,
        headers: Mapping[str, str],
        store: Store,
        sha256: str,
    ) -> Label:
        topic = _header(headers, "topic").lower() or "unknown"
        named = _header(headers, "shop-domain").lower()
        own = store.identity.lower()
        webhook_id = _header(headers, "webhook-id") or sha256
        other_shop = named if named not in {"", own} else None
        # what came to the wrong store must not shadow its later coming to
        # the right one
        shop = f"{own} for {named}" if other_shop else own
        return Label(
            topic=topic,
            dedupe_key=f"shopify:{shop}:{topic}:{webhook_id}",
            headers=_kept(headers),
            other_shop=other_shop,
        )

    @override
    def read(self, event: Event, store: Store) -> Reading:
        topic = event.topic
        if topic not in _TOPICS:
            return Ignored(reason="topic")
        body = reading.parse(event.body)
        _refuse_events_form(body)
        if topic in _ORDER_TOPICS:
            return _order(body, event, store)
        if topic in _PARCEL_TOPICS:
            return _parcel(body, store)
        return _SMALL_BODIES[topic](body)

    @override
    def sign(
        self,
        body: bytes,
        secret: str,
        *,
        topic: str,
        store: Store,
        webhook_id: str,
    ) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": store.identity,
            "X-Shopify-API-Version": _API_VERSION,
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Hmac-Sha256": signature(body, secret).decode(),
        }


def _header(headers: Mapping[str, str], name: str) -> str:
    """Return a header under either prefix, or empty text."""
    for prefix in _PREFIXES:
        if value := headers.get(prefix + name):
            return value.strip()
    return ""


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    names = [prefix + name for prefix in _PREFIXES for name in _KEPT]
    return {name: headers[name] for name in names if name in headers}


def _refuse_events_form(body: JSONObject) -> None:
    """
    Refuse a body of *Events*, the successor of webhooks.

    Source: shopify.dev `events/delivery-structure`, developer preview,
    read 2026-11-21.
    """
    if "topic" in body and "action" in body:
        raise Unusable(
            code="events_form",
            text="This is the body of a Shopify Event, not of a webhook: "
            "subscribe the address to webhook topics.",
        )


def _order(body: JSONObject, event: Event, store: Store) -> Reading:
    order_id = reading.order_id(body.get("id"))
    if "order_id" in body or not isinstance(body.get("line_items"), list):
        raise Unusable(
            code="shape", text="The topic promises an order; this is none."
        )
    if body.get("test") is True and not store.test_orders:
        return Ignored(reason="test_order", order_id=order_id)
    return Told(snapshot=snapshot_of(body, event, store))


def _parcel(body: JSONObject, store: Store) -> Reading:
    if "order_id" not in body or not isinstance(body.get("line_items"), list):
        raise Unusable(
            code="shape", text="The topic promises a parcel; this is none."
        )
    order_id = reading.order_id(body["order_id"])
    parcel = parcel_of(body, store)
    if parcel is None:
        return Ignored(reason="nothing_shipped", order_id=order_id)
    return ParcelTold(order_id=order_id, parcel=parcel)


def _deleted(body: JSONObject) -> Reading:
    if "line_items" in body:
        raise Unusable(
            code="topic_mismatch",
            text="The topic says deleted, but the body shows the order.",
        )
    return Deleted(order_id=reading.order_id(body.get("id")))


def _edited(body: JSONObject) -> Reading:
    edit = reading.child(body.get("order_edit"))
    return Hint(order_id=reading.order_id(edit.get("order_id")))


def _refunded(body: JSONObject) -> Reading:
    return Hint(order_id=reading.order_id(body.get("order_id")))


def _data_request(body: JSONObject) -> Reading:
    return _duty(
        reading.child(body.get("data_request")).get("id"),
        body.get("shop_id"),
        text="Give the shop's owner what is kept of this customer.",
    )


def _customer_redact(body: JSONObject) -> Reading:
    return _duty(
        reading.child(body.get("customer")).get("id"),
        body.get("shop_id"),
        text="Erase what is kept of this customer, but for what the law "
        "wants kept.",
    )


def _shop_redact(body: JSONObject) -> Reading:
    return _duty(
        body.get("shop_id"),
        text="Erase what is kept of this shop, which took the app out.",
    )


def _duty(*subjects: JSON, text: str) -> Duty:
    """Return the duty towards the first of *subjects* that is told."""
    for subject in subjects:
        if subject is not None:
            named = reading.part_id(subject)
            return Duty(subject=named, days=_DUTY_DAYS, text=text)
    raise Unusable(code="shape", text="The request does not say about whom.")


_SMALL_BODIES: Mapping[str, Callable[[JSONObject], Reading]] = (
    MappingProxyType(
        {
            "orders/delete": _deleted,
            "orders/edited": _edited,
            "refunds/create": _refunded,
            "customers/data_request": _data_request,
            "customers/redact": _customer_redact,
            "shop/redact": _shop_redact,
        }
    )
)
"""Topics whose body shows neither an order nor a parcel."""

_TOPICS = _ORDER_TOPICS | _PARCEL_TOPICS | _SMALL_BODIES.keys()
