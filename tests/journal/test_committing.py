import threading
from pathlib import Path

import pytest

from bridge.errors import JournalUnavailable
from bridge.journal.opening import open_journal
from tests.factories import new_event


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


def test_commit_that_fails_is_told_to_all(tmp_path: Path) -> None:
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
