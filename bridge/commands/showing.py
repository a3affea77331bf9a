"""
How commands show things: tables for people, JSON for scripts.

On a narrow terminal a table becomes a list of blocks. What comes from
outside is shown without its control characters.
"""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.model import Instant
from bridge.web.shapes import Shape

NARROW = 60
"""Columns of a terminal below which a table can not be read."""

WHEN_PIPED = 120
"""Columns where the output is no terminal."""

UTC_COLUMN = "at (UTC)"

STYLES = {
    "succeeded": "green",
    "planned": "green",
    "ok": "green",
    "held": "yellow",
    "uncertain": "yellow",
    "unusable": "yellow",
    "warn": "yellow",
    "dead": "red",
    "bad": "red",
    "paused": "red",
}

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """Add `--json` to *command*."""
    option = click.option(
        "--json", "as_json", is_flag=True, help="For scripts."
    )
    return option(command)


def console() -> Console:
    """Return where things are printed now."""
    made = Console(highlight=False, markup=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in made._environ:  # noqa: SLF001
        made.width = WHEN_PIPED
    return made


def clean(value: object) -> str:
    """Return *value* as one line that no terminal obeys."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else "·" for c in text)


def when(instant: int | None) -> str:
    """Return a time to the second, UTC, as a person reads it."""
    if instant is None:
        return ""
    moment = datetime.fromtimestamp(Instant(instant) / 1000, tz=UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def short(instant: int | None) -> str:
    """Return a time for a table: a year more or less is known there."""
    return when(instant).partition("-")[2]


def show_rows(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, none: str
) -> None:
    """
    Print *rows* under *columns*, or as blocks where that is too wide.

    Args:
        none: what is said when there are no rows.
    """
    out = console()
    if not rows:
        out.print(none)
        return
    texts = [[_text(cell) for cell in row] for row in rows]
    if out.width < NARROW:
        for row in texts:
            show_fields(list(zip(columns, row, strict=True)), out)
            out.print()
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column, overflow="fold", no_wrap=column in {"id", UTC_COLUMN}
        )
    for row in texts:
        table.add_row(*row)
    out.print(table)


def show_fields(
    fields: Sequence[tuple[str, object]], out: Console | None = None
) -> None:
    """Print one `name: value` per line; what is empty is left out."""
    out = out or console()
    for name, value in fields:
        text = value if isinstance(value, Text) else _text(value)
        if text.plain:
            out.print(Text.assemble((f"{name}: ", "bold"), text))


def show_heading(text: str) -> None:
    """Print a line that begins a part."""
    console().print(Text(f"\n{text}", "bold"))


def show_json(value: Shape) -> None:
    """Print what the admin API would answer."""
    show_data(value.model_dump(mode="json"))


def show_data(value: object) -> None:
    """Print *value* as JSON."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _text(cell: object) -> Text:
    text = clean(cell)
    return Text(text, STYLES.get(text, ""))
