"""
Colombian addresses: the nomenclature is one thing and is kept whole.

`Cra. 7 # 72-41` names the crossing and the metres from it, so it can not be
cut into a street and a number: all of it is the street, and there is no
exterior number. The rules, in the order in which they are tried:

1. A nomenclature with its sign (`Calle 100 No. 8A-49`) is sure; without the
   sign but with the dash (`Calle 45 23-67`) it is likely, with neither
   (`Calle 45 23 67`) doubtful.
2. A manzana and a house (`Mz C Casa 12`), as in housing schemes without
   streets, are the street, likely, when the barrio, urbanización or
   conjunto is told too.
3. A vereda, corregimiento, road or kilometre stays whole as the street,
   likely; the farm or house there is the complement.

What follows (flat, tower, building) is the complement, as it was typed. The
barrio is what is called so, else words on their own in a piece; an
urbanización keeps its word, for a barrio may have the same name.

Source: nomenclature as explained by Bogotá's Catastro Distrital and in
wiki.openstreetmap.org/wiki/ES:Nomenclatura_para_calles, read 2026-11-22.
"""

import re
from dataclasses import replace

from bridge.places.beside import NOTHING, Beside, Repeated
from bridge.places.findings import Findings
from bridge.places.parts import UNKNOWN, Parts
from bridge.places.telling import is_no_name, is_nothing
from bridge.places.text import (
    LONGEST_LINE,
    WORD_JOINER,
    folded,
    has_digit,
    has_phone,
    has_word,
    visible,
)

_SIDE = r"(?:\s*(?:sur|norte|este|oeste)\b)?"
_PLATE = rf"\d{{1,4}}\s?[a-z]{{0,2}}\b(?:\s*bis\b(?:\s*[a-z]\b)?)?{_SIDE}"
_KIND = (
    r"(?<!\w)(?:calle|clle|cle|cll|cl|carrera|carr|crr|cra|kra|krr|cr|kr|k"
    r"|avenida|avda|ave|avd|av|ak|ac|diagonal|diag|dig|dg"
    r"|transversal|transv|trans|trav|trv|tv|tr|circular|circ|cir"
    r"|autopista|autop|aut|v[ií]a|pasaje|pje)(?![^\W\d_])\.?"
)
_DASH = "[-–—]"
_SIGN = (
    r"(?:#|\bn[uú]m(?:ero)?\b\.?|\bnro\b\.?|\bno(?![^\W\d_])\.?|\bn[°º]\.?)"
)
_METRES = rf"\d{{1,3}}\b{_SIDE}(?:\s+bis\b)?"

_SIGNED = re.compile(
    rf"{_KIND}\s*[^#,\n]*?{_SIGN}\s*{_PLATE}\s?{_DASH}\s?{_METRES}",
    re.IGNORECASE,
)
_SIGNED_WITHOUT_DASH = re.compile(
    rf"{_KIND}\s*[^#,\n]*?{_SIGN}\s*{_PLATE}\s+{_METRES}", re.IGNORECASE
)
_DASHED = re.compile(
    rf"{_KIND}\s*{_PLATE}\s+{_PLATE}\s?{_DASH}\s?{_METRES}", re.IGNORECASE
)
_UNSIGNED = re.compile(
    rf"{_KIND}\s*{_PLATE}\s+{_PLATE}\s+{_METRES}", re.IGNORECASE
)
_BEGINS_A_STREET = re.compile(rf"{_KIND}\s*\S", re.IGNORECASE)
_NAMELESS = re.compile(rf"{_KIND}\s*{_SIGN}", re.IGNORECASE)
_CROSSING = re.compile(rf"\s(?:con|y|esq\.?|esquina)\s+{_KIND}", re.IGNORECASE)

_ID = r"(?:\d{1,4}[a-z]?|[a-z]{1,2}\d{0,2})\b"
_BLOCK = rf"(?:manzana|mza|mz)\b\.?\s*{_ID}"
_HOUSE = rf"(?:casa|cs|lote|lt)\b\.?\s*{_ID}"
_BLOCK_AND_HOUSE = re.compile(
    rf"(?:{_BLOCK}[\s,]+{_HOUSE}|{_HOUSE}[\s,]+{_BLOCK})", re.IGNORECASE
)
_BLOCK_ONLY = re.compile(rf"(?:super)?{_BLOCK}(?:\s*#\s*\d+)?", re.IGNORECASE)

_STAGE = re.compile(r"[\s,]*(?:etapa|et|sector)\b", re.IGNORECASE)

_RURAL = re.compile(
    r"(?:vereda|vda|corregimiento|corr|kil[oó]metro|km|v[ií]a|autopista"
    r"|carretera|troncal|variante)\b",
    re.IGNORECASE,
)
_KILOMETRE = re.compile(r"\bk(?:il[oó]metro|m)\b", re.IGNORECASE)

_NAMES_NO_ROAD = re.compile(
    r"\b(?:km|kil[oó]metro|vereda|vda|corregimiento|v[ií]a|principal)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_]{3}")

_UNIT_WORD = (
    r"(?:apartamento|apartaestudio|apto|apt|ap|bloque|blq|bl|bodega|bod|bg"
    r"|caba[nñ]a|casa|cs|consultorio|entrada|etapa|et|garaje|habitaci[oó]n"
    r"|interior|inte|int|in|local|lcl|loc|lote|lt|manzana|mz|nivel|oficina|ofic"
    r"|ofi|ofc|of|parcela|piso|ps|suite|torre|tor|to|t)"
)
_UNIT = (
    rf"{_UNIT_WORD}(?:\b\.?\s*(?:\#|no\b\.?)?\s*{_ID}|\d{{1,4}}\b)"
    r"(?:\s?[-–]\s?\d{1,4}\b)?"
)
_FLOOR = (
    r"(?:primer|segundo|tercer|cuarto|quinto|\d{1,2}\s?(?:er|do|to|o))\s+piso"
)
_NAMED = re.compile(
    r"(?:edificio|edif|ed|conjunto|conj|unidad|centro\s+(?:comercial"
    r"|empresarial)|c\.\s?c(?=\.)|cc|condominio|parcelaci[oó]n|finca|hacienda"
    r"|parque\s+(?:industrial|empresarial)|zona\s+franca|agrupaci[oó]n"
    r"|hotel|cl[ií]nica|hospital|universidad|colegio|multifamiliar)\b",
    re.IGNORECASE,
)
_UNITS = re.compile(
    rf"(?:{_UNIT}|(?:casa\s+)?{_FLOOR})"
    rf"(?:[\s,-]+(?:{_UNIT}|{_FLOOR})){{0,5}}",
    re.IGNORECASE,
)
_UNIT_INSIDE = re.compile(rf"\s+(?={_UNIT})", re.IGNORECASE)
_DATE = re.compile(r"^\d{1,2}\s+de\s+(?=[^\W\d_]{3,}$)", re.IGNORECASE)
_NUMBER_OF_FLAT = re.compile(r"[-–]?\s*\d{1,4}[a-z]?", re.IGNORECASE)

_BARRIO = re.compile(
    r"(?:barrio\b[.:]?|brr?\b\.?|b/|b\.(?=\s*[^\W\d_]{2}))\s*(?P<name>\S.*)"
    r"|(?P<whole>(?:urbanizaci[oó]n|urb)\b\.?\s*\S.*)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*[;()]\s*")
_BEFORE_BARRIO = re.compile(
    r"[\s,]+(?=(?:barrio\b|brr?\.\s|br\s|b/|urbanizaci[oó]n\b|urb\b))",
    re.IGNORECASE,
)
_BEFORE_BLOCK = re.compile(
    rf"(?<=\w)[\s,]+(?={_BLOCK}[\s,]+{_HOUSE})", re.IGNORECASE
)
_BARRIO_WITH_NUMBER = re.compile(
    r"\d{1,2}\s+de\s+[^\W\d_]|\d{3,4}\s+lotes", re.IGNORECASE
)
_AMBIGUOUS = re.compile(
    r"(?:torres?|mirador|portal|balcones|reserva|parque|plaza|oficinas?"
    r"|altos|torre|recoger?|entregar|tel|cel)\b",
    re.IGNORECASE,
)
_LANDMARK = re.compile(
    r"(?:(?:en)?frente|junto|al?\s+lado|diagonal\s+a|cerca|detr[aá]s"
    r"|arriba|abajo|entrando|porter[ií]a|port[oó]n|timbre|casa\s+(?:de|color"
    r"|blanca|azul|verde|roja|esquinera))\b",
    re.IGNORECASE,
)
_DONE = " ,.;-"


def split_address(
    address1: str | None,
    address2: str | None,
    *,
    given: Parts = UNKNOWN,
    beside: Beside = NOTHING,
) -> Parts:
    """
    Return the likeliest reading of a Colombian address; *given* wins.

    The interior number is the whole complement (`Apto 502 Torre 3`).
    """
    first, second = address1 or "", address2 or ""
    if not (first or second or given != UNKNOWN):
        return UNKNOWN
    if max(len(first), len(second)) > LONGEST_LINE:
        return replace(given, doubts=("too_long",))
    same = Repeated("CO", beside)
    second, _, told = second.partition(WORD_JOINER)
    if visible(told):
        given = replace(given, neighbourhood=visible(told))
    lines = dict.fromkeys((visible(first), visible(second)))
    text = "\n".join(_cut(line) for line in lines if line)
    findings = Findings()
    _read(text or given.street or "", findings, same)
    return _with_given(findings, given, same)


def _cut(line: str) -> str:
    return _BEFORE_BARRIO.sub(", ", _SEPARATOR.sub(", ", line))


def _pieces(text: str) -> list[str]:
    pieces = (piece.strip(_DONE) for piece in re.split(r"[,\n]", text))
    return [piece for piece in pieces if piece]


def _read(text: str, findings: Findings, same: Repeated) -> None:
    for rule in (_nomenclature, _block_and_house, _rural):
        rest = rule(text, findings, same)
        if rest is not None:
            break
    else:
        rest = _pieces(text)
        findings.doubt("no_street")
    for piece in rest:
        _read_piece(piece, findings, same)


def _nomenclature(
    text: str, findings: Findings, same: Repeated
) -> list[str] | None:
    """Take a nomenclature, and the pieces around it."""
    found = _find_nomenclature(text, findings)
    if found is None:
        return _unfinished(text, findings)
    findings.street = found[0].strip()
    before, after = text[: found.start()], text[found.end() :]
    if before and not re.search(r"[,\n]\s*$", before):
        findings.doubt("left_over")
    if re.match(rf"\s?{_DASH}\s?\d", after):
        findings.doubt("second_number")
    if _CROSSING.search(findings.street):
        findings.doubt("two_streets")
    if _NAMELESS.match(findings.street):
        findings.doubt("no_street")
    if re.search(rf"{_KIND}\s*\S+\s*{_SIGN}", after, re.IGNORECASE):
        findings.doubt("two_streets")
        after = ""
    return [*_pieces(before), *_after(after, findings, same)]


def _find_nomenclature(text: str, findings: Findings) -> re.Match[str] | None:
    for pattern in (_SIGNED, _SIGNED_WITHOUT_DASH, _DASHED, _UNSIGNED):
        if found := pattern.search(text):
            if pattern is not _SIGNED:
                findings.likely()
            if pattern is _UNSIGNED:
                findings.doubt("no_signs")
            return found
    return None


def _after(text: str, findings: Findings, same: Repeated) -> list[str]:
    """Return the pieces after the nomenclature; the first may be glued."""
    if not text or text[0] in ",\n":
        return _pieces(text)
    pieces = _pieces(text)
    if pieces and not (_is_marked(pieces[0]) or same.place(pieces[0])):
        findings.doubt("unmarked")
    return pieces


def _is_marked(piece: str) -> bool:
    return any(pattern.match(piece) for pattern in (_UNITS, _NAMED, _BARRIO))


def _unfinished(text: str, findings: Findings) -> list[str] | None:
    """Take a street without its plate: somebody must ask for it."""
    found = _BEGINS_A_STREET.match(text)
    if found is None or _KILOMETRE.search(text):
        return None
    street, *rest = _pieces(text)
    findings.street = street
    findings.doubt("no_number")
    return rest


def _block_and_house(
    text: str, findings: Findings, same: Repeated
) -> list[str] | None:
    text = _BEFORE_BLOCK.sub(", ", text)
    found = _BLOCK_AND_HOUSE.search(text)
    if found is None:
        findings.doubt("no_number")
        found = _BLOCK_ONLY.search(text)
    if found is None:
        findings.settle("no_number")
        return None
    findings.likely()
    findings.street = found[0]
    before, after = text[: found.start()], text[found.end() :]
    if before and not re.search(r"[,\n]\s*$", before):
        findings.doubt("left_over")
    if _STAGE.match(after):
        findings.doubt("left_over")
    pieces = [*_pieces(before), *_after(after, findings, same)]
    if not any(_names_a_place(piece) for piece in pieces):
        findings.doubt("no_barrio")
    return pieces


def _names_a_place(piece: str) -> bool:
    return bool(_BARRIO.match(piece) or _NAMED.match(piece))


def _rural(text: str, findings: Findings, _: Repeated) -> list[str] | None:
    """Take the pieces that name a vereda, a road, a kilometre."""
    pieces = _pieces(text)
    roads = [
        piece
        for piece in pieces
        if _RURAL.match(piece) or _KILOMETRE.search(piece)
    ]
    if not roads:
        return None
    findings.likely()
    rest = [piece for piece in pieces if piece not in roads]
    unit = _UNIT_INSIDE.search(roads[-1])
    if unit:
        rest.append(roads[-1][unit.end() :])
        roads[-1] = roads[-1][: unit.start()]
        findings.doubt("left_over")
    findings.street = ", ".join(roads)
    if not _NAME.search(_NAMES_NO_ROAD.sub("", findings.street)):
        findings.doubt("no_street")
    if any(_LANDMARK.match(piece) for piece in rest):
        findings.doubt("landmark")
    return rest


def _read_piece(piece: str, findings: Findings, same: Repeated) -> None:
    text, after = same.without_postal_code(piece)
    text = text.strip(_DONE)
    if after and not same.place(after):
        findings.doubt("left_over")
    if barrio := _BARRIO.match(text):
        _read_barrio(barrio["name"] or barrio["whole"], findings)
    elif is_nothing(text) or same.place(text):
        return
    elif units := _UNITS.match(text):
        _read_complement(text, units.end(), findings)
    elif _NAMED.match(text):
        findings.units.append(text)
    elif _NUMBER_OF_FLAT.fullmatch(text):
        findings.units.append(text.strip("-– "))
        findings.doubt("unmarked")
    else:
        _read_unmarked(text, findings)


def _read_complement(text: str, end: int, findings: Findings) -> None:
    """Take a complement whole; a name without a mark in it is a doubt."""
    rest = text[end:].strip(_DONE)
    findings.units.append(text)
    if rest and not _NAMED.match(rest):
        findings.doubt("left_over")


def _read_barrio(name: str, findings: Findings) -> None:
    """Take a barrio; a flat may follow it without a comma."""
    unit = _UNIT_INSIDE.search(name)
    if unit:
        findings.units.append(name[unit.end() :].strip(_DONE))
        findings.doubt("left_over")
        name = name[: unit.start()]
    if has_digit(_BARRIO_WITH_NUMBER.sub("", name)):
        findings.doubt("left_over")
    findings.marked.append(name.strip(_DONE))


def _read_unmarked(text: str, findings: Findings) -> None:
    if _LANDMARK.match(text):
        findings.likely()
        findings.units.append(text)
    elif has_digit(_DATE.sub("", text)) or _BEGINS_A_STREET.match(text):
        findings.units.append(text)
        findings.doubt("left_over")
    elif _AMBIGUOUS.match(text) or is_no_name(text):
        findings.units.append(text)
        findings.doubt("unmarked")
    else:
        findings.unmarked.append(text)


def _with_given(findings: Findings, given: Parts, same: Repeated) -> Parts:
    """Return the parts; what was *given* wins over what was found."""
    interior = ", ".join(findings.units) or None
    if given.interior_number:
        if interior and folded(interior) != folded(given.interior_number):
            findings.doubt("fields_disagree")
        interior = given.interior_number
        if _BEGINS_A_STREET.match(interior) or has_phone(interior):
            findings.doubt("left_over")
    if given.exterior_number and findings.street:
        plate = folded(given.exterior_number)
        if plate not in folded(findings.street):
            findings.exterior_number = given.exterior_number
            findings.doubt("fields_disagree")
    return findings.parts(
        interior=interior, neighbourhood=_neighbourhood(findings, given, same)
    )


def _neighbourhood(
    findings: Findings, given: Parts, same: Repeated
) -> str | None:
    told = given.neighbourhood
    if not told or is_nothing(told) or same.place(told):
        return findings.neighbourhood()
    found = _BARRIO.fullmatch(told)
    own = (found["name"] if found else None) or told
    if (
        not has_word(own)
        or _UNITS.match(own)
        or _BEGINS_A_STREET.match(own)
        or (" " not in own and is_no_name(own))
    ):
        findings.doubt("left_over")
    others = [*findings.marked, *findings.unmarked]
    if any(folded(other) != folded(own) for other in others):
        findings.doubt("fields_disagree")
    if findings.doubts == ["no_barrio"]:
        findings.doubts.clear()
    return own
