"""
Threads that take turns: exactly one runs at any moment.

A *strand* is a thread of one simulated process. It runs until it pauses,
which it does wherever the real one could be overtaken, and the scheduler
says who goes on. A process that crashes is doomed: each of its strands gets
a `Crash` where it stands, and none of its effects happens any more.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from typing_extensions import override

from bridge.web.together import WSGI, Signal, Waits

T = TypeVar("T")

NEVER = 2**62
"""Milliseconds: a time that does not come."""

STUCK_S = 60.0
"""Real seconds after which a strand that does not pause is a fault of ours:
it waits for a lock that another strand holds."""


class Crash(BaseException):
    """The process of this strand is gone."""


class Clock:
    """
    The one clock: true time in milliseconds, and a wall that may be wrong.

    Args:
        ms: true time since the simulation began.
        error: what the wall clock of the bridge's host shows too much.
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.ms = 0
        self.error = 0

    def wall(self) -> int:
        """Return what the bridge's host takes for the time."""
        return self.epoch + self.ms + self.error

    def true(self) -> int:
        """Return the time as the targets and the shops have it."""
        return self.epoch + self.ms

    def seconds(self) -> float:
        """Return the monotonic clock, in seconds."""
        return 1_000.0 + self.ms / 1_000


class Process:
    """
    One simulated process.

    Args:
        frozen_until: it gets no time before then.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.frozen_until = 0

    @override
    def __repr__(self) -> str:
        return self.name


class Strand:
    """
    One thread of a process.

    Args:
        wake_at: when it goes on at the latest.
        woken: lets it go on earlier, if it returns true.
        not_before: not even then.
        due: gives when there is something for it to do, as others left it.
    """

    def __init__(self, number: int, process: Process, name: str) -> None:
        self.number = number
        self.process = process
        self.name = name
        self.wake_at = 0
        self.woken: Callable[[], bool] | None = None
        self.not_before = 0
        self.due: Callable[[], int] | None = None
        self.over = False
        self.go = threading.Lock()
        self.go.acquire()

    def next_ready(self, now: int) -> int:
        """Return when it goes on by itself, as far as is known now."""
        wake = self.wake_at
        if wake > now:
            wake = min(wake, max(self.not_before, self._woken_at()))
        return max(wake, self.process.frozen_until)

    def _woken_at(self) -> int:
        if self.due is not None:
            return self.due()
        return 0 if self.woken is not None and self.woken() else NEVER


class Strands:
    """All strands, and the baton."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._home = threading.Lock()
        self._home.acquire()
        self._carriers: list[_Carrier] = []
        self._count = 0
        self.alive: list[Strand] = []
        self.current: Strand | None = None
        self.failure: BaseException | None = None

    # -- from the scheduler

    def start(
        self,
        process: Process,
        name: str,
        work: Callable[[], object],
    ) -> Strand:
        """Let *work* run in a strand of its own, when its turn comes."""
        self._count += 1
        strand = Strand(self._count, process, name)
        carrier = self._carriers.pop() if self._carriers else _Carrier()
        carrier.begin(lambda: self._carry(strand, work, carrier))
        self.alive.append(strand)
        return strand

    def resume(self, strand: Strand) -> None:
        """Let *strand* run until it pauses or ends."""
        self.current = strand
        strand.go.release()
        if not self._home.acquire(timeout=STUCK_S):
            message = f"{strand.process}/{strand.name} does not pause"
            raise RuntimeError(message)
        self.current = None
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    def unwind(self, process: Process) -> None:
        """Let every strand of a dead *process* come to its end."""
        while doomed := [s for s in self.alive if s.process is process]:
            self.resume(doomed[0])

    def ready(self) -> tuple[list[Strand], int]:
        """
        Return those that could go on now, oldest first.

        And when the next of the others does.
        """
        now, coming = self._clock.ms, NEVER
        found = []
        for strand in self.alive:
            wakes = strand.next_ready(now)
            if wakes <= now:
                found.append(strand)
            elif wakes < coming:
                coming = wakes
        return found, coming

    def close(self) -> None:
        """End all threads; the strands must have ended."""
        for carrier in self._carriers:
            carrier.end()
        self._carriers.clear()

    # -- from a strand

    def pause(
        self,
        until: int = 0,
        woken: Callable[[], bool] | None = None,
        least: int = 0,
        due: Callable[[], int] | None = None,
    ) -> None:
        """
        Hand the baton back; go on at *until*, or once *woken*.

        Outside of any strand this does nothing.

        Args:
            least: milliseconds before it is woken.
            due: in place of *woken*, gives when it is.

        Raises:
            Crash: the process is gone.
        """
        strand = self.current
        if strand is None:
            return
        if not strand.process.dead:
            strand.wake_at, strand.woken = until, woken
            strand.not_before = self._clock.ms + least
            strand.due = due
            self._home.release()
            strand.go.acquire()
        if strand.process.dead:
            raise Crash

    def _carry(
        self, strand: Strand, work: Callable[[], object], carrier: "_Carrier"
    ) -> None:
        strand.go.acquire()
        try:
            if not strand.process.dead:
                work()
        except Crash:
            pass
        except BaseException as error:  # noqa: BLE001  told to the scheduler
            self.failure = error
        strand.over = True
        self.alive.remove(strand)
        self._carriers.append(carrier)
        self._home.release()


class _Carrier:
    """A real thread, kept for the next strand."""

    def __init__(self) -> None:
        self._work: Callable[[], None] | None = None
        self._go = threading.Lock()
        self._go.acquire()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def begin(self, work: Callable[[], None]) -> None:
        self._work = work
        self._go.release()

    def end(self) -> None:
        self._work = None
        self._go.release()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._go.acquire()
            work, self._work = self._work, None
            if work is None:
                return
            work()


class Threads(Executor):
    """What a simulated worker makes its calls in."""

    def __init__(self, strands: Strands, process: Process) -> None:
        self._strands = strands
        self._process = process

    @override
    def submit(
        self, fn: Callable[..., T], /, *args: Any, **kwargs: Any
    ) -> "Future[T]":
        future: Future[T] = Future()

        def work() -> None:
            try:
                result = fn(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  the future tells it
                future.set_exception(error)
            else:
                future.set_result(result)

        self._strands.start(self._process, "call", work)
        return future

    @override
    def shutdown(
        self, wait: bool = True, *, cancel_futures: bool = False
    ) -> None:
        """Nothing is to be ended: the process is."""


class AtTheDoor(Waits):
    """How requests of a simulated web process wait."""

    def __init__(self, strands: Strands, process: Process) -> None:
        self._strands = strands
        self._process = process

    @override
    def signal(self) -> Signal:
        return _Signal(self._strands)

    @override
    def soon(self, work: Callable[[], object]) -> None:
        work()

    @override
    def start(self, work: Callable[[], object]) -> None:
        self._strands.start(self._process, "append", work)

    @override
    def apart(self, app: WSGI) -> WSGI:
        return app


class _Signal(Signal):
    """What a strand waits for."""

    def __init__(self, strands: Strands) -> None:
        self._strands = strands
        self._is_set = False

    @override
    def wait(self) -> None:
        while not self._is_set:
            self._strands.pause(NEVER, lambda: self._is_set)

    @override
    def set(self) -> None:
        self._is_set = True


class Turn:
    """A lock that may be held over a pause, and by its holder twice."""

    def __init__(self, strands: Strands) -> None:
        self._strands = strands
        self._holder: Strand | None = None
        self._depth = 0

    def __enter__(self) -> None:
        me = self._strands.current
        while self._depth and self._holder is not me:
            self._strands.pause(NEVER, lambda: not self._depth)
        self._holder, self._depth = me, self._depth + 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
