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
        return [_problem(template, file, f"{what}: there is none")]
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
                    yield template, f"{name}: {fault}"
            case Computed():
                fault = _wrong_shape(template.expression, schema)
                if fault:
                    yield template, f"{name}: {fault}"
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
            yield template, f"{'.'.join(path)}: {_expected(schema)}"
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
                full, hint = ".".join((*path, name)), nearest(name, known)
                at = _key(template, name, part)
                odd = odd_letter(name)
                odd = f" ({odd})" if odd else ""
                yield at, f"{self._what} has no field {full!r}{hint}{odd}"
        for name in schema.get("required", ()):
            if name not in given | meant:
                missing = ".".join((*path, name))
                yield template, f"{self._what} requires {missing!r}"

    def _list(
        self,
        items: "tuple[Template, ...] | list[Template]",
        template: Template,
        schema: Schema,
        path: tuple[str, ...],
    ) -> Iterator[tuple[Template, str]]:
        if schema.get("type") != "array":
            yield template, f"{'.'.join(path)}: {_expected(schema)}"
            return
        if len(items) < schema.get("minItems", 0):
            yield template, f"{'.'.join(path)}: an item is expected"
        for item in items:
            yield from self.misfits(item, schema.get("items", {}), path)


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
        return "" if schema.get("nullable") else "null is not taken"
    options = schema.get("enum", ())
    if options and literal not in options:
        words = [str(option) for option in options]
        listed = ", ".join(words)
        hint = nearest(str(literal), iter(words))
        return f"one of {listed} is expected{hint}"
    kind, _ = _KINDS.get(schema.get("type", ""), (object, ""))
    if not isinstance(literal, kind) or (
        isinstance(literal, bool) and kind is not bool
    ):
        return f"{_expected(schema)}{_quotes(literal, kind)}"
    return _out_of_bounds(literal, schema)


def _wrong_shape(expression: Expression, schema: Schema) -> str:
    """Return why what is always given never fits; not known is taken."""
    kind = schema.get("type", "")
    group = told(expression.shape)
    if kind not in _GIVEN or group in _GIVEN[kind] or group not in _ALL_GIVEN:
        return ""
    remedy = _REMEDIES.get((kind, group), "")
    return (
        f"{_expected(schema)}, and `= {expression.text[:80]}` gives "
        f"{group}{remedy}"
    )


def _expected(schema: Schema) -> str:
    _, name = _KINDS.get(schema.get("type", ""), (object, "something else"))
    return f"{name} is expected"


def _quotes(literal: JSON, kind: type) -> str:
    if kind is str:
        return ": put it in quotes"
    if kind is int and isinstance(literal, str) and literal.isdigit():
        if len(literal) > _MOST_DIGITS:
            return f", of {_MOST_DIGITS} digits at most"
        return ": take the quotes off"
    return ""


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
    ("string", "a list"): ": take one with | [0], or join(', ', …)",
    ("string", "an object"): ": say which of its fields",
    ("string", "a whole number"): ": to_string(…) makes text of it",
}
_KINDS: Mapping[str, tuple[type, str]] = {
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "number": (int, "a number"),
    "boolean": (bool, "true or false"),
    "object": (dict, "an object"),
    "array": (list, "a list"),
}


def _out_of_bounds(literal: JSON, schema: Schema) -> str:
    if isinstance(literal, str):
        shortest = schema.get("minLength", 0)
        longest = schema.get("maxLength")
        if len(literal) < shortest:
            return f"at least {shortest} characters are expected"
        if longest is not None and len(literal) > longest:
            return f"at most {longest} characters are expected"
        pattern = schema.get("pattern")
        if pattern and not re.search(pattern, literal):
            return f"the form {pattern} is expected"
    if isinstance(literal, int) and literal < schema.get("minimum", literal):
        return f"at least {schema['minimum']} is expected"
    return ""
