"""`mappings` and `diff`: which texts are in force, and what others would do."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress
from rich.text import Text

from bridge.commands.exits import Commands, ExitCode, Failed
from bridge.commands.files import Files, look_at
from bridge.commands.journal import actor, opened, query, reason_option
from bridge.commands.showing import (
    clean,
    console,
    json_option,
    show_data,
    show_fields,
    show_rows,
    when,
)
from bridge.errors import NotFound
from bridge.hindsight import compared
from bridge.journal.protocol import Journal, MappingText
from bridge.mapping.catalog import Source
from bridge.mapping.difference import Group, Report, Turn
from bridge.model import JSON
from bridge.settings import load_sources, read_settings, surroundings
from bridge.standings import (
    Standing,
    State,
    force,
    standing_of,
    standings,
)
from bridge.web.explained import mapping_diff, mapping_item
from bridge.web.forms import ReasonBody

STYLES = {
    Turn.BREAKS: "bold red",
    Turn.FAILS: "red",
    Turn.DIFFERS: "yellow",
    Turn.SENDS: "green",
    Turn.STOPS: "yellow",
    Turn.WAITS: "yellow",
    Turn.MENDS: "green",
}
SPOKEN = {
    Turn.BREAKS: "can be made today, and could not be",
    Turn.FAILS: "would be asked for, and could not be made",
    Turn.DIFFERS: "would be another",
    Turn.SENDS: "would be sent, and is not today",
    Turn.STOPS: "would not be sent any more",
    Turn.WAITS: "would wait for a link",
    Turn.MENDS: "could not be made, and is held no longer",
}
LAST = 200


@click.group(cls=Commands)
def mappings() -> None:
    """Which texts of the mapping files are in force."""


def _looked_at() -> tuple[Files, list[Source]]:
    settings = read_settings(os.environ)
    files = look_at(settings.mappings, os.environ)
    return files, load_sources(settings.mappings)


# ------------------------------------------------------------------- texts


@mappings.command("list")
@json_option
def list_mappings(*, as_json: bool) -> None:
    """List all mappings: in force, new, refused or off."""
    files, sources = _looked_at()
    around = surroundings(files.stores, files.targets)
    with opened() as journal:
        found = standings(journal, sources, around)
    if as_json:
        items = [mapping_item(one).model_dump(mode="json") for one in found]
        show_data({"items": items, "next": None})
        return
    show_rows(
        ["name", "is", "file", "in force", "since (UTC)", "problems"],
        [
            (
                one.name,
                one.state,
                one.hash or "wrong",
                one.in_force or "",
                when(one.since),
                "; ".join(one.problems),
            )
            for one in found
        ],
        none="No mapping.",
    )


@mappings.command("show")
@click.argument("name")
@click.option("--hash", help="Of an older text; default: the one in force.")
@json_option
def show_mapping(name: str, hash: str | None, *, as_json: bool) -> None:
    """Show the text of NAME that is in force, or that ever was."""
    name = name.removesuffix(".yaml")
    with opened() as journal:
        text = _text(journal, name, hash)
        refusals = journal.refusals(name)
    if as_json:
        shown = {
            "name": text.name,
            "hash": text.hash,
            "since": when(text.since),
            "until": when(text.until),
            "text": text.text,
        }
        show_data(shown)
        return
    show_fields(
        [
            ("name", text.name),
            ("hash", text.hash),
            ("in force since (UTC)", when(text.since)),
            ("until (UTC)", when(text.until)),
            *(
                ("forced", f"{one.hash} by {one.forced_by}: {one.why}")
                for one in refusals
                if one.forced_at is not None
            ),
        ]
    )
    click.echo()
    click.echo(text.text)


def _text(journal: Journal, name: str, hash: str | None) -> MappingText:
    if hash is not None:
        kept = journal.mapping_text(hash)
        if kept is not None and kept.name == name:
            return kept
        message = f"{name} never had a text {hash} in force"
        raise NotFound(message)
    for text in journal.in_force():
        if text.name == name:
            return text
    message = f"no text of {name} is in force"
    raise NotFound(message)


@mappings.command("force")
@click.argument("name")
@click.option("--hash", help="Of the text that you looked at.")
@reason_option
def force_mapping(name: str, hash: str | None, reason: str) -> None:
    """
    Let the file of NAME come in force, whatever it breaks.

    This text and no other; who, when and why is kept in the audit. The
    worker takes it within two seconds.
    """
    from bridge.compose import now

    asked = query(ReasonBody, reason=reason)
    files, sources = _looked_at()
    around = surroundings(files.stores, files.targets)
    with opened() as journal:
        standing = standing_of(journal, sources, around, name)
        forced = force(
            journal,
            standing,
            hash=hash,
            actor=actor(),
            reason=asked.reason,
            now=now(),
        )
    click.echo(f"{standing.name}: {forced} comes in force in a moment")


# -------------------------------------------------------------------- diff


@click.command()
@click.argument("name", required=False)
@click.option(
    "--last",
    type=click.IntRange(1, 1_000_000),
    default=LAST,
    show_default=True,
    help="So many orders of the store, the newest first.",
)
@json_option
@click.pass_context
def diff(
    ctx: click.Context, name: str | None, last: int, *, as_json: bool
) -> None:
    """
    Show what the edited file of NAME, or all of them, would change.

    The file is tried on the store's newest orders in the journal, beside the
    text in force, and nothing is sent. Ends with 0 when no request would be
    another, with 1 when one would, with 5 when a file is wrong. The output
    has what customers wrote: mind where it goes.
    """
    files, sources = _looked_at()
    around = surroundings(files.stores, files.targets)
    with opened() as journal:
        if name is None:
            chosen = standings(journal, sources, around)
        else:
            chosen = [standing_of(journal, sources, around, name)]
        wrong = [one for one in chosen if one.file and one.after is None]
        if wrong:
            problem = next(iter(wrong[0].problems), "the file is wrong")
            message = f"{wrong[0].name}: {problem}"
            raise Failed(message, ExitCode.UNAVAILABLE)
        found = [(one, _report(journal, one, last)) for one in chosen]
    if as_json:
        show_data(
            [
                mapping_diff(one, report).model_dump(mode="json")
                for one, report in found
            ]
        )
    else:
        _print(found)
    same = all(not report.differing for _one, report in found)
    ctx.exit(ExitCode.OK if same else ExitCode.WRONG)


def _report(journal: Journal, one: Standing, last: int) -> Report:
    if one.state is State.IN_FORCE:
        return Report(orders=0, differing=0, requests={}, groups=())
    with _progress(one.name, last) as looked:
        return compared(
            journal, one.before, one.after, last=last, looked=looked
        )


@contextmanager
def _progress(name: str, total: int) -> Iterator[Callable[[], None]]:
    """Give what is called after each order; a bar, on a terminal."""
    err = Console(stderr=True)
    with Progress(
        console=err, transient=True, disable=not err.is_terminal
    ) as bar:
        task = bar.add_task(name, total=total)
        yield lambda: bar.advance(task)


def _print(found: Sequence[tuple[Standing, Report]]) -> None:
    out = console()
    for one, report in found:
        out.print(Text(one.name, "bold"), end=": ")
        if one.state is State.IN_FORCE:
            out.print("the file is in force")
            continue
        before = one.in_force or "nothing in force"
        out.print(
            f"{before} → {one.hash or 'no file'}: {report.differing} of"
            f" {report.orders} orders would see something else"
        )
        for group in report.groups:
            _print_group(group, out)


def _print_group(group: Group, out: Console) -> None:
    head = Text.assemble(
        (f"  {group.count:>6}  ", "bold"),
        (group.rule, "bold"),
        (f" {SPOKEN[group.turn]}", STYLES[group.turn]),
    )
    if group.place:
        head.append(f": {group.place}", "cyan")
    out.print(head, soft_wrap=True)
    if group.text:
        told = Text(clean(f"{group.code}: {group.text}"))
        out.print(Padding(told, (0, 0, 0, 10), expand=False))
    if group.place:
        start = "" if group.always else "for example "
        line = f"{start}{_shown(group)}"
        out.print(Padding(Text(line), (0, 0, 0, 10), expand=False))
    more = ", …" if group.count > len(group.orders) else ""
    orders = f"orders {', '.join(map(clean, group.orders))}{more}"
    out.print(Padding(Text(orders, "dim"), (0, 0, 0, 10), expand=False))


def _shown(group: Group) -> str:
    if group.how == "added":
        return f"added: {_value(group.after)}"
    if group.how == "removed":
        return f"left out, was {_value(group.before)}"
    return f"{_value(group.before)} → {_value(group.after)}"


def _value(value: JSON) -> str:
    return clean(json.dumps(value, ensure_ascii=False))
