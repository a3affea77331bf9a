"""What a process has when it forks others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.campaign.chaos import pids
from bench.processes import Processes, kill, wait_for

pytestmark = pytest.mark.processes


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path)
    yield found
    found.stop()


def threads(pid: int) -> int:
    return len([*Path(f"/proc/{pid}/task").iterdir()])


def opened(pid: int, database: str) -> list[str]:
    """Return which of the database's own files a process has open."""
    files = {f"{database}{ending}" for ending in ("", "-wal", "-shm")}
    descriptors = [*Path(f"/proc/{pid}/fd").iterdir()]
    return sorted(files & {str(one.readlink()) for one in descriptors})


def test_who_forks_has_neither_threads_nor_the_database(
    processes: Processes,
) -> None:
    """
    The supervisor and gunicorn's master run one thread, and no SQLite.

    A child has only the thread that forked it. Had another one held a lock
    of SQLite's at that moment, as its memory or a file's, nobody would ever
    let it go in the child, which would hang at its first statement. So it
    is when they have brought a child back, too.
    """
    supervisor = processes.start_bridge().pid
    database = str(processes.database)
    (worker,) = pids(supervisor)["worker"]
    wait_for(lambda: threads(worker) > 1 and opened(worker, database) != [])
    have_nothing(supervisor, database)
    for killed in ("worker", "planner", "web worker"):
        bring_back(supervisor, killed)
        have_nothing(supervisor, database)


def have_nothing(supervisor: int, database: str) -> None:
    """Check those that fork."""
    for pid in (supervisor, *pids(supervisor)["web master"]):
        assert 1 == threads(pid)
        assert [] == opened(pid, database)


def bring_back(supervisor: int, name: str) -> None:
    """Kill a child, and wait until another one is in its place."""
    (before,) = pids(supervisor)[name]
    kill(before)
    wait_for(
        lambda: pids(supervisor).get(name, [before]) not in ([before], [])
    )
