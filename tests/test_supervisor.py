import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.supervisor import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    Program,
    Supervisor,
    restart_wait,
)

pytestmark = pytest.mark.processes

NOTE_AND_SLEEP = """
    import os, pathlib, sys, time
    pathlib.Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(60)
"""
"""A child that leaves its number in a folder, and lives."""

NOTE_AND_DIE = """
    import os, pathlib, sys
    pathlib.Path(sys.argv[1], str(os.getpid())).touch()
"""

DEAF = """
    import os, pathlib, signal, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pathlib.Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(60)
"""

SUPERVISE = """
    import sys, time
    from bridge.supervisor import Program, Supervisor
    command = [sys.executable, "-c", sys.argv[1], sys.argv[2]]
    Supervisor(
        [Program(name="child", command=command, environ={})],
        monotonic=time.monotonic,
        sleep=time.sleep,
    ).run()
"""


def program(code: str, folder: Path) -> Program:
    """Return a program that runs *code* with *folder* as its argument."""
    return Program(
        name="child",
        command=[sys.executable, "-c", textwrap.dedent(code), str(folder)],
        environ=dict(os.environ),
    )


@contextlib.contextmanager
def supervised(
    code: str, folder: Path, *, patience: float = 10.0
) -> Iterator[Callable[[], int]]:
    """Supervise *code*; gives what stops it and returns its status."""
    supervisor = Supervisor(
        [program(code, folder)],
        monotonic=time.monotonic,
        sleep=time.sleep,
        patience=patience,
    )
    status: list[int] = []
    thread = threading.Thread(target=lambda: status.append(supervisor.run()))
    thread.start()

    def stop() -> int:
        supervisor.stop()
        thread.join(20)
        return status[0]

    try:
        yield stop
    finally:
        supervisor.stop()
        thread.join(20)


def pids(folder: Path) -> list[int]:
    """Return the children that left their number, the first first."""
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    return [int(file.name) for file in files]


def wait_until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for something that must come to hold."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether a process runs, and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    except FileNotFoundError:
        return False
    return state.split()[0] != "Z"


@pytest.mark.parametrize(
    ("deaths", "wait"),
    [
        (1, 0.0),
        (2, FIRST_WAIT_S),
        (3, 2 * FIRST_WAIT_S),
        (6, 8.0),
        (7, LONGEST_WAIT_S),
        (10_000, LONGEST_WAIT_S),
    ],
)
def test_restart_wait(deaths: int, wait: float) -> None:
    """
    The first death is followed by a start at once, more by longer waits.
    """
    assert wait == restart_wait(deaths)


def test_killed_child_is_brought_back(tmp_path: Path) -> None:
    """
    A child that is killed is started again, at once.
    """
    with supervised(NOTE_AND_SLEEP, tmp_path):
        wait_until(lambda: len(pids(tmp_path)) == 1)
        killed_at = time.monotonic()
        os.kill(pids(tmp_path)[0], signal.SIGKILL)
        wait_until(lambda: len(pids(tmp_path)) == 2)
        assert time.monotonic() - killed_at < 5
        first, second = pids(tmp_path)
        assert [False, True] == [is_alive(first), is_alive(second)]


def test_dying_child_is_not_started_in_a_rush(tmp_path: Path) -> None:
    """
    A child that dies again and again is started ever more rarely.
    """
    with supervised(NOTE_AND_DIE, tmp_path):
        time.sleep(3)
        assert 2 <= len(pids(tmp_path)) <= 4


def test_stop_ends_children_and_is_clean(tmp_path: Path) -> None:
    """
    A stop ends the children, and the status says that it was clean.
    """
    with supervised(NOTE_AND_SLEEP, tmp_path) as stop:
        wait_until(lambda: len(pids(tmp_path)) == 1)
        assert 0 == stop()
        assert not is_alive(pids(tmp_path)[0])


def test_deaf_child_is_killed(tmp_path: Path) -> None:
    """
    A child that does not end in time is killed, and the status says so.
    """
    with supervised(DEAF, tmp_path, patience=0.3) as stop:
        wait_until(lambda: len(pids(tmp_path)) == 1)
        assert 1 == stop()
        assert not is_alive(pids(tmp_path)[0])


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux tells the children"
)
def test_children_end_with_their_killed_supervisor(tmp_path: Path) -> None:
    """
    When the supervisor itself is killed, its children end too.
    """
    code = textwrap.dedent(NOTE_AND_SLEEP)
    supervisor = subprocess.Popen(  # the real thing, in its own process
        [
            sys.executable,
            "-c",
            textwrap.dedent(SUPERVISE),
            code,
            str(tmp_path),
        ],
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(pids(tmp_path)) == 1)
    supervisor.kill()
    supervisor.wait()
    wait_until(lambda: not is_alive(pids(tmp_path)[0]))
