"""An operation's address: filled with values, and read back into them."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode

from bridge.targets.contract import Operation

_PLACE = re.compile(r"\{([^{}]*)\}")


def address(
    operation: Operation,
    values: Mapping[str, object],
    *,
    more: Mapping[str, str] | None = None,
) -> str:
    """
    Return the path and query; every value is one escaped part of it.

    Args:
        more: goes into the query besides (a list's next page).
    """
    segments = {
        name: quote(str(value), safe="")
        for name, value in values.items()
        if name not in operation.query
    }
    query = {
        **operation.fixed_query,
        **{
            name: str(values[name])
            for name in operation.query
            if name in values
        },
        **(more or {}),
    }
    path = operation.path.format(**segments)
    return f"{path}?{urlencode(query)}" if query else path


def values_in(operation: Operation, path: str) -> dict[str, str] | None:
    """
    Return the values that *path* was filled with; `address` backwards.

    None when it is no address of this operation (any more).
    """
    bare, _, query = path.partition("?")
    names = _PLACE.findall(operation.path)
    found = _shape(operation.path).fullmatch(bare)
    if found is None:
        return None
    values = dict(zip(names, map(unquote, found.groups()), strict=True))
    told = dict(parse_qsl(query, keep_blank_values=True))
    return values | {
        name: told[name] for name in operation.query if name in told
    }


def _shape(path: str) -> re.Pattern[str]:
    """Return what an address looks like whose `{places}` are filled."""
    fixed = _PLACE.sub("\0", path).split("\0")
    return re.compile("([^/]*)".join(map(re.escape, fixed)))
