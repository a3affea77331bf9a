"""A database that is not the one that was here, and what is done about it."""

import os
import shutil
from pathlib import Path

import pytest

from bridge.errors import JournalGone, OlderCopy, Suspect
from bridge.journal.mark import mark_of, read_mark
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import RESTORED, DeliveryState
from tests.factories import NOW, keep, later, new_delivery, new_event
from tests.journal.steps import claim_one, intend, row, send

S = DeliveryState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
def journal(path: Path) -> SQLiteJournal:
    journal = SQLiteJournal(path)
    journal.migrate()
    return journal


def put_back(path: Path, copy: Path) -> SQLiteJournal:
    """Return what is found where a copy stands beside the old mark."""
    folder = path.parent / "put-back"
    folder.mkdir()
    shutil.copy(copy, folder / path.name)
    shutil.copy(mark_of(path), folder)
    return SQLiteJournal(folder / path.name)


def backed_up(journal: SQLiteJournal, folder: Path) -> Path:
    copy = folder / "copy.db"
    journal.backup(str(copy))
    return copy


# ------------------------------------------------------------------ mark


def test_mark_says_what_was_seen(journal: SQLiteJournal, path: Path) -> None:
    """It rises with events and with what becomes of deliveries."""
    first = read_mark(path)
    journal.append([new_event(), new_event("b")])
    keep(journal, new_delivery())
    journal.keep_mark()
    second = read_mark(path)

    assert first is not None
    assert second is not None
    assert (0, 0) == (first.event, first.change)
    assert (2, 1) == (second.event, second.change)
    assert NOW == second.at
    assert first.journal == second.journal != ""
    assert mark_of(path).stat().st_mode & 0o077 == 0


def test_mark_is_written_only_for_news(
    journal: SQLiteJournal, path: Path
) -> None:
    """Without anything new the file is left alone."""
    journal.append([new_event()])
    journal.keep_mark()
    before = mark_of(path).stat().st_ino
    journal.keep_mark()

    assert before == mark_of(path).stat().st_ino


@pytest.mark.parametrize("text", ["", "{", "null", '{"event": "x"}'])
def test_torn_mark_says_nothing(
    journal: SQLiteJournal, path: Path, text: str
) -> None:
    """A mark that a power loss has torn never stops a good database."""
    mark_of(path).write_text(text)

    found = SQLiteJournal(path)
    found.check()
    found.migrate()
    assert read_mark(path) is not None


def test_mark_that_lags_stops_nothing(
    journal: SQLiteJournal, path: Path
) -> None:
    """A process that was killed before it wrote its mark loses nothing."""
    journal.append([new_event()])
    journal.keep_mark()
    journal.append([new_event("b")])

    SQLiteJournal(path).check()


def test_mark_without_a_place_is_done_without(
    journal: SQLiteJournal, path: Path
) -> None:
    """Where no mark can be written, nothing else fails."""
    mark_of(path).unlink()
    Path(f"{mark_of(path)}.{os.getpid()}").mkdir()
    journal.append([new_event()])
    journal.keep_mark()

    assert read_mark(path) is None


# ----------------------------------------------------------------- check


def test_refuses_an_older_copy(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    """It says how much older, what that means and what to do."""
    journal.append([new_event()])
    copy = backed_up(journal, tmp_path)
    journal.append([new_event("b", received_at=later(3_600_000))])
    journal.keep_mark()
    found = put_back(path, copy)

    for verb in (found.check, found.migrate):
        with pytest.raises(OlderCopy) as told:
            verb()
        for words in (
            "older copy", "2026-09-21T14:13:20Z", "2026-09-21T15:13:20Z",
            "1 events", "created twice", "bridge restore",
        ):  # fmt: skip
            assert words in str(told.value)


@pytest.mark.parametrize(
    ("written", "words"), [(True, "older copy"), (False, "another database")]
)
def test_refuses_a_copy_without_its_log(
    journal: SQLiteJournal,
    path: Path,
    tmp_path: Path,
    words: str,
    *,
    written: bool,
) -> None:
    """A database whose `-wal` was left behind lacks what stood there."""
    if written:
        journal._connections.write_log_anew()  # noqa: SLF001
    journal.append([new_event()])
    journal.keep_mark()
    alone = tmp_path / "alone.db"
    shutil.copy(path, alone)
    found = put_back(path, alone)

    with pytest.raises(OlderCopy, match=words):
        found.check()


def test_missing_index_is_made_anew(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    """A `-shm` that is gone is no loss: the log is read again."""
    journal.append([new_event()])
    journal.keep_mark()
    moved = tmp_path / "moved"
    moved.mkdir()
    for suffix in ("", "-wal", ".mark"):
        shutil.copy(f"{path}{suffix}", moved / f"bridge.db{suffix}")

    found = SQLiteJournal(moved / "bridge.db")
    found.check()
    assert len(found.unplanned(9)) == 1


def test_refuses_another_database(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    """Another bridge's database is not taken for ours, however full."""
    other = SQLiteJournal(tmp_path / "other.db")
    other.migrate()
    other.append([new_event(str(nth)) for nth in range(9)])
    copy = tmp_path / "copy.db"
    other.backup(str(copy))

    with pytest.raises(OlderCopy, match="another database"):
        put_back(path, copy).check()


@pytest.mark.parametrize("verb", ["check", "migrate"])
def test_refuses_to_begin_anew(
    journal: SQLiteJournal, path: Path, verb: str
) -> None:
    """A database that was here and is gone is not made in passing."""
    journal.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)

    with pytest.raises(JournalGone, match=r"bridge\.db\.mark away"):
        getattr(SQLiteJournal(path), verb)()
    assert not path.exists()

    mark_of(path).unlink()
    SQLiteJournal(path).migrate()


# ---------------------------------------------------------------- accept


def test_creates_become_uncertain(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    """
    Every create whose end the copy has not seen may be there; what may be
    repeated goes on, and what was done is done.
    """
    done = keep(journal, new_delivery(order_id="1"))[0]
    send(journal, S.SUCCEEDED)
    in_flight = keep(journal, new_delivery(order_id="2"))[0]
    intend(journal, claim_one(journal))
    pending = keep(journal, new_delivery(order_id="3"))[0]
    held = keep(
        journal, new_delivery(order_id="4", state=S.HELD, due_at=None)
    )[0]
    update = keep(
        journal,
        new_delivery("update", order_id="5", repeatable=True,
                     operation="update_delivery"),
    )[0]  # fmt: skip
    copy = backed_up(journal, tmp_path)
    journal.append([new_event()])
    journal.keep_mark()
    found = put_back(path, copy)

    assert 3 == found.unfinished_creates()
    assert 3 == found.accept_copy(actor="cli:ana", now=later(1))

    for one in (in_flight, pending, held):
        after = row(found, one)
        assert (S.UNCERTAIN, RESTORED) == (after.state, after.reason)
        assert "look at the target" in after.reason_text
        assert after.due_at == later(1)
        assert after.owner is None
    assert row(found, done).state is S.SUCCEEDED
    assert row(found, update).state is S.PENDING
    assert found.attempts(in_flight.id)[0].outcome == "maybe"
    assert found.replay() == []
    found.check()
    found.migrate()


def test_copy_is_remembered(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    """What it can not have seen is known from then on, and who took it."""
    assert journal.unseen() is None
    journal.append([new_event(received_at=later(-5_000))])
    found = put_back(path, backed_up(journal, tmp_path))
    found.accept_copy(actor="cli:ana", now=NOW)

    assert (later(-5_000), NOW) == found.unseen()
    with found.reading() as session:
        (noted,) = session._database.execute(  # noqa: SLF001
            "SELECT actor, action FROM audit"
        ).fetchall()
    assert ("cli:ana", "restore") == noted


def test_suspect_copy_is_not_accepted(
    journal: SQLiteJournal, path: Path
) -> None:
    """A file that nobody has looked at since its disk failed is refused."""
    Path(f"{path}.suspect").write_text('{"error": "disk I/O error"}')

    with pytest.raises(Suspect):
        journal.accept_copy(actor="ana", now=NOW)
