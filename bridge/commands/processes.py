"""The commands that run for as long as they are wanted."""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import click

from bridge.commands.exits import ExitCode, Failed, exit_code, in_one_line
from bridge.commands.journal import actor, confirm, yes_option
from bridge.errors import (
    BridgeError,
    JournalBroken,
    OlderCopy,
    SchemaMismatch,
)
from bridge.holding import Hold, folder_of_numbers, held_alone
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.model import WHOLE, Part
from bridge.observe import share_numbers
from bridge.settings import (
    Settings,
    load_stores,
    load_targets,
    read_settings,
    secrets_from,
)
from bridge.supervisor import STALL_S, Program, Supervisor, Waker
from bridge.targets.account import Target

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

RARELY = (20_000, 20, 100)
"""
When Python looks for objects that hold each other, of which we make few; by
itself it looks thirty times as often, for a fiftieth of a delivery.
"""

WORKERS = click.option(
    "--workers",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="How many processes that send; one more plans for all of them. Each"
    " makes as many calls at once as a target's `parallel` says, with a token"
    " of its own.",
)


@click.command()
@WORKERS
def serve(workers: int) -> None:
    """Run web, planner and workers, and bring back what dies."""
    from bridge.compose import monotonic

    settings = read_settings(os.environ)
    targets = checked_targets(settings)
    with held_alone(
        settings.database, monotonic=monotonic, waiting=_say_who_runs
    ) as hold:
        from bridge.serving import listening_at

        listening = listening_at(settings)
        prepare(settings, targets)
        with folder_of_numbers(hold) as numbers:
            share_numbers(numbers)
            status = supervise(
                programs(
                    settings, workers=workers, hold=hold, listening=listening
                ),
                ending=partial(os.close, listening),
            )
    if status in statuses_of_doubt():
        message = (
            "ended: the journal's file is in doubt, as the log says; start"
            " `serve` again, and it is looked at first"
        )
        raise Failed(message, ExitCode.IN_DOUBT)
    sys.exit(status)


def _say_who_runs() -> None:
    click.echo(
        "bridge: another `serve` runs on this database; waiting for it to end",
        err=True,
    )


def supervise(programs: list[Program], *, ending: Callable[[], object]) -> int:
    """Keep *programs* running until a signal comes; return a status."""
    from bridge.compose import monotonic

    supervisor = Supervisor(
        programs, monotonic=monotonic, sleep=Waker().sleep, ending=ending
    )
    for number in ENDING:
        signal.signal(number, lambda _number, _frame: supervisor.stop())
    gc.collect()
    gc.freeze()  # what is shared with the children stays shared
    gc.set_threshold(*RARELY)
    return supervisor.run()


def checked_targets(settings: Settings) -> Mapping[str, Target]:
    """
    Return the targets, once the stores and they were found to be right.

    Raises:
        SettingsError: what keeps the bridge from starting.
    """
    secret = secrets_from(os.environ)
    load_stores(settings.mappings, secret)
    return load_targets(settings.mappings, secret)


def prepare(settings: Settings, targets: Mapping[str, Target]) -> None:
    """
    Migrate, set the clock, see that no target has moved; nobody listens yet.

    Raises:
        JournalError: what keeps the bridge from starting.
    """
    from bridge.compose import now

    journal = open_journal(settings.database)
    journal.recheck()
    journal.migrate()
    now.agree(journal, move=True)
    for target in targets.values():
        journal.pin_target(target.name, target.host)
    warn_of_mappings(settings, journal)
    journal.close()


def warn_of_mappings(settings: Settings, journal: Journal) -> None:
    """
    Say which mapping files are wrong; they hold up only themselves.

    Their last good text stays in force; the orders of one that never was
    good wait, and their webhooks are taken all the same.
    """
    from bridge.commands.files import look_at

    good_before = {text.name for text in journal.in_force()}
    found = look_at(settings.mappings, os.environ)
    for problem in found.catalog.problems:
        click.echo(f"bridge: {problem}", err=True)
    for name in sorted(found.catalog.off):
        state = (
            "its last good text stays in force"
            if name in good_before
            else "it is off, and its orders wait"
        )
        click.echo(f"bridge: {name}: {state}", err=True)


def statuses_of_doubt() -> frozenset[int]:
    """Return how a child ends that found the journal's file in doubt."""
    from bridge.compose import ENDS_GUNICORN

    return frozenset({ENDS_GUNICORN, int(ExitCode.IN_DOUBT)})


def programs(
    settings: Settings, *, workers: int, hold: Hold | None, listening: int
) -> list[Program]:
    """Return what `serve` keeps running."""
    from bridge.compose import SLOT, web_ahead
    from bridge.serving import run_web, waits

    held = [] if hold is None else [hold.descriptor]
    web = partial(run_web, settings, web_ahead(waits=waits()), listening)
    return [
        Program(
            name="web",
            main=partial(_told, web),
            environ={**os.environ},
            keep_open=[*held, listening],
            ends_all=statuses_of_doubt(),
        ),
        *(
            Program(
                name=name,
                main=partial(_told, partial(run_worker, frozenset({part}))),
                environ={**os.environ, SLOT: slot},
                keep_open=held,
                ends_all=statuses_of_doubt(),
                stall=STALL_S,
            )
            for name, slot, part in (
                ("planner", "serve-planner", Part.PLANS),
                *(
                    (f"worker-{n}", f"serve-{n}", Part.SENDS)
                    for n in range(workers)
                ),
            )
        ),
    ]


def _told(run: Callable[[], object]) -> None:
    """End a child as its command would end: an error of ours in one line."""
    try:
        run()
    except BridgeError as error:
        click.echo(f"bridge: {in_one_line(error)}", err=True)
        sys.exit(exit_code(error))


@click.command()
def web() -> None:
    """Take webhooks; the admin API and the console."""
    settings = read_settings(os.environ)
    load_stores(settings.mappings, secrets_from(os.environ))
    journal = open_journal(settings.database)
    journal.check()
    journal.close()
    from bridge.compose import web_ahead
    from bridge.serving import run_web, waits

    run_web(settings, web_ahead(waits=waits()))


@click.command()
def worker() -> None:
    """Plan and send; ends what is under way before it stops."""
    run_worker()


def run_worker(parts: frozenset[Part] = WHOLE) -> None:
    """
    Be a worker, or the one of its parts, until a signal comes.

    Raises:
        SettingsError, JournalError: what keeps it from starting.
    """
    from bridge.compose import worker as make_worker

    # Blocked before there are threads, and waited for in one of its own: a
    # handler would run within the loop, and could meet a lock it holds.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        made = make_worker(os.environ, parts)
    except BridgeError:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise

    def wait_for_the_end() -> None:
        signal.sigwait(ENDING)
        made.stop()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    try:
        made.run()
    except JournalBroken:
        os._exit(ExitCode.IN_DOUBT)
    if made.is_broken:
        # Closing the database would write to a disk that has failed.
        os._exit(ExitCode.IN_DOUBT)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8090,
    show_default=True,
    help="0 takes a free one.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that gets one JSON line per request.",
)
def sandbox(host: str, port: int, record: Path | None) -> None:
    """Stand in for Rayo, Every and Yuju: nothing is sent to anyone."""
    from bridge.compose import now, random_uuid
    from bridge.sandbox.app import sandbox_server

    try:
        server = sandbox_server(
            host, port, record, now=now, random_uuid=random_uuid
        )
    except (OSError, SystemExit):
        message = f"{host}:{port} can not be listened on: take another --port"
        raise Failed(message, ExitCode.UNAVAILABLE) from None
    click.echo(f"SANDBOX on http://{host}:{server.port}/", err=True)
    server.serve_forever()


@click.command()
@click.option(
    "--compact",
    is_flag=True,
    help="Write the file anew, so that it can shrink; stop the bridge first.",
)
def migrate(*, compact: bool) -> None:
    """Bring the database's schema up to date."""
    settings = read_settings(os.environ)
    journal = open_journal(settings.database)
    steps = journal.migrate()
    if compact:
        journal.compact()
        click.echo("wrote the file anew")
    journal.close()
    for step in steps:
        click.echo(f"took {step}")
    if not steps:
        click.echo("the schema is up to date")


@click.command()
@click.argument("path", type=click.Path(dir_okay=False))
def backup(path: str) -> None:
    """Write a whole copy of the journal to PATH, also while serving."""
    settings = read_settings(os.environ)
    journal = open_journal(settings.database)
    journal.check()
    journal.backup(path)
    journal.close()
    click.echo(f"wrote {path}")


@click.command()
@yes_option
def restore(*, yes: bool) -> None:
    """
    Go on with a database that was put back from a copy.

    What it has not seen the end of may have been done since: such creates
    become uncertain. Stop the bridge first.
    """
    from bridge.compose import monotonic, now

    settings = read_settings(os.environ)
    with held_alone(settings.database, monotonic=monotonic, wait_s=0):
        journal = open_journal(settings.database)
        journal.recheck()
        click.echo(_what_lacks(journal))
        creates = journal.unfinished_creates()
        confirm(f"Go on, with {creates} creates uncertain?", yes=yes)
        moved = journal.accept_copy(actor=actor(), now=now())
        journal.close()
    click.echo(
        f"{moved} creates are uncertain now: `deliveries list --attention`."
        " Let the stores send again what came since."
    )


def _what_lacks(journal: Journal) -> str:
    """
    Return how much older it is than the one that was here.

    Raises:
        JournalGone: there is none.
    """
    try:
        journal.check()
    except OlderCopy as error:
        return str(error)
    except SchemaMismatch:  # which is mended on the way
        return "It has an older schema."
    return "Nothing says that it is older than the one that was here."
