"""
When a delivery that waits will probably be sent.

A target takes calls at a pace: by its limit where it has one, else by how
many it gets at once and how long it usually takes. A delivery goes when those
before it in its own store's line have gone, and as many of each other store's
(they take turns); not before its own time, its target's gate and the calls of
its order that come first. What a person holds up has no time, but a reason.

It is an estimate: an answer may teach anything, and what comes in later and
is more urgent goes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.model import (
    ATTENTION,
    Delivery,
    DeliveryId,
    DeliveryState,
    Instant,
    Millis,
)
from bridge.throttle import MARGIN

USUAL = Millis(300)
"""How long an answer is taken to need where none was seen lately."""

MOST_COUNTED = 10_000
"""So many that go before are counted in one line, and no more."""

S = DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A call of the same order that must have ended first."""

    id: DeliveryId
    state: DeliveryState
    due_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """
    What stands between a delivery and its call.

    Args:
        ahead: how many go before it, of its own store and of others.
        uncounted: there are more: its own store's line is longer than
            `MOST_COUNTED`.
        before: of its lane, first to last.
        paused: why nobody may call its target, if nobody may.
        shut_until: nobody calls before then.
        answer: how long its target usually needed lately.
    """

    ahead: int = 0
    uncounted: bool = False
    before: Sequence[Before] = ()
    paused: str | None = None
    shut_until: Instant | None = None
    answer: Millis | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """
    How many calls a target gets.

    Args:
        parallel: at once, at most.
        requests: of its limit, within *window*; None where it has none.
    """

    parallel: int
    requests: int | None = None
    window: Millis = Millis(0)

    def each(self, answer: Millis) -> float:
        """
        Return how many milliseconds pass from one call to the next.

        Args:
            answer: how long the target usually needs.

        >>> Pace(parallel=8).each(Millis(200))
        25.0
        >>> Pace(parallel=8, requests=2, window=Millis(990)).each(Millis(90))
        545.0
        """
        by_room = answer / self.parallel
        if self.requests is None:
            return by_room
        # A slot is free again one window after the answer.
        return max(by_room, (self.window + MARGIN + answer) / self.requests)


class Remark(StrEnum):
    """What there is to say of an estimate; in braces what it is about."""

    NO_FILE = "no file names {}"
    PAUSED = "{} is paused: {}"
    IN_DOUBT = (
        "waits for delivery {}, of which the target is asked whether it was"
        " applied"
    )
    NEEDS_A_PERSON = "waits for delivery {}, which needs a person"
    MANY = "or later: more than {:,} go before it"
    MISSING = "at the earliest: something is missing, and is looked for then"
    BEHIND_MISSING = "at the earliest: delivery {} waits for something"
    AFTER = "after delivery {}"
    AHEAD = "{:,} go before it"


Said = tuple[Remark, tuple[int | str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """
    When a delivery will probably be sent.

    Args:
        at: None where nobody can tell.
        remark: why not, or what else there is to say of it.
        about: what stands in its braces: how many, which delivery, which
            target and by whom it was paused.
    """

    at: Instant | None
    remark: Remark | None = None
    about: tuple[int | str, ...] = ()

    @property
    def text(self) -> str:
        """What is said of it, in English."""
        return self.remark.format(*self.about) if self.remark else ""


def estimate(
    delivery: Delivery, wait: Wait, pace: Pace, now: Instant
) -> Estimate:
    """Return when a waiting delivery will probably be sent."""
    never = _never_by_itself(delivery, wait)
    if never is not None:
        return Estimate(at=None, remark=never[0], about=never[1])
    answer = USUAL if wait.answer is None else wait.answer
    starts = max(now, wait.shut_until or now)
    own_turn = starts + wait.ahead * pace.each(answer)
    lane_free = (
        max((one.due_at or now for one in wait.before), default=now)
        + len(wait.before) * answer
    )
    at = max(own_turn, lane_free, delivery.due_at or now)
    remark, about = _remark(delivery, wait) or (None, ())
    return Estimate(at=Instant(round(at)), remark=remark, about=about)


def _never_by_itself(delivery: Delivery, wait: Wait) -> Said | None:
    if wait.paused is not None:
        return Remark.PAUSED, (delivery.target, wait.paused)
    for one in wait.before:
        if one.state is S.UNCERTAIN and one.due_at is not None:
            return Remark.IN_DOUBT, (one.id,)
        if one.state in ATTENTION:
            return Remark.NEEDS_A_PERSON, (one.id,)
    return None


def _remark(delivery: Delivery, wait: Wait) -> Said | None:
    if wait.uncounted:
        return Remark.MANY, (MOST_COUNTED,)
    if delivery.state is S.WAITING:
        return Remark.MISSING, ()
    for one in wait.before:
        if one.state is S.WAITING:
            return Remark.BEHIND_MISSING, (one.id,)
    if wait.before:
        return Remark.AFTER, (wait.before[-1].id,)
    return (Remark.AHEAD, (wait.ahead,)) if wait.ahead else None
