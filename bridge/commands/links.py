"""`links`: what targets call orders, where a person knows it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from pydantic import ValidationError

from bridge.commands.exits import Commands
from bridge.commands.files import look_at
from bridge.commands.journal import (
    actor,
    opened,
    query,
    reason_option,
)
from bridge.errors import MappingError, NotFound, Problem
from bridge.mapping.tables import rows_of
from bridge.mapping.words import nearest
from bridge.model import Link
from bridge.settings import read_settings
from bridge.web.forms import LinksBody, ReasonBody

HEADINGS = ("store", "order", "target", "name", "value")
AT_ONCE = 500
"""So many links are kept in one transaction."""


@click.group(cls=Commands)
def links() -> None:
    """What targets call orders, where a person knows it."""


@links.command("set")
@click.argument("store")
@click.argument("order")
@click.argument("target")
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE...")
@reason_option
def set_links(
    store: str, order: str, target: str, pairs: tuple[str, ...], reason: str
) -> None:
    """Say what TARGET calls ORDER; calls that waited for it go on."""
    from bridge.compose import now

    told = dict(_pair(pair) for pair in pairs)
    body = query(LinksBody, target=target, links=told, reason=reason)
    _refuse_unknown(target, _targets(), "target")
    found = [
        Link(
            store=store,
            order_id=order,
            target=target,
            name=name,
            value=value,
            source=f"operator:{actor()}",
        )
        for name, value in body.links.items()
    ]
    with opened() as journal:
        news = journal.teach(
            found, actor=actor(), reason=body.reason, now=now()
        )
    click.echo(f"{len(news)} of {len(found)} were news")


@links.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only look whether it is well.")
@reason_option
def import_links(file: str, reason: str, *, dry_run: bool) -> None:
    """
    Take what targets call orders from the CSV FILE.

    Its first line is `store,order,target,name,value`: the shop as
    stores.yaml names it, the shop's own id of the order, the target, and a
    link of the mapping files with its value. Orders that nobody has told of
    yet may be among them. Nothing is kept unless all lines are well.
    """
    from bridge.compose import now

    because = query(ReasonBody, reason=reason).reason
    found = _read(Path(file))
    if dry_run:
        click.echo(f"{len(found)} links are well; nothing was kept")
        return
    news = 0
    with opened() as journal:
        for start in range(0, len(found), AT_ONCE):
            part = found[start : start + AT_ONCE]
            news += len(
                journal.teach(part, actor=actor(), reason=because, now=now())
            )
    click.echo(f"{len(found)} links, {news} of them were news")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        message = f"{text!r}: NAME=VALUE is expected"
        raise click.UsageError(message)
    return name.strip(), value.strip()


def _targets() -> Sequence[str]:
    folder = read_settings(os.environ).mappings
    return sorted(look_at(folder, os.environ).targets)


def _refuse_unknown(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        message = f"there is no {what} {name!r}{nearest(name, iter(known))}"
        raise NotFound(message)


# --------------------------------------------------------------- the file


def _read(file: Path) -> list[Link]:
    """
    Return the links of a file.

    Raises:
        MappingError: with every line that is wrong.
    """
    files = look_at(read_settings(os.environ).mappings, os.environ)
    text = file.read_text("utf-8-sig", errors="replace")
    rows = rows_of(text.splitlines(), file=file.name)
    number, heads = next(rows, (1, []))
    if tuple(heads) != HEADINGS:
        message = f"`{','.join(HEADINGS)}` is expected on the first line"
        raise _wrong(file, [(number, message)])
    found: dict[tuple[str, ...], Link] = {}
    faults: list[tuple[int, str]] = []
    for number, cells in rows:
        link = _link(cells)
        key = tuple(cells[:-1])
        problems = [
            *_faults(cells, sorted(files.stores), sorted(files.targets))
        ]
        if key in found and found[key] != link:
            problems.append("the same link stands above with another value")
        faults += [(number, problem) for problem in problems]
        found[key] = link
    if faults:
        raise _wrong(file, faults)
    return list(found.values())


def _link(cells: Sequence[str]) -> Link:
    store, order, target, name, value = (*cells, *HEADINGS)[: len(HEADINGS)]
    return Link(
        store=store,
        order_id=order,
        target=target,
        name=name,
        value=value,
        source=f"import:{actor()}",
    )


def _faults(
    cells: Sequence[str], stores: Sequence[str], targets: Sequence[str]
) -> Iterator[str]:
    if len(cells) != len(HEADINGS):
        yield f"has {len(cells)} cells, and {len(HEADINGS)} are expected"
        return
    store, order, target, name, value = cells
    if store not in stores:
        yield f"there is no store {store!r}{nearest(store, iter(stores))}"
    if target not in targets:
        yield f"there is no target {target!r}{nearest(target, iter(targets))}"
    if not order:
        yield "the order's id is empty"
    try:
        LinksBody(target=target or "-", links={name: value}, reason="-")
    except ValidationError:
        yield f"{name!r} is no name of a link, or its value is empty"


def _wrong(file: Path, faults: Sequence[tuple[int, str]]) -> MappingError:
    return MappingError(
        [
            Problem(file=file.name, line=number, message=message)
            for number, message in faults
        ]
    )
