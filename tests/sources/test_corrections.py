"""A person's word about an order, as an event."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from bridge.errors import Unusable, WrongCorrection
from bridge.model import Event, EventId, EventState, Instant, NewEvent
from bridge.orders.document import document
from bridge.orders.order import Address, Line, OrderState, Snapshot
from bridge.sources.corrections import correction
from bridge.sources.folding import fold_reading, order_told_of
from bridge.sources.platform import Store
from bridge.sources.register import read_event

STORE = Store(
    name="cafe-mx",
    platform="shopify",
    identity="cafe-jacaranda-mx.myshopify.com",
    country="MX",
    secrets=("s",),
)
STATE = OrderState(
    store="cafe-mx",
    platform="shopify",
    id="1042",
    snapshot=Snapshot(
        id="1042",
        version=Instant(5),
        digest="a",
        name="#1042",
        created_at=Instant(1),
        ship_to=Address(address1="Calle 5 12", country="MX"),
        lines=(Line(id="7", sku="OLD"),),
    ),
)


def said(fields: dict[str, Any], *, state: OrderState = STATE) -> NewEvent:
    return correction(state, fields, by="ana", revision=3, now=Instant(1_000))


def kept(new: NewEvent, **changes: Any) -> Event:
    values = {**asdict(new), "id": EventId(1), "order_id": None, **changes}
    return Event(**values)


def test_what_was_said_is_in_the_order() -> None:
    """The event is read and folded as any other."""
    event = kept(said({"ship_to.street": " Calle 5 ", "lines.7.sku": "N"}))

    reading = read_event(event, STORE)
    assert order_told_of(reading) == "1042"
    told = fold_reading(STATE, reading, received_at=event.received_at)
    assert document(told)["ship_to"]["street"] == "Calle 5"
    assert document(told)["lines"][0]["sku"] == "N"
    assert {one.by for one in told.corrections} == {"ana"}


def test_event_says_whose_it_is() -> None:
    """It is no webhook, and two of one order are two."""
    new = said({"ship_to.street": "X"})

    assert (new.platform, new.topic) == ("operator", "orders/corrected")
    assert new.dedupe_key == "operator/cafe-mx/1042/3"
    assert new.state is EventState.STORED


@pytest.mark.parametrize(
    ("fields", "path", "value"),
    [
        ({"ship_to.state": "Jalisco"}, "state", "JAL"),
        ({"ship_to.state": "jal"}, "state", "JAL"),
        ({"ship_to.state": "Antioquia", "ship_to.country": "co"}, "state",
         "ANT"),
        ({"ship_to.state": "Texas", "ship_to.country": "US"}, "state",
         "Texas"),
        ({"ship_to.country": "co"}, "country", "CO"),
        ({"ship_to.street": "  "}, "street", None),
        ({"ship_to.street": None}, "street", None),
        ({"ship_to.street": "a\u2060b\nc"}, "street", "ab c"),
    ],
)  # fmt: skip
def test_values_are_put_in_order(
    fields: dict[str, Any], path: str, value: str | None
) -> None:
    """States become their codes, and nothing invisible is kept."""
    told = json.loads(said(fields).body)["fields"]

    assert told[f"ship_to.{path}"] == value


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "name a field"),
        ({"ship_to.stret": "X"}, "`ship_to.stret` can not be corrected"),
        ({"total": "1.00"}, "`total` can not be corrected"),
        ({"lines.9.sku": "X"}, "`lines.9.sku` can not be corrected"),
        ({"ship_to.state": "Texas"}, "is no state of MX"),
        ({"ship_to.country": "Mexico"}, "two letters"),
        ({"ship_to.street": "x" * 301}, "longer than 300"),
    ],
)
def test_what_can_not_be_is_refused(
    fields: dict[str, Any], message: str
) -> None:
    """Each says which field, and what was expected; none shows a value."""
    with pytest.raises(WrongCorrection, match=message) as refused:
        said(fields)
    assert "Texas" not in str(refused.value)


def test_order_without_a_body_has_nothing_to_correct() -> None:
    """A parcel alone tells of no address."""
    bare = OrderState(store="cafe-mx", platform="shopify", id="1042")
    with pytest.raises(WrongCorrection, match="No body"):
        said({"ship_to.street": "X"}, state=bare)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"id": 1}', b"[]", b"\xff"])
def test_body_that_is_none_of_ours_is_unusable(body: bytes) -> None:
    """What stands under our name and is something else is set aside."""
    event = kept(said({"ship_to.street": "X"}), body=body)

    with pytest.raises(Unusable):
        read_event(event, STORE)


def test_shop_can_not_speak_for_a_person() -> None:
    """A webhook that says to be a correction is read as the shop's."""
    new = said({"ship_to.street": "X"})

    with pytest.raises(Unusable):
        read_event(kept(new, platform="shopify", topic="orders/paid"), STORE)
