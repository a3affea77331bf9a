"""
JMESPath's syntax trees as Python functions, made once and called often.

JMESPath walks its tree anew for every order; what it means is the same here,
and `tests/mapping/test_running.py` compares the two. What is rare (slices,
`&` expressions, objects that are made) is left to JMESPath itself.
"""

from collections.abc import Callable, Sequence
from typing import Any

from jmespath.functions import Functions
from jmespath.visitor import Options, TreeInterpreter
from typing_extensions import override

from bridge.mapping.functions import FunctionFailed
from bridge.mapping.parsing import Node
from bridge.saying import said

MOST_ITEMS = 2**16
"""Of a list that is flattened; a webhook of 2 MB has fewer."""

Run = Callable[[Any], Any]
"""A node: from what it is over to its value."""

_COMPARE = TreeInterpreter.COMPARATOR_FUNC
_EQUALITY = frozenset({"eq", "ne"})
_WITH_AN_ORDER = (int, float, str)


def running(tree: Node, options: Options) -> Run:
    """Return what computes the value of a *tree*."""
    return _Maker(options).run(tree)


class _Maker:
    def __init__(self, options: Options) -> None:
        self._walk: Callable[[Any, Any], Any] = _Walker(options).visit
        functions = options.custom_functions
        self._functions: Functions = functions or Functions()

    def run(self, node: Node) -> Run:
        kind = node["type"]
        make: Callable[[Node], Run] | None = getattr(self, f"_{kind}", None)
        if make is None:
            walk = self._walk
            return lambda value: walk(node, value)
        return make(node)

    def _all(self, nodes: Sequence[Node]) -> list[Run]:
        return [self.run(node) for node in nodes]

    # -- what stands at the leaves

    def _current(self, _node: Node) -> Run:
        return _itself

    _identity = _current

    def _literal(self, node: Node) -> Run:
        told = node["value"]
        return lambda _value: told

    def _field(self, node: Node) -> Run:
        name = node["value"]

        def run(value: Any) -> Any:
            return value.get(name) if isinstance(value, dict) else None

        return run

    def _index(self, node: Node) -> Run:
        place = node["value"]

        def run(value: Any) -> Any:
            if not isinstance(value, list):
                return None
            return value[place] if -len(value) <= place < len(value) else None

        return run

    # -- one after the other

    def _subexpression(self, node: Node) -> Run:
        steps = self._all(node["children"])
        if len(steps) == 2:  # noqa: PLR2004
            first, second = steps
            return lambda value: second(first(value))

        def run(value: Any) -> Any:
            for step in steps:
                value = step(value)
            return value

        return run

    _pipe = _index_expression = _subexpression

    # -- over the items of a list

    def _projection(self, node: Node) -> Run:
        base, item = self._all(node["children"])

        def run(value: Any) -> Any:
            items = base(value)
            if not isinstance(items, list):
                return None
            return [got for one in items if (got := item(one)) is not None]

        return run

    def _filter_projection(self, node: Node) -> Run:
        base, item, wanted = self._all(node["children"])

        def run(value: Any) -> Any:
            items = base(value)
            if not isinstance(items, list):
                return None
            return [
                got
                for one in items
                if not _is_false(wanted(one))
                and (got := item(one)) is not None
            ]

        return run

    def _flatten(self, node: Node) -> Run:
        (base,) = self._all(node["children"])

        def run(value: Any) -> Any:
            items = base(value)
            if not isinstance(items, list):
                return None
            return _flat(items)

        return run

    # -- truth

    def _or_expression(self, node: Node) -> Run:
        first, second = self._all(node["children"])

        def run(value: Any) -> Any:
            told = first(value)
            return second(value) if _is_false(told) else told

        return run

    def _and_expression(self, node: Node) -> Run:
        first, second = self._all(node["children"])

        def run(value: Any) -> Any:
            told = first(value)
            return told if _is_false(told) else second(value)

        return run

    def _not_expression(self, node: Node) -> Run:
        (told,) = self._all(node["children"])
        return lambda value: _is_false(told(value))

    def _comparator(self, node: Node) -> Run:
        left, right = self._all(node["children"])
        compare = _COMPARE[node["value"]]
        if node["value"] in _EQUALITY:
            return lambda value: compare(left(value), right(value))

        def run(value: Any) -> Any:
            one, other = left(value), right(value)
            if not (_has_an_order(one) and _has_an_order(other)):
                return None
            return compare(one, other)

        return run

    # -- functions

    def _function_expression(self, node: Node) -> Run:
        if any(child["type"] == "expref" for child in node["children"]):
            walk = self._walk
            return lambda value: walk(node, value)
        name = node["value"]
        arguments = self._all(node["children"])
        call = self._functions.call_function
        return lambda value: call(name, [one(value) for one in arguments])


class _Walker(TreeInterpreter):
    """JMESPath's own, for what is rare; it makes no endless lists either."""

    @override
    def visit_flatten(self, node: Any, value: Any) -> Any:
        items = self.visit(node["children"][0], value)
        return _flat(items) if isinstance(items, list) else None


def _flat(items: list[Any]) -> list[Any]:
    """
    Return *items* with the lists among them opened.

    Raises:
        FunctionFailed: they are more than any webhook has: flattened again
            and again a list may double each time.
    """
    flat: list[Any] = []
    for one in items:
        flat += one if isinstance(one, list) else [one]
        if len(flat) > MOST_ITEMS:
            message = said(
                "would have more than %(most)s items", most=MOST_ITEMS
            )
            raise FunctionFailed(message)
    return flat


def _itself(value: Any) -> Any:
    return value


def _is_false(value: Any) -> bool:
    """Numbers are true, 0 as well."""
    return not value and (
        value is None or value is False or isinstance(value, str | list | dict)
    )


def _has_an_order(value: Any) -> bool:
    return isinstance(value, _WITH_AN_ORDER) and not isinstance(value, bool)
