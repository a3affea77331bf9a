"""
The whole campaign, one part after the other.

    python -m bench.campaign               all of it: hours
    python -m bench.campaign --dose ci     a small dose: minutes

Of what has no dose here, the test suite has one. Ends with status 1 when any
part found anything. Each part is a command of its own; what it prints says
how to run it again.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One command, with its arguments in full and in CI.

    Args:
        ci: None when CI's dose of it is in the test suite.
    """

    module: str
    full: Sequence[str] = ()
    ci: Sequence[str] | None = None


PARTS = (
    Part(
        module="simulation",
        full=("--seeds", "20000", "--jobs", "2"),
        ci=("--seeds", "1000", "--jobs", "2", "--from-commit"),
    ),
    Part(
        module="crashes",
        full=("--jobs", "2"),
        ci=("--dose", "40", "--jobs", "2"),
    ),
    Part(
        module="processes",
        full=("--kills", "500", "--acks", "200000"),
    ),
    Part(module="rate"),
    Part(module="disks"),
    Part(module="sabotage"),
    Part(module="mutants"),
)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dose", choices=["full", "ci"], default="full")
    told = parser.parse_args()
    lines, statuses = [], []
    for part in PARTS:
        arguments = part.ci if told.dose == "ci" else part.full
        if arguments is None:
            continue
        words = [f"bench.campaign.{part.module}", *arguments]
        print(f"\n=== python -m {' '.join(words)}", flush=True)
        began = time.monotonic()
        child = subprocess.run(
            [sys.executable, "-m", *words], cwd=ROOT, check=False
        )
        seconds = time.monotonic() - began
        verdict = "passed" if child.returncode == 0 else "FAILED"
        lines.append(f"{verdict} {seconds:8.1f} s  {' '.join(words)}")
        statuses.append(child.returncode)
    print("\n=== the campaign", *lines, sep="\n")
    return 1 if any(statuses) else 0


if __name__ == "__main__":
    sys.exit(main())
