"""
Keeps processes alive: starts them, brings back what dies, ends all at once.

Children are forked, not executed anew. The supervisor has imported what they
need, so that one is back within a tenth of a second instead of two, shares
its memory with the others, and runs the same version of the program whatever
lies on the disk by then; another version is taken by starting the supervisor
anew. What can not be imported, it does not start with. For this it has
neither threads nor an open database when it forks: see `bridge.serving`. A
lock that another thread held at that moment, SQLite's own among them, would
never be let go in the child, which would hang at its first statement.

A child runs in a process group of its own, so that Ctrl-C reaches only the
supervisor, which then ends its children in good order. On Linux a child is
told to end when its supervisor dies, however that happened.

A child that gives signs of life and then none for too long is frozen, or
hangs: it is killed and started anew, so that it never wakes up to write
what somebody else has taken over by then.
"""

import ctypes
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from bridge.observe import observe
from bridge.pulse import PULSE, Pulse

LOOK_EVERY_S = 0.25
"""How often children are looked after, when none is known to have died."""

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

FIRST_SIGN_S = 20.0
"""A child may take so long to begin, on a machine that is busy."""

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # linux/prctl.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """
    What one child runs.

    Args:
        main: called in the child, which ends when it returns.
        environ: its whole environment.
        keep_open: file descriptors that it inherits; what other programs
            of the supervisor inherit, it does not.
        output: file descriptor that it writes to; None for our own.
        ends_all: exit statuses after which nothing is brought back.
        stall: seconds without a sign of life after which it is killed; None
            for what gives none.
    """

    name: str
    main: Callable[[], object] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    keep_open: Sequence[int] = ()
    output: int | None = None
    ends_all: frozenset[int] = frozenset()
    stall: float | None = None


def executing(command: Sequence[str]) -> Callable[[], NoReturn]:
    """Return what a program does that is not this one, but a command."""

    def become() -> NoReturn:
        os.execve(command[0], [*command], os.environ)  # noqa: S606  our own

    return become


def restart_wait(deaths: int) -> float:
    """Return how long to wait after so many deaths in a row, at least 1."""
    if deaths <= 1:
        return 0.0
    return min(FIRST_WAIT_S * 2.0 ** min(deaths - 2, 10), LONGEST_WAIT_S)


class Supervisor:
    """
    Runs programs until it is stopped.

    Args:
        sleep: for so many seconds at most; see `Waker`.
        patience: seconds from a stop to the killing of what still runs.
        ending: called when all are to end, before they are told.
    """

    def __init__(
        self,
        programs: Iterable[Program],
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object],
        patience: float = PATIENCE_S,
        ending: Callable[[], object] = lambda: None,
    ) -> None:
        programs = list(programs)
        opened = {fd for program in programs for fd in program.keep_open}
        self._children = [_Child(program, opened) for program in programs]
        self._monotonic = monotonic
        self._sleep = sleep
        self._patience = patience
        self._ending = ending
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
        self._ending()
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

    def __init__(self, program: Program, opened: Collection[int]) -> None:
        self._program = program
        self._not_its_own = frozenset(opened) - frozenset(program.keep_open)
        self._process: Process | None = None
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
        return self._process is not None and self._process.status() is None

    def look_after(self, now: float) -> None:
        """Start it when it is its time; note when it died, or stalls."""
        if self.is_running():
            self._feel(now)
            return
        status = None if self._process is None else self._process.status()
        if status is not None:
            self._note_death(status, now)
        if now >= self._start_at and self.verdict is None:
            self._start(now)

    def _start(self, now: float) -> None:
        if self._program.stall is not None:
            self._pulse = Pulse()
        self._process = start(
            self._program, self._pulse, let_go=self._not_its_own
        )
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
            self._process.send(signal_number)

    def wait(self) -> None:
        if self._process is not None:
            self._process.wait()


# ---------------------------------------------------------------- processes


class Process:
    """A child of this process, until its end has been seen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def status(self) -> int | None:
        """
        Return its exit status once it has ended, None while it runs.

        Of one that was ended by a signal, that is minus its number.
        """
        return self._look(os.WNOHANG)

    def wait(self) -> None:
        """Wait for its end, however long it takes."""
        self._look(0)

    def send(self, signal_number: int) -> None:
        """Send it a signal; nobody else can have its number by now."""
        if self.status() is None:
            os.kill(self.pid, signal_number)

    def _look(self, options: int) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status


def start(
    program: Program,
    pulse: Pulse | None = None,
    *,
    let_go: Iterable[int] = (),
) -> Process:
    """
    Start *program*, which ends when this process does.

    Args:
        let_go: file descriptors that it is not to have.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a full disk; closed
            stream.flush()
    parent = os.getpid()
    # a signal for the child is not to meet our handlers in it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = os.fork()
    if pid == 0:
        _be(program, pulse, parent=parent, let_go=let_go)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if pulse is not None:
        pulse.pass_on()
    return Process(pid)


def _be(
    program: Program,
    pulse: Pulse | None,
    *,
    parent: int,
    let_go: Iterable[int],
) -> NoReturn:
    """Be the child: nothing of what stands above us on the stack goes on."""
    status = 1
    try:
        os.setpgid(0, 0)
        end_with(parent, signal.SIGTERM)
        _hear_signals_anew()
        _name_this_process(f"bridge-{program.name}")
        os.environ.clear()
        os.environ.update(program.environ)
        if pulse is not None:
            os.environ[PULSE] = str(pulse.inherited)
        _settle_files(program, pulse, let_go)
        program.main()
        status = 0
    except SystemExit as end:
        status = _status_of(end)
    except BaseException:  # noqa: BLE001  there is nobody above to see it
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(status)


def _status_of(end: SystemExit) -> int:
    if isinstance(end.code, int):
        return end.code
    return 0 if end.code is None else 1


def _settle_files(
    program: Program, pulse: Pulse | None, let_go: Iterable[int]
) -> None:
    for descriptor in let_go:
        os.close(descriptor)
    inherited = [] if pulse is None else [pulse.inherited]
    for descriptor in (*program.keep_open, *inherited):
        os.set_inheritable(descriptor, True)  # noqa: FBT003
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if program.output is not None:
        os.dup2(program.output, 1)
        os.dup2(program.output, 2)


def _hear_signals_anew() -> None:
    """Forget what the supervisor does on a signal: it is done there."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


# -------------------------------------------------------------------- Linux


def end_with(parent: int, signal_number: int) -> None:
    """
    Have this process sent a signal when *parent* dies.

    SIGTERM, so that a worker still ends its calls in good order; who is
    stopped does not hear it, but would SIGKILL.
    Source: prctl(2), PR_SET_PDEATHSIG; it is kept over exec, not over fork.
    """
    _prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _name_this_process(name: str) -> None:
    """
    Tell this process from the supervisor in `ps -e`, `top`, `pgrep`.

    Source: prctl(2), PR_SET_NAME; 15 letters.
    """
    _prctl(_PR_SET_NAME, name.encode())


def _prctl(option: int, value: int | bytes) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value)


class Waker:
    """
    Sleeps until the time is up, or a signal comes: of a child's end, or ours.

    To be made in the main thread, once.
    """

    def __init__(self) -> None:
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        select.select([self._read], [], [], seconds)
        with suppress(BlockingIOError):
            while os.read(self._read, 64):
                pass
