"""Whoever has nothing to do hears at once that somebody committed."""

import os
import threading
import time
from pathlib import Path

import pytest

from bridge.journal.bell import Bell
from bridge.journal.sqlite import SQLiteJournal
from tests.factories import new_event

LONG_S = 20.0
"""Nothing that is rung for may take that long."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal's file, with today's schema."""
    found = tmp_path / "bridge.db"
    SQLiteJournal(found).migrate()
    return found


def test_commit_of_another_process_is_heard(path: Path) -> None:
    """An event that is stored wakes every one that listens."""
    ears = [SQLiteJournal(path).listen(name) for name in ("a/1", "b/2")]
    SQLiteJournal(path).append([new_event()])

    assert [True, True] == [one.wait(LONG_S) for one in ears]
    assert [False, False] == [one.wait(0) for one in ears]


def test_it_is_heard_by_one_who_waits(path: Path) -> None:
    """The one who waits goes on, and need not look about for that."""
    ears = SQLiteJournal(path).listen("one")
    later = threading.Timer(
        0.1, lambda: SQLiteJournal(path).append([new_event()])
    )
    later.start()
    begun = time.monotonic()

    assert ears.wait(LONG_S)
    assert time.monotonic() - begun < LONG_S / 2


def test_one_that_listens_does_not_ring(path: Path) -> None:
    """A worker looks for itself after its own commits."""
    worker = SQLiteJournal(path)
    ears = worker.listen("one")
    worker.append([new_event()])

    assert not ears.wait(0)


def test_full_pipe_holds_nobody_up(path: Path) -> None:
    """Somebody who does not listen for long is woken all the same."""
    ears = SQLiteJournal(path).listen("slow")
    bell = Bell(Path(f"{path}.bell"))
    for _ in range(70_000):
        bell.ring()

    assert ears.wait(0)


def test_pipe_of_a_crash_is_taken_away(path: Path) -> None:
    """What nobody reads any more is passed by, and then gone."""
    bell = Bell(Path(f"{path}.bell"))
    bell.listen("first").close()
    left = Path(f"{path}.bell") / "crashed"
    os.mkfifo(left)
    bell.ring()
    bell.listen("next")

    assert not left.exists()


def test_without_a_place_for_pipes_it_looks_for_itself(
    tmp_path: Path,
) -> None:
    """Where no pipe can be made, waiting is short."""
    (tmp_path / "bell").write_text("no folder")
    ears = Bell(tmp_path / "bell").listen("one")
    begun = time.monotonic()

    assert ears.wait(LONG_S)
    assert time.monotonic() - begun < LONG_S / 2


def test_listener_can_be_told_to_go_on(path: Path) -> None:
    """A worker that is to end does not wait for a commit."""
    ears = SQLiteJournal(path).listen("one")
    threading.Timer(0.05, ears.ring).start()

    assert ears.wait(LONG_S)
