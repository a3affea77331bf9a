"""
What the body of a Shopify order or fulfilment says, in neutral words.

Keys are missing, not null, where the app has no right to personal data.

Source: shopify.dev REST `order` and `fulfillment`, and captured bodies of
API versions 2023-10 to 2026-07, read 2026-11-21.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from bridge.model import JSON, Event, Instant
from bridge.orders.document import iso
from bridge.orders.order import (
    Address,
    Line,
    Parcel,
    ParcelLine,
    Payment,
    Person,
    Snapshot,
)
from bridge.places.addresses import split_address
from bridge.places.beside import Beside
from bridge.places.postal import check_place
from bridge.places.states import state_code
from bridge.sources import customers, reading
from bridge.sources.platform import Store
from bridge.sources.reading import JSONObject

_PAYMENTS: Mapping[str | None, Payment] = MappingProxyType(
    {
        "authorized": Payment.AUTHORIZED,
        "partially_paid": Payment.PARTIAL,
        "paid": Payment.PAID,
        "partially_refunded": Payment.PAID,
        "refunded": Payment.REFUNDED,
    }
)
"""By `financial_status`; pending, voided, expired and any other: none."""

_GONE = frozenset({"cancelled", "error", "failure"})
"""The `status` of a fulfilment that does not count."""

_CENT = Decimal("0.01")
"""Shopify writes two decimals in every currency, COP included."""


def snapshot_of(order: JSONObject, event: Event, store: Store) -> Snapshot:
    """
    Return what the body *order* tells.

    Raises:
        Unusable: an id, time, quantity or amount can not be read.
    """
    order_id = reading.order_id(order.get("id"))
    version = reading.required_instant(order.get("updated_at"))
    payment = _PAYMENTS.get(
        reading.lower(order.get("financial_status")), Payment.NONE
    )
    fulfilments = reading.children(order.get("fulfillments"))
    parcels = _parcels(fulfilments, store)
    lines = _lines(order, parcels, store)
    all_shipped = _all_shipped(order, lines, parcels)
    total = _current(order, "total_price")
    gateways = _gateways(order)
    cancelled_at = reading.instant(order.get("cancelled_at"))
    attributes = reading.named(order.get("note_attributes"), name="name")
    return Snapshot(
        id=order_id,
        version=version,
        digest=event.sha256,
        name=_name(order, order_id),
        gid=reading.text(order.get("admin_graphql_api_id")),
        url=f"https://{store.identity}/admin/orders/{order_id}",
        created_at=reading.required_instant(order.get("created_at")),
        paid_since=_paid_since(event.topic, payment, version),
        cancelled_at=cancelled_at,
        cancel_reason=reading.text(order.get("cancel_reason")),
        cancelled=cancelled_at is not None,
        test=order.get("test") is True,
        payment=payment,
        cash_on_delivery=reading.names_any(gateways, store.cash_on_delivery),
        payment_methods=gateways,
        all_shipped=all_shipped,
        all_delivered=all_shipped and _all_arrived(parcels),
        shipped_units=sum(
            line.quantity
            for parcel in _standing(parcels)
            for line in parcel.lines
        ),
        currency=reading.text(order.get("currency")),
        total=total,
        subtotal=_current(order, "subtotal_price"),
        shipping=_shipping(order),
        discount=_current(order, "total_discounts"),
        tax=_current(order, "total_tax"),
        outstanding=_outstanding(order, payment, total),
        customer=_customer(order, attributes),
        ship_to=_address(
            order.get("shipping_address"),
            _ship_to_phones(order, attributes),
            store,
        ),
        bill_to=_address(
            order.get("billing_address"),
            [_phone(order.get("billing_address"))],
            store,
        ),
        lines=lines,
        parcels=parcels,
        note=reading.long_text(order.get("note")),
        tags=_tags(order.get("tags")),
        attributes=attributes,
    )


def parcel_of(fulfilment: JSONObject, store: Store) -> Parcel | None:
    """
    Return the parcel that a *fulfilment* is.

    None when nothing in it is sent by a warehouse: downloads and gift cards
    have fulfilments too.

    Raises:
        Unusable: an id, time or quantity can not be read.
    """
    items = reading.children(fulfilment.get("line_items"))
    lines = tuple(
        ParcelLine(
            id=reading.part_id(item.get("id")),
            sku=reading.text(item.get("sku")),
            quantity=reading.count(item.get("quantity")),
        )
        for item in items
        if _ships(item, store)
    )
    if items and not lines:
        return None
    created_at = reading.instant(fulfilment.get("created_at"))
    updated_at = reading.instant(fulfilment.get("updated_at"))
    return Parcel(
        id=reading.part_id(fulfilment.get("id")),
        tracking_number=_tracking_number(fulfilment),
        carrier=reading.text(fulfilment.get("tracking_company")),
        tracking_url=_tracking_url(fulfilment),
        status=reading.lower(fulfilment.get("shipment_status")),
        shipped_at=iso(created_at),
        lines=lines,
        gone=reading.lower(fulfilment.get("status")) in _GONE,
        updated_at=updated_at or created_at or Instant(0),
    )


def _name(order: JSONObject, id: str) -> str:
    """Return the number that people see; shops choose how it looks."""
    number = reading.text(order.get("order_number"))
    fallback = f"#{number}" if number else id
    return reading.text(order.get("name")) or fallback


def _paid_since(
    topic: str, payment: Payment, version: Instant
) -> Instant | None:
    """Return the time of payment, which only `orders/paid` tells."""
    paid_now = topic == "orders/paid" and payment >= Payment.PAID
    return version if paid_now else None


def _gateways(order: JSONObject) -> tuple[str, ...]:
    names = order.get("payment_gateway_names")
    texts = map(reading.text, names if isinstance(names, list) else ())
    return tuple(name for name in texts if name)


def _current(order: JSONObject, field: str) -> str | None:
    """Return an amount after edits and refunds, else as it was placed."""
    now = reading.money(order.get(f"current_{field}"))
    return now if now is not None else reading.money(order.get(field))


def _shipping(order: JSONObject) -> str | None:
    for field in ("current_shipping_price_set", "total_shipping_price_set"):
        in_shop_currency = reading.child(order.get(field)).get("shop_money")
        amount = reading.child(in_shop_currency).get("amount")
        if (text := reading.money(amount)) is not None:
            return text
    return None


def _outstanding(
    order: JSONObject, payment: Payment, total: str | None
) -> str | None:
    """Return what is still to be paid, None where a part is, untold."""
    told = reading.money(order.get("total_outstanding"))
    if told is not None or payment is Payment.PARTIAL:
        return told
    return total if payment is Payment.NONE else "0.00"


def _lines(
    order: JSONObject, parcels: Iterable[Parcel], store: Store
) -> tuple[Line, ...]:
    sent: Counter[str] = Counter()
    for parcel in _standing(parcels):
        for line in parcel.lines:
            sent[line.id] += line.quantity
    return tuple(
        _line(item, sent, store)
        for item in reading.children(order.get("line_items"))
    )


def _line(item: JSONObject, sent: Mapping[str, int], store: Store) -> Line:
    line_id = reading.part_id(item.get("id"))
    placed = reading.count(item.get("quantity"))
    quantity = _count_or(item.get("current_quantity"), placed)
    ships = _ships(item, store)
    left = _count_or(
        item.get("fulfillable_quantity"),
        max(quantity - sent.get(line_id, 0), 0),
    )
    return Line(
        id=line_id,
        sku=reading.text(item.get("sku")),
        name=reading.text(item.get("name")) or reading.text(item.get("title")),
        variant=reading.text(item.get("variant_title")),
        quantity=quantity,
        to_ship=min(left, quantity) if ships else 0,
        ships=ships,
        gift_card=item.get("gift_card") is True,
        price=reading.money(item.get("price")),
        total=_line_total(item, placed, quantity),
        grams=_grams(item.get("grams")),
        properties=reading.named(item.get("properties"), name="name"),
    )


def _count_or(value: JSON, otherwise: int) -> int:
    """Return a count that older API versions do not tell."""
    return otherwise if value is None else reading.count(value)


def _ships(item: JSONObject, store: Store) -> bool:
    if item.get("gift_card") is True or item.get("requires_shipping") is False:
        return False
    sku = reading.text(item.get("sku"))
    return not reading.matches_any(sku, store.not_shipped)


def _line_total(item: JSONObject, placed: int, quantity: int) -> str | None:
    """
    Return what *quantity* pieces cost after discounts.

    The discounts told are for all pieces *placed*; pieces that were taken
    off again took their share with them.
    """
    price = reading.money(item.get("price"))
    if price is None:
        return None
    allocations = reading.children(item.get("discount_allocations"))
    amounts = (reading.money(part.get("amount")) for part in allocations)
    off = sum((Decimal(amount or 0) for amount in amounts), Decimal(0))
    share = off * quantity / placed if placed else Decimal(0)
    total = Decimal(price) * quantity - share
    return str(total.quantize(_CENT, ROUND_HALF_UP))


def _grams(value: JSON) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole else None


def _parcels(
    fulfilments: Iterable[JSONObject], store: Store
) -> tuple[Parcel, ...]:
    found = (parcel_of(fulfilment, store) for fulfilment in fulfilments)
    return tuple(parcel for parcel in found if parcel is not None)


def _tracking_number(fulfilment: JSONObject) -> str | None:
    """Return the parcel's numbers as one text: there may be several."""
    several = fulfilment.get("tracking_numbers")
    texts = map(reading.text, several if isinstance(several, list) else ())
    numbers = dict.fromkeys(number for number in texts if number)
    joined = ", ".join(numbers)
    return joined or reading.text(fulfilment.get("tracking_number"))


def _tracking_url(fulfilment: JSONObject) -> str | None:
    several = fulfilment.get("tracking_urls")
    listed = several if isinstance(several, list) else []
    for url in (*listed, fulfilment.get("tracking_url")):
        if address := reading.web_address(url):
            return address
    return None


def _standing(parcels: Iterable[Parcel]) -> list[Parcel]:
    return [parcel for parcel in parcels if not parcel.gone]


def _all_shipped(
    order: JSONObject, lines: Iterable[Line], parcels: Iterable[Parcel]
) -> bool:
    if reading.lower(order.get("fulfillment_status")) == "fulfilled":
        return True
    nothing_left = all(line.to_ship == 0 for line in lines if line.ships)
    return nothing_left and bool(_standing(parcels))


def _all_arrived(parcels: Iterable[Parcel]) -> bool:
    states = [parcel.status for parcel in _standing(parcels)]
    return bool(states) and all(state == "delivered" for state in states)


def _customer(order: JSONObject, attributes: Mapping[str, JSON]) -> Person:
    """Return who bought; the billing address stands in where it is null."""
    customer = reading.child(order.get("customer"))
    billing = reading.child(order.get("billing_address"))
    name = _full_name(customer)
    source = customer if name else billing
    return Person(
        name=name or _full_name(billing),
        first_name=reading.text(source.get("first_name")),
        last_name=reading.text(source.get("last_name")),
        email=reading.text(order.get("email"))
        or reading.text(order.get("contact_email"))
        or reading.text(customer.get("email")),
        phone=_phone(customer) or _phone(order) or _phone(billing),
        document=customers.document(attributes.items()),
    )


def _full_name(block: JSONObject) -> str | None:
    return reading.text(block.get("name")) or customers.full_name(
        reading.text(block.get("first_name")),
        reading.text(block.get("last_name")),
    )


def _phone(block: JSON) -> str | None:
    return reading.text(reading.child(block).get("phone"))


def _ship_to_phones(
    order: JSONObject, attributes: Mapping[str, JSON]
) -> list[str | None]:
    """
    Return the phones under which the receiver may be reached, best first.

    The shipping address' own comes first: it is the receiver's, while the
    order's (though always in E.164) is the buyer's.
    """
    return [
        _phone(order.get("shipping_address")),
        _phone(order),
        _phone(order.get("billing_address")),
        _phone(order.get("customer")),
        *customers.asked_phones(attributes),
    ]


def _address(
    value: JSON, phones: Iterable[str | None], store: Store
) -> Address:
    """Return an address; without any block only a phone can be told."""
    block = reading.child(value)
    country = (
        reading.text(block.get("country_code")) or store.country
    ).upper()
    name, company = _full_name(block), reading.text(block.get("company"))
    city = reading.text(block.get("city"))
    postal_code = reading.text(block.get("zip"))
    place = check_place(country, _state(country, block), postal_code, city)
    parts = split_address(
        country,
        *_address_lines(block),
        beside=Beside(
            city=city,
            state=place.state,
            postal_code=postal_code,
            names=(name, company),
        ),
    )
    return Address(
        name=name,
        first_name=reading.text(block.get("first_name")),
        last_name=reading.text(block.get("last_name")),
        company=company,
        phone=customers.best_phone(phones, country),
        street=parts.street,
        exterior_number=parts.exterior_number,
        interior_number=parts.interior_number,
        neighbourhood=parts.neighbourhood,
        city=city,
        state=place.state,
        postal_code=postal_code,
        country=country if block else None,
        address1=reading.text(block.get("address1")),
        address2=reading.text(block.get("address2")),
        certainty=parts.certainty,
        place_certainty=place.certainty,
        doubts=(*parts.doubts, *place.doubts),
    )


def _address_lines(block: JSONObject) -> tuple[str | None, str | None]:
    """Return both lines as they came, word joiners and all."""
    first, second = block.get("address1"), block.get("address2")
    return (
        first if isinstance(first, str) else None,
        second if isinstance(second, str) else None,
    )


def _state(country: str, block: JSONObject) -> str | None:
    """Return the state's ISO code, else the text that is none."""
    words = [
        reading.text(block.get(field))
        for field in ("province_code", "province")
    ]
    codes = (state_code(country, word, dialect="shopify") for word in words)
    return next((code for code in codes if code), words[0] or words[1])


def _tags(value: JSON) -> tuple[str, ...]:
    words = (reading.text(value) or "").split(",")
    return tuple(word.strip() for word in words if word.strip())
