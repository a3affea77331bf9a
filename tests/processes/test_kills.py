from pathlib import Path

import pytest

from bench.kills import campaign


@pytest.mark.processes
def test_kill_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """
    kill -9 of web and worker in turn under load: no acknowledged event is
    lost and nothing is created twice. (`python -m bench.kills` does more.)
    """
    report = campaign(tmp_path, kills=6)

    assert report.acknowledged > 0
    assert (report.lost, report.second_creates) == (0, 0)
