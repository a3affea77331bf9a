"""
Tables for `lookup` that stand in CSV files beside a mapping file.

The text of a mapping that is kept, hashed and compiled again later has to
hold all that a request depends on. So a text that names CSV files carries
them behind the YAML, as comments:

    # ---- table skus.csv
    # tienda,rayo
    # CAF-500,7501000000011

`text_with_tables` puts them there, `apart` takes them off again, and
`read_table` makes a table of one, or says what is wrong in which line.
"""

import csv
import re
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field

from bridge.errors import MappingError, Problem
from bridge.mapping.text import (
    BYTE_ORDER_MARK,
    NOT_UTF8,
    Node,
    read_yaml,
    too_long,
)
from bridge.mapping.words import nearest
from bridge.places.text import visible
from bridge.saying import said

LONGEST = 1024 * 1024  # characters
MOST_ROWS = 50_000
LONGEST_CELL = 256  # characters
LONGEST_LINE = 64 * 1024  # characters
KEY_AND_VALUE = 2

REFERENCE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,99}\.csv)(?:#(.+))?")
"""`skus.csv`, or `skus.csv#rayo` for one of several columns."""
_HEAD = "# ---- table "
_ABSENT = "# ---- no table; there are:"
_BLOCKS = re.compile(rf"^(?:{_HEAD}|{_ABSENT})", re.MULTILINE)
_ROUNDED = re.compile(r"-?\d(?:[.,]\d+)?E\+\d+")

ReadFile = Callable[[str], str | None]
"""Gives the text of a file of the folder, or None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """
    The text of a mapping file, and the CSV files that it carries.

    Args:
        yaml: as it stands in the file.
        files: lines by the file's name.
        others: names of CSV files in its folder, where one was missing.
    """

    yaml: str
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    others: Sequence[str] = ()


def text_with_tables(
    yaml: str, read: ReadFile, names: Callable[[], Iterable[str]]
) -> str:
    """
    Return *yaml* with the CSV files that it names behind it.

    Args:
        names: gives the names of all CSV files that there are.
    """
    wanted = _named_in(yaml)
    if not wanted:
        return yaml
    own = apart(yaml).yaml
    lines = [own if own.endswith("\n") else f"{own}\n"]
    found = {name: read(name) for name in wanted}
    if None in found.values():
        lines.append(f"{_ABSENT} {' '.join(sorted(names()))}\n")
    for name, text in found.items():
        if text is not None:
            lines.append(f"{_HEAD}{name}\n")
            lines += [f"# {line}\n" for line in _lines(text)]
    return "".join(lines)


def apart(text: str) -> Apart:
    """Take off what `text_with_tables` put behind a text."""
    begin = _BLOCKS.search(text)
    if begin is None:
        return Apart(yaml=text)
    carried = text[begin.start() :].split("\n")
    if not all(line.startswith("#") or not line for line in carried):
        return Apart(yaml=text)  # somebody's own comment
    files: dict[str, list[str]] = {}
    others: list[str] = []
    rows: list[str] = []
    for line in carried:
        if line.startswith(_ABSENT):
            others = line.removeprefix(_ABSENT).split()
        elif line.startswith(_HEAD):
            rows = files[line.removeprefix(_HEAD).strip()] = []
        elif line:
            rows.append(line.removeprefix("#").removeprefix(" "))
    return Apart(yaml=text[: begin.start()], files=files, others=others)


def read_table(
    lines: Sequence[str], *, file: str, column: str | None
) -> dict[str, str]:
    """
    Return a table of the lines of a CSV file.

    Args:
        file: as messages name it.
        column: the heading of the values' column; None where there are
            just keys and values.

    Raises:
        MappingError: with the first line that is wrong, and what to do.
    """
    return _Reader(file).table(lines, column)


def rows_of(
    lines: Sequence[str], *, file: str
) -> Iterator[tuple[int, list[str]]]:
    """
    Yield the number and the cells of each line of a CSV file.

    Cells are without blanks around them; lines without any are left out.

    Raises:
        MappingError: a line is not UTF-8, or no CSV.
    """
    for number, line in enumerate(lines, start=1):
        cells = _cells(number, line, file)
        if any(cells):
            yield number, cells


def _cells(number: int, line: str, file: str) -> list[str]:
    if NOT_UTF8 in line:
        message = said("is not UTF-8: save the file as `CSV UTF-8`")
        raise _wrong(file, number, message, line.index(NOT_UTF8) + 1)
    if BYTE_ORDER_MARK in line:
        message = said(
            "a byte order mark stands inside the file, as when two files are "
            "joined: take it out"
        )
        at = line.index(BYTE_ORDER_MARK) + 1
        raise _wrong(file, number, message, at)
    if len(line) > LONGEST_LINE:
        message = said(
            "is longer than %(most)s characters: is it a CSV?",
            most=LONGEST_LINE,
        )
        raise _wrong(file, number, message)
    if "\0" in line:
        message = said("is no text: save the file as CSV")
        raise _wrong(file, number, message)
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        message = said('a " is not closed: a cell ends on its own line')
        raise _wrong(file, number, message, line.find('"') + 1) from None
    return [cell.strip() for cell in rows[0]] if rows else []


def _wrong(
    file: str, line: int, message: str, column: int = 1
) -> MappingError:
    problem = Problem(
        file=file, line=line, column=column if line else 0, message=message
    )
    return MappingError([problem])


def _named_in(yaml: str) -> list[str]:
    """Return the CSV files that the tables of a text name, in order."""
    if ".csv" not in yaml:
        return []
    try:
        root = read_yaml(yaml, file="")
    except MappingError:  # it is told when it is compiled
        return []
    tables = root.value.get("tables") if isinstance(root.value, dict) else None
    rows = tables.value if isinstance(tables, Node) else None
    found = [
        REFERENCE.fullmatch(str(node.value))
        for node in (rows.values() if isinstance(rows, dict) else ())
    ]
    return list(dict.fromkeys(match[1] for match in found if match))


def _lines(text: str) -> list[str]:
    """Return the lines of a file, cut where it is too long to be taken."""
    kept = text.removeprefix(BYTE_ORDER_MARK)[: LONGEST + 1]
    return kept.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class _Reader:
    """Reads one CSV file; the first wrong line ends it."""

    def __init__(self, file: str) -> None:
        self._file = file

    def table(
        self, lines: Sequence[str], column: str | None
    ) -> dict[str, str]:
        """Return keys and values."""
        if sum(map(len, lines)) + len(lines) > LONGEST:
            raise self._wrong(0, too_long(LONGEST))
        if len(lines) > MOST_ROWS:
            message = said("has more than %(most)s lines", most=MOST_ROWS)
            raise self._wrong(0, message)
        rows = rows_of(lines, file=self._file)
        _, heads = next(rows, (1, []))
        at = self._column(heads, column)
        found: dict[str, str] = {}
        places: dict[str, int] = {}
        for number, cells in rows:
            cells[0] = visible(cells[0])  # as it is in an order
            self._check(number, cells, heads, places)
            places[cells[0]] = number
            if cells[at]:
                found[cells[0]] = cells[at]
        return found

    def _column(self, heads: list[str], column: str | None) -> int:
        """Return where the values stand."""
        listed = ", ".join(heads)[:LONGEST_CELL]
        if not heads:
            message = said(
                "is empty: a line with headings is expected, such as "
                "`key,value`, and below it a line for each key"
            )
            raise self._wrong(1, message)
        fault = _wrong_headings(heads)
        if fault:
            raise self._wrong(1, fault)
        if column is None:
            if len(heads) > KEY_AND_VALUE:
                name = self._file.rpartition("/")[2]
                message = said(
                    "has %(count)s columns, %(names)s: say which one holds "
                    "the values, as %(file)s#%(example)s",
                    count=len(heads),
                    names=listed,
                    file=name,
                    example=heads[1],
                )
                raise self._wrong(1, message)
            return 1
        if column not in heads[1:]:
            message = said(
                "has no column %(name)r%(hint)s: there are %(names)s",
                name=column,
                hint=nearest(column, heads[1:]),
                names=listed,
            )
            raise self._wrong(1, message)
        return heads.index(column)

    def _check(
        self,
        number: int,
        cells: list[str],
        heads: list[str],
        places: Mapping[str, int],
    ) -> None:
        key = cells[0]
        if len(cells) != len(heads):
            raise self._wrong(number, _wrong_count(cells, heads))
        if not key:
            raise self._wrong(number, said("%(word)r is empty", word=heads[0]))
        if key in places:
            message = said(
                "%(key)r stands in line %(line)s already: one of the two has "
                "to go",
                key=key[:40],
                line=places[key],
            )
            raise self._wrong(number, message)
        for cell in cells:
            if len(cell) > LONGEST_CELL:
                message = said(
                    "a cell is longer than %(most)s characters",
                    most=LONGEST_CELL,
                )
                raise self._wrong(number, message)
            if _ROUNDED.fullmatch(cell):
                message = said(
                    "%(cell)r is a number that the spreadsheet rounded: make "
                    "the column text there, and enter it again",
                    cell=cell,
                )
                raise self._wrong(number, message)

    def _wrong(self, line: int, message: str) -> MappingError:
        return _wrong(self._file, line, message)


def _wrong_headings(heads: list[str]) -> str:
    """Say what is wrong with the first line, or nothing."""
    if len(heads) == 1:
        return _one_column(heads[0])
    if heads[0].startswith("sep="):
        return said("sep= is for a spreadsheet only: take this line out")
    if "" in heads:
        return said(
            "column %(number)s has no heading: give it one, or take the "
            "commas at the ends of the lines out",
            number=heads.index("") + 1,
        )
    if len(set(heads)) < len(heads):
        twice = next(one for one in heads if heads.count(one) > 1)
        return said(
            "two columns are called %(name)r: rename one", name=twice[:40]
        )
    return ""


def _one_column(head: str) -> str:
    """Say why there is one column only."""
    for sign, name in ((";", said("semicolons")), ("\t", said("tabs"))):
        if sign in head:
            return said(
                "%(signs)s stand between the columns, and commas are "
                "expected: save the file as CSV with commas",
                signs=name,
            )
    return said(
        "has one column only: a key and a value are expected, `key,value`"
    )


def _wrong_count(cells: list[str], heads: list[str]) -> str:
    few = len(cells) < len(heads)
    hint = (
        said("is a comma missing?")
        if few
        else said('put "…" around a cell with a comma')
    )
    if len(cells) == 1:
        return said(
            "has 1 cell, and %(wanted)s are expected: %(hint)s",
            wanted=len(heads),
            hint=hint,
        )
    return said(
        "has %(count)s cells, and %(wanted)s are expected: %(hint)s",
        count=len(cells),
        wanted=len(heads),
        hint=hint,
    )
