"""
Looks every few seconds whether there is something to tell.

It runs in a thread of the worker that does nothing else: one who is told
slowly holds nobody up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.alert_settings import AlertSettings
from bridge.alerts.causes import Found, changes, next_try, to_tell
from bridge.alerts.telling import Tell
from bridge.alerts.texts import notice
from bridge.errors import JournalError
from bridge.journal.protocol import Journal
from bridge.journal.seeing import Alert
from bridge.model import ATTENTION, MINUTE, SECOND, EventState, Instant, Millis
from bridge.observe import observe
from bridge.silence import SHORTEST, Silence, same_hours, silence_of
from bridge.targets.account import Target
from bridge.targets.contract import jwt_expiry

EVERY = Millis(10 * SECOND)

SILENCE_EVERY = Millis(5 * MINUTE)
"""So often it is asked whether a silence is unusual: it reads hours."""

LEASE = Millis(MINUTE)
"""So long one worker has to tell; then another may."""

_OVER = {"succeeded", "cancelled", "superseded", "unchanged"}


@dataclass(slots=True)
class Watch:
    """
    Keeps what is on, and tells it once.

    Args:
        stores, targets: those that are configured.
        tell: reaches somebody, or says why not.
    """

    journal: Journal
    settings: AlertSettings
    stores: Callable[[], Mapping[str, object]]
    targets: Callable[[], Mapping[str, Target]]
    tell: Tell
    _silent: Mapping[str, Silence] = field(default_factory=dict)
    _silence_at: Instant = Instant(0)

    def step(self, now: Instant) -> Millis:
        """Look once, and tell what is to be told; return how long to rest."""
        journal = self.journal
        news = changes(self._found(now), journal.alerts(), self.settings, now)
        journal.keep_alerts(news.begun, news.ended, now)
        if self.settings.tells:
            for one in to_tell(journal.alerts(), now):
                self._tell(one, now)
        return EVERY

    def _tell(self, one: Alert, now: Instant) -> None:
        until = Instant(now + LEASE)
        if not self.journal.claim_alert(one, until=until, now=now):
            return
        problem = self.tell(notice(one, self.settings, now))
        observe(
            "alert.told" if problem is None else "alert.not_told",
            level="info" if problem is None else "warning",
            cause=one.cause,
            is_over=one.over_at is not None,
        )
        self.journal.keep_told(
            one,
            problem=problem,
            again_at=next_try(one.tries + 1, now),
            now=now,
        )

    def _found(self, now: Instant) -> Found:
        counts = self.journal.counts(None)
        waiting: dict[str, int] = {}
        for (target, state), count in counts.deliveries.items():
            if state not in _OVER | ATTENTION:
                waiting[target] = waiting.get(target, 0) + count
        configured = self.targets()
        return Found(
            attention=self.journal.attention_groups(),
            paused={
                row.name: row.paused_at or now
                for row in self.journal.targets()
                if row.paused and row.name in configured
            },
            waiting=waiting,
            unplanned=counts.events.get(EventState.STORED, 0),
            silent=self._silences(now),
            free=self._free(),
            token_ends=token_ends(configured),
        )

    def _free(self) -> int | None:
        try:
            room = self.journal.room()
        except JournalError:
            return None
        return None if room is None else room.free

    def _silences(self, now: Instant) -> Mapping[str, Silence]:
        heard = self.journal.last_heard()
        still = {
            store: one
            for store, one in self._silent.items()
            if heard.get(store) == one.since
        }
        if now < self._silence_at:
            return still
        self._silence_at = Instant(now + SILENCE_EVERY)
        self._silent = {
            store: silence
            for store in self.stores()
            if store in heard
            and (silence := silence_at(self.journal, store, heard[store], now))
        }
        return self._silent


def silence_at(
    journal: Journal, store: str, heard: Instant, now: Instant
) -> Silence | None:
    """Return whether *store* is unusually silent, by the weeks before."""
    if now - heard < SHORTEST:
        return None
    counts = [
        journal.accepted(store, since, until)
        for since, until in same_hours(heard, now)
    ]
    return silence_of(heard, counts, now)


def token_ends(targets: Mapping[str, Target]) -> Mapping[str, Instant]:
    """Return when the tokens end that say so themselves, by target."""
    found: dict[str, Instant] = {}
    for name, target in targets.items():
        ends = [jwt_expiry(text) for text in target.credentials.values()]
        known = [Instant(one * SECOND) for one in ends if one is not None]
        if known:
            found[name] = min(known)
    return found
