"""
What follows the house number in a Mexican address, piece by piece.

At the start of a piece, in this order: the postal code, city and state again
(nothing new); a flat, office, tower, floor; cross streets; a colonia with its
mark; words that only help to find the door. What is left is a colonia
without a mark when it has no digits, does not begin like a street, and has
no word of `bridge.places.telling`; and a doubt otherwise.
"""

import re

from bridge.places.beside import Repeated
from bridge.places.findings import Findings
from bridge.places.telling import is_no_name, is_nothing
from bridge.places.text import folded, has_digit

SIDES = r"(?:sur|norte|nte|oriente|ote|poniente|pte)\b\.?"
KINDS = (
    r"(?:calle|c|avenida|avda|ave|av|boulevard|bulevar|blvd|blvrd|calzada"
    r"|calz|privada|priv|pvda|cerrada|cda|callej[oó]n|cjon|andador|and|paseo"
    r"|eje|prolongaci[oó]n|prolong|prol|camino|circuito|cto|retorno|rtno|ret"
    r"|diagonal|diag|perif[eé]rico|viaducto|v[ií]a)\b[.:]?"
)
MARK = (
    r"(?:\#|\bno(?![^\W\d_])\.?|\bn[uú]m(?:ero)?\b\.?:?|\bn\.?[°º]\.?)"
    r"(?:\s*ext(?:erior)?\b\.?)?"
)
NUMBER = rf"\d{{1,5}}(?:-?[a-z]\b)?(?:\s+bis\b)?(?:\s+{SIDES})?"

_DOOR = (
    r"(?<!circuito\s)(?:interior|int|departamento|depto|depa|dpto|dep"
    r"|apartamento|apto|apt)"
)
_PLACE = (
    r"(?:accesoria|acc|bloque|bodega|casa|condominio|cond|consultorio"
    r"|cub[ií]culo|despacho|desp|edificio|edif|entrada|ent|local|locales|loc"
    r"|m[oó]dulo|mod|nave|nivel|oficina|ofic|ofna|of|piso|suite|torre"
    r"|vivienda|viv)"
)
UNIT_WORD = rf"(?:{_DOOR}|{_PLACE})\b"
_MARK_OF_UNIT = r"(?:\#|\bno\b\.?|\bn[uú]m(?:ero)?\b\.?)"
_VALUE = r"(?:\d{1,5}(?:-?[a-z0-9]{1,4})?|[a-z](?:-?\d{1,4}|-[a-z])?)\b"
_WORD = r"[^\W\d_]+\.?"
_UNIT = (
    rf"(?:{_MARK_OF_UNIT}\s*)?{UNIT_WORD}\.?(?:\s*{_MARK_OF_UNIT})?"
    rf"[\s:]*{_VALUE}(?:\s+y\s+\d{{1,4}}\b)?"
    rf"|(?:{_DOOR}|{_PLACE})\d{{1,4}}\b"
)
_BUILDING = (
    rf"(?:torre|edificio|edif)\b\.?\s+(?:{_VALUE}"
    rf"|(?:(?:las?|los|el|san|santa)\s+)?{_WORD})"
)
_FLOOR = (
    r"(?:primer|segundo|tercer|cuarto|quinto|\d{1,2}\s?(?:er|do|to|vo|o|a)?)"
    r"\s+piso\b(?!\s*\d)"
    r"|(?:altos|bajos|mezzanine|s[oó]tano)(?=[ .]*(?:[,\n]|$))"
    r"|planta\s+(?:baja|alta)\b|p\.?b\b\.?|ph(?:[\s-]?\d{1,3})?\b"
)
_BUILDING_AND_FLAT = rf"{_BUILDING}\s+\d{{1,4}}(?:-?[a-z])?\b"
_ITEM = (
    rf"(?:{_BUILDING_AND_FLAT}|{UNIT_WORD}\.?\s+(?:{_FLOOR})|{_UNIT}|{_FLOOR}"
    rf"|{_BUILDING})"
)
_UNITS = re.compile(
    rf"{_ITEM}(?:[\s,]+{_ITEM}){{0,3}}(?=[\s,.;/]|$)", re.IGNORECASE
)
_ONE_DOOR = re.compile(
    rf"(?:{_MARK_OF_UNIT}\s*)?{_DOOR}\b\.?(?:\s*{_MARK_OF_UNIT})?"
    rf"[\s:]*(?P<value>{_VALUE}(?:\s+y\s+\d{{1,4}}\b)?)",
    re.IGNORECASE,
)
_VALUE_ONLY = re.compile(_VALUE, re.IGNORECASE)
_UNIT_IN_NAME = re.compile(rf"\s+(?=(?:{_UNIT}))", re.IGNORECASE)

_CROSS = r"(?:(?:entre|esq\.?|esquina)\b|e/|x\s*(?=\d)|por\s+(?=\d+\s+y\s+\d))"
_CROSSING = re.compile(
    r"(?:x|por)\s*\d{1,3}(?:-?[a-z]\b)?(?:\s+y\s+\d{1,3}(?:-?[a-z]\b)?)?",
    re.IGNORECASE,
)
_CROSS_STREETS = re.compile(rf"{_CROSS}.*", re.IGNORECASE)
_LANDMARK = (
    r"(?:en)?frente|junto|al?\s+(?:un\s+)?(?:lado|costado|espaldas|media)"
    r"|a\s+(?:una|dos|\d)\s+cuadras?|a\s+la\s+vuelta|atr[aá]s|detr[aá]s"
    r"|cerca|casi|entrando|subiendo|bajando|pasando"
)
_TO_FIND_THE_DOOR = re.compile(
    rf"(?:{_LANDMARK}|port[oó]n|zagu[aá]n|puerta|fachada|color|timbre|tocar"
    r"|dejar|entregar|recibe|atenci[oó]n|atte?n?|ref(?:erencias?)?"
    r"|sra|sr|srita|familia|fam"
    r"|casa\s+(?:de\s+)?(?:color|blanca|azul|verde|roja|amarilla|rosa|gris"
    r"|caf[eé]|naranja|beige|esquina|dos|dos\s+pisos))\b[.:]?.*",
    re.IGNORECASE,
)

_COLONIA = r"(?:colonia|col|fraccionamiento|fracc)\b"
_CALLED_SO = (
    r"(?:barrio|ejido|pueblo|poblado|unidad\s+hab(?:itacional)?\b"
    r"|u\.?\s?h\.|infonavit|residencial|ampliaci[oó]n|parque\s+industrial"
    r"|zona\s+(?:centro|industrial|hotelera))"
)
_MARKED = re.compile(
    rf"(?:{_COLONIA}[.:\s]*(?P<name>.+)|(?P<whole>{_CALLED_SO}.*))",
    re.IGNORECASE,
)
_BEFORE_COLONIA = re.compile(
    rf"(?<![\s,;./-])[\s,;./-]+(?={_COLONIA}(?:\.|:|\s)"
    r"|(?:barrio|u\.?\s?h\.|infonavit)\s)",
    re.IGNORECASE,
)
_ORDINAL_OR_DATE = re.compile(
    r"\b\d{1,2}(?:\s+de\s+[^\W\d_]|(?:[dnrtv]?[aoª°]|er)\b\.?)", re.IGNORECASE
)
_NOT_A_COLONIA = re.compile(
    r"(?:(?:calle|c\.|avenida|av|boulevard|blvd|calzada|privada|priv|cerrada"
    r"|cda|callej[oó]n|prolongaci[oó]n|prol|paseo|perif[eé]rico)\b"
    r"\.?\s|[^\W\d_]+\s+y\s+[^\W\d_]+$|centro\s+comercial"
    r"|c\.?\s?c\.|parque|carretera|carr|autopista|rancho|condominio|edif"
    r"|whats)\b"
    r"|.*\b(?:s\.?a\.?\s+de\s+c\.?v|s\.?\s?de\s+r\.?l)\b",
    re.IGNORECASE,
)

_OTHER_THINGS = (_UNITS, _CROSS_STREETS, _NOT_A_COLONIA)

_SEPARATOR = re.compile(
    r"(?<!\bs)\s+/\s+(?!n\b)|\s*[;()]\s*|(?<=\d)\s+-\s+(?=[^\W\d_])"
    r"|\.\s+(?=alcald|delegaci|del\.|municipio|mpio|c\.?p\.?\s?\d)"
    r"|(?<=\d)\.\s+(?=[^\W\d_]{3})",
    re.IGNORECASE,
)
_ABBREVIATED = re.compile(r"\b(?:nte|ote|pte|secc?|ampl)\.$", re.IGNORECASE)

BEGINS = re.compile(
    rf"{_UNIT}|{_FLOOR}|{_BUILDING}\b|{_CROSS}|(?:{_LANDMARK})\b"
    rf"|{_COLONIA}[.:\s]|{_CALLED_SO}\b|c\.?\s?p\.?\s?\d{{5}}",
    re.IGNORECASE,
)
"""What a part after the number begins with."""


def cut(line: str) -> str:
    """Return *line* with commas where people leave them out or vary."""
    text = _SEPARATOR.sub(", ", line)
    return _BEFORE_COLONIA.sub(_comma, text)


def _comma(found: re.Match[str]) -> str:
    """Cut before a colonia only where a number stands before it."""
    before = found.string[: found.start()]
    has_number = any(sign.isdigit() for sign in before)
    return ", " if has_number or "s/n" in before.lower() else found[0]


def read_tail(pieces: list[str], findings: Findings, same: Repeated) -> None:
    """Read *pieces*, in order, into *findings*."""
    for piece in pieces:
        _read(piece, findings, same)


def door(units: list[str]) -> str | None:
    """Return `4B` for `Int. 4B`; other and several units stay whole."""
    if not units:
        return None
    single = _ONE_DOOR.fullmatch(units[0]) if len(units) == 1 else None
    return single["value"] if single else ", ".join(units)


def is_value(text: str) -> bool:
    """Return whether *text* looks like the number of a flat: `4B`."""
    return _VALUE_ONLY.fullmatch(text) is not None


def is_unit(text: str) -> bool:
    """Return whether *text* begins with a flat, tower, floor."""
    return _UNITS.match(text) is not None


def colonia(name: str) -> str:
    """Return a colonia's name without its mark."""
    found = _MARKED.fullmatch(name)
    return _bare((found["name"] or name) if found else name)


def _bare(name: str) -> str:
    """Return *name* without marks around it; `Roma Nte.` keeps its dot."""
    name = name.strip(" ,;-").lstrip(".")
    return name if _ABBREVIATED.search(name) else name.rstrip(" .")


def is_colonia(piece: str) -> bool:
    """Return whether *piece* is a colonia with its mark."""
    return _MARKED.fullmatch(piece) is not None


def tells_another_thing(name: str) -> bool:
    """Return whether what was told as a colonia is none, or not only that."""
    return (
        "," in name
        or (" " not in name and is_no_name(name))
        or any(pattern.match(name) for pattern in _OTHER_THINGS)
    )


def _read(piece: str, findings: Findings, same: Repeated) -> None:
    text, after = same.without_postal_code(piece)
    text = _bare(text.strip(" ,;/-"))
    if after and not same.place(after):
        findings.doubt("left_over")
    if is_nothing(text) or (same.place(text) and not is_colonia(text)):
        return
    for rule in _RULES:
        if rule(text, findings, same):
            return
    _read_unmarked(text, findings, same)


def _units(text: str, findings: Findings, same: Repeated) -> bool:
    found = _UNITS.match(text)
    if found:
        findings.units.append(found[0].strip(" ,."))
        _read(text[found.end() :], findings, same)
    return found is not None


def _crossing(text: str, findings: Findings, same: Repeated) -> bool:
    """`x 57 y 59`: what follows on it has no mark."""
    found = _CROSSING.match(text)
    if found and (rest := text[found.end() :].strip(" .")):
        findings.doubt("unmarked")
        _read(rest, findings, same)
    return found is not None


def _cross_streets(text: str, findings: Findings, _: Repeated) -> bool:
    found = _CROSS_STREETS.fullmatch(text)
    if found:
        findings.likely()
    return found is not None


def _colonia(text: str, findings: Findings, same: Repeated) -> bool:
    found = _MARKED.fullmatch(text)
    if found:
        _read_colonia(found["name"] or found["whole"], findings, same)
    return found is not None


def _to_find_the_door(text: str, findings: Findings, _: Repeated) -> bool:
    found = _TO_FIND_THE_DOOR.fullmatch(text)
    if found:
        findings.likely()
        if has_digit(text):
            findings.doubt("left_over")
    return found is not None


_RULES = (_units, _crossing, _cross_streets, _colonia, _to_find_the_door)


def _read_colonia(name: str, findings: Findings, same: Repeated) -> None:
    """Take a marked colonia; a flat may follow it without a comma."""
    name, *units = _UNIT_IN_NAME.split(name, maxsplit=1)
    name = _bare(name)
    if has_digit(_ORDINAL_OR_DATE.sub("", name)) or "/" in name:
        findings.doubt("left_over")
    if len(without_city(name, same)) < len(name):
        findings.doubt("left_over")
    if " " not in name and is_no_name(name):
        findings.doubt("left_over")
    findings.marked.append(name)
    for unit in units:
        _read(unit, findings, same)


def _read_unmarked(text: str, findings: Findings, same: Repeated) -> None:
    if is_value(text):
        findings.units.append(text)
        findings.doubt("unmarked")
        return
    name = without_city(text, same)
    if name != text:
        findings.doubt("unmarked")
    if has_digit(_ORDINAL_OR_DATE.sub("", name)):
        findings.doubt(
            "two_streets" if _begins_a_street(name) else "left_over"
        )
    elif _NOT_A_COLONIA.match(name) or is_no_name(name):
        findings.doubt("left_over")
    else:
        findings.unmarked.append(name)


_LINKS = frozenset(
    {"a", "de", "del", "la", "las", "los", "el", "san", "ciudad"}
)


def without_city(name: str, same: Repeated) -> str:
    """Return *name* without the city after it; `Lomas de León` stays."""
    bare = same.without_place(name)
    return name if folded(bare.split()[-1]) in _LINKS else bare


_STREET = re.compile(rf"{KINDS}\s", re.IGNORECASE)


def _begins_a_street(text: str) -> bool:
    return _STREET.match(text) is not None
