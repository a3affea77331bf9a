"""The contracts against the vendors' own words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bridge.model import SECOND, Finding, Repeat
from bridge.targets import every, rayo, yuju
from bridge.targets.contract import (
    Contract,
    Limit,
    Operation,
    SentCall,
    jwt_expiry,
)
from bridge.targets.register import CONTRACTS
from tests.apis import document, example, problems

ALL = [
    pytest.param(contract, operation, id=f"{name}.{operation.name}")
    for name, contract in CONTRACTS.items()
    for operation in contract.operations.values()
]
WITH_EXAMPLE = [
    ("rayo", "create_order", rayo.CreateOrder),
    ("rayo", "update_delivery", rayo.UpdateDelivery),
    ("every", "create_order", every.CreateOrder),
    ("every", "update_order", every.MaskedUpdate),
    ("yuju", "set_status", yuju.SetStatus),
]

DESTINATION: dict[str, Any] = {
    "nombre": "Ana Prueba",
    "telefono": "5500000000",
    "calle": "Calle Uno",
    "no_exterior": "10",
    "colonia": "Centro",
    "ciudad": "Cuauhtemoc",
    "estado": "CDMX",
    "codigo_postal": "06000",
    "pais": "mexico",
}
ORDER: dict[str, Any] = {
    "productos": [{"identificador": "SKU-1", "cantidad": 1}],
    "consumidor_destino": DESTINATION,
}
RECIPIENT: dict[str, Any] = {
    "firstName": "Ana",
    "lastName": "Prueba",
    "email": "ana@example.com",
    "phoneNumber": "+573000000000",
    "address": {
        "regionCode": "CO",
        "administrativeArea": "Antioquia",
        "locality": "Abejorral",
        "addressLines": ["Calle 123", "Apto 2"],
        "organization": "Prueba",
    },
    "location": "locations/CO-11001000",
    "documentType": "CC",
    "document": "1000000001",
}
CHANGE: dict[str, Any] = {
    "status": "IN_PROGRESS",
    "recipient": RECIPIENT,
    "sellingPriceCents": 5000000,
    "cashOnDeliveryRequestCents": 0,
    "contentDescription": "Tez",
    "notes": "x" * 2048,
}
REQUEST: dict[str, Any] = {
    "id_order": "50001",
    "id_channel": 13,
    "status": "canceled",
}

GOOD = [
    ("rayo", "create_order", ORDER),
    ("rayo", "create_order", {**ORDER, "servicio_rayo": "PROGRAMADA"}),
    (
        "rayo",
        "create_order",
        {
            **ORDER,
            "consumidor_destino": {**DESTINATION, "no_interior": None},
        },
    ),
    (
        "rayo",
        "create_order",
        {
            **ORDER,
            "consumidor_destino": {**DESTINATION, "referencias": "azul"},
        },
    ),
    ("rayo", "update_delivery", {"rastreo": {}}),
    ("rayo", "update_delivery", {"rastreo": {"rastreo_numero": None}}),
    ("every", "create_order", {}),
    ("every", "create_order", {**CHANGE, "status": "CONFIRMED"}),
    ("every", "create_order", {"referenceId": "1", "referenceUrl": "x"}),
    ("every", "update_order", {"order": CHANGE}),
    ("every", "update_order", {"order": {"notes": "abc"}}),
    ("yuju", "set_status", REQUEST),
    ("yuju", "set_status", {**REQUEST, "carrier": "X", "id_items": ["1"]}),
]

BAD = [
    (rayo.CreateOrder, {**ORDER, "productos": []}),
    (rayo.CreateOrder, {**ORDER, "servicio_rayo": "PROGRAMADO"}),
    (rayo.CreateOrder, {**ORDER, "servicio_rayo": None}),
    (rayo.CreateOrder, {**ORDER, "servicio": "NACIONAL"}),
    (rayo.CreateOrder, {"productos": ORDER["productos"]}),
    (
        rayo.CreateOrder,
        {**ORDER, "productos": [{"identificador": "A", "cantidad": 0}]},
    ),
    (
        rayo.CreateOrder,
        {**ORDER, "productos": [{"identificador": "A", "cantidad": "1"}]},
    ),
    (
        rayo.CreateOrder,
        {**ORDER, "consumidor_destino": {**DESTINATION, "calle": None}},
    ),
    (
        rayo.CreateOrder,
        {**ORDER, "consumidor_destino": {**DESTINATION, "calle": ""}},
    ),
    (rayo.UpdateDelivery, {}),
    (rayo.UpdateDelivery, {"rastreo": {"numero": "1"}}),
    (rayo.DeliveryPath, {"orderId": "1001"}),
    (every.UpdateOrder, {"order": {}}),
    (every.UpdateOrder, {"order": {"status": "RETURNED"}}),
    (every.UpdateOrder, {"order": {"status": None}}),
    (every.UpdateOrder, {"order": {"referenceId": "1"}}),
    (every.UpdateOrder, {"order": CHANGE, "updateMask": ["status"]}),
    (every.UpdateOrder, {"order": {"sellingPriceCents": -1}}),
    (every.UpdateOrder, {"order": {"sellingPriceCents": 1.5}}),
    (every.UpdateOrder, {"order": {"contentDescription": "ab"}}),
    (every.UpdateOrder, {"order": {"contentDescription": "x" * 129}}),
    (every.UpdateOrder, {"order": {"notes": "x" * 2049}}),
    (every.MaskedUpdate, {"order": {"notes": "abc"}, "updateMask": []}),
    (
        every.MaskedUpdate,
        {"order": {"notes": "abc"}, "updateMask": ["status"]},
    ),
    (every.CreateOrder, {"status": "READY"}),
    (every.OrderPath, {"id": "orders/669a8cba6af86466a42de2fe"}),
    (yuju.SetStatus, {**REQUEST, "status": "cancelled"}),
    (yuju.SetStatus, {**REQUEST, "id_channel": "13"}),
    (yuju.SetStatus, {**REQUEST, "id_order": 50001}),
    (yuju.SetStatus, {**REQUEST, "tracking": "1"}),
    (yuju.SetStatus, {"id_order": "50001", "status": "shipped"}),
]


@pytest.mark.parametrize(("contract", "operation"), ALL)
def test_operation_is_the_vendors(
    contract: Contract, operation: Operation
) -> None:
    """
    Every operation stands in the vendor's document by method, path, page.
    """
    paths = document(contract.name)["paths"]
    vendors = paths[operation.path][operation.method.lower()]
    assert vendors["x-doc-url"] == operation.source


@pytest.mark.parametrize(("contract", "operation"), ALL)
def test_operation_names_what_its_address_needs(
    contract: Contract, operation: Operation
) -> None:
    """
    The path's model has exactly the names in the path and in the query.
    """
    model = operation.path_fields
    names = set(model.model_fields) if model is not None else set()
    in_path = {name for name in names if f"{{{name}}}" in operation.path}
    assert operation.path.count("{") == len(in_path)
    assert names - in_path == set(operation.query)


@pytest.mark.parametrize(("contract", "operation"), ALL)
def test_operation_that_is_asked_about_says_how(
    contract: Contract, operation: Operation
) -> None:
    """
    A `by_lookup` operation names one that reads; one that may never be
    repeated has none to name.
    """
    if operation.repeat is Repeat.BY_LOOKUP:
        assert operation.lookup is not None
    if operation.repeat is Repeat.NEVER:
        assert operation.lookup is None
    if operation.lookup is not None:
        reading = contract.operations[operation.lookup.operation]
        assert (reading.method, reading.body) == ("GET", None)
        assert reading.repeatable


@pytest.mark.parametrize(("api", "name", "model"), WITH_EXAMPLE)
def test_model_takes_the_vendors_example(
    api: str, name: str, model: type[BaseModel]
) -> None:
    """
    The example on the vendor's page fits the model, whole.
    """
    operation = CONTRACTS[api].operations[name]
    body = example(api, operation.method, operation.path)
    taken = model.model_validate(body)
    assert taken.model_dump(exclude_unset=True) == body


@pytest.mark.parametrize(("api", "name", "body"), GOOD)
def test_what_a_model_takes_fits_the_vendors_schema(
    api: str, name: str, body: dict[str, Any]
) -> None:
    """
    What the model lets a mapping send, dressed, fits the vendor's schema.
    """
    operation = CONTRACTS[api].operations[name]
    assert operation.body is not None
    operation.body.model_validate(body)
    sent = operation.dress(body) if operation.dress else body
    (operation.dressed or operation.body).model_validate(sent)
    assert [] == problems(
        sent, api=api, method=operation.method, path=operation.path
    )


@pytest.mark.parametrize(("model", "body"), BAD)
def test_model_refuses(model: type[BaseModel], body: dict[str, Any]) -> None:
    """
    A typo, a wrong type, a missing or a too long value is found.
    """
    with pytest.raises(ValidationError):
        model.model_validate(body)


def test_schema_does_not_offer_null_for_what_is_left_out() -> None:
    """
    A field that may be left out has no default in the published schema.
    """
    schema = yuju.SetStatus.model_json_schema()
    assert "default" not in schema["properties"]["carrier"]
    assert ["id_order", "id_channel", "status"] == schema["required"]


def test_mask_is_what_is_rendered() -> None:
    """
    Every's updateMask names the order's fields, always in one order.
    """
    order = {"notes": "abc", "status": "READY"}
    expected = {"order": order, "updateMask": ["status", "notes"]}
    assert expected == every.masked({"order": order})


FOUND, ABSENT, UNCLEAR = Finding.FOUND, Finding.ABSENT, Finding.UNCLEAR
ID, URL = "77", "https://a.mx/77"


def sent(body: Any, **values: str) -> SentCall:
    """Return what was sent, as a look-up sees it."""
    return SentCall(values=values, body=body)


@pytest.mark.parametrize(
    ("body", "listed", "expected"),
    [
        ({"referenceId": ID}, {"referenceId": ID}, FOUND),
        ({"referenceId": ID}, {"referenceGid": ID}, FOUND),
        ({"referenceId": ID}, {"referenceGid": "gid://x/Order/77"}, FOUND),
        ({"referenceId": ID}, {"referenceGid": "gid://x/Order/177"}, ABSENT),
        ({"referenceUrl": URL}, {"referenceUrl": URL}, FOUND),
        ({"referenceId": ID}, {"referenceId": "78"}, ABSENT),
        ({"referenceId": ID}, {"referenceUrl": ID}, ABSENT),
        ({"referenceId": ID}, {"referenceId": 77}, ABSENT),
        ({"referenceId": ID}, {}, ABSENT),
        ({"referenceId": ID}, None, UNCLEAR),
        (
            {"referenceId": ID, "referenceUrl": URL},
            {"referenceId": ID, "referenceUrl": "https://b.co/77"},
            UNCLEAR,
        ),
        (
            {"referenceId": ID, "referenceUrl": URL},
            {"referenceId": "#1001", "referenceUrl": URL},
            FOUND,
        ),
        (
            {"referenceId": ID, "referenceUrl": URL},
            {"referenceId": ID},
            FOUND,
        ),
    ],
)
def test_created_order_is_recognised(
    body: dict[str, str], listed: Any, expected: Finding
) -> None:
    """
    A listed order is ours by any reference of ours, and in doubt when it
    has our number and another shop's address.
    """
    assert expected is every.recognise(sent(body), listed)


@pytest.mark.parametrize(
    "body", [{"status": "NEW"}, {"referenceId": ""}, None]
)
def test_created_order_without_reference_can_not_be_asked_for(
    body: Any,
) -> None:
    """
    A create that carried no reference can not be looked up.
    """
    assert every.asked(sent(body)) is None
    assert every.asked(sent({"referenceId": ID})) == {}


TRACKING = {"rastreo": {"rastreo_numero": "1", "rastreo_url": None}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"orden": {"rastreo_numero": "1"}}, FOUND),
        ({"orden": {"rastreo_numero": "1", "rastreo_url": None}}, FOUND),
        ({"orden": {"rastreo_numero": "1", "rastreo_pdf": "x"}}, FOUND),
        ({"orden": {"rastreo_numero": "1", "rastreo_url": "u"}}, ABSENT),
        ({"orden": {"rastreo_numero": "2"}}, ABSENT),
        ({"orden": {}}, ABSENT),
        ({"orden": None}, UNCLEAR),
        ({}, UNCLEAR),
        ([], UNCLEAR),
        (None, UNCLEAR),
    ],
)
def test_tracking_is_compared(answer: Any, expected: Finding) -> None:
    """
    What was written counts, to the letter, and nothing else.
    """
    assert expected is rayo.compare_tracking(sent(TRACKING), answer)


def test_tracking_of_nothing_tells_nothing() -> None:
    """
    A PATCH that wrote nothing is in every order.
    """
    nothing = sent({"rastreo": {}})
    assert UNCLEAR is rayo.compare_tracking(nothing, {"orden": {}})


@pytest.mark.parametrize(
    ("status", "order", "expected"),
    [
        ("shipped", {"actions": ["set_shipped"]}, ABSENT),
        ("shipped", {"actions": ["set_delivered"]}, FOUND),
        ("shipped", {"actions": []}, FOUND),
        ("canceled", {"actions": ["cancel"]}, ABSENT),
        ("canceled", {"actions": [], "status": "canceled"}, FOUND),
        ("shipped", {"actions": [], "status": "delivered"}, FOUND),
        ("shipped", {"actions": [], "status": "ready_to_ship"}, UNCLEAR),
        ("shipped", {"actions": [], "status": "canceled"}, UNCLEAR),
        ("canceled", {"actions": [], "status": "delivered"}, UNCLEAR),
        ("shipped", {"actions": [], "status": 7}, FOUND),
        ("shipped", {"actions": None}, UNCLEAR),
        ("shipped", {}, UNCLEAR),
        ("shipped", [], UNCLEAR),
        ("other", {"actions": []}, UNCLEAR),
    ],
)
def test_moves_are_read(status: str, order: Any, expected: Finding) -> None:
    """
    A move that is offered was not made; one that is not offered was, unless
    the order's own state says otherwise.
    """
    assert expected is yuju.read_moves(sent({"status": status}), order)


def test_yuju_is_asked_by_channel_and_order() -> None:
    """
    The pair of channel and order names what was moved.
    """
    body = {"id_channel": 13, "id_order": "5"}
    assert {"id_channel": "13", "id_order": "5"} == yuju.moved_order(
        sent(body)
    )
    assert yuju.moved_order(sent({"id_order": "5"})) is None
    assert yuju.moved_order(sent(None)) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["orden", "actions", "status", "referenceId", "rastreo_numero"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(answer=ANYTHING)
def test_no_answer_breaks_a_judge(answer: Any) -> None:
    """
    Whatever a target says, a look-up comes to a finding.
    """
    for contract in CONTRACTS.values():
        for operation in contract.operations.values():
            if operation.lookup is not None:
                body = {**TRACKING, "status": "shipped", "referenceId": ID}
                told = operation.lookup.judge(sent(body, orderId="1"), answer)
                assert isinstance(told, Finding)


def test_yuju_names_its_limit() -> None:
    """
    Yuju takes two requests a second; the others name no limit.
    """
    limits = {name: contract.limit for name, contract in CONTRACTS.items()}
    yujus = Limit(requests=2, window=SECOND)
    assert {"rayo": None, "every": None, "yuju": yujus} == limits


def test_rayo_exchanges_its_key() -> None:
    """
    Rayo's key goes into a header, and the token comes out of the answer.
    """
    exchange = rayo.CONTRACT.exchange
    assert exchange is not None
    request = exchange.request({"api_key": "k"})
    assert ("POST", "/api/rest/auth") == (request.method, request.path)
    assert {"x-api-key": "k"} == exchange.headers({"api_key": "k"})
    answer = {"AuthWithAPIkey": {"accessToken": "t"}}
    assert "t" == exchange.token(answer)
    for token in (None, "", 7):
        nothing = {"AuthWithAPIkey": {"accessToken": token}}
        assert exchange.token(nothing) is None
    assert exchange.token([]) is None
    assert exchange.token({}) is None


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("e30.eyJleHAiOjE3OTAwMDAwMDB9.sig", 1790000000),
        ("e30.eyJleHAiOjEuNX0.sig", 1),
        ("e30.eyJleHAiOnRydWV9.sig", None),
        ("e30.e30.sig", None),
        ("e30.W10.sig", None),
        ("e30.!.sig", None),
        ("e30.ñ.sig", None),
        ("opaque", None),
        ("", None),
    ],
)
def test_jwt_says_when_it_ends(token: str, expected: int | None) -> None:
    """
    The exp of a JWT is read; anything else has none.
    """
    assert expected == jwt_expiry(token)
