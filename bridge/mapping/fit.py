"""
Whether a template fits an operation's model, before any order is known.

Walks the template along the model's JSON Schema: names that the contract
lacks, names that it requires, and literals of the wrong type, length or
choice are found. What an expression will give is checked when it is
rendered.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel

from bridge.errors import Problem
from bridge.mapping.expression import Expression
from bridge.mapping.kinds import told
from bridge.mapping.template import (
    Computed,
    Each,
    Fields,
    Items,
    Literal,
    Template,
)
from bridge.mapping.words import nearest, odd_letter
from bridge.model import JSON
from bridge.saying import Said, said, together

Schema = Mapping[str, Any]


def check_fit(
    template: Template,
    model: type[BaseModel] | None,
    *,
    file: str,
    what: str,
) -> list[Problem]:
    """
    Return what of *template* does not fit *model*.

    Args:
        what: names the part in messages: `create_order body`.
    """
    if model is None:
        if isinstance(template, Fields) and not template.fields:
            return []
        return [
            _problem(
                template, file, said("%(what)s: there is none", what=what)
            )
        ]
    schema = _schema(model)
    walk = _Fit(schema.get("$defs", {}), what)
    return [
        _problem(part, file, message)
        for part, message in walk.misfits(template, schema, ())
    ]


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _problem(part: Template, file: str, message: str) -> Problem:
    text = str(part.literal)[:80] if isinstance(part, Literal) else ""
    return Problem(
        file=file,
        line=part.line,
        column=part.column,
        message=message,
        text=text,
    )


class _Fit:
    def __init__(self, definitions: Schema, what: str) -> None:
        self._definitions = definitions
        self._what = what

    def misfits(
        self, template: Template, schema: Schema, path: tuple[str, ...]
    ) -> Iterator[tuple[Template, str]]:
        """Yield each part that does not fit, and why."""
        schema = self._resolved(schema)
        name = ".".join(path) or self._what
        match template:
            case Fields():
                yield from self._fields(template, schema, path)
            case Each():
                yield from self._list([template.item], template, schema, path)
            case Items():
                yield from self._list(template.items, template, schema, path)
            case Literal():
                fault = _fault(template.literal, schema)
                if fault:
                    yield template, _of(name, fault)
            case Computed():
                fault = _wrong_shape(template.expression, schema)
                if fault:
                    yield template, _of(name, fault)
            case _:
                pass

    def _resolved(self, schema: Schema) -> Schema:
        """Follow a reference, and take the one choice that is not null."""
        while True:
            if "$ref" in schema:
                schema = self._definitions[schema["$ref"].split("/")[-1]]
                continue
            choices = [
                choice
                for choice in schema.get("anyOf", ())
                if choice.get("type") != "null"
            ]
            if len(choices) != 1:
                return schema
            schema = {**choices[0], "nullable": True}

    def _fields(
        self, template: Fields, schema: Schema, path: tuple[str, ...]
    ) -> Iterator[tuple[Template, str]]:
        known: Schema = schema.get("properties", {})
        if schema.get("type") != "object":
            yield template, _of(".".join(path), _expected(schema))
            return
        given = {name for name, _ in template.fields}
        meant: set[str] = set()
        for name, part in template.fields:
            if name in known:
                yield from self.misfits(part, known[name], (*path, name))
                continue
            slip = _slip(name, set(known) - given, schema)
            if slip is not None:
                meant |= slip
                odd = odd_letter(name)
                yield (
                    _key(template, name, part),
                    said(
                        "%(what)s has no field %(field)r%(hint)s%(odd)s",
                        what=self._what,
                        field=".".join((*path, name)),
                        hint=nearest(name, known),
                        odd=together(" (", odd, ")") if odd else "",
                    ),
                )
        for name in schema.get("required", ()):
            if name not in given | meant:
                yield (
                    template,
                    said(
                        "%(what)s requires %(field)r",
                        what=self._what,
                        field=".".join((*path, name)),
                    ),
                )

    def _list(
        self,
        items: "tuple[Template, ...] | list[Template]",
        template: Template,
        schema: Schema,
        path: tuple[str, ...],
    ) -> Iterator[tuple[Template, str]]:
        name = ".".join(path)
        if schema.get("type") != "array":
            yield template, _of(name, _expected(schema))
            return
        if len(items) < schema.get("minItems", 0):
            yield template, _of(name, said("an item is expected"))
        for item in items:
            yield from self.misfits(item, schema.get("items", {}), path)


def _of(name: str, fault: str) -> str:
    return Said("%(name)s: %(fault)s", {"name": name, "fault": fault})


def _slip(name: str, free: set[str], schema: Schema) -> set[str] | None:
    """
    Return the fields that *name* may be a slip of, None where it is taken.

    Where a target takes further fields, a near miss of one that is not
    given is a slip all the same.
    """
    taken = schema.get("additionalProperties") is not False
    cutoff = 0.9 if taken and not odd_letter(name) else 0.5
    close = set(get_close_matches(name, sorted(free), n=1, cutoff=cutoff))
    return None if taken and not close else close


def _key(parent: Fields, name: str, part: Template) -> Template:
    """Return a stand-in for the field's name, which is what is wrong."""
    line, column = parent.keys.get(name, (part.line, part.column))
    return Literal(line=line, column=column, literal=name)


def _fault(literal: JSON, schema: Schema) -> str:
    if literal is None:
        return "" if schema.get("nullable") else said("null is not taken")
    options = schema.get("enum", ())
    if options and literal not in options:
        words = [str(option) for option in options]
        return said(
            "one of %(words)s is expected%(hint)s",
            words=", ".join(words),
            hint=nearest(str(literal), iter(words)),
        )
    kind, _ = _KINDS.get(schema.get("type", ""), (object, ""))
    if not isinstance(literal, kind) or (
        isinstance(literal, bool) and kind is not bool
    ):
        return together(_expected(schema), _quotes(literal, kind))
    return _out_of_bounds(literal, schema)


def _wrong_shape(expression: Expression, schema: Schema) -> str:
    """Return why what is always given never fits; not known is taken."""
    kind = schema.get("type", "")
    group = told(expression.shape)
    if kind not in _GIVEN or group in _GIVEN[kind] or group not in _ALL_GIVEN:
        return ""
    remedy = _REMEDIES.get((kind, group), "")
    return said(
        "%(expected)s, and `= %(expression)s` gives %(kind)s%(remedy)s",
        expected=_expected(schema),
        expression=expression.text[:80],
        kind=group,
        remedy=remedy,
    )


def _expected(schema: Schema) -> str:
    _, name = _KINDS.get(schema.get("type", ""), (object, _SOMETHING_ELSE))
    return said("%(kind)s is expected", kind=name)


def _quotes(literal: JSON, kind: type) -> str:
    if kind is str:
        return said(": put it in quotes")
    if kind is int and isinstance(literal, str) and literal.isdigit():
        if len(literal) > _MOST_DIGITS:
            return said(", of %(most)s digits at most", most=_MOST_DIGITS)
        return said(": take the quotes off")
    return ""


_SOMETHING_ELSE = said("something else")
_MOST_DIGITS = 18
_GIVEN = {
    "string": {"text", "money", "a time"},
    "integer": {"a whole number"},
    "boolean": {"true or false"},
    "array": {"a list"},
    "object": {"an object"},
}
"""What an expression may give for a type of the contract, in words."""
_ALL_GIVEN = frozenset().union(*_GIVEN.values())
_REMEDIES = {
    ("string", "a list"): said(": take one with | [0], or join(', ', …)"),
    ("string", "an object"): said(": say which of its fields"),
    ("string", "a whole number"): said(": to_string(…) makes text of it"),
}
_KINDS: Mapping[str, tuple[type, str]] = {
    "string": (str, said("text")),
    "integer": (int, said("a whole number")),
    "number": (int, said("a number")),
    "boolean": (bool, said("true or false")),
    "object": (dict, said("an object")),
    "array": (list, said("a list")),
}


def _out_of_bounds(literal: JSON, schema: Schema) -> str:
    if isinstance(literal, str):
        shortest = schema.get("minLength", 0)
        longest = schema.get("maxLength")
        if len(literal) < shortest:
            return said(
                "at least %(min_length)s characters are expected",
                min_length=shortest,
            )
        if longest is not None and len(literal) > longest:
            return said(
                "at most %(max_length)s characters are expected",
                max_length=longest,
            )
        pattern = schema.get("pattern")
        if pattern and not re.search(pattern, literal):
            return said("the form %(pattern)s is expected", pattern=pattern)
    if isinstance(literal, int) and literal < schema.get("minimum", literal):
        return said("at least %(ge)s is expected", ge=schema["minimum"])
    return ""
