"""
When the worker prunes: a small step a second, and rests when all is done.

A step holds the journal for some milliseconds. While events wait for their
plan there is better to do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.journal.protocol import Journal
from bridge.model import MINUTE, SECOND, Instant, Millis

ORDERS = 5
"""So many orders at once, which holds the journal for some milliseconds."""

PAGES = 16
"""So many pages of the file are given back at once."""

TIMES = 4
"""So often at most in one step."""

PAUSE = Millis(10 * SECOND)
REST = Millis(MINUTE)


@dataclass(slots=True)
class Pruner:
    """
    Prunes what was settled for longer than *retention*.

    Args:
        retention: None keeps all.
    """

    journal: Journal
    retention: Millis | None
    _next: Instant = Instant(0)

    def step(self, now: Instant) -> None:
        """Do one small step, if it is time for one."""
        for _ in range(TIMES):
            if now < self._next:
                return
            self._next = Instant(now + self._done(now))

    def _done(self, now: Instant) -> Millis:
        """Do a step; return how long to wait for the next one."""
        if self.retention is not None:
            looked = self.journal.prune(
                now, before=Instant(now - self.retention), limit=ORDERS
            )
            if looked is None:
                return PAUSE
            if looked:
                return Millis(0)
        return Millis(0) if self.journal.give_back(PAGES) else REST


def no_pruning(_now: Instant) -> None:
    """Prune nothing."""


Prune = Callable[[Instant], None]
