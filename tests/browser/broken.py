"""
Ten orders, each broken in another way, at a running bridge.

They are broken as shops, customers, targets and people break them: by what
they write, by how the sandbox is told to fail, and in the console.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bridge.commands.files import look_at
from bridge.compose import monotonic, random_secret
from bridge.demo.place import Place, make_place
from bridge.demo.running import ask, await_settled, running
from bridge.journal.opening import open_journal
from bridge.mapping.cases import Sample
from bridge.samples import Samples, send, signed, store_of

SHOPIFY = "shopify-mx-orders-paid-multiline"
CHOCOLATE = "shopify-co-orders-create-cod-no-phone"
WOO = "woo-mx-order-updated-processing-paid"

LUIS = "fedcba9876543210fedcba9876543210"
"""Lets a second operator in, whose name is luis."""

UNCLEAR_MX = "Juárez 5, C.P. 06000 Narnia"
UNCLEAR_CO = "Calle 5 # 12-34, Torres de Sol"
GOOD_MX = "Av. Álvaro Obregón 151, Col. Roma Norte"
GOOD_CO = "Calle 5 # 12-34"

CREATES_AT_EVERY = """
from: chocolate-co
to: every-co
since: 2026-11-01
rules:
  create:
    when: ready
    call: create_order
    body:
      status: CONFIRMED
      referenceId: = id
      contentDescription: Chocolates
      sellingPriceCents: = cents(total)
      cashOnDeliveryRequestCents: "= if(cash_on_delivery, cents(outstanding), `0`)"
      recipient:
        firstName: = ship_to.first_name
        address:
          regionCode: CO
          locality: = ship_to.city
          addressLines:
            - = ship_to.street
    remember:
      every_order: split(name, '/') | [-1]
"""
"""A shop whose orders Every does not import."""

CHANGED = {"updated_at": "2026-11-21T09:00:00-06:00"}
"""Later than the samples say."""

YUJU_FILE = "artesanias-mx-yuju.yaml"
WRONG_LINE = "      carrier: = decimal(note, `2`)\n"
"""What somebody wrote into a file, and should not have."""


@dataclass(frozen=True, slots=True)
class Shops:
    """What the shops of a place send."""

    place: Place

    def cafe(self, number: int, **changes: Any) -> str:
        """Let a coffee be ordered in Mexico; return the order's id."""
        return self._shopify(SHOPIFY, 6_400_000_000_000, number, changes)

    def chocolate(self, number: int, **changes: Any) -> str:
        """Let chocolate be ordered in Colombia; return the order's id."""
        return self._shopify(CHOCOLATE, 6_500_000_000_000, number, changes)

    def pottery(self, number: int, **changes: Any) -> str:
        """Let pottery be ordered at the shop on WooCommerce."""
        sample = self._sample(WOO)
        said = {**json.loads(sample.body), "id": number, "number": str(number)}
        self._send(sample, {**said, **changes})
        return str(number)

    def unreadable(self) -> None:
        """Let a shop send what is no order, signed as it should be."""
        sample = self._sample(SHOPIFY)
        headers = {**sample.headers, "X-Shopify-Webhook-Id": "unreadable"}
        files = look_at(self.place.mappings, self.place.environ)
        store = store_of(sample, files.stores)
        assert store is not None
        broken = Sample(body=b'{"id": 6400000001099, "na', headers=headers)
        send(broken, store, url=self.place.url)

    def _shopify(
        self, name: str, base: int, number: int, changes: dict[str, Any]
    ) -> str:
        sample = self._sample(name)
        said = json.loads(sample.body)
        address = {
            **said["shipping_address"],
            "address1": GOOD_CO if name == CHOCOLATE else GOOD_MX,
            "address2": None,
            **changes.pop("address", {}),
        }
        said |= {
            "id": base + number,
            "admin_graphql_api_id": f"gid://shopify/Order/{base + number}",
            "name": f"#{number}",
            "shipping_address": address,
            "line_items": said["line_items"][:1],
        }
        if sku := changes.pop("sku", None):
            said["line_items"][0]["sku"] = sku
        self._send(sample, {**said, **changes})
        return str(base + number)

    def _send(self, sample: Sample, said: dict[str, Any]) -> None:
        files = look_at(self.place.mappings, self.place.environ)
        store = store_of(sample, files.stores)
        assert store is not None
        body = json.dumps(said).encode()
        headers = dict(sample.headers)
        if "X-Shopify-Webhook-Id" in headers:
            headers["X-Shopify-Webhook-Id"] = random_secret()
            headers["X-Shopify-Order-Id"] = str(said["id"])
        one = Sample(body=body, headers=headers)
        assert signed(one, store)
        assert 200 == send(one, store, url=self.place.url).status

    def _sample(self, name: str) -> Sample:
        return Samples(self.place.mappings).sample(name)


@contextmanager
def trial_bridge(
    folder: Path, edit: Callable[[Path], None] = lambda _mappings: None
) -> Iterator[Place]:
    """
    Run a bridge whose files look before they create, and settle at once.

    Args:
        edit: changes the mapping files before the bridge starts.
    """
    place = make_place(folder, Path("mappings"), random_secret=random_secret)
    both = f"{place.environ['BRIDGE_ADMIN_TOKENS']},luis:{LUIS}"
    place = replace(
        place, environ={**place.environ, "BRIDGE_ADMIN_TOKENS": both}
    )
    mappings = place.mappings
    targets = mappings / "targets.yaml"
    impatient = re.sub(
        r"(  api: \w+\n)",
        r"\1  settle: 0\n  timeout: 2\n",
        targets.read_text(),
    )
    targets.write_text(impatient)
    for path in mappings.glob("*.cases.yaml"):
        path.unlink()
    (mappings / "chocolate-co-every.yaml").write_text(CREATES_AT_EVERY)
    for shop in ("cafe-mx", "artesanias-mx"):
        file = mappings / f"{shop}-rayo.yaml"
        file.write_text(
            file.read_text().replace(
                "call: create_order",
                "call: create_order\n    preflight: [products_known]",
            )
        )
    edit(mappings)
    with running(place, monotonic=monotonic):
        yield place


def await_rest(place: Place) -> None:
    """Wait until nothing moves by itself any more."""
    journal = open_journal(place.environ["BRIDGE_DATABASE"])
    try:
        await_settled(journal, monotonic=monotonic)
    finally:
        journal.close()


def put_right(place: Place) -> None:
    """Let the sandbox fail no more."""
    request = Request(f"{place.sandbox_url}/sandbox/faults", method="DELETE")
    with urlopen(request, timeout=5):
        pass


def fail(place: Place, **fault: Any) -> None:
    """Tell the sandbox to fail."""
    ask(f"{place.sandbox_url}/sandbox/faults", fault)


def record(place: Place) -> Any:
    """Return what the sandbox saw, and what each API holds now."""
    return ask(f"{place.sandbox_url}/sandbox/record")


def edited(mappings: Path) -> None:
    """Let somebody write a line into a file that can not be done."""
    file = mappings / YUJU_FILE
    status = "      status: ready_to_ship\n"
    file.write_text(file.read_text().replace(status, status + WRONG_LINE))


def break_orders(place: Place) -> None:
    """Let eight orders wait for a person, and one never come in."""
    shops = Shops(place)
    shops.cafe(1001, address={"address1": UNCLEAR_MX})
    shops.chocolate(2001, address={"address1": UNCLEAR_CO})
    shops.cafe(1002, sku="UNKNOWN-77")
    lost = {"api": "rayo", "fault": "drop_answer_after_apply"}
    fail(place, **lost, match={"skus": "TAZA-LOST"})
    shops.cafe(1003, sku="TAZA-LOST")
    await_rest(place)
    fail(place, api="every", fault="drop_before_apply")
    fail(place, api="every", operation="list_orders", fault="refuse")
    shops.chocolate(2002)
    await_rest(place)
    fail(place, api="every", fault="refuse", status=422)
    shops.chocolate(2003)
    shops.pottery(51990)
    shops.cafe(1004)
    await_rest(place)
    shops.cafe(1004, **CHANGED, cancelled_at=CHANGED["updated_at"])
    shops.unreadable()
    await_rest(place)
    put_right(place)
