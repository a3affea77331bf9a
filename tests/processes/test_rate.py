from pathlib import Path

import pytest

from bench.campaign.rate import LIMIT, measure


@pytest.mark.processes
def test_three_workers_share_one_limit(tmp_path: Path) -> None:
    """
    Three worker processes never send Yuju a third request within a second
    of its own clock, and do not idle either. (`python -m
    bench.campaign.rate` holds it to 90 %, over a minute.)
    """
    found = measure(tmp_path, seconds=8, workers=3)

    assert found.most <= LIMIT
    assert found.per_second >= 0.75 * LIMIT
