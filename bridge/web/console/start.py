"""The start page: how it goes, what needs a person, how the day went."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import Response, render_template
from pydantic_core import to_json

from bridge.alerts.watching import silence_at
from bridge.holds import ON_HOLD
from bridge.journal.protocol import Counts
from bridge.journal.seeing import AttentionGroup
from bridge.model import (
    ATTENTION,
    LIVE,
    MINUTE,
    SECOND,
    DeliveryId,
    Instant,
    Millis,
)
from bridge.silence import Silence
from bridge.web.console.flow import (
    LATELY,
    STEP,
    Step,
    StoreFlow,
    TargetFlow,
    first_step,
    steps,
    store_flow,
    target_flow,
    waiting_by_target,
)
from bridge.web.estimates import Estimates
from bridge.web.parts import Parts
from bridge.web.shapes import order_name

FRESH = Millis(2 * SECOND)
"""So long what was read serves everybody who looks on."""

DAY_FRESH = Millis(30 * SECOND)
SILENCE_FRESH = Millis(5 * MINUTE)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """
    How it goes at this moment.

    Args:
        names: what people call the order that waits longest at a target.
        groups, attention: what waits for a person, and how many; what
            somebody holds is told apart.
    """

    at: Instant
    stores: list[StoreFlow]
    targets: list[TargetFlow]
    estimates: Estimates
    names: Mapping[DeliveryId, str]
    groups: list[AttentionGroup]
    attention: int
    on_hold: int
    counts: Counts


class Kept(Generic[T]):
    """A value that is read again once it is too old."""

    def __init__(self, read: Callable[[Instant], T], *, fresh: Millis) -> None:
        self._read = read
        self._fresh = fresh
        self._value: tuple[Instant, T] | None = None

    def at(self, now: Instant) -> T:
        """Return the value as it is, or was a moment ago."""
        kept = self._value
        if kept is None or not 0 <= now - kept[0] < self._fresh:
            kept = self._value = (now, self._read(now))
        return kept[1]


class Silences:
    """Knows which stores are unusually silent, for all pages."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._silences = Kept(self._read, fresh=SILENCE_FRESH)

    def at(self, now: Instant) -> Mapping[str, Silence]:
        """Return them by store, as it is or was some minutes ago."""
        return self._silences.at(now)

    def _read(self, now: Instant) -> Mapping[str, Silence]:
        heard = self._journal.last_heard()
        found = {
            store: silence_at(self._journal, store, heard[store], now)
            for store in self._parts.stores()
            if store in heard
        }
        return {name: one for name, one in found.items() if one is not None}


class StartPages:
    """Shows how it goes; what all watchers see is read once for them all."""

    def __init__(self, parts: Parts, silences: Silences) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._now = Kept(self._read_now, fresh=FRESH)
        self._day = Kept(self._read_day, fresh=DAY_FRESH)
        self._silences = silences

    def start(self) -> str:
        """Show how it goes."""
        now = self._parts.now()
        return render_template(
            "start.html", now=self._now.at(now), day=self._day.at(now)
        )

    def now(self) -> str:
        """Give the part of the page that changes from moment to moment."""
        return render_template(
            "fragments/now.html", now=self._now.at(self._parts.now())
        )

    def day(self) -> Response:
        """Give the last day's figures, for the drawing."""
        day = self._day.at(self._parts.now())
        names = Step.__dataclass_fields__
        columns = {name: [getattr(s, name) for s in day] for name in names}
        return Response(to_json(columns), mimetype="application/json")

    def _read_now(self, now: Instant) -> Now:
        journal, targets = self._journal, self._parts.targets()
        counts = journal.counts(None)
        lately = journal.minutes(Instant(now - LATELY * MINUTE), now)
        rows = {row.name: row for row in journal.targets()}
        oldest = journal.oldest_waiting()
        waiting = list(oldest.values())
        orders = journal.orders_at(
            {(one.store, one.order_id) for one in waiting}
        )
        going = waiting_by_target(counts.deliveries, LIVE - ATTENTION)
        groups = list(journal.attention_groups())
        urgent = [one for one in groups if one.reason != ON_HOLD]
        stuck = Counter[str]()
        for one in urgent:
            stuck[one.target] += one.count
        heard = journal.last_heard()
        silent = self._silences.at(now)
        return Now(
            at=now,
            stores=[
                store_flow(name, heard.get(name), silent.get(name), lately)
                for name in sorted(self._parts.stores())
            ],
            targets=[
                target_flow(
                    target,
                    rows.get(name),
                    lately=lately,
                    oldest=oldest.get(name),
                    waiting=going.get(name, 0),
                    attention=stuck.get(name, 0),
                    now=now,
                )
                for name, target in sorted(targets.items())
            ],
            estimates=self._parts.estimates(waiting),
            names={one.id: order_name(one, orders) for one in waiting},
            groups=urgent,
            attention=stuck.total(),
            on_hold=sum(one.count for one in groups) - stuck.total(),
            counts=counts,
        )

    def _read_day(self, now: Instant) -> list[Step]:
        found = self._journal.stretches(first_step(now), now, span=STEP)
        return steps(found, now)
