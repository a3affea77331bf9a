import os
import signal
from pathlib import Path

import pytest

from bench.campaign.chaos import pids
from bench.campaign.processes import campaign
from bench.processes import Processes, said, wait_for

FEW = 150
"""So few sendings are planned ahead that the end comes soon."""

RARELY_S = (1.5, 3.0)
"""More faults, with so few calls, would open a circuit for minutes."""


@pytest.mark.processes
def test_killed_and_frozen_processes_lose_and_double_nothing(
    tmp_path: Path,
) -> None:
    """
    kill -9 and SIGSTOP of web, worker and supervisor under load, targets
    that fail: nothing is lost, done twice, out of order or stuck.
    (`python -m bench.campaign.processes` does more.)
    """
    report = campaign(
        tmp_path,
        kills=4,
        acks=200,
        seed=7,
        most_s=12,
        under_way=FEW,
        fault_every_s=RARELY_S,
    )

    assert report.acknowledged > 0
    assert report.verdict.counts["creates"] > 0
    assert report.verdict.findings == []


@pytest.mark.processes
@pytest.mark.parametrize("part", ["worker", "planner"])
def test_frozen_worker_is_killed_by_its_supervisor(
    tmp_path: Path, part: str
) -> None:
    """
    A worker that is stopped never wakes up: long before its leases end,
    another one is in its place. So it is with the one that plans.
    """
    processes = Processes(tmp_path)
    try:
        supervisor = processes.start_bridge().pid
        wait_for(lambda: said(processes.port, "/readyz")["sending"])
        (frozen,) = pids(supervisor)[part]
        os.kill(frozen, signal.SIGSTOP)
        wait_for(lambda: _others(supervisor, part, frozen), seconds=20)
    finally:
        processes.stop()

    log = (tmp_path / "serve.log").read_text()
    assert log.count('"process.stalled"') == 1


def _others(supervisor: int, part: str, frozen: int) -> bool:
    found = pids(supervisor)[part]
    return bool(found) and frozen not in found
