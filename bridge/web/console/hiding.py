"""What may be a customer's is hidden on pages until somebody asks for it."""

import json
from collections.abc import Callable

from bridge.model import JSON

HIDDEN = "•••"
"""Stands for what may be a customer's data until somebody asks for it."""

Shown = Callable[[JSON, bool], str]
"""Gives a value as a page shows it; the second says whether it is public."""


def told(value: JSON) -> str:
    """Return a value as a person reads it: text as it is, else JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def showing(*, all_of_it: bool) -> Shown:
    """Return what shows values: all of them, or the public ones."""

    def show(value: JSON, public: bool) -> str:  # noqa: FBT001
        harmless = value is None or isinstance(value, bool)
        if all_of_it or public or harmless:
            return told(value)
        return HIDDEN

    return show
