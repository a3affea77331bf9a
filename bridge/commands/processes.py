"""The commands that run for as long as they are wanted."""

import fcntl
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from bridge.commands.exits import ExitCode, Failed
from bridge.commands.journal import actor, confirm, yes_option
from bridge.errors import (
    BridgeError,
    JournalBroken,
    JournalUnavailable,
    OlderCopy,
    SchemaMismatch,
    SettingsError,
)
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.settings import (
    Settings,
    load_stores,
    load_targets,
    read_settings,
    secrets_from,
)
from bridge.supervisor import STALL_S, Program, Supervisor
from bridge.targets.account import Target

WEB_THREADS = 16
WEB_ENDS_IN_S = 10
"""For requests under way, which take milliseconds, once it is to end."""

ANOTHER_ENDS_IN_S = 60.0
"""For the workers of a killed `serve` to end what they are at."""

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

WORKERS = click.option(
    "--workers",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="How many worker processes.",
)


@click.command()
@WORKERS
def serve(workers: int) -> None:
    """Run web and worker, and bring back what dies."""
    from bridge.compose import monotonic

    settings = read_settings(os.environ)
    targets = checked_targets(settings)
    with held_alone(settings.database) as lock:
        refuse_taken_address(settings)
        prepare(settings, targets)
        with tempfile.TemporaryDirectory(prefix="bridge-metrics-") as numbers:
            environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": numbers}
            supervisor = Supervisor(
                programs(environ, workers=workers, lock=lock),
                monotonic=monotonic,
                sleep=time.sleep,
            )
            for number in ENDING:
                signal.signal(
                    number, lambda _number, _frame: supervisor.stop()
                )
            status = supervisor.run()
    if status in statuses_of_doubt():
        message = (
            "ended: the journal's file is in doubt, as the log says; start"
            " `serve` again, and it is looked at first"
        )
        raise Failed(message, ExitCode.IN_DOUBT)
    sys.exit(status)


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
    environ: Mapping[str, str], *, workers: int, lock: int | None
) -> list[Program]:
    """Return what `serve` keeps running."""
    bridge = (sys.executable, "-m", "bridge")
    in_doubt = statuses_of_doubt()
    return [
        Program(
            name="web",
            command=(*bridge, "web"),
            environ=environ,
            ends_all=in_doubt,
        ),
        *(
            Program(
                name=f"worker-{slot}",
                command=(*bridge, "worker"),
                environ={**environ, "BRIDGE_WORKER_SLOT": f"serve-{slot}"},
                keep_open=[lock] if lock is not None else [],
                ends_all=in_doubt,
                stall=STALL_S,
            )
            for slot in range(workers)
        ),
    ]


@contextmanager
def held_alone(
    database: str, *, wait_s: float = ANOTHER_ENDS_IN_S
) -> Iterator[int | None]:
    """
    Hold the right to run the workers `serve-0`, … on a SQLite file.

    The workers inherit it: it is free once the last of them has ended, so
    that no two of the same name ever live.

    Raises:
        JournalUnavailable: another `serve` runs, or does not end.
    """
    scheme, _colon, path = database.partition(":///")
    if scheme != "sqlite":
        yield None
        return
    file = Path(f"{path}.serve")
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path, wait_s)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: str, wait_s: float) -> None:
    from bridge.compose import monotonic

    deadline, told = monotonic() + wait_s, False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() >= deadline:
                message = f"another `serve` runs on {path}: stop that first"
                raise JournalUnavailable(message) from None
            if not told:
                click.echo(
                    "bridge: another `serve` runs on this database;"
                    " waiting for it to end",
                    err=True,
                )
                told = True
            time.sleep(0.1)
        else:
            return


def refuse_taken_address(settings: Settings) -> None:
    """
    See that the web process will be able to listen.

    Raises:
        SettingsError: somebody else listens there, or it is not ours.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host, settings.port)
    try:
        socket.create_server(address, family=family).close()
    except OSError as error:
        message = (
            f"{settings.host}:{settings.port} can not be listened on"
            f" ({error.strerror}): set BRIDGE_HOST and BRIDGE_PORT"
        )
        raise SettingsError(message) from None


@click.command()
def web() -> None:
    """Take webhooks; the admin API and the console."""
    settings = read_settings(os.environ)
    load_stores(settings.mappings, secrets_from(os.environ))
    journal = open_journal(settings.database)
    journal.check()
    journal.close()
    command = web_command(settings)
    os.execv(command[0], command)  # noqa: S606  gunicorn takes our place


def web_command(settings: Settings) -> list[str]:
    """Return how gunicorn is started."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "bridge.compose:served()",
        "--worker-class=gthread",
        "--workers=1",
        f"--threads={WEB_THREADS}",
        "--no-control-socket",
        f"--bind={host}:{settings.port}",
        f"--graceful-timeout={WEB_ENDS_IN_S}",
        "--log-level=warning",
    ]


@click.command()
def worker() -> None:
    """Plan and send; ends what is under way before it stops."""
    from bridge.compose import worker as make_worker

    # Blocked before there are threads, and waited for in one of its own: a
    # handler would run within the loop, and could meet a lock it holds.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        made = make_worker()
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
def migrate() -> None:
    """Bring the database's schema up to date."""
    settings = read_settings(os.environ)
    journal = open_journal(settings.database)
    steps = journal.migrate()
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
    from bridge.compose import now

    settings = read_settings(os.environ)
    with held_alone(settings.database, wait_s=0):
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
