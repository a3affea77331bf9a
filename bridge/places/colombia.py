"""
Colombian addresses: the nomenclature is one thing and is kept whole.

`Cra. 7 # 72-41` names the crossing and the metres from it, so it can not be
cut into a street and a number. What follows it (flat, tower, building) is
the complement. The barrio is taken only where it is called so.
"""

import re

from bridge.places.parts import UNKNOWN, Parts
from bridge.places.text import LONGEST_LINE, WORD_JOINER, visible

_SIDE = r"(?:\s*(?:sur|norte|este|oeste)\b)?"
_PLATE = rf"\d+\s*[a-z]{{0,2}}(?:\s*bis(?:\s*[a-z])?)?{_SIDE}"
_NOMENCLATURE = re.compile(
    r"(?:calle|clle|cll|cl|carrera|cra|kra|cr|kr|avenida|av|ak|ac"
    r"|diagonal|diag|dg|transversal|transv|tv|circular|autopista)\b\.?\s*"
    rf"[^#,]*?(?:#|\bno\b\.?|\bn[°º]\.?)\s*{_PLATE}\s*-\s*\d+{_SIDE}",
    re.IGNORECASE,
)
_BARRIO = re.compile(r"\b(?:barrio|brr?\.|b/)\s*(?P<name>.+)$", re.IGNORECASE)
_COMPLEMENT = re.compile(
    r"\b(?:apto|apartamento|apt|int|interior|torre|oficina|of|casa|bloque"
    r"|piso|local|edificio|edif|conjunto|etapa|manzana|lote)\b",
    re.IGNORECASE,
)


def split_address(
    address1: str | None, address2: str | None, *, given: Parts = UNKNOWN
) -> Parts:
    """
    Return what is sure of a Colombian address.

    The street is the nomenclature; where the first line has none (a
    vereda, a kilometre), it is that line as it stands. The interior number
    is the whole complement (`Apto 502 Torre 3`). *given* wins.
    """
    second, _, marked = (address2 or "").partition(WORD_JOINER)
    street, rest = _nomenclature(visible(address1 or ""))
    complement, barrio = _without_barrio(f"{rest},{visible(second)}")
    return Parts(
        street=given.street or street or None,
        exterior_number=given.exterior_number,
        interior_number=given.interior_number or complement or None,
        neighbourhood=given.neighbourhood or visible(marked) or barrio,
    )


def _nomenclature(line: str) -> tuple[str, str]:
    found = _NOMENCLATURE.match(line[:LONGEST_LINE])
    if found is None:
        return line, ""
    return found[0].strip(), line[found.end() :].strip(" ,-")


def _without_barrio(text: str) -> tuple[str, str | None]:
    """
    Return the complement, and the barrio where it is told once, clearly.

    A barrio that runs on into a complement (`barrio Galán apto 2`) is not
    sure and stays where it is.
    """
    pieces: list[str] = []
    barrios: list[str] = []
    for piece in (part.strip() for part in text.split(",")):
        found = _BARRIO.search(piece)
        if found and not _COMPLEMENT.search(found["name"]):
            barrios.append(found["name"].strip())
            piece = piece[: found.start()].strip()  # noqa: PLW2901
        pieces.append(piece)
    complement = ", ".join(piece for piece in pieces if piece)
    return complement, barrios[0] if len(barrios) == 1 else None
