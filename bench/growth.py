"""
What a log that has grown costs, against an empty one of the same run.

    python -m bench.growth [--whole 20000] [--pruned 50000] [--rounds 5]

Two journals are worked on in turn, one empty and one with so many orders that
are whole and so many that are pruned, each with its webhook, a create and a
tracking. One order of each kind is made by the bridge's own parts; the rest
are copies of its rows under other ids, put there by SQL. Shown are ratios
(grown to empty) of what the door, the worker, the pages and the start do, how
long a step of pruning holds the journal at most, and the bytes of an order.

`--whole 1000000 --pruned 10000000` is three years of a busy shop; it needs
about 35 GB below `--folder`.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from typing_extensions import override

from bench.growing import Sizes, grow
from bench.processes import remove
from bench.rows import BEGINS, Shop
from bridge.journal.sqlite import SQLiteJournal, SQLiteSession
from bridge.model import DAY, Instant

BATCH = 16
"""So many webhooks share a commit under load."""

KEPT = Instant(BEGINS + 20 * DAY)
"""Now, for the measured: what is old is older than this less a day."""


class Timed(SQLiteJournal):
    """
    A journal that notes how long each transaction held the others up.

    Attributes:
        holds: seconds from its begin to the end of its commit.
        works: without the commit, which waits for the disk.
        busy: the processor's part of the whole, whoever else runs.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.holds: list[float] = []
        self.works: list[float] = []
        self.busy: list[float] = []

    @override
    @contextmanager
    def writing(self) -> Iterator[SQLiteSession]:
        with super().writing() as session:
            begun, busy = time.perf_counter(), time.thread_time()
            yield session
            self.works.append(time.perf_counter() - begun)
        self.busy.append(time.thread_time() - busy)
        self.holds.append(time.perf_counter() - begun)


class Sides:
    """The empty and the grown journal, worked on in turn."""

    def __init__(self, empty: Path, grown: Path) -> None:
        self.shops = {
            "empty": Shop(Timed(empty), first=10**9, path=empty),
            "grown": Shop(Timed(grown), first=10**9, path=grown),
        }

    def seconds(
        self, work: Callable[[Shop], object], rounds: int
    ) -> dict[str, float]:
        """Return the median seconds of *work* at each side, and a ratio."""
        told: dict[str, list[float]] = {name: [] for name in self.shops}
        for nth in range(rounds + 1):
            for name, shop in self.shops.items():
                begun = time.perf_counter()
                work(shop)
                if nth:  # the first one warms up
                    told[name].append(time.perf_counter() - begun)
        medians = {
            name: statistics.median(some) for name, some in told.items()
        }
        return {
            **{f"{name}_ms": 1e3 * one for name, one in medians.items()},
            "ratio": medians["empty"] / medians["grown"],
        }


def measure(
    folder: Path,
    *,
    whole: int = 20_000,
    pruned: int = 50_000,
    rounds: int = 5,
    orders: int = 32,
) -> dict[str, Any]:
    """
    Return all figures.

    Args:
        folder: where the journals are made; thrown away by the caller.
        whole, pruned: orders in the grown journal.
        orders: so many are worked on in each round.
    """
    begun = time.perf_counter()
    grown = folder / "grown.db"
    sizes = grow(grown, whole=whole, pruned=pruned)
    built = time.perf_counter() - begun
    os.sync()  # else what follows waits for it
    SQLiteJournal(folder / "empty.db").migrate()
    sides = Sides(folder / "empty.db", grown)

    def append(shop: Shop) -> None:
        for _ in range(orders // BATCH + 1):
            shop.append(BATCH)

    def cycle(shop: Shop) -> None:
        shop.append(orders)
        assert shop.deliver() >= orders

    for shop in sides.shops.values():
        append(shop)
        shop.deliver()
    found = {
        "append": sides.seconds(append, rounds),
        "plan_claim_intend_record": sides.seconds(cycle, rounds),
        "start": sides.seconds(_start, rounds),
        "metrics": sides.seconds(_metrics, rounds),
        "readyz": sides.seconds(_readyz, rounds),
    }
    return {
        "whole": whole,
        "pruned": pruned,
        "file_gb": round(grown.stat().st_size / 1e9, 3),
        "built_s": round(built, 1),
        "ratios": found,
        "prune": _pruning(sides.shops["grown"]),
        "bytes_per_order": bytes_per_order(folder),
        "grown_bytes_per_order": sizes,
    }


def _start(shop: Shop) -> None:
    """Do what `serve` and its children do before a webhook is accepted."""
    assert shop.path is not None
    with closing(SQLiteJournal(shop.path)) as journal:
        journal.migrate()
        journal.check()
        journal.recheck()
        journal.steady_clock("boot", shop.offset, move=True, now=KEPT)
        journal.in_force()
        journal.refusals()
        journal.counts(KEPT)
        journal.take_over("host/1", KEPT)
        journal.next_due(KEPT)


def _metrics(shop: Shop) -> None:
    shop.journal.counts(KEPT)
    shop.journal.targets()
    shop.journal.room()


def _readyz(shop: Shop) -> None:
    shop.journal.check()
    shop.journal.beats()
    shop.journal.targets()
    shop.journal.room()


def _pruning(shop: Shop, steps: int = 100) -> dict[str, float]:
    """Pack and prune what is whole in the grown journal, step by step."""
    from bridge.pruner import BODIES, ORDERS, PAGES

    journal = shop.journal
    assert isinstance(journal, Timed)
    shop.deliver()
    told: dict[str, list[float]] = {}
    works: dict[str, list[float]] = {}
    busy: dict[str, float] = {}
    orders = 0
    for name in ("pack", "prune", "give_back"):
        journal.holds.clear()
        journal.works.clear()
        journal.busy.clear()
        for _ in range(steps):
            if name == "pack":
                journal.pack(BODIES)
            elif name == "prune":
                orders += journal.prune(KEPT, before=KEPT, limit=ORDERS) or 0
            else:
                journal.give_back(PAGES)
        told[name] = [1e3 * hold for hold in journal.holds] or [0.0]
        busy[name] = 1e3 * max(journal.busy, default=0.0)
        works[name] = [1e3 * work for work in journal.works] or [0.0]
    return {
        "orders": orders,
        "free_pages_left": journal.give_back(1),
        **{f"{name}_longest_of_cpu_ms": one for name, one in busy.items()},
        **{f"{name}_longest_ms": max(some) for name, some in told.items()},
        **{
            f"{name}_longest_without_commit_ms": max(some)
            for name, some in works.items()
        },
        **{
            f"{name}_median_ms": statistics.median(some)
            for name, some in told.items()
        },
        **{
            f"{name}_median_without_commit_ms": statistics.median(some)
            for name, some in works.items()
        },
    }


def bytes_per_order(folder: Path, orders: int = 300) -> dict[str, Any]:
    """Return what an order takes that went the whole way, and pruned."""
    path = folder / "sized.db"
    journal = SQLiteJournal(path)
    journal.migrate()
    before = Sizes.of(path)
    shop = Shop(journal, first=1)
    for _ in range(orders // 100):
        shop.append(100)
        shop.deliver()
    while journal.pack(100):
        pass
    while journal.tally(KEPT, 2_000) or journal.index_orders(KEPT, 100):
        pass
    while journal.give_back(1_000):
        pass
    whole = Sizes.of(path)
    while journal.prune(KEPT, before=KEPT, limit=100):
        pass
    while journal.give_back(1_000):
        pass
    pruned = Sizes.of(path)
    journal.close()
    return {
        "whole": whole.less(before, orders),
        "pruned": pruned.less(before, orders),
        "webhook": shop.body_size,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", type=int, default=20_000)
    parser.add_argument("--pruned", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    wanted = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="growth-", dir=wanted.folder))
    try:
        found = measure(
            folder,
            whole=wanted.whole,
            pruned=wanted.pruned,
            rounds=wanted.rounds,
        )
    finally:
        remove(folder)
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
