"""
How long deliveries took, counted in a few steps.

A day has too many to keep each time of; counts by step can be added up over
any span, and still tell where half of them, or 95 of 100, ended.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from bridge.model import DAY, MINUTE, Instant, Millis

BOUNDS: tuple[int, ...] = (
    250, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000, 30_000,
    60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000,
    43_200_000, 86_400_000,
)  # fmt: skip
"""The steps' upper ends, in milliseconds; the last step has none."""

NO_WAITS: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)


def minute_of(at: Instant) -> Instant:
    """Return when the minute of *at* began."""
    return Instant(at - at % MINUTE)


def step_of(wait: Millis) -> int:
    """Return the step that a time falls into."""
    for step, bound in enumerate(BOUNDS):
        if wait <= bound:
            return step
    return len(BOUNDS)


def together(many: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Return the counts of all, step by step."""
    found = list(NO_WAITS)
    for one in many:
        for step, count in enumerate(one):
            found[step] += count
    return tuple(found)


def quantile(waits: Sequence[int], part: float) -> Millis | None:
    """
    Return within which time so large a part of all was done.

    Inside a step they are taken to lie evenly.

    Args:
        part: above 0, up to 1.

    Returns:
        None when there were none.

    >>> quantile(NO_WAITS, 0.5)
    >>> quantile((0, 2, 2) + NO_WAITS[3:], 0.5)
    500
    """
    wanted = sum(waits) * part
    if not wanted:
        return None
    passed = 0.0
    ends = (0, *BOUNDS, BOUNDS[-1] + DAY)
    for count, (least, most) in zip(waits, pairwise(ends), strict=True):
        if count and passed + count >= wanted:
            share = (wanted - passed) / count
            return Millis(round(least + share * (most - least)))
        passed += count
    return Millis(ends[-1])
