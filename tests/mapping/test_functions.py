"""The functions that expressions may call beside JMESPath's own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.geodata.locale import LOCALE_DATA

from bridge.mapping import countries
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
    SAMPLES,
    Function,
    FunctionFailed,
    of_tables,
)
from bridge.orders.document import ANYTHING, FIELDS
from tests.mapping import CANARY, order

LANGUAGE = Language.with_tables(EXAMPLE_TABLES)
ALL = {**REGISTER, **of_tables(EXAMPLE_TABLES)}
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
        ("lookup('carriers', ' estafeta ')", "Estafeta"),
        ("state_code('Querétaro', 'MX')", "QUE"),
        ("state_code('QT', 'MX')", "QUE"),
        ("state_code('CDMX', 'MX')", "CMX"),
        ("state_code('MX-JAL', 'MX')", "JAL"),
        ("state_code(ship_to.state, 'MX')", "CMX"),
        ("state_code(`null`, 'CO')", None),
        ("country_name('co', 'es')", "Colombia"),
        ("country_name('GB', 'es')", "Reino Unido"),
        ("country_name('XX', 'es')", None),
        ("country_name(`null`, 'en')", None),
        ("pad(id, `6`, '0')", "001042"),
        ("pad(`null`, `6`, '0')", None),
        ("pad('', `6`, '0')", None),
        ("replace(`null`, 'a', 'b')", None),
        ("replace('a', 'a', '')", ""),
        ("trim('  ')", None),
        ("trim(`null`)", None),
        ("digits('CC 1.020.304')", "1020304"),
        ("digits(`42`)", "42"),
        ("digits('٣')", None),
        ("digits(`null`)", None),
    ],
)  # fmt: skip
def test_what_a_function_gives(text: str, value: object):
    """
    Null stays null, and nothing is guessed.
    """
    assert value == value_of(text)


@pytest.mark.parametrize(
    ("last", "name", "others", "message"),
    [
        ("'1.005'", "cents", (), "an amount with at most two decimals"),
        ("'mucho'", "cents", (), "an amount such as 1499.00"),
        ("'NaN'", "cents", (), "an amount such as 1499.00"),
        ("'1e999'", "cents", (), "an amount such as 1499.00"),
        ("`true`", "cents", (), "an amount of money as text"),
        ("`1.5`", "cents", (), "an amount of money as text"),
        ("`[]`", "cents", (), "an amount of money as text"),
        ("`7`", "decimal", ("'1'",), f"0 to {MOST_DECIMALS} decimals"),
        ("`-1`", "decimal", ("'1'",), f"0 to {MOST_DECIMALS} decimals"),
        ("'2'", "decimal", ("'1'",), f"0 to {MOST_DECIMALS} decimals"),
        ("`null`", "phone_e164", ("'55'",), "text"),
        ("`null`", "state_name", ("'JAL'",), "text"),
        ("`5`", "state_code", ("'JAL'",), "text"),
        ("`5`", "country_name", ("'MX'",), "text"),
        ("`[1]`", "words", (), "text; of a list, use join(' ', …)"),
        ("`true`", "words", (), "text; of a list, use join(' ', …)"),
        ("''", "split", ("'a'",), "a separator"),
        ("`0`", "cut", ("'a'",), "a length of at least 1"),
        ("'b'", "cut", ("'a'",), "a length of at least 1"),
        ("'0'", "pad", ("'a'", "'9'"), "a length of 1 to 100"),
        ("'x'", "replace", ("'a'", "''"), "a piece of text to replace"),
        ("'a'", "format_date", ("'mañana'",),
         "a time, a pattern and the name of a time zone"),
        ("'America'", "format_date", ("'2026-11-21T03:00:00Z'", "'%d'"),
         "a time, a pattern and the name of a time zone"),
        ("'America/Bogota'", "format_date",
         ("'0001-01-01T00:00:00Z'", "'%d'"),
         "a time, a pattern and the name of a time zone"),
        ("'x'", "lookup", ("'nowhere'",),
         "the name of a table of this file"),
    ],
)  # fmt: skip
def test_what_a_function_can_not_take(
    last: str, name: str, others: tuple[str, ...], message: str
):
    """
    A failure names what the function needs, not what it got.
    """
    values = [
        json.loads(text.strip("`")) if text[0] == "`" else text.strip("'")
        for text in (*others, last)
    ]

    with pytest.raises(FunctionFailed) as caught:
        ALL[name].call(*values)

    assert f"needs {message}" == str(caught.value)


def test_a_failing_function_is_named():
    """
    Whoever reads the reason knows where in the expression to look.
    """
    with pytest.raises(ExpressionFailed) as caught:
        value_of("cents(ship_to.name)")

    assert "cents needs an amount such as 1499.00" == str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cents()", "cents(money) can not take 0 arguments"),
        ("if(paid)",
         "if(anything, anything, anything?) can not take 1 argument"),
        ("attribute(attributes)",
         "attribute(attributes, text…) can not take 1 argument"),
        ("cents(lines)", "cents takes money here, not a list"),
        ("cents(cents(total))",
         "cents takes money here, not a whole number"),
        ("cents('mucho')", "cents needs an amount such as 1499.00"),
        ("cents(`true`)", "cents needs an amount of money as text"),
        ("decimal(total, `7`)",
         f"decimal needs 0 to {MOST_DECIMALS} decimals"),
        ("decimal(total, '2')",
         "decimal takes a whole number here: put it in backticks, `2`"),
        ("phone_e164(total, 'MX')",
         "phone_e164 takes a phone number here, not money"),
        ("phone_e164(note, 'mx')",
         ("'mx' is no country: two capital letters such as 'MX' are "
         "expected, did you mean 'MX'?")),
        ("phone_e164(note, 'México')",
         ("'México' is no country: two capital letters such as 'MX' are "
         "expected, did you mean 'MX'?")),
        ("phone_e164(`55`, 'MX')",
         ("phone_e164 takes a phone number here: put it in single quotes, "
         "'55'")),
        ("state_name(note, 'US')",
         "state_name takes 'MX' or 'CO' here, not 'US'"),
        ("state_code(note, 'Colombia')",
         ("state_code takes 'MX' or 'CO' here, not 'Colombia', did you mean "
         "'CO'?")),
        ("country_name(note, 'sp')",
         ("country_name takes 'es' or 'en' here, not 'sp', did you mean "
         "'es'?")),
        ("words(lines)", "words takes text or a number here, not a list"),
        ("words(paid)",
         "words takes text or a number here, not true or false"),
        ("split(name, '')", "split needs a separator"),
        ("cut(name, `0`)", "cut needs a length of at least 1"),
        ("pad(id, `6`, '00')",
         "pad needs one sign to fill up with, such as '0'"),
        ("replace(name, '', 'x')",
         "replace needs a piece of text to replace"),
        ("attribute(lines, 'x')",
         "attribute takes attributes or properties here, not a list"),
        ("format_date(total, '%d')",
         "format_date takes a time here, not money"),
        ("format_date(paid_at, '%d', 'America/Mexico')",
         ("there is no time zone 'America/Mexico', did you mean "
         "'America/Mexico_City'?")),
        ("lookup('carriers', lines)",
         "lookup takes text or a number here, not a list"),
        ("lookup(paid, name)",
         "lookup takes the name of a table here, not true or false"),
        ("join(', ', lines)",
         "join takes a list of texts here, not a list of objects"),
        ("join(', ', name)", "join takes a list of texts here, not text"),
        ("sum(lines[*].sku)",
         "sum takes a list of numbers here, not a list of texts"),
        ("length(paid)",
         "length takes text or a list or an object here, not true or false"),
        ("sort_by(lines, quantity)",
         "sort_by looks at a field of each item: write &quantity"),
        ("sort_by(parcels, &id)[-1].carier",
         "there is no field 'carier', did you mean 'carrier'?"),
        ("map(&lookup('carriers', ships), lines)",
         "lookup takes text or a number here, not true or false"),
        ("lines[?quantity == '2']",
         ("a whole number is compared with text: a number stands in "
         "backticks, `2`, text in single quotes, '2'")),
        ("paid == 'true'",
         ("true or false is compared with text: it is written without quotes "
         "or in backticks, `true`")),
        ("total == `100`", "money is text: compare it as cents(…)"),
        ("cents(total) > '100'",
         ("a whole number is compared with text: a number stands in "
         "backticks, `2`, text in single quotes, '2'")),
        ("lines > `1`", "a list is compared with a whole number"),
        ("paid > shipped",
         "> and < compare numbers and texts, not true or false"),
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


@pytest.mark.parametrize("language", ["es", "en"])
def test_names_of_countries_are_those_of_phonenumbers(language: str):
    """
    The table is as its source has it, for every country of it.
    """

    def name(code: str) -> str:
        found = LOCALE_DATA[code].get(language, "")
        return LOCALE_DATA[code][found[1:]] if found[:1] == "*" else found

    assert {code: name(code) for code in LOCALE_DATA} == {
        code: names[language] for code, names in countries.NAMES.items()
    }


def test_every_kind_of_an_argument_is_one_that_is_checked():
    """
    A slip in a kind's name would switch its checks off.
    """
    kinds = {
        function.kind(index)
        for function in ALL.values()
        for index in range(len(function.arguments))
    }

    assert kinds <= set(SAMPLES)


def test_each_sample_is_taken():
    """
    A call is tried with samples, so that only what is written out fails.
    """
    for name, function in ALL.items():
        if name not in {"lookup", "location"}:
            given = [SAMPLES[function.kind(i)] for i in
                     range(len(function.arguments))]  # fmt: skip
            function.call(*given)


def test_shapes_of_examples_do_not_matter():
    """
    An example is as true over anything as over an order.
    """
    for function in ALL.values():
        for text, value in function.examples:
            found = compile_expression(text, LANGUAGE, ANYTHING).value({})
            assert value == found
