"""
How a target's limit is held, whatever the network does in between.

A limit of *n* requests in a window is *n* slots. A request takes a slot, and
the slot is free again one window after the *answer*. The request had arrived
before it was answered, so the target sees at most one request per slot in
any window of its own clock, and at most *n* in all. Slots are rows in the
journal, so every process shares them.
"""

from bridge.model import Instant, Millis

MARGIN = Millis(10)
"""For clocks of milliseconds, and for the target's own rounding."""


def free_after_answer(answered_at: Instant, window: Millis) -> Instant:
    """Return when the slot of a request answered just now is free."""
    return Instant(answered_at + window + MARGIN)


def free_after_silence(
    started_at: Instant, *, deadline: Millis, window: Millis
) -> Instant:
    """
    Return when the slot of a request without an answer is free.

    Args:
        deadline: how long a request may be under way at most.
    """
    return Instant(started_at + deadline + window + MARGIN)
