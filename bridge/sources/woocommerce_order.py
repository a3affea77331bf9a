"""
What the body of a WooCommerce order says, in neutral words.

Missing values are "" rather than null; times in `_gmt` fields are UTC
without saying so; a line's `price` is a float and never used.

Source: `class-wc-rest-orders-v2-controller.php` @01ddd4f3 of
github.com/woocommerce/woocommerce and captured bodies, read 2026-11-21.
"""

import math
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from decimal import ROUND_HALF_UP, Decimal
from html import unescape

from bridge.model import JSON, Event, Instant
from bridge.orders.order import Address, Line, Payment, Person, Snapshot
from bridge.places.addresses import split_address
from bridge.places.beside import Beside
from bridge.places.parts import Parts
from bridge.places.postal import check_place
from bridge.places.states import state_code
from bridge.places.text import folded
from bridge.sources import customers, reading
from bridge.sources.platform import Store
from bridge.sources.reading import JSONObject
from bridge.sources.woocommerce_tracking import parcels_of

_HELD = frozenset({"pending", "on-hold", "checkout-draft", "auto-draft"})
_GOING = frozenset({"processing", "completed", "delivered"})
"""`delivered` is no status of the core: a store's `statuses` map to it."""
_CANCELLED = frozenset({"cancelled", "trash"})
_ENDED = _CANCELLED | {"refunded", "failed"}
_SHIPPED = frozenset({"completed", "delivered"})
STATUSES = _HELD | _GOING | _ENDED
"""All that a shop's own status can be read as."""

_GIFT_CARD = "wc_gc_giftcard_"
"""Begins the meta keys of a Gift Cards line. Source: captured bodies."""

_STREET = frozenset({"calle", "nombrecalle", "street", "streetname"})
_EXTERIOR = frozenset(
    {
        "exterior",
        "exteriornum",
        "exteriornumber",
        "housenumber",
        "noext",
        "noexterior",
        "nroexterior",
        "number",
        "numero",
        "numerocasa",
        "numerodecasa",
        "numeroext",
        "numeroexterior",
        "numext",
        "numexterior",
        "outdoornumber",
        "streetnumber",
    }
)
_INTERIOR = frozenset(
    {
        "apartamento",
        "indoornumber",
        "interior",
        "interiornum",
        "interiornumber",
        "noint",
        "nointerior",
        "nrointerior",
        "numerointerior",
        "numeroint",
        "numint",
        "numinterior",
    }
)
_NEIGHBOURHOOD = frozenset(
    {
        "barrio",
        "barriovereda",
        "colonia",
        "coloniabarrio",
        "neighborhood",
        "neighbourhood",
        "nombrecolonia",
        "suburb",
    }
)
"""
Folded names of the fields that Mexican and Colombian checkouts add.

`_billing_num_ext`, `_billing_numero_exterior`, `billing_colonia`,
`_shipping_barrio`, `_shipping_numero` as in shops' code on GitHub;
`_shipping_number`, `_shipping_neighborhood` of "Extra Checkout Fields for
Brazil", which shops elsewhere use too; read 2026-11-22. `departamento` is not
among them: it is a flat in Mexico and a state in Colombia.
"""
_TOO_VAGUE = frozenset(
    {"apartamento", "calle", "exterior", "interior", "number", "numero"}
    | {"street", "suburb"}
)
"""Such a name alone, without `shipping_` or `billing_`, may be anything."""

_BLOCK_FIELD = re.compile(r"wc_(billing|shipping|other)/[^/]*/")
"""
Begins the meta key of a field of the block checkout: location, namespace.
Source: `CheckoutFields` in woocommerce.github.io/code-reference, read
2026-11-22.
"""

_SHIPPING, _BILLING, _NEITHER = "shipping_", "billing_", ""

_ADDRESS_FIELDS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
)
"""When all of these are empty so is the block; a country may be preset."""
_PLACE_FIELDS = ("address_1", "address_2", "city", "state", "postcode")


def snapshot_of(order: JSONObject, event: Event, store: Store) -> Snapshot:
    """
    Return what the body *order* tells.

    Raises:
        Unusable: an id, time, quantity or amount can not be read.
    """
    order_id = reading.order_id(order.get("id"))
    created_at = _required_gmt(order, "date_created_gmt")
    version = _gmt(order, "date_modified_gmt") or created_at
    paid_at = _gmt(order, "date_paid_gmt")
    status = _status(order, store)
    method = reading.text(order.get("payment_method"))
    on_delivery = _on_delivery(order, store)
    payment = _payment(status, paid_at, on_delivery=on_delivery)
    total = reading.money(order.get("total"))
    meta = reading.named(order.get("meta_data"), name="key")
    lines = _lines(order, store, shipped=status in _SHIPPED)
    all_shipped = status in _SHIPPED and any(line.ships for line in lines)
    parcels = parcels_of(
        order, meta, version=version, delivered=status == "delivered"
    )
    return Snapshot(
        id=order_id,
        version=version,
        digest=event.sha256,
        name=reading.text(order.get("number")) or order_id,
        url=_url(store, order_id),
        created_at=created_at,
        paid_since=paid_at,
        cancelled=status in _CANCELLED,
        failed=status == "failed",
        on_hold=_on_hold(status, payment),
        payment=payment,
        cash_on_delivery=on_delivery,
        payment_methods=(method,) if method else (),
        all_shipped=all_shipped,
        all_delivered=all_shipped and status == "delivered",
        shipped_units=sum(
            line.quantity for parcel in parcels for line in parcel.lines
        ),
        currency=reading.text(order.get("currency")),
        total=total,
        subtotal=_subtotal(lines),
        shipping=reading.money(order.get("shipping_total")),
        discount=reading.money(order.get("discount_total")),
        tax=reading.money(order.get("total_tax")),
        outstanding=_outstanding(payment, total),
        customer=_customer(order, meta),
        ship_to=_ship_to(order, meta, store),
        bill_to=_bill_to(order, meta, store),
        lines=lines,
        parcels=parcels,
        note=reading.long_text(order.get("customer_note")),
        attributes=meta,
    )


def _gmt(order: JSONObject, field: str) -> Instant | None:
    return reading.instant(order.get(field), naive_is_utc=True)


def _required_gmt(order: JSONObject, field: str) -> Instant:
    return reading.required_instant(order.get(field), naive_is_utc=True)


def _url(store: Store, order_id: str) -> str:
    site = store.identity.rstrip("/")
    if "://" not in site:
        site = f"https://{site}"
    return f"{site}/wp-admin/post.php?post={order_id}&action=edit"


def _status(order: JSONObject, store: Store) -> str:
    """Return the status, a custom one as the store says to read it."""
    status = _bare_status(reading.text(order.get("status")) or "")
    read_as = {_bare_status(own): core for own, core in store.statuses.items()}
    return _bare_status(read_as.get(status, status))


def _bare_status(status: str) -> str:
    return status.strip().lower().removeprefix("wc-")


def _on_delivery(order: JSONObject, store: Store) -> bool:
    fields = ("payment_method", "payment_method_title")
    words = [reading.text(order.get(field)) for field in fields]
    return words[0] == "cod" or reading.names_any(
        words, store.cash_on_delivery
    )


def _payment(
    status: str, paid_at: Instant | None, *, on_delivery: bool
) -> Payment:
    """
    Return how far it is paid.

    Cash on delivery is `processing` before anybody paid, and WooCommerce
    sets its date of payment with `completed`. Source:
    `class-wc-gateway-cod.php` @2b4804f5.
    """
    if status == "refunded":
        return Payment.REFUNDED
    if paid_at is not None or (status in _GOING and not on_delivery):
        return Payment.PAID
    return Payment.NONE


def _on_hold(status: str, payment: Payment) -> bool:
    """
    Return whether the shop holds the order back.

    A custom status that the store does not explain may mean anything: an
    order in it waits unless it is paid.
    """
    unexplained = status not in _HELD | _GOING | _ENDED
    return status in _HELD or (unexplained and payment < Payment.PAID)


def _outstanding(payment: Payment, total: str | None) -> str | None:
    if total is None or payment < Payment.PAID:
        return total
    return str(Decimal(0).quantize(Decimal(total)))


def _subtotal(lines: Iterable[Line]) -> str | None:
    """Return the lines' sum after discounts, before shipping and taxes."""
    totals = [Decimal(line.total) for line in lines if line.total]
    return str(sum(totals, Decimal(0))) if totals else None


def _lines(
    order: JSONObject, store: Store, *, shipped: bool
) -> tuple[Line, ...]:
    has_receiver = not _is_empty(reading.child(order.get("shipping")))
    return tuple(
        _line(item, store, has_receiver=has_receiver, shipped=shipped)
        for item in reading.children(order.get("line_items"))
    )


def _line(
    item: JSONObject, store: Store, *, has_receiver: bool, shipped: bool
) -> Line:
    """
    Return one line.

    WooCommerce has no flag for what is sent: it is what an order with a
    shipping block has, but for gift cards and the store's `not_shipped`.
    """
    sku = reading.text(item.get("sku"))
    meta = reading.named(item.get("meta_data"), name="key")
    gift_card = any(key.startswith(_GIFT_CARD) for key in meta)
    excepted = gift_card or reading.matches_any(sku, store.not_shipped)
    ships = has_receiver and not excepted
    quantity = _quantity(item.get("quantity"), ships=ships)
    total = reading.money(item.get("total"))
    return Line(
        id=reading.part_id(item.get("id")),
        sku=sku,
        name=reading.text(item.get("name")),
        variant=_variant(item),
        quantity=quantity,
        to_ship=quantity if ships and not shipped else 0,
        ships=ships,
        gift_card=gift_card,
        price=_price(total, quantity),
        total=total,
        properties=meta,
    )


def _quantity(value: JSON, *, ships: bool) -> int:
    """
    Return a quantity; plugins sell by the metre, too.

    A fraction of something that nobody sends is rounded up.

    Raises:
        Unusable: `quantity`, for half a piece in a parcel.
    """
    if isinstance(value, float) and math.isfinite(value) and not ships:
        value = math.ceil(value)
    return reading.count(value)


def _price(total: str | None, quantity: int) -> str | None:
    """Return the price of one, with as many decimals as *total* has."""
    if total is None or quantity == 0:
        return None
    amount = Decimal(total)
    return str((amount / quantity).quantize(amount, ROUND_HALF_UP))


def _variant(item: JSONObject) -> str | None:
    """Return the chosen attributes as people read them: `Miel / 38`."""
    chosen = [
        unescape(shown)
        for entry in reading.children(item.get("meta_data"))
        if (reading.text(entry.get("key")) or "").startswith("pa_")
        and (shown := reading.text(entry.get("display_value")))
    ]
    return " / ".join(chosen) or None


def _is_empty(block: JSONObject) -> bool:
    return not any(reading.text(block.get(field)) for field in _ADDRESS_FIELDS)


def _customer(order: JSONObject, meta: Mapping[str, JSON]) -> Person:
    billing = reading.child(order.get("billing"))
    first = reading.text(billing.get("first_name"))
    last = reading.text(billing.get("last_name"))
    asked = (
        (_bare(key).removeprefix(_BILLING), value)
        for key, value in meta.items()
    )
    return Person(
        name=customers.full_name(first, last),
        first_name=first,
        last_name=last,
        email=reading.text(billing.get("email")),
        phone=reading.text(billing.get("phone")),
        document=customers.document(asked),
    )


def _ship_to(
    order: JSONObject, meta: Mapping[str, JSON], store: Store
) -> Address:
    """
    Return where to: the billing address if the shipping block is empty.

    What the checkout asked of the billing address holds here as well when
    both are the same place.
    """
    shipping = reading.child(order.get("shipping"))
    billing = reading.child(order.get("billing"))
    phones = [
        reading.text(shipping.get("phone")),
        _asked(meta, _SHIPPING, customers.PHONES),
        reading.text(billing.get("phone")),
    ]
    if _is_empty(shipping):
        given = _given(meta, _SHIPPING, _NEITHER, _BILLING)
        return _address(billing, given, phones, store)
    sides = [_SHIPPING, _NEITHER]
    if _same_place(shipping, billing):
        sides.append(_BILLING)
    return _address(shipping, _given(meta, *sides), phones, store)


def _bill_to(
    order: JSONObject, meta: Mapping[str, JSON], store: Store
) -> Address:
    billing = reading.child(order.get("billing"))
    phones = [reading.text(billing.get("phone"))]
    return _address(billing, _given(meta, _BILLING), phones, store)


def _same_place(some: JSONObject, other: JSONObject) -> bool:
    return all(
        reading.text(some.get(field)) == reading.text(other.get(field))
        for field in _PLACE_FIELDS
    )


def _given(meta: Mapping[str, JSON], *sides: str) -> Parts:
    """Return the parts asked for in meta, those of the first side first."""

    def first(names: AbstractSet[str]) -> str | None:
        found = (_asked(meta, side, names) for side in sides)
        return next((value for value in found if value), None)

    return Parts(
        street=first(_STREET),
        exterior_number=first(_EXTERIOR),
        interior_number=first(_INTERIOR),
        neighbourhood=first(_NEIGHBOURHOOD),
    )


def _asked(
    meta: Mapping[str, JSON], side: str, names: AbstractSet[str]
) -> str | None:
    wanted = names if side else names - _TOO_VAGUE
    for key, value in meta.items():
        bare = _bare(key)
        if not bare.startswith(side):
            continue
        if folded(bare.removeprefix(side)) in wanted and reading.text(value):
            return reading.text(value)
    return None


def _bare(key: str) -> str:
    """
    Return a meta key without the mark of a private one.

    One of the block checkout (`_wc_shipping/shop/colonia`) is told like the
    others (`shipping_colonia`).
    """
    bare = key.lstrip("_").lower()
    return _BLOCK_FIELD.sub(_side, bare) if "/" in bare else bare


def _side(found: re.Match[str]) -> str:
    return _NEITHER if found[1] == "other" else f"{found[1]}_"


def _address(
    block: JSONObject,
    given: Parts,
    phones: Iterable[str | None],
    store: Store,
) -> Address:
    country = (reading.text(block.get("country")) or store.country).upper()
    first = reading.text(block.get("first_name"))
    last = reading.text(block.get("last_name"))
    company = reading.text(block.get("company"))
    line1 = reading.text(block.get("address_1"))
    line2 = reading.text(block.get("address_2"))
    city = reading.text(block.get("city"))
    postal_code = reading.text(block.get("postcode"))
    state = reading.text(block.get("state"))
    code = state_code(country, state, dialect="woocommerce")
    place = check_place(country, code or state, postal_code, city)
    parts = split_address(
        country,
        line1,
        line2,
        given=given,
        beside=Beside(
            city=city,
            state=place.state,
            postal_code=postal_code,
            names=(customers.full_name(first, last), company),
        ),
    )
    return Address(
        name=customers.full_name(first, last),
        first_name=first,
        last_name=last,
        company=company,
        phone=customers.best_phone(phones, country),
        street=parts.street,
        exterior_number=parts.exterior_number,
        interior_number=parts.interior_number,
        neighbourhood=parts.neighbourhood,
        city=city,
        state=place.state,
        postal_code=postal_code,
        country=None if _is_empty(block) else country,
        address1=line1,
        address2=line2,
        certainty=parts.certainty,
        place_certainty=place.certainty,
        doubts=(*parts.doubts, *place.doubts),
    )
