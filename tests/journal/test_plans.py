"""No statement that runs in service reads a table that grows from end to end."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.journal.sql import STATEMENTS
from bridge.journal.sqlite import SQLiteJournal

GROWING = frozenset(
    {
        "events",
        "arrivals",
        "bodies",
        "orders",
        "deliveries",
        "attempts",
        "history",
        "links",
        "audit",
        "minutes",
        "marks",
        "search_terms",
        "searched",
        "alerts",
    }
)

BY_A_PERSON = {
    "other_ends": "`doctor` compares every delivery with its history",
    "steps": "`doctor` follows every delivery through its history",
}
"""Statements that read all, and who waits for it. Nothing else asks them."""

OPEN = frozenset(
    {
        "deliveries_by_state", "deliveries_due", "deliveries_in_doubt",
        "deliveries_next", "deliveries_blocking", "deliveries_in_flight",
        "deliveries_leased", "deliveries_held", "deliveries_open",
        "events_stored", "orders_to_plan", "orders_to_prune",
        "events_to_prune", "tallies", "alerts_open", "alerts_on",
    }
)  # fmt: skip
"""Indexes of what is open, waits for its age, or is only counted: they hold
nothing that is over, so that reading one whole is reading what is open."""


@pytest.fixture
def sqlite(tmp_path: Path) -> SQLiteJournal:
    """An empty journal with its schema."""
    journal = SQLiteJournal(tmp_path / "bridge.db")
    journal.migrate()
    return journal


def steps(journal: SQLiteJournal, statement: str) -> list[str]:
    """Return SQLite's plan for a statement, a line for each step."""
    names = re.findall(r":(\w+)", statement)
    explained = journal._connections.database().execute(  # noqa: SLF001
        f"EXPLAIN QUERY PLAN {statement}", dict.fromkeys(names, 1)
    )
    return [row[3] for row in explained.fetchall()]


def scans(statement: str, plan: Sequence[str]) -> list[str]:
    """Return the steps that read a growing table, or its index, whole."""
    aliases = dict(
        re.findall(
            r"(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?",
            statement,
        )
    )
    named = {alias: table for table, alias in aliases.items() if alias}
    found = []
    for step in plan:
        match = re.match(
            r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step
        )
        if match is None or match[2] in OPEN:
            continue
        if named.get(match[1], match[1]) in GROWING:
            found.append(step)
    return found


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - set(BY_A_PERSON)))
def test_reads_no_growing_table_whole(
    sqlite: SQLiteJournal, name: str
) -> None:
    """Every named statement finds what it wants through an index."""
    assert scans(STATEMENTS[name], steps(sqlite, STATEMENTS[name])) == []


@pytest.mark.parametrize("name", sorted(BY_A_PERSON))
def test_knows_a_scan_when_it_sees_one(
    sqlite: SQLiteJournal, name: str
) -> None:
    """What a person waits for reads all: else it needs no exception."""
    assert scans(STATEMENTS[name], steps(sqlite, STATEMENTS[name]))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT state, COUNT(*) FROM events GROUP BY state",
        "SELECT * FROM deliveries d WHERE d.state = 'sending'",
        "SELECT COUNT(*) FROM history",
        "UPDATE orders SET plan_due = 1",
        "SELECT h.id FROM history AS h WHERE h.at > 1",
    ],
)
def test_finds_scans(sqlite: SQLiteJournal, statement: str) -> None:
    """A full scan is found, of a table or of its index, under any name."""
    assert scans(statement, steps(sqlite, statement))


def test_triggers_read_no_growing_table_whole(sqlite: SQLiteJournal) -> None:
    """What runs by itself at every change goes through an index, too."""
    database = sqlite._connections.database()  # noqa: SLF001
    triggers = database.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall()

    looked = 0
    for name, sql in triggers:
        head, _begin, body = sql.partition("BEGIN\n")
        condition = head.partition("\nWHEN ")[2]
        parts = [f"SELECT 1 WHERE {condition}"] if condition else []
        parts += body.rpartition("END")[0].split(";\n")
        for part in filter(str.strip, parts):
            if "RAISE" in part:
                continue
            bare = re.sub(r"\b(?:NEW|OLD)\.(\w+)", r":\1", part)
            assert scans(bare, steps(sqlite, bare)) == [], name
            looked += 1
    assert looked > len(triggers) // 2


def test_exceptions_are_asked_by_doctor_alone() -> None:
    """The statements that read all stand in no verb but `replay`."""
    folder = Path(__file__).parents[2] / "bridge"
    asking = {
        path.name
        for path in folder.rglob("*.py")
        for name in BY_A_PERSON
        if f'"{name}"' in path.read_text()
    }

    assert asking == {"history.py"}


def test_changes_since_a_note_are_read_alone(sqlite: SQLiteJournal) -> None:
    """
    What changed lately is read from the last note on, not by delivery.

    The index by delivery has a line for each there ever was.
    """
    (first, *_rest) = steps(sqlite, STATEMENTS["changed_lately"])
    assert first == "SEARCH history USING INTEGER PRIMARY KEY (rowid>?)"
