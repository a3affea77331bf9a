from collections.abc import Callable
from pathlib import Path

import pytest

from bench.campaign.disks import Report, Skipped, full, power

FEW = 150


def made(trouble: Callable[[], Report]) -> Report:
    """Return what came of it, or skip and say why."""
    try:
        return trouble()
    except Skipped as reason:
        pytest.skip(f"NOT SHOWN HERE: {reason}")


@pytest.mark.processes
def test_full_disk(tmp_path: Path) -> None:
    """
    A disk that is full: webhooks are refused, not lost; with room again
    they are taken again, by the same processes.
    """
    report = made(lambda: full(tmp_path, seed=1, under_way=FEW))

    assert report.verdict.findings == []


@pytest.mark.processes
def test_lost_power(tmp_path: Path) -> None:
    """
    The power goes under load: what was acknowledged is there afterwards,
    and nothing is done twice.
    """
    report = made(lambda: power(tmp_path, seed=1, losses=1, under_way=FEW))

    assert report.verdict.findings == []
    assert report.verdict.counts["acknowledged"] > 0
