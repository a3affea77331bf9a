"""The wait before the next try."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.backoff import FIRST, HORIZON, LONGEST, backoff

attempts = st.integers(1, 10**9)
dice = st.floats(0, 1, exclude_max=True)


@given(attempts, dice)
def test_within_its_bounds(attempts: int, dice: float) -> None:
    """
    No wait is negative, over an hour, or over the doubling for its try.
    """
    wait = backoff(attempts, dice)
    doubled = FIRST * 2 ** min(attempts - 1, 64)

    assert 0 <= wait <= min(LONGEST, doubled)


@given(attempts, attempts, dice)
def test_never_shorter_for_more_failures(
    some: int, others: int, dice: float
) -> None:
    """
    With the same dice, more failures never mean a shorter wait.
    """
    fewer, more = sorted([some, others])

    assert backoff(fewer, dice) <= backoff(more, dice)


@given(attempts, dice, dice)
def test_full_jitter(attempts: int, some: float, other: float) -> None:
    """
    The dice spread the wait evenly from nothing to the longest.
    """
    low, high = sorted([some, other])

    assert backoff(attempts, 0.0) == 0
    assert backoff(attempts, low) <= backoff(attempts, high)


def test_doubles_up_to_an_hour() -> None:
    """
    It begins at five seconds, doubles, and stays at an hour.
    """
    longest = [backoff(n, 1 - 2**-53) for n in (1, 2, 3, 10, 11, 12, 10**6)]

    assert [
        4_999,
        9_999,
        19_999,
        2_559_999,
        3_599_999,
        3_599_999,
        3_599_999,
    ] == longest


def test_the_horizon_holds_many_tries() -> None:
    """
    Three days are enough for many tries at the longest wait.
    """
    assert HORIZON > 48 * LONGEST
