"""What the console reads of the journal, against plain Python over all."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, precondition, rule

from bridge.journal.following import PATIENCE
from bridge.journal.narrowing import OVER
from bridge.journal.protocol import DeliveryFilter, EventFilter
from bridge.journal.seeing import AttentionGroup, AttentionItem
from bridge.minutes import minute_of
from bridge.model import (
    ATTENTION,
    DAY,
    MINUTE,
    Change,
    Delivery,
    DeliveryState,
    EventState,
    Instant,
    ListedEvent,
    Millis,
)
from bridge.sources.corrections import TOPIC as CORRECTED
from tests.factories import NOW, STORE, later, new_event
from tests.journal.test_oracle import OTHER, TARGETS, JournalAndOracle

S = DeliveryState
EVER = (Instant(0), later(400 * DAY))
STORES = (STORE, OTHER)
Key = tuple[int, str, str]


class Told:
    """What was counted, by the minute; forgets nothing."""

    def __init__(self) -> None:
        self.event = 0
        self.line = 0
        self.heard: dict[str, int] = {}
        self.minutes: dict[Key, Counter[str]] = defaultdict(Counter)

    def take_events(self, events: Sequence[ListedEvent], now: Instant) -> None:
        """Count events up to one that may still be judged."""
        for one in sorted(events, key=lambda event: event.id):
            if one.id <= self.event:
                continue
            waits = one.state is EventState.STORED
            if waits and one.received_at > now - PATIENCE:
                return
            self.event = one.id
            if one.topic != CORRECTED:
                heard = self.heard.get(one.store, 0)
                self.heard[one.store] = max(heard, one.received_at)
                key = (minute_of(one.received_at), one.store, "")
                self.minutes[key]["accepted"] += 1

    def take_lines(
        self, lines: Sequence[tuple[Delivery, Change, Change | None]]
    ) -> None:
        """Count what deliveries went through since the last time."""
        seen = self.line
        for delivery, line, before in lines:
            if line.id <= seen:
                continue
            self.line = max(self.line, line.id)
            was = before.state if before else None
            key = (minute_of(line.at), delivery.store, delivery.target)
            if line.state in ATTENTION and was not in ATTENTION:
                self.minutes[key]["failed"] += 1
            if line.state is S.SUCCEEDED and was is not S.SUCCEEDED:
                self.minutes[key]["delivered"] += 1


class ConsoleAndOracle(JournalAndOracle):
    """Works as the journal does, and looks at it as the console does."""

    COUNTED: ClassVar = ("accepted", "delivered", "failed")

    def __init__(self) -> None:
        super().__init__()
        self.told = Told()

    # -- what happens besides

    @rule(
        store=st.sampled_from(STORES),
        topic=st.sampled_from(["orders/paid", "orders/edited", CORRECTED]),
        age=st.sampled_from([0, 20_000, 70_000]),
        aside=st.booleans(),
    )
    def hear(
        self,
        store: str,
        topic: str,
        age: int,
        aside: bool,  # noqa: FBT001
    ) -> None:
        """A webhook comes that no plan is made of."""
        if len(self._events()) >= 8:
            return
        key = f"heard-{len(self._events())}"
        state = EventState.IGNORED if aside else EventState.STORED
        self.journal.append(
            [
                new_event(
                    key,
                    store=store,
                    topic=topic,
                    received_at=later(-age, self.now),
                    state=state,
                    reason="topic" if aside else None,
                )
            ]
        )
        self.oracle.append(key, max(one.id for one in self._events()))

    @rule(step=st.sampled_from([1, 3, 50]))
    def tally(self, step: int) -> None:
        """What happened is counted, in steps of any size."""
        events, lines = self._events(), self._lines()
        while self.journal.tally(self.now, step):
            pass
        self.told.take_events(events, self.now)
        self.told.take_lines(lines)

    # -- what is looked at

    @invariant()
    def minutes_are_the_same(self) -> None:
        """Each was counted once, in its minute."""
        found = {
            (one.at, one.store, one.target): {
                name: getattr(one, name) for name in self.COUNTED
            }
            for one in self.journal.minutes(*EVER)
            if any(getattr(one, name) for name in self.COUNTED)
        }
        wanted = {
            key: {name: counts[name] for name in self.COUNTED}
            for key, counts in self.told.minutes.items()
        }
        assert found == wanted
        assert self.journal.last_heard() == self.told.heard

    @rule(span=st.sampled_from([1, 10, 60]), back=st.integers(0, 3))
    def look_at_a_day(self, span: int, back: int) -> None:
        """Spans have what their minutes have; so have stores."""
        length = Millis(span * MINUTE)
        since = Instant(NOW - NOW % length - back * length)
        until = later(DAY)
        sums: dict[int, Counter[str]] = defaultdict(Counter)
        for (at, _store, _target), counts in self.told.minutes.items():
            if since <= at < until:
                sums[at - at % length].update(counts)
        found = {
            one.at: {name: getattr(one, name) for name in self.COUNTED}
            for one in self.journal.stretches(since, until, span=length)
            if any(getattr(one, name) for name in self.COUNTED)
        }
        assert found == {
            at: {name: counts[name] for name in self.COUNTED}
            for at, counts in sums.items()
        }
        for store in STORES:
            assert self.journal.accepted(store, since, until) == sum(
                counts["accepted"]
                for (at, of, _target), counts in self.told.minutes.items()
                if of == store and since <= at < until
            )

    @invariant()
    def who_needs_a_person_is_the_same(self) -> None:
        """By reason and target, with the oldest of each; and one by one."""
        wanted = self._attention()
        groups: dict[tuple[Any, ...], list[AttentionItem]] = defaultdict(list)
        for one in wanted:
            of = one.delivery
            groups[of.state, of.reason, of.target].append(one)
        expected = [
            AttentionGroup(
                state=state,
                reason=reason,
                target=target,
                count=len(items),
                since=items[0].since,
                oldest=items[0].delivery.id,
            )
            for (state, reason, target), items in groups.items()
        ]
        found = self.journal.attention_groups()
        assert sorted(found, key=repr) == sorted(expected, key=repr)
        assert self._walk(DeliveryFilter(), 2) == wanted

    @precondition(lambda self: self.oracle.rows)
    @rule(
        part=st.builds(
            DeliveryFilter,
            target=st.none() | TARGETS,
            state=st.none() | st.sampled_from(sorted(ATTENTION)),
            store=st.none() | st.sampled_from(STORES),
            reason=st.none() | st.sampled_from(["recorded", "moved"]),
        ),
        each=st.integers(1, 3),
    )
    def look_at_some(self, part: DeliveryFilter, each: int) -> None:
        """A part of the inbox is the same part, also the oldest of each."""
        wanted = [
            one for one in self._attention() if _fits(one.delivery, part)
        ]
        assert self._walk(part, each) == wanted

        heads: Counter[tuple[Any, ...]] = Counter()
        oldest = []
        for one in wanted:
            of = one.delivery
            head = (of.target, of.state, of.store, of.reason)
            heads[head] += 1
            if heads[head] <= each:
                oldest.append(one)
        assert self.journal.attention_oldest(part, each=each) == oldest

    @rule(
        part=st.builds(
            DeliveryFilter,
            target=st.none() | TARGETS,
            state=st.none() | st.sampled_from(sorted(DeliveryState)),
            attention=st.sampled_from([None, True, False]),
            store=st.none() | st.sampled_from(STORES),
        ),
        limit=st.integers(1, 4),
    )
    def look_at_deliveries(self, part: DeliveryFilter, limit: int) -> None:
        """Whatever filter is set, whatever was noted: the same, by pages."""
        found: list[Delivery] = []
        while page := self.journal.deliveries(
            part, before=found[-1].id if found else None, limit=limit
        ):
            found += page
        every = sorted(self._every(), key=lambda one: -one.id)
        assert found == [one for one in every if _fits(one, part)]

    @invariant()
    def what_waits_longest_is_the_same(self) -> None:
        """Of each target the first that goes on by itself."""
        going = sorted(
            (
                one
                for one in self._every()
                if one.state not in OVER | ATTENTION
            ),
            key=lambda one: -one.id,
        )
        assert self.journal.oldest_waiting() == {
            one.target: one for one in going
        }

    @invariant()
    def counts_are_the_same(self) -> None:
        """By target and state, open and over."""
        wanted = Counter(
            (one.target, one.state.value) for one in self._every()
        )
        found = self.journal.counts(None)
        assert {k: n for k, n in found.deliveries.items() if n} == wanted
        assert found.attention == len(self._attention())

    # -- all there is

    def _every(self) -> list[Delivery]:
        return [
            one
            for key in self.oracle.revisions.items()
            for one in self._of_order(key[0])
        ]

    def _of_order(self, order: str) -> Sequence[Delivery]:
        store = OTHER if order == "3" else STORE
        return self.journal.dossier(store, order).deliveries

    def _events(self) -> Sequence[ListedEvent]:
        return self.journal.events(EventFilter(), before=None, limit=99)

    def _lines(self) -> list[tuple[Delivery, Change, Change | None]]:
        return [
            (one, line, before)
            for one in self._every()
            for line, before in _pairs(self.journal.history(one.id))
        ]

    def _attention(self) -> list[AttentionItem]:
        """Return what waits for a person, oldest first."""
        found = []
        for one in self._every():
            if one.state not in ATTENTION:
                continue
            lines = list(self.journal.history(one.id))
            while len(lines) > 1 and lines[-2].state is one.state:
                lines.pop()
            found.append(
                AttentionItem(
                    delivery=one, since=lines[-1].at, place=lines[-1].id
                )
            )
        return sorted(found, key=lambda item: item.place)

    def _walk(self, filter: DeliveryFilter, limit: int) -> list[AttentionItem]:
        found: list[AttentionItem] = []
        while page := self.journal.attention_list(
            filter, after=found[-1].place if found else None, limit=limit
        ):
            found += page
        return found


def _pairs(
    lines: Sequence[Change],
) -> list[tuple[Change, Change | None]]:
    return list(zip(lines, [None, *lines[:-1]], strict=True))


def _fits(one: Delivery, filter: DeliveryFilter) -> bool:
    said: Mapping[str, object] = {
        "target": filter.target,
        "state": filter.state,
        "store": filter.store,
        "reason": filter.reason,
    }
    if filter.attention not in {None, one.state in ATTENTION}:
        return False
    return all(
        wanted is None or getattr(one, name) == wanted
        for name, wanted in said.items()
    )


ConsoleAndOracle.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TestConsoleAndOracle = ConsoleAndOracle.TestCase
