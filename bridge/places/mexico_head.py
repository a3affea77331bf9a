"""
The street and the exterior number of a Mexican address.

One function for each rule, in the order of `RULES`; each takes the text from
the street on, notes what it found and returns what stands after it, or None
when it does not apply. `bridge.places.mexico` says what the rules are.
"""

import re
from collections.abc import Callable

from bridge.places.beside import Repeated
from bridge.places.findings import Findings
from bridge.places.mexico_tail import (
    BEGINS,
    KINDS,
    MARK,
    NUMBER,
    SIDES,
    UNIT_WORD,
)
from bridge.places.text import has_digit

NO_NUMBER = "S/N"
"""Sin número: the exterior number of a house that has none."""

_LOT_VALUE = r"[\s-]*(?:\d{1,4}(?:-?[a-z])?|[a-z]\d{0,3})\b"
_BLOCK = rf"\b(?:manzana|manz|mzna|mza|mz|m(?=-))(?![^\W\d_])\.?{_LOT_VALUE}"
_LOT = rf"\b(?:lote|lte|lt|l(?=-))(?![^\W\d_])\.?{_LOT_VALUE}"
WITHOUT = r"(?:s\s?/\s?n\b|s\.n\.|sn\b|sin\s+n[uú]m(?:ero)?\b)\.?"
LOTS = rf"(?:{_BLOCK}[\s,]+{_LOT}|{_LOT}[\s,]+{_BLOCK}|{_LOT}|{_BLOCK})"
KILOMETRE = r"\bk(?:\.?\s?m|il[oó]metro)\b\.?\s*\d{1,4}(?:[.+]\d{1,4})?"
_END = rf"(?=[.\s]*(?:[,\n]|$)|\s+(?:{BEGINS.pattern}))"

_MARKED = re.compile(rf"{MARK}\s*(?P<number>{NUMBER})(?!\w)", re.IGNORECASE)
_WITHOUT = re.compile(
    rf"(?<=[\s,.#])(?:{WITHOUT}{_END}|s\s?/\s?n\b)",
    re.IGNORECASE,
)
_LOTS = re.compile(LOTS, re.IGNORECASE)
_HAS_LOT = re.compile(_LOT, re.IGNORECASE)
_KILOMETRE = re.compile(KILOMETRE, re.IGNORECASE)
_BARE = re.compile(
    rf"(?:(?<=\s)|(?<=,))(?P<number>{NUMBER}){_END}", re.IGNORECASE
)
_INNER = re.compile(
    rf"(?<=\s)(?P<number>{NUMBER})(?=[\s-])(?!\s+de\s)", re.IGNORECASE
)
_DASHED = re.compile(
    r"(?<=\s)(?P<number>\d{1,5})\s?[-–]\s?(?P<unit>\d{1,4}[a-z]?)\b",
    re.IGNORECASE,
)
_DASHED_ON = re.compile(r"\s?[-–]\s?(\d{1,4}[a-z]?)\b", re.IGNORECASE)
_KNOWN_THERE = re.compile(
    r"(?:dom(?:icilio)?\b\.?\s+)?conocido\b\.?", re.IGNORECASE
)
_TAIL = re.compile(rf"\s+(?={BEGINS.pattern})", re.IGNORECASE)
_PIECE_END = re.compile(r"[,\n]")

KIND = re.compile(rf"{KINDS}\s*", re.IGNORECASE)
NUMBERED_STREET = re.compile(
    rf"(?:{KINDS}\s*(?:{SIDES}\s*)?|{SIDES}\s*)\d+(?:\s?-?[a-z]\b)?"
    rf"(?:\s+{SIDES})?",
    re.IGNORECASE,
)
_NO_STREET = re.compile(
    r"\b(?:km|kil[oó]metro|lote|lt|manzana|manz|mza|mz|supermanzana|smza|sm"
    rf"|regi[oó]n|colonia|fraccionamiento|{UNIT_WORD})\b",
    re.IGNORECASE,
)
_ROAD = re.compile(
    r"(?:carretera|carr|autopista|libramiento)\b", re.IGNORECASE
)
_SETTLEMENT = re.compile(
    r"(?:barrio|col|colonia|condominio|conjunto|ejido|fracc|fraccionamiento"
    r"|infonavit|poblado|pueblo|rancho|residencial|unidad|villas|zona)\b",
    re.IGNORECASE,
)
_SUPERBLOCK = re.compile(
    r"(?:supermanzana|smza|smz|sm|regi[oó]n)\b\.?\s*\d+", re.IGNORECASE
)
_TWO_SIDES = re.compile(rf"{SIDES}\s*\d+\s+{SIDES}", re.IGNORECASE)
_RING_ROAD = re.compile(
    rf"(?:(?:anillo\s+)?perif[eé]rico|viaducto)\s+{SIDES}", re.IGNORECASE
)
_SIDE_ONLY = re.compile(SIDES, re.IGNORECASE)
_ENDS_IN_MARK = re.compile(rf"{MARK}\s*$", re.IGNORECASE)
_ENDS_IN_N = re.compile(r"\bn\.?$", re.IGNORECASE)
_FIRST_NUMBER = re.compile(r"^\d{1,3}[^\W\d_]{0,2}\b")
_DATE_NAME = re.compile(r"\b\d{1,2}(?=\s+de\s)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3}")
_NAME = re.compile(r"[^\W\d_].*[^\W\d_]")
_LETTER = re.compile(r"[^\W\d_]")


def read_head(head: str, findings: Findings, same: Repeated) -> str:
    """Read street and exterior number; return what stands after them."""
    for rule in RULES:
        rest = rule(head, findings)
        if rest is not None:
            return rest
    rest = _glued(head, findings, same)
    return _street_only(head, findings) if rest is None else rest


def bare_number(text: str) -> tuple[str, str, int] | None:
    """
    Return street, number and their end where *text* has a bare number.

    It ends a piece, or something with a mark of its own follows it.
    """
    for found in _BARE.finditer(text):
        street = _street_before(text, found)
        if street is not None:
            return street, found["number"], found.end()
    return None


def starts_with_no_number(head: str) -> str:
    """Return the first piece of *head*, up to what has a mark."""
    piece = _PIECE_END.split(head, maxsplit=1)[0]
    tail = _TAIL.search(piece)
    return piece[: tail.start()] if tail else piece


def without_date(street: str) -> str:
    """Return *street* without the day in it: `5 de Mayo`."""
    return _DATE_NAME.sub("", street)


def _street_before(text: str, found: re.Match[str]) -> str | None:
    """Return the text before the number, if it can be one street's name."""
    street = text[: found.start()].strip(" ,\n")
    return street if _is_one_name(street) else None


def _is_one_name(street: str) -> bool:
    if _PIECE_END.search(street) or "#" in street:
        return False
    return _LETTER.search(street) is not None


def _take(street: str, number: str, findings: Findings) -> None:
    findings.street = street.strip(" ,;")
    findings.exterior_number = number.strip()


def _marked(head: str, findings: Findings) -> str | None:
    found = _MARKED.search(head)
    street = _street_before(head, found) if found else None
    if found is None or street is None:
        return None
    if not _can_be_street(street, marked=True):
        return None
    if numbered := _numbered_before(street):
        _take(*numbered, findings)
        findings.units.append(found["number"])
        findings.doubt("second_number")
    else:
        _take(street, found["number"], findings)
    if "\n" in head[: found.start()]:
        findings.likely()
    return _dashed_on(head[found.end() :], findings)


def _dashed_on(rest: str, findings: Findings) -> str:
    """Return *rest* without a `-3` that is glued to the number."""
    glued = _DASHED_ON.match(rest)
    if glued is None:
        return rest
    findings.units.append(glued[1])
    findings.doubt("second_number")
    return rest[glued.end() :]


def _numbered_before(street: str) -> tuple[str, str] | None:
    """Return *street* as street and number, if it is both: `Morelos 45`."""
    if NUMBERED_STREET.fullmatch(street):
        return None
    found = bare_number(street)
    if found is None or found[2] < len(street):
        return None
    return found[:2] if _can_be_street(found[0], marked=False) else None


def _without(head: str, findings: Findings) -> str | None:
    found = _WITHOUT.search(head)
    if found is None:
        return None
    street = _ENDS_IN_MARK.sub("", head[: found.start()]).strip(" ,\n")
    if not _is_one_name(street) or _KILOMETRE.search(street):
        return None
    _take(street, NO_NUMBER, findings)
    if _numbered_before(street):
        findings.doubt("second_number")
    return head[found.end() :]


def _known_there(head: str, findings: Findings) -> str | None:
    """`Domicilio conocido`: the village knows the house."""
    found = _KNOWN_THERE.match(head)
    if found is None:
        return None
    findings.exterior_number = NO_NUMBER
    findings.doubt("no_street")
    return head[found.end() :]


def _lotted(head: str, findings: Findings) -> str | None:
    found = _LOTS.search(head)
    if found is None:
        return None
    street, rest = head[: found.start()].strip(" ,.\n"), head[found.end() :]
    if _PIECE_END.search(street):
        return None
    findings.likely()
    if not _HAS_LOT.search(found[0]):
        findings.doubt("no_number")
    if own := _numbered_before(street):
        _take(*own, findings)
        findings.units.append(found[0])
        findings.doubt("second_number")
        return rest
    findings.exterior_number = found[0]
    if block := _SUPERBLOCK.fullmatch(street):
        findings.marked.append(block[0])
    elif street:
        findings.street = street
        return rest
    return _street_after_lot(rest, findings)


def _street_after_lot(rest: str, findings: Findings) -> str:
    """Take a street with its kind that follows: `Mz 18 Lt 3 Calle Robles`."""
    bare = rest.strip(" ,")
    piece = _PIECE_END.split(bare, maxsplit=1)[0]
    if not KIND.match(piece) or " " not in piece:
        findings.doubt("no_street")
        return rest
    findings.street = piece.strip()
    if _numbered_before(findings.street):
        findings.doubt("second_number")
    return bare[len(piece) :]


def _by_road(head: str, findings: Findings) -> str | None:
    piece = _PIECE_END.split(head, maxsplit=1)[0]
    found = _KILOMETRE.search(piece)
    if found is None:
        return None
    findings.likely()
    after = piece[found.end() :]
    if numbered := _MARKED.search(after):
        end, number = numbered.start(), numbered["number"]
        rest = after[numbered.end() :]
    elif without := _WITHOUT.search(after):
        end, number = without.start(), NO_NUMBER
        rest = after[without.end() :]
    else:
        tail = _TAIL.search(after)
        end = tail.start() if tail else len(after)
        number, rest = NO_NUMBER, after[end:]
    _take(piece[: found.end() + end], number, findings)
    if has_digit(after[:end]):
        findings.doubt("second_number")
    if not _WORD.search(_KILOMETRE.sub("", piece[: found.end() + end])):
        findings.doubt("no_street")
    return rest + head[len(piece) :]


def _bare(head: str, findings: Findings) -> str | None:
    found = bare_number(head)
    if found is None or not _can_be_street(found[0], marked=False):
        return None
    street, number, end = found
    findings.likely()
    _take(street, number, findings)
    if "\n" in head[:end]:
        findings.doubt("unmarked")
    if _may_own_a_number(street) or number.startswith("0"):
        findings.doubt("number_or_name")
    if _SETTLEMENT.match(street):
        findings.doubt("no_street")
    if _TAIL.search(street):
        findings.doubt("left_over")
    if not NUMBERED_STREET.fullmatch(street) and _has_inner_number(street):
        findings.doubt("second_number")
    return head[end:]


def _may_own_a_number(street: str) -> bool:
    """Return whether a number after *street* may be a part of its name."""
    if _ROAD.match(street) or _TWO_SIDES.fullmatch(street):
        return True
    return not _NAME.search(street) or _ENDS_IN_N.search(street) is not None


def _has_inner_number(street: str) -> bool:
    """
    Return whether a number stands in the middle of a street's name.

    `Juárez 100 o Morelos` is two streets; `2 Norte`, `4a Avenida Sur` and
    `Retorno 4 de Genaro García` begin with theirs.
    """
    name = KIND.sub("", street, count=1)
    return has_digit(_FIRST_NUMBER.sub("", without_date(name)))


def _glued(head: str, findings: Findings, same: Repeated) -> str | None:
    """A number that words or another number follow without a comma."""
    piece = _PIECE_END.split(head, maxsplit=1)[0]
    dashed = _DASHED.search(piece)
    if dashed and _can_be_street(piece[: dashed.start()], marked=False):
        _take(piece[: dashed.start()], dashed["number"], findings)
        findings.units.append(dashed["unit"])
        findings.doubt("second_number")
        return head[dashed.end() :]
    for found in _INNER.finditer(piece):
        if _can_be_street(piece[: found.start()], marked=False):
            findings.likely()
            _take(piece[: found.start()], found["number"], findings)
            if not same.place(piece[found.end() :]):
                findings.doubt("unmarked")
            return head[found.end() :]
    return None


def _street_only(head: str, findings: Findings) -> str:
    """Take the first piece as a street without a number."""
    street = starts_with_no_number(head)
    if _LETTER.search(street):
        findings.street = street.strip()
        findings.doubt("number_or_name" if has_digit(street) else "no_number")
    else:
        findings.doubt("no_street")
    return head[len(street) :]


def _can_be_street(street: str, *, marked: bool) -> bool:
    """Return whether *street* can stand before a number of its own."""
    street = street.strip(" ,.")
    if NUMBERED_STREET.fullmatch(street):
        return True
    if not _KILOMETRE.search(street) and _NO_STREET.search(street):
        return street.lower() == "circuito interior"
    if _RING_ROAD.fullmatch(street):
        return True
    name = KIND.sub("", street, count=1)
    if not name or _ENDS_IN_MARK.search(name):
        return False
    return marked or not (
        name[-1].isdigit() or name[-1] == "-" or _SIDE_ONLY.fullmatch(name)
    )


RULES: tuple[Callable[[str, Findings], str | None], ...] = (
    _marked,
    _without,
    _known_there,
    _lotted,
    _by_road,
    _bare,
)
