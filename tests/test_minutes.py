"""Counts by step tell nearly what all the times would."""

import random

import pytest

from bridge.minutes import (
    BOUNDS,
    NO_WAITS,
    minute_of,
    quantile,
    step_of,
    together,
)
from bridge.model import Instant, Millis


def counted(times: list[int]) -> tuple[int, ...]:
    """Count times by step."""
    steps = [step_of(Millis(time)) for time in times]
    return tuple(steps.count(step) for step in range(len(NO_WAITS)))


@pytest.mark.parametrize("part", [0.5, 0.95, 1.0])
def test_quantile_is_in_the_right_step(part: float) -> None:
    """Of whatever times."""
    dice = random.Random(3)
    for _ in range(50):
        times = [int(dice.lognormvariate(8, 2)) for _ in range(99)]
        right = sorted(times)[round(part * 99 + 0.499) - 1]

        found = quantile(counted(times), part)

        assert found is not None
        assert abs(step_of(found) - step_of(Millis(right))) <= 1


def test_of_none_there_is_no_quantile() -> None:
    """Nor a nought that looks like one."""
    assert quantile(NO_WAITS, 0.5) is None


def test_what_took_longest_is_drawn_beyond_the_last_step() -> None:
    """It has no end of its own."""
    found = quantile(counted([BOUNDS[-1] + 1]), 1.0)

    assert found is not None
    assert found > BOUNDS[-1]


def test_steps_include_their_ends() -> None:
    """A quarter of a second is in the first."""
    assert [step_of(Millis(ms)) for ms in (0, 250, 251)] == [0, 0, 1]


def test_counts_are_added_step_by_step() -> None:
    """Over stores, targets and minutes."""
    assert together([counted([1]), counted([1, 300])]) == counted([1, 1, 300])
    assert together([]) == NO_WAITS


def test_a_minute_begins_at_its_beginning() -> None:
    """Whatever moment of it."""
    assert minute_of(Instant(119_999)) == 60_000
