"""
The only place where parts are wired, and the only clock and dice.

`web` makes what gunicorn runs, `worker` what plans and sends. Each watches
its files: a good change is switched to as a whole within two seconds, a bad
one, or one by which requests would fail that can be made, is named and
changes nothing.
"""

import os
import random
import secrets
import socket
import ssl
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from flask import Flask
from typing_extensions import override
from watchfiles import watch

from bridge.alerts.telling import teller
from bridge.alerts.watching import Watch
from bridge.asking import Asking
from bridge.calls import lease_of
from bridge.delivering import Deliverer
from bridge.errors import (
    BridgeError,
    JournalBroken,
    JournalError,
    JournalGone,
    MappingError,
    OlderCopy,
    Problem,
    SettingsError,
    Suspect,
)
from bridge.first_bytes import NOTHING_KNOWN, page_of
from bridge.hindsight import objection_text, weighed
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.lists import Lists
from bridge.mapping.catalog import Catalog, Objection, build_catalog
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.document import Surroundings
from bridge.model import WHOLE, DeliveryState, Instant, Millis, Part
from bridge.observe import observe
from bridge.planner import Live, Planner
from bridge.preflights import Answers
from bridge.pruner import Pruner
from bridge.pulse import pulse_of
from bridge.sender import Sender
from bridge.settings import (
    Settings,
    load_sources,
    load_stores,
    load_targets,
    read_settings,
    secret_files,
    secrets_from,
    surroundings,
)
from bridge.sources.platform import Store
from bridge.spill import NO_SPILL, SpillFolder
from bridge.targets.account import Target
from bridge.web.together import Waits
from bridge.worker import Worker

LOOK_EVERY_MS = 1_000
"""How often changed files are looked for where the system does not tell."""

LOOK_BACK, LOOK_BACK_S = 200, 1.2
"""
So many orders, and seconds, an edited mapping is tried on before it comes
in force: with what it takes to see the edit, that is under two seconds.
"""

SETTLED_MS = 150
"""So long no more changes, then it is looked; as often somebody wakes."""

TRY_ROUNDS = 5
"""So many seconds in a row new credentials are offered to a target."""

MARK_EVERY_S, LOG_EVERY_S, RESTING_LOG_EVERY_S = 1.0, 0.05, 0.1

BOOT_FAILED, ENDS_GUNICORN = 3, 4
"""
Exit statuses of processes that gunicorn does not start again, and with
which it ends. The second one is for a journal in doubt: then all is to end.

Source: gunicorn's `Arbiter.WORKER_BOOT_ERROR`, `APP_LOAD_ERROR`, 27.0.
"""

IN_DOUBT = (JournalBroken, JournalGone, OlderCopy, Suspect)
"""Errors that do not pass by themselves."""

MOST_THREADS = 64
"""So many calls a worker makes at once, over all its targets."""

SLOT = "BRIDGE_WORKER_SLOT"
"""Set by the supervisor: there is one living worker of that name."""


def wall() -> Instant:
    """
    Return the wall clock, which somebody may set.

    For what others tell by theirs: a token's end, an HTTP date.
    """
    return Instant(time.time_ns() // 1_000_000)


class SteadyClock:
    """
    The clock of everything that is kept: it never jumps.

    It is the time since the machine's boot, in sleep too, plus an offset
    that all processes of a host agree on through the journal. The wall
    clock is asked once, when `serve` starts: set it while the bridge runs,
    and no lease ends early, nothing falls due at once or never. Where a
    system does not name its boots (none but Linux does), it is the wall
    clock, with its jumps.

    Args:
        boot: names this boot of the machine.
        since_boot: milliseconds; not called where *boot* is None.
    """

    def __init__(
        self,
        boot: str | None,
        *,
        since_boot: Callable[[], int],
        wall: Callable[[], int],
    ) -> None:
        self._boot = boot
        self._since_boot = wall if boot is None else since_boot
        self._wall = wall
        self._offset = wall() - self._since_boot()

    def __call__(self) -> Instant:
        """Return the time in milliseconds since the epoch."""
        return Instant(self._since_boot() + self._offset)

    def agree(self, journal: Journal, *, move: bool = False) -> None:
        """
        Take the offset that is in force, or put today's in force.

        Args:
            move: everybody is to take the wall clock's; while no worker
                runs.
        """
        if self._boot is not None:
            since_boot, today = self._since_boot(), self._wall()
            self._offset = journal.steady_clock(
                self._boot,
                Millis(today - since_boot),
                move=move,
                now=Instant(today),
            )

    def skip(self, span: int) -> None:
        """Go on some milliseconds later; a test need not wait for them."""
        self._offset += span


def _boot_id() -> str | None:
    """
    Return what names this boot of the machine, None where nothing does.

    Source: random(4), /proc/sys/kernel/random/boot_id, 2026-11-21
    """
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None


def _since_boot() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


now = SteadyClock(_boot_id(), since_boot=_since_boot, wall=wall)


def dice() -> float:
    """Return a uniform random number in [0, 1)."""
    return random.random()  # noqa: S311  jitter, not a secret


def random_uuid() -> str:
    """Return a fresh UUID."""
    return str(uuid.uuid4())


def random_secret() -> str:
    """Return a fresh secret of 48 characters."""
    return secrets.token_hex(24)


monotonic = time.monotonic

_GO_ON = {
    DeliveryState.WAITING,
    DeliveryState.PENDING,
    DeliveryState.SETTLING,
}


# ------------------------------------------------------------------- parts


def web(environ: Mapping[str, str] = os.environ) -> Flask:
    """
    Return the web application.

    Raises:
        SettingsError, JournalError: what keeps it from starting.
    """
    return web_ahead(environ)()


def web_ahead(
    environ: Mapping[str, str] = os.environ,
    waits: Waits | None = None,
) -> Callable[[], Flask]:
    """
    Make the web application ahead of the process that is to serve it.

    Returns what begins it, in that process: before, no database is open, no
    thread runs, and a fork shares nothing but memory.

    Args:
        waits: how requests wait, in a server that has no threads for them.

    Raises:
        SettingsError: what keeps it from starting; JournalError when begun.
    """
    from bridge.web.factory import create_web
    from bridge.web.signers import Signers

    signers = Signers()
    settings = read_settings(environ)
    journal = open_journal(
        settings.database,
        reserve=settings.reserve,
        broken=_end_web,
        looked_after=True,
    )
    stores = StoresInForce(settings, environ)
    app = create_web(
        settings=settings,
        stores=stores.stores,
        targets=stores.targets,
        journal=journal,
        now=now,
        waits=waits,
        signers=signers,
    )
    app.extensions["files"] = stores

    def begin() -> Flask:
        journal.check()
        now.agree(journal)
        threading.Thread(
            target=_look_after,
            args=(journal, signers.keep),
            name="journal",
            daemon=True,
        ).start()
        stores.catch_up()
        stores.watch()
        return app

    return begin


def worker(
    environ: Mapping[str, str] = os.environ,
    parts: frozenset[Part] = WHOLE,
) -> Worker:
    """
    Return a worker, or the one of its parts, ready to run.

    Raises:
        SettingsError, JournalError: what keeps it from starting.
    """
    settings = read_settings(environ)
    # by the web process, as it takes the most in
    journal = open_journal(settings.database, looked_after=True)
    journal.check()
    now.agree(journal)
    files = FilesInForce(settings, environ, journal)
    for target in files.targets().values():
        journal.pin_target(target.name, target.host)
    sends = Part.SENDS in parts
    if sends:
        files.try_credentials()
    files.watch()
    name = owner(environ)
    spill = SpillFolder(settings.spill, name) if sends else NO_SPILL
    # Nobody takes over from a worker whose name comes but once.
    first_bytes = (
        page_of(name, settings.file)
        if sends and environ.get(SLOT)
        else NOTHING_KNOWN
    )
    return Worker(
        journal=journal,
        planner=Planner(
            journal, live=files.live, version=files.version, now=now
        ),
        deliverer=Deliverer(
            journal=journal,
            live=files.live,
            senders=files.sender,
            now=now,
            monotonic=monotonic,
            dice=dice,
            answers=Answers(monotonic),
            lists=Lists(monotonic),
            version=files.version,
            spill=spill,
            first_bytes=first_bytes,
        ),
        targets=files.targets,
        problems=files.problems,
        owner=name,
        now=now,
        monotonic=monotonic,
        threads=ThreadPoolExecutor(MOST_THREADS, "send"),
        parts=parts,
        spill=spill,
        first_bytes=first_bytes,
        prune=Pruner(journal, settings.retention).step,
        watch=Watch(
            journal,
            settings.alerts,
            stores=lambda: files.live().stores,
            targets=files.targets,
            tell=teller(settings.alerts, environ),
        ).step,
        ask=Asking(
            journal=journal,
            targets=files.targets,
            senders=files.sender,
            now=now,
        ).step,
        alive=pulse_of(environ),
        closing=files.close,
    )


def served(begin: Callable[[], Flask] = web) -> Flask:
    """
    Return what gunicorn runs.

    When that can not be, say why in one line and end gunicorn with us: it
    would start one process after the other.
    """
    try:
        return begin()
    except (JournalError, SettingsError) as error:
        observe("web.refused", level="error", problem=_first_line(error))
        in_doubt = isinstance(error, IN_DOUBT)
        sys.exit(ENDS_GUNICORN if in_doubt else BOOT_FAILED)


def _end_web() -> None:
    """
    End this process and gunicorn at once, and close nothing.

    Closing would write to a disk that has failed.
    """
    os._exit(ENDS_GUNICORN)


def _look_after(
    journal: Journal, keep: Callable[[Journal], None] = lambda _journal: None
) -> None:
    """
    Note how much was seen, keep the log short: off the webhooks' way.

    Args:
        keep: keeps what else was noted in memory.
    """
    marked_at, grows = monotonic(), False
    while True:
        time.sleep(LOG_EVERY_S if grows else RESTING_LOG_EVERY_S)
        with suppress(JournalError):
            grows = journal.shorten_log()
        if monotonic() - marked_at >= MARK_EVERY_S:
            marked_at = monotonic()
            with suppress(JournalError):
                journal.keep_mark()
                keep(journal)


def owner(environ: Mapping[str, str]) -> str:
    """
    Return a name that no other living worker has.

    A supervised worker keeps its slot's name over restarts, so that a new
    one can end the leases of the one that died.
    """
    host = socket.gethostname()
    slot = environ.get(SLOT)
    return f"{host}/{slot}" if slot else f"{host}/{os.getpid()}/{now()}"


# ---------------------------------------------------------- files in force


class _Watched:
    """
    Files that are looked at again when they change.

    Those are the YAML and CSV files of a folder, and the files that secrets
    stand in: a secret that is replaced there is taken without a restart.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._secret = secrets_from(environ)
        self._secret_files = secret_files(environ)
        self._seen = self._looks()
        self._ended = threading.Event()

    def refresh(self) -> None:
        """Read the files again; what is wrong changes nothing."""
        raise NotImplementedError

    def look_after(self) -> None:
        """Do what is to be done every second, changed or not."""

    def catch_up(self) -> None:
        """Refresh if anything has changed, now."""
        looks = self._looks()
        if looks != self._seen:
            self._seen = looks
            self._safely(self.refresh)

    def watch(self) -> None:
        """Refresh on every change, in a thread of its own."""
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def _watch(self) -> None:
        try:
            self._look_on(force_polling=None)
        except OSError as error:  # the system has no more watches to give
            observe("files.polled", error=type(error).__name__)
            self._look_on(force_polling=True)

    def _look_on(self, *, force_polling: bool | None) -> None:
        """
        Look when the system tells of a change, and every second besides.

        The second look finds what came before the watch began, what a
        mounted folder tells nobody of, and secrets, which lie elsewhere.
        """
        wakes = watch(
            self._folder,
            recursive=False,
            debounce=2 * SETTLED_MS,
            step=SETTLED_MS,
            rust_timeout=LOOK_EVERY_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            stop_event=self._ended,
            force_polling=force_polling,
        )
        for _ in wakes:
            self.catch_up()
            self._safely(self.look_after)

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (BridgeError, OSError) as error:
            observe("files.not_taken", problem=_first_line(error))

    def _looks(self) -> dict[Path, tuple[int, ...]]:
        """Return what tells one state of the files from another."""
        found: dict[Path, tuple[int, ...]] = {}
        told = (*self._folder.glob("*.yaml"), *self._folder.glob("*.csv"))
        for path in (*told, *self._secret_files):
            with suppress(OSError):  # it went away just now
                stat = path.stat()
                found[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return found


class StoresInForce(_Watched):
    """What the web process needs of the files: stores, and little more."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        super().__init__(settings.mappings, environ)
        self._targets: Mapping[str, Target] = {}
        self._stores = load_stores(self._folder, self._secret)
        self._refresh_targets()

    def stores(self) -> Mapping[str, Store]:
        """Return the stores in force."""
        return self._stores

    def targets(self) -> Mapping[str, Target]:
        """Return the targets, as far as their file can be read here."""
        return self._targets

    @override
    def refresh(self) -> None:
        """Take the stores as the file has them now."""
        self._stores = load_stores(self._folder, self._secret)
        self._refresh_targets()
        observe("stores.loaded", stores=len(self._stores))

    def _refresh_targets(self) -> None:
        """The targets' secrets are the worker's; here they may lack."""
        try:
            self._targets = load_targets(self._folder, lambda _name: "-")
        except SettingsError as error:
            observe("targets.not_taken", problem=_first_line(error))


class FilesInForce(_Watched):
    """What the worker needs: stores, targets, mappings, senders."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        journal: Journal,
    ) -> None:
        super().__init__(settings.mappings, environ)
        self._journal = journal
        self._rounds = 0
        self._tls = ssl.create_default_context()
        self._senders: dict[str, Sender] = {}
        self._retired: list[tuple[float, Sender]] = []
        self._senders_lock = threading.Lock()
        self._problems: list[str] = []
        self._refused: Mapping[str, str] = {}
        self._stores = load_stores(self._folder, self._secret)
        self._targets = load_targets(self._folder, self._secret)
        self._catalog = Catalog()
        self._switch()
        self.version: Callable[[str], MappingInForce | None] = lru_cache(256)(
            self._version
        )

    def live(self) -> Live:
        """Return what planning needs."""
        return Live(stores=self._stores, catalog=self._catalog)

    def targets(self) -> Mapping[str, Target]:
        """Return the targets in force."""
        return self._targets

    def problems(self) -> list[str]:
        """Return what is wrong with the files, one line each."""
        return self._problems

    def sender(self, name: str) -> Sender:
        """Return the sender of a target, made when first asked for."""
        target = self._targets[name]
        with self._senders_lock:
            sender = self._senders.get(name)
            if sender is None or sender.target != target:
                if sender is not None:
                    self._retired.append((monotonic(), sender))
                sender = Sender(
                    target, now=wall, monotonic=monotonic, verify=self._tls
                )
                self._senders[name] = sender
            return sender

    def try_credentials(self) -> None:
        """
        Let targets that refused other credentials have a go at these.

        And some seconds on once more: another worker, which had not read
        them yet, may have made the one call with the old ones.
        """
        self._rounds = TRY_ROUNDS
        self._offer_credentials()

    @override
    def look_after(self) -> None:
        """
        Try credentials, as long as they are new; end what is retired.

        And switch to a text that was refused, once somebody forced it.
        """
        self._close_retired()
        if self._refused and self._is_wanted_now():
            self.refresh()
        self._offer_credentials()

    def _offer_credentials(self) -> None:
        if not self._rounds:
            return
        self._rounds -= 1
        for target in self._targets.values():
            mark = target.credentials_mark
            if self._journal.try_credentials(target.name, mark, now()):
                observe("target.credentials_tried", target=target.name)

    @override
    def close(self) -> None:
        """Look no more, and close all connections to targets."""
        super().close()
        with self._senders_lock:
            for sender in self._senders.values():
                sender.close()
            for _, sender in self._retired:
                sender.close()
            self._senders, self._retired = {}, []

    def _is_wanted_now(self) -> bool:
        """Return whether a refused text was forced, or another took it."""
        wanted = {(t.name, t.hash) for t in self._journal.in_force()}
        wanted |= {
            (one.name, one.hash)
            for one in self._journal.refusals()
            if one.forced_at is not None
        }
        return any(one in wanted for one in self._refused.items())

    def _close_retired(self) -> None:
        """Close senders that were replaced, once no claim can use them."""
        with self._senders_lock:
            for at, sender in self._retired.copy():
                if (monotonic() - at) * 1000 > lease_of(sender.target):
                    self._retired.remove((at, sender))
                    sender.close()

    @override
    def refresh(self) -> None:
        """Switch to the files as they are now, as far as they are right."""
        problems = []
        try:
            stores = load_stores(self._folder, self._secret)
            targets = load_targets(self._folder, self._secret)
        except SettingsError as error:
            problems.append(str(error))
        else:
            for target in targets.values():
                self._journal.pin_target(target.name, target.host)
            self._stores, self._targets = stores, targets
            self.try_credentials()
        self._switch()
        self._problems = problems + self._problems
        observe(
            "mappings.loaded",
            mappings=len(self._catalog.mappings),
            problems=len(self._problems),
        )

    def _switch(self) -> None:
        """
        Take the mappings as they are now, all at once.

        What was held because of another text is rendered anew after the
        switch: before it, it would be held again by the old one.
        """
        before, (self._catalog, news) = self._catalog, self._load_catalog()
        for name, mapping in self._catalog.mappings.items():
            known = before.mapping(name)
            edited = known is not None and known.hash != mapping.hash
            if edited or name in news:
                self._journal.render_anew(name, now())
        self._problems += self._abandoned()

    def _abandoned(self) -> list[str]:
        """Say for which targets deliveries wait that are not there."""
        waiting: Counter[str] = Counter()
        for (target, state), count in self._journal.counts(
            now()
        ).deliveries.items():
            if state in _GO_ON and target not in self._targets:
                waiting[target] += count
        return [
            f"the target {target!r} is not in targets.yaml, and deliveries "
            f"wait for it ({count}): put it back, or cancel them"
            for target, count in sorted(waiting.items())
        ]

    def _load_catalog(self) -> tuple[Catalog, set[str]]:
        """
        Load the mappings, and tell the journal which are in force.

        Also returns the names of those that were not before.
        """
        in_force = {text.name: text for text in self._journal.in_force()}
        sources = load_sources(self._folder)
        built = build_catalog(
            sources,
            self._around(),
            last_good={name: text.text for name, text in in_force.items()},
            objection=self._objection(),
        )
        self._refused = built.refused
        at, news = now(), set()
        for name, mapping in built.mappings.items():
            if self._journal.put_in_force(
                name, mapping.hash, mapping.text, at
            ):
                news.add(name)
                observe("mapping.in_force", mapping=name, hash=mapping.hash)
        for name in set(in_force) - {source.name for source in sources}:
            self._journal.retire(name, at)
        self._problems = [str(problem) for problem in built.problems]
        since = {
            name: self._journal.first_in_force(name) or at
            for name in built.mappings
        }
        return replace(built, since=since), news

    def _objection(self) -> Objection:
        """Return what looks at an edited text, all within `LOOK_BACK_S`."""
        until = monotonic() + LOOK_BACK_S
        forced = {
            (one.name, one.hash)
            for one in self._journal.refusals()
            if one.forced_at is not None
        }

        def objection(
            before: MappingInForce, after: MappingInForce
        ) -> Problem | None:
            report = weighed(
                self._journal,
                before,
                after,
                last=LOOK_BACK,
                go_on=lambda: monotonic() < until,
            )
            if not report.breaks or (after.name, after.hash) in forced:
                return None
            reason = objection_text(report)
            self._journal.refuse_text(after.name, after.hash, reason, now())
            message = (
                f"not put in force ({after.hash}): {reason}; see `bridge diff"
                f" {after.name}`, and `bridge mappings force {after.name}`"
            )
            return Problem(file=after.file, message=message)

        return objection

    def _around(self) -> Surroundings:
        return surroundings(self._stores, self._targets)

    def _version(self, hash: str) -> MappingInForce | None:
        kept = self._journal.mapping_text(hash)
        if kept is None:
            return None
        try:
            return compile_mapping(
                kept.name, kept.text, file=kept.name, around=self._around()
            )
        except MappingError:  # of a store or target that is gone
            return None


def _first_line(error: Exception) -> str:
    """What is wrong with a file shows its words, and nobody's data."""
    return str(error).partition("\n")[0]
