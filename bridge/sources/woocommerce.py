"""
WooCommerce: how it signs, names and tells things.

It tries each delivery once, and switches a webhook off at the seventh
refusal in a row: whatever is signed is taken. What an order's body says is
read in `woocommerce_order`.

Source: github.com/woocommerce/woocommerce `class-wc-webhook.php` @00e1bc4d
(11.2-dev) and `class-wc-admin-webhooks.php` @09f8d6ff, read 2026-11-21.
"""

import hashlib
import html
import re
from collections.abc import Mapping, Sequence

from typing_extensions import override

from bridge.errors import Unusable
from bridge.model import JSON, Event
from bridge.sources import reading
from bridge.sources.platform import (
    Deleted,
    Ignored,
    Label,
    Platform,
    Reading,
    Store,
    Told,
)
from bridge.sources.reading import JSONObject
from bridge.sources.signing import signature, signer_of
from bridge.sources.woocommerce_order import STATUSES, snapshot_of

_PREFIX = "x-wc-webhook-"
_KEPT = ("source", "topic", "resource", "event", "id", "delivery-id")

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_FORM = "application/x-www-form-urlencoded"

_ORDER_TOPICS = frozenset({"order.created", "order.updated", "order.restored"})
_TOPICS = _ORDER_TOPICS | {"order.deleted"}

_REFUSED = frozenset({401, 403})
_MISSING = 404


class WooCommerce(Platform):
    """Shops on WooCommerce, through webhooks made in the admin or by REST."""

    name = "woocommerce"
    cancel_is_final = False
    statuses = STATUSES

    @override
    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        if any(name.startswith(_PREFIX) for name in headers):
            return False
        content_type = headers.get("content-type", "").strip().lower()
        is_form = content_type.startswith(_FORM)
        return is_form and _PING.fullmatch(body.strip()) is not None

    @override
    def signed_by(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],
    ) -> int | None:
        keys = [
            key for secret in secrets for key in (secret, _signing_key(secret))
        ]
        found = signer_of(body, headers.get(f"{_PREFIX}signature"), keys)
        return None if found is None else found // 2  # two keys of each

    @override
    def label(
        self,
        headers: Mapping[str, str],
        store: Store,
        sha256: str,
    ) -> Label:
        topic = _header(headers, "topic").lower() or "unknown"
        webhook_id = _header(headers, "id") or "unknown"
        source = _header(headers, "source")
        elsewhere = source and _site(source) != _site(store.identity)
        # what a wrong `site` made unusable must not shadow its coming again
        name = f"{store.name} for {_site(source)}" if elsewhere else store.name
        return Label(
            topic=topic,
            dedupe_key=f"woocommerce:{name}:{webhook_id}:{topic}:{sha256}",
            headers=_kept(headers),
            other_shop=source if elsewhere else None,
        )

    @override
    def read(self, event: Event, store: Store) -> Reading:
        if event.topic not in _TOPICS:
            return Ignored(reason="topic")
        body = reading.parse(event.body)
        _refuse_error(body)
        order_id = reading.order_id(body.get("id"))
        is_order = isinstance(body.get("line_items"), list)
        if event.topic == "order.deleted":
            return _deleted(order_id, is_order=is_order)
        if not is_order:
            raise Unusable(
                code="shape", text="The topic promises an order; this is none."
            )
        return Told(
            snapshot=snapshot_of(body, event, store),
            restored=event.topic == "order.restored",
        )

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
        resource, _, happened = topic.partition(".")
        delivery = hashlib.sha256(webhook_id.encode() + body).hexdigest()[:32]
        signed = signature(body, _signing_key(secret)).decode()
        return {
            "Content-Type": "application/json",
            "User-Agent": "WooCommerce/10.3.5 Hookshot (WordPress/6.8.3)",
            "X-WC-Webhook-Source": f"{store.identity.rstrip('/')}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": happened,
            "X-WC-Webhook-Signature": signed,
            "X-WC-Webhook-ID": webhook_id,
            "X-WC-Webhook-Delivery-ID": delivery,
        }


def _signing_key(secret: str) -> str:
    """
    Return the key that a secret stands for.

    WordPress decodes the HTML entities of what it stored before it signs,
    and the page that shows the secret may have encoded it.

    Source: `wp_specialchars_decode` in `WC_Webhook::generate_signature`.
    """
    return html.unescape(secret)


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(_PREFIX + name, "").strip()


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    names = [_PREFIX + name for name in _KEPT]
    return {name: headers[name] for name in names if name in headers}


def _site(address: str) -> str:
    """Return an address without what does not make it another site."""
    bare = address.strip().lower().rstrip("/")
    bare = bare.removeprefix("https://").removeprefix("http://")
    return bare.removeprefix("www.")


def _refuse_error(body: JSONObject) -> None:
    """
    Refuse the REST errors that WooCommerce signs and sends as orders.

    It reads the body through its own REST API as the user who made the
    webhook. Only the number of the error is told on: its text is the
    shop's. Source: woocommerce issue 37806.
    """
    if "code" not in body or isinstance(body.get("id"), int):
        return
    status = reading.child(body.get("data")).get("status")
    raise Unusable(code="woocommerce_error", text=_advice(status))


def _advice(status: JSON) -> str:
    if isinstance(status, int) and status in _REFUSED:
        return (
            "WooCommerce may not read this order: the user who made the "
            "webhook was deleted or lost the right to. Save the webhook "
            "again as a shop manager."
        )
    if status == _MISSING:
        return "WooCommerce did not find this order when it sent the webhook."
    return "WooCommerce sent an error instead of an order."


def _deleted(order_id: str, *, is_order: bool) -> Deleted:
    if is_order:
        raise Unusable(
            code="topic_mismatch",
            text="The topic says deleted, but the body shows the order.",
        )
    return Deleted(order_id=order_id)
