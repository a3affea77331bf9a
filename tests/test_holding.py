import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from bridge.errors import JournalUnavailable
from bridge.holding import folder_of_numbers, held_alone

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="Linux tells who holds"
    ),
]

KILLED = """
    import os, sys, time
    from bridge.holding import folder_of_numbers, held_alone
    with held_alone(sys.argv[1], monotonic=time.monotonic) as hold:
        with folder_of_numbers(hold) as folder:
            child = os.fork()
            if child == 0:
                {child}
            print(child, folder, flush=True)
            time.sleep(60)
"""
"""A `serve` that has a child, which keeps the lock."""


@contextmanager
def serving(
    database: str, child: str
) -> Iterator[tuple["subprocess.Popen[str]", int, Path]]:
    """Run one; gives it, its child and its folder, and ends both."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(KILLED).format(child=child),
            database,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    pid, _, folder = process.stdout.readline().strip().partition(" ")
    try:
        yield process, int(pid), Path(folder)
    finally:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
        process.kill()
        process.communicate()


held = partial(held_alone, monotonic=time.monotonic)


def database_in(folder: Path) -> str:
    return f"sqlite:///{folder}/bridge.db"


def test_stopped_orphan_is_killed(tmp_path: Path) -> None:
    """
    A worker that is stopped while its `serve` is killed can not end: the
    next `serve` kills it, and has the lock soon.
    """
    database = database_in(tmp_path)
    with serving(database, "time.sleep(60)") as (serve, child, _):
        os.kill(child, signal.SIGSTOP)
        serve.kill()
        serve.wait()
        began = time.monotonic()
        with held(database, wait_s=10) as hold:
            assert None is not hold
        assert time.monotonic() - began < 5


def test_orphan_that_ends_is_waited_for(tmp_path: Path) -> None:
    """
    A worker that still ends its calls is left to it.
    """
    database, ended = database_in(tmp_path), tmp_path / "ended"
    child = f"time.sleep(1.5); open({str(ended)!r}, 'w'); os._exit(0)"
    with serving(database, child) as (serve, _, _):
        serve.kill()
        serve.wait()
        with held(database, wait_s=10):
            assert ended.exists()


def test_children_of_a_living_serve_are_left_alone(tmp_path: Path) -> None:
    """
    As long as a `serve` lives, another one kills nobody, stopped or not.
    """
    database = database_in(tmp_path)
    with serving(database, "time.sleep(60)") as (serve, child, _):
        for frozen in (child, serve.pid):
            os.kill(frozen, signal.SIGSTOP)
            with (
                pytest.raises(JournalUnavailable),
                held(database, wait_s=0.5),
            ):
                pytest.fail("two at once")
        os.kill(child, 0)
        assert serve.poll() is None


def test_folder_of_a_killed_serve_is_removed(tmp_path: Path) -> None:
    """
    The numbers' folder goes with its `serve`, or with the next one.
    """
    database = database_in(tmp_path)
    with serving(database, "os._exit(0)") as (serve, _, folder):
        serve.kill()
        serve.wait()
        assert folder.is_dir()
        with held(database) as hold:
            assert not folder.exists()
            with folder_of_numbers(hold) as ours:
                assert ours.is_dir()
            assert not ours.exists()


def test_no_other_folder_is_removed(tmp_path: Path) -> None:
    """
    Whatever stands in the lock file, only folders of numbers are removed.
    """
    database, precious = database_in(tmp_path), tmp_path / "precious"
    precious.mkdir()
    with held(database) as hold:
        assert hold is not None
        hold.sign(precious)
    with held(database):
        assert precious.is_dir()


def test_another_log_needs_no_lock() -> None:
    """
    Only a file needs one.
    """
    with held("postgresql:///x") as hold:
        assert None is hold
        with folder_of_numbers(hold) as folder:
            assert folder.is_dir()
