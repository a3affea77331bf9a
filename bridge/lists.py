"""
The lists of targets, read once for all orders that look for something there.

A list that can not be filtered is walked from its newest page on. What was
seen is kept for the orders that follow, one walk is enough for all that look
at about the same time, and an hour has so many pages and no more.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from bridge.calls import Calls
from bridge.looking_up import pages
from bridge.model import JSON
from bridge.targets.contract import Operation

FRESH_S = 30.0
"""What was not there is not looked for again so soon."""
HOUR_S = 3_600.0
MOST_KEPT = 1_000
"""So many listed things are kept of one list, those that were seen last."""

Found = TypeVar("Found")
Turn = AbstractContextManager[object]


class Spent(Exception):
    """The hour's pages are used up; *seconds* until there is another."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__("no page left")


class _List:
    """What is known of one list; used by whoever holds *turn*, but read."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.walked_at = float("-inf")
        self.read_at: deque[float] = deque()
        self._kept: dict[str, JSON] = {}

    def keep(self, item: JSON) -> None:
        name = item.get("name") or item.get("id")
        key = name if isinstance(name, str) and name else repr(item)
        self._kept.pop(key, None)
        self._kept[key] = item
        if len(self._kept) > MOST_KEPT:
            self._kept.pop(next(iter(self._kept)), None)

    def newest_first(self) -> list[JSON]:
        return [*self._kept.copy().values()][::-1]


class Lists:
    """
    All lists of all targets; safe to share between threads.

    Args:
        now: monotonic seconds.
        turn: makes a lock that is held over a walk.
    """

    def __init__(
        self,
        now: Callable[[], float],
        turn: Callable[[], Turn] = threading.Lock,
    ) -> None:
        self._now = now
        self._turn = turn
        self._lists: dict[tuple[str, str], _List] = {}
        self._lock = threading.Lock()

    def find(
        self,
        calls: Calls,
        operation: Operation,
        take: Callable[[JSON], Found | None],
    ) -> Found | None:
        """
        Return what *take* makes of the first listed thing it takes.

        Raises:
            Unread: a page could not be read.
            TooLate: there was no time to look.
            Spent: there is no page left in this hour.
        """
        key = calls.target.name, operation.name
        with self._lock:
            known = self._lists.setdefault(key, _List(self._turn()))
        found = _first(known, take)
        if found is not None:
            return found
        with known.turn:
            found = _first(known, take)
            if found is None and self._is_due(known):
                found = self._walked(known, calls, operation, take)
        return found

    def _is_due(self, known: _List) -> bool:
        return self._now() - known.walked_at >= FRESH_S

    def _walked(
        self,
        known: _List,
        calls: Calls,
        operation: Operation,
        take: Callable[[JSON], Found | None],
    ) -> Found | None:
        """Read page after page until it is there."""

        def spend() -> None:
            self._spend(known, calls.target.pages_per_hour)

        for page in pages(calls, operation, {}, before=spend):
            found = None
            for item in reversed(page.items):
                if isinstance(item, dict):
                    known.keep(item)
                    found = take(item) or found
            if found is not None:
                return found
        known.walked_at = self._now()
        return None

    def _spend(self, known: _List, per_hour: int) -> None:
        now, read_at = self._now(), known.read_at
        while read_at and read_at[0] <= now - HOUR_S:
            read_at.popleft()
        if len(read_at) >= per_hour:
            oldest = read_at[0] if read_at else now
            raise Spent(oldest + HOUR_S - now)
        read_at.append(now)


def _first(known: _List, take: Callable[[JSON], Found | None]) -> Found | None:
    taken = (take(item) for item in known.newest_first())
    return next((found for found in taken if found is not None), None)
