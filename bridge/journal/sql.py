"""The statements of `queries.sql`, by name."""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_HEADING = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def parse(text: str) -> Mapping[str, str]:
    """
    Return the statements under the `-- name: …` headings of *text*.

    Raises:
        ValueError: a name stands there twice.
    """
    _preface, *parts = _HEADING.split(text)
    names = parts[::2]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        message = f"named twice: {', '.join(twice)}"
        raise ValueError(message)
    bodies = (_statement(part) for part in parts[1::2])
    return MappingProxyType(dict(zip(names, bodies, strict=True)))


def _statement(part: str) -> str:
    """Cut off the comment that opens the next chapter, and the semicolon."""
    return part.partition(";\n")[0].strip()


STATEMENTS = parse(
    resources.files("bridge.journal").joinpath("queries.sql").read_text("utf8")
)
