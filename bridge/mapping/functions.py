"""
The functions that expressions may call beside JMESPath's own.

Each is registered with a description, the kinds of its arguments and
examples; a test runs the examples, and `mappings/README.md`'s table is made
from them. A function gets JSON values and returns one. What it can not take
raises `FunctionFailed`, whose text never shows the value.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridge.mapping import countries
from bridge.model import JSON
from bridge.orders.document import ANYTHING
from bridge.places import phones, states
from bridge.places.municipalities import keys_of
from bridge.saying import Said, said

MONEY_LIMIT = Decimal(10) ** 15
MOST_DECIMALS = 6
LONGEST_PAD = 100
LONGEST_TEXT = 100_000  # characters; no field of a target takes as many

Tables = Mapping[str, Mapping[str, str]]


class FunctionFailed(ValueError):
    """An argument does not fit; the text says which and what was due."""


@dataclass(frozen=True, slots=True)
class Function:
    """
    One function of the register.

    Args:
        arguments: their kinds, of `SAMPLES`, or words to choose from
            (`es or en`); a last one with `…` may be repeated, one with `?`
            may be left out.
        examples: pairs of an expression and its value.
        gives: the shape of its value, as `document.FIELDS` writes shapes.
    """

    name: str
    description: str
    arguments: tuple[str, ...]
    examples: tuple[tuple[str, JSON], ...]
    call: Callable[..., JSON]
    gives: Any = ANYTHING

    def takes(self, count: int) -> bool:
        """Return whether it may be called with *count* arguments."""
        least = sum(not kind.endswith("?") for kind in self.arguments)
        if self.arguments and self.arguments[-1].endswith("…"):
            return count >= least
        return least <= count <= len(self.arguments)

    def kind(self, index: int) -> str:
        """Return the kind of the argument at *index*, from 0."""
        last = len(self.arguments) - 1
        return self.arguments[min(index, last)].rstrip("…?")


SAMPLES: Mapping[str, JSON] = MappingProxyType(
    {
        "text": "a",
        "money": "1.00",
        "integer": 1,
        "time": "2026-11-21T03:00:00Z",
        "phone": "55 5501 0123",
        "country": "MX",
        "MX or CO": "MX",
        "es or en": "es",
        "time zone": "UTC",
        "value": "a",
        "attributes": {},
        "table": "a",
        "anything": None,
    }
)
"""
Each kind of an argument, and one that every function takes in its place.

With them a call can be tried before any order is known: what is written out
in it stays, and these stand for what an order will give.
"""

REGISTER: dict[str, Function] = {}


def function(
    name: str,
    *arguments: str,
    examples: Sequence[tuple[str, JSON]],
    gives: Any = "text",
) -> Callable[[Callable[..., JSON]], Callable[..., JSON]]:
    """Register a function; its docstring's first line describes it."""

    def register(call: Callable[..., JSON]) -> Callable[..., JSON]:
        first_line = (call.__doc__ or "").strip().splitlines()[0]
        description = Said(first_line, {})
        REGISTER[name] = Function(
            name, description, arguments, tuple(examples), call, gives
        )
        return call

    return register


def _is_empty(value: JSON) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == []


def _money(value: JSON) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int):
        message = said("needs an amount of money as text")
        raise FunctionFailed(message)
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > MONEY_LIMIT:
        message = said("needs an amount such as 1499.00")
        raise FunctionFailed(message)
    return amount


@function(
    "cents",
    "money",
    examples=[("cents('1499.00')", 149900), ("cents('247700')", 24770000)],
    gives="integer",
)
def cents(value: JSON) -> JSON:
    """Money as a whole number of hundredths; null stays null."""
    if value is None:
        return None
    hundredths = _money(value) * 100
    rounded = hundredths.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    if rounded != hundredths:
        message = said("needs an amount with at most two decimals")
        raise FunctionFailed(message)
    return int(rounded)


@function(
    "decimal",
    "money",
    "integer",
    examples=[("decimal('1499', `2`)", "1499.00")],
    gives="money",
)
def decimal(value: JSON, places: JSON) -> JSON:
    """Money as text with so many decimals; null stays null."""
    if value is None:
        return None
    if isinstance(places, bool) or places not in range(MOST_DECIMALS + 1):
        message = said("needs 0 to %(most)s decimals", most=MOST_DECIMALS)
        raise FunctionFailed(message)
    step = Decimal(1).scaleb(-int(places))
    return str(_money(value).quantize(step, rounding=ROUND_HALF_UP))


@function(
    "phone_e164",
    "phone",
    "country",
    examples=[("phone_e164('55 5501 0123', 'MX')", "+525555010123")],
)
def phone_e164(value: JSON, country: JSON) -> JSON:
    """A phone number as `+525555010123`; null when it is none."""
    text = _text_or_none(value)
    return text and phones.e164(text, _text(country))


@function(
    "phone_national",
    "phone",
    "country",
    examples=[("phone_national('+52 1 55 5501 0123', 'MX')", "5555010123")],
)
def phone_national(value: JSON, country: JSON) -> JSON:
    """A phone number's national digits; null when it is none."""
    text = _text_or_none(value)
    return text and phones.national(text, _text(country))


@function(
    "state_name",
    "text",
    "MX or CO",
    examples=[("state_name('JAL', 'MX')", "Jalisco")],
)
def state_name(value: JSON, country: JSON) -> JSON:
    """The name of a state or department from its ISO code."""
    text = _text_or_none(value)
    return text and states.state_name(text, _text(country))


@function(
    "state_code",
    "text",
    "MX or CO",
    examples=[
        ("state_code('Nuevo Leon', 'MX')", "NLE"),
        ("state_code('CO-DC', 'CO')", "DC"),
        ("state_code('Texas', 'MX')", None),
    ],
)
def state_code(value: JSON, country: JSON) -> JSON:
    """The ISO code of a state or department from a name or another code."""
    text, home = _text_or_none(value), _text(country)
    dialects: tuple[states.Dialect, ...] = ("iso", "woocommerce")
    found = (states.state_code(home, text, dialect=one) for one in dialects)
    return next(filter(None, found), None)


@function(
    "country_name",
    "text",
    "es or en",
    examples=[
        ("country_name('MX', 'es')", "México"),
        ("country_name('MX', 'en')", "Mexico"),
    ],
)
def country_name(value: JSON, language: JSON) -> JSON:
    """The name of a country from its two letters; null when it is none."""
    text = _text_or_none(value)
    names = countries.NAMES.get(text.strip().upper(), {}) if text else {}
    return names.get(_text(language))


@function(
    "first",
    "anything…",
    examples=[
        ("first(`null`, '', 'Roma')", "Roma"),
        ("first(`null`, `[]`)", None),
    ],
    gives=ANYTHING,
)
def first(*values: JSON) -> JSON:
    """The first that is not null, empty text or an empty list."""
    return next((value for value in values if not _is_empty(value)), None)


@function(
    "if",
    "anything",
    "anything",
    "anything?",
    examples=[("if(`true`, 'a', 'b')", "a"), ("if(`[]`, 'a')", None)],
    gives=ANYTHING,
)
def if_(condition: JSON, then: JSON, otherwise: JSON = None) -> JSON:
    """The second when the first holds, else the third."""
    empty = condition is None or condition is False
    empty = empty or condition in ("", [], {})  # as && and || take it: 0 holds
    return otherwise if empty else then


@function(
    "words",
    "value…",
    examples=[("words('Calle 5', `null`, 'Int 2')", "Calle 5 Int 2")],
)
def words(*values: JSON) -> JSON:
    """What is not empty, joined with spaces; null when nothing is left."""
    given = [value for value in values if not _is_empty(value)]
    for value in given:
        if isinstance(value, bool) or not isinstance(value, str | int):
            message = said("needs text; of a list, use join(' ', …)")
            raise FunctionFailed(message)
    return " ".join(str(value).strip() for value in given) or None


@function(
    "attribute",
    "attributes",
    "text…",
    examples=[('attribute(`{"Colonia": "Roma"}`, \'colonia\')', "Roma")],
    gives=ANYTHING,
)
def attribute(attributes: JSON, *names: JSON) -> JSON:
    """The first attribute of that name, whatever its case and accents."""
    if not isinstance(attributes, dict):
        return None
    known = {_plain(key): value for key, value in attributes.items()}
    found = (known.get(_plain(_text(name))) for name in names)
    return next((value for value in found if not _is_empty(value)), None)


@function(
    "split",
    "text",
    "text",
    examples=[("split('orders/12', '/') | [-1]", "12")],
    gives=["text"],
)
def split(value: JSON, separator: JSON) -> JSON:
    """The parts of a text between separators; null stays null."""
    text, between = _text_or_none(value), _text(separator)
    if not between:
        message = said("needs a separator")
        raise FunctionFailed(message)
    return None if text is None else text.split(between)


@function(
    "cut",
    "text",
    "integer",
    examples=[("cut('dos rebozos de seda', `12`)", "dos rebozos")],
)
def cut(value: JSON, length: JSON) -> JSON:
    """A text cut to a length, between words where there are some."""
    text = _text_or_none(value)
    if isinstance(length, bool) or not isinstance(length, int) or length < 1:
        message = said("needs a length of at least 1")
        raise FunctionFailed(message)
    if text is None or len(text) <= length:
        return text
    head, space, _ = text[: length + 1].rpartition(" ")
    return head.rstrip() if space and head.strip() else text[:length]


@function(
    "pad",
    "value",
    "integer",
    "text",
    examples=[
        ("pad(`42`, `6`, '0')", "000042"),
        ("pad('1042', `3`, '0')", "1042"),
    ],
)
def pad(value: JSON, length: JSON, sign: JSON) -> JSON:
    """Text or a number filled up to a length from the left; never cut."""
    if isinstance(length, bool) or length not in range(1, LONGEST_PAD + 1):
        message = said("needs a length of 1 to %(most)s", most=LONGEST_PAD)
        raise FunctionFailed(message)
    if not isinstance(sign, str) or len(sign) != 1:
        message = said("needs one sign to fill up with, such as '0'")
        raise FunctionFailed(message)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _text_or_none(value)
    return text and text.rjust(int(length), sign)


@function(
    "replace",
    "text",
    "text",
    "text",
    examples=[("replace('DC-01/A', '/', '-')", "DC-01-A")],
)
def replace(value: JSON, old: JSON, new: JSON) -> JSON:
    """A text with each piece of it replaced by another; null stays null."""
    text, piece = _text_or_none(value), _text(old)
    if not piece:
        message = said("needs a piece of text to replace")
        raise FunctionFailed(message)
    with_it = _text(new)
    if text is not None and text.count(piece) * len(with_it) > LONGEST_TEXT:
        message = said(
            "would give more than %(most)s characters", most=LONGEST_TEXT
        )
        raise FunctionFailed(message)
    return text and text.replace(piece, with_it)


@function("trim", "text", examples=[("trim('  CAF-500 ')", "CAF-500")])
def trim(value: JSON) -> JSON:
    """A text without blanks at its ends; null when nothing else is left."""
    text = _text_or_none(value)
    return (text and text.strip()) or None


@function(
    "digits", "value", examples=[("digits('900.123.456-7')", "9001234567")]
)
def digits(value: JSON) -> JSON:
    """The digits 0 to 9 of a text, and nothing else; null without any."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _text_or_none(value) or ""
    return "".join(sign for sign in text if sign in "0123456789") or None


@function("upper", "text", examples=[("upper('Café')", "CAFÉ")])
def upper(value: JSON) -> JSON:
    """A text in capitals; null stays null."""
    text = _text_or_none(value)
    return text and text.upper()


@function("lower", "text", examples=[("lower('DHL')", "dhl")])
def lower(value: JSON) -> JSON:
    """A text in small letters; null stays null."""
    text = _text_or_none(value)
    return text and text.lower()


@function("plain", "text", examples=[("plain('Núñez')", "Nunez")])
def plain(value: JSON) -> JSON:
    """A text without accents; null stays null."""
    text = _text_or_none(value)
    return text and _without_accents(text)


@function(
    "format_date",
    "time",
    "text",
    "time zone?",
    examples=[
        (
            "format_date('2026-11-21T03:00:00Z', '%d/%m', 'America/Bogota')",
            "20/11",
        )
    ],
)
def format_date(value: JSON, pattern: JSON, zone: JSON = "UTC") -> JSON:
    """
    A time in a pattern such as `%d/%m/%Y`, in a time zone or UTC.

    A date or time without a zone of its own is not moved.
    """
    odd = _DIRECTIVE.sub("", _text(pattern))
    if "%" in odd:
        message = said(
            "needs a pattern of %(signs)s and other signs", signs=_SIGNS
        )
        raise FunctionFailed(message)
    text = _text_or_none(value)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        there = ZoneInfo(_text(zone))
        local = moment.astimezone(there) if moment.tzinfo else moment
        return local.strftime(_text(pattern))
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        message = said("needs a time, a pattern and the name of a time zone")
        raise FunctionFailed(message) from None


_SIGNS = "%d %m %Y %y %H %M %S %j %I %p %A %a %B %b %%"
_DIRECTIVE = re.compile(r"%-?[dmYyHMSjIpAaBbZzfsFTDRuwUWVGcxXeklnt%]")
EXAMPLE_TABLES: Tables = {
    "carriers": {"estafeta": "Estafeta"},
    "municipios": {"ANT/medellin": "CO-05001000"},
}
"""What the examples of `lookup` and `location` look into."""


def of_tables(tables: Tables) -> Mapping[str, Function]:
    """Return the functions that look into the tables of one mapping file."""
    return {
        function.name: function
        for function in (lookup_in(tables), location_in(tables))
    }


def lookup_in(tables: Tables) -> Function:
    """Return `lookup` over the tables of one mapping file."""

    def lookup(table: JSON, key: JSON, otherwise: JSON = None) -> JSON:
        """A table's value for a key; the third, or null, without one."""
        rows = _rows(tables, table)
        return otherwise if key is None else rows.get(_key(key), otherwise)

    return Function(
        "lookup",
        said(
            "A table's value for a key; the third argument, or null, without "
            "one."
        ),
        ("table", "value", "value?"),
        (
            ("lookup('carriers', 'estafeta')", "Estafeta"),
            ("lookup('carriers', 'dhl', 'other')", "other"),
        ),
        lookup,
    )


def location_in(tables: Tables) -> Function:
    """Return `location` over the tables of one mapping file."""

    def location(table: JSON, city: JSON, state: JSON = None) -> JSON:
        """A Colombian municipality's code, from its names."""
        rows = _rows(tables, table)
        for key in keys_of(_text_or_none(city), _text_or_none(state)):
            if key in rows:
                return rows[key]
        return None

    return Function(
        "location",
        said(
            "A Colombian municipality's code as Every has it, from a city, "
            "and a state; null when the table, made by `places import`, has "
            "none or several."
        ),
        ("table", "text", "text?"),
        (
            ("location('municipios', 'Medellín', 'ANT')", "CO-05001000"),
            ("location('municipios', 'Macondo', 'MAG')", None),
        ),
        location,
    )


def _rows(tables: Tables, table: JSON) -> Mapping[str, str]:
    rows = tables.get(_text(table))
    if rows is None:
        message = said("needs the name of a table of this file")
        raise FunctionFailed(message)
    return rows


def _key(value: JSON) -> str:
    """Return a key of a table; blanks at its ends do not count."""
    return value.strip() if isinstance(value, str) else str(value)


def _text_or_none(value: JSON) -> str | None:
    return None if value is None or value == "" else _text(value)


def _text(value: JSON) -> str:
    if not isinstance(value, str):
        message = said("needs text")
        raise FunctionFailed(message)
    return value


def _plain(text: str) -> str:
    return _without_accents(text).casefold().strip()


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    kept = (c for c in decomposed if not unicodedata.combining(c))
    return "".join(kept)
