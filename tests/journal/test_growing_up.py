"""A database of an older program goes on with today's."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from bridge.journal import schema
from bridge.journal.connection import sqlite3
from bridge.journal.protocol import EventFilter
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DAY, DeliveryState
from tests.factories import NOTHING_TOLD, NOW, ORDER, STORE, later

ROWS = f"""
INSERT INTO events (store, platform, topic, order_id, dedupe_key, sha256,
                    received_at, state, reason, headers, body)
VALUES ('{STORE}', 'shopify', 'orders/paid', '{ORDER}', 'a', 'x', {NOW},
        'planned', NULL, '{{}}', CAST('whole' AS BLOB)),
       ('{STORE}', 'shopify', 'orders/paid', NULL, 'b', 'y', {NOW},
        'ignored', 'test', '{{}}', x'');
INSERT INTO orders (store, order_id, version, revision, body_event, state)
VALUES ('{STORE}', '{ORDER}', 1, 1, 1, '{NOTHING_TOLD}');
INSERT INTO deliveries (
  effect_key, generation, kind, store, order_id, target, lane, place,
  mapping, rule, operation, repeatable, urgency, blocks, skips_dead, state,
  reason_text, reason_where, fence, attempts, claims, lookups, absences,
  moved, version, forced, live_since, created_at, updated_at, request)
VALUES ('k', 1, 'call', '{STORE}', '{ORDER}', 'rayo-mx', 'l', 'p', 'm', 'r',
        'create_order', 0, 1, 1, 0, 'succeeded', '', '{{}}', 1, 1, 0, 0, 0,
        1, 1, 0, {NOW}, {NOW}, {NOW}, '{{"method":"POST","path":"/"}}');
INSERT INTO attempts (delivery_id, number, fence, operation, phase, outcome,
                      started_at, request, answer)
VALUES (1, 1, 1, 'create_order', 'answered', 'applied', {NOW},
        '{{"method":"POST","path":"/"}}', 'yes');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database as the program before pruning left it."""
    path = tmp_path / "bridge.db"
    with closing(sqlite3.connect(str(path), isolation_level=None)) as own:
        database = Database(own, execute_plugins=False)
        steps = schema._steps_for(database)  # noqa: SLF001
        steps.apply(database, stop_before="0004_growth")
        database.executescript(ROWS)
    return path


def test_what_was_kept_reads_as_before(old: Path) -> None:
    """Bodies, requests and answers that were never packed are there."""
    journal = SQLiteJournal(old)

    assert journal.migrate() == [
        "0004_growth",
        "0005_bodies_apart",
        "0006_console",
        "0007_sessions",
        "0008_questions",
        "0009_parts",
        "0010_short_lines",
    ]

    story = journal.story(STORE, ORDER)
    assert story is not None
    assert story.events[0].body == b"whole"
    assert story.order.state == NOTHING_TOLD
    (delivery,), (attempt,) = story.deliveries, story.attempts
    assert delivery.state is DeliveryState.SUCCEEDED
    assert delivery.request == attempt.request == {
        "method": "POST", "path": "/",
    }  # fmt: skip
    assert attempt.answer == "yes"
    assert journal.integrity() == []


def test_what_is_over_is_counted(old: Path) -> None:
    """The tallies begin with what is there."""
    journal = SQLiteJournal(old)
    journal.migrate()

    counts = journal.counts(NOW)

    assert counts.events == {"planned": 1, "ignored": 1}
    assert counts.deliveries == {("rayo-mx", "succeeded"): 1}


def test_what_is_old_is_pruned(old: Path) -> None:
    """Orders of before are found, too, by when they changed last."""
    journal = SQLiteJournal(old)
    journal.migrate()

    assert journal.prune(NOW, before=later(-DAY), limit=9) == 1
    assert journal.prune(NOW, before=later(DAY), limit=9) == 2

    found = journal.events(EventFilter(), before=None, limit=9)
    whole = [journal.event(event.id) for event in found]
    assert [event and event.body for event in whole] == [b"", b""]
    assert journal.replay() == []


def test_can_shrink_once_it_is_written_anew(old: Path) -> None:
    """A file of before gives nothing back until it is compacted."""
    with closing(sqlite3.connect(str(old), isolation_level=None)) as own:
        own.execute("PRAGMA auto_vacuum = NONE")
        own.execute("VACUUM")
    journal = SQLiteJournal(old)
    journal.migrate()
    assert not journal.shrinks()
    assert journal.give_back(9) == 0

    journal.compact()

    assert journal.shrinks()
    assert journal.integrity() == []
