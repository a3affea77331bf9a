"""
When a store's silence is unusual.

A shop that sells ten orders an hour on Tuesday evenings is silent after an
hour without one; a shop that sells two a day is not. What is usual is told
by the same hours of the weeks before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.model import DAY, HOUR, MINUTE, Instant, Millis

WEEKS = 4
"""So many weeks are looked back, as far as there are minutes of them."""

LEAST_WEEKS = 2
"""From so many weeks on it is known what is usual."""

LEAST_USUAL = 6.0
"""
So many webhooks must usually come in a span for none to be unusual.

Where six come on average, none comes by chance once in four hundred times.
"""

SHORTEST, LONGEST = Millis(15 * MINUTE), Millis(12 * HOUR)
"""The least and the most that a silence must last to be told of."""

WEEK = Millis(7 * DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """
    A store of which less is heard than is usual.

    Args:
        since: its newest webhook came then.
        usual: so many come in such a span of the week, on average.
    """

    since: Instant
    usual: float


def same_hours(
    heard: Instant, now: Instant
) -> Sequence[tuple[Instant, Instant]]:
    """Return the hours of a silence as they were in the weeks before."""
    since = max(heard, now - LONGEST)
    return [
        (Instant(since - week * WEEK), Instant(now - week * WEEK))
        for week in range(1, WEEKS + 1)
    ]


def silence_of(
    heard: Instant, came: Sequence[int], now: Instant
) -> Silence | None:
    """
    Return whether a store is unusually silent.

    Args:
        heard: when its newest webhook came.
        came: how many came in each of `same_hours`, last week's first. Of
            the weeks before the first one with any nothing is known.
    """
    known = list(came)
    while known and not known[-1]:
        known.pop()
    if now - heard < SHORTEST or len(known) < LEAST_WEEKS:
        return None
    usual = sum(known) / len(known)
    return Silence(since=heard, usual=usual) if usual >= LEAST_USUAL else None
