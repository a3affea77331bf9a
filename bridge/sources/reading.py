"""
Careful reading of a platform's JSON: every value may be missing or odd.

What an order can not do without (its id, its times, its quantities) is
refused with a coded `Unusable`; what it can becomes None. No text of a
customer ever gets into a reason.
"""

import codecs
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from pydantic_core import from_json

from bridge.errors import Unusable
from bridge.model import JSON, Instant
from bridge.places.text import visible, visible_lines
from bridge.sources.platform import instant_of

JSONObject = Mapping[str, JSON]
"""A JSON object, looked into with care."""

_LARGEST_ID = 2**63 - 1
_LARGEST_COUNT = 1_000_000
_MOST_LINES = 2_000
_LATEST = 2**43
"""Milliseconds since the epoch: the year 2248, later is a mistake."""
_EXACT_DIGITS = 15
"""Decimal digits that survive a JSON number read as a float."""

_ID = re.compile(r"[1-9][0-9]{0,18}")
_MONEY = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")


def parse(body: bytes) -> JSONObject:
    """
    Return the JSON object that *body* is.

    Raises:
        Unusable: `empty`, `encoding`, `number`, `depth`, `json`, `shape`.
    """
    if not body.strip():
        raise Unusable(code="empty", text="The body is empty.")
    _check_encoding(body)
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise _unparsed(body, str(error)) from None
    if not isinstance(value, dict):
        raise Unusable(code="shape", text="The body is no JSON object.")
    return value


def _check_encoding(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        odd = True
    else:
        odd = body.startswith(codecs.BOM_UTF8) or b"\0" in body
    if odd:
        raise Unusable(code="encoding", text="The body is not plain UTF-8.")


def _unparsed(body: bytes, message: str) -> Unusable:
    if "recursion" in message:
        return Unusable(code="depth", text="The body is nested too deeply.")
    if "out of range" in message or _parses_with_nan(body):
        return Unusable(
            code="number", text="The body has a number that is none."
        )
    return Unusable(code="json", text="The body is not JSON.")


def _parses_with_nan(body: bytes) -> bool:
    try:
        from_json(body, allow_inf_nan=True)
    except ValueError:
        return False
    return True


def order_id(value: JSON) -> str:
    """
    Return an order's id as text.

    Raises:
        Unusable: `no_order_id` where there is none, `number` where it is
            no whole, positive number of 63 bits.
    """
    if value is None or value == "" or (value == 0 and _is_number(value)):
        raise Unusable(code="no_order_id", text="The body names no order.")
    return _id(value, "number", "The order's id is no whole number.")


def part_id(value: JSON) -> str:
    """
    Return the id of a line or parcel as text.

    Raises:
        Unusable: `shape`, where it is no whole, positive number.
    """
    return _id(value, "shape", "A line or parcel has no usable id.")


def _id(value: JSON, code: str, reason: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 < value <= _LARGEST_ID else None
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Unusable(code, reason)
    if int(value) > _LARGEST_ID:
        raise Unusable(code, reason)
    return value


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def money(value: JSON) -> str | None:
    """
    Return an amount as decimal text, as it was written; None if missing.

    Raises:
        Unusable: `number`, where it is no plain decimal.
    """
    if value is None or value == "":
        return None
    text = str(value) if _is_number(value) else value
    if not isinstance(text, str) or not _MONEY.fullmatch(text):
        raise Unusable(code="number", text="An amount is no plain decimal.")
    if isinstance(value, float) and _digits(text) > _EXACT_DIGITS:
        raise Unusable(code="number", text="An amount has too many digits.")
    return text


def _digits(text: str) -> int:
    return sum(sign.isdigit() for sign in text)


def count(value: JSON) -> int:
    """
    Return a quantity.

    Raises:
        Unusable: `quantity`, where it is missing, negative or not whole.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unusable(
            code="quantity", text="A line's quantity is no whole number."
        )
    if not 0 <= value <= _LARGEST_COUNT:
        raise Unusable(
            code="quantity", text="A line's quantity is out of range."
        )
    return value


def instant(value: JSON, *, naive_is_utc: bool = False) -> Instant | None:
    """
    Return a time, or None where it is missing.

    Raises:
        Unusable: `time`, where it is none.
    """
    if value is None or value == "":
        return None
    try:
        moment = instant_of(value, naive_is_utc=naive_is_utc)
    except (TypeError, ValueError, OverflowError):
        moment = Instant(-1)
    if not 0 <= moment < _LATEST:
        raise Unusable(code="time", text="A time can not be read.")
    return moment


def required_instant(value: JSON, *, naive_is_utc: bool = False) -> Instant:
    """
    Return a time that an order can not do without.

    Raises:
        Unusable: `time`, where it is missing or none.
    """
    moment = instant(value, naive_is_utc=naive_is_utc)
    if moment is None:
        raise Unusable(
            code="time", text="The order does not say when it changed."
        )
    return moment


def text(value: JSON) -> str | None:
    """Return a short text without invisible marks, or None."""
    if isinstance(value, str):
        return visible(value) or None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_whole else None


def long_text(value: JSON) -> str | None:
    """Return a text like `text`, but with its line ends."""
    return (visible_lines(value) or None) if isinstance(value, str) else None


def lower(value: JSON) -> str | None:
    """Return a code word in lower case, or None."""
    word = text(value)
    return word.lower() if word else None


def web_address(value: JSON) -> str | None:
    """Return an http(s) address, or None for anything else."""
    address = text(value)
    if address and address.lower().startswith(("http://", "https://")):
        return address
    return None


def child(value: JSON) -> JSONObject:
    """Return *value* if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def children(value: JSON) -> Sequence[JSONObject]:
    """
    Return the objects in the list *value*; what is none is left out.

    Raises:
        Unusable: `too_big`, where there are more than any order has.
    """
    if not isinstance(value, list):
        return ()
    if len(value) > _MOST_LINES:
        raise Unusable(code="too_big", text="A list in the body is too long.")
    return [item for item in value if isinstance(item, dict)]


def clean(value: JSON) -> JSON:
    """
    Return any JSON value with its texts free of invisible marks.

    Raises:
        Unusable: `number`, where one is infinite.
    """
    if isinstance(value, str):
        return visible_lines(value)
    if isinstance(value, dict):
        return {visible(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise Unusable(
            code="number", text="The body has a number that is none."
        )
    return value


def named(items: JSON, *, name: str) -> dict[str, JSON]:
    """Return a list of pairs as a mapping; the later of a name wins."""
    return {
        key: clean(item.get("value"))
        for item in children(items)
        if (key := text(item.get(name)))
    }


def matches_any(sku: str | None, patterns: Iterable[str]) -> bool:
    """Return whether *sku* is one of *patterns* (`GIFT-*`), in any case."""
    if sku is None:
        return False
    return any(fnmatchcase(sku.upper(), one.upper()) for one in patterns)


def names_any(words: Iterable[str | None], wanted: Iterable[str]) -> bool:
    """Return whether one of *words* is one of *wanted*, in any case."""
    wishes = {wish.strip().casefold() for wish in wanted}
    return any(word.casefold() in wishes for word in words if word)
