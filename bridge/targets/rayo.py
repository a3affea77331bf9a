"""
Rayo, fulfilment in Mexico.

Its answers have the look of Hasura's REST endpoints: an unknown id is a 200
with `orden: null`, and a bad token may be a 400 or even a 200 with a code. So
the body is judged, not the status alone.

Source: https://docs.techrayo.com/, 2026-11-21
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from bridge.model import (
    JSON,
    MINUTE,
    Finding,
    Maybe,
    Millis,
    NotProcessed,
    Outcome,
    Reason,
    Rejected,
    Repeat,
    Request,
)
from bridge.targets.contract import (
    Ask,
    Contract,
    Lookup,
    Naming,
    Operation,
    Preflight,
    Received,
    Sent,
    SentCall,
    TokenExchange,
    optional,
)

PAGES = "https://docs.techrayo.com/operation/operation-"

TOKEN_LIFE = Millis(30 * MINUTE)
"""For a token that does not say when it ends: the vendor names no life."""

SUCCESS = range(200, 300)

REFUSED_CODES = frozenset({"constraint-violation", "permission-error"})
"""
Said of a request that was understood and turned down.

Source: https://docs.techrayo.com/operation/operation-createproduct,
2026-11-21
"""

CREDENTIAL_CODES = frozenset({"access-denied", "invalid-headers"})
"""
Hasura's words, beside those with `jwt` in them, for a refused token.

Source: https://github.com/hasura/graphql-engine/issues/8659 (an expired
token is answered with 200), 2026-11-21
"""

Text = Annotated[str, Field(min_length=1)]
"""The vendor names no length; an empty part makes no address."""

UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
Uuid = Annotated[str, Field(pattern=f"^{UUID}$")]

Reference = Annotated[str, Field(pattern=r"^[0-9A-Za-z._:-]{1,64}$")]
"""An id in an answer: a uuid by the page, taken if it could be one."""


class Product(Sent):
    """One product of an order."""

    identificador: Text
    """SKU, UPC (barcode) or EAN, as registered at Rayo."""
    cantidad: Annotated[int, Field(ge=1)]


class Destination(Sent):
    """Whom it goes to. Rayo takes further keys here."""

    model_config = ConfigDict(extra="allow")

    nombre: Text
    telefono: Text
    """Ten digits without +52 in the vendor's samples."""
    calle: Text
    no_exterior: Text
    no_interior: str | None = None
    colonia: Text
    ciudad: Text
    estado: Text
    codigo_postal: Text
    pais: Text
    """`mexico` in the vendor's sample."""


class CreateOrder(Sent):
    """The body of `create_order`."""

    consumidor_destino: Destination
    productos: Annotated[list[Product], Field(min_length=1)]
    servicio_rayo: Literal["NACIONAL", "EXPRESS", "PROGRAMADA"] = optional()
    """NACIONAL when left out. Rayo takes any text; we check it."""


class Tracking(Sent):
    """What is known of the parcel. A field left out stays as it is."""

    rastreo_numero: str | None = None
    rastreo_paqueteria: str | None = None
    rastreo_url: str | None = None
    rastreo_pdf: str | None = None


class UpdateDelivery(Sent):
    """The body of `update_delivery`."""

    rastreo: Tracking


class OrderPath(Sent):
    """The path of `get_order`."""

    rayoOrderId: Uuid
    """Rayo's id of the order."""


class DeliveryPath(Sent):
    """The path of `update_delivery`."""

    orderId: Uuid
    """Rayo's id of the order."""


class ProductPath(Sent):
    """The path of `find_product`."""

    productIdentifier: Text
    """SKU or UPC."""


class _CreatedOrder(Received):
    ordenRef: Reference


class Created(Received):
    """What a create must answer with."""

    orden: _CreatedOrder


class _KnownOrder(Received):
    id: Reference


class Order(Received):
    """What a call about one order must answer with."""

    orden: _KnownOrder


class Products(Received):
    """The matches of a look-up; none is an empty list."""

    producto: list[dict[str, Any]]


class Stock(Received):
    """The stock of every product over all warehouses."""

    inventario: list[dict[str, Any]]


def judge_create(answer: JSON) -> Outcome | None:
    """Count a create only with its `ordenRef`: nobody else can tell."""
    try:
        Created.model_validate(answer)
    except ValidationError:
        return Maybe(
            reason=Reason(
                code="id_missing",
                text="Rayo answered 200 without the new order's ordenRef.",
            )
        )
    return None


def judge_order(answer: JSON) -> Outcome | None:
    """Read `orden: null`, which is how Hasura says that it has no such."""
    if isinstance(answer, dict) and answer.get("orden", "") is None:
        return Rejected(
            reason=Reason(
                code="unknown_at_target", text="Rayo has no such order."
            )
        )
    return None


def tracked_order(sent: SentCall) -> Mapping[str, str] | None:
    """Ask for the order whose tracking was written."""
    return {"rayoOrderId": sent.values["orderId"]}


def compare_tracking(sent: SentCall, answer: JSON) -> Finding:
    """
    Tell whether an order shows the tracking that was sent, to the letter.

    Only the fields that were sent count; one that was sent as null is
    cleared, and may then not be shown at all.

    Source: https://docs.techrayo.com/operation/operation-getorderdetails,
    2026-11-21
    """
    order = answer.get("orden") if isinstance(answer, dict) else None
    tracking = sent.body.get("rastreo") if isinstance(sent.body, dict) else {}
    if not isinstance(order, dict) or not tracking:
        return Finding.UNCLEAR
    shown = all(order.get(name) == value for name, value in tracking.items())
    return Finding.FOUND if shown else Finding.ABSENT


def order_named(id: str) -> Mapping[str, str] | None:
    """Ask for the order of that id, if it looks like one of Rayo's."""
    named = id.strip()
    if re.fullmatch(UUID, named) is None:
        return None
    return {"rayoOrderId": named}


def is_ours(_id: str, sent: JSON, answer: JSON) -> Finding:
    """
    Tell whether an order goes to whom ours was to go.

    Rayo keeps no reference of ours. Name, phone and postal code are shown
    with the order; all three must be what was sent.

    Source: https://docs.techrayo.com/operation/operation-getorderdetails,
    2026-11-21
    """
    order = answer.get("orden") if isinstance(answer, dict) else None
    if not isinstance(order, dict):
        return Finding.ABSENT
    ours = sent.get("consumidor_destino") if isinstance(sent, dict) else None
    theirs = order.get("consumidor")
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return Finding.UNCLEAR
    same = all(
        ours.get(name) and ours.get(name) == theirs.get(name)
        for name in ("nombre", "telefono", "codigo_postal")
    )
    return Finding.FOUND if same else Finding.UNCLEAR


def _wanted(sent: SentCall) -> Counter[str]:
    """Return how many pieces of each product are about to be ordered."""
    wanted: Counter[str] = Counter()
    body = sent.body if isinstance(sent.body, dict) else {}
    for product in body.get("productos", ()):
        wanted[product["identificador"]] += product["cantidad"]
    return wanted


def products_asked(sent: SentCall) -> Sequence[Ask]:
    """Ask for each product once."""
    return [
        Ask(operation="find_product", values={"productIdentifier": sku})
        for sku in _wanted(sent)
    ]


def products_known(
    sent: SentCall, answers: Sequence[JSON], _order: Mapping[str, JSON]
) -> Reason | None:
    """
    Tell which products Rayo does not know.

    An unknown one is a 200 with an empty list, not a 404.

    Source: https://docs.techrayo.com/operation/operation-getproduct,
    2026-11-21
    """
    unknown = [
        sku
        for sku, answer in zip(_wanted(sent), answers, strict=True)
        if isinstance(answer, dict) and answer.get("producto") == []
    ]
    if not unknown:
        return None
    return Reason(
        code="sku_unknown",
        text=f"Rayo does not know {', '.join(unknown)}: register it there, or"
        " correct it here, and send again",
        where={"skus": unknown},
    )


def stock_asked(_sent: SentCall) -> Sequence[Ask]:
    """Ask for the stock of all products: there is no narrower question."""
    return [Ask(operation="stock")]


def in_stock(
    sent: SentCall, answers: Sequence[JSON], _order: Mapping[str, JSON]
) -> Reason | None:
    """
    Tell which products Rayo can not promise in the number that is ordered.

    One that is not listed is let pass: it may be ordered by its UPC, and
    the list has SKUs only.

    Source: https://docs.techrayo.com/operation/operation-viewproductsstock,
    2026-11-21
    """
    (answer,) = answers
    listed = answer.get("inventario") if isinstance(answer, dict) else []
    free = {
        product["sku"]: product["disponibles"]
        for product in listed or ()
        if isinstance(product, dict)
        and isinstance(product.get("disponibles"), int)
        and isinstance(product.get("sku"), str)
    }
    short = [
        sku
        for sku, count in _wanted(sent).items()
        if free.get(sku, count) < count
    ]
    if not short:
        return None
    return Reason(
        code="out_of_stock",
        text=f"Rayo has too few of {', '.join(short)}: send again once they"
        " have come",
        where={"skus": short},
    )


def failure(status: int, answer: JSON) -> Outcome | None:
    """
    Read Rayo's error body `{error, code, path}`, with whatever status.

    Source: https://docs.techrayo.com/operation/operation-createorder,
    2026-11-21
    """
    code = _error_code(answer)
    if code is None:
        return None
    if "jwt" in code or code in CREDENTIAL_CODES:
        return NotProcessed(
            reason=Reason(
                code="credentials_refused", text="Rayo refused the token."
            ),
            refused_credentials=True,
        )
    if code in REFUSED_CODES:
        return Rejected(
            reason=Reason(
                code=code.replace("-", "_"),
                text=f"Rayo refused the request ({code}).",
            )
        )
    if code == "unexpected" or status in SUCCESS:
        return Maybe(
            reason=Reason(
                code="unexpected",
                text="Rayo failed inside; it may have been done.",
            )
        )
    return None


def _error_code(answer: JSON) -> str | None:
    """Return the code of an error body, or None when it is none."""
    if not isinstance(answer, dict) or "error" not in answer:
        return None
    code = answer.get("code")
    return code if isinstance(code, str) else None


def _token_request(_credentials: Mapping[str, str]) -> Request:
    return Request(operation="auth", method="POST", path="/api/rest/auth")


def _token_headers(credentials: Mapping[str, str]) -> Mapping[str, str]:
    return {"x-api-key": credentials["api_key"]}


def _token(answer: JSON) -> str | None:
    issued = answer.get("AuthWithAPIkey") if isinstance(answer, dict) else None
    token = issued.get("accessToken") if isinstance(issued, dict) else None
    return token if isinstance(token, str) and token else None


OPERATIONS = (
    Operation(
        name="create_order",
        method="POST",
        path="/api/rest/orders",
        repeat=Repeat.NEVER,
        summary="Create a fulfilment order",
        source=f"{PAGES}createorder",
        body=CreateOrder,
        answer=Created,
        judge=judge_create,
        naming=Naming(
            operation="get_order", values=order_named, judge=is_ours
        ),
        preflights={
            "products_known": Preflight(
                summary="Rayo knows each product",
                asks=products_asked,
                judge=products_known,
            ),
            "in_stock": Preflight(
                summary="Rayo has enough of each product",
                asks=stock_asked,
                judge=in_stock,
                life=MINUTE,
            ),
        },
    ),
    Operation(
        name="update_delivery",
        method="PATCH",
        path="/api/rest/order/{orderId}/delivery",
        repeat=Repeat.IDEMPOTENT,
        summary="Write an order's tracking",
        source=f"{PAGES}updateorderdelivery",
        path_fields=DeliveryPath,
        body=UpdateDelivery,
        answer=Order,
        judge=judge_order,
        lookup=Lookup(
            operation="get_order",
            values=tracked_order,
            judge=compare_tracking,
        ),
    ),
    Operation(
        name="get_order",
        method="GET",
        path="/api/rest/order/{rayoOrderId}",
        repeat=Repeat.IDEMPOTENT,
        summary="Read one order",
        source=f"{PAGES}getorderdetails",
        path_fields=OrderPath,
        answer=Order,
        judge=judge_order,
    ),
    Operation(
        name="find_product",
        method="GET",
        path="/api/rest/product/{productIdentifier}",
        repeat=Repeat.IDEMPOTENT,
        summary="Look a product up by SKU or UPC",
        source=f"{PAGES}getproduct",
        path_fields=ProductPath,
        answer=Products,
    ),
    Operation(
        name="stock",
        method="POST",
        path="/api/rest/inventory/stock",
        repeat=Repeat.IDEMPOTENT,
        summary="Read the stock of every product",
        source=f"{PAGES}viewproductsstock",
        answer=Stock,
    ),
)

CONTRACT = Contract(
    name="rayo",
    summary="Fulfilment in Mexico",
    operations={operation.name: operation for operation in OPERATIONS},
    credentials=("api_key",),
    authorization="Bearer {token}",
    exchange=TokenExchange(
        request=_token_request,
        headers=_token_headers,
        token=_token,
        life=TOKEN_LIFE,
    ),
    failure=failure,
    # An unknown product is answered with an empty list.
    test=Ask(operation="find_product", values={"productIdentifier": "0"}),
)
"""
Rayo's contract. A key is exchanged for a token that expires.

Source: https://docs.techrayo.com/operation/operation-generatejwt, 2026-11-21
"""
