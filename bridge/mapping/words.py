"""What is told of a slip: what was expected, and the nearest right word."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from bridge.saying import Foreign, Said, either, said, to_say

_NESTED = to_say("names with values are expected, indented below it")
_EXPECTED: Mapping[str, str] = {
    "bool_type": to_say("true or false is expected"),
    "dict_type": _NESTED,
    "int_type": to_say("a whole number is expected"),
    "extra_forbidden": to_say("no further name is taken"),
    "list_type": to_say("a list is expected: [ ], or each item after '- '"),
    "literal_error": to_say("one of %(expected)s is expected"),
    "model_type": _NESTED,
    "string_type": to_say("text is expected"),
    "greater_than_equal": to_say("at least %(ge)s is expected"),
    "less_than_equal": to_say("at most %(le)s is expected"),
    "string_too_long": to_say(
        "at most %(max_length)s characters are expected"
    ),
    "string_too_short": to_say(
        "at least %(min_length)s characters are expected"
    ),
    "too_long": to_say("at most %(max_length)s items are expected"),
    "too_short": to_say("it is empty: at least %(min_length)s is expected"),
    "string_pattern_mismatch": to_say(
        "String should match pattern '%(pattern)s'"
    ),
}
"""By pydantic's type of error."""
_MEANT = to_say(", did you mean %(word)r?")


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `, did you mean …?` for the nearest of *words*, or nothing."""
    found = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return meant(found[0]) if found else ""


def meant(word: str) -> str:
    """Return `, did you mean …?` for a word."""
    return Said(_MEANT, {"word": word})


def without_meant(message: str) -> str:
    """Return a sentence without its `, did you mean …?`."""
    if not isinstance(message, Said):
        return message
    parts = {
        name: ""
        if isinstance(part, Said) and part.template == _MEANT
        else part
        for name, part in message.parts.items()
    }
    return Said(message.template, parts)


def expected(fault: ErrorDetails) -> str:
    """Return what pydantic missed, without the value that it found."""
    context: Mapping[str, Any] = fault.get("ctx", {})
    known = _EXPECTED.get(fault["type"])
    if known is not None:
        parts = {"min_length": 1, **context}
        if "expected" in parts:
            parts["expected"] = one_of(parts["expected"])
        return Said(known, parts)
    own = str(context.get("error", ""))
    if isinstance(own, Said):
        return own
    return Foreign(fault["msg"].removeprefix("Value error, "))


_ALPHABETS = {
    "Cyrillic": said("Cyrillic"),
    "Greek": said("Greek"),
    "Fullwidth": said("Fullwidth"),
}


def one_of(listed: str) -> str:
    """Return pydantic's `'a', 'b' or 'c'` as a sentence."""
    some, _, last = listed.rpartition(" or ")
    return either([some, last]) if some else last


def odd_letter(text: str) -> str:
    """
    Say which letter of *text* only looks like a usual one, or nothing.

    A Cyrillic or Greek letter, a wide sign, a mark that nobody sees: they
    get into a file with what is copied from elsewhere.
    """
    for sign in text:
        if unicodedata.category(sign) == "Cf":
            return said(
                "a mark that nobody sees (%(code)s) stands here",
                code=code_of(sign),
            )
        name = unicodedata.name(sign, "")
        alphabet = name.partition(" ")[0].capitalize()
        if alphabet in _ALPHABETS:
            return said(
                "%(sign)r is a %(alphabet)s sign (%(code)s) and only looks "
                "like another: type it anew",
                sign=sign,
                alphabet=_ALPHABETS[alphabet],
                code=code_of(sign),
            )
    return ""


def code_of(sign: str) -> str:
    """Return a sign's number, as Unicode's tables have it."""
    return f"U+{ord(sign):04X}"
