"""
Real processes under load, killed and frozen at random; then the verdict.

    python -m bench.campaign.processes --kills 500 --acks 200000 [--seed N]

Sandbox, supervised `serve` and three stores on loopback; the targets fail as
told, an operator decides what is uncertain. In the end the faults are taken
back, all is let settle, and the verifier reads what the stores, the targets
and the operator wrote down. Ends with status 1 on any violation, or when a
recovery took longer than its bar (but for that, with --no-bars: a machine
that is busy with other things starts processes slowly).
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.campaign.chaos import (
    FAULT_EVERY_S,
    STEADY_SHARE,
    Blows,
    Chaos,
    Serving,
    Troubles,
    waited,
)
from bench.campaign.histories import VISIBLE, read_history, sight_lines
from bench.campaign.lives import campaign_files
from bench.campaign.people import UNREACHED, Operator, Watch, seen
from bench.campaign.stores import UNDER_WAY, Stores
from bench.campaign.verifier import Verdict, judge, told
from bench.processes import Processes, Refused, remove, status_of, wait_for

LEASE_S = 25.0
"""Of the campaign's targets: 20 s to begin in, and 5 s for the call."""

ACCEPTING_BAR_S = 2.0
DELIVERING_BAR_S = LEASE_S + 5.0

BACKLOG = 3_000
"""So many events without a plan, and the stores are held back."""

UNSETTLED = frozenset(
    {"waiting", "pending", "claimed", "sending", "settling", "uncertain"}
    | {"dead", "events:stored"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a campaign found; times in seconds."""

    seed: int
    seconds: float
    settled_in: float
    acknowledged: int
    refused: int
    starts: int
    blows: Blows
    faults: Mapping[str, int]
    decided: Mapping[str, int]
    verdict: Verdict

    @property
    def late(self) -> list[str]:
        """What took longer than its bar."""
        return [
            f"{part}: {what} again after {max(times):.1f} s"
            for what, found, bar in (
                ("accepting", self.blows.accepted, ACCEPTING_BAR_S),
                ("delivering", self.blows.delivered, DELIVERING_BAR_S),
            )
            for part, times in found.items()
            if "frozen" not in part and max(times) > bar
        ]

    @property
    def clean(self) -> bool:
        """Whether there is no violation, and all came to rest."""
        return self.verdict.clean and self.settled_in < float("inf")


def campaign(
    folder: Path,
    *,
    kills: int,
    acks: int,
    seed: int,
    workers: int = 1,
    most_s: float = 3300,
    under_way: int = UNDER_WAY,
    fault_every_s: tuple[float, float] = FAULT_EVERY_S,
    steady: float = STEADY_SHARE,
) -> Report:
    """
    Run a campaign in *folder*.

    Args:
        workers: how many the supervisor runs.
        most_s: seconds after which no more is struck or sent.
        fault_every_s: between two faults at the targets, from … to.
        steady: of the blows, so many come when all processes are there and
            have been for a while; only then it is measured how soon things
            go on.
    """
    processes = Processes(folder, files=campaign_files)
    began = time.monotonic()
    watch = Watch(processes.record)
    serving = Serving(processes, workers=workers)
    try:
        processes.start_sandbox()
        serving.begin()
        wait_for(
            lambda: status_of(processes.port, "/readyz") == 200, seconds=90
        )
        stores = Stores(processes.port, folder, seed=seed, under_way=under_way)
        operator = Operator(processes, watch)
        operator.start()
        troubles = Troubles(
            processes.sandbox_port, seed=seed, every_s=fault_every_s
        )
        troubles.start()
        chaos = Chaos(serving, stores, watch, seed=seed, steady=steady)
        while time.monotonic() - began < most_s:
            struck = chaos.blows.killed() >= kills
            if struck and stores.acked >= acks:
                break
            _hold_back(processes, stores)
            time.sleep(0.2) if struck else chaos.strike()
        troubles.over()
        stores.stop()
        settled_in = waited(
            time.monotonic(), lambda: is_settled(processes), 300
        )
        operator.leave()
        write_sight(processes)
    finally:
        serving.leave()
        processes.stop()
    return Report(
        seed=seed,
        seconds=time.monotonic() - began,
        settled_in=settled_in,
        acknowledged=stores.acked,
        refused=stores.refused,
        starts=serving.starts,
        blows=chaos.blows,
        faults=watch.faults,
        decided=operator.decided,
        verdict=judge(read_history(folder)),
    )


def _hold_back(processes: Processes, stores: Stores) -> None:
    """Hold the stores back while the worker is far behind."""
    with suppress(Exception):
        stored = processes.counts().get("events:stored", 0)
        stores.is_held = stored > BACKLOG


def is_settled(processes: Processes) -> bool:
    """Tell whether nothing is under way and nothing waits to be decided."""
    time.sleep(0.5)
    counts = processes.counts()
    return not any(counts.get(state) for state in UNSETTLED)


def write_sight(processes: Processes) -> None:
    """Write down what the admin API shows now."""
    for _ in range(10):
        try:
            sight = seen(processes)
        except (*UNREACHED, Refused):
            time.sleep(1)
            continue
        path = processes.folder / VISIBLE
        path.write_bytes(b"".join(sight_lines(sight)))
        return
    message = "the admin API does not answer"
    raise TimeoutError(message)


# ------------------------------------------------------------------- words


def in_words(report: Report) -> str:
    """Return the report as a person reads it."""
    blows = report.blows
    frozen = sum(blows.freezes.values())
    return "\n".join(
        [
            f"seed {report.seed}",
            f"{report.seconds:.0f} s, settled {report.settled_in:.0f} s after",
            f"{report.acknowledged:,} acknowledged",
            f"{report.acknowledged / report.seconds:.0f} of them a second",
            f"{report.refused:,} sendings not taken",
            f"{blows.killed()} kills: {_counts(blows.kills)}",
            f"{frozen} freezes: {_counts(blows.freezes)}",
            f"serve was started {report.starts} times",
            f"faults: {_counts(report.faults)}",
            f"decided: {_counts(report.decided)}",
            "",
            _times("accepting again", blows.accepted),
            _times("delivering again", blows.delivered),
            told(report.verdict),
            *(f"LATE: {line}" for line in report.late),
        ]
    )


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(found.items()))


def _times(title: str, found: Mapping[str, Sequence[float]]) -> str:
    lines = [f"{title:42}{'n':>6}{'p50':>8}{'p95':>8}{'max':>8}  s"]
    killed = [
        one
        for part, times in found.items()
        if "frozen" not in part
        for one in times
    ]
    for part, times in [*sorted(found.items()), ("after any kill", killed)]:
        if times:
            p50, p95 = percentile(times, 0.5), percentile(times, 0.95)
            lines.append(
                f"    {part:38}{len(times):6}{p50:8.2f}{p95:8.2f}"
                f"{max(times):8.2f}"
            )
    return "\n".join([*lines, ""])


def percentile(times: Sequence[float], share: float) -> float:
    """Return the time that so large a share stays within."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--acks", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--most-s", type=float, default=3300)
    parser.add_argument("--steady", type=float, default=STEADY_SHARE)
    parser.add_argument(
        "--bars", action=argparse.BooleanOptionalAction, default=True
    )
    parser.add_argument("--keep", action="store_true")
    wanted = parser.parse_args()
    seed = wanted.seed if wanted.seed is not None else time.time_ns() % 10**6
    folder = Path(tempfile.mkdtemp(prefix="bridge-campaign-"))
    report = campaign(
        folder,
        kills=wanted.kills,
        acks=wanted.acks,
        seed=seed,
        workers=wanted.workers,
        most_s=wanted.most_s,
        steady=wanted.steady,
    )
    print(in_words(report))
    figures = Counter(report.verdict.counts)
    clean = report.clean and not (wanted.bars and report.late)
    print(json.dumps({"clean": clean, **figures}))
    if wanted.keep or not clean:
        print(f"the histories are in {folder}")
    else:
        remove(folder)
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
