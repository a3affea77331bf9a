"""
What it costs to render the shipped Rayo create, against `json.loads`.

    python -m bench.rendering [--rounds 9] [--times 200]

The body is the largest sample of the mapping's store. Rendering is what the
worker does with it: both addresses are split anew (what was read before is
forgotten each time), the order becomes what expressions see, the request is
made and checked. Rounds alternate; medians are shown. Ends with status 1
above the bar of 6.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.mapping.cases import event_of, told_by
from bridge.mapping.catalog import build_catalog
from bridge.mapping.render import condition_holds, render
from bridge.orders.document import document
from bridge.orders.order import Address
from bridge.places import phones
from bridge.places.addresses import split_address
from bridge.places.beside import Beside
from bridge.places.text import folded
from bridge.samples import Samples, store_of
from bridge.settings import (
    load_sources,
    load_stores,
    load_targets,
    surroundings,
)
from bridge.sources.register import PLATFORMS

FOLDER = Path(__file__).parents[1] / "mappings"
MAPPING, RULE = "cafe-mx-rayo", "create"
BAR = 6.0


def measure(*, rounds: int = 9, times: int = 200) -> dict[str, Any]:
    """Return the medians, in microseconds, and their ratio."""
    body, rendered = made()
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(timed(lambda: json.loads(body), times))
        ours.append(timed(rendered, times))
    mine, yardstick = statistics.median(ours), statistics.median(theirs)
    return {
        "body_bytes": len(body),
        "render_us": round(mine * 1e6, 1),
        "json_loads_us": round(yardstick * 1e6, 1),
        "ratio": round(mine / yardstick, 2),
        "bar": BAR,
    }


def made() -> tuple[bytes, Callable[[], object]]:
    """Return the body, and what renders it once."""
    stores = load_stores(FOLDER, lambda _name: "x" * 32)
    targets = load_targets(FOLDER, lambda _name: "x" * 32)
    catalog = build_catalog(
        load_sources(FOLDER), surroundings(stores, targets), last_good={}
    )
    mapping = catalog.mappings[MAPPING]
    rule = mapping.rule(RULE)
    assert rule is not None
    store = stores[mapping.store]
    samples = Samples(FOLDER)
    sample = max(
        (
            found
            for name in samples.names()
            if (found := samples.sample(name))
            and store_of(found, {store.name: store}) is not None
        ),
        key=lambda found: len(found.body),
    )
    state = told_by(
        [event_of(sample, store)],
        store=store,
        platform=PLATFORMS[store.platform],
    )
    snapshot = state.snapshot
    assert snapshot is not None

    def rendered() -> None:
        for kept in (split_address, folded, phones._parsed):  # noqa: SLF001
            kept.cache_clear()
        for address in (snapshot.ship_to, snapshot.bill_to):
            _split(address)
        scene = document(state, links={})
        assert condition_holds(mapping, rule, scene)
        render(mapping, rule, scene)

    return sample.body, rendered


def _split(address: Address) -> None:
    split_address(
        address.country,
        address.address1,
        address.address2,
        beside=Beside(
            city=address.city,
            state=address.state,
            postal_code=address.postal_code,
            names=(address.name, address.company),
        ),
    )


def timed(work: Callable[[], object], times: int) -> float:
    """Return the seconds of CPU that *work* takes once."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--times", type=int, default=200)
    wanted = parser.parse_args()
    found = measure(rounds=wanted.rounds, times=wanted.times)
    print(json.dumps(found, indent=2))
    return 0 if found["ratio"] <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
