"""Expressions: checked before an order is, and silent about its values."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.mapping.expression import (
    Expression,
    ExpressionFailed,
    ExpressionWrong,
    Language,
    Open,
    compile_expression,
    is_empty,
)
from bridge.mapping.words import nearest
from bridge.orders.document import ANYTHING, FIELDS, Shape
from tests.mapping import CANARY, order

LANGUAGE = Language.with_tables({})
LINE = Shape({**FIELDS["lines"][0], "order": FIELDS}, "lines")


def compiled(text: str, shape: object = FIELDS) -> Expression:
    """Return *text* compiled over the order, or over *shape*."""
    return compile_expression(text, LANGUAGE, shape)


def wrong(text: str, shape: object = FIELDS) -> str:
    """Return why *text* is no expression that can be used."""
    with pytest.raises(ExpressionWrong) as caught:
        compiled(text, shape)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("name", "#1042"),
        ("ship_to.city", "Ciudad de México"),
        ("lines[?ships].sku | [0]", "CAF-500"),
        ("lines[*].quantity | sum(@)", 3),
        ("sum(lines[?ships].quantity)", 2),
        ("join(', ', parcels[?tracking_number].tracking_number)", "T-1"),
        ("parcels[-1].carrier", "Estafeta"),
        ("length(lines[?gift_card || sku == 'GIFT-50'])", 1),
        ("sort_by(lines, &quantity)[0].sku", "GIFT-50"),
        ("max_by(lines, &quantity).sku", "CAF-500"),
        ("map(&sku, lines)", ["CAF-500", "GIFT-50"]),
        ("cents(total) > `100000`", True),
        ("total == '1177.05'", True),
        ("{nombre: ship_to.name}.nombre", "José Núñez"),
        ("[name, id] | [1]", "1042"),
        ("lines[:1] | [0].sku", "CAF-500"),
        ("!cancelled && ready", True),
        ("attributes.anything.at_all", None),
        ("raw.line_items[0].sku", None),
        ("links.rayo_order", "9095"),
        ("lines[].properties.colour", []),
    ],
)
def test_an_expression_has_a_value_over_the_order(text: str, value: object):
    """
    An expression is JMESPath over the neutral Order.
    """
    assert value == compiled(text).value(order({"rayo_order": "9095"}))


def test_the_links_that_it_reads_are_known():
    """
    Whoever sends knows which links an expression needs.
    """
    found = compiled("first(links.a, links.b) || name")

    assert frozenset({"a", "b"}) == found.links
    assert frozenset() == compiled("name").links
    assert frozenset({"a"}) == compiled("order.links.a", LINE).links


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("name", {"name"}),
        ("raw.tags", {"raw"}),
        ("lines[?ships].sku", {"lines.ships", "lines.sku"}),
        ("lines[?ships]", {"lines.ships", "lines"}),
        ("parcels[].lines[].sku", {"parcels.lines.sku"}),
        ("ship_to.{a: street, b: city}", {"ship_to.street", "ship_to.city"}),
        ("ship_to | [street]", {"ship_to.street"}),
        ("words(ship_to.street, note)", {"ship_to.street", "note"}),
        ("length(lines)", {"lines"}),
        ("map(&sku, lines)", {"lines", "lines.sku"}),
        ("links.a || attributes.b", {"links.a", "attributes"}),
        ("`1`", set()),
    ],
)
def test_what_it_reads_is_known(text: str, reads: set[str]):
    """
    Each path of the Order that an expression reads, whole objects as such.
    """
    assert compiled(text).reads == reads


def test_what_an_item_reads_is_known():
    """
    Inside an item the same paths are told, and those of the whole order.
    """
    found = compiled("order.raw.tags || order.ship_to.city || sku", LINE)

    assert found.reads == {"raw", "ship_to.city", "lines.sku"}


UNEXPECTED = "is not expected here"
SUMS = ": there is no arithmetic"
TEXTS = (
    ": text stands in single quotes, and conditions are joined by && and ||"
)
FILTERED = (
    "the whole order is not to be had inside a filter, only fields of the item"
)
WRONG = [
    ("nam", "there is no field 'nam', did you mean 'name'?"),
    ("ship_to.citty", "there is no field 'citty', did you mean 'city'?"),
    ("lines[*].skuu", "there is no field 'skuu', did you mean 'sku'?"),
    ("lines[0].skuu", "there is no field 'skuu', did you mean 'sku'?"),
    ("lines[].skuu", "there is no field 'skuu', did you mean 'sku'?"),
    ("lines[?shipz]", "there is no field 'shipz', did you mean 'ships'?"),
    ("sort_by(lines, &skuu)", "there is no field 'skuu', did you mean 'sku'?"),
    ("zzz", "there is no field 'zzz'"),
    (
        "lines.sku",
        "'sku' is asked of a list: write [*].sku, [0].sku or a filter [?…]",
    ),
    ("name.first", "there is nothing below text: 'first'"),
    ("name[0]", "a list is expected, and this is text"),
    ("ship_to[0]", "a list is expected, and this is an object"),
    ("customer[?name]", "a list is expected, and this is an object"),
    ("sum(lines[*].total)", "money is text: sum needs cents(…)"),
    ("to_number(total)", "money is text: to_number needs cents(…)"),
    ("max(lines[*].price)", "money is text: max needs cents(…)"),
    ("sort(lines[*].price)", "money is text: sort needs cents(…)"),
    ("sort_by(lines, &price)", "money is text: sort_by needs cents(…)"),
    ("total > '100'", "money is text: compare it as cents(…)"),
    ("lines[?total < '9']", "money is text: compare it as cents(…)"),
    (
        "lines[?sku == order.name]",
        f"{FILTERED}: 'order' is none",
    ),
    (
        "lines[?total == currency]",
        f"{FILTERED}: 'currency' is none",
    ),
    ("uper(name)", "there is no function 'uper', did you mean 'upper'?"),
    ("join(', ')", "join takes 2 arguments, not 1"),
    ("length()", "length takes 1 arguments, not 0"),
    ("merge()", "merge takes 1 arguments, not 0"),
    (
        'phone_national(ship_to.phone, "MX")',
        "there is no field 'MX': text stands in single quotes, 'MX'",
    ),
    ("first(name, null)",
     "there is no field 'null': null stands in backticks, `null`"),
    (
        "lines[?quantity > 0]",
        f"0 {UNEXPECTED}: a number stands in backticks, `2`",
    ),
    (
        "name = 'x'",
        f"'=' {UNEXPECTED}: write == to compare",
    ),
    (
        "name + id",
        f"'+' {UNEXPECTED}{SUMS}; words(…) joins text",
    ),
    (
        "total * `2`",
        f"'*' {UNEXPECTED}{SUMS}; money is counted as cents(…)",
    ),
    (
        "paid and ready",
        f"'and' {UNEXPECTED}{TEXTS}",
    ),
    ("'abc", "a ' is not closed"),
    ("name ? id", f"'?' {UNEXPECTED}"),
    ("lines[?ships", "the [ is not closed: ] is missing"),
    ("cents(total", "the ( is not closed: ) is missing"),
    ("", "there is nothing after the '='"),
    ("name.", "the expression ends too early"),
    ("x" * 4001, "is longer than 4000 characters"),
    ("not_null(" * 70 + "name" + ")" * 70, "is nested deeper than 64"),
    ("links.a.b", "there is nothing below text: 'b'"),
    ("paid.at", "there is nothing below true or false: 'at'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_what_is_wrong_is_found_before_any_order(text: str, message: str):
    """
    Each mistake has its message, with the nearest right word.
    """
    assert message == wrong(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("currency",
         "there is no field 'currency', did you mean 'order.currency'?"),
        ("skus", "there is no field 'skus', did you mean 'sku'?"),
        ("order.nam", "there is no field 'nam', did you mean 'name'?"),
        ("order.lines[?sku == order.name]",
         f"{FILTERED}: 'order' is none"),
    ],
)  # fmt: skip
def test_inside_an_item_its_own_fields_stand_at_the_root(
    text: str, message: str
):
    """
    Within `item` the order's fields are below `order`, and it is said.
    """
    assert message == wrong(text, LINE)


def test_a_listed_thing_may_have_any_field_beside_order():
    """
    What a target lists is not known; `order` is, and is checked.
    """
    item = Open({"order": FIELDS})

    assert compiled("referenceId == order.id && x.y[0].z", item)
    assert "there is no field 'idd', did you mean 'id'?" == wrong(
        "order.idd", item
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cents(ship_to.name)", "cents needs an amount such as 1499.00"),
        ("cents(attributes.c)", "cents needs an amount such as 1499.00"),
        ("join(', ', attributes.l)", "join needs array-string, and got int"),
        ("sum(attributes.l)", "sum needs array-number, and got str"),
        ("length(paid_at)",
         "length needs string or array or object, and got null"),
        ("sort_by(attributes.l, &c)",
         "sort_by needs string or number, and got null"),
        ("ceil(to_number(attributes.inf))",
         "it can not be computed for this order"),
        ("split(attributes.l, '/')", "split needs text"),
        ("words(attributes)", "words needs text; of a list, use join(' ', …)"),
        ("format_date(attributes.c, '%d')",
         "format_date needs a time, a pattern and the name of a time zone"),
        ("lookup(attributes.c, 'x')",
         "lookup needs the name of a table of this file"),
    ],
)  # fmt: skip
def test_a_failure_never_shows_a_value(text: str, message: str):
    """
    Its text names the function and the kind it got, never the customer's.
    """
    scene = order(
        attributes={"c": CANARY, "l": [CANARY, 7], "inf": "inf"},
    )
    scene["ship_to"]["name"] = CANARY
    told = None
    try:
        compiled(text).value(scene)
    except ExpressionFailed as error:
        told = str(error)

    assert message == told
    assert CANARY not in str(told)


@given(st.text(max_size=60))
@example("``")
@example("`MX`")
def test_any_text_compiles_or_is_wrong(text: str):
    """
    No text crashes the reader.
    """
    told = ""
    try:
        compiled(text)
    except ExpressionWrong as error:
        told = str(error)

    assert "Traceback" not in told


WORDS = st.sampled_from(
    [
        "name", "total", "lines", "ship_to", "parcels", "attributes", "links",
        "raw", ".", "[", "]", "[?", "[*]", "[]", "(", ")", ",", "|", "||",
        "&&", "!", "==", ">", "&", "@", "`1`", "`null`", "'MX'", "'%d'",
        "cents", "words", "first", "if", "sort_by", "sum", "join", "max_by",
        "map", "to_number", "ceil", "split", "format_date", "{", "}", "a:",
        "*", "-1", ":", "merge", "to_string", "keys", "values", "reverse",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(CANARY) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", CANARY]), inner)
    ),
    max_leaves=5,
)


@given(st.lists(WORDS, min_size=1, max_size=14).map("".join), VALUES)
def test_what_compiles_has_a_value_or_fails_without_showing_it(
    text: str, attributes: object
):
    """
    `compile_expression` raises only ExpressionWrong, `value` only
    ExpressionFailed, and neither shows a value.
    """
    scene = {**order(), "attributes": attributes, "raw": attributes}
    told = ""
    try:
        compiled(text).value(scene)
    except (ExpressionWrong, ExpressionFailed) as error:
        told = str(error)

    assert CANARY not in told


@given(
    st.lists(WORDS, min_size=1, max_size=10).map("".join),
    VALUES,
)
def test_over_anything_it_fails_as_well_behaved(text: str, value: object):
    """
    Over a target's answer, of which nothing is known, the same holds.
    """
    told = ""
    try:
        compiled(text, ANYTHING).value(value)
    except (ExpressionWrong, ExpressionFailed) as error:
        told = str(error)

    assert CANARY not in told


@pytest.mark.parametrize(
    "text", ["(" * 4000, "[" * 4000, "!" * 4000, "a." * 1999, "a|" * 1999]
)
def test_what_is_nested_without_end_is_refused_quickly(text: str):
    """
    Depth ends an expression, not the process.
    """
    began = time.perf_counter()

    assert wrong(f"{text}name")
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("value", "empty"),
    [(None, True), (False, True), ("", True), ([], True), ({}, True),
     (0, False), ("0", False), ([None], False), (True, False)],
)  # fmt: skip
def test_what_jmespath_takes_for_false(value: object, *, empty: bool):
    """
    Null, false and what is empty do not hold; nought does.
    """
    assert empty is is_empty(value)


def test_the_nearest_word_is_named_only_when_it_is_near():
    """
    A hint that is far off would lead astray.
    """
    assert ", did you mean 'phone'?" == nearest("fone", {"phone": 1, "x": 2})
    assert not nearest("zzz", {"phone": 1})
