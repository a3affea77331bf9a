"""
The lives of orders, as a campaign's stores tell them.

Three Shopify stores: `tienda` sends to Rayo, `mercado` to Rayo and Yuju,
`envios` to Every. An order is placed, paid, edited a few times (most edits
change nothing that a target hears of), sent in one or two parcels or
cancelled. Each telling carries what every target is to be told once it is
the newest, which is all that the verifier knows of mapping files.
"""

import copy
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bench.campaign.histories import ASKED, EXISTS, SKU
from bench.processes import SAMPLE

FIRST_ID = 7_000_000_000_000
SHOPS = {
    "tienda": "tienda-campaign.myshopify.com",
    "mercado": "mercado-campaign.myshopify.com",
    "envios": "envios-campaign.myshopify.com",
}

CANCELLED_SHARE = 0.1
TWO_PARCELS_SHARE = 0.5
STORM_SHARE = 0.01
STORM = 60
"""So many edits in a storm, of which one changes a price."""

STORES_FILE = "".join(
    f"""
{name}:
  platform: shopify
  shop: {shop}
  country: MX
  secrets: ["${{BENCH_SECRET}}"]
"""
    for name, shop in SHOPS.items()
)

TARGETS_FILE = """
rayo:
  api: rayo
  base_url: "{sandbox}/rayo"
  timeout: 5
  settle: 1
  credentials: {{ api_key: "${{RAYO_API_KEY}}" }}
every:
  api: every
  base_url: "{sandbox}/every"
  timeout: 5
  settle: 1
  credentials: {{ token: "${{EVERY_TOKEN}}" }}
yuju:
  api: yuju
  base_url: "{sandbox}/yuju"
  timeout: 5
  settle: 1
  credentials: {{ token: "${{YUJU_TOKEN}}" }}
"""

RAYO_FILE = """
from: {store}
to: rayo
since: 2020-01-01

rules:
  create:
    when: ready
    if: = lines[?ships && quantity > `0`]
    call: create_order
    body:
      productos:
        each: = lines[?ships && quantity > `0`]
        item:
          identificador: = sku
          cantidad: = quantity
      consumidor_destino:
        nombre: = ship_to.name
        telefono: = phone_national(ship_to.phone, 'MX')
        calle: = ship_to.street
        no_exterior: = ship_to.exterior_number
        colonia: = ship_to.neighbourhood
        ciudad: = ship_to.city
        estado: = state_name(ship_to.state, 'MX')
        codigo_postal: = ship_to.postal_code
        pais: mexico
    remember:
      rayo_order: orden.ordenRef

  tracking:
    when: shipped
    if: = parcels[?tracking_number]
    call: update_delivery
    path:
      orderId: = links.rayo_order
    body:
      rastreo:
        rastreo_numero: = join(', ', parcels[?tracking_number].tracking_number)

  cancelled:
    when: cancelled
    ask: Stop {{links.rayo_order}} with the warehouse.
"""

YUJU_FILE = """
from: mercado
to: yuju
since: 2020-01-01

rules:
  ready:
    when: ready
    call: set_status
    body:
      id_order: = id
      id_channel: 1901
      status: ready_to_ship

  shipped:
    when: shipped
    call: set_status
    body:
      id_order: = id
      id_channel: 1901
      status: shipped

  cancelled:
    when: cancelled
    call: set_status
    body:
      id_order: = id
      id_channel: 1901
      status: canceled
"""

EVERY_FILE = """
from: envios
to: every
since: 2020-01-01

rules:
  create:
    when: ready
    changed: ignore
    call: create_order
    body:
      status: CONFIRMED
      referenceId: = id
      sellingPriceCents: = cents(total)
    remember:
      every_order: split(name, '/') | [-1]

  priced:
    when: ready
    call: update_order
    path:
      id: = links.every_order
    body:
      order:
        status: CONFIRMED
        sellingPriceCents: = cents(total)

  sent:
    when: fulfilled
    call: update_order
    path:
      id: = links.every_order
    body:
      order:
        status: READY
        sellingPriceCents: = cents(total)
"""


def campaign_files(sandbox: str) -> dict[str, str]:
    """Return the campaign's own mapping files, by name."""
    return {
        "stores.yaml": STORES_FILE,
        "targets.yaml": TARGETS_FILE.format(sandbox=sandbox),
        "tienda-rayo.yaml": RAYO_FILE.format(store="tienda"),
        "mercado-rayo.yaml": RAYO_FILE.format(store="mercado"),
        "mercado-yuju.yaml": YUJU_FILE,
        "envios-every.yaml": EVERY_FILE,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One webhook that a store is to send."""

    store: str
    order: str
    kind: str
    topic: str
    version: int
    body: bytes
    wants: Mapping[str, str]
    passes: Mapping[str, str]


class Life:
    """
    One order on its way, telling by telling.

    Args:
        began: when it was placed, in whole seconds since the epoch.
    """

    def __init__(
        self, number: int, store: str, *, began: int, dice: random.Random
    ) -> None:
        self._id = FIRST_ID + number
        self._store = store
        self._began = began
        self._dice = dice
        self._step = 0
        self._order = _blank(self._id)
        self._cents = 10_000 + number % 80_000
        self._cancelled = False

    def tellings(self) -> Iterator[Telling]:
        """Yield the whole life, the oldest first."""
        yield self._tell("placed", "orders/create", paid=False)
        yield self._tell("paid", "orders/paid")
        storm = self._dice.random() < STORM_SHARE
        yield from self._edits(STORM if storm else self._dice.randint(4, 10))
        if self._ends_early():
            yield from self._cancel()
            return
        parcels = 2 if self._dice.random() < TWO_PARCELS_SHARE else 1
        for sent in range(1, parcels + 1):
            self._send(sent, of=parcels)
            if sent < parcels:
                yield self._tell("shipped", "orders/partially_fulfilled")
                yield from self._edits(self._dice.randint(0, 2))
                if self._ends_early(share=CANCELLED_SHARE / 5):
                    yield from self._cancel()
                    return
        yield self._tell("fulfilled", "orders/fulfilled")
        yield from self._edits(self._dice.randint(0, 2))

    def _ends_early(self, *, share: float = CANCELLED_SHARE) -> bool:
        return self._store != "envios" and self._dice.random() < share

    def _cancel(self) -> Iterator[Telling]:
        self._cancelled = True
        self._order["cancelled_at"] = _time(self._began + self._step)
        self._order["cancel_reason"] = "customer"
        yield self._tell("cancelled", "orders/cancelled")
        yield from self._edits(self._dice.randint(0, 1))

    def _edits(self, number: int) -> Iterator[Telling]:
        priced = self._dice.randrange(number) if number else None
        for place in range(number):
            if place == priced:
                self._cents += 100
            self._order["note"] = f"edit {self._step}"
            yield self._tell("updated", "orders/updated")

    def _send(self, number: int, *, of: int) -> None:
        """Add a parcel; the last one makes the order fulfilled."""
        last = number == of
        self._order["fulfillment_status"] = "fulfilled" if last else "partial"
        line = self._order["line_items"][0]
        left = 0 if last else 1
        line["fulfillable_quantity"] = left
        at = _time(self._began + self._step)
        self._order["fulfillments"].append(
            {
                "id": self._id * 10 + number,
                "created_at": at,
                "updated_at": at,
                "status": "success",
                "shipment_status": None,
                "tracking_company": "Estafeta",
                "tracking_number": f"T{self._id}-{number}",
                "tracking_numbers": [f"T{self._id}-{number}"],
                "line_items": [{**line, "quantity": 1}],
            }
        )

    def _tell(self, kind: str, topic: str, *, paid: bool = True) -> Telling:
        version = self._began + self._step
        total = f"{self._cents // 100}.{self._cents % 100:02}"
        order = self._order
        order["updated_at"] = _time(version)
        order["created_at"] = _time(self._began)
        order["financial_status"] = "paid" if paid else "pending"
        order["total_price"] = order["current_total_price"] = total
        order["total_outstanding"] = "0.00" if paid else total
        self._step += 1
        return Telling(
            store=self._store,
            order=str(self._id),
            kind=kind,
            topic=topic,
            version=version * 1000,
            body=json.dumps(order, ensure_ascii=False).encode(),
            wants=self._wants() if paid else {},
            passes=self._passes(),
        )

    def _passes(self) -> dict[str, str]:
        """Every is told of an order to be sent before it hears it was."""
        if self._store != "envios":
            return {}
        return {"every": f"CONFIRMED {self._cents}"}

    def _wants(self) -> dict[str, str]:
        if self._store == "envios":
            done = self._order["fulfillment_status"] == "fulfilled"
            word = "READY" if done else "CONFIRMED"
            return {"every": f"{word} {self._cents}"}
        wants = {"rayo": self._wanted_of_rayo()}
        if self._store == "mercado":
            wants["yuju"] = self._wanted_of_yuju()
        return wants

    def _wanted_of_rayo(self) -> str:
        if self._cancelled:
            return ASKED
        sent = self._order["fulfillments"]
        guides = ", ".join(parcel["tracking_number"] for parcel in sent)
        return guides or EXISTS

    def _wanted_of_yuju(self) -> str:
        if self._cancelled:
            return "canceled"
        sent = self._order["fulfillments"]
        return "shipped" if sent else "ready_to_ship"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat()


def _blank(id: int) -> dict[str, Any]:
    """Return an order of some 6 KB, whose SKU names it."""
    order = copy.copy(_sample())
    line = {**order["line_items"][0], "sku": f"{SKU}{id}", "quantity": 2}
    return {
        **order,
        "id": id,
        "admin_graphql_api_id": f"gid://shopify/Order/{id}",
        "name": f"#{id - FIRST_ID}",
        "line_items": [{**line, "current_quantity": 2}],
        "fulfillments": [],
    }


@lru_cache(1)
def _sample() -> dict[str, Any]:
    """Return the sample order without prices in every currency."""
    whole = json.loads(SAMPLE.read_bytes())
    found: dict[str, Any] = _without_sets(whole)
    return found


def _without_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_sets(part)
            for name, part in value.items()
            if not name.endswith("_set")
        }
    if isinstance(value, list):
        return [_without_sets(part) for part in value]
    return value
