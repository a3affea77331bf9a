"""
Every, shipping in Colombia.

An order is one package with a value and a text; it has no line items. All
amounts are hundredths of a peso, in whole numbers.

Source: https://developers.goevery.co/api-reference/endpoint/patch-v1orders,
2026-11-21
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from bridge.model import JSON, Finding, Reason, Repeat
from bridge.saying import said
from bridge.targets.contract import (
    Ask,
    Contract,
    Lookup,
    Naming,
    Operation,
    Preflight,
    Received,
    Search,
    Sent,
    SentCall,
    optional,
)

PAGES = "https://developers.goevery.co/api-reference/endpoint/"

PAGE_SIZE = "200"
"""
Rows per page of the list: a page of long orders stays under the cap on
answers. The vendor allows 1000.
"""

REFERENCES = ("referenceId", "referenceUrl")
"""What a create can carry of the shop's order, and the list shows again."""

Status = Literal[
    "NEW",
    "CONFIRMED",
    "READY",
    "IN_PROGRESS",
    "CANCELLED",
    "DELIVERED",
    "RETURN",
]

Maskable = Literal[
    "status",
    "recipient",
    "sellingPriceCents",
    "cashOnDeliveryRequestCents",
    "contentDescription",
    "notes",
]
"""What an `updateMask` may name."""

Cents = Annotated[int, Field(ge=0)]
Description = Annotated[str, Field(min_length=3, max_length=128)]
Notes = Annotated[str, Field(min_length=3, max_length=2048)]
Id = Annotated[str, Field(pattern=r"^[^/?#\s]+$")]


class Address(Sent):
    """Where to, in the fields seen in the vendor's samples."""

    regionCode: str = optional()
    """Two letters: CO."""
    administrativeArea: str = optional()
    """The department."""
    locality: str = optional()
    """The municipality."""
    addressLines: list[str] = optional()
    organization: str = optional()


class Recipient(Sent):
    """
    Whom it goes to, in the fields seen in the vendor's samples.

    An update probably replaces it whole: send all of it.
    """

    firstName: str = optional()
    lastName: str = optional()
    email: str = optional()
    phoneNumber: str = optional()
    """With its country: +57…"""
    address: Address = optional()
    location: str = optional()
    """`locations/CO-` and the municipality's eight digits."""
    documentType: str = optional()
    """CC, …"""
    document: str = optional()


class OrderChange(Sent):
    """The new values of an order; at least one."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    status: Status = optional()
    recipient: Recipient = optional()
    sellingPriceCents: Cents = optional()
    """For reports only."""
    cashOnDeliveryRequestCents: Cents = optional()
    """What the courier collects."""
    contentDescription: Description = optional()
    notes: Notes = optional()

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = said("at least one field is needed")
            raise ValueError(message)
        return self


class UpdateOrder(Sent):
    """The body of `update_order` as a mapping writes it."""

    order: OrderChange


class MaskedUpdate(UpdateOrder):
    """The body of `update_order` as it is sent: `dress` adds the mask."""

    updateMask: Annotated[list[Maskable], Field(min_length=1)]

    @model_validator(mode="after")
    def _mask_fits(self) -> Self:
        if set(self.updateMask) != self.order.model_fields_set:
            message = said("updateMask must name the fields of order")
            raise ValueError(message)
        return self


class CreateOrder(Sent):
    """
    The body of `create_order`.

    Which fields are required is not to be seen on the vendor's page.
    """

    status: Literal["NEW", "CONFIRMED"] = optional()
    recipient: Recipient = optional()
    contentDescription: Description = optional()
    notes: Notes = optional()
    sellingPriceCents: Cents = optional()
    cashOnDeliveryRequestCents: Cents = optional()
    referenceId: str = optional()
    """The shop's order id; a lost answer is settled by it."""
    referenceUrl: str = optional()
    """Address of the order in the shop."""


class OrderPath(Sent):
    """The path of `update_order`."""

    id: Id
    """The bare part of the order's name, after `orders/`."""


class Order(Received):
    """What a call about one order must answer with."""

    name: Annotated[str, Field(min_length=1, max_length=256)]


class OrderPage(Received):
    """One page of the list."""

    orders: list[Order] = Field(default_factory=list)
    nextPageToken: str | None = None


def masked(body: JSON) -> JSON:
    """Add the `updateMask`: the fields of *body*'s order, in one order."""
    order = body["order"]
    mask = [name for name in OrderChange.model_fields if name in order]
    return {"order": order, "updateMask": mask}


def asked(sent: SentCall) -> Mapping[str, str] | None:
    """Ask for the list, when what was sent carries a reference."""
    return {} if any(_texts(sent.body, *REFERENCES)) else None


def recognise(sent: SentCall, order: JSON) -> Finding:
    """
    Tell whether a listed order is the one that was sent.

    The pages do not agree on whether `referenceId` comes back as such or in
    `referenceGid`, bare or as the end of an address: any of them will do.
    Two shops may give out one id, so that an order with our id and another
    shop's address is not known to be ours.

    Source: https://developers.goevery.co/api-reference/endpoint/post-v1orders
    and …/patch-v1orders, 2026-11-21
    """
    if not isinstance(order, dict):
        return Finding.UNCLEAR
    (our_id,) = _texts(sent.body, "referenceId")
    (our_url,) = _texts(sent.body, "referenceUrl")
    (url,) = _texts(order, "referenceUrl")
    ids = _texts(order, "referenceId", "referenceGid")
    same_id = our_id and any(our_id in (told, _end(told)) for told in ids)
    same_url = our_url and our_url == url
    other_url = our_url and url and not same_url
    if same_id and other_url:
        return Finding.UNCLEAR
    return Finding.FOUND if same_id or same_url else Finding.ABSENT


def list_named(id: str) -> Mapping[str, str] | None:
    """Ask for the list: there is no call for one order."""
    return {} if _end(id.strip()) else None


def is_ours(id: str, sent: JSON, order: JSON) -> Finding:
    """Tell whether a listed order is the one that a person names."""
    (name,) = _texts(order, "name")
    if not name or _end(name) != _end(id.strip()):
        return Finding.ABSENT
    known = recognise(SentCall(values={}, body=sent), order)
    return Finding.FOUND if known is Finding.FOUND else Finding.UNCLEAR


def _texts(body: JSON, *names: str) -> list[str]:
    """Return the values of *names* in *body*, empty where there is none."""
    told = body if isinstance(body, dict) else {}
    values = [told.get(name) for name in names]
    return [value if isinstance(value, str) else "" for value in values]


def _end(id: str) -> str:
    """Return the bare part of an id such as `gid://shopify/Order/77`."""
    return id.rpartition("/")[2]


def cash_matches(
    sent: SentCall, _answers: Sequence[JSON], order: Mapping[str, JSON]
) -> Reason | None:
    """
    Tell whether the cash to collect is what is still to be paid.

    Nothing is to be collected of an order that is not paid on delivery.
    """
    body = sent.body if isinstance(sent.body, dict) else {}
    told = body.get("order", body).get("cashOnDeliveryRequestCents")
    if told is None:
        return None
    outstanding = order["outstanding"] if order["cash_on_delivery"] else "0"
    if outstanding is not None and Decimal(outstanding) * 100 == told:
        return None
    return Reason(
        code="cash_differs",
        text="the cash to collect is not what is still to be paid: look at"
        " the order and at the file's cashOnDeliveryRequestCents",
        where={"field": "cashOnDeliveryRequestCents"},
    )


CASH_MATCHES = Preflight(
    summary="the cash to collect is what is still to be paid",
    judge=cash_matches,
)

OPERATIONS = (
    Operation(
        name="update_order",
        method="PATCH",
        path="/v1/orders/{id}",
        repeat=Repeat.IDEMPOTENT,
        summary="Change an order; updateMask is the fields of `order`",
        source=f"{PAGES}patch-v1orders",
        path_fields=OrderPath,
        body=UpdateOrder,
        answer=Order,
        dress=masked,
        dressed=MaskedUpdate,
        preflights={"cash_matches": CASH_MATCHES},
    ),
    Operation(
        name="create_order",
        method="POST",
        path="/v1/orders",
        repeat=Repeat.BY_LOOKUP,
        summary="Create an order that Every did not import itself",
        source=f"{PAGES}post-v1orders",
        body=CreateOrder,
        answer=Order,
        lookup=Lookup(operation="list_orders", values=asked, judge=recognise),
        naming=Naming(
            operation="list_orders", values=list_named, judge=is_ours
        ),
        preflights={"cash_matches": CASH_MATCHES},
    ),
    Operation(
        name="list_orders",
        method="GET",
        path="/v1/orders",
        repeat=Repeat.IDEMPOTENT,
        summary="List orders, page by page",
        source=f"{PAGES}get-v1orders",
        fixed_query={"pageSize": PAGE_SIZE},
        answer=OrderPage,
        search=Search(
            items="orders",
            next_page="nextPageToken",
            token="pageToken",  # noqa: S106  a parameter's name
        ),
    ),
)

CONTRACT = Contract(
    name="every",
    summary="Shipping in Colombia",
    operations={operation.name: operation for operation in OPERATIONS},
    credentials=("token",),
    authorization="Bearer {token}",
    test=Ask(operation="list_orders"),
)
"""Every's contract. Its errors and limits are not published."""
