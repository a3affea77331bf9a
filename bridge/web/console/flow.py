"""How it goes at each store and target, and how the last day went: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.journal.protocol import TargetRow
from bridge.journal.seeing import Minute, Stretch
from bridge.minutes import quantile
from bridge.model import DAY, MINUTE, Delivery, Instant, Millis
from bridge.silence import Silence
from bridge.targets.account import Target

LATELY = 5
"""Minutes over which a pace is told."""

SLOW = Millis(2 * MINUTE)
"""Whatever waits longer for its turn makes its target slow."""

STEP = Millis(10 * MINUTE)
"""How much of the day one point of its drawing stands for."""

_FULL = 0.9
"""Of a target's limit: more is hardly ever reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFlow:
    """How it goes at one store; *pace* is webhooks a minute."""

    name: str
    state: str
    pace: float
    heard: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFlow:
    """
    How it goes at one target.

    Args:
        pace: deliveries a minute.
        used: so much of its limit was used lately, 1 for all of it.
        since: when it was paused, or until when it is left alone.
        why: it was paused, as a code.
    """

    name: str
    state: str
    pace: float
    used: float | None
    waiting: int
    attention: int
    oldest: Delivery | None
    since: Instant | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happened in one step of the last day."""

    at: Instant
    accepted: int
    delivered: int
    failed: int
    waiting: int | None
    p50: Millis | None
    p95: Millis | None


def store_flow(
    name: str,
    heard: Instant | None,
    silence: Silence | None,
    lately: Iterable[Minute],
) -> StoreFlow:
    """Return how it goes at a store."""
    accepted = sum(one.accepted for one in lately if one.store == name)
    state = "flowing" if accepted else "quiet"
    if silence is not None:
        state = "silent"
    elif heard is None:
        state = "never"
    return StoreFlow(
        name=name, state=state, pace=accepted / LATELY, heard=heard
    )


def target_flow(
    target: Target,
    row: TargetRow | None,
    *,
    lately: Iterable[Minute],
    oldest: Delivery | None,
    waiting: int,
    attention: int,
    now: Instant,
) -> TargetFlow:
    """Return how it goes at a target."""
    delivered = sum(
        one.delivered for one in lately if one.target == target.name
    )
    used = share_used(target, delivered)
    state, since, why = _state(row, oldest, used, delivered, now)
    return TargetFlow(
        name=target.name,
        state=state,
        pace=delivered / LATELY,
        used=used,
        waiting=waiting,
        attention=attention,
        oldest=oldest,
        since=since,
        why=why,
    )


def steps(stretches: Iterable[Stretch], now: Instant) -> list[Step]:
    """Return the last day, step by step, also those without anything."""
    kept = {one.at: one for one in stretches}
    return [
        _step(kept.get(at, Stretch(at=at)))
        for at in map(Instant, range(first_step(now), now + 1, STEP))
    ]


def first_step(now: Instant) -> Instant:
    """Return when the day that is drawn began."""
    return Instant(now - now % STEP - DAY + STEP)


def _step(one: Stretch) -> Step:
    return Step(
        at=one.at,
        accepted=one.accepted,
        delivered=one.delivered,
        failed=one.failed,
        waiting=one.waiting,
        p50=quantile(one.waits, 0.5),
        p95=quantile(one.waits, 0.95),
    )


def share_used(target: Target, delivered: int) -> float | None:
    """Return the share of a target's limit that was used lately."""
    limit = target.limit
    if limit is None:
        return None
    most = limit.requests * LATELY * MINUTE / limit.window
    return min(1.0, delivered / most)


def _state(
    row: TargetRow | None,
    oldest: Delivery | None,
    used: float | None,
    delivered: int,
    now: Instant,
) -> tuple[str, Instant | None, str | None]:
    if row is not None and row.paused:
        return "paused", row.paused_at, row.paused
    if row is not None and row.closed_until and row.closed_until > now:
        return "closed", row.closed_until, None
    late = oldest is not None and _late(oldest, now)
    if late and used is not None and used >= _FULL:
        return "limit", None, None
    if late:
        return "slow", None, None
    return ("flowing" if delivered or oldest else "idle"), None, None


def _late(oldest: Delivery, now: Instant) -> bool:
    due = oldest.due_at if oldest.due_at is not None else now
    return now - due > SLOW


def waiting_by_target(
    counts: Mapping[tuple[str, str], int], states: Iterable[str]
) -> Mapping[str, int]:
    """Return how many deliveries of each target are in any of *states*."""
    wanted = set(states)
    found: dict[str, int] = {}
    for (target, state), number in counts.items():
        if state in wanted:
            found[target] = found.get(target, 0) + number
    return found
