"""
When the worker packs and prunes: in small steps, and rests when all is done.

A step holds the journal for some milliseconds. While events wait for their
plan there is better to do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.journal.protocol import Journal
from bridge.model import MINUTE, SECOND, Instant, Millis

BODIES = 64
"""So many bodies are packed at once."""

ORDERS = 5
"""So many orders at once, which holds the journal for some milliseconds."""

PAGES = 16
"""So many pages of the file are given back at once."""

BREATH = Millis(50)
"""Between two steps, so that whoever is in a hurry comes first."""

PAUSE = Millis(SECOND)
"""While events wait for their plan."""

LULL = Millis(10 * SECOND)
"""When nothing was left to pack or to prune."""

REST = Millis(MINUTE)
"""Nothing is old enough: it is not looked for again before."""


@dataclass(slots=True)
class Pruner:
    """
    Packs what was planned, and prunes what was settled long ago.

    Args:
        retention: for so long what was settled is kept; None keeps all.
    """

    journal: Journal
    retention: Millis | None
    _rests_until: Instant = Instant(0)

    def step(self, now: Instant) -> Millis:
        """Do one small step; return how long to wait before the next."""
        packed = self.journal.pack(BODIES)
        if packed is None:
            return PAUSE
        if packed or self._pruned(now):
            return BREATH
        return LULL

    def _pruned(self, now: Instant) -> bool:
        """Prune a little, unless there was nothing a moment ago."""
        if now < self._rests_until:
            return False
        if self.retention is not None:
            before = Instant(now - self.retention)
            looked = self.journal.prune(now, before=before, limit=ORDERS)
            if looked is None:
                return False
            if looked:
                return True
        if self.journal.give_back(PAGES):
            return True
        self._rests_until = Instant(now + REST)
        return False


def no_pruning(_now: Instant) -> Millis:
    """Prune nothing."""
    return REST


Prune = Callable[[Instant], Millis]
"""Does a small step; returns how long to wait before the next."""
