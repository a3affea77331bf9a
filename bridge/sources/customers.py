"""What shops ask of customers in fields of their own, and in many words."""

import re
from collections.abc import Iterable, Mapping

from bridge.model import JSON
from bridge.places import phones
from bridge.places.text import folded
from bridge.sources.reading import text

_DOCUMENTS = (
    "cedula",
    "cedulaciudadania",
    "cedulanit",
    "nit",
    "rfc",
    "cc",
    "documento",
    "documentoidentidad",
    "numerodocumento",
    "numerodedocumento",
    "identificacion",
)
"""Folded names under which shops ask for an identity number."""
_DOCUMENT = re.compile(r"(?=.*[0-9])[0-9A-Za-zÑñ&.\- ]{5,25}")
PHONES = frozenset({"telefono", "phone", "celular", "movil", "whatsapp"})
"""Folded names under which shops ask for a phone."""


def document(fields: Iterable[tuple[str, JSON]]) -> str | None:
    """Return the identity number among *fields* of name and value."""
    for name, value in fields:
        if folded(name) in _DOCUMENTS:
            number = text(value)
            if number and _DOCUMENT.fullmatch(number):
                return number
    return None


def asked_phones(fields: Mapping[str, JSON]) -> list[str | None]:
    """Return the phones that a shop asked for in fields of its own."""
    return [
        text(value) for name, value in fields.items() if folded(name) in PHONES
    ]


def best_phone(
    candidates: Iterable[str | None], country: str | None
) -> str | None:
    """
    Return the first candidate that can be called, as it was typed.

    When none can, the first that is there at all, so that a person sees
    what the customer wrote.
    """
    given = [candidate for candidate in candidates if candidate]
    for candidate in given:
        if phones.e164(candidate, country or ""):
            return candidate
    return given[0] if given else None


def full_name(*names: str | None) -> str | None:
    """Return first and last name as one, or None."""
    return " ".join(name for name in names if name) or None
