"""The JSON Schemas that editors complete the files by."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from bridge.mapping.cases import CaseForm
from bridge.mapping.schema import (
    DIALECT,
    mapping_schema,
    named_entries_schema,
)
from bridge.mapping.text import read_yaml
from bridge.settings import FORMS
from bridge.targets.register import CONTRACTS
from tests.mapping import FOLDER
from tests.mapping.test_compiler import EVERY, RAYO, YUJU

SCHEMAS = {
    "mapping": mapping_schema(),
    "stores": named_entries_schema(FORMS["stores"], "The stores, by name"),
    "targets": named_entries_schema(FORMS["targets"], "The targets, by name"),
    "cases": {
        "$schema": DIALECT,
        **TypeAdapter(list[CaseForm]).json_schema(),
        "title": "The cases of a mapping",
    },
}
FILES = sorted(FOLDER.glob("*.yaml"))


def kind_of(file: Path) -> str:
    """Return which schema a file of the folder has."""
    if file.stem in {"stores", "targets"}:
        return file.stem
    return "cases" if file.stem.endswith(".cases") else "mapping"


def path_of(kind: str) -> Path:
    """Return where a schema is kept."""
    return FOLDER / "schema" / f"{kind}.schema.json"


def written(schema: dict[str, Any]) -> str:
    """Return a schema as its file has it."""
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def faults(text: str, kind: str = "mapping") -> list[str]:
    """Return where a text is not as its schema says."""
    data = read_yaml(text, file="").data()
    validator = Draft202012Validator(SCHEMAS[kind])
    return ["/".join(map(str, e.path)) for e in validator.iter_errors(data)]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_schemas_are_as_the_code_has_them(kind: str):
    """
    `make schema` writes them.
    """
    assert written(SCHEMAS[kind]) == path_of(kind).read_text("utf-8")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_is_a_schema(kind: str):
    """
    Editors refuse what is none.
    """
    Draft202012Validator.check_schema(SCHEMAS[kind])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_shipped_files_fit_and_say_which_schema_is_theirs(file: Path):
    """
    What is right to the bridge is right to an editor.
    """
    text, kind = file.read_text("utf-8"), kind_of(file)

    assert [] == faults(text, kind)
    assert text.startswith(
        f"# yaml-language-server: $schema=schema/{kind}.schema.json\n"
    )


@pytest.mark.parametrize("text", [RAYO, EVERY, YUJU])
def test_what_compiles_fits(text: str):
    """
    Each way to write a value is taken.
    """
    assert [] == faults(text)


@pytest.mark.parametrize(
    ("text", "right", "slip", "place"),
    [
        (RAYO, "when: ready", "when: redy", "rules/create/when"),
        (RAYO, "call: create_order", "call: create", "rules/create/call"),
        (RAYO, "NACIONAL", "NATIONAL", "rules/create/body"),
        (RAYO, "        pais: mexico\n", "", "rules/create/body"),
        (RAYO, "    body:", "    bdy:", "rules/create"),
        (RAYO, "if: = lines", "if: lines", "rules/create/if"),
        (YUJU, "id_channel: 13", "id_channel: x", "rules/ready/body"),
        (YUJU, "to: yuju-mx", "to: yuju-mx\naddresses: maybe", "addresses"),
    ],
)
def test_a_slip_is_seen_while_it_is_typed(
    text: str, right: str, slip: str, place: str
):
    """
    Keys, moments, operations, and what an operation takes.
    """
    assert right in text

    (found, *_) = faults(text.replace(right, slip, 1))

    assert found.startswith(place)


def test_every_operation_can_be_completed():
    """
    The words after `call:` are those of all contracts.
    """
    rule = SCHEMAS["mapping"]["$defs"]["RuleForm"]

    assert {
        name for one in CONTRACTS.values() for name in one.operations
    } == set(rule["properties"]["call"]["enum"])


if __name__ == "__main__":
    for name, schema in SCHEMAS.items():
        path_of(name).parent.mkdir(exist_ok=True)
        path_of(name).write_text(written(schema), encoding="utf-8")
