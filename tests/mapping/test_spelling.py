"""A syntax tree is written as an expression that means the same."""

from typing import Any

import pytest
from hypothesis import given, reject
from jmespath import exceptions as jp
from jmespath.visitor import TreeInterpreter

from bridge.mapping.parsing import ExpressionWrong, parse
from bridge.mapping.spelling import spelled
from tests.mapping.test_running import documents, expressions

WRITTEN = [
    "ship_to.name",
    "lines[?ships && quantity > `0`].sku",
    "parcels[?tracking_number] | [-1].carrier",
    "join(', ', parcels[?tracking_number].tracking_number)",
    "if(cash_on_delivery && (a || b), 'it\\'s', `null`)",
    "sort_by(lines, &price)[0].sku",
    '{a: total, "b c": x}',
    "lines[*].[sku, price]",
    "lines[1:3].sku",
    "lines[::2]",
    "(a || b).c",
    "(a | b)[0]",
    "*.a.*.b",
    "!(a || b)",
    "a | b | c",
    "lines[][]",
]


def value_of(text: str, document: Any) -> Any:
    """Return what JMESPath makes of *document*, or why it can not."""
    try:
        return TreeInterpreter().visit(parse(text), document)
    except (jp.JMESPathError, TypeError) as error:
        return type(error)


@pytest.mark.parametrize("text", WRITTEN)
def test_is_written_as_a_person_would(text: str) -> None:
    """
    What has no needless bracket is written as it was.
    """
    assert text == spelled(parse(text))


@given(expressions, documents)
def test_means_the_same(text: str, document: Any) -> None:
    """
    What is written gives what it was written of.
    """
    try:
        tree = parse(text)
    except ExpressionWrong:
        reject()
    assert value_of(text, document) == value_of(spelled(tree), document)
