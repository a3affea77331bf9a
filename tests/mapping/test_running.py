"""What an expression's functions give is what JMESPath's own walk gives."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jmespath import exceptions as jp
from jmespath.visitor import Options, TreeInterpreter

from bridge.mapping.functions import FunctionFailed
from bridge.mapping.parsing import parse
from bridge.mapping.running import running

OPTIONS = Options()

names = st.sampled_from(["a", "b", "c", "d"])
literals = st.sampled_from(
    ["`0`", "`1`", "`2.5`", "'a'", "''", "`true`", "`null`", "`[]`", "`{}`"]
)


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions made of smaller ones."""
    one, two = parts, st.tuples(parts, parts)
    compare = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        two.map(".".join).filter(lambda text: "`" not in text),
        two.map(" | ".join),
        two.map(lambda both: f"({both[0]}) || ({both[1]})"),
        two.map(lambda both: f"({both[0]}) && ({both[1]})"),
        st.tuples(parts, compare, parts).map(
            lambda three: f"({three[0]}) {three[1]} ({three[2]})"
        ),
        one.map(lambda text: f"!({text})"),
        two.map(lambda both: f"({both[0]})[*].{both[1]}"),
        two.map(lambda both: f"({both[0]})[?{both[1]}]"),
        one.map(lambda text: f"({text})[]"),
        one.map(lambda text: f"({text})[0]"),
        one.map(lambda text: f"({text})[-1]"),
        one.map(lambda text: f"({text})[7]"),
        one.map(lambda text: f"({text})[::2]"),
        one.map(lambda text: f"({text}).*"),
        one.map(lambda text: f"type({text})"),
        one.map(lambda text: f"length({text})"),
        one.map(lambda text: f"not_null({text}, a, b)"),
        two.map(lambda both: f"map(&{both[1]}, {both[0]})"),
        two.map(lambda both: f"[{both[0]}, {both[1]}]"),
        two.map(lambda both: f"{{x: {both[0]}, y: {both[1]}}}"),
    )


expressions = st.recursive(
    st.one_of(names, literals, st.just("@")), joined, max_leaves=8
)
leaves = st.one_of(
    st.none(), st.booleans(), st.sampled_from([0, 1, 2, 2.5, "", "a", "z"])
)
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)
    ),
    max_leaves=12,
)


def value(compute: Any) -> tuple[str, Any]:
    """Return what came of it: a value that can be told apart, or an error."""
    try:
        return "value", repr(compute())
    except (jp.JMESPathError, TypeError) as error:
        return "error", type(error).__name__


@given(text=expressions, document=documents)
def test_same_as_jmespaths_walk(text: str, document: Any) -> None:
    """
    Any expression over any document gives what JMESPath gives.
    """
    try:
        tree = parse(text)
    except ValueError:
        return
    walk = TreeInterpreter(OPTIONS).visit

    assert value(lambda: walk(tree, document)) == value(
        lambda: running(tree, OPTIONS)(document)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a[?b > `1`].c | [0]", "deep"),
        ("a[*].b", [1, 2]),
        ("!(a[0].nothing) && a[1].c", "deep"),
        ("a[].b | sum(@)", 3),
        ("d == '' || 'x'", True),
    ],
)
def test_what_mappings_write(text: str, expected: Any) -> None:
    """
    The forms that mapping files are made of.
    """
    document = {"a": [{"b": 1}, {"b": 2, "c": "deep"}], "d": ""}

    assert expected == running(parse(text), OPTIONS)(document)


@pytest.mark.parametrize("text", ["[@, @]{}", "[[@, @]{}, a]"])
def test_no_list_grows_without_end(text: str) -> None:
    """
    Flattened again and again a list would double each time.
    """
    doubled = text.replace("{}", " | [@, @][]" * 26)
    run = running(parse(doubled), OPTIONS)
    with pytest.raises(FunctionFailed, match="more than 65536 items"):
        run({"a": 1})
