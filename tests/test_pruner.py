"""A small step, a breath, a rest when all is done."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bridge.journal.protocol import Journal
from bridge.model import DAY, MINUTE, Instant, Millis
from bridge.pruner import (
    BREATH,
    CHANGES,
    FOUND,
    GLANCE,
    LULL,
    ORDERS,
    PATIENCE,
    PAUSE,
    REST,
    Pruner,
)
from tests.factories import NOW, later


@dataclass
class Told:
    """A journal that answers in turn, and notes what it was asked."""

    answers: list[int | None]
    free: int = 0
    unpacked: list[int | None] = field(default_factory=list)
    asked: list[tuple[Instant, int]] = field(default_factory=list)
    packed_all_the_same: int = 0
    happened: int = 0
    unfound: int = 0
    unfound_since: Instant | None = None

    def tally(self, _now: Instant, limit: int) -> int:
        """Count down."""
        counted = min(limit, self.happened)
        self.happened -= counted
        return counted

    def index_orders(self, _now: Instant, limit: int) -> int:
        """Count down."""
        found = min(limit, self.unfound)
        self.unfound -= found
        return found

    def unindexed_since(self, _now: Instant) -> Instant | None:
        """Answer."""
        return self.unfound_since

    def pack(self, _limit: int, *, patient: bool = True) -> int | None:
        """Answer."""
        if not patient:
            self.packed_all_the_same += 1
            return 0
        return self.unpacked.pop(0) if self.unpacked else 0

    def prune(self, _now: Instant, *, before: Instant, limit: int) -> Any:
        """Answer."""
        self.asked.append((before, limit))
        return self.answers.pop(0) if self.answers else 0

    def give_back(self, pages: int) -> int:
        """Count down."""
        self.free = max(0, self.free - pages)
        return self.free


def pruner(told: Told, retention: Millis | None = Millis(DAY)) -> Pruner:
    """Return one that asks *told*."""
    return Pruner(cast("Journal", told), retention)


def test_asks_for_what_is_older_than_the_retention() -> None:
    """What changed a retention ago may go, some orders at a time."""
    told = Told([3])

    assert pruner(told).step(NOW) == BREATH
    assert told.asked == [(later(-DAY), ORDERS)]


def test_packs_before_it_prunes() -> None:
    """What came in is made small first; each step does one thing."""
    told = Told([3], unpacked=[64, 1, 0])
    one = pruner(told)

    assert [one.step(NOW) for _ in range(2)] == [BREATH, BREATH]
    assert told.asked == []
    assert one.step(NOW) == BREATH
    assert len(told.asked) == 1


def test_does_nothing_while_events_wait() -> None:
    """A rush comes first; it looks again in a moment."""
    told = Told([3], unpacked=[None])
    one = pruner(told)

    assert one.step(NOW) == PAUSE
    assert told.asked == []
    assert one.step(NOW) == BREATH


def test_rush_that_does_not_end_puts_packing_off_for_a_minute() -> None:
    """From then on a little is packed every second, until it ends."""
    told = Told([], unpacked=[None] * 3)
    one = pruner(told)

    for at, packed in ((0, 0), (PATIENCE, 0), (PATIENCE + 1, 1)):
        assert one.step(later(at)) == PAUSE
        assert told.packed_all_the_same == packed
    one.step(later(PATIENCE + 2))
    told.unpacked = [None]
    one.step(later(PATIENCE + LULL + 2))
    assert told.packed_all_the_same == 1


@pytest.mark.parametrize(("answer", "rest"), [(0, REST), (None, LULL)])
def test_rests_when_there_is_nothing_to_do(
    answer: int | None, rest: Millis
) -> None:
    """Nothing old is looked for again in a minute, sooner after a rush."""
    told = Told([answer])
    one = pruner(told)
    assert one.step(NOW) == GLANCE

    assert one.step(later(rest - 1)) == GLANCE
    assert len(told.asked) == 1
    assert one.step(later(rest + LULL)) == GLANCE
    assert len(told.asked) == 2


def test_counts_between_its_rests() -> None:
    """What happened is counted every two seconds, packed or not."""
    told = Told([], happened=5)
    one = pruner(told)
    assert one.step(NOW) == GLANCE

    told.happened, told.unpacked = 7, [64]
    assert one.step(later(GLANCE)) == GLANCE
    assert (told.happened, told.unpacked) == (0, [64])
    assert one.step(later(LULL)) == BREATH
    assert told.unpacked == []


def test_lets_new_orders_be_found_between_its_rests() -> None:
    """Orders can be found within seconds, a few at a time."""
    told = Told([])
    one = pruner(told)
    one.step(NOW)

    told.unfound = 2 * FOUND
    assert [one.step(later(GLANCE)) for _ in range(3)] == [
        BREATH,
        BREATH,
        GLANCE,
    ]


def test_counts_on_at_once_when_there_is_more() -> None:
    """A long log is caught up with breath by breath."""
    told = Told([], happened=2 * CHANGES)
    one = pruner(told)

    assert [one.step(NOW) for _ in range(3)] == [BREATH, BREATH, GLANCE]


@pytest.mark.parametrize(("waits", "left"), [(PATIENCE, 9), (PATIENCE + 1, 0)])
def test_puts_off_what_is_to_be_found_only_so_long(
    waits: int, left: int
) -> None:
    """In a rush orders are made to be found when they waited a minute."""
    told = Told([], unpacked=[None], unfound=9, unfound_since=later(-waits))

    assert pruner(told).step(NOW) == PAUSE
    assert told.unfound == left


def test_keeps_all_where_that_is_wanted() -> None:
    """Without a retention only free pages are given back."""
    told = Told([], free=1_000)

    assert pruner(told, None).step(NOW) == BREATH
    assert told.asked == []
    assert told.free < 1_000
    assert REST == MINUTE
