"""
The parcels of a WooCommerce order, as tracking plugins note them down.

The core has none. Shipment Tracking and Advanced Shipment Tracking (AST)
keep a list in the order's meta; what they kept before that is three keys.

Source: woocommerce.com Shipment Tracking pages and captured bodies of both
plugins, read 2026-11-21.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from pydantic_core import from_json

from bridge.model import JSON, Instant
from bridge.orders.document import iso
from bridge.orders.order import Parcel, ParcelLine
from bridge.sources import reading
from bridge.sources.reading import JSONObject

_ITEMS = "_wc_shipment_tracking_items"
_OLD_KEYS = (
    "tracking_number",
    "tracking_provider",
    "custom_tracking_provider",
    "custom_tracking_link",
    "date_shipped",
)
"""Each with `_` before it, in plugins that knew one parcel only."""


_LATEST_S = 2**33
"""Seconds since the epoch; a later time than the year 2242 is no time."""


def parcels_of(
    order: JSONObject,
    meta: Mapping[str, JSON],
    *,
    version: Instant,
    delivered: bool,
) -> tuple[Parcel, ...]:
    """
    Return the parcels that the order's *meta* tells, each id once.

    What a plugin wrote in a way that is not understood is left out: it is
    no reason to stop the order.

    Args:
        version: of the order, whose body is their newest telling.
        delivered: the order's status says that they arrived.
    """
    by_id: dict[str, Parcel] = {}
    for item in _listed(meta.get(_ITEMS)) or _old(meta):
        number = reading.text(item.get("tracking_number"))
        if number is None:
            continue
        parcel = Parcel(
            id=reading.text(item.get("tracking_id")) or number,
            tracking_number=number,
            carrier=reading.text(item.get("custom_tracking_provider"))
            or reading.text(item.get("tracking_provider")),
            tracking_url=_url(item, order, number),
            status="delivered" if delivered else None,
            shipped_at=iso(_shipped_at(item)),
            lines=_lines(item, order),
            updated_at=version,
        )
        by_id[parcel.id] = parcel
    return tuple(by_id.values())


def _listed(value: JSON) -> Sequence[JSONObject]:
    """Return a list's items; PHP may write it as an object or a text."""
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, dict):
        value = list(value.values())
    return reading.children(value)


def _from_text(value: str) -> JSON:
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError:
        return None


def _old(meta: Mapping[str, JSON]) -> Sequence[JSONObject]:
    return [{key: meta.get(f"_{key}") for key in _OLD_KEYS}]


def _url(item: JSONObject, order: JSONObject, number: str) -> str | None:
    """
    Return the carrier's page, from a link with places to be filled in.

    `%1$s` is the number, `%2$s` the postal code. Source: Shipment
    Tracking's `get_formatted_tracking_item`.
    """
    link = reading.web_address(item.get("custom_tracking_link"))
    if link is None:
        return None
    shipping = reading.child(order.get("shipping"))
    postcode = reading.text(shipping.get("postcode")) or ""
    return link.replace("%1$s", quote(number, safe="")).replace(
        "%2$s", quote(postcode, safe="")
    )


def _shipped_at(item: JSONObject) -> Instant | None:
    """Return the day of sending, which is in Unix seconds, as text."""
    seconds = reading.text(item.get("date_shipped")) or ""
    if not (seconds.isascii() and seconds.isdigit()):
        return None
    moment = int(seconds[:11])
    return Instant(moment * 1000) if 0 < moment < _LATEST_S else None


def _lines(item: JSONObject, order: JSONObject) -> tuple[ParcelLine, ...]:
    """Return the pieces in it, which only AST tells, by product."""
    quantities = {
        reading.text(entry.get("product")): reading.text(entry.get("qty"))
        for entry in _listed(item.get("products_list"))
    }
    return tuple(
        ParcelLine(
            id=reading.part_id(line.get("id")),
            sku=reading.text(line.get("sku")),
            quantity=int(quantity),
        )
        for line in reading.children(order.get("line_items"))
        if (quantity := quantities.get(_product(line)))
        and quantity.isdecimal()
    )


def _product(line: JSONObject) -> str | None:
    """Return the id that AST knows a line's product by."""
    variation = reading.text(line.get("variation_id"))
    if variation and variation != "0":
        return variation
    return reading.text(line.get("product_id"))
