"""
Plays many lives and prints what struck and what was found.

    python -m bench.campaign.simulation --seeds 1000 --jobs 2

Ends with status 1 when a life broke a promise, or when, of 1,000 lives or
more, some kind of fault struck fewer than 100 times.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from bench.campaign.simulation.faults import Kind
from bench.campaign.simulation.judge import Doubt
from bench.campaign.simulation.lives import STEPS, Life, life

ENOUGH_LIVES, ENOUGH_HITS = 1_000, 100
CHUNK = 10  # lives that a process plays before it tells of them


@dataclass(slots=True)
class Sums:
    """All lives together."""

    lives: int = 0
    steps: int = 0
    points: int = 0
    hits: Counter[Kind] = field(default_factory=Counter)
    doubt: Doubt = field(default_factory=Doubt)
    bad: list[Life] = field(default_factory=list)

    def add(self, one: Life) -> None:
        """Count one more."""
        self.lives += 1
        self.steps += one.steps
        self.points += one.points
        self.hits.update(one.hits)
        self.doubt.all += one.doubt.all
        self.doubt.unwritten += one.doubt.unwritten
        self.doubt.lost += one.doubt.lost
        if one.findings:
            self.bad.append(one)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, print, judge."""
    told = _parser().parse_args(arguments)
    first = _of_commit() if told.from_commit else told.first
    if told.trace:
        return _traced(first, told)
    began = time.monotonic()
    sums = Sums()
    for one in _played(range(first, first + told.seeds), told):
        sums.add(one)
        for finding in one.findings:
            print(f"seed {one.seed}: {finding}", flush=True)
    seconds = time.monotonic() - began
    rarely = _print(sums, seconds)
    for one in sums.bad:
        print(f"replay: {_command(one.seed, told)}")
    too_rare = rarely if told.seeds >= ENOUGH_LIVES else []
    for kind in too_rare:
        print(f"struck fewer than {ENOUGH_HITS} times: {kind.value}")
    return 1 if sums.bad or too_rare else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.campaign.simulation")
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--from-commit", action="store_true",
                        help="draw the first seed from HEAD")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=STEPS,
                        help="turns for which faults strike")  # fmt: skip
    parser.add_argument("--wall-jumps", action="store_true",
                        help="set the wall clock while all runs")  # fmt: skip
    parser.add_argument("--trace", action="store_true",
                        help="play the first seed alone, every line of it")  # fmt: skip
    return parser


def _played(seeds: range, told: argparse.Namespace) -> Iterator[Life]:
    play = partial(life, steps=told.steps)
    if told.jobs == 1:
        yield from map(play, seeds)
        return
    with ProcessPoolExecutor(told.jobs) as processes:
        yield from processes.map(play, seeds, chunksize=CHUNK)


def _traced(seed: int, told: argparse.Namespace) -> int:
    one = life(seed, steps=told.steps, keep=True)
    for line in one.lines:
        print(line)
    print(f"trace {one.digest}")
    return 1 if one.findings else 0


def _print(sums: Sums, seconds: float) -> list[Kind]:
    """Print the figures; return what struck too rarely."""
    print(
        f"{sums.lives} lives, {sums.steps} steps, {sums.points} points,"
        f" {sums.lives / seconds:.1f} lives/s"
    )
    kinds = list(Kind)
    for kind in kinds:
        print(f"{sums.hits[kind]:8} {kind.value}")
    doubt = sums.doubt
    share = 100 * doubt.unwritten / doubt.all if doubt.all else 0.0
    print(
        f"{doubt.all} creates called uncertain: {doubt.unwritten} of which"
        f" not a byte was written ({share:.1f} %), {doubt.lost} lost by the"
        " network"
    )
    print(f"{len(sums.bad)} lives broke a promise")
    return [kind for kind in kinds if sums.hits[kind] < ENOUGH_HITS]


def _command(seed: int, told: argparse.Namespace) -> str:
    return (
        f"python -m bench.campaign.simulation --first {seed}"
        f" --steps {told.steps} --trace"
    )


def _of_commit() -> int:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(head.stdout[:8], 16)


if __name__ == "__main__":
    sys.exit(main())
