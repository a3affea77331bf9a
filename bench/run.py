"""
What the bridge costs, against yardsticks of the same run.

    python -m bench.run                 a small dose of all: two minutes
    python -m bench.run --full          an hour and more
    python -m bench.run --out found.json

- taking webhooks, against a Flask route that does nothing: `bench.taking`
- delivering, against what tutorials do and a bare client: `bench.sending`
- rendering, against `json.loads` of the body: `bench.rendering`
- a log that has grown, against an empty one: `bench.growth`
- the console over such a log, in milliseconds: `bench.console`

Each is a command of its own. Machines are shared and noisy: trust ratios.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench import console, growth, rendering, sending, taking
from bench.processes import remove

Found = dict[str, Any]
Part = Callable[[Path], Found]


def parts(*, full: bool) -> Mapping[str, Part]:
    """Return what is measured, by name, each in a folder of its own."""
    if full:
        return {
            "taking": partial(taking.measure, dose=taking.Dose()),
            "sending": partial(sending.measure, dose=sending.Dose()),
            "rendering": lambda _folder: rendering.measure(),
            "growth": partial(
                growth.measure, whole=1_000_000, pruned=10_000_000, rounds=5
            ),
            "console": partial(console.measure, orders=1_000_000),
        }
    return {
        "taking": partial(taking.measure, dose=taking.QUICK),
        "sending": partial(sending.measure, dose=sending.QUICK),
        "rendering": lambda _folder: rendering.measure(rounds=5, times=100),
        "growth": partial(growth.measure, whole=2_000, pruned=5_000, rounds=3),
        "console": partial(console.measure, orders=10_000, rounds=3),
    }


def measure(folder: Path, *, full: bool) -> Found:
    """Return all figures."""
    found: Found = {"machine": taking.machine()}
    for name, part in parts(full=full).items():
        place = folder / name
        place.mkdir()
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        found[name] = part(place)
    return found


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bridge-bench-"))
    try:
        found = measure(folder, full=wanted.full)
    finally:
        remove(folder)
    text = json.dumps(found, indent=2)
    print(text)
    if wanted.out:
        wanted.out.write_text(f"{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
