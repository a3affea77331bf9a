"""A target's limit, as the target's own clock sees it."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Instant, Millis
from bridge.throttle import free_after_answer, free_after_silence

DEADLINE = Millis(2_000)


@dataclass(frozen=True)
class Trip:
    """
    One request: when it was wanted, and what the network did with it.

    Args:
        pause: since the one before was wanted.
        way: until it arrived.
        back: until its answer came; None when it never did.
    """

    pause: int
    way: int
    back: int | None


trips = st.builds(
    Trip,
    pause=st.integers(0, 1_500),
    way=st.integers(0, DEADLINE),
    back=st.none() | st.integers(0, 500),
)


def arrivals(some: list[Trip], *, slots: int, window: Millis) -> list[int]:
    """Return when each request reaches the target."""
    free = [Instant(0)] * slots
    wanted = 0
    found = []
    for trip in some:
        wanted += trip.pause
        slot = min(range(slots), key=free.__getitem__)
        started = Instant(max(wanted, free[slot]))
        arrived = started + trip.way
        found.append(arrived)
        answered = None if trip.back is None else arrived + trip.back
        if answered is None or answered > started + DEADLINE:
            free[slot] = free_after_silence(
                started, deadline=DEADLINE, window=window
            )
        else:
            free[slot] = free_after_answer(Instant(answered), window)
    return sorted(found)


@given(
    st.lists(trips, max_size=60),
    st.integers(1, 4),
    st.sampled_from([1, 500, 1_000]),
)
def test_limit_holds_at_the_target(
    some: list[Trip], slots: int, window: int
) -> None:
    """
    Whatever the network does, no window sees more requests than slots.
    """
    found = arrivals(some, slots=slots, window=Millis(window))

    for first, over in zip(found, found[slots:], strict=False):
        assert over - first > window


def test_yuju() -> None:
    """
    Two slots let two through at once, and the third a second later.
    """
    some = [Trip(pause=0, way=20, back=20)] * 5
    found = arrivals(some, slots=2, window=Millis(1_000))

    assert [20, 20, 1_070, 1_070, 2_120] == found
