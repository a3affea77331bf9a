"""
Whether a template fits an operation's model, before any order is known.

Walks the template along the model's JSON Schema: names that the contract
lacks, names that it requires, and literals of the wrong type, length or
choice are found. What an expression will give is checked when it is
rendered.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from bridge.errors import Problem
from bridge.mapping.expression import nearest
from bridge.mapping.template import Each, Fields, Items, Literal, Template
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
                fault = self._fault(template.literal, schema)
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
            expected = schema.get("type", "something else")
            yield template, f"{'.'.join(path)}: {expected} is expected"
            return
        for name, part in template.fields:
            if name in known:
                yield from self.misfits(part, known[name], (*path, name))
            elif schema.get("additionalProperties") is False:
                hint = nearest(name, known)
                yield part, f"{self._what} has no field {name!r}{hint}"
        given = {name for name, _ in template.fields}
        for name in schema.get("required", ()):
            if name not in given:
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
            expected = schema.get("type", "something else")
            yield template, f"{'.'.join(path)}: {expected}, not a list"
            return
        for item in items:
            yield from self.misfits(item, schema.get("items", {}), path)

    def _fault(self, literal: JSON, schema: Schema) -> str:
        if literal is None:
            return "" if schema.get("nullable") else "null is not taken"
        options = schema.get("enum", ())
        if options and literal not in options:
            words = [str(option) for option in options]
            listed = ", ".join(words)
            hint = nearest(str(literal), iter(words))
            return f"one of {listed} is expected{hint}"
        kind, name = _KINDS.get(schema.get("type", ""), (object, ""))
        if not isinstance(literal, kind) or (
            isinstance(literal, bool) and kind is not bool
        ):
            return f"{name} is expected"
        return _out_of_bounds(literal, schema)


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
        longest = schema.get("maxLength", len(literal))
        if not shortest <= len(literal) <= longest:
            return f"{shortest} to {longest} characters are expected"
        pattern = schema.get("pattern")
        if pattern and not re.search(pattern, literal):
            return "this is not the form that is expected"
    if isinstance(literal, int) and literal < schema.get("minimum", literal):
        return f"at least {schema['minimum']} is expected"
    return ""
