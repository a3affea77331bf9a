"""
The delivery's life as data: states, transitions, and `decide`.

    waiting ──claim──▶ claimed ◀──claim── pending ◀── settling
       ▲                 │ │ │               ▲            ▲
       └─ link missing ──┘ │ └─ not sent ────┤            │
                           │ intent          │ not        │ maybe,
                           ▼                 │ processed  │ repeatable
                        sending ─────────────┴────────────┘
                           │ applied ──▶ succeeded
                           │ rejected ─▶ dead
                           └ maybe, not repeatable ─▶ uncertain

    claimed ─▶ held (a person is needed) · unchanged · cancelled · dead
    waiting, pending, held, claimed, dead ─▶ cancelled, superseded (the plan)
    held, uncertain, dead ─▶ succeeded, pending, cancelled (an operator)
    settling, uncertain ─▶ succeeded, dead (late evidence)
    succeeded, cancelled, superseded, unchanged ─▶ pending (redelivery)

`TRANSITIONS` is the whole of it; the journal refuses any other.
"""

from dataclasses import dataclass
from typing import assert_never

from bridge.backoff import HORIZON, LEAST_TRIES, RETRY_AFTER_DEFAULT, backoff
from bridge.model import (
    Applied,
    DeliveryState,
    Instant,
    Maybe,
    Millis,
    NotProcessed,
    NotSent,
    Outcome,
    Reason,
    Rejected,
)

S = DeliveryState

TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    S.WAITING: frozenset(
        {S.CLAIMED, S.PENDING, S.HELD, S.CANCELLED, S.SUPERSEDED}
    ),
    S.PENDING: frozenset({S.CLAIMED, S.HELD, S.CANCELLED, S.SUPERSEDED}),
    S.CLAIMED: frozenset(
        {
            S.SENDING,
            S.WAITING,
            S.PENDING,
            S.HELD,
            S.UNCHANGED,
            S.CANCELLED,
            S.SUPERSEDED,
            S.DEAD,
        }
    ),
    S.SENDING: frozenset(
        {S.SUCCEEDED, S.DEAD, S.PENDING, S.SETTLING, S.UNCERTAIN}
    ),
    S.SETTLING: frozenset({S.CLAIMED, S.PENDING, S.SUCCEEDED, S.DEAD}),
    S.UNCERTAIN: frozenset({S.SUCCEEDED, S.PENDING, S.CANCELLED, S.DEAD}),
    S.HELD: frozenset(
        {S.HELD, S.PENDING, S.SUCCEEDED, S.CANCELLED, S.SUPERSEDED}
    ),
    S.DEAD: frozenset({S.PENDING, S.SUCCEEDED, S.CANCELLED, S.SUPERSEDED}),
    S.SUCCEEDED: frozenset({S.PENDING}),
    S.CANCELLED: frozenset({S.PENDING}),
    S.SUPERSEDED: frozenset({S.PENDING}),
    S.UNCHANGED: frozenset({S.PENDING}),
}

POISON_CLAIMS = 3
"""So many lost claims in a row without a byte sent, and it is dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """
    What an outcome means for the target as a whole.

    Args:
        closed_until: nobody calls before then.
        pause: nobody calls until a person resumes; the reason's code.
    """

    closed_until: Instant | None = None
    pause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    Where a delivery goes next.

    Args:
        due_at: set for the states that are tried again by themselves.
        counts: whether the try counts towards backoff and giving up.
        gate: set when the whole target is concerned.
    """

    state: DeliveryState
    reason: Reason | None = None
    due_at: Instant | None = None
    counts: bool = True
    gate: Gate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """
    What `decide` needs to know of the delivery and the moment.

    Args:
        attempts: tries that counted, this one not among them.
        since: when the delivery was first due.
        settle: how long a request of unknown fate may still arrive.
        dice: a uniform random number in [0, 1).
        fresh_credentials: what was refused had only just been renewed, or
            can not be renewed.
    """

    repeatable: bool
    attempts: int
    since: Instant
    now: Instant
    settle: Millis
    dice: float
    fresh_credentials: bool = True


def decide(outcome: Outcome, tried: Tried) -> Step:
    """Return the step that follows from *outcome*; pure."""
    match outcome:
        case Applied():
            return Step(state=S.SUCCEEDED, reason=outcome.note)
        case Rejected():
            return Step(state=S.DEAD, reason=outcome.reason)
        case Maybe():
            return _unknown(outcome.reason, tried)
        case NotSent():
            return _not_sent(outcome, tried)
        case NotProcessed():
            return _not_processed(outcome, tried)
        case _:
            assert_never(outcome)


def _unknown(reason: Reason, tried: Tried) -> Step:
    if not tried.repeatable:
        return Step(state=S.UNCERTAIN, reason=reason)
    if _given_up(tried):
        return Step(state=S.DEAD, reason=_gave_up(reason))
    wait = tried.settle + backoff(tried.attempts + 1, tried.dice)
    return Step(
        state=S.SETTLING, reason=reason, due_at=Instant(tried.now + wait)
    )


def _not_sent(outcome: NotSent, tried: Tried) -> Step:
    gate = Gate(pause=outcome.reason.code) if outcome.pause else None
    if _given_up(tried) and gate is None:
        return Step(state=S.DEAD, reason=_gave_up(outcome.reason))
    wait = backoff(tried.attempts + 1, tried.dice)
    return Step(
        state=S.PENDING,
        reason=outcome.reason,
        due_at=Instant(tried.now + wait),
        counts=gate is None,
        gate=gate,
    )


def _not_processed(outcome: NotProcessed, tried: Tried) -> Step:
    """Never counts: it is the target's state, not the delivery's fault."""
    if outcome.refused_credentials and not tried.fresh_credentials:
        return Step(
            state=S.PENDING,
            reason=outcome.reason,
            due_at=tried.now,
            counts=False,
        )
    if outcome.refused_credentials or outcome.pause:
        gate = Gate(pause=outcome.reason.code)
        due_at = tried.now
    else:
        wait = RETRY_AFTER_DEFAULT if outcome.wait is None else outcome.wait
        due_at = Instant(tried.now + wait)
        gate = Gate(closed_until=due_at)
    return Step(
        state=S.PENDING,
        reason=outcome.reason,
        due_at=due_at,
        counts=False,
        gate=gate,
    )


def _given_up(tried: Tried) -> bool:
    tries = tried.attempts + 1
    return tries >= LEAST_TRIES and tried.now - tried.since > HORIZON


def _gave_up(reason: Reason) -> Reason:
    return Reason(
        code="gave_up",
        text=f"Tried for three days; last: {reason.text or reason.code}",
        where={"last": reason.code},
    )


def after_lost_lease(
    *, state: DeliveryState, repeatable: bool, claims: int
) -> DeliveryState:
    """
    Return where a delivery goes whose worker died or froze.

    Args:
        claims: leases lost in a row without a byte sent, this one counted.
    """
    if state is S.CLAIMED:
        return S.DEAD if claims >= POISON_CLAIMS else S.PENDING
    return S.SETTLING if repeatable else S.UNCERTAIN
