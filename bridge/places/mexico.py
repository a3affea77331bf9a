"""
Mexican addresses: street, exterior and interior number, colonia.

Customers type them in two lines, in any way they like. Only what can not be
meant otherwise is told; street and exterior number are both sure or both
None, because a parcel to half an address is worse than one that waits. The
rules, in the order in which they are tried:

1. Shopify's separate fields, between which it puts a word joiner, are taken
   as they are. Source: `additional_address_fields` and
   `combined_address_format` in github.com/Shopify/worldwide
   `db/data/regions/MX.yml` @02eb4e7a, read 2026-11-21.
2. Parts that the shop asked for in fields of its own (`given`) win, when the
   first line does not contradict them.
3. A number after a mark (`#12`, `No. 12`, `núm. 12`, `S/N`).
4. A bare number at the end of a street that has a name (`Juárez 12`), but
   not one that may be the street's own (`Calle 60`, `Oriente 172`) or a
   road's or a lot's (`Carretera 57`, `Km 12`, `Mz 4 Lt 2`). A side after it
   belongs to it: `2501 Sur`, as Monterrey writes it.

After the number only an interior with its mark (`Int. 7`, `Local 3`) and
cross streets may follow. A colonia is taken only where it is marked
(`Col. Centro`). A piece with a digit that has no mark, in either line,
could be the flat: then street and numbers are not sure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bridge.places.parts import UNKNOWN, Parts
from bridge.places.text import LONGEST_LINE, WORD_JOINER, folded, visible

_SIDES = r"(?:sur|norte|nte|oriente|ote|poniente|pte)\b\.?"
_KINDS = (
    r"(?:calle|c|avenida|ave|av|boulevard|bulevar|blvd|calzada|calz|privada"
    r"|priv|cerrada|cda|callej[oó]n|andador|paseo|eje|prolongaci[oó]n"
    r"|prol|camino|circuito|retorno|ret|diagonal|diag|perif[eé]rico|viaducto"
    r"|v[ií]a)\b\.?"
)
_NUMBER = rf"\d{{1,5}}(?:-?[a-z]\b)?(?:\s+bis\b)?(?:\s+{_SIDES})?"
_MARK = r"(?:\#|\bno\b\.?|\bn[uú]m(?:ero)?\b\.?|\bn[°º]\.?)"

_DOOR = r"interior|int|departamento|depto|dpto|dep|apartamento|apto|apt"
_PLACE = (
    r"local|oficina|ofna|of|piso|torre|edificio|edif|casa|suite|bodega"
    r"|despacho|consultorio|nivel"
)
_UNIT_VALUE = r"(?:\d{1,5}(?:-?[a-z0-9]{1,4})?|[a-z](?:-?\d{1,4})?)\b"
_UNIT = rf"(?:{_DOOR}|{_PLACE})\b\.?(?:\s*{_MARK})?\s*{_UNIT_VALUE}"
_UNITS = rf"(?:{_UNIT})(?:[\s,]+(?:{_UNIT})){{0,3}}"
_CROSS = r"(?:entre|entre\s+calles|e/|esq\.?|esquina|x)(?![^\W\d_]).*"

_AFTER = rf"(?:[\s,]+(?P<units>{_UNITS}))?(?:[\s,]+{_CROSS})?"


def _line(number: str) -> re.Pattern[str]:
    """Return the pattern of a first line whose number looks like that."""
    return re.compile(
        rf"(?P<street>[^#]*?[^\W\d_][^#]*?){number}{_AFTER}", re.IGNORECASE
    )


_MARKED_LINE = _line(rf"\s*{_MARK}\s*(?P<number>{_NUMBER})")
_NO_NUMBER_LINE = _line(r"\s+(?P<number>s/n|sin\s+n[uú]mero)")
_BARE_LINE = _line(rf"\s+(?P<number>{_NUMBER})")

_UNITS_ONLY = re.compile(rf"(?P<units>{_UNITS})(?P<rest>.*)", re.IGNORECASE)
_ONE_DOOR = re.compile(
    rf"(?:{_DOOR})\b\.?(?:\s*{_MARK})?\s*(?P<value>{_UNIT_VALUE})",
    re.IGNORECASE,
)
_NEIGHBOURHOOD = re.compile(
    r"(?:(?:colonia|col|fraccionamiento|fracc)\b\.?\s*"
    r"(?P<name>[^\W\d_].*|\d+\s+de\s+.+)"
    r"|(?P<whole>(?:barrio|ejido|pueblo|unidad\s+habitacional|u\.?\s?h\.)"
    r"\s.+))",
    re.IGNORECASE,
)
_BEFORE_NEIGHBOURHOOD = re.compile(
    r"\s+(?=(?:colonia|col\.|fraccionamiento|fracc\.)\s)", re.IGNORECASE
)
_POSTAL_CODE = re.compile(r"\s*\bc\.?\s?p\.?\s*\d{5}$", re.IGNORECASE)
_CROSS_ONLY = re.compile(_CROSS, re.IGNORECASE)
_FIELD_MARK = re.compile(rf"^{_MARK}\s*(?=\d)", re.IGNORECASE)

_NO_STREET = re.compile(
    r"\b(?:km|kil[oó]metro|lote|lt|manzana|mza|mz|supermanzana|smza|sm"
    rf"|regi[oó]n|{_DOOR}|{_PLACE})\b",
    re.IGNORECASE,
)
_ROAD = re.compile(
    r"(?:carretera|carr|autopista|libramiento)\b", re.IGNORECASE
)
_KIND = re.compile(rf"{_KINDS}\s*", re.IGNORECASE)
_NUMBERED_STREET = re.compile(
    rf"(?:{_KINDS}\s*(?:{_SIDES}\s*)?|{_SIDES}\s*)\d+(?:\s?-?[a-z]\b)?"
    rf"(?:\s+{_SIDES})?",
    re.IGNORECASE,
)
_SIDE_ONLY = re.compile(_SIDES, re.IGNORECASE)
_DATE_NAME = re.compile(r"\b\d{1,2}(?=\s+de\s)", re.IGNORECASE)


def split_address(
    address1: str | None, address2: str | None, *, given: Parts = UNKNOWN
) -> Parts:
    """Return what is sure of a Mexican address; *given* wins."""
    separate = _separate_fields(address1 or "", address2 or "")
    if separate is not None:
        return _with_given(separate, given)
    first, *others = _pieces(address1 or "")
    second = _pieces(address2 or "")
    found = _first_piece(first, given.exterior_number)
    extras = _extras([*others, *second] if found else second)
    neighbourhood = given.neighbourhood or extras.neighbourhood
    if found is None or extras.doubtful:
        return Parts(neighbourhood=neighbourhood)
    return Parts(
        street=found.street,
        exterior_number=given.exterior_number or found.exterior_number,
        interior_number=given.interior_number
        or found.interior_number
        or extras.interior_number,
        neighbourhood=neighbourhood,
    )


def _separate_fields(address1: str, address2: str) -> Parts | None:
    """Return the parts of Shopify's separate fields, if it is they."""
    if address1.count(WORD_JOINER) != 1:
        return None
    street, number = map(visible, address1.split(WORD_JOINER))
    if not street or not number:
        return None
    line2, _, marked = address2.partition(WORD_JOINER)
    neighbourhood = visible(marked) or None
    interior = _interior(visible(line2))
    if interior is None and _has_digit(line2):
        return Parts(neighbourhood=neighbourhood)
    return Parts(
        street=street,
        exterior_number=_FIELD_MARK.sub("", number),
        interior_number=interior,
        neighbourhood=neighbourhood,
    )


def _with_given(parts: Parts, given: Parts) -> Parts:
    return replace(
        parts,
        interior_number=given.interior_number or parts.interior_number,
        neighbourhood=given.neighbourhood or parts.neighbourhood,
    )


def _interior(text: str) -> str | None:
    """Return a whole text as an interior number, if it is one."""
    found = _UNITS_ONLY.fullmatch(text)
    if found and not found["rest"]:
        return _door(found["units"])
    if re.fullmatch(_UNIT_VALUE, text, re.IGNORECASE):
        return text
    return None


def _door(units: str) -> str:
    """Return `4B` for `Int. 4B`; other and several units stay whole."""
    single = _ONE_DOOR.fullmatch(units)
    return single["value"] if single else units


def _pieces(line: str) -> list[str]:
    """Return *line* cut at commas and before a marked colonia."""
    cut = _BEFORE_NEIGHBOURHOOD.sub(",", visible(line).replace(";", ","))
    if len(cut) > LONGEST_LINE:
        return [""]
    return [piece.strip() for piece in cut.split(",")]


@dataclass(frozen=True, slots=True)
class _Extras:
    """What stands behind the street; *doubtful* if some of it is unclear."""

    interior_number: str | None
    neighbourhood: str | None
    doubtful: bool


def _extras(pieces: Iterable[str]) -> _Extras:
    units: list[str] = []
    names: list[str] = []
    doubtful = False
    for piece in pieces:
        text = _POSTAL_CODE.sub("", piece)
        if _CROSS_ONLY.fullmatch(text):
            continue
        if marked := _NEIGHBOURHOOD.fullmatch(text):
            names.append(marked["name"] or marked["whole"])
            continue
        if found := _UNITS_ONLY.fullmatch(text):
            units.append(found["units"])
            text = found["rest"]
        doubtful = doubtful or _has_digit(text)
    return _Extras(
        interior_number=_door(", ".join(units)) if units else None,
        neighbourhood=names[0] if len(names) == 1 else None,
        doubtful=doubtful,
    )


def _first_piece(piece: str, exterior: str | None) -> Parts | None:
    """Return the street and numbers of the first line, if they are sure."""
    found = _numbered(piece)
    if exterior is None:
        return found
    if found is None:
        return Parts(street=piece) if _only_a_street(piece) else None
    same = folded(found.exterior_number or "") == folded(exterior)
    return found if same else None


def _numbered(piece: str) -> Parts | None:
    for pattern in (_MARKED_LINE, _NO_NUMBER_LINE, _BARE_LINE):
        found = pattern.fullmatch(piece)
        if found is None:
            continue
        street = found["street"].strip()
        if not _sure(street, marked=pattern is not _BARE_LINE):
            return None
        return Parts(
            street=street,
            exterior_number=found["number"],
            interior_number=found["units"] and _door(found["units"]),
        )
    return None


def _sure(street: str, *, marked: bool) -> bool:
    """Return whether *street* can stand before a number of its own."""
    if _NO_STREET.search(street):
        return False
    if _NUMBERED_STREET.fullmatch(street):
        return True
    name = _KIND.sub("", street, count=1)
    if not marked and (_ROAD.match(street) or _SIDE_ONLY.fullmatch(name)):
        return False
    return bool(name) and not name[-1].isdigit()


def _only_a_street(piece: str) -> bool:
    """Return whether *piece* names a street and holds no house number."""
    if not piece or _NO_STREET.search(piece):
        return False
    if _NUMBERED_STREET.fullmatch(piece):
        return True
    return not _has_digit(_DATE_NAME.sub("", piece))


def _has_digit(text: str) -> bool:
    return any(sign.isdigit() for sign in text)
