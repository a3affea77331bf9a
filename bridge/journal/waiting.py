"""
The verb that tells what a delivery waits for.

It reads where the lines begin, and no more of them than `MOST_COUNTED`;
those of one page of a list are counted once, from one to the next.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from typing_extensions import override

from bridge.estimate import MOST_COUNTED, Before, Wait
from bridge.journal.session import ON_THE_WAY, Session, Verbs
from bridge.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    Instant,
    Millis,
    Urgency,
)

NEWEST = 2_000
"""So many lines of the history tell how fast targets answer."""


class Waiting(Verbs):
    """Reads only."""

    @override
    def waits(
        self, deliveries: Sequence[Delivery], now: Instant
    ) -> Mapping[DeliveryId, Wait]:
        asked = [one for one in deliveries if one.state in ON_THE_WAY]
        if not asked:
            return {}
        with self.reading() as session:
            answers = _answers(session)
            found: dict[DeliveryId, Wait] = {}
            for target in sorted({one.target for one in asked}):
                there = [one for one in asked if one.target == target]
                answer = answers.get(target)
                found |= _waits(session, target, there, answer, now)
        return found


def _answers(session: Session) -> Mapping[str, Millis]:
    """Return how long targets usually needed, of the newest calls."""
    times: dict[str, list[int]] = defaultdict(list)
    for row in session.rows("answer_times", newest=NEWEST):
        times[row["target"]].append(row["ms"])
    return {
        target: Millis(round(statistics.median(ms)))
        for target, ms in times.items()
    }


def _waits(
    session: Session,
    target: str,
    asked: Sequence[Delivery],
    answer: Millis | None,
    now: Instant,
) -> Mapping[DeliveryId, Wait]:
    gate = session.row("target", name=target)
    shut = [
        gate[name]
        for name in ("closed_until", "circuit_until")
        if gate is not None and gate[name] is not None
    ]
    lines = _Lines(session, target, now)
    return {
        one.id: Wait(
            ahead=ahead,
            uncounted=uncounted,
            before=_before(session, one),
            paused=gate["paused"] if gate is not None else None,
            shut_until=max(shut, default=None),
            answer=answer,
        )
        for one, ahead, uncounted in lines.ahead(asked)
    }


def _before(session: Session, delivery: Delivery) -> Sequence[Before]:
    rows = session.rows(
        "lane_before", lane=delivery.lane, place=delivery.place
    )
    return [
        Before(
            id=DeliveryId(row["id"]),
            state=DeliveryState(row["state"]),
            due_at=row["due_at"],
        )
        for row in rows
    ]


_Place = tuple[int, int]
"""When it is due, and its id."""

_FIRST: _Place = (0, 0)


class _Lines:
    """The lines of the stores at one target."""

    def __init__(self, session: Session, target: str, now: Instant) -> None:
        self._session = session
        self._target = target
        self._past_due = (now + 1, 0)
        self._due: dict[tuple[str, Urgency], int] = {}
        stores = session.rows("due_stores", target=target, now=now)
        self._stores = [row["store"] for row in stores]

    def ahead(
        self, asked: Sequence[Delivery]
    ) -> Iterable[tuple[Delivery, int, bool]]:
        """Yield each, how many go before it, and whether there are more."""
        counted: dict[tuple[str, Urgency], tuple[_Place, int]] = {}
        for one in sorted(asked, key=_place):
            line = one.store, one.urgency
            since, so_far = counted.get(line, (_FIRST, 0))
            number = so_far
            if so_far < MOST_COUNTED:
                number += self._between(line, since, _place(one))
            counted[line] = _place(one), number
            own = number + self._more_urgent(one)
            others = self._turns_of_others(one.store, own)
            yield one, own + others, own >= MOST_COUNTED

    def _more_urgent(self, delivery: Delivery) -> int:
        return sum(
            self._all_due(delivery.store, other)
            for other in Urgency
            if other < delivery.urgency
        )

    def _turns_of_others(self, store: str, own: int) -> int:
        return sum(
            min(own + 1, sum(self._all_due(other, u) for u in Urgency))
            for other in self._stores
            if other != store
        )

    def _all_due(self, store: str, urgency: Urgency) -> int:
        line = store, urgency
        if line not in self._due:
            self._due[line] = self._between(line, _FIRST, self._past_due)
        return self._due[line]

    def _between(
        self, line: tuple[str, Urgency], since: _Place, until: _Place
    ) -> int:
        """Count those from *since* on, up to the one that is at *until*."""
        store, urgency = line
        (row,) = self._session.rows(
            "due_between",
            target=self._target,
            store=store,
            urgency=urgency.value,
            since_due=since[0],
            since_id=since[1],
            until_due=until[0],
            until_id=until[1],
            most=MOST_COUNTED,
        )
        number: int = row["n"]
        return number


def _place(delivery: Delivery) -> _Place:
    return delivery.due_at or 0, delivery.id
