"""When the disk fails under the database, and what is left of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from bridge.errors import (
    JournalBroken,
    JournalUnavailable,
    OlderCopy,
    Suspect,
)
from bridge.journal.connection import sqlite3
from bridge.journal.sqlite import SQLiteJournal
from bridge.journal.suspicion import ranges
from bridge.journal.trouble import as_ours
from tests.factories import NOW, new_event

Logged = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
def ends() -> list[str]:
    """What was done when the disk was found to have failed."""
    return []


@pytest.fixture
def journal(path: Path, ends: list[str]) -> SQLiteJournal:
    journal = SQLiteJournal(path, broken=lambda: ends.append("ended"))
    journal.migrate()
    return journal


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Logged:
    """Return the lines of the log so far."""

    def read() -> list[dict[str, Any]]:
        lines = capfd.readouterr().err.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    return read


class Failing(Database):
    """A connection whose commits fail as a disk can."""

    failure = ""

    def execute(self, sql: str, parameters: Any = None) -> Any:
        if self.failure and sql == "COMMIT":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = self.failure
            raise error
        return super().execute(sql, parameters)


def fail(journal: SQLiteJournal, failure: str) -> None:
    """Let every commit of *journal* fail from now on; "" for none."""
    process = journal._connections._process  # noqa: SLF001
    own = process._writer()  # noqa: SLF001
    if not isinstance(own, Failing):
        own = Failing(own.conn, execute_plugins=False)
        process._written = own  # noqa: SLF001
    own.failure = failure


def damage(path: Path) -> None:
    """Write garbage over pages in the middle of a database file."""
    with path.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xaa" * 4096 * 30)


# ------------------------------------------------------------- what it is


@pytest.mark.parametrize(
    ("code", "broken"),
    [
        ("SQLITE_IOERR", True),
        ("SQLITE_IOERR_FSYNC", True),
        ("SQLITE_IOERR_WRITE", True),
        ("SQLITE_IOERR_SHORT_READ", True),
        ("SQLITE_IOERR_SOMETHING_NEW", True),
        ("SQLITE_CORRUPT", True),
        ("SQLITE_CORRUPT_INDEX", True),
        ("SQLITE_NOTADB", True),
        ("SQLITE_FULL", False),
        ("SQLITE_IOERR_SHMSIZE", False),
        ("SQLITE_IOERR_NOMEM", False),
        ("SQLITE_READONLY", False),
        ("SQLITE_READONLY_DBMOVED", False),
        ("SQLITE_CANTOPEN", False),
        ("SQLITE_BUSY", False),
        ("SQLITE_LOCKED", False),
    ],
)
def test_knows_what_breaks(*, code: str, broken: bool) -> None:
    """A failed disk and a damaged file break it; what passes does not."""
    error = sqlite3.OperationalError("some words")
    error.sqlite_errorname = code
    told = as_ours(error)

    assert isinstance(told, JournalBroken) is broken
    assert code in str(told)


# ----------------------------------------------------------- at run time


@pytest.mark.parametrize(
    "failure", ["SQLITE_IOERR_FSYNC", "SQLITE_IOERR_WRITE"]
)
def test_failed_fsync_ends_it(
    journal: SQLiteJournal, ends: list[str], failure: str
) -> None:
    """The first error is the last word: nothing is acknowledged after it."""
    fail(journal, failure)
    with pytest.raises(JournalBroken, match=failure):
        journal.append([new_event()])
    fail(journal, "")

    for verb in (
        lambda: journal.append([new_event("b")]),
        lambda: journal.counts(NOW),
        journal.check,
    ):
        with pytest.raises((JournalBroken, Suspect)):
            verb()
    assert ends == ["ended"]


def test_says_what_it_acknowledged_last(
    journal: SQLiteJournal, path: Path, logged: Logged
) -> None:
    """The ids of the last minute are in the log and in the note."""
    for key in "abca":
        journal.append([new_event(key)])
    fail(journal, "SQLITE_IOERR_FSYNC")
    with pytest.raises(JournalBroken):
        journal.append([new_event("d")])

    (line,) = [x for x in logged() if x["event"] == "journal.broken"]
    note = json.loads(Path(f"{path}.suspect").read_text())
    assert "1-3" == line["acknowledged"]
    assert "SQLITE_IOERR_FSYNC" in line["error"]
    assert [[1, 3]] == note["acknowledged"]
    assert Path(f"{path}.suspect").stat().st_mode & 0o077 == 0


def test_forgets_what_is_old(journal: SQLiteJournal) -> None:
    """After a minute what was acknowledged is not doubted any more."""
    seconds = 0.0
    suspicion = journal._suspicion  # noqa: SLF001
    suspicion._monotonic = lambda: seconds  # noqa: SLF001
    journal.append([new_event("a")])
    seconds = 61.0
    journal.append([new_event("b")])

    assert [(61.0, 2)] == [*suspicion._acknowledged]  # noqa: SLF001


def test_ids_are_told_as_ranges() -> None:
    """Repeated and unordered ids become ranges with both ends."""
    assert [(1, 3), (7, 7)] == ranges([3, 1, 7, 2, 3])


def test_others_heed_the_note(
    journal: SQLiteJournal, path: Path, ends: list[str]
) -> None:
    """A process whose own disk calls work stops within a quarter second."""
    other_ends: list[str] = []
    other = SQLiteJournal(path, broken=lambda: other_ends.append("ended"))
    other.append([new_event("a")])
    fail(journal, "SQLITE_IOERR_FSYNC")
    with pytest.raises(JournalBroken):
        journal.append([new_event("b")])

    other._intake._next_look = 0.0  # noqa: SLF001
    with pytest.raises(JournalBroken):
        other.append([new_event("c")])
    with pytest.raises(JournalBroken):
        other.keep_mark()
    note = json.loads(Path(f"{path}.suspect").read_text())
    assert [[1, 1]] == note["acknowledged"]
    assert (["ended"], ["ended"]) == (ends, other_ends)


def test_a_note_that_can_not_be_left(
    journal: SQLiteJournal, path: Path, ends: list[str], logged: Logged
) -> None:
    """A disk that takes no note either stops the process all the same."""
    Path(f"{path}.suspect").mkdir()
    fail(journal, "SQLITE_IOERR_FSYNC")
    with pytest.raises(JournalBroken):
        journal.append([new_event()])

    assert ends == ["ended"]
    assert "journal.note_not_left" in [line["event"] for line in logged()]


def test_damaged_page_is_found_when_read(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    """Garbage in a page breaks it as soon as it is read."""
    for nth in range(200):
        journal.append([new_event(str(nth), body=b"x" * 2_000)])
    copy = tmp_path / "copy.db"
    journal.backup(str(copy))
    damage(copy)
    ends: list[str] = []
    found = SQLiteJournal(copy, broken=lambda: ends.append("ended"))

    with pytest.raises(JournalBroken, match="SQLITE_CORRUPT"):
        found.unplanned(1_000)
    assert ends == ["ended"]
    assert found.integrity() != []


@pytest.mark.parametrize("failure", ["SQLITE_FULL", "SQLITE_READONLY"])
def test_what_passes_leaves_no_note(
    journal: SQLiteJournal, path: Path, ends: list[str], failure: str
) -> None:
    """A full or read-only disk is told, and all is well when it passes."""
    fail(journal, failure)
    with pytest.raises(JournalUnavailable, match=failure):
        journal.append([new_event()])
    fail(journal, "")

    assert not journal.append([new_event()])[0].repeated
    assert (ends, Path(f"{path}.suspect").exists()) == ([], False)


# -------------------------------------------------------------- at start


def broken(journal: SQLiteJournal) -> None:
    """Let the disk fail under *journal*."""
    fail(journal, "SQLITE_IOERR_FSYNC")
    with pytest.raises(JournalBroken):
        journal.append([new_event("lost")])


def test_refuses_until_somebody_has_looked(
    journal: SQLiteJournal, path: Path
) -> None:
    """Neither used nor migrated: the note says why, and what looks at it."""
    broken(journal)

    for verb in (SQLiteJournal(path).check, SQLiteJournal(path).migrate):
        with pytest.raises(Suspect, match=r"SQLITE_IOERR_FSYNC.*serve"):
            verb()


def test_sound_file_is_suspect_no_longer(
    journal: SQLiteJournal, path: Path, logged: Logged
) -> None:
    """What stood in the log is written once more, and the note goes."""
    journal.append([new_event()])
    broken(journal)
    journal._connections._process._writer().close()  # noqa: SLF001
    journal.close()
    found = SQLiteJournal(path)
    found.recheck()

    found.check()
    assert not Path(f"{path}.suspect").exists()
    assert Path(f"{path}-wal").stat().st_size == 0
    assert len(found.unplanned(9)) == 1
    assert "journal.sound" in [line["event"] for line in logged()]


def test_damaged_file_stays_suspect(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    """One that is not sound is refused, with all that is to be done."""
    for nth in range(200):
        journal.append([new_event(str(nth), body=b"x" * 2_000)])
    copy = tmp_path / "copy.db"
    journal.backup(str(copy))
    damage(copy)
    Path(f"{copy}.suspect").write_text('{"error": "SQLITE_IOERR_READ"}')

    with pytest.raises(Suspect) as told:
        SQLiteJournal(copy).recheck()
    for words in ("copy it aside", "-wal and -shm", "doctor", "backup",
                  "bridge restore", "SQLITE_IOERR_READ"):  # fmt: skip
        assert words in str(told.value)
    assert Path(f"{copy}.suspect").exists()


def test_lost_acknowledged_event_is_missed(
    journal: SQLiteJournal, path: Path
) -> None:
    """What was acknowledged and is not there makes it an older copy."""
    journal.append([new_event()])
    Path(f"{path}.suspect").write_text(
        '{"error": "SQLITE_IOERR_FSYNC", "acknowledged": [[1, 2]]}'
    )
    journal._connections._process._writer().close()  # noqa: SLF001
    journal.close()
    found = SQLiteJournal(path)
    found.recheck()

    with pytest.raises(OlderCopy, match="1 events"):
        found.check()


def test_nothing_to_look_at(journal: SQLiteJournal, path: Path) -> None:
    """Without a note nothing is looked at, and nothing is said."""
    journal.recheck()
    SQLiteJournal(path.parent / "none.db").recheck()


def test_torn_note_counts(journal: SQLiteJournal, path: Path) -> None:
    """A note of which nothing can be read is a note."""
    Path(f"{path}.suspect").write_bytes(b"")

    with pytest.raises(Suspect, match="can not be read"):
        SQLiteJournal(path).check()


def test_damage_that_nobody_read_is_found_by_a_backup(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    """No copy is left of pages that are damaged, and all are told."""
    for nth in range(200):
        journal.append([new_event(str(nth), body=b"x" * 2_000)])
    whole = tmp_path / "whole.db"
    journal.backup(str(whole))
    damage(whole)

    with pytest.raises(JournalBroken):
        SQLiteJournal(whole).backup(str(tmp_path / "copy.db"))
    with pytest.raises(Suspect):
        SQLiteJournal(whole).check()
    assert not (tmp_path / "copy.db").exists()
    assert not (tmp_path / "copy.db.part").exists()
