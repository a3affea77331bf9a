"""How long to wait before the next try: full jitter, exponential."""

from bridge.model import HOUR, Millis

FIRST = Millis(5_000)
LONGEST = HOUR
HORIZON = Millis(72 * HOUR)
"""After so long without success a delivery is given up to a person."""

LEAST_TRIES = 10
"""But not before so many tries: it may have waited its turn all the time."""

RETRY_AFTER_DEFAULT = Millis(30_000)
"""When a target says that it is too much but not for how long."""

_STEPS = 20  # beyond it the exponent only overflows


def backoff(attempts: int, dice: float) -> Millis:
    """
    Return the wait after *attempts* failures.

    Args:
        attempts: failures so far, at least 1.
        dice: a uniform random number in [0, 1), drawn by the caller.

    >>> backoff(1, 0.5), backoff(2, 0.5), backoff(40, 0.999)
    (2500, 5000, 3596400)
    """
    longest = min(LONGEST, FIRST * 2 ** min(attempts - 1, _STEPS))
    return Millis(int(longest * dice))
