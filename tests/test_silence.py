"""A silence is unusual where at these hours there usually is none."""

import pytest

from bridge.model import HOUR, MINUTE
from bridge.silence import SHORTEST, WEEK, same_hours, silence_of
from tests.factories import NOW, later


@pytest.mark.parametrize(
    ("came", "is_unusual"),
    [
        ([9, 9, 9, 9], True),
        ([6, 6], True),
        ([5, 6, 6, 6], False),
        ([0, 40], True),
        ([40, 0], False),
        ([40, 0, 0, 0], False),
        ([0, 0, 0, 0], False),
        ([], False),
    ],
)
def test_by_the_weeks_before(came: list[int], *, is_unusual: bool) -> None:
    """Two weeks must be known, with six or more on average."""
    found = silence_of(later(-HOUR), came, NOW)

    assert (found is not None) == is_unusual
    if found is not None:
        assert found.since == later(-HOUR)


def test_a_short_one_is_none() -> None:
    """Whatever is usual."""
    assert silence_of(later(1 - SHORTEST), [99, 99], NOW) is None
    assert silence_of(later(-SHORTEST), [99, 99], NOW) is not None


def test_looks_at_the_same_hours() -> None:
    """A week before, and the weeks before that, at most half a day of each."""
    hours = same_hours(later(-30 * MINUTE), NOW)

    assert hours[0] == (later(-30 * MINUTE - WEEK), later(-WEEK))
    assert hours[3] == (later(-30 * MINUTE - 4 * WEEK), later(-4 * WEEK))
    assert same_hours(later(-90 * HOUR), NOW)[0] == (
        later(-12 * HOUR - WEEK),
        later(-WEEK),
    )
