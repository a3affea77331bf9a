"""
The municipalities of Colombia and their DANE codes.

Every names a place `locations/CO-11001000`: the country and eight digits,
five of the municipality and three of the populated centre in it, `000` for
its seat. The table itself is not a part of the bridge: the operator brings
DANE's DIVIPOLA as CSV, in the form in which it can be had.

Source: geoportal.dane.gov.co DIVIPOLA and the same table as data set
`gdxc-w37w` at datos.gov.co; its codes are of the form 05001, and in some
exports lost their zero or have a comma; read 2026-11-22.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bridge.places.postal import DANE
from bridge.places.states import state_code
from bridge.places.text import folded

SEAT = "000"
"""The populated centre that is the municipality's seat."""

_CODES = (
    "code",
    "codigo",
    "codmpio",
    "codigomunicipio",
    "codigodanedelmunicipio",
    "codigodanemunicipio",
    "cdigodanedelmunicipio",
    "divipola",
    "mpcdpmp",
)
_DEPARTMENTS = (
    "department",
    "departamento",
    "dpto",
    "nomdpto",
    "nombredepartamento",
    "nombredpto",
)
_NAMES = (
    "municipality",
    "municipio",
    "mpio",
    "nommpio",
    "nombremunicipio",
    "nombrempio",
)
"""Folded names of the columns, in DANE's exports and our own table."""

_DIGITS = 5
_SIGNS_IN_CODE = re.compile(r"[\s,.]")
_OFFICIAL = re.compile(
    r"^(?:san jose de|santiago de|distrito(?: especial)? de)\s+|"
    r"\s+de indias$|,?\s*d\.?\s?c\.?$|,?\s*distrito capital$",
    re.IGNORECASE,
)
"""What official names have and customers leave out, or the other way."""
_ALSO: Mapping[str, tuple[str, ...]] = {
    "11001": ("Santa Fe de Bogotá", "Santafé de Bogotá", "Bogotá Distrito"),
    "13001": ("Cartagena de Indias",),
    "19001": ("Popayan",),
    "47001": ("Santa Marta D.T.C.H.",),
    "52001": ("San Juan de Pasto",),
    "54001": ("San José de Cúcuta",),
    "76001": ("Santiago de Cali",),
    "76111": ("Buga", "Guadalajara de Buga"),
    "88001": ("San Andrés Isla",),
}
"""Names that customers write, by code; none is another municipality's in
the same department."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """
    A line of the table that can not be used.

    Args:
        number: from 1, the header's line; quoted line ends count.
    """

    number: int
    reason: str


class Municipalities:
    """
    Codes of municipalities, by department and name.

    Args:
        bad_lines: what could not be used, for whoever brought the table.
    """

    __slots__ = ("_codes", "bad_lines")

    def __init__(
        self,
        codes: Mapping[tuple[str, str], str | None],
        bad_lines: tuple[BadLine, ...] = (),
    ) -> None:
        self._codes = codes
        self.bad_lines = bad_lines

    def __len__(self) -> int:
        """Return how many municipalities there are."""
        return len({code for code in self._codes.values() if code})

    @classmethod
    def from_csv(cls, text: str) -> "Municipalities":
        """
        Return the table that *text* is, a CSV file's content.

        Separated by commas, semicolons or tabs. A line that can not be
        used is reported and left out; the others stand.
        """
        lines = text.lstrip("\ufeff").splitlines()
        header = lines[0] if lines else ""
        separator = max(",;\t", key=header.count)
        rows = csv.reader(lines, delimiter=separator, strict=False)
        bad: list[BadLine] = []
        entries = list(_entries(rows, bad))
        return cls(_by_name(entries), tuple(bad))

    def code(self, department: str | None, city: str | None) -> str | None:
        """
        Return the five-digit code of *city*, or None.

        None too where two municipalities of the department have the name.

        Args:
            department: ISO 3166-2 without the country (`ANT`); None looks
                in all departments, and finds what is there once.
            city: as customers write it.
        """
        names = _spellings(city) if city else []
        found = (self._codes.get((department or "", one)) for one in names)
        return next((code for code in found if code), None)

    def keys(self) -> dict[str, str]:
        """
        Return Every's names of them by what `keys_of` gives, for a table.

        What two municipalities share is left out.
        """
        return {
            f"{department}/{name}": location(code)
            for (department, name), code in sorted(self._codes.items())
            if code is not None
        }


def keys_of(city: str | None, department: str | None) -> list[str]:
    """Return the keys under which a table may have a city, best first."""
    names = _spellings(city) if city else []
    return [f"{department or ''}/{name}" for name in names]


def location(code: str, centre: str = SEAT) -> str:
    """Return how Every names a municipality: `CO-11001000`."""
    return f"CO-{code}{centre}"


_Entry = tuple[str, str, str]
"""Code, department's ISO code, name."""


def _entries(
    rows: Iterable[list[str]], bad: list[BadLine]
) -> Iterator[_Entry]:
    """Yield what each line says; note those that can not be used."""
    numbered = enumerate(rows, 1)
    _, header = next(numbered, (1, []))
    columns = _columns(header)
    if columns is None:
        bad.append(BadLine(number=1, reason="no column for code and name"))
        return
    code_at, department_at, name_at = columns
    for number, row in numbered:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(code_at, department_at or 0, name_at):
            bad.append(BadLine(number=number, reason="columns are missing"))
            continue
        told = row[department_at] if department_at is not None else ""
        found = _entry(row[code_at], told, row[name_at])
        if isinstance(found, str):
            bad.append(BadLine(number=number, reason=found))
        else:
            yield found


def _columns(header: list[str]) -> tuple[int, int | None, int] | None:
    """Return where code, department and name stand."""
    names = [folded(cell) for cell in header]

    def place(known: tuple[str, ...]) -> int | None:
        return next(
            (names.index(name) for name in known if name in names), None
        )

    code, name = place(_CODES), place(_NAMES)
    if code is None or name is None:
        return None
    return code, place(_DEPARTMENTS), name


def _entry(code: str, department: str, name: str) -> _Entry | str:
    """Return an entry, or what is wrong with it."""
    number = _SIGNS_IN_CODE.sub("", code)
    if not number.isascii() or not number.isdigit():
        return "the code is no number"
    number = number.zfill(_DIGITS)
    if len(number) != _DIGITS:
        return "the code has not five digits"
    iso = DANE.get(number[:2])
    if iso is None:
        return "the code is of no department"
    told = state_code("CO", department, dialect="iso")
    if told is not None and told != iso:
        return "code and department do not agree"
    if not folded(name):
        return "the name is missing"
    return number, iso, name


def _by_name(
    entries: Iterable[_Entry],
) -> dict[tuple[str, str], str | None]:
    """
    Return the codes by department and name; None where it is not one.

    A name as the table has it beats a spelling made from another's.
    """
    entries = list(entries)
    found: dict[tuple[str, str], str | None] = {}
    official: dict[tuple[str, str], str | None] = {}
    for code, department, name in entries:
        for where in (department, ""):
            _add(official, (where, folded(name)), code)
            for other in (name, *_ALSO.get(code, ())):
                for spelling in _spellings(other):
                    _add(found, (where, spelling), code)
    return found | official


def _add(
    codes: dict[tuple[str, str], str | None],
    key: tuple[str, str],
    code: str,
) -> None:
    codes[key] = code if codes.get(key, code) == code else None


def _spellings(name: str) -> list[str]:
    """Return the ways in which a name is compared, the nearest first."""
    return list(
        dict.fromkeys((folded(name), folded(_OFFICIAL.sub("", _plain(name)))))
    )


def _plain(name: str) -> str:
    """Return *name* without accents, for the pattern."""
    return name.translate(_ACCENTS)


_ACCENTS = str.maketrans("áéíóúÁÉÍÓÚ", "aeiouAEIOU")
