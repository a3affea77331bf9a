"""What is told of a slip: what was expected, and the nearest right word."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

_EXPECTED: Mapping[str, str] = {
    "bool_type": "true or false is expected",
    "dict_type": "names with values are expected, indented below it",
    "int_type": "a whole number is expected",
    "extra_forbidden": "no further name is taken",
    "list_type": "a list is expected: [ ], or each item after '- '",
    "literal_error": "one of {expected} is expected",
    "model_type": "names with values are expected, indented below it",
    "string_type": "text is expected",
    "greater_than_equal": "at least {ge} is expected",
    "less_than_equal": "at most {le} is expected",
    "string_too_long": "at most {max_length} characters are expected",
    "string_too_short": "at least {min_length} characters are expected",
    "too_long": "at most {max_length} items are expected",
    "too_short": "it is empty: at least {min_length} is expected",
}
"""By pydantic's type of error."""


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `, did you mean …?` for the nearest of *words*, or nothing."""
    found = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f", did you mean {found[0]!r}?" if found else ""


def expected(fault: ErrorDetails) -> str:
    """Return what pydantic missed, without the value that it found."""
    known = _EXPECTED.get(fault["type"])
    if known is None:
        return fault["msg"].removeprefix("Value error, ")
    context: Mapping[str, Any] = fault.get("ctx", {})
    return known.format_map({"min_length": 1, **context})


def odd_letter(text: str) -> str:
    """
    Say which letter of *text* only looks like a usual one, or nothing.

    A Cyrillic or Greek letter, a wide sign, a mark that nobody sees: they
    get into a file with what is copied from elsewhere.
    """
    for sign in text:
        if unicodedata.category(sign) == "Cf":
            return f"a mark that nobody sees (U+{ord(sign):04X}) stands here"
        name = unicodedata.name(sign, "")
        alphabet = name.partition(" ")[0].capitalize()
        if alphabet in {"Cyrillic", "Greek", "Fullwidth"}:
            return (
                f"{sign!r} is a {alphabet} sign (U+{ord(sign):04X}) and only "
                "looks like another: type it anew"
            )
    return ""
