"""What is SQLite's own: the file, its schema, its locks, its library."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from bridge.errors import (
    JournalError,
    JournalUnavailable,
    SchemaMismatch,
    SettingsError,
    UnsafeSQLite,
)
from bridge.journal.connection import is_safe, refuse_unsafe, sqlite3
from bridge.journal.opening import open_journal
from bridge.journal.protocol import EventFilter
from bridge.journal.sql import STATEMENTS, parse
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DeliveryState, Urgency
from tests.factories import NOW, keep, later, new_delivery, new_event
from tests.journal.steps import send

EVERYTHING = EventFilter()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a database."""
    return tmp_path / "data" / "bridge.db"


@pytest.fixture
def journal(path: Path) -> SQLiteJournal:
    """An empty journal with its schema."""
    journal = SQLiteJournal(path)
    journal.migrate()
    return journal


# --------------------------------------------------------------- library


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 9), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((4, 0, 0), True),
    ],
)
def test_knows_safe_libraries(
    *, version: tuple[int, int, int], safe: bool
) -> None:
    """Versions that can lose commits are known as such."""
    assert is_safe(version) is safe


def test_refuses_unsafe_libraries() -> None:
    """The refusal names the version and the way out, in one line."""
    with pytest.raises(UnsafeSQLite, match=r"^SQLite 3\.40\.1 .*pysqlite3"):
        refuse_unsafe((3, 40, 1))


# --------------------------------------------------------------- opening


def test_opens_by_address(tmp_path: Path) -> None:
    """An absolute address has four slashes; nothing is made by opening."""
    path = tmp_path / "a" / "b.db"
    journal = open_journal(f"sqlite:///{path}")

    assert not path.parent.exists()
    journal.migrate()
    assert path.exists()


@pytest.mark.parametrize("url", ["", "mysql:///x", "sqlite:///", "bridge.db"])
def test_refuses_other_addresses(url: str) -> None:
    """An address of no known kind says how one looks."""
    with pytest.raises(SettingsError, match=r"sqlite:///data/bridge\.db"):
        open_journal(url)


def test_file_is_for_its_owner(journal: SQLiteJournal, path: Path) -> None:
    """Customers' data is for nobody else to read."""
    journal.append([new_event()])

    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


# ---------------------------------------------------------------- schema


def test_migrates_once(journal: SQLiteJournal) -> None:
    """A schema that is up to date is left alone, and passes."""
    assert journal.migrate() == []
    journal.check()
    assert journal.integrity() == []


def test_refuses_no_database(path: Path) -> None:
    """A database that is not there is not made in passing."""
    journal = SQLiteJournal(path)

    with pytest.raises(SchemaMismatch, match="python -m bridge migrate"):
        journal.check()
    with pytest.raises(JournalUnavailable):
        journal.append([new_event()])
    assert not path.exists()


def test_refuses_an_older_schema(path: Path) -> None:
    """An empty file lacks what `migrate` would bring."""
    path.parent.mkdir()
    path.touch()

    with pytest.raises(SchemaMismatch, match=r"older.*bridge migrate"):
        SQLiteJournal(path).check()


def test_refuses_a_newer_schema(journal: SQLiteJournal, path: Path) -> None:
    """A step that this program does not know is a newer program's."""
    with closing(sqlite3.connect(str(path), isolation_level=None)) as other:
        other.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('bridge', '9999_later', '')"
        )

    for verb in (journal.check, journal.migrate):
        with pytest.raises(SchemaMismatch, match=r"newer.*9999_later"):
            verb()


def test_refuses_a_strangers_database(path: Path) -> None:
    """Another program's database is not added to."""
    path.parent.mkdir()
    with closing(sqlite3.connect(str(path))) as other:
        other.execute("CREATE TABLE wallet (coins)")

    for verb in (SQLiteJournal(path).check, SQLiteJournal(path).migrate):
        with pytest.raises(SchemaMismatch, match="not a bridge's"):
            verb()


def test_refuses_what_is_no_database(path: Path) -> None:
    """A file of something else is told in a short line."""
    path.parent.mkdir()
    path.write_bytes(b"not a database, certainly" * 100)

    with pytest.raises(JournalUnavailable, match="SQLITE_NOTADB"):
        SQLiteJournal(path).check()


# ----------------------------------------------------------- connections


def test_is_durable(journal: SQLiteJournal) -> None:
    """Every connection waits for the disk, and minds its keys."""
    with journal.reading():
        database = journal._connections._process._writer()  # noqa: SLF001
        settings = {
            name: database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in (
                "journal_mode", "synchronous", "foreign_keys", "busy_timeout",
            )
        }  # fmt: skip

    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5_000,
    }


def test_error_rolls_back(journal: SQLiteJournal) -> None:
    """What raises in the middle leaves nothing behind, and no lock."""

    def stumble() -> None:
        with journal.writing() as session:
            session.run("pin_target", name="x", host="y")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stumble()

    assert journal.targets() == []
    journal.append([new_event()])


def test_a_strangers_lock_is_told(journal: SQLiteJournal, path: Path) -> None:
    """Who finds the file locked for good gets a short reason."""
    journal.append([new_event()])
    database = journal._connections._process._writer()  # noqa: SLF001
    database.execute("PRAGMA busy_timeout = 0").fetchall()
    with closing(sqlite3.connect(str(path), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(JournalUnavailable, match="SQLITE_BUSY"):
            journal.append([new_event("b")])

        other.execute("ROLLBACK")
    assert not journal.append([new_event("b")])[0].repeated


def test_full_disk_is_told(journal: SQLiteJournal) -> None:
    """A disk without room keeps nothing, and goes on when there is room."""
    journal.append([new_event()])
    database = journal._connections._process._writer()  # noqa: SLF001
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    with pytest.raises(JournalUnavailable, match="SQLITE_FULL"):
        journal.append([new_event("b", body=b"x" * 100_000)])

    database.execute("PRAGMA max_page_count = 1000000").fetchall()
    assert not journal.append([new_event("b")])[0].repeated


def test_threads_and_processes_write_in_turn(
    journal: SQLiteJournal, path: Path
) -> None:
    """Many writers at once, forked children among them, lose nothing."""
    journal.append([new_event("parent")])
    children = [_append_in_a_child(journal) for _nth in range(2)]

    def bring(nth: int) -> bool:
        return journal.append([new_event(f"thread-{nth}")])[0].repeated

    with ThreadPoolExecutor(4) as threads:
        assert not any(threads.map(bring, range(40)))
    statuses = [os.waitpid(child, 0)[1] for child in children]

    assert statuses == [0, 0]
    kept = SQLiteJournal(path).events(EVERYTHING, before=None, limit=999)
    assert len(kept) == 1 + 40 + 2 * 40
    assert journal.integrity() == []


def _append_in_a_child(journal: SQLiteJournal) -> int:
    """Fork; the child has its own connection and its own lock."""
    if child := os.fork():
        return child
    status = 1
    try:
        for nth in range(40):
            journal.append([new_event(f"child-{os.getpid()}-{nth}")])
        status = 0
    finally:
        os._exit(status)


def test_closes_and_opens_again(journal: SQLiteJournal) -> None:
    """Closing ends a thread's connection, not the journal."""
    journal.append([new_event()])
    journal.close()
    journal.close()

    assert journal.append([new_event()])[0].repeated


# ---------------------------------------------------------------- backup


def test_backup_while_writing(journal: SQLiteJournal, tmp_path: Path) -> None:
    """A copy made under writers is whole: a state that once was."""

    def bring(nth: int) -> None:
        journal.append([new_event(f"{nth}", body=b"x" * 5_000)])

    for nth in range(50):
        bring(nth)
    with ThreadPoolExecutor(2) as threads:
        writing = threads.map(bring, range(50, 250))
        journal.backup(str(tmp_path / "copy.db"))
        list(writing)

    copy = SQLiteJournal(tmp_path / "copy.db")
    copy.check()
    assert copy.integrity() == []
    ids = [e.id for e in copy.events(EVERYTHING, before=None, limit=999)]
    assert ids == list(range(len(ids), 0, -1))
    assert 50 <= len(ids) <= 250


def test_backup_is_one_file(journal: SQLiteJournal, tmp_path: Path) -> None:
    """Nothing stands beside a copy, and nobody else may read it."""
    folder = tmp_path / "copies"
    folder.mkdir()

    journal.backup(str(folder / "copy.db"))

    (copy,) = folder.iterdir()
    assert copy.name == "copy.db"
    assert copy.stat().st_mode & 0o077 == 0


def test_backup_overwrites_nothing(
    journal: SQLiteJournal, tmp_path: Path
) -> None:
    """A file that is there stays as it is."""
    there = tmp_path / "there"
    there.write_text("precious")

    with pytest.raises(JournalError, match="there already"):
        journal.backup(str(there))

    assert there.read_text() == "precious"


def test_backup_without_a_folder(
    journal: SQLiteJournal, tmp_path: Path
) -> None:
    """A place that is not there is told in a short line."""
    with pytest.raises(JournalUnavailable, match="No such file"):
        journal.backup(str(tmp_path / "nowhere" / "copy.db"))


def test_finds_damage(journal: SQLiteJournal, path: Path) -> None:
    """A page of garbage and a row without its parent are found."""
    keep(journal, new_delivery())
    journal.close()
    with closing(sqlite3.connect(str(path), isolation_level=None)) as other:
        other.execute("DELETE FROM orders")

    (broken,) = journal.integrity()
    assert broken == "deliveries, row 1: its row in orders is missing"


# ------------------------------------------------------------------- sql

INDEXES = {
    "outlook": {"deliveries_by_state", "deliveries_in_doubt"},
    "due_lookups": {"deliveries_in_doubt"},
    "due_stores": {"deliveries_due"},
    "due_heads": {
        "deliveries_due", "deliveries_blocking", "deliveries_in_flight",
    },
    "due_between": {"deliveries_due"},
    "lane_before": {"deliveries_blocking"},
    "due_probes": {
        "deliveries_due", "deliveries_blocking", "deliveries_in_flight",
    },
    "next_due": {"deliveries_next", "deliveries_leased", "orders_to_plan"},
    "lost_leases": {"deliveries_leased"},
    "unplanned": {"events_stored"},
    "orders_due": {"orders_to_plan"},
    "open_ids": {"deliveries_by_state"},
    "attention_groups": {"deliveries_by_state"},
    "attention_of_head": {"deliveries_by_state"},
    "oldest_waiting": {"deliveries_by_state"},
    "events_stored": {"events_stored"},
    "events_aside": {"events_aside"},
    "orders_to_prune": {
        "orders_to_prune", "deliveries_by_order", "events_by_order",
    },
    "events_to_prune": {"events_to_prune"},
    "count_deliveries": {"deliveries_by_state"},
    "held_calls": {"deliveries_held"},
    "wake_waiting": {"deliveries_by_order"},
}  # fmt: skip


def _plan(journal: SQLiteJournal, name: str) -> list[str]:
    statement = STATEMENTS[name]
    names = re.findall(r":(\w+)", statement)
    explained = journal._connections.database().execute(  # noqa: SLF001
        f"EXPLAIN QUERY PLAN {statement}", dict.fromkeys(names, 1)
    )
    return [row[3] for row in explained.fetchall()]


@pytest.mark.parametrize("name", ["due_heads", "due_probes", "due_lookups"])
def test_sorts_no_backlog(journal: SQLiteJournal, name: str) -> None:
    """What is due is read in the order of its index, until it is enough."""
    assert not [step for step in _plan(journal, name) if "B-TREE" in step]


def test_counts_within_the_index(journal: SQLiteJournal) -> None:
    """Who goes before is counted from one place in a line to another."""
    (counted,) = [
        step for step in _plan(journal, "due_between") if "_due" in step
    ]

    assert "urgency=? AND due_at>? AND due_at<?" in counted


def test_looks_at_the_newest_calls_only(journal: SQLiteJournal) -> None:
    """How fast targets answer is told by the end of the history."""
    newest, *others = [
        step
        for step in _plan(journal, "answer_times")
        if "SEARCH" in step and not step.endswith("SEARCH history")
    ]

    assert newest == "SEARCH h USING INTEGER PRIMARY KEY (rowid>?)"
    assert all("PRIMARY KEY" in step or "autoindex" in step
               for step in others)  # fmt: skip


def test_no_urgency_is_left_out(journal: SQLiteJournal) -> None:
    """The statements that name them name all that there are."""
    named = ", ".join(str(urgency.value) for urgency in sorted(Urgency))

    for name in ("due_heads", "due_stores"):
        assert f"urgency IN ({named})" in STATEMENTS[name]
    with closing(journal._connections._open()) as database:  # noqa: SLF001
        assert f"urgency IN ({named})" in database["deliveries"].schema


def test_skips_from_store_to_store(journal: SQLiteJournal) -> None:
    """Which stores have something due is asked of the index, not counted."""
    searched = [
        step for step in _plan(journal, "due_stores") if "_due" in step
    ]

    assert "(target=? AND store>?)" in searched[1]
    assert "store=? AND urgency=? AND due_at<?" in searched[2]


@pytest.mark.parametrize("name", sorted(INDEXES))
def test_uses_the_index_made_for_it(journal: SQLiteJournal, name: str) -> None:
    """The partial indexes fit the statements that they were made for."""
    used = re.findall(r"INDEX (\w+)", " ".join(_plan(journal, name)))

    assert {index for index in used if "autoindex" not in index} == (
        INDEXES[name]
    )


def test_every_statement_is_understood(journal: SQLiteJournal) -> None:
    """No statement has a slip that only its verb would show."""
    for name in STATEMENTS:
        _plan(journal, name)


def test_no_name_stands_twice() -> None:
    """A second statement of a name would silently replace the first."""
    with pytest.raises(ValueError, match="named twice: b"):
        parse("-- name: b\nSELECT 1;\n-- name: a\nx;\n-- name: b\ny;\n")


@pytest.mark.parametrize(
    "statement", ["DELETE FROM audit", "UPDATE audit SET actor = 'eve'"]
)
def test_audit_is_append_only(
    journal: SQLiteJournal, path: Path, statement: str
) -> None:
    """What was noted can not be taken back, not even by hand."""
    journal.adopt_target("x", "y", actor="ana", now=NOW)
    with (
        closing(sqlite3.connect(str(path))) as other,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        other.execute(statement)


def test_nothing_in_limbo(journal: SQLiteJournal) -> None:
    """The table itself refuses what would never be looked at again."""
    keep(journal, new_delivery())
    after = send(journal, DeliveryState.PENDING, due_at=later(1))
    with (
        pytest.raises(sqlite3.IntegrityError, match="CHECK"),
        journal.writing(),
    ):
        journal._connections._process._writer().execute(  # noqa: SLF001
            "UPDATE deliveries SET due_at = NULL"
        )

    assert journal.delivery(after.id) == after
