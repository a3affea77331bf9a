"""
The JSON Schemas of the files, for editors.

Made from the pydantic models that read the files, and enriched with what the
contracts know: which operations there are, and what each takes in its path
and body. What an editor takes, `check` may still refuse: expressions are
text to it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from bridge.mapping.form import MappingFile
from bridge.mapping.functions import (
    EXAMPLE_TABLES,
    REGISTER,
    of_tables,
)
from bridge.targets.contract import Operation
from bridge.targets.register import CONTRACTS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXPRESSION = {"$ref": "#/$defs/expression"}
_DESCRIBED = ("description", "title")


def mapping_schema() -> Schema:
    """Return the schema of a mapping file."""
    schema: Schema = MappingFile.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    definitions["expression"] = {
        "type": "string",
        "pattern": "^=",
        "description": (
            "An expression over the order, in JMESPath, with the functions "
            f"{', '.join(_functions())}."
        ),
    }
    rule = definitions["RuleForm"]
    properties = rule["properties"]
    operations = dict(_operations())
    properties["call"] |= {
        "enum": sorted(operations),
        "markdownEnumDescriptions": [
            "; ".join(f"{api}: {one.summary}" for api, one in operations[name])
            for name in sorted(operations)
        ],
    }
    for word in ("if", "call", "ask", "path", "body", "changed", "on_dead"):
        properties[word].pop("default", None)
    properties["if"] = {**_EXPRESSION, **_told(properties["if"])}
    schema["properties"]["named"]["additionalProperties"] = _EXPRESSION
    rule["allOf"] = [
        _taken(name, [one for _, one in found])
        for name, found in sorted(operations.items())
    ]
    return {"$schema": DIALECT, **schema, "title": "A mapping file"}


def named_entries_schema(form: type[BaseModel], title: str) -> Schema:
    """Return the schema of a file of entries by name, each of that form."""
    entry = form.model_json_schema()
    definitions = entry.pop("$defs", {})
    found: Schema = {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "additionalProperties": entry,
    }
    return {**found, "$defs": definitions} if definitions else found


def _functions() -> list[str]:
    return sorted({**REGISTER, **of_tables(EXAMPLE_TABLES)})


def _operations() -> Iterator[tuple[str, list[tuple[str, Operation]]]]:
    """Yield each operation's name, with those of the APIs that have it."""
    names = {name for one in CONTRACTS.values() for name in one.operations}
    for name in names:
        yield (
            name,
            [
                (api, contract.operations[name])
                for api, contract in sorted(CONTRACTS.items())
                if name in contract.operations
            ],
        )


def _taken(name: str, operations: list[Operation]) -> Schema:
    """Return what a rule that calls it may have in its path and body."""
    parts = {
        "path": [one.path_fields for one in operations],
        "body": [one.body for one in operations],
    }
    return {
        "if": {"properties": {"call": {"const": name}}, "required": ["call"]},
        "then": {
            "properties": {
                part: _any_of(
                    [_of_model(model) for model in models if model is not None]
                )
                for part, models in parts.items()
                if any(models)
            }
            | {"preflight": _preflights(operations)}
        },
    }


def _of_model(model: type[BaseModel]) -> Schema:
    schema = model.model_json_schema()
    return _object(schema, schema.get("$defs", {}))


def _written(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return how a value of a contract may be written in a file."""
    if "$ref" in schema:
        inner = definitions[schema["$ref"].rpartition("/")[2]]
        return _written({**inner, **_told(schema)}, definitions)
    if "anyOf" in schema:
        ways = [_written(one, definitions) for one in schema["anyOf"]]
        return {**_any_of(ways), **_told(schema)}
    match schema.get("type"):
        case "object":
            ways = [_object(schema, definitions), _EXPRESSION]
        case "array":
            item = _written(schema.get("items", {}), definitions)
            ways = [
                {"type": "array", "items": item},
                _each(item),
                _EXPRESSION,
            ]
        case None:
            return _told(schema)
        case _:
            ways = [schema, _EXPRESSION]
    return {**_any_of(ways), **_told(schema)}


def _object(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    properties = schema.get("properties", {})
    return {
        "type": "object",
        "properties": {
            name: _written(part, definitions)
            for name, part in properties.items()
        },
        "required": schema.get("required", []),
        "additionalProperties": schema.get("additionalProperties", True),
    }


def _each(item: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"each": _EXPRESSION, "item": item},
        "required": ["each", "item"],
        "additionalProperties": False,
    }


def _preflights(operations: list[Operation]) -> Schema:
    known = {word for one in operations for word in one.preflights}
    return {"items": {"enum": sorted(known)}} if known else {"maxItems": 0}


def _any_of(ways: list[Schema]) -> Schema:
    flat = [
        one
        for way in ways
        for one in (way["anyOf"] if set(way) == {"anyOf"} else [way])
    ]
    once = [one for at, one in enumerate(flat) if one not in flat[:at]]
    return once[0] if len(once) == 1 else {"anyOf": once}


def _told(schema: Schema) -> Schema:
    return {key: schema[key] for key in _DESCRIBED if key in schema}
