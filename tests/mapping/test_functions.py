"""The functions that expressions may call beside JMESPath's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.expression import (
    BUILT_IN,
    ExpressionFailed,
    ExpressionWrong,
    Language,
    compile_expression,
)
from bridge.mapping.functions import (
    EXAMPLE_TABLES,
    MOST_DECIMALS,
    REGISTER,
    Function,
    FunctionFailed,
    lookup_in,
)
from bridge.orders.document import ANYTHING, FIELDS
from tests.mapping import CANARY, order

LANGUAGE = Language.with_tables(EXAMPLE_TABLES)
ALL = {**REGISTER, "lookup": lookup_in(EXAMPLE_TABLES)}
EXAMPLES = [
    pytest.param(expression, value, id=expression)
    for function in ALL.values()
    for expression, value in function.examples
]


def value_of(text: str) -> object:
    """Return the value of *text* over an order."""
    return compile_expression(text, LANGUAGE, FIELDS).value(order())


@pytest.mark.parametrize(("expression", "value"), EXAMPLES)
def test_every_example_is_true_over_an_order(expression: str, value: object):
    """
    What the reference shows can be written as it stands.
    """
    assert value == value_of(expression)


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_function_has_a_description_and_an_example(name: str):
    """
    The reference has something to say of each function.
    """
    function = ALL[name]

    assert function.examples
    assert function.description.endswith(".")
    assert "\n" not in function.description


def test_no_function_hides_one_of_jmespath():
    """
    What JMESPath's own pages say stays true.
    """
    assert set() == set(ALL) & set(BUILT_IN)


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        (("text",), {1}),
        (("text", "text?"), {1, 2}),
        (("text…",), {1, 2, 3}),
        (("text", "text…"), {2, 3}),
        ((), {0}),
    ],
)
def test_a_function_knows_how_many_arguments_it_takes(
    arguments: tuple[str, ...], counts: set[int]
):
    """
    A `?` may be left out, a `…` may be repeated.
    """
    function = Function("f", "F.", arguments, (), lambda *_: None)

    assert counts == {n for n in range(4) if function.takes(n)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cents('0.10')", 10),
        ("cents('-29.00')", -2900),
        ("cents('0')", 0),
        ("cents(`5`)", 500),
        ("cents(total)", 117705),
        ("cents(`null`)", None),
        ("decimal('1499.005', `2`)", "1499.01"),
        ("decimal('247700', `0`)", "247700"),
        ("decimal(`null`, `2`)", None),
        ("phone_e164('301 234 5678', 'CO')", "+573012345678"),
        ("phone_e164('+57 301 234 5678', 'MX')", "+573012345678"),
        ("phone_e164('llamar antes', 'MX')", None),
        ("phone_e164('', 'MX')", None),
        ("phone_national('+57 301 234 5678', 'MX')", None),
        ("phone_national(`null`, 'MX')", None),
        ("state_name('DC', 'CO')", "Bogotá, D.C."),
        ("state_name('DC', 'MX')", None),
        ("state_name(`null`, 'MX')", None),
        ("first('  ', `[]`, `null`, `0`, 'x')", 0),
        ("first(`false`, 'x')", False),
        ("if('', 'a', 'b')", "b"),
        ("if(`0`, 'a', 'b')", "a"),
        ("if(`{}`, 'a', 'b')", "b"),
        ("words('  a ', '', `7`, `[]`)", "a 7"),
        ("words('', `null`)", None),
        ("attribute(`{\"Núm. Ext\": \"7\"}`, 'num. ext')", "7"),
        ('attribute(`{"a": "", "b": "x"}`, \'a\', \'b\')', "x"),
        ("attribute(`null`, 'a')", None),
        ("attribute(attributes, 'a')", None),
        ("split(`null`, '/')", None),
        ("split('a', '/')", ["a"]),
        ("cut('seda', `12`)", "seda"),
        ("cut('supercalifragilistico', `5`)", "super"),
        ("cut('dos rebozos', `11`)", "dos rebozos"),
        ("cut(`null`, `5`)", None),
        ("upper(`null`)", None),
        ("lower('ÁÉ')", "áé"),
        ("plain('Güemez Ibáñez')", "Guemez Ibanez"),
        ("plain('')", None),
        ("format_date('2026-12-24', '%d/%m/%Y', 'America/Bogota')",
         "24/12/2026"),
        ("format_date('2026-11-21T03:00:00Z', '%H:%M')", "03:00"),
        ("format_date(`null`, '%d')", None),
        ("lookup('carriers', 'nobody')", None),
        ("lookup('carriers', `null`, 'x')", "x"),
    ],
)  # fmt: skip
def test_what_a_function_gives(text: str, value: object):
    """
    Null stays null, and nothing is guessed.
    """
    assert value == value_of(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cents('1.005')", "cents needs an amount with at most two decimals"),
        ("cents('mucho')", "cents needs an amount such as 1499.00"),
        ("cents('NaN')", "cents needs an amount such as 1499.00"),
        ("cents('1e999')", "cents needs an amount such as 1499.00"),
        ("cents(`true`)", "cents needs an amount of money as text"),
        ("cents(`1.5`)", "cents needs an amount of money as text"),
        ("cents(lines)", "cents needs an amount of money as text"),
        ("decimal('1', `7`)", f"decimal needs 0 to {MOST_DECIMALS} decimals"),
        ("decimal('1', `-1`)", f"decimal needs 0 to {MOST_DECIMALS} decimals"),
        ("decimal('1', '2')", f"decimal needs 0 to {MOST_DECIMALS} decimals"),
        ("phone_e164(`55`, 'MX')", "phone_e164 needs text"),
        ("state_name('JAL', `null`)", "state_name needs text"),
        ("words(lines)", "words needs text; of a list, use join(' ', …)"),
        ("words(`true`)", "words needs text; of a list, use join(' ', …)"),
        ("split('a', '')", "split needs a separator"),
        ("cut('a', `0`)", "cut needs a length of at least 1"),
        ("cut('a', 'b')", "cut needs a length of at least 1"),
        ("lookup(name, 'x')",
         "lookup needs the name of a table of this file"),
        ("format_date('mañana', '%d')",
         "format_date needs a time, a pattern and the name of a time zone"),
        ("format_date('2026-11-21T03:00:00Z', '%d', 'America')",
         "format_date needs a time, a pattern and the name of a time zone"),
        ("format_date('2026-11-21T03:00:00Z', '%d', 'America/Mexico')",
         "format_date needs a time, a pattern and the name of a time zone"),
        ("format_date('0001-01-01T00:00:00Z', '%d', 'America/Bogota')",
         "format_date needs a time, a pattern and the name of a time zone"),
    ],
)  # fmt: skip
def test_what_a_function_can_not_take(text: str, message: str):
    """
    A failure names the function and what it needs, not what it got.
    """
    with pytest.raises(ExpressionFailed) as caught:
        value_of(text)

    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cents()", "cents(money) can not take 0 arguments"),
        ("if(paid)",
         "if(anything, anything, anything?) can not take 1 arguments"),
        ("attribute(attributes)",
         "attribute(anything, text…) can not take 1 arguments"),
        ("lookup('carrier', name)",
         "there is no table 'carrier' in this file, did you mean 'carriers'?"),
        ("centes(total)",
         "there is no function 'centes', did you mean 'cents'?"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_found_before_any_order(text: str, message: str):
    """
    Arguments, tables and names are checked when the file is read.
    """
    with pytest.raises(ExpressionWrong) as caught:
        compile_expression(text, LANGUAGE, FIELDS)

    assert message == str(caught.value)


SOME_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.just(CANARY),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(ALL)), st.lists(SOME_JSON, max_size=4))
def test_a_function_takes_or_refuses_whatever_comes(
    name: str, values: list[object]
):
    """
    A function returns, or raises `FunctionFailed` without showing a value.
    """
    function = ALL[name]
    if not function.takes(len(values)):
        return
    told = ""
    try:
        function.call(*values)
    except FunctionFailed as error:
        told = str(error)

    assert CANARY not in told


def test_shapes_of_examples_do_not_matter():
    """
    An example is as true over anything as over an order.
    """
    for function in ALL.values():
        for text, value in function.examples:
            found = compile_expression(text, LANGUAGE, ANYTHING).value({})
            assert value == found
