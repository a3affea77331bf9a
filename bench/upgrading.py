"""
How long a log that has grown takes to become one that the console reads.

    python -m bench.upgrading [--orders 1000000]

A log of so many orders is made, and what the console's steps made is taken
out of it again: it is as an older bridge left it. Then it is migrated, during
which nobody else may write, and what the console reads is counted by the
worker's own small steps, during which orders go on.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.growing import grow
from bench.processes import remove
from bench.rows import BEGINS
from bridge.journal.connection import sqlite3
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DAY, Instant
from bridge.pruner import CHANGES, FOUND

NOW = Instant(BEGINS + 2 * DAY)
LAST_BEFORE = "0005_bodies_apart"

TAKE_BACK = """
DROP TABLE followed; DROP TABLE minutes; DROP TABLE heard;
DROP TABLE marks; DROP TABLE spans; DROP TABLE search_terms;
DROP TABLE searched; DROP TABLE alerts; DROP TABLE ended_sessions;
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_by_state ON deliveries (target, state)
  WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                  'uncertain', 'held', 'dead');
"""


def measure(folder: Path, *, orders: int = 1_000_000) -> dict[str, Any]:
    """Return all figures; *folder* is thrown away by the caller."""
    path = folder / "old.db"
    grow(path, whole=orders // 20, pruned=orders - orders // 20)
    with closing(sqlite3.connect(str(path))) as db:
        db.executescript(TAKE_BACK)
        with db:
            db.execute(
                "DELETE FROM _sqlite_migrations WHERE name > ?", (LAST_BEFORE,)
            )
    journal = SQLiteJournal(path)
    begun = time.perf_counter()
    taken = journal.migrate()
    migrated = time.perf_counter() - begun
    return {
        "orders": orders,
        "file_gb": round(path.stat().st_size / 1e9, 2),
        "steps": list(taken),
        "migrated_s": round(migrated, 2),
        "counted": _repeated(lambda: journal.tally(NOW, CHANGES)),
        "found": _repeated(lambda: journal.index_orders(NOW, FOUND)),
        "grown_gb": round(path.stat().st_size / 1e9, 2),
    }


def _repeated(step: Any) -> dict[str, float]:
    """Return how long all of the steps took, and the longest of them."""
    number, longest, begun = 0, 0.0, time.perf_counter()
    while True:
        at = time.perf_counter()
        if not step():
            break
        number += 1
        longest = max(longest, time.perf_counter() - at)
    return {
        "steps": number,
        "s": round(time.perf_counter() - begun, 1),
        "longest_ms": round(1e3 * longest, 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    wanted = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="upgrading-", dir=wanted.folder))
    try:
        found = measure(folder, orders=wanted.orders)
    finally:
        remove(folder)
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
