"""Whoever waits while the last append runs shares the next."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import pytest
from typing_extensions import override

from bridge.errors import JournalUnavailable
from bridge.journal.protocol import Appended, Journal
from bridge.model import EventId, NewEvent
from bridge.web.together import WSGI, Signal, Threads, Together, Waits
from tests.factories import new_event

WAIT_S = 20


class Slow:
    """
    A journal whose first append takes until it is let go.

    Args:
        bad: the key of an event that it can not keep.
        away: whether it can keep nothing.
    """

    def __init__(self, *, bad: str = "", away: bool = False) -> None:
        self._bad = bad
        self._away = away
        self.appends: list[list[str]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def append(self, events: Sequence[NewEvent]) -> Sequence[Appended]:
        keys = [event.dedupe_key for event in events]
        self.appends.append(keys)
        if len(self.appends) == 1:
            self.begun.set()
            self.go_on.wait(WAIT_S)
            return [Appended(id=EventId(0), repeated=False)]
        if self._away:
            raise JournalUnavailable("full")
        if self._bad in keys:
            raise ValueError(self._bad)
        return [Appended(id=EventId(int(key)), repeated=False) for key in keys]


def brought(
    journal: Slow, keys: Sequence[str], *, largest: int = 64
) -> dict[str, Future[Appended]]:
    """Bring these at once while another one is being kept."""
    together = Together(
        cast(Journal, journal), Threads(), largest=largest, monotonic=lambda: 0
    )
    with ThreadPoolExecutor(1 + len(keys)) as threads:
        threads.submit(together.append, new_event("first"))
        journal.begun.wait(WAIT_S)
        futures = {
            key: threads.submit(together.append, new_event(key))
            for key in keys
        }
        while together.waiting < len(keys):
            pass
        journal.go_on.set()
    return futures


def test_those_that_wait_share_an_append() -> None:
    """
    One that comes alone is appended at once; who comes meanwhile, together.
    """
    journal = Slow()
    keys = [str(number) for number in range(1, 11)]
    kept = brought(journal, keys)
    first, second = journal.appends
    assert (["first"], keys) == (first, sorted(second, key=int))
    assert keys == [str(future.result().id) for future in kept.values()]


def test_appends_have_a_size() -> None:
    """
    So many share an append at most, in the order in which they came.
    """
    journal = Slow()
    brought(journal, ["1", "2", "3", "4", "5"], largest=2)
    assert [1, 2, 2, 1] == [len(keys) for keys in journal.appends]


def test_one_that_can_not_be_kept_fails_alone() -> None:
    """
    The others of its append are kept.
    """
    kept = brought(Slow(bad="2"), ["1", "2", "3"])
    with pytest.raises(ValueError, match="2"):
        kept["2"].result()
    assert [1, 3] == [kept[key].result().id for key in ("1", "3")]


def test_journal_away_fails_all() -> None:
    """
    When nothing can be kept it is not tried again for each.
    """
    journal = Slow(away=True)
    kept = brought(journal, ["1", "2", "3"])
    for future in kept.values():
        with pytest.raises(JournalUnavailable):
            future.result()
    assert 2 == len(journal.appends)


# ------------------------------------------------------- by how the disk is


class ByHand(Waits):
    """Does nothing by itself: a test does what is to be done soon."""

    def __init__(self) -> None:
        self.works: list[Callable[[], object]] = []

    @override
    def signal(self) -> Signal:
        return threading.Event()

    @override
    def soon(self, work: Callable[[], object]) -> None:
        self.works.append(work)

    @override
    def start(self, work: Callable[[], object]) -> None:
        work()

    @override
    def apart(self, app: WSGI) -> WSGI:
        return app

    def go_on(self) -> None:
        """Do what was to be done soon."""
        works, self.works = self.works, []
        for work in works:
            work()


class Disk:
    """A journal on a disk that takes so many seconds for each append."""

    def __init__(self, takes: float) -> None:
        self._takes = takes
        self.seconds = 0.0
        self.appends: list[list[str]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def append(self, events: Sequence[NewEvent]) -> Sequence[Appended]:
        self.appends.append([event.dedupe_key for event in events])
        self.seconds += self._takes
        self.meanwhile()
        return [Appended(id=EventId(1), repeated=False) for _ in events]


def appends_by(takes: float) -> tuple[list[list[str]], list[list[str]]]:
    """
    Bring one event, and two while it is kept.

    Returns the appends before anybody was let go, and after all were.
    """
    disk, waits = Disk(takes), ByHand()
    together = Together(
        cast(Journal, disk), waits, largest=64, monotonic=lambda: disk.seconds
    )
    with ThreadPoolExecutor(3) as threads:

        def bring(*keys: str) -> None:
            disk.meanwhile = lambda: None
            for number, key in enumerate(keys, 1):
                threads.submit(together.append, new_event(key))
                while together.waiting < number:
                    pass

        bring("1")
        disk.meanwhile = lambda: bring("2", "3")
        while not waits.works:
            pass
        waits.go_on()
        before = [*disk.appends]
        while waits.works:
            waits.go_on()
    return before, disk.appends


def test_slow_disk_does_not_stand_still() -> None:
    """
    Where an append takes long, who came meanwhile is appended at once, and
    not when those that were kept have been answered.
    """
    before, after = appends_by(0.004)

    assert before == after == [["1"], ["2", "3"]]


def test_fast_disk_waits_for_those_that_come_back() -> None:
    """
    Where it does not, those that were kept are let go first, and whoever has
    come by then shares the next one.
    """
    before, after = appends_by(0.000_5)

    assert before == [["1"]]
    assert after == [["1"], ["2", "3"]]
