"""
A shop whose orders go the whole way through a journal, without a network.

Planning, rendering and the journal's verbs are the bridge's own; what the
target answers is made up.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from bridge.journal.protocol import Claim, Journal, Lane, Result
from bridge.journal.sqlite import SQLiteJournal
from bridge.lifecycle import Step
from bridge.mapping.catalog import Source, build_catalog
from bridge.mapping.render import render, request_hash
from bridge.model import (
    DAY,
    SECOND,
    DeliveryState,
    Instant,
    Link,
    Millis,
    NewEvent,
    Phase,
)
from bridge.orders.document import document
from bridge.orders.order import load_state
from bridge.planner import Live, Planner
from bridge.settings import load_stores, load_targets, surroundings

MAPPINGS = Path(__file__).parents[1] / "mappings"
SAMPLE = (
    MAPPINGS / "samples" / "shopify-mx-orders-fulfilled-two-shipments.json"
)
STORE, TARGET, MAPPING = "cafe-mx", "rayo-mx", "cafe-mx-rayo"
BEGINS = Instant(1_796_000_000_000)
"""When the first order of a journal comes in, in November 2026."""

LEASE = Millis(30 * SECOND)


@cache
def live() -> Live:
    """Return the shipped shop with one connection, create and tracking."""
    stores = load_stores(MAPPINGS, lambda name: f"secret-{name}")
    targets = load_targets(MAPPINGS, lambda name: f"secret-{name}")
    text = (MAPPINGS / f"{MAPPING}.yaml").read_text()
    built = build_catalog(
        [Source(name=MAPPING, file=f"{MAPPING}.yaml", text=text)],
        surroundings(stores, targets),
        last_good={},
    )
    assert not built.problems, built.problems
    return Live(stores=stores, catalog=built)


@cache
def _sample() -> dict[str, Any]:
    """Return an order with one line and one parcel: about 8 KB."""
    order: dict[str, Any] = json.loads(SAMPLE.read_bytes())
    order["line_items"] = order["line_items"][:1]
    order["fulfillments"] = order["fulfillments"][:1]
    (parcel,) = order["fulfillments"]
    (line,) = order["line_items"]
    parcel["line_items"] = [
        {name: line[name] for name in ("id", "sku", "quantity")}
    ]
    for name in ("tax_lines", "discount_applications", "refunds"):
        order[name] = []
    order["shipping_lines"] = order["shipping_lines"][:1]
    return order


def body_of(number: int) -> bytes:
    """Return the webhook of an order: paid, and on its way."""
    order = {**_sample(), "id": 6_000_000_000_000 + number}
    order["name"] = f"#{number}"
    return json.dumps(
        order, ensure_ascii=False, separators=(",", ":")
    ).encode()


def event_of(number: int, at: Instant) -> NewEvent:
    """Return the webhook of an order as the door keeps it."""
    body = body_of(number)
    digest = hashlib.sha256(body).hexdigest()
    webhook = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:28]}"
    shop = "cafe-jacaranda-mx.myshopify.com"
    return NewEvent(
        store=STORE,
        platform="shopify",
        topic="orders/fulfilled",
        dedupe_key=f"shopify:{shop}:orders/fulfilled:{webhook}",
        body=body,
        sha256=digest,
        headers={
            "x-shopify-topic": "orders/fulfilled",
            "x-shopify-shop-domain": shop,
            "x-shopify-api-version": "2026-07",
            "x-shopify-webhook-id": webhook,
        },
        received_at=at,
    )


class Shop:
    """
    Brings webhooks, and lets them be planned and delivered.

    Args:
        first: the number of its first order.
    """

    offset = Millis(0)

    def __init__(
        self, journal: SQLiteJournal, *, first: int, path: Path | None = None
    ) -> None:
        self.journal = journal
        self.path = path
        self.body_size = len(body_of(first))
        self._next = first
        self._planner = Planner(
            journal, live=live, version=lambda _hash: None, now=self._now
        )

    def _now(self) -> Instant:
        return Instant(BEGINS + DAY)

    def append(self, orders: int) -> None:
        """Bring as many webhooks at once."""
        numbers = range(self._next, self._next + orders)
        self._next += orders
        self.journal.append([event_of(n, self._now()) for n in numbers])

    def deliver(self) -> int:
        """Plan and deliver what there is; return how much was delivered."""
        done = 0
        while self._planner.run_once():
            pass
        while claims := self.journal.claim(
            [Lane(target=TARGET, room=64)],
            owner="host/1",
            now=self._now(),
            lease=LEASE,
        ):
            for claim in claims:
                _deliver(self.journal, claim, self._now())
            done += len(claims)
        return done


def _deliver(journal: Journal, claim: Claim, now: Instant) -> None:
    mapping = live().catalog.mappings[MAPPING]
    rule = mapping.rule(claim.delivery.rule)
    assert rule is not None
    scene = document(load_state(claim.order.state), links=claim.links)
    request = render(mapping, rule, scene)
    number = journal.intend(claim, request, mapping_hash=mapping.hash, now=now)
    digest = hashlib.md5(claim.delivery.order_id.encode()).digest()
    reference = str(UUID(bytes=digest))
    answer = {"orden": {"ordenRef": reference}}
    if rule.name == "tracking":
        answer["orden"] |= request.body["rastreo"]
    result = Result(
        step=Step(state=DeliveryState.SUCCEEDED),
        number=number,
        phase=Phase.ANSWERED,
        status=200,
        outcome="applied",
        answer=json.dumps(answer),
        answered=True,
        mapping_hash=mapping.hash,
        request={
            "method": request.method,
            "path": request.path,
            "body": request.body,
        },
        request_hash=request_hash(request),
        links=[
            Link(
                store=STORE,
                order_id=claim.delivery.order_id,
                target=TARGET,
                name="rayo_order",
                value=reference,
                source="answer",
            )
        ],
    )
    journal.record(claim, result, now)
