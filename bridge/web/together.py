"""
Taking together: whoever waits while the last append runs shares the next.

An append costs a flush of the disk, however many events it keeps. One thread
appends, and only while somebody waits; requests wait for it, and meanwhile
their server takes the next ones. There is no timer: an event that comes
alone is appended at once.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from typing_extensions import override

from bridge.errors import JournalUnavailable
from bridge.journal.protocol import Appended, Journal
from bridge.model import NewEvent

LARGEST = 64
"""So many events share an append at most."""

SLOW_S, ROW_S = 0.002, 0.000_1
"""
An append that took longer than this, and so much more for each event, waited
for its disk. Then the next one is to begin at once, with whoever is there:
while the disk turns, more are read. On a fast disk it is the reading that
takes the time: one append for all that have come is less work than two.
"""

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Signal(Protocol):
    """What one request waits for."""

    def wait(self) -> object:
        """Return once it was set."""
        ...

    def set(self) -> None:
        """Let the request go on; called by what `Waits.soon` was given."""
        ...


class Waits(Protocol):
    """How requests of a server wait for the work of another thread."""

    def signal(self) -> Signal:
        """Return a signal for the request that asks."""
        ...

    def soon(self, work: Callable[[], object]) -> None:
        """
        Do *work* once the requests were read that came at this moment.

        Called in whatever thread; *work* must not block.
        """
        ...

    def start(self, work: Callable[[], object]) -> None:
        """Do *work*, which may block, while requests go on; one at a time."""
        ...

    def apart(self, app: WSGI) -> WSGI:
        """Return *app*, called so that it never holds up other requests."""
        ...


class Threads(Waits):
    """For a server that gives each request a thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "append")

    @override
    def signal(self) -> Signal:
        return threading.Event()

    @override
    def soon(self, work: Callable[[], object]) -> None:
        work()

    @override
    def start(self, work: Callable[[], object]) -> None:
        self._thread.submit(work)

    @override
    def apart(self, app: WSGI) -> WSGI:
        return app


class _Asked:
    """An event that waits to be kept."""

    __slots__ = ("answer", "event", "signal")

    def __init__(self, event: NewEvent, signal: Signal) -> None:
        self.event = event
        self.signal = signal
        self.answer: Appended | Exception | None = None


class Together:
    """
    Appends events, those that wait together in one transaction.

    Args:
        largest: so many at once.
        monotonic: seconds, to see how long an append takes.
    """

    def __init__(
        self,
        journal: Journal,
        waits: Waits,
        *,
        largest: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._waits = waits
        self._largest = largest
        self._monotonic = monotonic
        self._is_slow = False
        self._lock = threading.Lock()
        self._asked: list[_Asked] = []
        self._runs = False

    @property
    def waiting(self) -> int:
        """So many events wait for the next append."""
        return len(self._asked)

    def append(self, event: NewEvent) -> Appended:
        """
        Keep one event; return when it is durable.

        Raises:
            JournalUnavailable: it could not be made durable.
        """
        asked = _Asked(event, self._waits.signal())
        with self._lock:
            self._asked.append(asked)
            begins, self._runs = not self._runs, True
        if begins and self._is_slow:
            self._begin()
        elif begins:
            self._waits.soon(self._begin)
        asked.signal.wait()
        if isinstance(asked.answer, Appended):
            return asked.answer
        raise asked.answer or JournalUnavailable("nobody appended it")

    def _begin(self) -> None:
        self._waits.start(partial(self._keep, self._taken()))

    def _keep(self, batch: Sequence[_Asked]) -> None:
        while batch:
            began = self._monotonic()
            answers = self._appended([asked.event for asked in batch])
            took = self._monotonic() - began
            self._is_slow = took > SLOW_S + len(batch) * ROW_S
            for asked, answer in zip(batch, answers, strict=True):
                asked.answer = answer
            kept, batch = batch, self._taken() if self._is_slow else ()
            self._waits.soon(partial(self._kept, kept, goes_on=bool(batch)))

    def _taken(self) -> Sequence[_Asked]:
        with self._lock:
            batch = self._asked[: self._largest]
            del self._asked[: self._largest]
        return batch

    def _kept(self, batch: Sequence[_Asked], *, goes_on: bool) -> None:
        """Let all go on, and append what has come, if nobody does."""
        for asked in batch:
            asked.signal.set()
        if goes_on:
            return
        with self._lock:
            self._runs = bool(self._asked)
        if self._runs:
            self._waits.soon(self._begin)

    def _appended(
        self, events: Sequence[NewEvent]
    ) -> Sequence[Appended | Exception]:
        """Append events; one that can not be kept fails alone."""
        try:
            return self._journal.append(events)
        except JournalUnavailable as error:
            return [error] * len(events)
        except Exception as error:  # noqa: BLE001  told to whoever waits
            if len(events) == 1:
                return [error]
            return [self._appended([event])[0] for event in events]
