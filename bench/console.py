"""
How fast the console answers over a log that has grown.

    python -m bench.console [--orders 1000000] [--rounds 30] [--open]

A log of so many orders, each with its webhook and two deliveries, is made
in a folder that is thrown away: most pruned, some of each store, topic and
target rare, some waiting and some held. What the console reads is counted by
the bridge's own steps. Then each page is asked of the real application by
somebody who is logged in, and each filter, group and search of the journal.
Shown are milliseconds: half of them, and 95 of 100, took no longer; and, for
machines with other work to do, how long 95 of 100 were on a core. With
`--open` it is shown, too, what a bridge at rest and an open console cost.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.growing import grow
from bench.pages import ATTENTION, Read, pages_of
from bench.processes import remove
from bench.rows import BEGINS
from bench.watching import fill_day, watch
from bridge.journal.connection import sqlite3
from bridge.journal.protocol import DeliveryFilter, EventFilter
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DAY, SECOND, Instant
from bridge.web.console.flow import STEP as STEP_OF_A_DAY

NOW = Instant(BEGINS + DAY + 10 * 60_000)
BAR_MS = 150.0
STEP = 50_000

RARE = f"""
UPDATE events SET store = 'artesanias-mx' WHERE id % 9973 = 7;
UPDATE events SET topic = 'orders/edited' WHERE id % 9967 = 7;
UPDATE events SET state = 'ignored', reason = 'test' WHERE id % 9949 = 7;
UPDATE events SET received_at = received_at + id / 2;
UPDATE orders SET store = 'artesanias-mx'
WHERE (CAST(order_id AS INTEGER) - 6000000000000) % 9973 = 7;
UPDATE deliveries SET store = 'artesanias-mx'
WHERE (CAST(order_id AS INTEGER) - 6000000000000) % 9973 = 7;
UPDATE deliveries SET created_at = created_at + id / 4;
UPDATE deliveries SET target = 'yuju-mx' WHERE id % 9941 = 7;
UPDATE deliveries SET state = 'cancelled', reason = 'operator'
WHERE id % 9931 = 7;
UPDATE deliveries SET state = 'pending', due_at = created_at, reason = NULL,
                      target = 'yuju-mx'
WHERE id > (SELECT MAX(id) - MAX(id) / 50 FROM deliveries) AND id % 2 = 1;
UPDATE deliveries SET state = 'held', reason = 'compliance'
WHERE id % 39709 = 5 AND state = 'succeeded';
{ATTENTION}
UPDATE history SET state = d.state, reason = d.reason
FROM deliveries d
WHERE d.moved = history.id AND d.state <> 'succeeded';
"""
"""One in ten thousand, mostly; 1 % waits, and 1 % needs a person."""

WORDS = """
INSERT INTO searched
SELECT id, printf('%d nombre%d apellido%d segundo%d ~%07d55 guia%d ref%x',
                  id, id % 199, id % 499, id % 997, id * 7919 % 10000000,
                  id, id * 1000003)
FROM events;
INSERT INTO search_terms
SELECT term, id FROM (
  SELECT CAST(id AS TEXT) AS term, id FROM events UNION ALL
  SELECT 'nombre' || (id % 199), id FROM events UNION ALL
  SELECT 'apellido' || (id % 499), id FROM events UNION ALL
  SELECT 'segundo' || (id % 997), id FROM events UNION ALL
  SELECT printf('~%07d55', id * 7919 % 10000000), id FROM events UNION ALL
  SELECT 'guia' || id, id FROM events UNION ALL
  SELECT printf('ref%x', id * 1000003), id FROM events)
ORDER BY term, id;
UPDATE followed SET at = (SELECT MAX(kept_since) FROM orders), n = 1 << 60
WHERE name = 'orders';
"""
"""Seven of each order, as many of them rare or common as in life."""


def measure(
    folder: Path,
    *,
    orders: int = 1_000_000,
    rounds: int = 30,
    open_s: float | None = None,
) -> dict[str, Any]:
    """
    Return all figures; *folder* is thrown away by the caller.

    Args:
        open_s: so long a console is left open over it; None for not at all.
    """
    path = folder / "console.db"
    begun = time.perf_counter()
    grow(path, whole=orders // 20, pruned=orders - orders // 20, also=RARE)
    journal = SQLiteJournal(path)
    counted = _count(journal)
    built = time.perf_counter() - begun
    with closing(sqlite3.connect(str(path), isolation_level=None)) as db:
        db.executescript(WORDS)
    minutes = fill_day(path, NOW)
    reads = _timed(_reads(journal, orders), rounds)
    pages = _timed(pages_of(journal, path, orders, _clock()), rounds)
    every = [*reads.values(), *pages.values()]
    found = {
        "orders": orders,
        "file_gb": round(path.stat().st_size / 1e9, 3),
        "built_s": round(built, 1),
        **counted,
        "busy_minutes": minutes,
        "bar_ms": BAR_MS,
        "slowest_p95_ms": max(one.p95 for one in every),
        "slowest_own_p95_ms": max(one.own_p95 for one in every),
        "reads": _told(reads),
        "pages": _told(pages),
    }
    journal.close()
    if open_s is not None:
        print(json.dumps(found, indent=2), flush=True)
        found["open"] = watch(folder, path, seconds=open_s)
    return found


def _clock() -> Callable[[], Instant]:
    """Return a clock on which nothing is fresh any more at the next look."""
    ticks = itertools.count()
    return lambda: Instant(NOW + next(ticks) * SECOND)


def _count(journal: SQLiteJournal) -> dict[str, float]:
    """Let the journal count all there is, as its worker would."""
    longest, counted = 0.0, 0
    begun = time.perf_counter()
    while True:
        step = time.perf_counter()
        found = journal.tally(NOW, STEP)
        if not found:
            break
        counted += found
        longest = max(longest, time.perf_counter() - step)
    took = time.perf_counter() - begun
    return {
        "counted": counted,
        "us_of_each": round(1e6 * took / max(1, counted), 2),
    }


def _reads(journal: SQLiteJournal, orders: int) -> Mapping[str, Read]:
    """Return what the pages ask the journal, by name."""
    found: dict[str, Read] = {
        "counts": lambda: journal.counts(NOW),
        "targets": journal.targets,
        "attention_groups": journal.attention_groups,
        "attention_list": lambda: journal.attention_list(
            DeliveryFilter(), after=None, limit=50
        ),
        "oldest_waiting": journal.oldest_waiting,
        "a day by its spans": lambda: journal.stretches(
            Instant(NOW - DAY), NOW, span=STEP_OF_A_DAY
        ),
        "last_heard": journal.last_heard,
        "alerts": journal.alerts,
    }
    for text in (
        f"#{orders // 3}", "nombre7", "nombre7 apellido8", "nombre7 ap",
        "segundo5 nombre1", "no", "4321", f"guia{orders // 2}", "nadie",
        f"{6_000_000_000_000 + orders // 2}",
    ):  # fmt: skip

        def find(text: str = text) -> object:
            return journal.find_orders(text, stores=None, limit=20)

        found[f"find {text}"] = find
    for events in _event_filters():

        def list_events(filter: EventFilter = events) -> object:
            return journal.events(filter, before=None, limit=51)

        found[f"events {_named(events)}"] = list_events
    for deliveries in _delivery_filters():

        def list_deliveries(filter: DeliveryFilter = deliveries) -> object:
            return journal.deliveries(filter, before=None, limit=51)

        found[f"deliveries {_named(deliveries)}"] = list_deliveries
    return found


def _named(filter: EventFilter | DeliveryFilter) -> str:
    said = {
        name: getattr(filter, name)
        for name in filter.__dataclass_fields__
        if getattr(filter, name) is not None
    }
    return urlencode(said) or "all"


TIMES = (None, Instant(BEGINS + DAY + 60_000))
UNTIL = (None, Instant(BEGINS + DAY + 120_000))


def _event_filters() -> Iterator[EventFilter]:
    for store, topic, state, since, until in product(
        (None, "cafe-mx", "artesanias-mx"),
        (None, "orders/edited"),
        (None, "planned", "ignored", "unusable"),
        TIMES,
        UNTIL,
    ):
        yield EventFilter(
            store=store, topic=topic, state=state, since=since, until=until
        )


def _delivery_filters() -> Iterator[DeliveryFilter]:
    for store, target, (state, attention), reason, since, until in product(
        (None, "artesanias-mx"),
        (None, "yuju-mx"),
        (
            (None, None), ("cancelled", None), ("unchanged", None),
            ("held", None), ("pending", None), (None, True), (None, False),
        ),
        (None, "sku_unknown", "operator"),
        TIMES,
        UNTIL,
    ):  # fmt: skip
        yield DeliveryFilter(
            store=store, target=target, state=state, attention=attention,
            reason=reason, since=since, until=until,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds: as the clock on the wall has it, and on a core alone."""

    p50: float
    p95: float
    own_p95: float


def _timed(reads: Mapping[str, Read], rounds: int) -> dict[str, Took]:
    """Return how long half of the times, and 95 of 100, took at most."""
    found = {}
    for name, read in reads.items():
        read()  # the first one warms up
        times, own = [], []
        for _ in range(rounds):
            begun, begun_own = time.perf_counter(), time.process_time()
            read()
            times.append(1e3 * (time.perf_counter() - begun))
            own.append(1e3 * (time.process_time() - begun_own))
        found[name] = Took(
            round(statistics.median(times), 2), _p95(times), _p95(own)
        )
    return found


def _p95(times: Sequence[float]) -> float:
    return round(sorted(times)[max(0, round(0.95 * len(times)) - 1)], 2)


def _told(times: Mapping[str, Took]) -> dict[str, Any]:
    """Return the ten slowest by name, and how many there were."""
    slowest = sorted(times.items(), key=lambda one: -one[1].p95)
    named = [name for name, _ in slowest if "=" not in name or "/" in name]
    shown = [name for name, _ in slowest[:10]]
    return {
        "asked": len(times),
        "over_bar": sum(one.p95 > BAR_MS for one in times.values()),
        "own_over_bar": sum(one.own_p95 > BAR_MS for one in times.values()),
        "p50_p95_own_p95_ms": {
            name: list(astuple(times[name]))
            for name in dict.fromkeys(shown + named)
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--seconds", type=float, default=60)
    wanted = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="console-", dir=wanted.folder))
    try:
        found = measure(
            folder,
            orders=wanted.orders,
            rounds=wanted.rounds,
            open_s=wanted.seconds if wanted.open else None,
        )
    finally:
        remove(folder)
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
