"""
The real SQLite journal, with a hook at every statement and commit.

Between two transactions a strand may be overtaken; inside of one it may
only die, or be told that the disk is busy, full or broken.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlite_utils import Database
from typing_extensions import override

from bench.campaign.simulation.strands import Crash
from bridge.journal.connection import Connections, sqlite3
from bridge.journal.protocol import Claim, OrderPlan
from bridge.journal.session import Session
from bridge.journal.sql import STATEMENTS
from bridge.journal.sqlite import SQLiteJournal, SQLiteSession
from bridge.model import Instant, Request

T = TypeVar("T")

_NAMES = {text: name for name, text in STATEMENTS.items()}
_BEGIN, _COMMIT, _BEAT = "BEGIN IMMEDIATE", "COMMIT", "beat"

_AHEAD = f"""
SELECT EXISTS (SELECT 1 FROM events WHERE state = 'stored')
       OR EXISTS (SELECT 1 FROM orders WHERE plan_due <= :now),
       EXISTS (
         SELECT 1 FROM deliveries
         WHERE state IN ('waiting', 'pending', 'settling', 'uncertain')
           AND due_at <= :now)
       OR EXISTS (
         SELECT 1 FROM deliveries
         WHERE state IN ('claimed', 'sending') AND lease_until <= :now),
       ({STATEMENTS["next_due"].strip().rstrip(";")})
"""


class Hooks(Protocol):
    """What the world does at the disk."""

    def between(self) -> None:
        """No transaction is open: another strand may go on here."""

    def planned(self) -> None:
        """A plan was made, and is about to be kept."""

    def statement(self, name: str) -> str | None:
        """
        A statement is about to run; return how it fails, if it does.

        Args:
            name: as in `queries.sql`, else its first words.
        """

    def committed(self, *, changed: bool) -> None:
        """
        A commit is durable, and its verb has not returned.

        Args:
            changed: something that others wait for may have been written;
                a sign of life is not.
        """

    def intended(self, delivery: int, number: int) -> None:
        """An attempt was opened by the strand that runs."""


def folder() -> Path:
    """Return a new folder, in memory where the system has such a place."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() else None
    return Path(tempfile.mkdtemp(prefix="simulation-", dir=place))


@cache
def _template() -> bytes:
    """Return an empty journal's file."""
    made = folder()
    try:
        journal = SQLiteJournal(made / "empty.db")
        journal.migrate()
        copy = made / "copy.db"
        journal.backup(str(copy))
        journal.close()
        return copy.read_bytes()
    finally:
        shutil.rmtree(made)


def new_file(path: Path) -> None:
    """Make a journal's file with today's schema."""
    path.write_bytes(_template())
    path.chmod(0o600)


class SimulatedJournal(SQLiteJournal):
    """The journal of one simulated process."""

    def __init__(self, file: "File", hooks: Hooks) -> None:
        super().__init__(file.path)
        self._hooks = hooks
        self._connections = _Hooked(file, hooks)

    @override
    @contextmanager
    def writing(self) -> Iterator[SQLiteSession]:
        self._hooks.between()
        with super().writing() as session:
            yield session
        self._hooks.between()

    @override
    def unflushed(self) -> AbstractContextManager[SQLiteSession]:
        return self.writing()

    @override
    def written(
        self,
        work: Callable[[Session], T],
        then: Callable[[], None] | None = None,
    ) -> T:
        self._hooks.between()
        result = super().written(work)
        if then is not None:
            then()  # where another strand may go on: nobody's turn is held
        self._hooks.between()
        return result

    @override
    @contextmanager
    def reading(self) -> Iterator[Session]:
        self._hooks.between()
        with super().reading() as session:
            yield session

    @override
    def plan(self, plans: Sequence[OrderPlan], now: Instant) -> Sequence[bool]:
        self._hooks.planned()
        return super().plan(plans, now)

    @override
    def intend(
        self,
        claim: Claim,
        request: Request,
        *,
        mapping_hash: str,
        now: Instant,
        then: Callable[[], None] | None = None,
    ) -> int:
        number = super().intend(
            claim, request, mapping_hash=mapping_hash, now=now
        )
        self._hooks.intended(claim.delivery.id, number)
        if then is not None:
            then()
        return number


class File:
    """
    The one connection to the journal's file, which all processes share.

    Only one transaction is ever open, so that it stands for as many as one
    likes, without what it costs to lock each other out. When everything is
    started anew so is it, and what SQLite finds in the file is what there
    is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: Any = None

    def connection(self, opened: Callable[[], Database]) -> Any:
        """Return the connection, opened if there is none."""
        if self._connection is None:
            connection = opened().conn
            for pragma in ("locking_mode = EXCLUSIVE", "synchronous = OFF"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            self._connection = connection
        return self._connection

    def ahead(self, now: Instant) -> tuple[bool, bool, int | None]:
        """
        Return whether there may be anything to plan now, and to send.

        Last comes when there is more: as all would see who look.
        """
        if self._connection is None:
            return True, True, None
        row = self._connection.execute(_AHEAD, {"now": now}).fetchone()
        return bool(row[0]), bool(row[1]), row[2]

    def close(self) -> None:
        """Close it; the next one begins with the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class _OfAll:
    """One place for all strands: only one of them runs at a time."""

    database: Database | None = None


class _Hooked(Connections):
    """Connections whose statements are told of."""

    def __init__(self, file: File, hooks: Hooks) -> None:
        super().__init__(file.path)
        self._file = file
        self._hooks = hooks
        self._here().mine = _OfAll()  # type: ignore[assignment]

    @override
    def _open(self, **how: Any) -> Database:
        opened = super()._open
        connection = self._file.connection(lambda: opened(**how))
        database = Database(connection, execute_plugins=False)
        database.execute = _told(  # type: ignore[method-assign]
            connection, self._hooks
        )
        return database


def _told(connection: Any, hooks: Hooks) -> Callable[..., Any]:
    """Return what runs a statement, and tells of it."""
    beats = before = 0

    def execute(sql: str, parameters: Any = None) -> Any:
        nonlocal beats, before
        name = _NAMES.get(sql) or sql[:40]
        try:
            failure = hooks.statement(name)
        except Crash:
            # What a process had not committed is gone with it.
            connection.rollback()
            raise
        if failure is not None:
            _fail(connection, name, failure)
        result = connection.execute(sql, parameters or ())
        if name == _BEGIN:
            beats, before = 0, connection.total_changes
        elif name == _BEAT:
            beats += 1
        elif name == _COMMIT:
            written = connection.total_changes - before
            hooks.committed(changed=written > beats)
        return result

    return execute


def _fail(connection: Any, name: str, failure: str) -> None:
    """Fail as SQLite does: what it can not write, it rolls back."""
    if name != _BEGIN and connection.in_transaction:
        connection.rollback()
    raise sqlite3.OperationalError(failure)
