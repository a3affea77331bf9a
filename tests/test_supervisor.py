import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.pulse import PULSE, pulse_of
from bridge.supervisor import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    Program,
    Supervisor,
    executing,
    restart_wait,
    start,
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
    from bridge.supervisor import Program, Supervisor, executing
    command = [sys.executable, "-c", sys.argv[1], sys.argv[2]]
    Supervisor(
        [Program(name="child", main=executing(command), environ={})],
        monotonic=time.monotonic,
        sleep=time.sleep,
    ).run()
"""


def program(code: str, folder: Path) -> Program:
    """Return a program that runs *code* with *folder* as its argument."""
    return Program(
        name="child",
        main=executing(
            [sys.executable, "-c", textwrap.dedent(code), str(folder)]
        ),
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


# -------------------------------------------------------------- what is forked

FORKED = """
    import os, signal, sys, time
    from bridge.supervisor import Program, Supervisor, Waker

    def child():
        had = [os.path.exists(f"/proc/self/fd/{{fd}}") for fd in (mine, others)]
        with open(sys.argv[1], "a") as file:
            print(
                os.environ,
                signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
                signal.pthread_sigmask(signal.SIG_BLOCK, ()),
                had,
                os.getpgrp() == os.getpid(),
                os.read(0, 1),
                open("/proc/self/comm").read().strip(),
                sep=";",
                file=file,
            )
        {ends}

    mine, others = os.dup(1), os.dup(1)
    first = Program(
        name="one", main=child, environ={{"A": "b"}}, keep_open=[mine],
        ends_all=frozenset({{7}}),
    )
    second = Program(
        name="two", main=lambda: time.sleep(60), environ={{}},
        keep_open=[others],
    )
    supervisor = Supervisor(
        [first, second], monotonic=time.monotonic, sleep=Waker().sleep,
        ending=lambda: print("ending"),
    )
    signal.signal(signal.SIGTERM, lambda *_: supervisor.stop())
    signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGUSR1}})
    sys.exit(supervisor.run())
"""


def forked(ends: str, file: Path) -> "subprocess.Popen[str]":
    """Start a supervisor that forks a child, which ends like that."""
    code = textwrap.dedent(FORKED).format(ends=ends)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="looks into /proc"
)
def test_forked_child_has_what_is_its_own(tmp_path: Path) -> None:
    """
    A child has its own environment, group, name and descriptors, default
    signals and an empty input; its status ends all where it is to.
    """
    supervisor = forked("sys.exit(7)", tmp_path / "told")
    said, _ = supervisor.communicate(timeout=20)
    assert (7, "ending\n") == (supervisor.returncode, said)
    told = (tmp_path / "told").read_text()
    assert "environ({'A': 'b'});True;set();[True, False];True;b'';" in told
    assert told.endswith(";bridge-one\n")


def test_forked_child_that_breaks_is_brought_back(tmp_path: Path) -> None:
    """
    What a child raises is told, ends only the child, and it is brought
    back; a stop is heard at once.
    """
    supervisor = forked("raise ValueError('no')", tmp_path / "told")
    lines = tmp_path / "told"
    wait_until(lambda: lines.exists() and lines.read_text().count("\n") > 2)
    supervisor.send_signal(signal.SIGTERM)
    _, told = supervisor.communicate(timeout=5)
    assert 0 == supervisor.returncode
    assert "ValueError: no" in told
    assert '"status": 1' in told


def test_end_is_seen_at_once(tmp_path: Path) -> None:
    """
    A child's death wakes the supervisor: it does not wait for its look.
    """
    supervisor = forked("time.sleep(60)", tmp_path / "told")
    lines = tmp_path / "told"
    try:
        wait_until(lambda: lines.exists() and "one" in lines.read_text())
        before = lines.read_text().count("\n")
        (pid,) = named(supervisor.pid, "bridge-one")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: lines.read_text().count("\n") > before, 2)
    finally:
        supervisor.terminate()
        supervisor.communicate(timeout=20)


def named(parent: int, name: str) -> list[int]:
    """Return the children of a process by their name."""
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [
        int(pid)
        for pid in text.split()
        if Path(f"/proc/{pid}/comm").read_text().strip() == name
    ]


def test_process_tells_its_end() -> None:
    """
    A process has no status while it runs; afterwards it keeps it, and no
    signal goes to whoever has its number by then.
    """
    process = start(
        Program(
            name="x",
            main=executing([sys.executable, "-c", "input()"]),
            environ={},
            output=os.open(os.devnull, os.O_WRONLY),
        )
    )
    process.wait()
    process.send(signal.SIGKILL)
    assert (1, 1) == (process.status(), process.status())


# ------------------------------------------------------------ signs of life

BEAT = """
    import os, pathlib, sys, time
    from bridge.pulse import pulse_of
    beat = pulse_of(os.environ)
    pathlib.Path(sys.argv[1], str(os.getpid())).touch()
    while True:
        beat()
        time.sleep(0.05)
"""
"""A child that leaves its number, and gives signs of life."""

BEAT_AND_HANG = """
    import os, pathlib, sys, time
    from bridge.pulse import pulse_of
    pathlib.Path(sys.argv[1], str(os.getpid())).touch()
    pulse_of(os.environ)()
    time.sleep(60)
"""


@contextlib.contextmanager
def watched(
    code: str,
    folder: Path,
    *,
    stall: float | None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Supervise *code*, killing it after so long without a sign of life."""
    supervisor = Supervisor(
        [replace(program(code, folder), stall=stall)],
        monotonic=monotonic,
        sleep=time.sleep,
    )
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        yield
    finally:
        supervisor.stop()
        thread.join(20)


def test_frozen_child_is_killed_and_brought_back(tmp_path: Path) -> None:
    """
    A child that is stopped gives no sign of life: it is killed, and never
    wakes up.
    """
    with watched(BEAT, tmp_path, stall=0.6):
        wait_until(lambda: len(pids(tmp_path)) == 1)
        os.kill(pids(tmp_path)[0], signal.SIGSTOP)
        wait_until(lambda: len(pids(tmp_path)) == 2)
        first, second = pids(tmp_path)
        assert [False, True] == [is_alive(first), is_alive(second)]


def test_hanging_child_is_killed_and_brought_back(tmp_path: Path) -> None:
    """
    A child that hangs is killed as one that is stopped.
    """
    with watched(BEAT_AND_HANG, tmp_path, stall=0.6):
        wait_until(lambda: len(pids(tmp_path)) >= 2)
        assert not is_alive(pids(tmp_path)[0])


def test_child_that_gives_signs_of_life_lives(tmp_path: Path) -> None:
    """
    A child that gets on is left alone, however long it takes.
    """
    with watched(BEAT, tmp_path, stall=0.6):
        time.sleep(2.5)
        assert len(pids(tmp_path)) == 1


@pytest.mark.parametrize(
    ("code", "stall"), [(NOTE_AND_SLEEP, None), (NOTE_AND_SLEEP, 0.3)]
)
def test_child_is_not_killed_before_its_first_sign(
    tmp_path: Path, code: str, stall: float | None
) -> None:
    """
    A child that is not watched, or is still starting, is left alone.
    """
    with watched(code, tmp_path, stall=stall):
        time.sleep(1.5)
        assert len(pids(tmp_path)) == 1


def test_time_in_which_nobody_looked_does_not_count(tmp_path: Path) -> None:
    """
    When the supervisor itself was held up, its children were perhaps as
    well: they get their time anew.
    """
    held_up = [0.0]
    slow = BEAT.replace("0.05", "0.6")

    with watched(
        slow,
        tmp_path,
        stall=1.2,
        monotonic=lambda: time.monotonic() + held_up[0],
    ):
        wait_until(lambda: len(pids(tmp_path)) == 1)
        for _ in range(4):
            time.sleep(0.7)
            held_up[0] += 100
        assert len(pids(tmp_path)) == 1


def test_nothing_is_written_into_what_is_no_pipe(tmp_path: Path) -> None:
    """
    A number that names a file, or nothing, is not written to.
    """
    file = tmp_path / "file"
    with file.open("wb") as opened:
        for named in (str(opened.fileno()), "4711", "", "-1", "x"):
            pulse_of({PULSE: named})()

    assert file.read_bytes() == b""
