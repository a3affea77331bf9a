"""
Keeps processes alive: starts them, brings back what dies, ends all at once.

A child runs in a process group of its own, so that Ctrl-C reaches only the
supervisor, which then ends its children in good order. On Linux a child is
told to end when its supervisor dies, however that happened.

A child that gives signs of life and then none for too long is frozen, or
hangs: it is killed and started anew, so that it never wakes up to write
what somebody else has taken over by then.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.observe import observe
from bridge.pulse import PULSE, Pulse

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

STALL_S = 10.0
"""
Without a sign of life for so long a worker is killed. Twice what it waits
for the journal at most, and half of the shortest lease: others may be
waiting for a lock that it holds.
"""

STALE_LOOK_S = 1.0
"""Looks that are further apart: the supervisor itself was held up."""

FIRST_SIGN_S = 60.0
"""A child may take so long to start on a machine that is busy."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """
    What one child runs.

    Args:
        environ: its whole environment.
        keep_open: file descriptors that it inherits.
        output: file descriptor that it writes to; None for our own.
        ends_all: exit statuses after which nothing is brought back.
        stall: seconds without a sign of life after which it is killed; None
            for what gives none.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)
    keep_open: Sequence[int] = ()
    output: int | None = None
    ends_all: frozenset[int] = frozenset()
    stall: float | None = None


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

        0 when every child ended by itself once it was asked to; a status
        of a child's `ends_all` when that was the cause.
        """
        verdict: int | None = None
        try:
            while not self._stopping and verdict is None:
                for child in self._children:
                    child.look_after(self._monotonic())
                    verdict = child.verdict or verdict
                self._sleep(LOOK_EVERY_S)
        finally:
            in_good_order = self._end()
        return verdict or (0 if in_good_order else 1)

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
        self.verdict: int | None = None
        self._pulse: Pulse | None = None
        self._looked_at = 0.0
        self._dead_line = 0.0

    @property
    def name(self) -> str:
        return self._program.name

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def look_after(self, now: float) -> None:
        """Start it when it is its time; note when it died, or stalls."""
        if self.is_running():
            self._feel(now)
            return
        if self._process is not None:
            self._note_death(self._process.returncode, now)
        if now >= self._start_at and self.verdict is None:
            self._start(now)

    def _start(self, now: float) -> None:
        if self._program.stall is not None:
            self._pulse = Pulse()
        self._process = start(self._program, self._pulse)
        self._started_at = self._looked_at = now
        self._dead_line = now + FIRST_SIGN_S
        observe("process.started", process=self.name, pid=self._process.pid)

    def _feel(self, now: float) -> None:
        """Kill it when it stalls. While nobody looked, no time passed."""
        away = now - self._looked_at
        self._looked_at = now
        if away > STALE_LOOK_S:
            self._dead_line += away
        if self._pulse is None or self._program.stall is None:
            return
        if self._pulse.felt():
            self._dead_line = now + self._program.stall
        elif now >= self._dead_line:
            observe("process.stalled", level="error", process=self.name)
            self.send(signal.SIGKILL)

    def _note_death(self, status: int, now: float) -> None:
        if status in self._program.ends_all:
            self.verdict = status
        steady = now - self._started_at >= STEADY_S
        self._deaths = 1 if steady else self._deaths + 1
        wait = restart_wait(self._deaths)
        self._start_at = now + wait
        self._process = None
        if self._pulse is not None:
            self._pulse.close()
            self._pulse = None
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


def start(
    program: Program, pulse: Pulse | None = None
) -> "subprocess.Popen[bytes]":
    """Start *program*, which ends when this process does."""
    watched = {} if pulse is None else {PULSE: str(pulse.inherited)}
    process = subprocess.Popen(  # noqa: S603  our own commands
        program.command,
        env={**program.environ, **watched},
        stdin=subprocess.DEVNULL,
        stdout=program.output,
        stderr=program.output,
        process_group=0,
        pass_fds=[*program.keep_open, *map(int, watched.values())],
        preexec_fn=_dies_with_parent(),  # noqa: PLW1509  no threads here
    )
    if pulse is not None:
        pulse.pass_on()
    return process


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
