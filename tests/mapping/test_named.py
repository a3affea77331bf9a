"""Named expressions: written once in a file, computed once for an order."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from bridge.errors import Unrenderable
from bridge.mapping.render import condition_holds, render
from bridge.model import JSON
from bridge.orders.order import Line
from tests.mapping import compiled, complaints, only_rule, order
from tests.mapping.test_compiler import RAYO, YUJU

PATIENCE_S = 5
"""Of the processor, for one request."""


class Counted(dict[str, Any]):
    """Attributes that count how often they are looked at."""

    asked = 0

    def items(self) -> Any:
        """Return what there is, and count."""
        self.asked += 1
        return super().items()


def file(named: Mapping[str, str], **body: str) -> str:
    """Return a file with *named* and a body that may use them."""
    rows = "".join(f"  {name}: {text}\n" for name, text in named.items())
    text = YUJU.replace("rules:", f"named:\n{rows}rules:")
    for field, expression in body.items():
        text = text.replace(f"{field}: = id", f"{field}: {expression}")
    return text


COLONIA = {
    "colonia": "= first(ship_to.company, attribute(attributes, 'colonia'))"
}


def test_a_named_expression_has_a_value_wherever_it_is_used():
    """
    In a body, in a condition, and in an item below `order`.
    """
    text = RAYO.replace(
        "rules:", "named:\n  canal: = attribute(attributes, 'canal')\nrules:"
    )
    text = text.replace("= sku", "= words(order.named.canal, sku)")
    text = text.replace("calle: = ship_to.street", "calle: = named.canal")
    text = text.replace("if: = lines[?ships]", "if: = lines[?ships] && named."
                        "canal")  # fmt: skip
    mapping = compiled(text)
    create = mapping.rules[0]
    scene = order(attributes={"Canal": "web"})

    body = render(mapping, create, scene).body

    assert "web CAF-500" == body["productos"][0]["identificador"]
    assert "web" == body["consumidor_destino"]["calle"]
    assert condition_holds(mapping, create, scene)
    assert not condition_holds(mapping, create, order())


def test_one_may_use_those_above_it():
    """
    They read as a story: from the top to the bottom.
    """
    named = {"uno": "= words(id, name)", "dos": "= upper(named.uno)"}
    mapping = compiled(file(named, id_order="= words(named.dos, named.uno)"))

    body = render(mapping, only_rule(mapping), order()).body

    assert "1042 #1042 1042 #1042" == body["id_order"]


def test_each_is_computed_once_for_an_order():
    """
    However many rules and items use it.
    """
    counted = Counted({"colonia": "Roma"})
    scene: dict[str, JSON] = {**order(), "attributes": counted}
    mapping = compiled(
        file(COLONIA, id_order="= words(named.colonia, named.colonia)")
    )
    rule = only_rule(mapping)

    for _ in range(3):
        assert render(mapping, rule, scene).body["id_order"] == "Roma Roma"

    assert 1 == counted.asked


def test_each_is_computed_for_every_order_anew():
    """
    Nothing of one order comes into another.
    """
    mapping = compiled(file(COLONIA, id_order="= named.colonia"))
    rule = only_rule(mapping)
    scenes = [order(attributes={"colonia": c}) for c in ("Roma", "Centro")]

    assert ["Roma", "Centro", "Roma"] == [
        render(mapping, rule, scene).body["id_order"]
        for scene in (*scenes, scenes[0])
    ]


def test_one_that_nobody_asks_for_is_not_computed():
    """
    What would fail fails only where it is used.
    """
    named = {"bad": "= cents(ship_to.name)", **COLONIA}
    mapping = compiled(file(named))

    assert render(mapping, only_rule(mapping), order())


def test_one_that_fails_is_named():
    """
    The reason says which it was, and not what it got.
    """
    mapping = compiled(
        file({"bad": "= decimal(ship_to.name, `2`)"}, id_order="= named.bad")
    )

    with pytest.raises(Unrenderable) as caught:
        render(mapping, only_rule(mapping), order())

    assert (
        "`= named.bad`: named.bad: decimal needs an amount such as 1499.00"
        == caught.value.reason.text
    )


@pytest.mark.parametrize(
    ("first", "doubled"),
    [
        ("= ship_to.name", "= words({0}, {0})"),
        ("= [ship_to.name]", "= [{0}, {0}]"),
        ("= ship_to.name", "= join(' ', [{0}, {0}])"),
        ("= ship_to.name", "= to_string([{0}, {0}])"),
    ],
)
def test_what_doubles_forty_times_is_refused(first: str, doubled: str):
    """
    It fails for the order, at once, instead of filling the memory.
    """
    named = {"n0": first}
    for number in range(1, 40):
        named[f"n{number}"] = doubled.format(f"named.n{number - 1}")
    mapping = compiled(file(named, id_order="= to_string(named.n39)"))
    began = time.process_time()

    with pytest.raises(Unrenderable) as caught:
        render(mapping, only_rule(mapping), order())

    assert "would have more than" in caught.value.reason.text
    assert time.process_time() - began < PATIENCE_S


def test_what_it_reads_is_read_by_whoever_uses_it():
    """
    So that links, the raw body and addresses are known of every rule.
    """
    named = {
        "a": "= words(links.known, ship_to.street)",
        "b": "= words(named.a, raw.tags)",
    }
    text = file(named, id_order="= named.b").replace(
        "rules:", "links:\n  known:\n    - = gid\nrules:"
    )
    mapping = compiled(text)
    rule = only_rule(mapping)
    assert rule.body is not None

    (expression,) = rule.body.expressions()

    assert {"links.known", "ship_to.street", "raw"} == expression.reads
    assert {"b"} == expression.named
    assert {"known"} == rule.links
    assert mapping.reads_raw


def test_a_link_that_nothing_sets_is_told_once():
    """
    Where it is read, not wherever the name is used.
    """
    text = file({"a": "= links.nope"}, id_order="= words(named.a, named.a)")

    assert [
        (
            "test.yaml:4:8: nothing sets links.nope: no rule remembers it and "
            "`links` has no entry"
        )
    ] == complaints(text)


def test_a_wrong_one_is_told_once():
    """
    Those that use it are not complained about.
    """
    text = file(
        {"a": "= nam", "b": "= named.a"}, id_order="= words(named.a, named.b)"
    )

    assert [
        "test.yaml:4:8: there is no field 'nam', did you mean 'name'?"
    ] == complaints(text)


def test_its_fields_are_checked():
    """
    A named object has the fields of what it is.
    """
    named = {"destino": "= ship_to"}

    assert [] == complaints(file(named, id_order="= named.destino.city"))
    assert [
        "test.yaml:10:33: there is no field 'citty', did you mean 'city'?"
    ] == complaints(file(named, id_order="= named.destino.citty"))


@pytest.mark.parametrize(
    "use",
    ["named", "named || id", "keys(named)", "named.*", "[named]",
     "named == 'a'", "!named"],
)  # fmt: skip
def test_all_of_them_together_are_no_value(use: str):
    """
    One of them is asked for, by its name.
    """
    (message,) = complaints(file(COLONIA, id_order=f"= {use}"))

    assert message.endswith("say which of them: named.colonia")


def test_inside_a_filter_it_is_not_to_be_had():
    """
    As nothing of the whole order is.
    """
    (message,) = complaints(
        file(COLONIA, id_order="= lines[?sku == named.colonia] | [0].sku")
    )

    assert "only fields of the item: 'named' is none" in message


def test_a_listed_thing_is_matched_with_it():
    """
    A look-up compares the target's things with what the order says.
    """
    text = """\
from: calzado-co
to: every-co
named:
  ours: = lower(name)
links:
  every_order:
    - find: list_orders
      match: = lower(referenceId) == order.named.ours
      take: = name
rules:
  confirm:
    when: ready
    call: update_order
    path: {id: "= links.every_order"}
    body: {order: {status: CONFIRMED}}
"""
    (find,) = compiled(text).links["every_order"]
    item = {"referenceId": "#1042", "order": order()}

    assert find.match.value(item) is True  # type: ignore[union-attr]


def test_a_part_of_an_expression_is_one_of_the_same_file():
    """
    Whoever explains an `if` asks its parts one by one.
    """
    text = file(COLONIA).replace(
        "when: ready",
        "when: ready\n    if: = named.colonia && lines[?ships]",
    )
    condition = only_rule(compiled(text)).condition
    assert condition is not None
    scene = order(
        attributes={"colonia": "Roma"}, lines=(Line(id="1", ships=True),)
    )

    assert "Roma" == condition.part("named.colonia").value(scene)
    assert condition.part("lines[?ships]").value(scene)
