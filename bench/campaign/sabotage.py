"""
One-line bugs, put into a copy of the tree one at a time: who notices?

    python -m bench.campaign.sabotage            all of them
    python -m bench.campaign.sabotage --only fence
    python -m bench.campaign.sabotage --draw 3   other ones for each commit
    python -m bench.campaign.sabotage --list

Each is first shown to the tests that should notice it, then, if those pass,
to the whole suite. Prints which test noticed, and who survived; ends with
status 1 when anyone did. The tree itself is not touched.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.campaign.sabotages import SABOTAGES, Sabotage

ROOT = Path(__file__).parents[2]

PATIENCE_S = 1_200
"""A suite that hangs on a bug has noticed it; one that is slow on a busy
machine has not, and takes a third of this."""


WHOLE_SUITE = ("-n", "2", "tests", "--ignore=tests/campaign/test_sabotage.py")
"""But for the test that sees whether the bugs fit the code: it would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What became of one sabotage.

    Args:
        noticed_by: the first test that failed; None when all passed.
    """

    sabotage: Sabotage
    noticed_by: str | None
    seconds: float


def apply(sabotage: Sabotage, tree: Path) -> None:
    """
    Put the bug into *tree*.

    Raises:
        ValueError: the text is not there just once: the code moved on.
    """
    path = tree / sabotage.file
    text = path.read_text()
    if text.count(sabotage.before) != 1:
        message = (
            f"{sabotage.name}: its text stands {text.count(sabotage.before)}"
            f" times in {sabotage.file}, and not once"
        )
        raise ValueError(message)
    path.write_text(text.replace(sabotage.before, sabotage.after))


def tried(sabotage: Sabotage, *, first_only: bool = False) -> Verdict:
    """
    Return who noticed *sabotage* in a copy of the tree.

    Args:
        first_only: ask its own tests, and not the whole suite besides.
    """
    began = time.monotonic()
    tree = Path(tempfile.mkdtemp(prefix="bridge-sabotage-"))
    try:
        _copy(tree)
        apply(sabotage, tree)
        noticed_by = None
        for tests in (
            (sabotage.tests,)
            if first_only
            else (
                sabotage.tests,
                WHOLE_SUITE,
            )
        ):
            noticed_by = _first_failure(tree, tests)
            if noticed_by:
                break
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    return Verdict(
        sabotage=sabotage,
        noticed_by=noticed_by,
        seconds=round(time.monotonic() - began, 1),
    )


def _copy(tree: Path) -> None:
    """Copy what the repository knows, as it stands in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)


def _first_failure(tree: Path, tests: Sequence[str]) -> str | None:
    """Return the first test that fails, `hangs`, or None."""
    child = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return "hangs"
    if child.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    return found[1] if found else f"status {child.returncode}"


def chosen(words: Sequence[str]) -> list[Sabotage]:
    """Return the sabotages whose name has one of *words*, or all."""
    return [
        sabotage
        for sabotage in SABOTAGES
        if not words or any(word in sabotage.name for word in words)
    ]


def drawn(wanted: Sequence[Sabotage], count: int) -> list[Sabotage]:
    """Return some of them, others for each commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return random.Random(commit).sample(wanted, count)


def verdicts(
    wanted: Sequence[Sabotage], jobs: int, *, first_only: bool
) -> Iterator[Verdict]:
    """Yield what became of each, in their order."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(partial(tried, first_only=first_only), wanted)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--draw", type=int)
    parser.add_argument("--first-only", action="store_true")
    parser.add_argument("--list", action="store_true")
    told = parser.parse_args()
    wanted = chosen(told.only)
    if told.draw:
        wanted = drawn(wanted, told.draw)
    if told.list:
        for sabotage in wanted:
            print(f"{sabotage.file}: {sabotage.name}")
        return 0
    survivors = []
    for verdict in verdicts(wanted, told.jobs, first_only=told.first_only):
        name = verdict.sabotage.name
        if verdict.noticed_by is None:
            survivors.append(name)
        who = verdict.noticed_by or "SURVIVED"
        print(f"{name}: {who} ({verdict.seconds} s)", flush=True)
    print(f"{len(wanted) - len(survivors)} of {len(wanted)} were noticed")
    for name in survivors:
        print(f"survived: {name}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
