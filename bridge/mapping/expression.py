"""
Expressions: JMESPath with our functions, checked before they are used.

`compile_expression` parses once and walks the syntax tree along with the
shape of the Order: unknown fields and functions, arguments of the wrong
number or kind, arithmetic on money text and comparisons that can never hold
are found before an order is. `Expression.value` then never raises but
`ExpressionFailed`, and never shows a value in its text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jmespath import exceptions as jp
from jmespath.functions import Functions
from jmespath.visitor import Options
from typing_extensions import override

from bridge.mapping.functions import (
    REGISTER,
    Function,
    FunctionFailed,
    Tables,
    of_tables,
)
from bridge.mapping.kinds import (
    built_in_gives,
    check_ampersands,
    check_built_in,
    check_call,
    given_by,
    never_compares,
    of_function,
    told,
)
from bridge.mapping.parsing import (
    DEEPEST,
    ExpressionWrong,
    Node,
    parse,
    place_of,
)
from bridge.mapping.running import Run, running
from bridge.mapping.text import too_deep, too_long
from bridge.mapping.words import meant, nearest
from bridge.model import JSON
from bridge.orders.document import ANYTHING, FIELDS, LINKS, Shape
from bridge.saying import either, said, together

__all__ = ["ExpressionWrong"]
"""What is looked for here, and lives where nothing else is needed."""

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
NAMED = "named"
"""The field under which a file's named expressions stand."""
_WORDS = frozenset({"null", "true", "false"})
_NAMED_CALL = {
    "type": "function_expression",
    "value": NAMED,
    "children": [{"type": "current", "children": []}],
}
"""The syntax of `named(@)`, which nobody can write."""
LONGEST = 4_000  # characters; deeper nesting than that is no mapping
LARGEST = 2**21
"""Characters that a function or a named expression may have: as many as the
largest webhook."""
_TOO_LARGE = said("would have more than %(most)s characters", most=LARGEST)


class _NoField(ExpressionWrong):
    """There is no field *name*."""

    def __init__(self, name: str, hint: str, at: int | None) -> None:
        self.name = name
        message = said(
            "there is no field %(name)r%(hint)s", name=name, hint=hint
        )
        super().__init__(message, at)


ALIASES: Mapping[str, str] = {
    "shipping_address": "ship_to",
    "billing_address": "bill_to",
    "billing": "bill_to",
    "line_items": "lines",
    "fulfillments": "parcels",
    "note_attributes": "attributes",
    "meta_data": "attributes",
    "customer_note": "note",
    "total_price": "total",
    "subtotal_price": "subtotal",
    "order_number": "name",
    "number": "name",
    "email": "customer.email",
    "phone": "customer.phone",
    "gateway": "payment_methods",
    "payment_method": "payment_methods",
    "zip": "postal_code",
    "postcode": "postal_code",
    "province": "state",
    "tracking_company": "carrier",
    "calle": "street",
    "colonia": "neighbourhood",
    "barrio": "neighbourhood",
    "ciudad": "city",
    "estado": "state",
    "departamento": "state",
    "codigo_postal": "postal_code",
    "telefono": "phone",
    "nombre": "name",
    "cantidad": "quantity",
    "precio": "price",
}
"""Words of the shops and of Spanish, and what the Order calls them."""


class ExpressionFailed(ValueError):
    """The expression does not fit this order; says why, not with what."""


class _Ours(Functions):
    """JMESPath's functions and ours."""

    def __init__(
        self, functions: Mapping[str, Function], named: "Named"
    ) -> None:
        self._functions = functions
        self._named = named

    @override
    def call_function(self, function_name: str, resolved_args: Any) -> Any:
        if function_name == NAMED:
            return self._named.over(*resolved_args)
        try:
            _check_size(function_name, resolved_args)
            return self._called(function_name, resolved_args)
        except FunctionFailed as error:
            raise FunctionFailed(of_function(function_name, error)) from None

    def _called(self, name: str, arguments: Any) -> Any:
        ours = self._functions.get(name)
        if ours is None:
            return super().call_function(name, arguments)
        return ours.call(*arguments)


class Named:
    """
    The named expressions of one file, each computed once for an order.

    What was computed is kept for the order that was looked at last, for as
    long as no other is.
    """

    def __init__(self) -> None:
        self.expressions: dict[str, Expression] = {}
        self._last: _NamedValues | None = None

    def over(self, order: JSON) -> "_NamedValues":
        """Return the values over *order*, to be computed when asked for."""
        last = self._last
        if last is None or last.order is not order:
            last = self._last = _NamedValues(self.expressions, order)
        return last


class _NamedValues(dict[str, JSON]):
    """Values by name; JMESPath asks for them with `get`."""

    def __init__(
        self, expressions: Mapping[str, "Expression"], order: JSON
    ) -> None:
        super().__init__()
        self._expressions = expressions
        self.order = order

    @override
    def get(self, name: str, default: JSON = None) -> JSON:
        if name not in self:
            try:
                found = self._expressions[name].value(self.order)
                self[name] = _bounded(found)
            except (ExpressionFailed, FunctionFailed) as error:
                message = together(f"{NAMED}.{name}: ", str(error))
                raise FunctionFailed(message) from None
        return self[name]


def _check_size(name: str, arguments: Sequence[Any]) -> None:
    """
    Check that a function is given no more than can stand in a webhook.

    Raises:
        FunctionFailed: it is more; what it would give is as large.
    """
    size = sum(len(one) for one in arguments if isinstance(one, str))
    if name == "join" and isinstance(arguments[1], list):
        glue, parts = arguments
        size = len(glue or "") * len(parts)
        size += sum(len(one) for one in parts if isinstance(one, str))
    if size > LARGEST:
        raise FunctionFailed(_TOO_LARGE)
    if name == "to_string":
        _bounded(arguments[0])


def _bounded(value: JSON) -> JSON:
    """
    Return *value*, if it is no larger than any request's.

    Each named expression may double what the one above it gives.

    Raises:
        FunctionFailed: it is larger.
    """
    left = LARGEST
    rest = [value]
    while rest and left >= 0:
        part = rest.pop()
        left -= len(part) if isinstance(part, str) else 1
        if isinstance(part, dict):
            rest += part.values()
        elif isinstance(part, list):
            rest += part
    if left < 0:
        raise FunctionFailed(_TOO_LARGE)
    return value


@dataclass(frozen=True, slots=True)
class Language:
    """
    What the expressions of one mapping file may use, made once per file.

    Args:
        tables: names of the file's own, for `lookup`.
        named: its named expressions, as far as they are compiled.
    """

    functions: Mapping[str, Function]
    options: Options = field(repr=False)
    tables: frozenset[str] = frozenset()
    named: Named = field(default_factory=Named, repr=False)

    @classmethod
    def with_tables(cls, tables: Tables) -> "Language":
        """Return the language of a file with *tables*."""
        functions = {**REGISTER, **of_tables(tables)}
        named = Named()
        options = Options(custom_functions=_Ours(functions, named))
        return cls(functions, options, frozenset(tables), named)


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
    named: frozenset[str]
    """Named expressions that it uses itself; *reads* has what they read."""
    tree: Node = field(repr=False)
    """Its syntax tree, as JMESPath has it."""
    _run: Run = field(repr=False)
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

    def run_by(self, make: Callable[[Node, Options], Run]) -> "Expression":
        """Return the same expression, computed by what *make* makes of it."""
        return replace(self, _run=make(self.tree, self._options))

    def part(self, text: str) -> "Expression":
        """
        Return a part of its text, as an expression of the same file.

        It was checked with the whole; *reads* and *shape* stay the whole's.

        Raises:
            ExpressionWrong: it is no expression by itself.
        """
        tree = parse(text)
        if self.named:
            _call_named(tree)
        run = running(tree, self._options)
        return replace(self, text=text, tree=tree, _run=run)

    def value(self, document: JSON) -> JSON:
        """
        Return its value over *document*.

        Raises:
            ExpressionFailed: with a text that shows no value.
        """
        try:
            return self._run(document)
        except FunctionFailed as error:
            raise ExpressionFailed(str(error)) from None
        except jp.JMESPathTypeError as error:
            message = said(
                "%(function)s needs %(types)s, and got %(type)s",
                function=error.function_name,
                types=either(error.expected_types),
                type=error.actual_type,
            )
            raise ExpressionFailed(message) from None
        except _CAN_FAIL:
            message = said("it can not be computed for this order")
            raise ExpressionFailed(message) from None


def _call_named(node: Node) -> None:
    """Put the call in the place of each `named` that the order has not."""
    before: Node = {}
    for child in node["children"]:
        if not isinstance(child, dict):
            continue
        inner = node["type"] == "subexpression" and before
        is_head = not inner or before.get("value") == "order"
        if child["type"] == "field" and child["value"] == NAMED and is_head:
            child.update(_NAMED_CALL)
        _call_named(child)
        before = child


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
        raise ExpressionWrong(too_long(LONGEST))
    tree = parse(text)
    reader = _Reader(language, text)
    found = reader.whole(tree, shape)
    return Expression(
        text,
        frozenset(reader.reads),
        found,
        frozenset(reader.named),
        tree,
        running(tree, language.options),
        language.options,
    )


class Open(dict[str, Any]):
    """A shape whose other names may be anything."""


class NamedShape(dict[str, Any]):
    """
    The shapes of a file's named expressions.

    Args:
        reads: what each reads.
        refused: why others can not be used here, by name.
    """

    def __init__(
        self,
        shapes: Mapping[str, Any],
        reads: Mapping[str, frozenset[str]],
        refused: Mapping[str, str],
    ) -> None:
        super().__init__(shapes)
        self.reads = reads
        self.refused = refused


class _Reader:
    """Walks a syntax tree along with the shape of what it is over."""

    def __init__(self, language: Language, text: str) -> None:
        self._language = language
        self._functions = language.functions
        self._text = text
        self._depth = 0
        self.reads: set[str] = set()
        self.named: set[str] = set()

    def whole(self, node: Node, shape: Any) -> Any:
        """Return the shape of a value that is used as it is."""
        found = self._some_value(node, shape)
        item = found[0] if isinstance(found, list) else found
        if isinstance(item, Shape) and item.path:
            self.reads.add(item.path)
        return found

    def _some_value(self, node: Node, shape: Any) -> Any:
        """Return the shape of *node*; `named` alone has no value."""
        found = self.shape_of(node, shape)
        if isinstance(found, NamedShape):
            example = next(iter(found), "colonia")
            message = said(
                "say which of them: named.%(example)s", example=example
            )
            raise ExpressionWrong(message, place_of(node))
        return found

    def shape_of(self, node: Node, shape: Any) -> Any:
        """Return the shape of *node*'s value, checking on the way."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionWrong(too_deep(DEEPEST))
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
        name, at = node["value"], node.get("at")
        if isinstance(shape, NamedShape):
            return self._named_field(name, shape, at)
        if isinstance(shape, Mapping):
            if name in shape:
                return self._known_field(node, shape)
            if isinstance(shape, Open):
                return ANYTHING
            raise _NoField(name, self._field_hint(name, shape), at)
        if shape is LINKS:
            self.reads.add(f"{LINKS}.{name}")
            return "text"
        if isinstance(shape, list):
            message = said(
                "%(name)r is asked of a list: write [*].%(name)s, "
                "[0].%(name)s or a filter [?…]",
                name=name,
            )
            raise ExpressionWrong(message, at)
        if shape is not ANYTHING and shape is not None:
            message = said(
                "there is nothing below %(kind)s: %(name)r",
                kind=told(shape),
                name=name,
            )
            raise ExpressionWrong(message, at)
        return ANYTHING

    def _known_field(self, node: Node, shape: Mapping[str, Any]) -> Any:
        name = node["value"]
        kind = shape[name]
        if isinstance(kind, NamedShape):
            # the order has no such field: a call makes it, when evaluated
            node.update(_NAMED_CALL)
            return kind
        item = kind[0] if isinstance(kind, list) else kind
        is_part = isinstance(item, Mapping) or item is LINKS
        if isinstance(shape, Shape) and not is_part:
            self.reads.add(shape.below(name))
        return kind

    def _named_field(
        self, name: str, shape: NamedShape, at: int | None
    ) -> Any:
        if name in shape:
            self.named.add(name)
            self.reads |= shape.reads[name]
            return shape[name]
        message = shape.refused.get(name) or said(
            "there is no named expression %(name)r in this file%(hint)s",
            name=name,
            hint=nearest(name, shape),
        )
        raise ExpressionWrong(message, at)

    def _field_hint(self, name: str, shape: Mapping[str, Any]) -> str:
        if f'"{name}"' in self._text:
            return said(
                ": text stands in single quotes, '%(name)s'", name=name
            )
        if name in _WORDS:
            return said(
                ": %(word)s stands in backticks, `%(word)s`", word=name
            )
        if (name in FIELDS or name == NAMED) and "order" in shape:
            return meant(f"order.{name}")
        alias = ALIASES.get(name, "")
        if alias.partition(".")[0] in shape:
            return meant(alias)
        return nearest(name, shape)

    def _identity(self, _node: Node, shape: Any) -> Any:
        return shape

    _current = _identity

    def _literal(self, node: Node, _shape: Any) -> Any:
        return _shape_of_value(node["value"])

    def _chain(self, node: Node, shape: Any) -> Any:
        for child in node["children"]:
            shape = self.shape_of(child, shape)
        return shape  # `named | colonia` goes on with what it is given

    _subexpression = _chain
    _index_expression = _chain
    _pipe = _chain

    def _index(self, node: Node, shape: Any) -> Any:
        return _item(shape, node)

    def _slice(self, node: Node, shape: Any) -> Any:
        step = node["children"][2]
        if step == 0:
            message = said("the step of a slice can not be 0")
            raise ExpressionWrong(message)
        return shape

    def _projection(self, node: Node, shape: Any) -> Any:
        left, right = node["children"]
        item = _item(self.shape_of(left, shape), left)
        return [self.shape_of(right, item)]

    def _value_projection(self, node: Node, shape: Any) -> Any:
        left, right = node["children"]
        self._some_value(left, shape)
        return [self.shape_of(right, ANYTHING)]

    def _filter_projection(self, node: Node, shape: Any) -> Any:
        left, right, condition = node["children"]
        item = _item(self.shape_of(left, shape), left)
        self._in_filter(condition, item)
        return [self.shape_of(right, item)]

    def _in_filter(self, condition: Node, item: Any) -> None:
        try:
            self.shape_of(condition, item)
        except _NoField as error:
            if error.name in {"order", NAMED} or error.name in FIELDS:
                message = said(
                    "the whole order is not to be had inside a filter, only "
                    "fields of the item: %(name)r is none",
                    name=error.name,
                )
                raise ExpressionWrong(message, error.at) from None
            raise

    def _flatten(self, node: Node, shape: Any) -> Any:
        inner = self.shape_of(node["children"][0], shape)
        item = _item(inner, node)
        return item if isinstance(item, list) else [item]

    def _comparator(self, node: Node, shape: Any) -> Any:
        sides = [self._some_value(child, shape) for child in node["children"]]
        message = never_compares(node["value"], *sides)
        if message:
            raise ExpressionWrong(message, place_of(node))
        return "truth"

    def _either(self, node: Node, shape: Any) -> Any:
        sides = [self._some_value(child, shape) for child in node["children"]]
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
        ours = self._functions.get(name)
        if ours is None and name not in BUILT_IN:
            words = {**BUILT_IN, **self._functions}
            message = said(
                "there is no function %(name)r%(hint)s",
                name=name,
                hint=nearest(name, words),
            )
            raise ExpressionWrong(message, node.get("at"))
        if ours is None:
            check_ampersands(name, arguments)
        kinds = self._argument_kinds(arguments, shape)
        if ours is None:
            return self._built_in(node, kinds)
        if not ours.takes(len(kinds)):
            message = _wrong_count(ours, len(kinds))
            raise ExpressionWrong(message, node.get("at"))
        if ours.arguments[:1] == ("table",):
            self._check_table(arguments[0])
        check_call(ours, arguments, kinds)
        return given_by(ours, kinds)

    def _argument_kinds(self, arguments: list[Node], shape: Any) -> list[Any]:
        """Return the arguments' shapes, those of `&…` last to be read."""
        kinds = [
            ANYTHING if child["type"] == "expref" else self.whole(child, shape)
            for child in arguments
        ]
        for index, child in enumerate(arguments):
            if child["type"] == "expref":
                kinds[index] = self._inside(child, kinds)
        return kinds

    def _check_table(self, argument: Node) -> None:
        name = argument.get("value")
        tables = self._language.tables
        if argument["type"] == "literal" and name not in tables:
            message = said(
                "there is no table %(name)r in this file%(hint)s",
                name=name,
                hint=nearest(str(name), iter(tables)),
            )
            raise ExpressionWrong(message, argument.get("at"))

    def _inside(self, reference: Node, kinds: list[Any]) -> Any:
        """Return the shape of `&price` over the items of the list beside."""
        lists = [kind for kind in kinds if isinstance(kind, list)]
        item = lists[0][0] if lists else ANYTHING
        return self.shape_of(reference["children"][0], item)

    def _built_in(self, node: Node, kinds: list[Any]) -> Any:
        name, at = node["value"], place_of(node)
        if name in NOT_ON_MONEY and any(map(_is_money, kinds)):
            message = said(
                "money is text: %(function)s needs cents(…)", function=name
            )
            raise ExpressionWrong(message, at)
        wanted = BUILT_IN[name]["signature"]
        variadic = bool(wanted and wanted[-1].get("variadic"))
        fits = (
            len(kinds) >= len(wanted)
            if variadic
            else (len(kinds) == len(wanted))
        )
        if not fits:
            message = said(
                "%(function)s takes %(wanted)s arguments, not %(count)s",
                function=name,
                wanted=len(wanted),
                count=len(kinds),
            )
            raise ExpressionWrong(message, at)
        check_built_in(name, wanted, node["children"], kinds)
        return built_in_gives(name, kinds)


def _wrong_count(function: Function, count: int) -> str:
    call = f"{function.name}({', '.join(function.arguments)})"
    if count == 1:
        return said("%(call)s can not take 1 argument", call=call)
    return said(
        "%(call)s can not take %(count)s arguments", call=call, count=count
    )


def _is_money(shape: Any) -> bool:
    return shape in ("money", ["money"])


def _item(shape: Any, node: Node) -> Any:
    if isinstance(shape, list):
        return shape[0]
    if shape is ANYTHING:
        return ANYTHING
    message = said(
        "a list is expected, and this is %(kind)s", kind=told(shape)
    )
    raise ExpressionWrong(message, place_of(node))


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
