"""
Which of a store's secrets signed last, so that one can be changed in peace.

It is noted in memory, off the way of webhooks, and kept now and then. What
none of them signed is only counted: anybody can send that, and nobody shall
write to the journal by it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.journal.protocol import Journal
from bridge.journal.seeing import Signed
from bridge.model import MINUTE, Instant, Millis

KEEP_EVERY = Millis(MINUTE)
"""So often what is only newer is kept; another secret at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """Webhooks of a store that none of its secrets signed."""

    count: int
    last_at: Instant


class Signers:
    """What this process saw; safe to share between threads."""

    def __init__(self) -> None:
        self._strangers: dict[str, Strangers] = {}
        self._seen: dict[str, Signed] = {}
        self._kept: dict[str, Signed] = {}
        self._lock = threading.Lock()
        # Never held while the journal writes: webhooks pass here.
        self._counting = threading.Lock()

    def note(self, store: str, position: int, of: int, at: Instant) -> None:
        """Note that the secret at *position*, from 0, signed a webhook."""
        self._seen[store] = Signed(position=position, of=of, at=at)

    def note_stranger(self, store: str, at: Instant) -> None:
        """Note that none of the secrets of *store* signed a webhook."""
        with self._counting:
            before = self._strangers.get(store)
            self._strangers[store] = Strangers(
                count=before.count + 1 if before else 1, last_at=at
            )

    def strangers(self) -> Mapping[str, Strangers]:
        """Return what came of strangers since this process began."""
        with self._counting:
            return self._strangers.copy()

    def keep(self, journal: Journal) -> None:
        """Keep what is new."""
        with self._lock:
            news = {
                store: one
                for store, one in self._seen.copy().items()
                if _is_news(self._kept.get(store), one)
            }
            if news:
                journal.keep_signed(news)
                self._kept.update(news)


def _is_news(kept: Signed | None, seen: Signed) -> bool:
    if kept is None or (kept.position, kept.of) != (seen.position, seen.of):
        return True
    return seen.at - kept.at >= KEEP_EVERY
