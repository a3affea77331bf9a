"""`places`: tables of places that an operator brings."""

import csv
import os
from pathlib import Path

import click

from bridge.commands.exits import Commands, ExitCode, Failed
from bridge.places.municipalities import Municipalities
from bridge.settings import read_settings

SHOWN = 20
"""So many lines that can not be used are told one by one."""


@click.group(cls=Commands)
def places() -> None:
    """Tables of places, for mapping files."""


@places.command("import")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--as",
    "name",
    default="municipios.csv",
    show_default=True,
    help="Its name in the folder of mapping files.",
)
def import_places(file: Path, name: str) -> None:
    """
    Make a table for `location` of DANE's DIVIPOLA in the CSV FILE.

    It is written beside the mapping files, which name it under `tables:`
    (`municipios: municipios.csv`). Lines that can not be used are told, and
    left out.
    """
    if Path(name).name != name or not name.endswith(".csv"):
        message = f"{name!r}: the name of a CSV file is expected, no path"
        raise click.UsageError(message)
    text = file.read_text("utf-8-sig", errors="replace")
    table = Municipalities.from_csv(text)
    for line in table.bad_lines[:SHOWN]:
        click.echo(f"{file.name}:{line.number}: {line.reason}", err=True)
    more = len(table.bad_lines) - SHOWN
    if more > 0:
        click.echo(f"… and {more} more", err=True)
    if not len(table):
        message = (
            f"{file}: no municipality was found: columns for the code"
            " (05001), the department and the name are expected, as in"
            " DANE's DIVIPOLA; nothing was written"
        )
        raise Failed(message, ExitCode.WRONG)
    into = read_settings(os.environ).mappings / name
    part = into.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened, lineterminator="\n")
        rows.writerow(("place", "location"))
        rows.writerows(table.keys().items())
    part.rename(into)
    click.echo(f"{len(table)} municipalities, in {into}")
