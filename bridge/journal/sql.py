"""The statements of `queries.sql` and `console.sql`, by name."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

_VALUES = re.compile(r"VALUES (\([^()]*\))")
_PARAMETER = re.compile(r":(\w+)")
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


def _read(name: str) -> str:
    folder = resources.files("bridge.journal")
    return folder.joinpath(name).read_text("utf8")


STATEMENTS = parse(f"{_read('queries.sql')}\n{_read('console.sql')}")


@cache
def of_many(name: str, count: int) -> tuple[str, tuple[str, ...]]:
    """
    Return an INSERT of *count* rows, and the parameters of each in turn.

    Args:
        name: of a statement that inserts one.
    """
    one = _VALUES.search(STATEMENTS[name])
    assert one is not None
    row = _PARAMETER.sub("?", one[1])
    rows = f"VALUES {', '.join([row] * count)}"
    text = STATEMENTS[name].replace(one[0], rows, 1)
    return text, tuple(_PARAMETER.findall(one[1]))
