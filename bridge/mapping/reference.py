"""
The tables of `mappings/README.md`, made from what the code knows.

Pure: `filled` takes the page's text and returns it with the tables as they
are now, each between `<!-- generated: name -->` and `<!-- /generated -->`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from bridge.mapping.expression import BUILT_IN
from bridge.mapping.form import FindForm, MappingFile, RuleForm
from bridge.mapping.functions import (
    EXAMPLE_TABLES,
    REGISTER,
    Function,
    of_tables,
)
from bridge.model import JSON, Repeat
from bridge.orders.document import ANYTHING, FIELDS, LINKS
from bridge.saying import said
from bridge.targets.contract import Operation
from bridge.targets.register import CONTRACTS

Schema = Mapping[str, Any]

_MARKED = re.compile(
    r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL
)
_REPEATS: Mapping[Repeat, str] = {
    Repeat.IDEMPOTENT: "may be repeated",
    Repeat.BY_LOOKUP: "once; a lost answer is looked up",
    Repeat.NEVER: "once; a lost answer waits for a person",
}


def _repeat(operation: Operation) -> str:
    """Say what becomes of a call whose answer is lost."""
    if operation.repeatable and operation.lookup is not None:
        return "may be repeated; a lost answer is looked up first"
    return _REPEATS[operation.repeat]


def filled(page: str) -> str:
    """
    Return *page* with every generated part as it should be.

    Raises:
        KeyError: a marker names a part that there is not.
    """
    return _MARKED.sub(
        lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", page
    )


def known_functions() -> list[Function]:
    """Return the functions beside JMESPath's own, by name."""
    known = {**REGISTER, **of_tables(EXAMPLE_TABLES)}
    return [function for _name, function in sorted(known.items())]


def called(function: Function) -> str:
    """Return how a function is called, with the kinds of its arguments."""
    return f"{function.name}({', '.join(function.arguments)})"


def known_fields() -> list[tuple[str, str]]:
    """Return the paths in the Order, each with its kind."""
    return [*_paths(FIELDS, "")]


def _paths(shape: Schema, before: str) -> Iterator[tuple[str, str]]:
    for name, kind in shape.items():
        path = f"{before}{name}"
        match kind:
            case dict():
                yield from _paths(kind, f"{path}.")
            case [dict() as item]:
                yield from _paths(item, f"{path}[].")
            case [item]:
                yield f"{path}[]", _word(item)
            case _:
                yield path, _word(kind)


def functions() -> str:
    """Return the table of the functions, with their examples."""
    rows = (
        (
            f"`{called(function)}`",
            function.description,
            "<br>".join(_examples(function)),
        )
        for function in known_functions()
    )
    return _table(("function", "gives", "for example"), rows)


def built_ins() -> str:
    """Return the names of JMESPath's own functions."""
    return ", ".join(f"`{name}`" for name in sorted(BUILT_IN)) + "\n"


def fields() -> str:
    """Return the table of the neutral Order's fields."""
    return _table(("field", "kind"), _field_rows(FIELDS))


def keys() -> str:
    """Return the tables of a mapping file's keys."""
    forms = (
        ("the file", MappingFile),
        ("a rule", RuleForm),
        ("a `find` of `links`", FindForm),
    )
    rows = (
        (place, f"`{info.alias or name}`", _needed(info.is_required()), text)
        for place, form in forms
        for name, info in form.model_fields.items()
        if (text := (info.description or "").replace("\n", " "))
    )
    return _table(("in", "key", "", "what it says"), rows)


def operations() -> str:
    """Return each target's operations, with what they take."""
    return "\n".join(
        f"**{name}**: {contract.summary}\n\n"
        + _table(
            ("operation", "what it does", "repeat", "`path`", "`body`"),
            map(_operation_row, contract.operations.values()),
        )
        for name, contract in CONTRACTS.items()
    )


def preflights() -> str:
    """Return the table of what a rule can have looked at."""
    rows = (
        (name, f"`{operation.name}`", f"`{word}`", one.summary)
        for name, contract in CONTRACTS.items()
        for operation in contract.operations.values()
        for word, one in operation.preflights.items()
    )
    return _table(("API", "before", "`preflight`", "goes on when"), rows)


PARTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "functions": functions,
        "built-ins": built_ins,
        "fields": fields,
        "keys": keys,
        "operations": operations,
        "preflights": preflights,
    }
)
"""What may stand between markers, by name."""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n"
        for line in lines
    )


def _needed(required: bool) -> str:  # noqa: FBT001  a word for a truth
    return "required" if required else ""


def _examples(function: Function) -> Iterator[str]:
    for expression, value in function.examples:
        yield f"{_code(expression)} → {_code(_written(value))}"


def _written(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False)


def _code(text: str) -> str:
    """Return *text* as code, whatever backticks it has."""
    for sign, entity in _ENTITIES:
        text = text.replace(sign, entity)
    return f"<code>{text}</code>"


_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), ("`", "&#96;"), ("*", "&#42;"))
"""What Markdown would read for itself."""


def _field_rows(shape: Schema) -> Iterator[tuple[str, str]]:
    """Yield the fields of each kind, then objects and lists with theirs."""
    nested: list[tuple[str, str]] = []
    flat: dict[str, list[str]] = {}
    for key, kind in shape.items():
        match kind:
            case dict():
                nested.append((f"`{key}`", _kinds(kind)))
            case [dict() as item]:
                nested.append((f"`{key}[]`", _kinds(item)))
            case [item]:
                nested.append((f"`{key}[]`", str(item)))
            case _:
                flat.setdefault(_word(kind), []).append(f"`{key}`")
    for kind, names in flat.items():
        yield ", ".join(names), kind
    yield from nested


def _word(kind: str) -> str:
    """Return a kind in words."""
    return {
        LINKS: said("by name: what is known of the order at this target"),
        ANYTHING: said("by name: anything"),
        "money": said('money as text (`"1499.00"`): count it with `cents`'),
        "time": said("time as text, ISO 8601 in UTC"),
        "truth": said("`true` or `false`"),
        "integer": said("a whole number"),
        "text": said("text"),
    }.get(kind, kind)


def _kinds(shape: Schema) -> str:
    by_kind: dict[str, list[str]] = {}
    for key, kind in shape.items():
        word = "list" if isinstance(kind, list) else str(kind)
        by_kind.setdefault(word, []).append(f"`{key}`")
    return "; ".join(
        f"{kind}: {' '.join(names)}" for kind, names in by_kind.items()
    )


def _operation_row(operation: Operation) -> tuple[str, ...]:
    return (
        f"`{operation.name}`",
        operation.summary,
        _repeat(operation),
        _taken(operation.path_fields),
        _taken(operation.body),
    )


def _taken(model: type[BaseModel] | None) -> str:
    """Return what a part takes: **required** fields are bold."""
    if model is None:
        return ""
    schema = model.model_json_schema()
    parts = _schema_fields(schema, schema.get("$defs", {}), "")
    return "<br>".join(parts)


def _schema_fields(
    schema: Schema, definitions: Schema, path: str
) -> Iterator[str]:
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        inner = _resolved(part, definitions)
        word = f"`{path}{name}`"
        yield (
            f"**{word}**{_choices(inner)}"
            if name in required
            else (f"{word}{_choices(inner)}")
        )
        items = _resolved(inner.get("items", {}), definitions)
        if "properties" in items:
            below = f"{path}{name}[]."
            yield from _schema_fields(items, definitions, below)
        if "properties" in inner:
            yield from _schema_fields(inner, definitions, f"{path}{name}.")
    if schema.get("additionalProperties") is True and path:
        yield f"`{path}`…"


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Follow references and take the one choice that is not null."""
    while True:
        if "$ref" in schema:
            schema = definitions[schema["$ref"].split("/")[-1]]
            continue
        choices = [
            choice
            for choice in schema.get("anyOf", ())
            if choice.get("type") != "null"
        ]
        if len(choices) != 1:
            return schema
        schema = choices[0]


def _choices(schema: Schema) -> str:
    """Return what a field takes: its words, its kind, its length."""
    if "enum" in schema:
        return f": {', '.join(map(str, schema['enum']))}"
    kind = {"integer": "whole number", "array": "list"}.get(
        schema.get("type", ""), ""
    )
    low, high = schema.get("minLength"), schema.get("maxLength")
    length = f"{low or 0} to {high} characters" if high else ""
    told = ", ".join(filter(None, (kind, length)))
    return f": {told}" if told else ""
