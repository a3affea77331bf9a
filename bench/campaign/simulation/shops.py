"""
The shops: orders with a life of their own, told of by signed webhooks.

What a shop knows of its order at each moment stands in `Facts`; the judge
goes by these and never by what the bridge made of the bodies.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bench.campaign.simulation.faults import Kind, Luck

K = Kind

EPOCH = 1_795_000_000_000
"""True time begins here: 2026-11-18, after the mappings' `since`."""

CREATED_S = EPOCH // 1_000 - 3_600
SHOPIFY = frozenset({"cafe-mx", "chocolate-co", "fincas-co"})
STORES = ("cafe-mx", "cafe-mx", "cafe-mx", "artesanias-mx", "artesanias-mx",
          "chocolate-co", "calzado-co", "fincas-co")  # fmt: skip
AWAY_MS = (100, 2_000, 60_000)
"""How long an order that comes back was cancelled."""

MEXICAN = frozenset({"cafe-mx", "artesanias-mx"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What is true of an order at one moment.

    Args:
        guides: the tracking numbers of its parcels, oldest first.
        house: the house number it is to be sent to.
        total: in whole units of the currency.
    """

    paid: bool = False
    cancelled: bool = False
    guides: tuple[str, ...] = ()
    fulfilled: bool = False
    delivered: bool = False
    house: int = 1
    total: int = 500
    tag: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """
    One change of an order.

    Args:
        number: from 1; the later is the newer, by the shop's own time.
        after: milliseconds after the one before, in true time.
    """

    number: int
    topic: str
    facts: Facts
    after: int


@dataclass(slots=True, kw_only=True)
class Order:
    """
    One order of one shop.

    Args:
        versions: all that happens to it, oldest first.
        cancels: it is cancelled the moment its create is written.
        returns_after: then it comes back, so many milliseconds later.
    """

    store: str
    number: int
    versions: list[Version] = field(default_factory=list)
    cancels: bool = False
    returns_after: int | None = None

    @property
    def id(self) -> int:
        """The shop's own id; another one for every order of all shops."""
        return 7_000_000 + self.number

    @property
    def key(self) -> str:
        """What targets know it by."""
        return str(self.id)

    @property
    def last(self) -> Facts:
        """What is true in the end."""
        return self.versions[-1].facts

    @property
    def was_ready(self) -> bool:
        """Whether it ever asked to be sent."""
        return any(
            version.facts.paid and not version.facts.cancelled
            for version in self.versions
        )

    @property
    def ever_cancelled(self) -> bool:
        """Whether it ever was cancelled."""
        return any(version.facts.cancelled for version in self.versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook, ready to be signed."""

    order: Order
    version: Version
    topic: str
    body: bytes
    webhook_id: str


def hook(order: Order, version: Version, *, webhook_id: str) -> Hook:
    """Return the webhook that tells of a version."""
    shopify = order.store in SHOPIFY
    body = _shopify(order, version) if shopify else _woo(order, version)
    return Hook(
        order=order,
        version=version,
        topic=version.topic,
        body=json.dumps(body, ensure_ascii=False).encode(),
        webhook_id=webhook_id,
    )


# ----------------------------------------------------------------- lives


def placed(number: int, luck: Luck) -> Order:
    """Return an order with all that will happen to it."""
    dice = luck.dice
    order = Order(store=dice.choice(STORES), number=number)
    life = _Life(order, luck)
    life.begin()
    return order


class _Life:
    """Draws what happens to one order."""

    def __init__(self, order: Order, luck: Luck) -> None:
        self._order = order
        self._luck = luck
        self._dice = luck.dice
        self._facts = Facts(
            house=self._dice.randint(1, 99), total=self._dice.randint(1, 999)
        )
        self._shopify = order.store in SHOPIFY

    def begin(self) -> None:
        self._happens("create")
        if self._luck.strikes(K.CANCEL_EARLY):
            self._cancel(self._soon())
            return
        self._happens("pay", self._dice.choice((0, 500, 3_000)), paid=True)
        if self._luck.may(K.CANCEL_DURING):  # counted when it really is
            self._cancel_during()
        elif not self._shopify and self._luck.strikes(K.COMES_BACK):
            self._cancel(self._soon())
            self._back()
        else:
            self._go_on()

    def _cancel_during(self) -> None:
        self._order.cancels = True
        if not self._shopify and self._dice.random() < 0.6:
            self._order.returns_after = self._dice.choice(AWAY_MS)

    def _go_on(self) -> None:
        if self._luck.strikes(K.STORM):
            if self._dice.random() < 0.5:
                self._parcels()
                return
            self._storm()
        if self._luck.strikes(K.CHANGED):
            self._happens("edit", self._soon(),
                          house=self._facts.house + 100)  # fmt: skip
            if self._dice.random() < 0.5:
                return
        if self._dice.random() < 0.75:
            self._ship()
        elif self._dice.random() < 0.5:
            self._cancel(self._soon())

    def _ship(self) -> None:
        first = f"G{self._order.number}A"
        self._happens("ship", self._soon(), guides=(first,),
                      fulfilled=self._dice.random() < 0.7)  # fmt: skip
        if self._luck.strikes(K.CANCEL_LATE):
            self._cancel(self._soon())
            return
        if self._dice.random() < 0.4:
            second = f"G{self._order.number}B"
            self._happens("ship", self._soon(), guides=(first, second),
                          fulfilled=True)  # fmt: skip
        may_arrive = self._shopify and self._facts.fulfilled
        if may_arrive and self._dice.random() < 0.4:
            self._happens("arrive", self._soon(), delivered=True)

    def _storm(self) -> None:
        for tag in range(self._dice.randint(5, 15)):
            self._happens("edit", self._dice.randint(0, 300), tag=tag + 1)

    def _parcels(self) -> None:
        """A storm in which each update says something new, up to the last."""
        guides: tuple[str, ...] = ()
        count = self._dice.choice((2, 2, 3, 5))
        for letter in "ABCDE"[:count]:
            guides += (f"G{self._order.number}{letter}",)
            self._happens("ship", self._dice.randint(0, 300), guides=guides,
                          fulfilled=len(guides) == count)  # fmt: skip
        if self._luck.strikes(K.CANCEL_LATE):
            self._cancel(self._soon())

    def _cancel(self, after: int) -> None:
        self._happens("cancel", after, cancelled=True)

    def _back(self) -> None:
        self._happens("pay", self._dice.choice(AWAY_MS), cancelled=False)
        if self._dice.random() < 0.4:
            self._ship()

    def _soon(self) -> int:
        return self._dice.choice((0, 50, 300, 1_000, 5_000, 40_000))

    def _happens(self, what: str, after: int = 0, **change: Any) -> None:
        self._facts = replace(self._facts, **change)
        topics = _SHOPIFY_TOPICS if self._shopify else _WOO_TOPICS
        self._order.versions.append(
            Version(
                number=len(self._order.versions) + 1,
                topic=topics[what],
                facts=self._facts,
                after=after,
            )
        )


def next_version(order: Order, what: str, **change: Any) -> Version:
    """Let one more thing happen to an order now."""
    topics = _SHOPIFY_TOPICS if order.store in SHOPIFY else _WOO_TOPICS
    version = Version(
        number=len(order.versions) + 1,
        topic=topics[what],
        facts=replace(order.last, **change),
        after=0,
    )
    order.versions.append(version)
    return version


_SHOPIFY_TOPICS = {
    "create": "orders/create",
    "pay": "orders/paid",
    "edit": "orders/updated",
    "ship": "orders/fulfilled",
    "arrive": "orders/updated",
    "cancel": "orders/cancelled",
}
_WOO_TOPICS = dict.fromkeys(_SHOPIFY_TOPICS, "order.updated") | {
    "create": "order.created"
}


# ---------------------------------------------------------------- bodies


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime(
        "%Y-%m-%dT%H:%M:%S"
    )


def _stamp(version: Version) -> int:
    """The shop's own time of a change: whole seconds, each its own."""
    return CREATED_S + 60 * version.number


def _shopify(order: Order, version: Version) -> Mapping[str, Any]:
    facts = version.facts
    line = {
        "id": order.id * 10,
        "sku": f"SKU-{order.key}",
        "name": "Café",
        "quantity": 2,
        "current_quantity": 2,
        "requires_shipping": True,
        "price": f"{facts.total}.00",
    }
    return {
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "name": f"#{order.number}",
        "order_number": order.number,
        "created_at": f"{_iso(CREATED_S)}Z",
        "updated_at": f"{_iso(_stamp(version))}Z",
        "cancelled_at": (
            f"{_iso(_stamp(version))}Z" if facts.cancelled else None
        ),
        "cancel_reason": "customer" if facts.cancelled else None,
        "financial_status": "paid" if facts.paid else "pending",
        "fulfillment_status": "fulfilled" if facts.fulfilled else None,
        "currency": "MXN",
        "current_total_price": f"{facts.total}.00",
        "total_price": f"{facts.total}.00",
        "payment_gateway_names": ["shopify_payments"],
        "tags": f"t{facts.tag}",
        "line_items": [line],
        "shipping_address": _shopify_address(order, facts),
        "fulfillments": [
            _fulfilment(order, version, line, place)
            for place in range(len(facts.guides))
        ],
    }


def _shopify_address(order: Order, facts: Facts) -> Mapping[str, Any]:
    mexican = order.store in MEXICAN
    return {
        "first_name": "Ana",
        "last_name": "Núñez",
        "name": "Ana Núñez",
        "phone": "+525555010123" if mexican else "+573005550123",
        # Shopify parts what it asked for separately with word joiners.
        "address1": f"Av. Álvaro Obregón \u2060{facts.house}",
        "address2": "\u2060Roma Norte",
        "city": "Ciudad de México" if mexican else "Bogotá",
        "zip": "06700" if mexican else "110111",
        "province_code": "DF" if mexican else "DC",
        "country_code": "MX" if mexican else "CO",
    }


def _fulfilment(
    order: Order, version: Version, line: Mapping[str, Any], place: int
) -> Mapping[str, Any]:
    facts = version.facts
    return {
        "id": order.id * 10 + place,
        "status": "success",
        "created_at": f"{_iso(CREATED_S + 10 * place)}Z",
        "updated_at": f"{_iso(_stamp(version))}Z",
        "tracking_company": "DHL",
        "tracking_number": facts.guides[place],
        "tracking_numbers": [facts.guides[place]],
        "tracking_url": f"https://dhl.example/{facts.guides[place]}",
        "shipment_status": "delivered" if facts.delivered else "confirmed",
        "line_items": [{**line, "quantity": 1}],
    }


def _woo(order: Order, version: Version) -> Mapping[str, Any]:
    facts = version.facts
    mexican = order.store in MEXICAN
    address = {
        "first_name": "Ana",
        "last_name": "Núñez",
        "address_1": f"Calle Hidalgo {facts.house}",
        "address_2": "Col. Centro",
        "city": "Monterrey" if mexican else "Bogotá",
        "state": "NL" if mexican else "DC",
        "postcode": "64000" if mexican else "110111",
        "country": "MX" if mexican else "CO",
        "phone": "+528115550200" if mexican else "+573005550123",
    }
    return {
        "id": order.id,
        "number": str(order.number),
        "status": _woo_status(facts),
        "currency": "MXN",
        "total": f"{facts.total}.00",
        "date_created_gmt": _iso(CREATED_S),
        "date_modified_gmt": _iso(_stamp(version)),
        "date_paid_gmt": _iso(CREATED_S + 120) if facts.paid else None,
        "payment_method": "stripe",
        "billing": address,
        "shipping": address,
        "customer_note": f"t{facts.tag}",
        "line_items": [
            {
                "id": order.id * 10,
                "sku": f"SKU-{order.key}",
                "name": "Rebozo",
                "quantity": 2,
                "total": f"{facts.total}.00",
            }
        ],
        "meta_data": [
            {
                "id": 1,
                "key": "_wc_shipment_tracking_items",
                "value": [
                    {
                        "tracking_id": guide,
                        "tracking_number": guide,
                        "custom_tracking_provider": "DHL",
                        "date_shipped": str(CREATED_S + 86_400 * place),
                    }
                    for place, guide in enumerate(facts.guides)
                ],
            }
        ],
    }


def _woo_status(facts: Facts) -> str:
    if facts.cancelled:
        return "cancelled"
    if facts.fulfilled:
        return "completed"
    return "processing" if facts.paid else "pending"


# ------------------------------------------------------------- the sending


@dataclass(frozen=True, slots=True)
class Sending:
    """When a webhook sets out, in true milliseconds."""

    at: int
    hook: Hook


def sendings(order: Order, luck: Luck, *, begins: int) -> Sequence[Sending]:
    """Return when each of an order's webhooks sets out, as things go."""
    dice, at = luck.dice, begins
    found: list[Sending] = []
    for version in order.versions:
        at += version.after
        told = hook(order, version, webhook_id=_webhook_id(order, dice))
        sets_out = at + dice.randint(5, 120)
        if luck.strikes(K.HOOK_LATE):
            sets_out += dice.choice((3_000, 30_000, 200_000))
        found.append(Sending(sets_out, told))
        found += _repeats(told, sets_out, luck)
    if len(found) > 1 and luck.strikes(K.HOOKS_REORDERED):
        place = dice.randrange(len(found) - 1)
        one, other = found[place], found[place + 1]
        found[place] = Sending(other.at, one.hook)
        found[place + 1] = Sending(one.at, other.hook)
    return found


def _webhook_id(order: Order, dice: random.Random) -> str:
    if order.store in SHOPIFY:
        return f"{dice.getrandbits(64):016x}"
    return "7"  # WooCommerce's is the webhook's own number


def _repeats(told: Hook, at: int, luck: Luck) -> list[Sending]:
    found = []
    if luck.strikes(K.HOOK_TWICE):
        found.append(Sending(at + luck.dice.randint(0, 5_000), told))
    if luck.strikes(K.HOOK_AGAIN):
        fresh = f"{luck.dice.getrandbits(32):08x}"
        again = replace(told, webhook_id=fresh)
        found.append(Sending(at + luck.dice.randint(0, 5_000), again))
    return found
