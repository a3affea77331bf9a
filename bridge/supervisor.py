"""
Keeps processes alive: starts them, brings back what dies, ends all at once.

A child runs in a process group of its own, so that Ctrl-C reaches only the
supervisor, which then ends its children in good order. On Linux a child is
told to end when its supervisor dies, however that happened.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.observe import observe

LOOK_EVERY_S = 0.1
"""How often children are looked after."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0
"""Between a second death in a row and the next start; doubled each time."""

STEADY_S = 5.0
"""
A child that lived so long had started well, and is brought back at once;
one that is wrong in itself ends sooner.
"""

PATIENCE_S = 40.0
"""For children to end what they are at; a call takes 20 s by default."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """
    What one child runs.

    Args:
        environ: its whole environment.
        keep_open: file descriptors that it inherits.
        output: file descriptor that it writes to; None for our own.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)
    keep_open: Sequence[int] = ()
    output: int | None = None


def restart_wait(deaths: int) -> float:
    """Return how long to wait after so many deaths in a row, at least 1."""
    if deaths <= 1:
        return 0.0
    return min(FIRST_WAIT_S * 2.0 ** min(deaths - 2, 10), LONGEST_WAIT_S)


class Supervisor:
    """
    Runs programs until it is stopped.

    Args:
        patience: seconds from a stop to the killing of what still runs.
    """

    def __init__(
        self,
        programs: Iterable[Program],
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object],
        patience: float = PATIENCE_S,
    ) -> None:
        self._children = [_Child(program) for program in programs]
        self._monotonic = monotonic
        self._sleep = sleep
        self._patience = patience
        self._stopping = False

    def stop(self) -> None:
        """Make `run` end its children and return; safe in a signal."""
        self._stopping = True

    def run(self) -> int:
        """
        Keep the programs running until stopped; return an exit status.

        0 when every child ended by itself once it was asked to.
        """
        try:
            while not self._stopping:
                for child in self._children:
                    child.look_after(self._monotonic())
                self._sleep(LOOK_EVERY_S)
        finally:
            in_good_order = self._end()
        return 0 if in_good_order else 1

    def _end(self) -> bool:
        """End all children; return whether none had to be killed."""
        for child in self._children:
            child.send(signal.SIGTERM)
        deadline = self._monotonic() + self._patience
        while self._running() and self._monotonic() < deadline:
            self._sleep(LOOK_EVERY_S)
        late = self._running()
        for child in late:
            observe("process.killed", level="warning", process=child.name)
            child.send(signal.SIGKILL)
            child.wait()
        return not late

    def _running(self) -> "list[_Child]":
        return [child for child in self._children if child.is_running()]


class _Child:
    """One program and the process that runs it, if one does."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._started_at = 0.0
        self._start_at = 0.0

    @property
    def name(self) -> str:
        return self._program.name

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def look_after(self, now: float) -> None:
        """Start it when it is its time; note when it died."""
        if self.is_running():
            return
        if self._process is not None:
            self._note_death(self._process.returncode, now)
        if now >= self._start_at:
            self._process = start(self._program)
            self._started_at = now
            observe(
                "process.started", process=self.name, pid=self._process.pid
            )

    def _note_death(self, status: int, now: float) -> None:
        steady = now - self._started_at >= STEADY_S
        self._deaths = 1 if steady else self._deaths + 1
        wait = restart_wait(self._deaths)
        self._start_at = now + wait
        self._process = None
        observe(
            "process.died",
            level="error",
            process=self.name,
            status=status,
            back_in_s=wait,
        )

    def send(self, signal_number: int) -> None:
        if self._process is not None:
            self._process.send_signal(signal_number)

    def wait(self) -> None:
        if self._process is not None:
            self._process.wait()


def start(program: Program) -> "subprocess.Popen[bytes]":
    """Start *program*, which ends when this process does."""
    return subprocess.Popen(  # noqa: S603  our own commands
        program.command,
        env=program.environ,
        stdin=subprocess.DEVNULL,
        stdout=program.output,
        stderr=program.output,
        process_group=0,
        pass_fds=program.keep_open,
        preexec_fn=_dies_with_parent(),  # noqa: PLW1509  no threads here
    )


def _dies_with_parent() -> Callable[[], None] | None:
    """
    Return what a child does first: ask to be ended with its parent.

    SIGTERM, so that a worker still ends its calls in good order. Source:
    prctl(2), PR_SET_PDEATHSIG; it is kept over exec, not over fork.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask
