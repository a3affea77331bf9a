"""
What the address says in its other fields, and customers repeat in the lines.

`Av. Juárez 100, Centro, 06000 CDMX`: the postal code and the city are no
part of the street. Only whole words of a piece are taken for a repetition,
so that a colonia `Jardines de Guadalajara` stays one.
"""

import re
from dataclasses import dataclass

from bridge.places.states import state_words
from bridge.places.text import folded

_COUNTRIES = {
    "MX": ("mexico", "mex"),
    "CO": ("colombia", "dc"),
}
_POSTAL_CODE = re.compile(
    r"\b(?:c\.?\s?p\.?|c[oó]digo\s+postal)[\s:#]*(\d{5,6})\b"
    r"|(?<![\w#-])(\d{5,6})$|^(\d{5,6})(?=\s)",
    re.IGNORECASE,
)
_BOROUGH = re.compile(
    r"(?:alcald[ií]a|alc\.|delegaci[oó]n|deleg|del\.|municipio|mpio|mun\.)"
    r"\.?\s*(?:de\s+)?[^\W\d_]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The other fields of an address, as they came."""

    city: str | None = None
    state: str | None = None
    """ISO 3166-2 without the country."""
    postal_code: str | None = None
    names: tuple[str | None, ...] = ()
    """Of the receiver and their company."""


NOTHING = Beside()


class Repeated:
    """Says of words whether they only repeat what stands beside."""

    __slots__ = ("_city", "_postal_code", "_words")

    def __init__(self, country: str, beside: Beside) -> None:
        self._city = folded(beside.city or "")
        self._postal_code = folded(beside.postal_code or "")
        words = {*state_words(country, beside.state), *_COUNTRIES[country]}
        words.update(map(folded, filter(None, (beside.city, *beside.names))))
        words.discard("")  # a company `-` is no word: all begin with it
        self._words = sorted(words, key=len, reverse=True)

    def without_postal_code(self, text: str) -> tuple[str, str]:
        """
        Return what stands before and after a postal code in *text*.

        A number of five or six digits without `C.P.` is one only when it
        is the address' own.
        """
        for found in _POSTAL_CODE.finditer(text):
            number = found[1] or found[2] or found[3]
            if found[1] or number == self._postal_code:
                return text[: found.start()].strip(" ,.;-"), text[
                    found.end() :
                ].strip(" ,.;-")
        return text, ""

    def is_postal_code(self, text: str) -> bool:
        """Return whether *text* is the address' own postal code."""
        return bool(self._postal_code) and folded(text) == self._postal_code

    def place(self, text: str) -> bool:
        """Return whether *text* is nothing but what stands beside."""
        word = folded(text)
        if not word:
            return True
        if _BOROUGH.match(text):
            return True
        if self._city and word.startswith(f"{self._city}de"):
            return True
        while word:
            known = next((w for w in self._words if word.startswith(w)), None)
            if known is None:
                return False
            word = word[len(known) :]
        return True

    def without_place(self, text: str) -> str:
        """Return *text* without a city or state at its end."""
        words = text.split()
        for count in range(1, len(words)):
            if self.place(" ".join(words[count:])):
                return " ".join(words[:count])
        return text
