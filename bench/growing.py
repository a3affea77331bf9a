"""
Grow a journal quickly: copies of one order's rows, under other ids.

The order is made by the bridge's own parts. Indexes and triggers are taken
away while rows are copied, and put back as they were.
"""

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rows import BEGINS, Shop
from bridge.journal.connection import sqlite3
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DAY, Instant

STRIDE = 100_000
"""So many orders are copied by one statement."""

TABLES = (
    "events", "bodies", "orders", "deliveries", "attempts", "history",
    "links",
)  # fmt: skip


_DBSTAT = """
import json, sqlite3, sys
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
try:
    found = database.execute(
        "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name").fetchall()
except sqlite3.DatabaseError:
    found = []
print(json.dumps(found))
"""
"""For a process of its own: our library is built without `dbstat`, Python's
mostly with it, and both in one process would lose locks."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a journal's tables and indexes, and of its file."""

    file: int
    parts: dict[str, int]

    @classmethod
    def of(cls, path: Path) -> "Sizes":
        """Return the sizes as they are once SQLite's log is worked in."""
        with closing(sqlite3.connect(str(path))) as ours:
            ours.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        told = subprocess.run(
            [sys.executable, "-c", _DBSTAT, str(path)],
            check=True,
            capture_output=True,
        )
        found = json.loads(told.stdout)
        return cls(path.stat().st_size, dict(found))

    def less(self, before: "Sizes", orders: int) -> dict[str, Any]:
        """Return what one of *orders* takes."""
        parts = {
            name: round((size - before.parts.get(name, 0)) / orders)
            for name, size in sorted(self.parts.items())
        }
        return {
            "file": round((self.file - before.file) / orders),
            **{name: size for name, size in parts.items() if size},
        }


def grow(
    path: Path, *, whole: int, pruned: int, also: str = ""
) -> dict[str, int]:
    """
    Make a journal with so many orders; the pruned ones are the older.

    Return the bytes of one order of each kind.

    Args:
        also: SQL that is run when all rows are there, before the triggers.
    """
    with closing(SQLiteJournal(path)) as empty:
        empty.migrate()
    sizes = {}
    with closing(sqlite3.connect(str(path), isolation_level=None)) as db:
        for pragma in (
            "main.locking_mode = EXCLUSIVE", "synchronous = OFF",
            "journal_mode = OFF", "cache_size = -1000000",
            "foreign_keys = OFF",
        ):  # fmt: skip
            db.execute(f"PRAGMA {pragma}").fetchall()
        kept = db.execute(
            "SELECT type, name, sql FROM sqlite_schema"
            " WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _sql in kept:
            db.execute(f"DROP {kind} {name}")
        first = 1
        for kind, count in (("pruned", pruned), ("whole", whole)):
            template = path.with_name(f"{kind}.db")
            _template(template, is_pruned=kind == "pruned")
            before = _pages(db)
            _copy(db, template, first, count)
            first += count
            sizes[kind] = (_pages(db) - before) * 4096 // max(1, count)
        db.executescript(also)
        for _kind, _name, sql in kept:
            db.execute(sql)
        _tally(db)
        db.execute("PRAGMA main.locking_mode = NORMAL").fetchall()
        db.execute("PRAGMA journal_mode = WAL").fetchall()
    return sizes


def _pages(db: Any) -> int:
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    return int(pages)


def _template(path: Path, *, is_pruned: bool) -> None:
    """Make a journal with one order in it."""
    path.unlink(missing_ok=True)
    journal = SQLiteJournal(path)
    journal.migrate()
    shop = Shop(journal, first=0)
    shop.append(1)
    assert shop.deliver() == 2
    assert journal.pack(1) == 1
    if is_pruned:
        later = Instant(BEGINS + 40 * DAY)
        assert journal.prune(later, before=later, limit=1) == 1
    journal.close()
    with closing(sqlite3.connect(str(path))) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _copy(db: Any, template: Path, first: int, count: int) -> None:
    db.execute("ATTACH ? AS one", (str(template),))
    try:
        for begin in range(first, first + count, STRIDE):
            end = min(begin + STRIDE, first + count)
            db.execute("BEGIN")
            for table in TABLES:
                db.execute(_statement(db, table), {"from": begin, "to": end})
            db.execute("COMMIT")
    finally:
        db.execute("DETACH one")


_OLD = "6000000000000"
_NEW = "CAST(6000000000000 + n AS TEXT)"
_COLUMNS = {
    ("events", "id"): "n",
    # Spread evenly, as random keys are, and in order: that loads quickly.
    ("events", "dedupe_key"): "printf('shopify:cafe-jacaranda-mx.myshopify"
    ".com:orders/fulfilled:%016x-4f3c-9a7d-000000000000', n * 1000003)",
    ("bodies", "event_id"): "n",
    ("orders", "body_event"): "n",
    ("orders", "kept_since"): "CASE WHEN kept_since IS NOT NULL"
    " THEN kept_since + n END",
    ("orders", "version"): "version + n",
    ("deliveries", "id"): "2 * n + id",
    ("deliveries", "moved"): "8 * n + moved",
    ("attempts", "delivery_id"): "2 * n + delivery_id",
    ("history", "id"): "8 * n + id",
    ("history", "delivery_id"): "2 * n + delivery_id",
}


def _statement(db: Any, table: str) -> str:
    names = [row[1] for row in db.execute(f"PRAGMA one.table_info({table})")]
    values = [_COLUMNS.get((table, name)) or _renamed(name) for name in names]
    return (
        "WITH RECURSIVE numbers (n) AS (SELECT :from UNION ALL"
        " SELECT n + 1 FROM numbers WHERE n + 1 < :to)"
        f" INSERT INTO main.{table} ({', '.join(names)})"
        f" SELECT {', '.join(values)} FROM numbers CROSS JOIN one.{table}"
        " WHERE n < :to"
    )


def _renamed(name: str) -> str:
    if name in {"order_id", "effect_key", "lane"}:
        return f"replace({name}, '{_OLD}', {_NEW})"
    return name


def _tally(db: Any) -> None:
    db.execute("DELETE FROM tallies")
    db.execute(
        "INSERT INTO tallies SELECT 'events', '', state, COUNT(*)"
        " FROM events WHERE state <> 'stored' GROUP BY state"
    )
    db.execute(
        "INSERT INTO tallies SELECT 'deliveries', target, state, COUNT(*)"
        " FROM deliveries WHERE state IN ('succeeded', 'cancelled',"
        " 'superseded', 'unchanged') GROUP BY target, state"
    )
