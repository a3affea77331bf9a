"""
When the worker packs, prunes and counts: in small steps, with rests between.

A step holds the journal for some milliseconds. While events wait for their
plan, or calls are under way, there is better to do; only what happened is
counted then, and from the second minute on a little is done all the same.
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

CHANGES = 2_000
"""So many events, and changes of deliveries, are counted at once."""

FOUND = 24
"""Of so many orders the words are kept at once by which they are found."""

PATIENCE = Millis(MINUTE)
"""A rush that lasts longer puts off no more what it has put off so long."""

BREATH = Millis(50)
"""Between two steps, so that whoever is in a hurry comes first."""

PAUSE = Millis(SECOND)
"""While there is better to do."""

GLANCE = Millis(2 * SECOND)
"""When nothing was left to count."""

LULL = Millis(10 * SECOND)
"""Nothing was left to pack or to prune: it is not looked for before."""

REST = Millis(MINUTE)
"""Nothing is old enough: it is not looked for again before."""


@dataclass(slots=True)
class Pruner:
    """
    Packs what was planned, prunes what was settled long ago, and counts.

    Args:
        retention: for so long what was settled is kept; None keeps all.
    """

    journal: Journal
    retention: Millis | None
    _rests_until: Instant = Instant(0)
    _lulls_until: Instant = Instant(0)
    _rush_since: Instant | None = None

    def step(self, now: Instant) -> Millis:
        """Do one small step; return how long to wait before the next."""
        is_counted = self.journal.tally(now, CHANGES) < CHANGES
        if is_counted and now < self._lulls_until:
            return BREATH if self.journal.index_orders(now, FOUND) else GLANCE
        packed = self.journal.pack(BODIES)
        if packed is None:
            self._do_overdue(now)
            return PAUSE
        self._rush_since = None
        if (
            packed
            or not is_counted
            or self.journal.index_orders(now, FOUND)
            or self._pruned(now)
        ):
            return BREATH
        self._lulls_until = Instant(now + LULL)
        return GLANCE

    def _do_overdue(self, now: Instant) -> None:
        """A rush may last for hours, and its orders are asked for."""
        if self._rush_since is None:
            self._rush_since = now
        if now - self._rush_since > PATIENCE:
            self.journal.pack(BODIES, patient=False)
        since = self.journal.unindexed_since(now)
        if since is not None and since < now - PATIENCE:
            self.journal.index_orders(now, FOUND)

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
