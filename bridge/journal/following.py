"""
The verbs that count afterwards what happened.

Events and lines of the history come one behind the other; what was counted
is known by the last of them. It is read outside, added up, and kept in one
short transaction, unless another worker was faster.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from typing_extensions import override

from bridge.journal import rows
from bridge.journal.narrowing import BLOCK, OVER
from bridge.journal.rows import Row
from bridge.journal.seeing import Minute, Signed, Stretch
from bridge.journal.session import Session, Verbs
from bridge.minutes import NO_WAITS, minute_of, step_of, together
from bridge.model import (
    ATTENTION,
    DAY,
    MINUTE,
    SECOND,
    DeliveryState,
    EventState,
    Instant,
    Millis,
)
from bridge.sources.corrections import TOPIC as CORRECTED

KEPT = Millis(35 * DAY)
"""So long minutes are kept."""

PATIENCE = 10 * SECOND
"""So long it is waited for what planning makes of an event."""

S = DeliveryState
_WAITING = frozenset(DeliveryState) - OVER - ATTENTION
_JUDGED = tuple(state for state in EventState if state != EventState.STORED)

Name = Literal["events", "history", "orders", "gauges"]
Mark = tuple[int, str, str, str, str]
"""Block, store, topic or target, state, reason."""


def followed(session: Session, name: Name) -> tuple[int, int]:
    """Return how far *name* was followed."""
    (row,) = session.rows("followed", name=name)
    return row["at"], row["n"]


def follow(
    session: Session, name: Name, seen: tuple[int, int], now: tuple[int, int]
) -> bool:
    """Keep how far *name* is followed now; False if another was faster."""
    changed = session.run(
        "follow",
        name=name,
        at=now[0],
        n=now[1],
        seen_at=seen[0],
        seen_n=seen[1],
    )
    return changed > 0


class Following(Verbs):
    """Counts what happened, and tells it by minutes."""

    @override
    def tally(self, now: Instant, limit: int) -> int:
        self._count_open(now)
        return self._follow_events(now, limit) + self._follow_history(
            now, limit
        )

    @override
    def minutes(self, since: Instant, until: Instant) -> Sequence[Minute]:
        with self.reading() as session:
            found = session.rows(
                "minutes_between", since=minute_of(since), until=until
            )
        return [_minute(row) for row in found]

    @override
    def stretches(
        self, since: Instant, until: Instant, *, span: Millis
    ) -> Sequence[Stretch]:
        times = {"since": minute_of(since), "until": until, "span": span}
        with self.reading() as session:
            found = session.rows("stretches_between", **times)
            waiting = {
                row["begun"]: row["waiting"]
                for row in session.rows("waiting_between", **times)
            }
        return [_stretch(row, waiting.get(row["begun"])) for row in found]

    @override
    def accepted(self, store: str, since: Instant, until: Instant) -> int:
        with self.reading() as session:
            (row,) = session.rows(
                "accepted_between",
                store=store,
                since=minute_of(since),
                until=until,
            )
        return int(row["n"])

    @override
    def last_heard(self) -> Mapping[str, Instant]:
        with self.reading() as session:
            return {row["store"]: row["at"] for row in session.rows("heard")}

    @override
    def last_signed(self) -> Mapping[str, Signed]:
        with self.reading() as session:
            return {
                row.pop("store"): Signed(**row)
                for row in session.rows("signed")
            }

    @override
    def keep_signed(self, signed: Mapping[str, Signed]) -> None:
        with self.writing() as session:
            for store, one in signed.items():
                session.run("keep_signed", store=store, **asdict(one))

    def _follow_events(self, now: Instant, limit: int) -> int:
        with self.reading() as session:
            seen = followed(session, "events")
            found = session.rows(
                "events_to_follow", after=seen[1], limit=limit
            )
        sums = _Sums(since=Instant(now - KEPT))
        last = seen[1]
        for row in found:
            waits = row["state"] == EventState.STORED
            if waits and row["received_at"] > now - PATIENCE:
                break
            sums.take_event(row)
            last = row["id"]
        if last == seen[1]:
            return 0
        with self.writing() as session:
            if follow(session, "events", seen, (0, last)):
                sums.keep(session, "events")
        return last - seen[1]

    def _follow_history(self, now: Instant, limit: int) -> int:
        with self.reading() as session:
            seen = followed(session, "history")
            (end,) = session.rows("history_end")
            until = min(seen[1] + limit, end["id"] or 0)
            if until <= seen[1]:
                return 0
            found = session.rows(
                "history_to_follow", after=seen[1], until=until
            )
        sums = _Sums(since=Instant(now - KEPT))
        for row in found:
            sums.take_line(row)
        with self.writing() as session:
            newest = max(seen[0], *(row["delivery_id"] for row in found), 0)
            if follow(session, "history", seen, (newest, until)):
                sums.keep(session, "deliveries")
        return until - seen[1]

    def _count_open(self, now: Instant) -> None:
        """Keep how many are open, once a minute, and forget what is old."""
        minute = minute_of(now)
        with self.reading() as session:
            seen = followed(session, "gauges")
            if seen[0] == minute:
                return
            found = session.rows("open_by_target")
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for row in found:
            is_waiting = row["state"] in _WAITING
            kind = "waiting" if is_waiting else "attention"
            counts[row["target"]][kind] += row["n"]
        with self.writing() as session:
            if not follow(session, "gauges", seen, (minute, 0)):
                return
            for target, by_kind in counts.items():
                session.run(
                    "gauge",
                    at=minute - MINUTE,
                    target=target,
                    waiting=by_kind["waiting"],
                    attention=by_kind["attention"],
                )
            session.run("forget_minutes", before=now - KEPT)


@dataclass(slots=True)
class _Sums:
    """What a step has counted, until it is kept."""

    since: Instant
    counts: dict[tuple[int, str, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    waits: dict[tuple[int, str, str], Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    heard: dict[str, int] = field(default_factory=dict)
    marks: set[Mark] = field(default_factory=set)
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)

    def take_event(self, row: Row) -> None:
        """Count an event; of one that is still to be judged anything."""
        store, at = row["store"], row["received_at"]
        block = row["id"] // BLOCK
        waits = row["state"] == EventState.STORED
        for state in _JUDGED if waits else (row["state"],):
            self.marks.add((block, store, row["topic"], state, ""))
        self._widen(block, at)
        if row["topic"] != CORRECTED:
            self.heard[store] = max(at, self.heard.get(store, 0))
            self._count(at, store, "", "accepted")

    def take_line(self, row: Row) -> None:
        """Count a line of the history."""
        block = row["delivery_id"] // BLOCK
        store, target, state = row["store"], row["target"], row["state"]
        self._widen(block, row["created_at"])
        if state in OVER:
            self.marks.add((block, store, target, state, row["reason"]))
        if state in ATTENTION and row["was"] not in ATTENTION:
            self._count(row["at"], store, target, "failed")
        if state == S.SUCCEEDED and row["was"] != S.SUCCEEDED:
            self._count(row["at"], store, target, "delivered")
            if row["generation"] == 1 and row["heard_at"] is not None:
                wait = Millis(max(0, row["at"] - row["heard_at"]))
                key = (minute_of(row["at"]), store, target)
                self.waits[key][step_of(wait)] += 1

    def _count(self, at: int, store: str, target: str, what: str) -> None:
        if at >= self.since:
            self.counts[minute_of(Instant(at)), store, target][what] += 1

    def _widen(self, block: int, at: int) -> None:
        earliest, latest = self.spans.get(block, (at, at))
        self.spans[block] = (min(earliest, at), max(latest, at))

    def keep(
        self, session: Session, what: Literal["events", "deliveries"]
    ) -> None:
        """Keep all that was counted."""
        for key, counts in self.counts.items():
            at, store, target = key
            waits = _added(session, key, self.waits.get(key))
            session.run(
                "add_to_minute",
                at=at,
                store=store,
                target=target,
                waits=waits,
                accepted=counts["accepted"],
                delivered=counts["delivered"],
                failed=counts["failed"],
            )
        for store, heard in self.heard.items():
            session.run("hear", store=store, at=heard)
        for block, store, kind, state, reason in sorted(self.marks):
            session.run(
                "mark",
                what=what,
                block=block,
                store=store,
                kind=kind,
                state=state,
                reason=reason,
            )
        for block, (earliest, latest) in self.spans.items():
            session.run(
                "widen_span",
                what=what,
                block=block,
                earliest=earliest,
                latest=latest,
            )


def _added(
    session: Session,
    key: tuple[int, str, str],
    waits: Counter[int] | None,
) -> str | None:
    """Return the waits of a minute with those added to what it had."""
    if not waits:
        return None
    at, store, target = key
    kept = session.row("minute", at=at, store=store, target=target)
    before = rows.unpack(kept["waits"]) if kept else None
    new = tuple(waits[step] for step in range(len(NO_WAITS)))
    return rows.pack(together([before or NO_WAITS, new]))


def _stretch(row: Row, waiting: int | None) -> Stretch:
    waits = rows.unpack(f"[{row['waits'] or ''}]")
    return Stretch(
        at=row["begun"],
        accepted=row["accepted"],
        delivered=row["delivered"],
        failed=row["failed"],
        waiting=waiting,
        waits=tuple(map(sum, zip(NO_WAITS, *waits, strict=True))),
    )


def _minute(row: Row) -> Minute:
    waits = rows.unpack(row["waits"])
    return Minute(
        **row | {"waits": NO_WAITS if waits is None else tuple(waits)}
    )
