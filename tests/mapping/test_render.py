"""From a rule and an order to the request, or to the reason why not."""

from typing import Any

import pytest

from bridge.errors import LinkMissing, NothingToSend, Unrenderable
from bridge.mapping.render import (
    condition_holds,
    finds_for,
    known_links,
    learned,
    missing_links,
    render,
    request_hash,
    with_links,
)
from bridge.model import JSON, Request
from bridge.orders.order import Address, Line, Person
from tests.mapping import (
    CANARY,
    CREATED,
    compiled,
    only_rule,
    order,
    state_of,
)
from tests.mapping.test_compiler import EVERY, RAYO, YUJU

LINE = "5"


def mapping_of(call: str, rest: str, to: str = "every-co") -> str:
    """Return a file of one rule that makes *call*; *rest* is its parts."""
    return (
        f"from: cafe-mx\nto: {to}\nlinks:\n  known:\n    - = attribute("
        f"attributes, 'known')\nrules:\n  only:\n    when: ready\n"
        f"    call: {call}\n{rest}"
    )


def update(order_body: str, id: str = "E-1") -> str:
    """Return a file that PATCHes an order at Every."""
    return mapping_of(
        "update_order",
        f"    path:\n      id: {id}\n    body:\n      order:\n{order_body}",
    )


def rendered(
    text: str, rule: str = "only", scene: dict[str, JSON] | None = None
) -> Request:
    """Return the request of a rule of *text*."""
    mapping = compiled(text)
    found = mapping.rule(rule)
    assert found is not None
    return render(mapping, found, scene or order())


def refused(
    text: str, rule: str = "only", scene: dict[str, JSON] | None = None
) -> tuple[str, str, dict[str, Any]]:
    """Return code, text and place of why there is no request."""
    with pytest.raises(Unrenderable) as caught:
        rendered(text, rule, scene)
    reason = caught.value.reason
    return reason.code, reason.text, dict(reason.where)


def test_a_create_is_rendered_whole():
    """
    Text, numbers and nested parts stand in the body as the file has them.
    """
    assert Request(
        operation="create_order",
        method="POST",
        path="/api/rest/orders",
        body={
            "servicio_rayo": "NACIONAL",
            "productos": [{"identificador": "CAF-500", "cantidad": 2}],
            "consumidor_destino": {
                "nombre": "José Núñez",
                "telefono": "5555010123",
                "calle": "Av. Álvaro Obregón",
                "no_exterior": "151",
                "colonia": "Roma Norte",
                "ciudad": "Ciudad de México",
                "estado": "Ciudad de México",
                "codigo_postal": "06700",
                "pais": "mexico",
            },
        },
    ) == rendered(RAYO, "create")


def test_what_is_null_or_empty_is_left_out():
    """
    A target keeps what it has where we know nothing.
    """
    body = """\
      status: NEW
      referenceUrl: = url
      notes: = note
      referenceId: "= ' '"
      recipient:
        email: = customer.email
        address:
          locality: = ship_to.city
          organization: = ship_to.company
"""
    text = mapping_of("create_order", f"    body:\n{body}")
    scene = order(customer=Person(email=""), note=None)

    assert {
        "status": "NEW",
        "recipient": {"address": {"locality": "Ciudad de México"}},
    } == rendered(text, scene=scene).body


def test_an_object_of_which_nothing_is_left_is_left_out():
    """
    An empty object would wipe what the target has.
    """
    text = update(
        "        status: NEW\n        recipient:\n"
        "          email: = customer.email\n"
    )

    assert {
        "order": {"status": "NEW"},
        "updateMask": ["status"],
    } == rendered(text).body


def test_a_literal_null_is_sent():
    """
    Where the contract takes null it can be said.
    """
    text = RAYO.replace(
        "rastreo_numero: = parcels[-1].tracking_number",
        "rastreo_pdf: null\n        rastreo_url: = parcels[0].tracking_url",
    )
    scene = order({"rayo_order": CREATED})

    assert {"rastreo": {"rastreo_pdf": None}} == rendered(
        text, "tracking", scene
    ).body


def test_nought_and_false_are_sent():
    """
    Only null and empty text are nothing.
    """
    text = update(
        "        sellingPriceCents: = cents(outstanding)\n"
        "        cashOnDeliveryRequestCents: = if(cash_on_delivery, "
        "cents(total), `0`)\n"
    )

    assert {
        "order": {"sellingPriceCents": 0, "cashOnDeliveryRequestCents": 0},
        "updateMask": ["sellingPriceCents", "cashOnDeliveryRequestCents"],
    } == rendered(text).body


def test_nothing_left_is_nothing_to_send():
    """
    A request that would say nothing is not made.
    """
    text = RAYO.replace("parcels[-1].tracking_number", "note")

    with pytest.raises(NothingToSend):
        rendered(text, "tracking", order({"rayo_order": CREATED}))


def test_a_missing_value_is_told_with_its_place():
    """
    Code, file, line, field and the expression that gave nothing.
    """
    scene = order(ship_to=Address(name=CANARY, phone="+525555010123"))

    assert (
        "value_missing",
        (
            "create_order requires consumidor_destino.calle, and `= "
            "ship_to.street` gave nothing for this order; so it is with "
            "consumidor_destino.no_exterior, consumidor_destino.colonia, "
            "consumidor_destino.ciudad, consumidor_destino.estado, "
            "consumidor_destino.codigo_postal"
        ),
        {
            "file": "test.yaml",
            "line": 18,
            "field": "consumidor_destino.calle",
            "rule": "create",
        },
    ) == refused(RAYO, "create", scene)


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("lookup('skus', sku)", ": look into the table `skus`"),
        ("order.named.code", ": look into the table `skus`"),
        ("name", ""),
    ],
)
def test_a_missing_value_is_told_with_the_table_to_look_into(
    expression: str, hint: str
):
    """
    Which key is missing stands beside it; a reason names no value.
    """
    text = RAYO.replace("= sku", f"= {expression}").replace(
        "rules:",
        "tables:\n  skus: {A: B}\nnamed:\n"
        "  code: = lookup('skus', name)\nrules:",
    )
    scene = order(lines=(Line(id="1", sku="C", quantity=1, ships=True),))

    _, told, _ = refused(text, "create", scene)

    assert f"`= {expression}` gave nothing for this order{hint}" in told


def test_a_missing_named_value_is_told_with_what_it_is():
    """
    The line of the file only says its name.
    """
    text = RAYO.replace("= ship_to.neighbourhood", "= named.colonia").replace(
        "rules:", "named:\n  colonia: = attribute(attributes, 'col')\nrules:"
    )

    _, told, _ = refused(text, "create", order())

    assert (
        "`= named.colonia` gave nothing for this order: named.colonia is `= "
        "attribute(attributes, 'col')`"
    ) in told


def test_a_missing_value_of_an_item_is_told_with_its_number():
    """
    Items are counted from nought, as in the request.
    """
    lines = (
        Line(id="1", sku="A", quantity=1, ships=True),
        Line(id="2", sku=None, quantity=1, ships=True),
    )

    assert (
        "value_missing",
        (
            "create_order requires productos.1.identificador, and `= sku` gave "
            "nothing for this order"
        ),
        {
            "file": "test.yaml",
            "line": 13,
            "field": "productos.1.identificador",
            "rule": "create",
        },
    ) == refused(RAYO, "create", order(lines=lines))


@pytest.mark.parametrize(
    ("text", "rule", "changes", "code", "message", "line"),
    [
        (RAYO.replace("= quantity", "= order.attributes.c"), "create",
         {"attributes": {"c": CANARY}}, "value_wrong",
         "productos.0.cantidad does not fit: a whole number is expected", 14),
        (RAYO, "create", {"lines": ()}, "value_wrong",
         "productos does not fit: it is empty: at least 1 is expected", 11),
        (RAYO.replace("NACIONAL", "= note"), "create", {"note": CANARY},
         "value_wrong", ("servicio_rayo does not fit: one of "
         "'NACIONAL', 'EXPRESS' or 'PROGRAMADA' is expected"), 9),
        (RAYO.replace("= ship_to.city", "= attributes.c"), "create",
         {"attributes": {"c": [CANARY]}}, "value_wrong",
         "consumidor_destino.ciudad does not fit: text is expected", 21),
        (RAYO.replace("each: = lines[?ships]", "each: = attributes.c"),
         "create", {"attributes": {"c": CANARY}}, "expression_failed",
         "`= attributes.c`: each: needs a list", 11),
        (RAYO.replace("= ship_to.city", "= decimal(note, `2`)"), "create",
         {"note": CANARY}, "expression_failed",
         "`= decimal(note, `2`)`: decimal needs an amount such as 1499.00", 21),
        (update("        notes: = note\n"), "only", {"note": "ya"},
         "value_wrong", ("order.notes does not fit: at least 3 characters "
         "are expected"), 14),
        (update("        recipient: = attributes\n"), "only",
         {"attributes": {CANARY: CANARY}}, "value_wrong",
         "order.recipient.… does not fit: no further name is taken",
         14),
        (update("        sellingPriceCents: = attributes.c\n"), "only",
         {"attributes": {"c": CANARY}}, "value_wrong",
         ("order.sellingPriceCents does not fit: a whole number is "
         "expected"), 14),
    ],
)  # fmt: skip
def test_a_reason_never_shows_what_a_customer_wrote(
    text: str, rule: str, changes: dict[str, Any], *, code, message, line
):
    """
    A value of the wrong kind is told by field and line, never by itself.
    """
    scene = order(**changes)

    found, told, where = refused(text, rule, scene)

    assert (code, message, line) == (found, told, where["line"])
    assert CANARY not in f"{told}{where}"


def test_a_link_that_is_not_known_is_waited_for():
    """
    The reason names the link.
    """
    mapping = compiled(RAYO)
    tracking = mapping.rules[1]

    with pytest.raises(LinkMissing) as caught:
        render(mapping, tracking, order())

    assert "rayo_order" == caught.value.name
    assert "link_missing" == caught.value.reason.code
    assert {
        "file": "test.yaml",
        "line": tracking.line,
        "link": "rayo_order",
    } == caught.value.reason.where
    assert ["rayo_order"] == missing_links(tracking, order())
    assert [] == missing_links(tracking, order({"rayo_order": CREATED}))


def test_a_known_link_stands_in_the_path():
    """
    What an answer taught us leads the next call.
    """
    text = RAYO.replace("parcels[-1]", "parcels[0]")
    request = rendered(text, "tracking", order({"rayo_order": CREATED}))

    assert f"/api/rest/order/{CREATED}/delivery" == request.path


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("E-1", "/v1/orders/E-1"),
        ("a b", None),
        ("../orders", None),
        ("a?b=c", None),
        ("a#b", None),
        ("..%2Fadmin", "/v1/orders/..%252Fadmin"),
        ("ñandú", "/v1/orders/%C3%B1and%C3%BA"),
        ("a&b=c;d", "/v1/orders/a%26b%3Dc%3Bd"),
        ("..", None),
        (".", None),
        ("{id}", "/v1/orders/%7Bid%7D"),
    ],
)
def test_a_path_value_is_one_escaped_segment(value: str, path: str | None):
    """
    No value can lead to another path of the target.
    """
    text = update("        status: NEW\n", id="= attributes.id")
    scene = order(attributes={"id": value})
    if path is None:
        code, told, _ = refused(text, scene=scene)
        assert "value_wrong" == code
        assert "id does not fit" in told
    else:
        assert path == rendered(text, scene=scene).path


@pytest.mark.parametrize("value", ["../../admin", "a/b?c#d", "%2e%2e"])
def test_a_segment_is_escaped_whatever_the_contract_takes(value: str):
    """
    Rayo's product may be named by any text.
    """
    text = mapping_of(
        "find_product",
        "    path:\n      productIdentifier: = attributes.sku\n",
        to="rayo-mx",
    )
    found = rendered(text, scene=order(attributes={"sku": value})).path

    assert found.startswith("/api/rest/product/")
    assert not set("/?#") & set(found.removeprefix("/api/rest/product/"))


def test_an_empty_path_value_is_missing():
    """
    A path without its id would be another call.
    """
    text = update("        status: NEW\n", id="= attributes.id")

    code, told, where = refused(text, scene=order(attributes={"id": " "}))

    assert ("value_missing", "id", 11) == (code, where["field"], where["line"])
    assert told == (
        "update_order requires id, and `= attributes.id` gave nothing for "
        "this order"
    )


def test_a_query_is_built_of_its_values():
    """
    Values that the contract has in the query stand there, escaped.
    """
    text = mapping_of(
        "get_order",
        "    path:\n      id_channel: 13\n      id_order: = attributes.id\n",
        to="yuju-mx",
    )
    scene = order(attributes={"id": "a&b=c #1/2"})

    assert Request(
        operation="get_order",
        method="GET",
        path="/orders/?id_channel=13&id_order=a%26b%3Dc+%231%2F2",
        body=None,
    ) == rendered(text, scene=scene)


def test_what_a_contract_always_asks_is_in_the_query():
    """
    A list is asked for in pages of a size.
    """
    request = rendered(mapping_of("list_orders", ""))

    assert ("/v1/orders?pageSize=200", None) == (request.path, request.body)


def test_the_update_mask_is_what_was_rendered():
    """
    Every changes what the mask names: no more than what has a value.
    """
    text = update(
        "        notes: = note\n        status: CONFIRMED\n"
        "        contentDescription: = customer.name\n"
        "        sellingPriceCents: = cents(total)\n"
    )

    assert {
        "order": {
            "notes": "Timbre B",
            "status": "CONFIRMED",
            "sellingPriceCents": 117705,
        },
        "updateMask": ["status", "sellingPriceCents", "notes"],
    } == rendered(text, scene=order(note="Timbre B")).body


def test_an_item_sees_the_whole_order():
    """
    Within `item` the order stands below `order`.
    """
    text = RAYO.replace(
        "identificador: = sku", "identificador: = words(order.name, sku)"
    )
    body = rendered(text, "create").body

    assert "#1042 CAF-500" == body["productos"][0]["identificador"]


def test_items_of_plain_values_are_called_value():
    """
    A list of texts has no fields: `value` is the text.
    """
    text = YUJU.replace(
        "      status: ready_to_ship",
        "      status: shipped\n      id_items:\n        each: = tags\n"
        "        item: = upper(value)",
    )

    assert ["A", "B"] == rendered(text, "ready", order(tags=("a", "b"))).body[
        "id_items"
    ]


def test_equal_requests_have_one_hash():
    """
    The order of keys does not matter; path and body do.
    """
    one = Request(operation="a", method="PUT", path="/", body={"a": 1, "b": 2})
    same = Request(
        operation="b", method="PUT", path="/", body={"b": 2, "a": 1}
    )
    other = Request(operation="a", method="PUT", path="/x", body=one.body)

    assert request_hash(one) == request_hash(same)
    assert request_hash(one) != request_hash(other)


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("lines[?ships]", True),
        ("lines[?gift_card]", False),
        ("ship_to.company", False),
        ("note", False),
        ("`0`", True),
        ("cents(total) > `100000`", True),
        ("attributes", False),
    ],
)
def test_an_if_holds_unless_it_is_empty(condition: str, *, held: bool):
    """
    Null, false, and what is empty do not hold.
    """
    text = YUJU.replace("when: ready", f"when: ready\n    if: = {condition}")
    mapping = compiled(text)

    assert held is condition_holds(mapping, only_rule(mapping), order())


def test_without_if_it_holds():
    """
    A rule needs no condition.
    """
    mapping = compiled(YUJU)

    assert condition_holds(mapping, only_rule(mapping), order())


def test_an_if_that_fails_is_told_with_its_rule():
    """
    The order waits for a person, who learns where to look.
    """
    text = YUJU.replace("when: ready", "when: ready\n    if: = cents(note)")
    mapping = compiled(text)

    with pytest.raises(Unrenderable) as caught:
        condition_holds(mapping, only_rule(mapping), order(note=CANARY))

    assert (
        "expression_failed",
        "`if` of the rule ready: cents needs an amount such as 1499.00",
        {"file": "test.yaml", "line": 4, "field": "if"},
    ) == (
        caught.value.reason.code,
        caught.value.reason.text,
        caught.value.reason.where,
    )


@pytest.mark.parametrize(
    ("answer", "links"),
    [
        ({"orden": {"ordenRef": "R-1"}}, {"rayo_order": "R-1"}),
        ({"orden": {"ordenRef": 77}}, {"rayo_order": "77"}),
        ({"orden": {"ordenRef": True}}, {}),
        ({"orden": {"ordenRef": " "}}, {}),
        ({"orden": {"ordenRef": ["R-1"]}}, {}),
        ({"orden": None}, {}),
        (None, {}),
        ("R-1", {}),
    ],
)
def test_an_answer_teaches_a_link_or_nothing(
    answer: object, links: dict[str, str]
):
    """
    Text and whole numbers are kept, as text.
    """
    assert links == learned(compiled(RAYO).rules[0], answer)


def test_an_answer_that_can_not_be_computed_teaches_nothing():
    """
    A failing expression does not undo what was applied.
    """
    text = RAYO.replace("orden.ordenRef", "cents(orden.ordenRef)")

    assert {} == learned(
        compiled(text).rules[0], {"orden": {"ordenRef": "R-1"}}
    )


@pytest.mark.parametrize(
    ("attributes", "links"),
    [
        ({"every_id": " E-7 "}, {"every_order": "E-7"}),
        ({"Every_ID": 7}, {"every_order": "7"}),
        ({"every_id": ""}, {}),
        ({"every_id": True}, {}),
        ({"every_id": ["E-7"]}, {}),
        ({}, {}),
    ],
)
def test_an_attribute_of_the_order_gives_a_link(
    attributes: dict[str, JSON], links: dict[str, str]
):
    """
    What the shop itself knows of the target's order is taken.
    """
    mapping = compiled(EVERY)
    scene = order(attributes=attributes)

    assert links == known_links(mapping, only_rule(mapping), scene)


def test_a_known_link_is_not_asked_for_again():
    """
    What was learned first stays.
    """
    mapping = compiled(EVERY)
    scene = order({"every_order": "E-1"}, attributes={"every_id": "E-2"})

    assert {} == known_links(mapping, only_rule(mapping), scene)
    assert {} == finds_for(mapping, only_rule(mapping), scene)


def test_a_link_may_be_looked_up():
    """
    Where nothing else gives it, the target is asked.
    """
    mapping = compiled(EVERY)
    finds = finds_for(mapping, only_rule(mapping), order())

    assert {"every_order": "list_orders"} == {
        name: find.operation.name for name, find in finds.items()
    }


def test_a_link_whose_expression_fails_is_told():
    """
    Which mapping it was, and not what the attribute held.
    """
    text = EVERY.replace(
        "= attribute(attributes, 'every_id')", "= cents(attributes.every_id)"
    )
    mapping = compiled(text)
    scene = order(attributes={"every_id": CANARY})

    with pytest.raises(Unrenderable) as caught:
        known_links(mapping, only_rule(mapping), scene)

    assert (
        "`links` of test: cents needs an amount such as 1499.00"
        == caught.value.reason.text
    )


def test_links_are_added_without_changing_the_order():
    """
    A document is a value.
    """
    scene = order({"a": "1"})

    assert {"a": "1", "b": "2"} == with_links(scene, {"b": "2"})["links"]
    assert {"a": "1"} == scene["links"]


def test_a_question_has_no_request():
    """
    Rendering one is a mistake of the program.
    """
    mapping = compiled(RAYO)

    with pytest.raises(ValueError, match="a question has no request"):
        render(mapping, mapping.rules[2], order())


def test_the_same_order_is_rendered_alike():
    """
    Rendering is a function of rule, order and links.
    """
    mapping = compiled(RAYO)
    scenes = [order(), order(), dict(reversed(order().items()))]
    hashes = {
        request_hash(render(mapping, mapping.rules[0], scene))
        for scene in scenes
    }

    assert 1 == len(hashes)
    assert state_of() == state_of()
