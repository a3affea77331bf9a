"""What every delivery went through, and that the tables follow from it."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from bridge.journal.connection import sqlite3
from bridge.journal.protocol import Journal
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DeliveryState, Finding, Move, Reason
from tests.factories import NOW, ORDER, STORE, keep, later, new_delivery
from tests.journal.steps import (
    LEASE,
    WORKER,
    claim,
    claim_one,
    in_doubt,
    intend,
    look_up,
    send,
)

S = DeliveryState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the `journal` of this module lies."""
    return tmp_path / "bridge.db"


def test_every_step_is_told(journal: Journal) -> None:
    """A delivery's life is there, line by line, with who had it."""
    keep(journal, new_delivery())
    held = claim_one(journal, later(1))
    intend(journal, held, later(2))
    journal.reap(later(LEASE + 1))

    told = journal.history(held.delivery.id)

    assert [(c.state, c.version, c.fence) for c in told] == [
        (S.PENDING, 1, 0),
        (S.CLAIMED, 2, 1),
        (S.SENDING, 3, 1),
        (S.UNCERTAIN, 4, 2),
    ]
    assert [c.worker for c in told] == [None, WORKER, WORKER, WORKER]
    assert [c.at for c in told[:3]] == [NOW, later(1), later(2)]
    assert told[-1].reason == "worker_lost"
    assert [c.id for c in told] == sorted(c.id for c in told)


def test_a_look_up_is_told(journal: Journal) -> None:
    """Who is handed out and asked about leaves lines, too."""
    before = in_doubt(journal)
    after = look_up(journal, Finding.ABSENT, S.UNCERTAIN, due_at=later(9))

    told = journal.history(before.id)

    assert [c.due_at for c in told[-3:]] == [NOW, later(LEASE), later(9)]
    assert [c.version for c in told[-2:]] == [before.version, after.version]


def test_what_a_plan_does_is_told(journal: Journal) -> None:
    """What is withdrawn says why; others' lives are not in between."""
    first, other = keep(
        journal, new_delivery(), new_delivery("other", position=2)
    )
    move = Move(
        id=first.id,
        version=first.version,
        state=S.CANCELLED,
        reason=Reason(code="not_due"),
    )
    keep(journal, moves=[move])

    assert [(c.state, c.reason) for c in journal.history(first.id)] == [
        (S.PENDING, None),
        (S.CANCELLED, "not_due"),
    ]
    assert len(journal.history(other.id)) == 1


def test_a_new_generation_is_told(journal: Journal) -> None:
    """A redelivery goes on in the same history."""
    keep(journal, new_delivery(repeatable=True))
    before = send(journal, S.DEAD)
    journal.redeliver(
        before.id, actor="ana", reason="so", force=False, now=later(5)
    )

    assert [c.generation for c in journal.history(before.id)] == [
        1, 1, 1, 1, 2,
    ]  # fmt: skip
    assert journal.replay() == []


def test_forgetting_what_was_applied_is_told(journal: Journal) -> None:
    """The tables follow from the history, whatever is forgotten in them."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SUCCEEDED, now=later(1))
    first, _second = keep(journal, new_delivery(repeatable=True, generation=2))
    send(journal, S.SETTLING, now=later(9), due_at=NOW)

    *_told, known, forgotten = journal.history(first.id)
    assert (known.state, known.version) == (
        forgotten.state,
        forgotten.version,
    )
    assert journal.replay() == []
    assert journal.integrity() == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("state = 'dead'", "is dead.* ends as pending"),
        ("version = 9", "version 9; its history ends as pending, version 1"),
        ("due_at = 1", "its counts or times"),
        ("fence = 3", "its counts or times"),
        ("reason = 'x'", "its counts or times"),
        ("request_hash = 'x'", "its counts or times"),
    ],
)
def test_finds_rows_that_were_changed_behind_its_back(
    journal: Journal, path: Path, change: str, found: str
) -> None:
    """A row that its history does not lead to is found, and named."""
    keep(journal, new_delivery())
    keep(journal, new_delivery(order_id="2"))
    with closing(sqlite3.connect(str(path), isolation_level=None)) as other:
        other.execute("DROP TRIGGER deliveries_go_on")
        other.execute(f"UPDATE deliveries SET {change} WHERE id = 1")

    (wrong,) = journal.replay()

    assert re.search(rf"^delivery 1 .*{found}", wrong)
    assert journal.integrity() == [wrong]


@pytest.mark.parametrize("column", ["place", "mapping_hash", "request_hash"])
@pytest.mark.parametrize("value", ["'x'", "NULL"])
def test_finds_what_an_early_line_says(
    journal: Journal, path: Path, column: str, value: str
) -> None:
    """Lines that say nothing of a column leave what was said to hold."""
    keep(journal, new_delivery(repeatable=True, mapping_hash="abc"))
    send(journal, S.SUCCEEDED, now=later(1))
    assert journal.replay() == []
    if (column, value) == ("place", "NULL"):
        value = "''"
    with closing(sqlite3.connect(str(path), isolation_level=None)) as other:
        other.execute("DROP TRIGGER deliveries_go_on")
        other.execute(f"UPDATE deliveries SET {column} = {value}")

    (wrong,) = journal.replay()

    assert "its counts or times" in wrong


def test_lines_say_what_changed(journal: Journal, path: Path) -> None:
    """What is long and as it was is not said again."""
    keep(journal, new_delivery(repeatable=True, mapping_hash="abc"))
    send(
        journal, S.SUCCEEDED, now=later(1), request_hash="0123456789abcdef" * 4
    )
    with closing(sqlite3.connect(str(path))) as other:
        (first, *_between, last) = other.execute(
            "SELECT place, mapping_hash, request_hash FROM history ORDER BY id"
        ).fetchall()

    assert first[1:] == ("abc", None)
    assert (last[0], last[2]) == ("=", "0123456789abcdef")


def test_lines_of_before_are_read(journal: Journal, path: Path) -> None:
    """Lines that say everything, as all of them did once, are no less true."""
    keep(journal, new_delivery(repeatable=True, mapping_hash="abc"))
    send(journal, S.SUCCEEDED, now=later(1))
    with closing(sqlite3.connect(str(path), isolation_level=None)) as other:
        other.execute("DROP TRIGGER history_keeps_its_words")
        other.execute(
            "UPDATE history SET (place, mapping_hash, request_hash) ="
            " (SELECT place, mapping_hash, request_hash FROM deliveries d"
            " WHERE d.id = delivery_id)"
        )

    assert journal.replay() == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (
            ["state = 'sending', owner = 'w', lease_until = 1"],
            "went from pending to sending, for which there is no way",
        ),
        (["fence = 5", "fence = 4"], "its fence or its version fell"),
        (["version = 5", "version = 4"], "its fence or its version fell"),
    ],
)
def test_finds_steps_that_there_are_not(
    journal: Journal, path: Path, changes: list[str], found: str
) -> None:
    """A step that the lifecycle has not is found, and how often it was."""
    for order_id in "12":
        keep(journal, new_delivery(order_id=order_id))
    with closing(sqlite3.connect(str(path), isolation_level=None)) as other:
        for change in changes:
            other.execute(f"UPDATE deliveries SET {change}")

    (wrong,) = journal.replay()

    assert found in wrong
    assert wrong.startswith("delivery 1")


def test_a_row_without_history_is_found(journal: Journal, path: Path) -> None:
    """A delivery that nobody saw coming is told as such."""
    keep(journal, new_delivery(state=S.DEAD))
    with closing(sqlite3.connect(str(path), isolation_level=None)) as other:
        other.execute("DROP TRIGGER history_keeps_its_rows")
        other.execute("DELETE FROM history")

    (wrong,) = journal.replay()

    assert "its history ends as nothing" in wrong


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM history",
        "UPDATE history SET state = 'dead'",
        "DELETE FROM deliveries",
    ],
)
def test_nothing_is_taken_back(
    journal: Journal, path: Path, statement: str
) -> None:
    """Neither a line nor a delivery is forgotten, not even by hand."""
    keep(journal, new_delivery())
    with (
        closing(sqlite3.connect(str(path))) as other,
        pytest.raises(sqlite3.IntegrityError, match=r"append-only|forgotten"),
    ):
        other.execute(statement)


def test_a_whole_day_replays(tmp_path: Path) -> None:
    """A journal that did much is checked without being read into memory."""
    journal = SQLiteJournal(tmp_path / "much.db")
    journal.migrate()
    for nth in range(50):
        keep(journal, new_delivery(order_id=str(nth), repeatable=True))
    for state in (S.SETTLING, S.PENDING, S.SUCCEEDED):
        for held in claim(journal, room=99):
            send(journal, state, claimed=held, due_at=NOW)

    assert journal.replay() == []
    assert journal.dossier(STORE, "1").deliveries[0].state is S.SUCCEEDED
    assert journal.dossier(STORE, ORDER).deliveries == []
