"""The journal in a SQLite file: one host, any number of processes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database
from typing_extensions import override

from bridge.errors import JournalError, JournalUnavailable, SchemaMismatch
from bridge.journal import schema
from bridge.journal.connection import (
    Connections,
    refuse_unsafe,
    sqlite3,
    told_as_unavailable,
)
from bridge.journal.gates import Gates
from bridge.journal.operating import Operating
from bridge.journal.planning import Planning
from bridge.journal.rows import Row
from bridge.journal.sending import Sending
from bridge.journal.session import Session
from bridge.journal.showing import Showing
from bridge.journal.sql import STATEMENTS
from bridge.journal.taking import Taking
from bridge.journal.texts import Texts


class SQLiteSession(Session):
    """One open transaction on this thread's connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def rows(self, name: str, /, **values: object) -> Sequence[Row]:
        # All rows are fetched: a RETURNING that is not read to its end
        # keeps its statement open.
        cursor = self._database.execute(STATEMENTS[name], values)
        names = [column[0] for column in cursor.description]
        return [
            dict(zip(names, row, strict=True)) for row in cursor.fetchall()
        ]

    @override
    def row(self, name: str, /, **values: object) -> Row | None:
        found = self.rows(name, **values)
        return found[0] if found else None

    @override
    def run(self, name: str, /, **values: object) -> int:
        return self._database.execute(STATEMENTS[name], values).rowcount

    @override
    @contextmanager
    def part(self) -> Iterator[None]:
        self._database.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._database.conn.in_transaction:
                self._database.execute("ROLLBACK TO part")
                self._database.execute("RELEASE part")
            raise
        self._database.execute("RELEASE part")


class SQLiteJournal(
    Taking, Planning, Sending, Gates, Texts, Showing, Operating
):
    """
    The idempotency log in one SQLite file.

    Raises:
        UnsafeSQLite: the library in this process can lose commits.
    """

    def __init__(self, path: Path) -> None:
        refuse_unsafe(sqlite3.sqlite_version_info)
        self._connections = Connections(path)

    # -- transactions

    @override
    @contextmanager
    def writing(self) -> Iterator[Session]:
        with (
            told_as_unavailable(),
            self._connections.writers.writer() as database,
        ):
            yield SQLiteSession(database)

    @override
    @contextmanager
    def reading(self) -> Iterator[Session]:
        with told_as_unavailable():
            database = self._connections.database()
            database.execute("BEGIN")
            try:
                yield SQLiteSession(database)
            finally:
                database.rollback()

    @override
    def change_mark(self) -> int:
        with told_as_unavailable():
            (foreign,) = (
                self._connections.database()
                .execute("PRAGMA data_version")
                .fetchone()
            )
        return int(foreign)

    # -- the file

    @override
    def migrate(self) -> Sequence[str]:
        self._connections.create()
        with told_as_unavailable(), self._connections.writers.alone():
            return schema.migrate(self._connections.database())

    @override
    def check(self) -> None:
        if not self._connections.path.exists():
            message = (
                f"there is no database {self._connections.path}:"
                " run `python -m bridge migrate`"
            )
            raise SchemaMismatch(message)
        with told_as_unavailable():
            schema.check(self._connections.database())

    @override
    def close(self) -> None:
        self._connections.close()

    @override
    def backup(self, path: str) -> None:
        whole, part = Path(path), Path(f"{path}.part")
        if whole.exists():
            message = f"{path} is there already: name another file"
            raise JournalError(message)
        try:
            with told_as_unavailable():
                _copy(self._connections.database(), part)
            part.rename(whole)
            _sync(whole.parent)
        except OSError as error:
            message = f"{path}: {error.strerror}"
            raise JournalUnavailable(message) from error
        finally:
            part.unlink(missing_ok=True)

    @override
    def integrity(self) -> Sequence[str]:
        with told_as_unavailable():
            database = self._connections.database()
            checks = database.execute("PRAGMA quick_check").fetchall()
            keys = database.execute("PRAGMA foreign_key_check").fetchall()
        return [text for (text,) in checks if text != "ok"] + [
            f"{table}, row {row}: its row in {parent} is missing"
            for table, row, parent, _key in keys
        ]


def _copy(database: Database, path: Path) -> None:
    """Write a whole copy, on disk when this returns, in one file."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(sqlite3.connect(str(path), isolation_level=None)) as copy:
        database.conn.backup(copy)
        # Else its readers would need a -wal and a -shm beside it.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    _sync(path)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
