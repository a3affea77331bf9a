"""
How many of the addresses in `tests/places/addresses.csv` are read right.

Each row goes the whole way: a webhook's body of its platform, the snapshot
that is read from it, its shipping address. A clean row is right when all
four parts are as expected and the reading is likely or sure; of a doubtful
row no wrong reading may be likely or sure.
"""

import csv
import hashlib
import json
import timeit
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.model import Certainty, Event, EventId, EventState, Instant
from bridge.orders.order import Address
from bridge.places.addresses import split_address
from bridge.places.beside import Beside
from bridge.sources.platform import Store, Told
from bridge.sources.register import PLATFORMS

TABLE = Path(__file__).parents[1] / "tests" / "places" / "addresses.csv"
SHARE = 0.97
"""Of the clean rows that must be right."""

Parts = tuple[str | None, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One address as people write it, and how a careful person reads it."""

    number: int
    form: str
    country: str
    source: str
    address1: str
    address2: str
    city: str
    state: str
    postal_code: str
    street: str
    exterior: str
    interior: str
    neighbourhood: str
    judgement: str
    note: str

    @property
    def clean(self) -> bool:
        """Return whether a careful person has one reading."""
        return self.judgement == "clean"

    @property
    def expected(self) -> Parts:
        """Return the parts, in the order of the table."""
        told = (self.street, self.exterior, self.interior, self.neighbourhood)
        street, exterior, interior, neighbourhood = (
            part or None for part in told
        )
        return street, exterior, interior, neighbourhood


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the bridge made of a row."""

    row: Row
    address: Address

    @property
    def parts(self) -> Parts:
        """Return the parts, in the order of the table."""
        return (
            self.address.street,
            self.address.exterior_number,
            self.address.interior_number,
            self.address.neighbourhood,
        )

    @property
    def relied_on(self) -> bool:
        """Return whether a mapping takes it without asking."""
        return self.address.certainty.reaches(Certainty.LIKELY)

    @property
    def right(self) -> bool:
        """Return whether all parts are as a careful person reads them."""
        return self.parts == self.row.expected

    @property
    def good(self) -> bool:
        """Return whether it is as the table wants it."""
        if self.row.clean:
            return self.right and self.relied_on
        return self.right or not self.relied_on

    @property
    def silently_wrong(self) -> bool:
        """Return whether a parcel would go to a wrong address unasked."""
        return self.relied_on and not self.right


def rows() -> list[Row]:
    """Return the table; `\\u2060` in it is the word joiner."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return [
            Row(
                number=number,
                **{
                    name: text.replace("\\u2060", "\u2060")
                    for name, text in row.items()
                },
            )
            for number, row in enumerate(csv.DictReader(lines), 2)
        ]


def read(row: Row) -> Reading:
    """Return how the bridge reads *row*, from its webhook's body on."""
    platform, _, asked = row.source.partition(" ")
    body = _shopify(row) if platform == "shopify" else _woocommerce(row, asked)
    raw = json.dumps(body).encode()
    event = Event(
        id=EventId(1),
        store="store",
        platform=platform,
        topic="orders/paid" if platform == "shopify" else "order.updated",
        order_id=None,
        dedupe_key="key",
        body=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        headers={},
        received_at=Instant(0),
        state=EventState.STORED,
        reason=None,
    )
    store = Store(
        name="store",
        platform=platform,
        identity="shop.example",
        secrets=("secret",),
        country=row.country,
    )
    told = PLATFORMS[platform].read(event, store)
    assert isinstance(told, Told)
    return Reading(row=row, address=told.snapshot.ship_to)


def _shopify(row: Row) -> dict[str, Any]:
    return {
        "id": 1,
        "line_items": [],
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
        "shipping_address": {
            "address1": row.address1,
            "address2": row.address2 or None,
            "city": row.city,
            "province_code": row.state,
            "zip": row.postal_code,
            "country_code": row.country,
        },
    }


def _woocommerce(row: Row, asked: str) -> dict[str, Any]:
    place = {
        "address_1": row.address1,
        "address_2": row.address2,
        "city": row.city,
        "state": row.state,
        "postcode": row.postal_code,
        "country": row.country,
    }
    fields = (field.split("=", 1) for field in asked.split(";") if field)
    return {
        "id": 1,
        "line_items": [],
        "date_created_gmt": "2026-11-01T00:00:00",
        "shipping": place,
        "billing": place,
        "meta_data": [{"key": key, "value": value} for key, value in fields],
    }


def report(readings: list[Reading]) -> Iterator[str]:
    """Yield both shares by form, and every miss."""
    clean: Counter[str] = Counter()
    clean_good: Counter[str] = Counter()
    doubtful: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for reading in readings:
        form = reading.row.form
        if reading.row.clean:
            clean[form] += 1
            clean_good[form] += reading.good
        else:
            doubtful[form] += 1
            wrong[form] += reading.silently_wrong
    yield f"{'form':24}{'clean right':>14}{'doubtful, silently wrong':>28}"
    for form in dict.fromkeys(reading.row.form for reading in readings):
        share = f"{clean_good[form]}/{clean[form]}"
        silent = f"{wrong[form]}/{doubtful[form]}"
        yield f"{form:24}{share:>14}{silent:>28}"
    total, good = clean.total(), clean_good.total()
    silent = f"{wrong.total()}/{doubtful.total()}"
    yield f"{'all':24}{f'{good}/{total}':>14}{silent:>28}"
    yield f"clean rows right: {good / total:.1%}"
    for reading in readings:
        if not reading.good:
            yield miss(reading)


def cost(table: list[Row]) -> float:
    """Return the processor time of one split, in microseconds."""
    best = min(timeit.repeat(lambda: _split(table), number=1, repeat=5))
    return best / len(table) * 1e6


def _split(table: list[Row]) -> None:
    for row in table:
        split_address(
            row.country,
            row.address1,
            row.address2,
            beside=Beside(city=row.city, postal_code=row.postal_code),
        )


def miss(reading: Reading) -> str:
    """Return what went wrong with a row, for whoever mends the rules."""
    row, address = reading.row, reading.address
    return (
        f"\n{row.number} {row.form} {row.judgement}: "
        f"{row.address1!r} | {row.address2!r}\n"
        f"  expected {row.expected}\n"
        f"  read     {reading.parts} {address.certainty}"
        f" {' '.join(address.doubts)}"
    )


if __name__ == "__main__":
    for line in report([read(row) for row in rows()]):
        print(line)
    print(f"\n{cost(rows()):.0f} µs to split one")
