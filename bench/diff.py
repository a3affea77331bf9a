"""
What `bridge diff` costs over many orders.

    python -m bench.diff [--orders 10000] [--mapping cafe-mx-rayo]

Builds a journal of synthetic orders, made of the shipped samples of the
mapping's store, and compares the shipped text with one in which a literal
and an expression are others. Prints seconds, milliseconds per order, and how
many times as long that is as `json.loads` of the same bodies: machines are
shared and noisy, trust the ratio.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.hindsight import compared
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal, OrderPlan
from bridge.mapping.cases import event_of, told_by
from bridge.mapping.catalog import build_catalog
from bridge.mapping.compiler import compile_mapping
from bridge.model import EventState, Instant, Link, NewEvent
from bridge.orders.order import dump_state
from bridge.samples import Samples, store_of
from bridge.settings import (
    load_sources,
    load_stores,
    load_targets,
    surroundings,
)
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS

FOLDER = Path(__file__).parents[1] / "mappings"
BATCH = 500
EDITS = (
    ("NACIONAL", "EXPRESS"),
    ("= ship_to.name", "= first(ship_to.company, ship_to.name)"),
)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--mapping", default="cafe-mx-rayo")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bridge-diff-") as folder:
        found = measure(Path(folder), wanted.mapping, wanted.orders)
    print(json.dumps(found, indent=2))
    return 0


def measure(folder: Path, name: str, orders: int) -> dict[str, Any]:
    """Return all figures."""
    stores = load_stores(FOLDER, lambda _name: "x" * 32)
    targets = load_targets(FOLDER, lambda _name: "x" * 32)
    around = surroundings(stores, targets)
    catalog = build_catalog(load_sources(FOLDER), around, last_good={})
    before = catalog.mappings[name]
    text = before.text
    for old, new in EDITS:
        text = text.replace(old, new)
    after = compile_mapping(name, text, file=f"{name}.yaml", around=around)
    journal = open_journal(f"sqlite:///{folder / 'bridge.db'}")
    journal.migrate()
    bodies = fill(journal, stores[before.store], before.target, orders)
    yardstick = timed(lambda: [json.loads(body) for body in bodies])
    report = None

    def run() -> None:
        nonlocal report
        report = compared(journal, before, after, last=orders)

    cpu = time.process_time()
    seconds = timed(run)
    cpu = time.process_time() - cpu
    journal.close()
    assert report is not None
    return {
        "orders": report.orders,
        "differing": report.differing,
        "groups": len(report.groups),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "ms_per_order": round(seconds * 1000 / max(report.orders, 1), 3),
        "times_json_loads": round(seconds / yardstick, 1),
    }


def timed(work: Any) -> float:
    """Return how many seconds *work* takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def fill(
    journal: Journal, store: Store, target: str, orders: int
) -> list[bytes]:
    """Put orders into the journal; return the bodies that told of them."""
    bodies: list[bytes] = []
    events: list[NewEvent] = []
    plans: list[OrderPlan] = []
    for body, event, plan in made(store, target, orders):
        bodies.append(body)
        events.append(event)
        plans.append(plan)
        if len(plans) == BATCH:
            keep(journal, events, plans)
            events, plans = [], []
    if plans:
        keep(journal, events, plans)
    return bodies


def keep(
    journal: Journal, events: list[NewEvent], plans: list[OrderPlan]
) -> None:
    """Keep a batch."""
    journal.append(events)
    assert all(journal.plan(plans, Instant(0)))


def made(
    store: Store, target: str, orders: int
) -> Iterator[tuple[bytes, NewEvent, OrderPlan]]:
    """Yield orders, each of another number, name and amount."""
    samples = Samples(FOLDER)
    mine = [
        sample
        for name in samples.names()
        if (sample := samples.sample(name))
        and (owner := store_of(sample, {store.name: store})) is not None
        and owner is store
        and b'"line_items"' in sample.body
        and b'"order_id"' not in sample.body
    ]
    for number in range(orders):
        sample = mine[number % len(mine)]
        told = json.loads(sample.body)
        told["id"] = 9_000_000_000_000 + number
        told["name"] = f"#{number}"
        told["note"] = f"number {number}"
        body = json.dumps(told, ensure_ascii=False).encode()
        event = event_of(sample, store, body=body)
        state = told_by(
            [event], store=store, platform=PLATFORMS[store.platform]
        )
        assert state.snapshot is not None
        yield (
            body,
            NewEvent(
                store=store.name,
                platform=store.platform,
                topic=event.topic,
                dedupe_key=f"{store.name}/{number}",
                body=body,
                sha256=hashlib.sha256(body).hexdigest(),
                headers={},
                received_at=Instant(number),
                state=EventState.STORED,
            ),
            OrderPlan(
                store=store.name,
                order_id=state.id,
                seen_revision=None,
                state=dump_state(state),
                version=Instant(state.snapshot.version + number),
                body_event=None,
                plan_due=None,
                links=[
                    Link(
                        store=store.name,
                        order_id=state.id,
                        target=target,
                        name="rayo_order",
                        value="909521d0-e398-4701-b393-ddfd07ce24f9",
                        source="answer",
                    )
                ],
            ),
        )


if __name__ == "__main__":
    raise SystemExit(main())
