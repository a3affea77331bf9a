"""A small step a second, a rest when all is done."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bridge.journal.protocol import Journal
from bridge.model import DAY, MINUTE, SECOND, Instant, Millis
from bridge.pruner import ORDERS, PAUSE, REST, TIMES, Pruner
from tests.factories import NOW, later


@dataclass
class Told:
    """A journal that answers in turn, and notes what it was asked."""

    answers: list[int | None]
    free: int = 0
    asked: list[tuple[Instant, int]] = field(default_factory=list)

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

    pruner(told).step(NOW)

    assert told.asked == [(later(-DAY), ORDERS)] * 2


def test_does_no_more_than_a_little_at_once() -> None:
    """However much is old, a step ends, and the next one goes on."""
    told = Told([ORDERS] * 99)
    one = pruner(told)

    one.step(NOW)
    assert len(told.asked) == TIMES
    one.step(later(SECOND))
    assert len(told.asked) == 2 * TIMES


@pytest.mark.parametrize(("answer", "rest"), [(0, REST), (None, PAUSE)])
def test_rests_when_there_is_nothing_to_do(
    answer: int | None, rest: Millis
) -> None:
    """Nothing old is looked for again in a minute, sooner after a rush."""
    told = Told([answer])
    one = pruner(told)
    one.step(NOW)

    one.step(later(rest - 1))
    assert len(told.asked) == 1
    one.step(later(rest))
    assert len(told.asked) == 2


def test_keeps_all_where_that_is_wanted() -> None:
    """Without a retention only free pages are given back."""
    told = Told([], free=1_000)

    pruner(told, None).step(NOW)

    assert told.asked == []
    assert told.free < 1_000
    assert REST == MINUTE
