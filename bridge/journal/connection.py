"""
Connections to one SQLite file, and the order in which they write.

SQLite lets one connection write at a time, and lets the others find out by
sleeping and trying again, which is neither fast nor fair. Here they queue
(`bridge.journal.committing`), threads of a process and processes of a host;
SQLite's own lock is then free, but for strangers.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.db import (  # type: ignore[attr-defined]
    sqlite3 as sqlite3,  # noqa: PLC0414
)

from bridge.errors import JournalUnavailable, UnsafeSQLite
from bridge.journal.committing import GroupCommit, HostLock
from bridge.journal.trouble import as_ours

BUSY_TIMEOUT_S = 5.0
"""For writers that do not queue with us, such as SQLite's own shell."""

BY_COMMITS, AT_LATEST = 1_000, 16_000
"""
Pages in SQLite's log after which a commit moves them into the database, and
whoever commits waits for it. The second is for journals that somebody looks
after, who moves them earlier; and 64 MB in case he does not.
"""

MOVED_AT, MOST_ROUNDS, LOCKED_AT = 500, 4, 8_000
"""
Pages in the log from which on they are moved beside the commits, again and
again so many times until none came meanwhile: then the log begins anew. If
one always did, the last are moved between two commits, who wait for it, but
only in a log of so many pages, and not while a reader holds as many.

Few pages at a time: who commits meanwhile waits for the same disk, and how
long a move takes is how late the latest webhooks are answered.
"""

KEPT_WAL_BYTES = 64 * 1024 * 1024
"""A log that grew larger, under a long read, is cut after its checkpoint."""


def is_safe(version: tuple[int, int, int]) -> bool:
    """
    Return whether this SQLite keeps what it committed to a WAL.

    Up to 3.51.2 it can lose commits when several connections write and
    checkpoint. Before 3.7.0 there was no WAL at all.

    Source: https://sqlite.org/wal.html#walresetbug, 2026-11
    """
    match version:
        case (3, 44, patch):
            return patch >= 6  # noqa: PLR2004
        case (3, 50, patch):
            return patch >= 7  # noqa: PLR2004
        case _:
            return version >= (3, 51, 3)


def refuse_unsafe(version: tuple[int, int, int]) -> None:
    """
    Refuse to work on a SQLite that can lose commits.

    Raises:
        UnsafeSQLite: saying what to install.
    """
    if not is_safe(version):
        message = (
            f"SQLite {'.'.join(map(str, version))} can lose commits:"
            " `pip install pysqlite3`, or use a Python with SQLite 3.51.3"
            " or newer"
        )
        raise UnsafeSQLite(message)


OF_THE_CALLER = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
)
"""Errors that say nothing of the database."""


@contextmanager
def told_as_unavailable() -> Iterator[None]:
    """
    Turn SQLite's trouble into ours; the caller's mistakes stay as they are.

    Raises:
        JournalUnavailable: locked, full, read-only, not to be opened.
        JournalBroken: the disk failed, or the file is damaged.
    """
    try:
        yield
    except OF_THE_CALLER:
        raise
    except sqlite3.Error as error:
        raise as_ours(error) from error


class _Process:
    """
    What belongs to one process and must not be used by its children.

    A forked child makes its own; two made at once by two threads do no
    harm, since each has its own hold on the lock files.
    """

    def __init__(self, path: Path, opened: Callable[[], Database]) -> None:
        self.pid = os.getpid()
        self.mine = threading.local()
        self._opened = opened
        self._written: Database | None = None
        self.writers = GroupCommit(self._writer, HostLock(path))

    def _writer(self) -> Database:
        """Return the connection that all threads write on, in turn."""
        if self._written is None:
            self._written = self._opened()
        return self._written


class Connections:
    """
    One connection per thread and process, opened when first used.

    Args:
        looked_after: whether somebody calls `move_log` again and again.
    """

    def __init__(self, path: Path, *, looked_after: bool = False) -> None:
        self.path = path
        self._checkpoint_at = AT_LATEST if looked_after else BY_COMMITS
        self._process = _Process(path, self._open)
        self._left_to_parent: list[_Process] = []

    @property
    def writers(self) -> GroupCommit:
        """The writers of this process."""
        return self._here().writers

    def database(self) -> Database:
        """
        Return this thread's connection.

        Raises:
            JournalUnavailable: there is no such file, or it can not be read.
        """
        mine = self._here().mine
        if getattr(mine, "database", None) is None:
            with told_as_unavailable():
                mine.database = self._open()
        database: Database = mine.database
        return database

    def close(self) -> None:
        """Close this thread's connection; another use opens it again."""
        mine = self._here().mine
        if getattr(mine, "database", None) is not None:
            mine.database.close()
            mine.database = None

    def move_log(self) -> bool:
        """
        Move what SQLite's log holds into the database, if it is much.

        Return whether it was not.
        """
        with told_as_unavailable():
            database = self.database()
            pages, moved = _log(database, "NOOP")
            if pages - moved < MOVED_AT:
                return True
            for _round in range(MOST_ROUNDS):
                _log(database, "PASSIVE")  # tells nothing of what came since
                pages, moved = _log(database, "NOOP")
                if pages == moved:
                    return False
            if pages - moved < LOCKED_AT <= pages:
                with self.writers.alone():
                    _log(database, "PASSIVE")
            return False

    def shorten_log(self) -> None:
        """
        Cut SQLite's log, if nobody reads what stands there; waits for none.

        Every commit does as much, but for the cutting: this is for when
        there are none.
        """
        with told_as_unavailable(), closing(self._open(timeout_s=0)) as own:
            for mode in ("PASSIVE", "TRUNCATE"):
                own.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()

    def write_log_anew(self) -> bool:
        """
        Write all of the log into the database, and see it to the disk.

        Return False when somebody else has it open.
        """
        with told_as_unavailable(), closing(self._open()) as own:
            busy, _pages, _moved = own.execute(
                "PRAGMA wal_checkpoint(TRUNCATE)"
            ).fetchone()
        return not busy

    def create(self) -> None:
        """
        Make the file and its folder, for nobody else to read.

        Raises:
            JournalUnavailable: they can not be made.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            message = f"{self.path} can not be written: {error.strerror}"
            raise JournalUnavailable(message) from error

    def _here(self) -> _Process:
        if self._process.pid != os.getpid():
            # Kept, because closing an inherited connection would close it
            # under the parent.
            self._left_to_parent.append(self._process)
            self._process = _Process(self.path, self._open)
        return self._process

    def _open(self, *, timeout_s: float = BUSY_TIMEOUT_S) -> Database:
        """Open, never create: an empty database would hide a wrong path."""
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=timeout_s,
            cached_statements=256,
            check_same_thread=False,  # the writers' one is used in turn
        )
        database = Database(connection, execute_plugins=False)
        for pragma in (
            "auto_vacuum = INCREMENTAL",  # of a file that is still empty
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "secure_delete = FAST",
            f"journal_size_limit = {KEPT_WAL_BYTES}",
            f"wal_autocheckpoint = {self._checkpoint_at}",
        ):
            database.execute(f"PRAGMA {pragma}").fetchall()
        return database


def _log(database: Database, mode: str) -> tuple[int, int]:
    """
    Move pages as *mode* says; return how many the log has, and are moved.

    What a reader holds is left, and all of it while another moves them.
    Source: https://sqlite.org/pragma.html#pragma_wal_checkpoint, 2026-11;
    before 3.51 NOOP does what PASSIVE does.
    """
    _busy, pages, moved = database.execute(
        f"PRAGMA wal_checkpoint({mode})"
    ).fetchone()
    return int(pages), int(moved)
