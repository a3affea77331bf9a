"""
Mexican addresses: street, exterior and interior number, colonia.

Customers type them in two lines, in any way they like; the likeliest reading
is given with its certainty and doubts. The rules, in the order in which they
are tried:

1. Shopify's separate fields, between which it puts a word joiner, are taken
   as they are. Source: `additional_address_fields` and
   `combined_address_format` in github.com/Shopify/worldwide
   `db/data/regions/MX.yml` @02eb4e7a, read 2026-11-21.
2. Parts that the shop asked for in fields of its own (`given`) win; where a
   line says another thing, that is a doubt.
3. A number after a mark (`#12`, `No. 12`, `núm. 12`) is sure, and so is
   `S/N`, in any spelling.
4. A manzana and lote after a street (`Calle Laurel Mz 4 Lt 7`) are the
   exterior number, likely: they stand where no number was given out yet, and
   carriers' forms, which want one, get them there. Without a street they are
   doubtful.
5. A road with its kilometre (`Carr. Nacional Km 12.5`) is the street with
   the kilometre, and its number is `S/N`, likely: the kilometre says where
   along the road, so that neither is worth anything without the other, and a
   `No. 1400` after it is the number. INEGI's Norma Técnica sobre Domicilios
   Geográficos (DOF 2010-11-12) has the kilometre in the road's name, too.
6. A bare number after a street that has a name (`Juárez 12`) is likely, but
   not where it may be the street's own (`Calle 60`, `Oriente 172`), a road's
   (`Carretera 57`) or a settlement's (`Villas del Sol 3`). A side after it
   belongs to it: `2501 Sur`, as Monterrey writes it.
7. A number that words or a second number follow without a mark (`Juárez 12
   3`, `Juárez 12-3`) is doubtful, and so is a street without any.

`bridge.places.mexico_head` has rules 3 to 7, `bridge.places.mexico_tail`
reads what follows. Cross streets, landmarks, and what the other fields say
again are not told.
"""

import re
from dataclasses import replace

from bridge.places.beside import NOTHING, Beside, Repeated
from bridge.places.findings import Findings
from bridge.places.mexico_head import (
    KILOMETRE,
    KIND,
    LOTS,
    NO_NUMBER,
    NUMBERED_STREET,
    WITHOUT,
    bare_number,
    read_head,
    without_date,
)
from bridge.places.mexico_tail import (
    MARK,
    NUMBER,
    colonia,
    cut,
    door,
    is_colonia,
    is_unit,
    is_value,
    read_tail,
    tells_another_thing,
    without_city,
)
from bridge.places.parts import UNKNOWN, Parts
from bridge.places.telling import begins_with_errand, is_nothing
from bridge.places.text import (
    LONGEST_LINE,
    WORD_JOINER,
    folded,
    has_digit,
    has_phone,
    has_word,
    visible,
)

_FIELD_MARK = re.compile(rf"^{MARK}\s*(?=\S)", re.IGNORECASE)
_FIELD_NUMBER = re.compile(
    rf"(?P<number>{NUMBER}|{WITHOUT}|{LOTS}|{KILOMETRE})(?P<rest>(?!\w).*)",
    re.IGNORECASE,
)
_WITHOUT_ONLY = re.compile(WITHOUT, re.IGNORECASE)
_NONE_TOLD = frozenset({"0", "00", "casa"})
"""What people fill into a field for a flat that they do not have."""
_WORDS_OF_A_STREET = 3
"""Before a city that runs on; `Calzada Tepic` and `Camino a Tepic` are one."""
_DIGITS = re.compile(r"\d+")
_STREET_INSIDE = re.compile(
    rf"^(?!{KIND.pattern}|\d|(?:eje|circuito|lateral|antigua|vieja|nueva"
    r"|primera|segunda|tercera|cuarta|quinta|retorno)\b)"
    r".*\s(?:calle|avenida|ave?|boulevard|blvd|calzada|calz)\b\.?\s+\S",
    re.IGNORECASE,
)
"""`Hotel Plaza Av. Morelos`: what stands there, or who, before the street."""
_PIECE_END = re.compile(r"[,\n]")


def split_address(
    address1: str | None,
    address2: str | None,
    *,
    given: Parts = UNKNOWN,
    beside: Beside = NOTHING,
) -> Parts:
    """Return the likeliest reading of a Mexican address; *given* wins."""
    first, second = address1 or "", address2 or ""
    if not (first or second or given != UNKNOWN):
        return UNKNOWN
    if max(len(first), len(second)) > LONGEST_LINE:
        return replace(given, doubts=("too_long",))
    same = Repeated("MX", beside)
    street, _, number = first.partition(WORD_JOINER)
    if WORD_JOINER in first and visible(street):
        return _separate_fields(street, number, second, given, same)
    second, _, told = second.partition(WORD_JOINER)
    if visible(told):
        given = replace(given, neighbourhood=visible(told))
    return _free_text(visible(first), visible(second), given, same)


def _separate_fields(
    street: str, number: str, second: str, given: Parts, same: Repeated
) -> Parts:
    """Return what the customer filled into Shopify's separate fields."""
    findings = Findings(street=visible(street))
    _read_number_field(visible(number), findings, same)
    line2, _, told = second.partition(WORD_JOINER)
    if _none_told(visible(line2)):
        pass
    elif is_value(visible(line2)):
        findings.units.append(visible(line2))
        if folded(line2) == folded(findings.exterior_number or ""):
            findings.doubt("second_number")
    else:
        read_tail(_pieces(cut(visible(line2))), findings, same)
    if visible(told):
        given = replace(given, neighbourhood=visible(told))
    if findings.exterior_number in _DIGITS.findall(
        visible(street)
    ) or _has_second_number(visible(street)):
        findings.doubt("second_number")
    bare = visible(street)
    if same.place(bare) or "@" in bare or begins_with_errand(bare):
        findings.doubt("no_street")
    elif len(without_city(visible(street), same).split()) in range(
        _WORDS_OF_A_STREET, len(street.split())
    ):
        findings.doubt("left_over")
    return _with_given(findings, given)


def _none_told(text: str) -> bool:
    return is_nothing(text) or folded(text) in _NONE_TOLD


def _read_number_field(text: str, findings: Findings, same: Repeated) -> None:
    """Take the number from a field of its own, and what runs on into it."""
    bare = _FIELD_MARK.sub("", text)
    found = _FIELD_NUMBER.fullmatch(bare)
    if not bare:
        findings.doubt("no_number")
    elif same.is_postal_code(bare) or not bare.strip("0"):
        findings.exterior_number = bare
        findings.doubt("number_or_name")
    elif found is None:
        findings.exterior_number = bare
        findings.doubt("second_number")
    else:
        findings.exterior_number = _number(found["number"])
        read_tail(_pieces(cut(found["rest"])), findings, same)


def _number(text: str) -> str:
    return NO_NUMBER if _WITHOUT_ONLY.fullmatch(text) else text.strip()


def _free_text(first: str, second: str, given: Parts, same: Repeated) -> Parts:
    """Return the reading of lines that hold all, in any order."""
    findings = Findings()
    lines = [cut(line) for line in dict.fromkeys((first, second)) if line]
    lines = lines or [given.street or ""]
    head, before = _from_the_street("\n".join(lines), same)
    if given.exterior_number:
        tail = _read_given_head(head, given.exterior_number, findings, same)
    else:
        tail = read_head(head, findings, same)
    if begins_with_errand(findings.street or "") or _STREET_INSIDE.search(
        findings.street or ""
    ):
        findings.doubt("left_over")
    read_tail([*_pieces(tail), *before], findings, same)
    return _with_given(findings, given)


def _pieces(text: str) -> list[str]:
    pieces = (piece.strip() for piece in _PIECE_END.split(text))
    return [piece for piece in pieces if piece]


def _from_the_street(text: str, same: Repeated) -> tuple[str, list[str]]:
    """
    Return *text* from its street on, and the pieces before that.

    Some put the flat, the colonia or the place first.
    """
    before: list[str] = []
    head = text
    while end := _PIECE_END.search(head):
        piece, following = head[: end.start()].strip(), head[end.end() :]
        if not _is_no_street(piece, following.strip(), same):
            return head, before
        before.append(piece)
        head = following.strip()
    if before and (is_unit(head) or is_colonia(head) or same.place(head)):
        return text, []
    return head, before


def _is_no_street(piece: str, following: str, same: Repeated) -> bool:
    """Return whether the street is rather in what follows *piece*."""
    if is_unit(piece) or is_colonia(piece) or same.place(piece):
        return True
    if has_digit(piece) or not KIND.match(following):
        return False
    return bare_number(following) is not None


def _read_given_head(
    head: str, given: str, findings: Findings, same: Repeated
) -> str:
    """Read the street; its number is *given*, and may be in the line too."""
    rest = read_head(head, findings, same)
    told = findings.exterior_number
    findings.settle("number_or_name", "no_number")
    _read_number_field(given, findings, same)
    if told is None:
        _check_street(findings)
    elif folded(told) != folded(findings.exterior_number or ""):
        findings.doubt("fields_disagree")
    return rest


def _check_street(findings: Findings) -> None:
    """Doubt a street that may hold a house number beside the given one."""
    street = findings.street or ""
    if findings.exterior_number in _DIGITS.findall(street):
        findings.doubt("number_or_name")
    elif _has_second_number(street):
        findings.doubt("second_number")


def _has_second_number(street: str) -> bool:
    return has_digit(without_date(street)) and not NUMBERED_STREET.fullmatch(
        street
    )


def _with_given(findings: Findings, given: Parts) -> Parts:
    """Return the parts; what was *given* wins over what was found."""
    interior = door(findings.units)
    told = given.interior_number
    if told and not _none_told(told):
        own = door([told])
        if KIND.match(told) or has_phone(told):
            findings.doubt("left_over")
        if interior and folded(interior) != folded(own or ""):
            findings.doubt("fields_disagree")
        interior = own
    return findings.parts(
        interior=interior, neighbourhood=_neighbourhood(findings, given)
    )


def _neighbourhood(findings: Findings, given: Parts) -> str | None:
    told = given.neighbourhood
    if not told or is_nothing(told):
        return findings.neighbourhood()
    own = colonia(told)
    if not has_word(own) or tells_another_thing(own):
        findings.doubt("left_over")
    others = [*findings.marked, *findings.unmarked]
    if any(folded(other) != folded(own) for other in others):
        findings.doubt("fields_disagree")
    return own
