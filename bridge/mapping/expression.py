"""
Expressions: JMESPath with our functions, checked before they are used.

`compile_expression` parses once and walks the syntax tree: unknown fields
of the Order, unknown functions, wrong numbers of arguments and arithmetic on
money text are found before an order is. `Expression.value` then never
raises but `ExpressionFailed`, and never shows a value in its text.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from jmespath import exceptions as jp
from jmespath.functions import Functions
from jmespath.visitor import Options
from typing_extensions import override

from bridge.mapping.functions import (
    REGISTER,
    Function,
    FunctionFailed,
    Tables,
    lookup_in,
)
from bridge.model import JSON
from bridge.orders.document import ANYTHING, FIELDS, LINKS, Shape

BUILT_IN: Mapping[str, Any] = Functions.FUNCTION_TABLE
NOT_ON_MONEY = frozenset(
    {
        "abs",
        "avg",
        "ceil",
        "floor",
        "max",
        "max_by",
        "min",
        "min_by",
        "sort",
        "sort_by",
        "sum",
        "to_number",
    }
)
"""They would compare or add amounts letter by letter, or as floats."""
LONGEST = 4_000  # characters; deeper nesting than that is no mapping
DEEPEST = 64


class ExpressionWrong(ValueError):
    """The text is no expression that can be used; says why."""


class _NoField(ExpressionWrong):
    """There is no field *name*."""

    def __init__(self, name: str, hint: str) -> None:
        self.name = name
        super().__init__(f"there is no field {name!r}{hint}")


class ExpressionFailed(ValueError):
    """The expression does not fit this order; says why, not with what."""


class _Ours(Functions):
    """JMESPath's functions and ours."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    @override
    def call_function(self, function_name: str, resolved_args: Any) -> Any:
        ours = self._functions.get(function_name)
        if ours is None:
            return super().call_function(function_name, resolved_args)
        try:
            return ours.call(*resolved_args)
        except FunctionFailed as error:
            message = f"{function_name} {error}"
            raise FunctionFailed(message) from None


@dataclass(frozen=True, slots=True)
class Language:
    """
    The functions one mapping file may call, made once per file.

    Args:
        tables: the file's own, for `lookup`.
    """

    functions: Mapping[str, Function]
    options: Options = field(repr=False)
    tables: frozenset[str] = frozenset()

    @classmethod
    def with_tables(cls, tables: Tables) -> "Language":
        """Return the language of a file with *tables*."""
        functions = {**REGISTER, "lookup": lookup_in(tables)}
        options = Options(custom_functions=_Ours(functions))
        return cls(functions, options, frozenset(tables))


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression, parsed and checked."""

    text: str
    reads: frozenset[str]
    """
    Paths in the Order that it reads: `ship_to.street`, `lines.sku`,
    `links.rayo_order`; one that ends at an object has it whole.
    """
    shape: Any
    """Of its value, as `document.FIELDS` writes shapes."""
    _parsed: Any = field(repr=False)
    _options: Options = field(repr=False)

    @property
    def links(self) -> frozenset[str]:
        """Names below `links` that it reads."""
        below = f"{LINKS}."
        return frozenset(
            path.removeprefix(below)
            for path in self.reads
            if path.startswith(below)
        )

    def value(self, document: JSON) -> JSON:
        """
        Return its value over *document*.

        Raises:
            ExpressionFailed: with a text that shows no value.
        """
        try:
            return self._parsed.search(document, self._options)
        except FunctionFailed as error:
            raise ExpressionFailed(str(error)) from None
        except jp.JMESPathTypeError as error:
            expected = " or ".join(error.expected_types)
            message = (
                f"{error.function_name} needs {expected}, "
                f"and got {error.actual_type}"
            )
            raise ExpressionFailed(message) from None
        except _CAN_FAIL:
            message = "it can not be computed for this order"
            raise ExpressionFailed(message) from None


_CAN_FAIL = (
    jp.JMESPathError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""JMESPath's own functions let these through, their values in the text."""


def is_empty(value: JSON) -> bool:
    """Return whether JMESPath takes *value* for false."""
    return value is None or value is False or value in ("", [], {})


def compile_expression(
    text: str, language: Language, shape: Any
) -> Expression:
    """
    Parse and check *text*.

    Args:
        text: without the leading `=`.
        shape: what the expression is over, as `document.FIELDS` writes it.

    Raises:
        ExpressionWrong: with what was expected and the nearest right word.
    """
    if len(text) > LONGEST:
        message = f"is longer than {LONGEST} characters"
        raise ExpressionWrong(message)
    parsed = _parse(text)
    reader = _Reader(language, text)
    found = reader.whole(parsed.parsed, shape)
    return Expression(
        text, frozenset(reader.reads), found, parsed, language.options
    )


def nearest(word: str, words: "Iterator[str] | Mapping[str, Any]") -> str:
    """Return `, did you mean …?` for the nearest of *words*, or nothing."""
    found = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f", did you mean {found[0]!r}?" if found else ""


def _parse(text: str) -> Any:
    try:
        return jmespath.compile(text)
    except jp.EmptyExpressionError:
        message = "there is nothing after the '='"
    except jp.IncompleteExpressionError:
        message = "the expression ends too early"
    except jp.LexerError as error:
        message = _lexer_message(error)
    except jp.ParseError as error:
        message = (
            f"{error.token_value!r} is not expected here "
            f"(at character {error.lex_position + 1})"
            f"{_TOKEN_HINTS.get(error.token_type, '')}"
        )
    except (jp.JMESPathError, RecursionError, ValueError):
        message = "is no JMESPath expression"
    raise ExpressionWrong(message) from None


_TOKEN_HINTS = {
    "NUMBER": ": a number stands in backticks, `2`",
    "STAR": ": there is no arithmetic; money is counted as cents(…)",
    "UNQUOTED_IDENTIFIER": ": text stands in single quotes, and "
    "conditions are joined by && and ||",
}


def _lexer_message(error: jp.LexerError) -> str:
    place = f"(at character {error.lexer_position + 1})"
    hints = {
        "=": ": write == to compare",
        "+": ": there is no arithmetic; words(…) joins text",
    }
    return f"{error.message} {place}{hints.get(error.token_value, '')}"


class Open(dict[str, Any]):
    """A shape whose other names may be anything."""


Node = dict[str, Any]


class _Reader:
    """Walks a syntax tree along with the shape of what it is over."""

    def __init__(self, language: Language, text: str) -> None:
        self._language = language
        self._functions = language.functions
        self._text = text
        self._depth = 0
        self.reads: set[str] = set()

    def whole(self, node: Node, shape: Any) -> Any:
        """Return the shape of a value that is used as it is."""
        found = self.shape_of(node, shape)
        item = found[0] if isinstance(found, list) else found
        if isinstance(item, Shape) and item.path:
            self.reads.add(item.path)
        return found

    def shape_of(self, node: Node, shape: Any) -> Any:
        """Return the shape of *node*'s value, checking on the way."""
        self._depth += 1
        if self._depth > DEEPEST:
            message = f"is nested deeper than {DEEPEST}"
            raise ExpressionWrong(message)
        read: Callable[[Node, Any], Any] = getattr(
            self, f"_{node['type']}", self._all_children
        )
        found = read(node, shape)
        self._depth -= 1
        return found

    def _all_children(self, node: Node, shape: Any) -> Any:
        for child in node["children"]:
            if isinstance(child, dict):
                self.whole(child, shape)
        return ANYTHING

    def _field(self, node: Node, shape: Any) -> Any:
        name = node["value"]
        if isinstance(shape, Mapping):
            if name in shape:
                return self._known_field(name, shape)
            if isinstance(shape, Open):
                return ANYTHING
            raise _NoField(name, self._field_hint(name, shape))
        if shape is LINKS:
            self.reads.add(f"{LINKS}.{name}")
            return "text"
        if isinstance(shape, list):
            message = (
                f"{name!r} is asked of a list: write [*].{name}, "
                f"[0].{name} or a filter [?…]"
            )
            raise ExpressionWrong(message)
        if shape is not ANYTHING and shape is not None:
            message = f"there is nothing below a {shape}: {name!r}"
            raise ExpressionWrong(message)
        return ANYTHING

    def _known_field(self, name: str, shape: Mapping[str, Any]) -> Any:
        kind = shape[name]
        item = kind[0] if isinstance(kind, list) else kind
        is_part = isinstance(item, Mapping) or item is LINKS
        if isinstance(shape, Shape) and not is_part:
            self.reads.add(shape.below(name))
        return kind

    def _field_hint(self, name: str, shape: Mapping[str, Any]) -> str:
        if f'"{name}"' in self._text:
            return f": text stands in single quotes, '{name}'"
        if name == "null":
            return ": null stands in backticks, `null`"
        if name in FIELDS and "order" in shape:
            return f", did you mean 'order.{name}'?"
        return nearest(name, shape)

    def _identity(self, _node: Node, shape: Any) -> Any:
        return shape

    _current = _identity

    def _literal(self, node: Node, _shape: Any) -> Any:
        return _shape_of_value(node["value"])

    def _chain(self, node: Node, shape: Any) -> Any:
        for child in node["children"]:
            shape = self.shape_of(child, shape)
        return shape

    _subexpression = _chain
    _index_expression = _chain
    _pipe = _chain

    def _index(self, _node: Node, shape: Any) -> Any:
        return _item(shape)

    def _slice(self, _node: Node, shape: Any) -> Any:
        return shape

    def _projection(self, node: Node, shape: Any) -> Any:
        left, right = node["children"]
        return [self.shape_of(right, _item(self.shape_of(left, shape)))]

    def _value_projection(self, node: Node, shape: Any) -> Any:
        left, right = node["children"]
        self.shape_of(left, shape)
        return [self.shape_of(right, ANYTHING)]

    def _filter_projection(self, node: Node, shape: Any) -> Any:
        left, right, condition = node["children"]
        item = _item(self.shape_of(left, shape))
        self._in_filter(condition, item)
        return [self.shape_of(right, item)]

    def _in_filter(self, condition: Node, item: Any) -> None:
        try:
            self.shape_of(condition, item)
        except _NoField as error:
            if error.name == "order" or error.name in FIELDS:
                message = (
                    "the whole order is not to be had inside a filter, "
                    f"only fields of the item: {error.name!r} is none"
                )
                raise ExpressionWrong(message) from None
            raise

    def _flatten(self, node: Node, shape: Any) -> Any:
        inner = self.shape_of(node["children"][0], shape)
        item = _item(inner)
        return item if isinstance(item, list) else [item]

    def _comparator(self, node: Node, shape: Any) -> Any:
        sides = [self.shape_of(child, shape) for child in node["children"]]
        if "money" in sides and node["value"] not in ("eq", "ne"):
            message = "money is text: compare it as cents(…)"
            raise ExpressionWrong(message)
        return "truth"

    def _either(self, node: Node, shape: Any) -> Any:
        sides = [self.shape_of(child, shape) for child in node["children"]]
        return sides[0] if sides[0] == sides[1] else ANYTHING

    _or_expression = _either

    def _and_expression(self, node: Node, shape: Any) -> Any:
        self._all_children(node, shape)
        return ANYTHING

    def _not_expression(self, node: Node, shape: Any) -> Any:
        self._all_children(node, shape)
        return "truth"

    def _multi_select_list(self, node: Node, shape: Any) -> Any:
        self._all_children(node, shape)
        return [ANYTHING]

    def _multi_select_dict(self, node: Node, shape: Any) -> Any:
        return {
            pair["value"]: self.whole(pair["children"][0], shape)
            for pair in node["children"]
        }

    def _function_expression(self, node: Node, shape: Any) -> Any:
        name, arguments = node["value"], node["children"]
        kinds = [
            self.whole(child, shape)
            for child in arguments
            if child["type"] != "expref"
        ]
        kinds += [
            self._inside(child, kinds)
            for child in arguments
            if child["type"] == "expref"
        ]
        ours = self._functions.get(name)
        if ours is None:
            self._check_built_in(name, kinds)
        elif not ours.takes(len(kinds)):
            wanted = ", ".join(ours.arguments)
            message = f"{name}({wanted}) can not take {len(kinds)} arguments"
            raise ExpressionWrong(message)
        elif name == "lookup":
            self._check_table(arguments[0])
        return ANYTHING

    def _check_table(self, argument: Node) -> None:
        name = argument.get("value")
        tables = self._language.tables
        if argument["type"] == "literal" and name not in tables:
            hint = nearest(str(name), iter(tables))
            message = f"there is no table {name!r} in this file{hint}"
            raise ExpressionWrong(message)

    def _inside(self, reference: Node, kinds: list[Any]) -> Any:
        """Return the shape of `&price` over the items of the list beside."""
        lists = [kind for kind in kinds if isinstance(kind, list)]
        item = lists[0][0] if lists else ANYTHING
        return self.shape_of(reference["children"][0], item)

    def _check_built_in(self, name: str, kinds: list[Any]) -> None:
        known = BUILT_IN.get(name)
        if known is None:
            words = {**BUILT_IN, **self._functions}
            message = f"there is no function {name!r}{nearest(name, words)}"
            raise ExpressionWrong(message)
        if name in NOT_ON_MONEY and any(map(_is_money, kinds)):
            message = f"money is text: {name} needs cents(…)"
            raise ExpressionWrong(message)
        wanted = known["signature"]
        variadic = bool(wanted and wanted[-1].get("variadic"))
        fits = (
            len(kinds) >= len(wanted)
            if variadic
            else (len(kinds) == len(wanted))
        )
        if not fits:
            message = f"{name} takes {len(wanted)} arguments, not {len(kinds)}"
            raise ExpressionWrong(message)


def _is_money(shape: Any) -> bool:
    return shape in ("money", ["money"])


def _item(shape: Any) -> Any:
    if isinstance(shape, list):
        return shape[0]
    if shape is ANYTHING:
        return ANYTHING
    kind = "an object" if isinstance(shape, Mapping) else f"a {shape}"
    message = f"a list is expected, and this is {kind}"
    raise ExpressionWrong(message)


def _shape_of_value(value: JSON) -> Any:
    match value:
        case bool():
            return "truth"
        case int():
            return "integer"
        case str():
            return "text"
        case _:
            return ANYTHING
