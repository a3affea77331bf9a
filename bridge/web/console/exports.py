"""Lists as CSV, for spreadsheets, which must not be harmed by them."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from typing import TypeVar

from flask import Response, stream_with_context
from flask_babel import gettext as _

PAGE = 500
MOST = 50_000
"""Rows of one file: beyond it a narrower filter is of more use."""

_BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for Latin-1
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

R = TypeVar("R")
Row = Sequence[object]
NextPage = Callable[[R | None, int], Sequence[R]]
"""Returns at most so many rows after one, the first ones after None."""


def csv_of(
    name: str,
    heads: Row,
    page: NextPage[R],
    row: Callable[[R], Row],
) -> Response:
    """Return an answer that is written page by page, as it is read."""
    lines = stream_with_context(_lines(heads, page, row))
    return Response(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def safe(cell: object) -> str:
    """Return a cell's text that no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def _lines(
    heads: Row, page: NextPage[R], row: Callable[[R], Row]
) -> Iterator[str]:
    yield _BYTE_ORDER_MARK + _text([heads])
    last: R | None = None
    for _nth in range(MOST // PAGE):
        found = page(last, PAGE)
        if found:
            yield _text(row(one) for one in found)
            last = found[-1]
        if len(found) < PAGE:
            return
    note = _("There may be more: this file ends after %(n)s.", n=MOST)
    yield _text([[note]])


def _text(rows: Iterable[Row]) -> str:
    out = StringIO()
    csv.writer(out).writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()
