"""`doctor`: is all well, and if not, what is to be done."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import click
from rich.text import Text

from bridge.commands.exits import ExitCode
from bridge.commands.files import look_at
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
from bridge.model import MINUTE, SECOND, Instant
from bridge.settings import Settings, read_settings

LITTLE_SPACE = 1024 * 1024 * 1024
NO_SPACE = 100 * 1024 * 1024
LARGE_WAL = 256 * 1024 * 1024
FRESH_S = 15
SLOW = MINUTE
"""What waits longer than that without a reason is not as it should be."""

SKEW = 5 * SECOND
"""So far ahead of our clock a time that we wrote ourselves may be."""


class Verdict(StrEnum):
    """How one thing was found."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One thing that was looked at.

    Args:
        advice: what to do, where something is to be done.
    """

    subject: str
    verdict: Verdict
    text: str
    advice: str = ""


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
        yield _bad("settings", str(error), "set the variable as it says")
        return
    yield from _settings(settings)
    yield from _files(settings)
    try:
        journal = open_journal(settings.database)
        yield _ok("SQLite", journal_library())
        journal.check()
    except BridgeError as error:
        yield _bad("journal", str(error), "do as it says, then look again")
        return
    yield _ok("schema", "is this program's")
    yield from _space(settings)
    try:
        yield from _journal(journal, now())
    except BridgeError as error:
        yield _bad("journal", str(error), "see the disk and the file's owner")
    finally:
        journal.close()


def journal_library() -> str:
    """Return which SQLite this process uses."""
    from bridge.journal.connection import sqlite3

    return f"{sqlite3.sqlite_version} of {sqlite3.__name__}"


# --------------------------------------------------------- from outside in


def _settings(settings: Settings) -> Iterator[Line]:
    if settings.admin_tokens:
        names = ", ".join(settings.admin_tokens)
        yield _ok("operators", names)
    else:
        yield _warn(
            "operators",
            "nobody can log in",
            "set BRIDGE_ADMIN_TOKENS to name:token",
        )


def _files(settings: Settings) -> Iterator[Line]:
    found = look_at(settings.mappings, os.environ)
    for secret in found.missing:
        name, _colon, advice = secret.partition(": ")
        yield _bad("secret", name, advice)
    for problem in found.problems:
        place, _colon, message = str(problem).partition(": ")
        make = _warn if problem.severity == "warning" else _bad
        yield make("file", place, message)
    if not found.problems:
        yield _ok(
            "files",
            f"{len(found.stores)} stores, {len(found.targets)} targets, "
            f"{len(found.catalog.mappings)} mappings",
        )
    sandboxed = [t.name for t in found.targets.values() if t.is_sandbox]
    if sandboxed:
        yield _warn(
            "SANDBOX",
            f"{', '.join(sandboxed)} on this machine",
            "nothing reaches a vendor; set base_url when going live",
        )


def _space(settings: Settings) -> Iterator[Line]:
    scheme, _colon, path = settings.database.partition(":///")
    if scheme != "sqlite":
        return
    file = Path(path)
    free = shutil.disk_usage(file.parent).free
    text = f"{_size(free)} free where {file} lies"
    if free < NO_SPACE:
        yield _bad("disk", text, "make room now: webhooks will be refused")
    elif free < LITTLE_SPACE:
        yield _warn("disk", text, "make room soon")
    else:
        yield _ok("disk", text)
    wal = Path(f"{file}-wal")
    size = wal.stat().st_size if wal.exists() else 0
    if size > LARGE_WAL:
        advice = "something reads for long: end it, or restart the bridge"
        yield _warn("WAL", _size(size), advice)
    else:
        yield _ok("WAL", _size(size))


# ------------------------------------------------------------ the journal


def _journal(journal: Journal, now: Instant) -> Iterator[Line]:
    yield from _integrity(journal)
    yield from _clock(journal, now)
    yield from _workers(journal, now)
    yield from _targets(journal)
    yield from _work(journal, now)


def _integrity(journal: Journal) -> Iterator[Line]:
    wrong = journal.integrity()
    for text in wrong:
        yield _bad("integrity", text, "stop, and restore the last backup")
    if not wrong:
        yield _ok("integrity", "the file is sound")


def _clock(journal: Journal, now: Instant) -> Iterator[Line]:
    """No time in the journal may lie ahead of this machine's clock."""
    newest = journal.events(EventFilter(), before=None, limit=1)
    times = [event.received_at for event in newest]
    times += [beat.at for beat in journal.beats()]
    latest = max(times, default=now)
    if latest > now + SKEW:
        ahead = (latest - now) // SECOND
        text = f"the journal has a time {ahead} s ahead of it"
        yield _bad("clock", text, "set it right: due times depend on it")
    else:
        yield _ok("clock", f"{when(now)} UTC")


def _workers(journal: Journal, now: Instant) -> Iterator[Line]:
    beats = journal.beats()
    fresh = [beat for beat in beats if now - beat.at <= FRESH_S * SECOND]
    if fresh:
        names = ", ".join(beat.worker for beat in fresh)
        yield _ok("workers", names)
    elif beats:
        last = max(beat.at for beat in beats)
        text = f"none since {when(last)} UTC"
        yield _bad("workers", text, "start `python -m bridge serve`")
    else:
        text = "none has run yet"
        yield _warn("workers", text, "start `python -m bridge serve`")
    for problem in {text for beat in fresh for text in beat.problems}:
        yield _bad("worker's files", problem, "mend it; it is read at once")


def _targets(journal: Journal) -> Iterator[Line]:
    for row in journal.targets():
        if row.paused:
            yield _bad(
                row.name,
                f"is paused: {row.paused}",
                f"mend the cause, then `targets resume {row.name}`",
            )
        else:
            yield _ok(row.name, f"may be called at {row.host}")


def _work(journal: Journal, now: Instant) -> Iterator[Line]:
    counts = journal.counts(now)
    for subject, since in (
        ("events to plan", counts.oldest_stored_at),
        ("deliveries due", counts.oldest_due_at),
    ):
        if since is not None and now - since > SLOW:
            text = f"the oldest waits since {when(since)} UTC"
            yield _bad(subject, text, "see the workers and the log")
        else:
            yield _ok(subject, "none waits for long")
    if counts.attention:
        text = f"{counts.attention} deliveries wait for a person"
        yield _warn("attention", text, "see `deliveries list --attention`")
    else:
        yield _ok("attention", "nothing waits for a person")


# --------------------------------------------------------------- the lines


def _ok(subject: str, text: str) -> Line:
    return Line(subject=subject, verdict=Verdict.OK, text=text)


def _warn(subject: str, text: str, advice: str) -> Line:
    return Line(
        subject=subject, verdict=Verdict.WARN, text=text, advice=advice
    )


def _bad(subject: str, text: str, advice: str) -> Line:
    return Line(subject=subject, verdict=Verdict.BAD, text=text, advice=advice)


def _size(size: int) -> str:
    return f"{size / 1024**2:,.1f} MiB"


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
