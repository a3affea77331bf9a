"""Values with defaults, for tests that care about one or two fields."""

import hashlib
from collections.abc import Sequence
from typing import Any

from bridge.journal.protocol import (
    EventVerdict,
    Journal,
    OrderPlan,
)
from bridge.model import (
    Delivery,
    DeliveryState,
    EventId,
    EventState,
    Instant,
    Kind,
    Link,
    NewDelivery,
    NewEvent,
)

NOW = Instant(1_790_000_000_000)
"""A moment in September 2026, for tests that need one."""

STORE = "cafe-mx"
ORDER = "5678"
NOTHING_TOLD = '{"store":"cafe-mx","platform":"shopify","id":"5678"}'
"""The folded state of an order of which nothing was told."""

TARGET = "rayo-mx"


def later(milliseconds: int, since: Instant = NOW) -> Instant:
    """Return the instant so many milliseconds after *since*."""
    return Instant(since + milliseconds)


def new_event(key: str = "orders/paid:1", **changes: Any) -> NewEvent:
    """Return a webhook of `STORE`; *key* is its dedupe key."""
    body = changes.pop("body", f'{{"key":"{key}"}}'.encode())
    values: dict[str, Any] = {
        "store": STORE,
        "platform": "shopify",
        "topic": "orders/paid",
        "dedupe_key": key,
        "body": body,
        "sha256": hashlib.sha256(body).hexdigest(),
        "headers": {"X-Shopify-Topic": "orders/paid"},
        "received_at": NOW,
    }
    return NewEvent(**values | changes)


def new_delivery(rule: str = "create", **changes: Any) -> NewDelivery:
    """
    Return a pending call of `ORDER` to `TARGET`, not repeatable.

    Its lane, effect key and place follow from the order, target, operation,
    position and generation, unless they are given.
    """
    position = changes.pop("position", 1)
    store = changes.get("store", STORE)
    order_id = changes.get("order_id", ORDER)
    target = changes.get("target", TARGET)
    generation = changes.get("generation", 1)
    values: dict[str, Any] = {
        "effect_key": f"{target}/{rule}/{store}/{order_id}",
        "generation": generation,
        "kind": Kind.CALL,
        "store": store,
        "order_id": order_id,
        "target": target,
        "lane": f"{target}/{store}/{order_id}",
        "place": f"cafe-mx-rayo/{position:03d}/{generation:06d}",
        "mapping": "cafe-mx-rayo",
        "rule": rule,
        "operation": "create_order",
        "repeatable": False,
        "blocks": True,
        "state": DeliveryState.PENDING,
        "due_at": NOW,
    }
    return NewDelivery(**values | changes)


def planned(id: EventId) -> EventVerdict:
    """Return the verdict that an event's plan was made."""
    return EventVerdict(id=id, state=EventState.PLANNED)


def plan_for(*adds: NewDelivery, **changes: Any) -> OrderPlan:
    """Return a plan that adds deliveries to an order not yet known."""
    first = adds[0] if adds else None
    values: dict[str, Any] = {
        "store": first.store if first else STORE,
        "order_id": first.order_id if first else ORDER,
        "seen_revision": None,
        "state": NOTHING_TOLD,
        "version": NOW,
        "body_event": None,
        "plan_due": None,
        "adds": adds,
    }
    return OrderPlan(**values | changes)


def link(name: str = "rayo_order", **changes: Any) -> Link:
    """Return a link of `ORDER` at `TARGET`."""
    values: dict[str, Any] = {
        "store": STORE,
        "order_id": ORDER,
        "target": TARGET,
        "name": name,
        "value": "9095",
        "source": "answer",
    }
    return Link(**values | changes)


def keep(
    journal: Journal, *adds: NewDelivery, now: Instant = NOW, **changes: Any
) -> Sequence[Delivery]:
    """
    Plan *adds* on top of what their order has; return all its deliveries.

    All *adds* are of one order.
    """
    plan = plan_for(*adds, **changes)
    row = journal.dossier(plan.store, plan.order_id).order
    seen = None if row is None else row.revision
    assert plan_one(
        journal, plan_for(*adds, **{"seen_revision": seen, **changes}), now
    )
    return journal.dossier(plan.store, plan.order_id).deliveries


def plan_one(journal: Journal, plan: OrderPlan, now: Instant) -> bool:
    """Keep one plan; return whether it was kept."""
    (kept,) = journal.plan([plan], now)
    return kept
