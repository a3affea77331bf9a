import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlite_utils import Database

from bridge.errors import JournalUnavailable
from bridge.journal.committing import GroupCommit, HostLock
from bridge.journal.connection import sqlite3
from bridge.journal.opening import open_journal
from tests.factories import new_event

Kind = TypeVar("Kind")


def at_a_table(
    folder: Path, kind: Callable[[Database], Kind]
) -> tuple[Any, Kind, GroupCommit]:
    """Return a connection, what stands before it, and who writes on it."""
    path = folder / "some.db"
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False
    )
    database: Any = kind(Database(connection, execute_plugins=False))
    database.execute("CREATE TABLE kept (number INTEGER)")
    return (
        connection,
        database,
        GroupCommit(lambda: database, HostLock(path)),
    )


def test_writers_share_commits(tmp_path: Path) -> None:
    """Writers that wait together lose nothing, and each gets its own id."""
    journal = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    journal.migrate()
    ids: list[int] = []

    def write(number: int) -> None:
        for turn in range(20):
            event = new_event(dedupe_key=f"{number}-{turn}")
            ids.extend(kept.id for kept in journal.append([event]))

    threads = [
        threading.Thread(target=write, args=(number,)) for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(ids)) == 320
    assert len(journal.unplanned(1000)) == 320


def test_one_writers_mistake_is_its_own(tmp_path: Path) -> None:
    """What one writer of a batch does wrong undoes nothing of the others."""
    journal = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    journal.migrate()
    failed: list[str] = []

    def wrong() -> None:
        try:
            with journal.writing() as session:  # type: ignore[attr-defined]
                session.run("replan_order", nothing="at all")
        except Exception as error:  # noqa: BLE001
            failed.append(type(error).__name__)

    def right(number: int) -> None:
        journal.append([new_event(dedupe_key=str(number))])

    threads = [
        threading.Thread(target=right, args=(number,)) for number in range(20)
    ] + [threading.Thread(target=wrong) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(failed) == 10
    assert len(journal.unplanned(100)) == 20


class FailingCommits:
    """A connection of which every commit fails while it is told so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.fails = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, sql: str, *values: Any) -> Any:
        if sql == "COMMIT" and self.fails:
            message = "disk I/O error"
            raise sqlite3.OperationalError(message)
        return self._database.execute(sql, *values)


def in_a_block(writers: GroupCommit, number: int) -> None:
    with writers.writer() as database:
        insert(database, number)


def as_work(writers: GroupCommit, number: int) -> None:
    writers.write(lambda database: insert(database, number))


def insert(database: Database, number: int) -> None:
    database.execute("INSERT INTO kept VALUES (?)", (number,))
    time.sleep(0.01)  # the others come and stand in line


@pytest.mark.parametrize("keep", [in_a_block, as_work])
def test_failed_commit_is_told_to_every_writer(
    keep: Callable[[GroupCommit, int], None], tmp_path: Path
) -> None:
    """
    Nobody who shared a commit that failed is told that it was kept, and the
    next one is made as ever.
    """
    _connection, database, writers = at_a_table(tmp_path, FailingCommits)
    told: list[int] = []

    def write(number: int) -> None:
        try:
            keep(writers, number)
        except JournalUnavailable:
            told.append(number)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.fails = False
    write(99)

    kept = [row[0] for row in database.execute("SELECT number FROM kept")]
    assert ([*range(8)], [99]) == (sorted(told), kept)


def test_missing_place_for_the_lock_is_told(tmp_path: Path) -> None:
    """When there is no place for the lock, every writer is told."""
    journal = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    journal.migrate()
    other = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    for name in (".lock", ".next"):
        path = tmp_path / f"bridge.db{name}"
        path.unlink()
        path.mkdir()

    with pytest.raises(JournalUnavailable, match=r"bridge\.db"):
        other.append([new_event()])


def test_what_follows_comes_once_it_is_durable(tmp_path: Path) -> None:
    """
    What a writer wants done next is done at once, when its commit is
    durable and before anybody is woken; not when it failed.
    """
    connection, database, writers = at_a_table(tmp_path, FailingCommits)
    followed: list[tuple[int, bool]] = []

    def follow(number: int) -> None:
        followed.append((number, connection.in_transaction))

    def write(number: int) -> None:
        with suppress(JournalUnavailable):
            writers.write(
                lambda base: insert(base, number), lambda: follow(number)
            )

    def all_write(numbers: range) -> None:
        threads = [threading.Thread(target=write, args=(n,)) for n in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    all_write(range(8))
    none = [*followed]
    database.fails = False
    all_write(range(10, 18))

    assert none == []
    assert sorted(followed) == [(n, False) for n in range(10, 18)]


class Noting:
    """A connection that notes what it is told to do."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.told: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, sql: str, *values: Any) -> Any:
        self.told.append(sql)
        return self._database.execute(sql, *values)


def test_what_can_be_made_again_is_not_flushed(tmp_path: Path) -> None:
    """
    A commit without a flush is nobody else's, and whoever writes after it
    flushes both.
    """
    _connection, database, writers = at_a_table(tmp_path, Noting)
    other = threading.Thread(target=as_work, args=(writers, 3))
    database.told.clear()

    for number in (1, 2):
        with writers.writer(flushed=False) as base:
            if number == 2:
                other.start()
            insert(base, number)
    other.join()

    kept = "INSERT INTO kept VALUES (?)"
    assert database.told == [
        "PRAGMA synchronous = NORMAL",
        *["BEGIN IMMEDIATE", kept, "COMMIT"] * 2,
        "PRAGMA synchronous = FULL",
        *["BEGIN IMMEDIATE", kept, "COMMIT"],
    ]


def test_batch_with_a_mistake_keeps_all_the_others(tmp_path: Path) -> None:
    """
    When one of a batch fails, what all others of it wrote is there, once,
    that of the one that leads included; and only the one is told.
    """
    connection, database, writers = at_a_table(tmp_path, Noting)
    failed: list[int] = []

    def wrong(base: Database, number: int) -> None:
        insert(base, number)
        raise ValueError

    def write(number: int) -> None:
        work = wrong if number in {3, 5} else insert
        try:
            writers.write(lambda base: work(base, number))
        except ValueError:
            failed.append(number)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(1, 8)]

    def lead(base: Database) -> None:
        insert(base, 0)
        if not threads[0].ident:
            for thread in threads:
                thread.start()
                time.sleep(0.02)

    writers.write(lead)
    for thread in threads:
        thread.join()

    rows = connection.execute("SELECT number FROM kept ORDER BY rowid")
    assert [number for (number,) in rows] == [0, 1, 2, 4, 6, 7]
    assert sorted(failed) == [3, 5]
    assert database.told.count("COMMIT") == 1


def test_batch_without_a_mistake_is_one_part(tmp_path: Path) -> None:
    """Where nothing fails, no statement is spent on undoing."""
    _connection, database, writers = at_a_table(tmp_path, Noting)
    threads = [
        threading.Thread(target=as_work, args=(writers, n)) for n in range(3)
    ]
    database.told.clear()

    def lead(base: Database) -> None:
        insert(base, 9)
        for thread in threads:
            thread.start()
        time.sleep(0.1)

    writers.write(lead)
    for thread in threads:
        thread.join()

    kept = "INSERT INTO kept VALUES (?)"
    assert database.told == ["BEGIN IMMEDIATE", *[kept] * 4, "COMMIT"]
