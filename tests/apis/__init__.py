"""The vendors' contracts as OpenAPI, and how tests validate against them."""

from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML

HERE = Path(__file__).parent


@cache
def document(api: str) -> dict[str, Any]:
    """Return the OpenAPI document of *api*."""
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(
        HERE / f"{api}.yaml"
    )
    return loaded


def problems(
    value: Any, *, api: str, method: str, path: str, status: int | None = None
) -> list[str]:
    """
    Return what the vendor's schema has against *value*.

    It is the body of the request, or of the answer with *status*.
    """
    steps = ["paths", path, method.lower()]
    steps += ["requestBody"] if status is None else ["responses", str(status)]
    steps += ["content", "application/json", "schema"]
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in steps)
    registry = Registry().with_resource(
        f"urn:{api}",
        Resource.from_contents(
            document(api), default_specification=DRAFT202012
        ),
    )
    validator = Draft202012Validator(
        {"$ref": f"urn:{api}#/{'/'.join(escaped)}"},
        registry=registry,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    return [error.message for error in validator.iter_errors(value)]


def example(api: str, method: str, path: str) -> Any:
    """Return the vendor's example of a request's body."""
    operation = document(api)["paths"][path][method.lower()]
    return operation["requestBody"]["content"]["application/json"]["example"]
