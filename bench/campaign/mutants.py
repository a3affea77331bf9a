"""
mutmut on the core: how many of its mutants does the suite kill?

    python -m bench.campaign.mutants

Mutates `lifecycle`, `fold` and `plan` (pyproject's `[tool.mutmut]`) in a
copy of the tree; prints a line per file with the share that was killed, and
those that lived. Ends with status 1 when a file is under the bar.
"""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

BAR = 0.85

_LINE = re.compile(r"^\s*(?P<name>\S+)\.x\S*__mutmut_\d+: (?P<fate>.+)$")
_NOTICED = {"killed", "timeout", "suspicious", "segfault"}


@dataclass(slots=True)
class Tally:
    """What became of one file's mutants; *lived* are mutmut's names."""

    killed: int = 0
    lived: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The killed among all, 0 to 1."""
        return self.killed / max(1, self.killed + len(self.lived))


def tallies(lines: Iterable[str]) -> Mapping[str, Tally]:
    """Return the tally of each module of `mutmut results --all true`."""
    found: dict[str, Tally] = defaultdict(Tally)
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        tally = found[match["name"]]
        if match["fate"] in _NOTICED:
            tally.killed += 1
        else:
            tally.lived.append(line.strip())
    return found


def main() -> int:
    """Run from the command line."""
    mutmut = [sys.executable, "-m", "mutmut"]
    run = subprocess.run(
        [*mutmut, "run", "--max-children", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    results = subprocess.run(
        [*mutmut, "results", "--all", "true"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = tallies(results.stdout.splitlines())
    for name, tally in found.items():
        for line in tally.lived:
            print(f"lived: {line}")
        total = tally.killed + len(tally.lived)
        print(f"{name}: {tally.killed} of {total}, {tally.share:.1%}")
    if not found:
        print(run.stdout[-2_000:], run.stderr[-2_000:], sep="\n")
        return 1
    return 0 if all(t.share >= BAR for t in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
