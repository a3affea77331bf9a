"""What of an order may stand on a page, whoever looks."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.mapping.discretion import (
    path_is_public,
    place_is_public,
    tree_is_public,
)
from bridge.mapping.expression import (
    ExpressionFailed,
    ExpressionWrong,
    Language,
    compile_expression,
)
from bridge.mapping.parsing import parse
from bridge.orders.document import FIELDS
from tests.mapping import compiled
from tests.mapping.test_shipped import CATALOG

LANGUAGE = Language.with_tables({})
PUBLIC = [
    "total",
    "cents(total)",
    "lines[*].sku",
    "lines[?ships && quantity > `0`].sku | [0]",
    "length(lines)",
    "links.rayo_order",
    "if(cash_on_delivery, cents(outstanding), `0`)",
    "join(', ', lines[].sku)",
    "parcels[-1].carrier",
    "'a text'",
    "name == '#1'",
]
PERSONAL = [
    "@",
    "customer",
    "ship_to.name",
    "words(total, ship_to.city)",
    "lines",
    "lines[*].properties",
    "to_string(lines)",
    "[@, total]",
    "{a: ship_to.name}",
    "*",
    "note",
    "tags",
    "attributes",
    "raw",
    "parcels[*].tracking_number",
    "ship_to.name == 'Rosa'",
    "if(contains(note, 'x'), 'a', 'b')",
    "total | @ || note",
    "lines[?name == 'x'].properties",
    "sort_by(lines, &to_string(properties))[0].sku",
    "length(note)",
    "links",
    "!note",
]
EVERY = """\
from: calzado-co
to: every-co
since: 2026-01-01
links:
  every_order: ["= attribute(attributes, 'every_id')"]
rules:
  confirm:
    when: ready
    call: update_order
    path:
      id: = ID
    body:
      order:
        status: CONFIRMED
"""
NAMES = [
    "total", "id", "lines", "sku", "name", "ship_to", "note", "parcels",
    "tracking_number", "properties", "customer", "links", "rayo_order",
    "attributes", "tags", "quantity", "payment_methods", "city",
]  # fmt: skip


def scene(person: str) -> dict[str, Any]:
    """Return an order of somebody, who is all that differs."""
    line = {"sku": "S", "name": "Taza", "quantity": 1, "total": "1.00"}
    address = {"name": person, "city": person, "street": person}
    parcel = {"id": "1", "carrier": "c", "tracking_number": person}
    return {
        "id": "7", "name": "#7", "total": "9.50", "currency": "MXN",
        "payment_methods": ["card"], "links": {"rayo_order": "r"},
        "lines": [{**line, "properties": {"a": person}}],
        "parcels": [{**parcel, "tracking_url": person}],
        "ship_to": address, "bill_to": address, "customer": address,
        "note": person, "tags": [person], "attributes": {"name": person},
        "raw": {"name": person},
    }  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public(text: str) -> None:
    """
    What is made of public fields alone is shown.
    """
    assert tree_is_public(parse(text), {})


@pytest.mark.parametrize("text", PERSONAL)
def test_personal(text: str) -> None:
    """
    What a customer's data has a part in is hidden.
    """
    assert not tree_is_public(parse(text), {})


def _joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(parts, parts)
    return st.one_of(
        two.map(lambda both: f"({both[0]}).{both[1]}").filter(
            lambda text: "@" not in text
        ),
        two.map(lambda both: f"({both[0]}) | ({both[1]})"),
        two.map(lambda both: f"({both[0]}) || ({both[1]})"),
        two.map(lambda both: f"({both[0]}) && ({both[1]})"),
        two.map(lambda both: f"({both[0]}) == ({both[1]})"),
        two.map(lambda both: f"({both[0]})[*] | [*].({both[1]})"),
        two.map(lambda both: f"({both[0]})[?{both[1]}]"),
        two.map(lambda both: f"({both[0]})[*].{both[1]}"),
        parts.map(lambda text: f"({text})[]"),
        parts.map(lambda text: f"({text})[0]"),
        parts.map(lambda text: f"({text}).*"),
        parts.map(lambda text: f"length({text})"),
        parts.map(lambda text: f"to_string({text})"),
        parts.map(lambda text: f"!({text})"),
        two.map(lambda both: f"[{both[0]}, {both[1]}]"),
        two.map(lambda both: f"not_null({both[0]}, {both[1]})"),
    )


EXPRESSIONS = st.recursive(
    st.sampled_from([*NAMES, "@", "`1`", "'a'", *PUBLIC[:4] * 3]),
    _joined,
    max_leaves=5,
)


@settings(max_examples=500)
@given(EXPRESSIONS)
def test_what_is_public_is_the_same_for_everybody(text: str) -> None:
    """
    Whoever bought, it gives the same: so it tells nothing of them.
    """
    try:
        tree = parse(text)
    except ExpressionWrong:
        return
    if not tree_is_public(tree, {}):
        return
    try:
        made = compile_expression(text, LANGUAGE, FIELDS)
        values = [made.value(scene(one)) for one in ("Rosa", "")]
    except (ExpressionWrong, ExpressionFailed, BridgeError):
        return
    assert json.dumps(values[0]) == json.dumps(values[1])


@pytest.mark.parametrize(
    ("place", "public"),
    [
        ("request", True),
        ("body.servicio_rayo", True),
        ("body.productos.0.cantidad", True),
        ("body.productos[].identificador", True),
        ("body.productos", True),
        ("body.consumidor_destino.nombre", False),
        ("body.consumidor_destino", False),
        ("body", False),
        ("body.nope", False),
        ("nope", False),
    ],
)
def test_places_of_a_request(place: str, *, public: bool) -> None:
    """
    A field is as public as what it is made of.
    """
    mapping = CATALOG.mappings["cafe-mx-rayo"]
    assert public == place_is_public(mapping, "create", place)
    assert not place_is_public(None, "create", "body.servicio_rayo")
    assert not place_is_public(mapping, "nope", "body.servicio_rayo")


@pytest.mark.parametrize(
    ("id", "public"),
    [("links.every_order", True), ("customer.email", False)],
)
def test_an_address_is_made_of_something(id: str, *, public: bool) -> None:
    """
    A call's address is as public as what stands in it.
    """
    mapping = compiled(EVERY.replace("ID", id))
    assert public == place_is_public(mapping, "confirm", "request")
    assert public == place_is_public(mapping, "confirm", "path.id")


@pytest.mark.parametrize(
    ("path", "public"),
    [
        ("total", True),
        ("lines.sku", True),
        ("payment_methods", True),
        ("links.rayo_order", True),
        ("lines", False),
        ("lines.properties", False),
        ("ship_to.city", False),
        ("attributes", False),
        ("nope", False),
        ("total.x", False),
    ],
)
def test_paths_in_an_order(path: str, *, public: bool) -> None:
    """
    So are paths.
    """
    assert public == path_is_public(path)
