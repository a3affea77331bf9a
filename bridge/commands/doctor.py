"""`doctor`: is all well, and if not, what is to be done."""

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict

import click
from rich.text import Text

from bridge.commands.disk import is_sound, is_usable, on_disk
from bridge.commands.exits import ExitCode
from bridge.commands.files import look_at
from bridge.commands.findings import Line, Verdict, bad, ok, warn
from bridge.commands.showing import (
    STYLES,
    clean,
    console,
    json_option,
    show_data,
    when,
)
from bridge.errors import BridgeError
from bridge.journal.opening import open_journal
from bridge.journal.protocol import EventFilter, Journal
from bridge.model import MINUTE, SECOND, WHOLE, Instant
from bridge.settings import Settings, read_settings
from bridge.targets.account import Mode, Target, mode_of

IN_DOUBT = frozenset({"suspect", "copy"})
FRESH_S = 15
SLOW = MINUTE
"""What waits longer than that without a reason is not as it should be."""

SKEW = 5 * SECOND
"""So far ahead of our clock a time that we wrote ourselves may be."""


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """
    Look at everything, and say what is to be done.

    Ends with 1 when anything is bad; a warning alone is no failure.
    """
    from bridge.compose import now

    lines = list(examined(now))
    if as_json:
        show_data({"lines": [asdict(line) for line in lines]})
    else:
        for line in lines:
            _print(line)
    bad = any(line.verdict is Verdict.BAD for line in lines)
    ctx.exit(ExitCode.WRONG if bad else ExitCode.OK)


def examined(now: Callable[[], Instant]) -> Iterator[Line]:
    """Yield what was found, one thing after the other."""
    try:
        settings = read_settings(os.environ)
    except BridgeError as error:
        yield bad("settings", str(error), "set the variable as it says")
        return
    yield from _settings(settings)
    yield from _files(settings)
    try:
        journal = open_journal(settings.database, reserve=settings.reserve)
    except BridgeError as error:
        yield bad("journal", str(error), "do as it says, then look again")
        return
    yield ok("SQLite", journal_library())
    yield from on_disk(settings, journal)
    try:
        yield from _opened(journal, now())
    except BridgeError as error:
        yield bad("journal", str(error), "see the disk and the file's owner")
    finally:
        journal.close()


def _opened(journal: Journal, now: Instant) -> Iterator[Line]:
    """Look inside, also at a file that the bridge would not start on."""
    usable = list(is_usable(journal))
    yield from usable
    in_doubt = any(line.subject in IN_DOUBT for line in usable)
    all_well = all(line.is_ok for line in usable)
    damaged = False
    if in_doubt or all_well:
        for line in is_sound(journal):
            damaged |= line.subject == "integrity" and not line.is_ok
            yield line
    if all_well and not damaged:
        yield from _journal(journal, now)


def journal_library() -> str:
    """Return which SQLite this process uses."""
    from bridge.journal.connection import sqlite3

    return f"{sqlite3.sqlite_version} of {sqlite3.__name__}"


# --------------------------------------------------------- from outside in


def _settings(settings: Settings) -> Iterator[Line]:
    if settings.admin_tokens:
        names = ", ".join(settings.admin_tokens)
        yield ok("operators", names)
    else:
        yield warn(
            "operators",
            "nobody can log in",
            "set BRIDGE_ADMIN_TOKENS to name:token",
        )


def _files(settings: Settings) -> Iterator[Line]:
    found = look_at(settings.mappings, os.environ)
    for secret in found.missing:
        name, _colon, advice = secret.partition(": ")
        yield bad("secret", name, advice)
    for problem in found.problems:
        place, _colon, message = str(problem).partition(": ")
        make = warn if problem.severity == "warning" else bad
        yield make("file", place, message)
    if not found.problems:
        yield ok(
            "files",
            f"{len(found.stores)} stores, {len(found.targets)} targets, "
            f"{len(found.catalog.mappings)} mappings",
        )
    yield from _mode(found.targets.values())


def _mode(targets: Collection[Target]) -> Iterator[Line]:
    """Say whether what is sent reaches vendors, where it may not."""
    mode = mode_of(targets)
    near = ", ".join(one.name for one in targets if one.is_sandbox)
    real = ", ".join(one.name for one in targets if not one.is_sandbox)
    if mode is Mode.SANDBOX:
        yield warn(
            mode.value,
            f"{near} on this machine",
            "nothing reaches a vendor; set base_url when going live",
        )
    if mode is Mode.MIXED:
        yield warn(
            mode.value,
            f"{near} on this machine, and {real} at a vendor's",
            "calls are made there: set base_url of all, or of none",
        )


# ------------------------------------------------------------ the journal


def _journal(journal: Journal, now: Instant) -> Iterator[Line]:
    yield from _clock(journal, now)
    yield from _workers(journal, now)
    yield from _targets(journal)
    yield from _work(journal, now)
    yield from _alerts(journal)


def _clock(journal: Journal, now: Instant) -> Iterator[Line]:
    """No time in the journal may lie ahead of this machine's clock."""
    newest = journal.events(EventFilter(), before=None, limit=1)
    times = [event.received_at for event in newest]
    times += [beat.at for beat in journal.beats()]
    latest = max(times, default=now)
    if latest > now + SKEW:
        ahead = (latest - now) // SECOND
        text = f"the journal has a time {ahead} s ahead of it"
        yield bad("clock", text, "set it right: due times depend on it")
    else:
        yield ok("clock", f"{when(now)} UTC")


def _workers(journal: Journal, now: Instant) -> Iterator[Line]:
    beats = journal.beats()
    fresh = [beat for beat in beats if now - beat.at <= FRESH_S * SECOND]
    missing = WHOLE.difference(*(beat.parts for beat in fresh))
    names = ", ".join(beat.worker for beat in fresh)
    if fresh and missing:
        text = f"{names}; of a worker's parts, nobody {min(missing)} now"
        yield bad("workers", text, "start `python -m bridge serve`")
    elif fresh:
        yield ok("workers", names)
    elif beats:
        last = max(beat.at for beat in beats)
        text = f"none since {when(last)} UTC"
        yield bad("workers", text, "start `python -m bridge serve`")
    else:
        text = "none has run yet"
        yield warn("workers", text, "start `python -m bridge serve`")
    for problem in {text for beat in fresh for text in beat.problems}:
        yield bad("worker's files", problem, "mend it; it is read at once")


def _targets(journal: Journal) -> Iterator[Line]:
    for row in journal.targets():
        if row.paused:
            yield bad(
                row.name,
                f"is paused: {row.paused}",
                f"mend the cause, then `targets resume {row.name}`",
            )
        else:
            yield ok(row.name, f"may be called at {row.host}")


def _work(journal: Journal, now: Instant) -> Iterator[Line]:
    counts = journal.counts(now)
    for subject, since in (
        ("events to plan", counts.oldest_stored_at),
        ("deliveries due", counts.oldest_due_at),
    ):
        if since is not None and now - since > SLOW:
            text = f"the oldest waits since {when(since)} UTC"
            yield bad(subject, text, "see the workers and the log")
        else:
            yield ok(subject, "none waits for long")
    if counts.attention:
        text = f"{counts.attention} deliveries wait for a person"
        yield warn("attention", text, "see `deliveries list --attention`")
    else:
        yield ok("attention", "nothing waits for a person")


def _alerts(journal: Journal) -> Iterator[Line]:
    """Say of which alerts nobody could be told."""
    found = journal.alerts()
    for one in found:
        if one.problem is not None:
            text = f"{one.cause} was told to nobody: {one.problem}"
            yield warn("alerts", text, "see `alerts test`")
    if not any(one.problem for one in found):
        yield ok("alerts", f"{len(found)} are on" if found else "none is on")


# --------------------------------------------------------------- the lines


def _print(line: Line) -> None:
    """Print a line, and below it what to do."""
    style = STYLES[line.verdict]
    out = console()
    head = Text.assemble(
        (f"{line.verdict:<5}", style),
        (f"{line.subject}: ", "bold"),
        clean(line.text),
    )
    out.print(head, soft_wrap=True)
    if line.advice:
        advice = Text(f"     → {clean(line.advice)}", style)
        out.print(advice, soft_wrap=True)
