"""
The bodies of mapping files: nested literals and expressions.

A template is compiled once from a file's nodes and evaluated over an order.
What gives nothing (null, empty text, an object without fields) is left out;
a literal `null` is kept.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from typing_extensions import override

from bridge.mapping.expression import (
    BUILT_IN,
    Expression,
    ExpressionFailed,
    ExpressionWrong,
)
from bridge.mapping.functions import REGISTER
from bridge.mapping.parsing import Unfinished
from bridge.mapping.text import Node
from bridge.mapping.words import odd_letter, without_meant
from bridge.model import JSON
from bridge.orders.document import ANYTHING, FIELDS, Shape
from bridge.saying import said, together

NOTHING: Final = object()
"""What is left out of the request."""

Path = tuple[int | str, ...]
Compile = Callable[[Node, Any], Expression | None]
"""Compiles the expression of a scalar node over a shape; None when it is
wrong and was reported."""

EACH = frozenset({"each", "item"})
_WIDE_EQUALS = "\uff1d\ufe66"
_BRACES = re.compile(r"[$#]?\{{1,2}\s*(.*?)\s*\}{1,2}", re.DOTALL)
"""What other languages put around what is computed."""
_PATH_OR_CALL = re.compile(
    r"(?P<head>[A-Za-z_]\w*)(?:(?P<path>(?:\[[^\]]*\])?(?:\.\w+)+)"
    r"|(?P<call>\(.*\)(?: \| .*)?))",
    re.DOTALL,
)
_FUNCTIONS = REGISTER.keys() | BUILT_IN.keys()


class TemplateFailed(ValueError):
    """An expression failed; *template* knows where it stands."""

    def __init__(self, template: "Template", message: str) -> None:
        self.template = template
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A part of a body. *line* and *column* start at 1."""

    line: int
    column: int

    def value(self, document: Mapping[str, JSON]) -> JSON:
        """Return its value over *document*, or `NOTHING`."""
        raise NotImplementedError

    def expressions(self) -> "list[Expression]":
        """Return every expression in it."""
        return []

    def computed(self, path: str) -> "Iterator[tuple[str, Computed]]":
        """Yield the expressions' parts, each with its field below *path*."""
        del path
        yield from ()

    def at(self, path: Path) -> "Template":
        """Return the deepest part of *path* that there is."""
        del path
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Template):
    """A value that is itself."""

    literal: JSON

    @override
    def value(self, document: Mapping[str, JSON]) -> JSON:
        del document
        return self.literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed(Template):
    """An expression over the order."""

    expression: Expression

    @override
    def value(self, document: Mapping[str, JSON]) -> JSON:
        try:
            found = self.expression.value(document)
        except ExpressionFailed as error:
            raise TemplateFailed(self, str(error)) from None
        if found is None or (isinstance(found, str) and not found.strip()):
            return NOTHING
        return found

    @override
    def expressions(self) -> list[Expression]:
        return [self.expression]

    @override
    def computed(self, path: str) -> "Iterator[tuple[str, Computed]]":
        yield path, self


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields(Template):
    """An object."""

    fields: tuple[tuple[str, Template], ...]
    keys: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Line and column of each name."""

    @override
    def value(self, document: Mapping[str, JSON]) -> JSON:
        kept = {
            name: found
            for name, part in self.fields
            if (found := part.value(document)) is not NOTHING
        }
        return kept or NOTHING

    @override
    def expressions(self) -> list[Expression]:
        return [x for _, part in self.fields for x in part.expressions()]

    @override
    def computed(self, path: str) -> "Iterator[tuple[str, Computed]]":
        for name, part in self.fields:
            yield from part.computed(f"{path}.{name}" if path else name)

    @override
    def at(self, path: Path) -> Template:
        parts = dict(self.fields)
        if path and path[0] in parts:
            return parts[str(path[0])].at(path[1:])
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Template):
    """A list that is written out."""

    items: tuple[Template, ...]

    @override
    def value(self, document: Mapping[str, JSON]) -> JSON:
        values = (item.value(document) for item in self.items)
        return [found for found in values if found is not NOTHING]

    @override
    def expressions(self) -> list[Expression]:
        return [x for item in self.items for x in item.expressions()]

    @override
    def computed(self, path: str) -> "Iterator[tuple[str, Computed]]":
        for item in self.items:
            yield from item.computed(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(Template):
    """A list with an item for each of what an expression finds."""

    each: Computed
    item: Template

    @override
    def value(self, document: Mapping[str, JSON]) -> JSON:
        found = self.each.value(document)
        if found is NOTHING:
            return []
        if not isinstance(found, list):
            message = said("each: needs a list")
            raise TemplateFailed(self.each, message)
        order = document.get("order", document)
        values = (self.item.value(inside(part, order)) for part in found)
        return [value for value in values if value is not NOTHING]

    @override
    def expressions(self) -> list[Expression]:
        return [*self.each.expressions(), *self.item.expressions()]

    @override
    def computed(self, path: str) -> "Iterator[tuple[str, Computed]]":
        yield path, self.each
        yield from self.item.computed(path)

    @override
    def at(self, path: Path) -> Template:
        return self.item.at(path[1:]) if path else self


def inside(part: JSON, order: JSON) -> dict[str, JSON]:
    """Return what an item's expressions see: its fields, and `order`."""
    if isinstance(part, dict):
        return {**part, "order": order}
    return {"value": part, "order": order}


_CUT = said("; a ' #' cut it: put quotes around the whole")


class TemplateReader:
    """Compiles nodes; what is wrong goes to *report*."""

    def __init__(
        self,
        compile_expression: Callable[[str, Any], Expression],
        report: Callable[..., None],
    ) -> None:
        self._compile = compile_expression
        self._report = report
        self.order: Any = FIELDS
        """The shape of the whole order."""
        self.read: list[tuple[Node, Expression]] = []
        """All that were compiled, and where they stand."""

    def template(self, node: Node, shape: Any = None) -> Template:
        """Return the template of *node* over *shape*, or the whole order."""
        shape = self.order if shape is None else shape
        match node.value:
            case dict(parts):
                if set(parts) == EACH:
                    return self._each(node, shape)
                if "each" in parts:
                    message = said(
                        "`each` needs `item` beside it, and nothing else"
                    )
                    self._report(node, message)
                    return Template(line=node.line, column=node.column)
                return Fields(
                    line=node.line,
                    column=node.column,
                    fields=tuple(
                        (name, self.template(part, shape))
                        for name, part in parts.items()
                    ),
                    keys=node.keys,
                )
            case list(parts):
                return Items(
                    line=node.line,
                    column=node.column,
                    items=tuple(self.template(part, shape) for part in parts),
                )
            case _:
                return self._scalar(node, shape)

    def expression(self, node: Node, shape: Any = None) -> Expression | None:
        """Return the expression of a scalar that begins with `=`."""
        text = node.value
        if not isinstance(text, str) or not text.startswith("="):
            message = said("an expression is expected: begin it with '='")
            self._report(node, message)
            return None
        if text.startswith("=="):
            message = said("one '=' begins an expression, not two")
            self._report(node, message, 1)
            return None
        start = len(text) - len(text[1:].lstrip())
        return self.part(node, start, len(text.rstrip()), shape)

    def part(
        self,
        node: Node,
        start: int,
        end: int,
        shape: Any = None,
        *,
        hint: str = "",
    ) -> Expression | None:
        """
        Return the expression that stands in a part of a scalar.

        Args:
            start, end: of the scalar's text.
            hint: what to add when it is wrong.
        """
        text = str(node.value)[start:end]
        try:
            found = self._compile(text, self.order if shape is None else shape)
        except ExpressionWrong as error:
            if node.cut and isinstance(error, Unfinished):
                hint = together(hint, _CUT)
            at = None if error.at is None else start + error.at
            message = str(error)
            if hint:  # there is more to say than the nearest word
                message = without_meant(message)
            self._report(node, together(message, hint), at)
            return None
        self.read.append((node, found))
        return found

    def _scalar(self, node: Node, shape: Any) -> Template:
        if node.plain and isinstance(node.value, str):
            self._no_text(node, node.value, shape)
        if isinstance(node.value, str) and node.value.startswith("="):
            expression = self.expression(node, shape)
            if expression is None:
                return Template(line=node.line, column=node.column)
            return Computed(
                line=node.line, column=node.column, expression=expression
            )
        return Literal(line=node.line, column=node.column, literal=node.data())

    def _no_text(self, node: Node, text: str, shape: Any) -> None:
        """Report text without quotes that is rather meant as an expression."""
        if text[0] in _WIDE_EQUALS:
            message = said("%(odd)s: '=' is meant", odd=odd_letter(text[0]))
            self._report(node, message)
            return
        inner = _BRACES.fullmatch(text)
        bare = (inner[1] if inner else text).removeprefix("$.")
        head = _PATH_OR_CALL.fullmatch(bare)
        if head is None:
            return
        known = {*FIELDS, "named", "order"}
        if isinstance(shape, Mapping):
            known |= set(shape)
        fields = bool(head["path"]) and head["head"] in known
        if fields or (head["call"] and head["head"] in _FUNCTIONS):
            message = said(
                "an expression begins with '=': write = %(expression)s, or "
                "put quotes around a text",
                expression=bare[:60],
            )
            self._report(node, message)

    def _each(self, node: Node, shape: Any) -> Template:
        parts = node.value
        assert isinstance(parts, dict)
        each = self._scalar(parts["each"], shape)
        item_shape: Any = ANYTHING
        if isinstance(each, Computed):
            item_shape = _shape_inside(each.expression.shape, self.order)
        elif isinstance(each, Literal):
            message = said("each: needs an expression")
            self._report(parts["each"], message)
        item = self.template(parts["item"], item_shape)
        if not isinstance(each, Computed):
            return Template(line=node.line, column=node.column)
        return Each(line=node.line, column=node.column, each=each, item=item)


def _shape_inside(shape: Any, order: Any) -> Any:
    if isinstance(shape, list) and isinstance(shape[0], Shape):
        return Shape({**shape[0], "order": order}, shape[0].path)
    if isinstance(shape, list) and isinstance(shape[0], Mapping):
        return {**shape[0], "order": order}
    if isinstance(shape, list) and shape[0] != ANYTHING:
        return {"value": shape[0], "order": order}
    return ANYTHING
