"""
What is worth telling, as a function of what there is.

A cause has a kind and what it is about, such as `paused:yuju-mx`. What is on
stays on until it is clearly over, so that nobody is told twice of what goes
up and down around a limit.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.alert_settings import AlertSettings
from bridge.holds import ON_HOLD
from bridge.journal.seeing import Alert, AttentionGroup
from bridge.model import SECOND, Instant, Millis
from bridge.silence import Silence

BACKLOG_OVER = 0.8
"""Of the limit: a backlog below it is over."""

DISK_OVER = 1.2
"""Of what must be free: with so much the disk is well again."""

FIRST_AGAIN, LAST_AGAIN = Millis(10 * SECOND), Millis(3600 * SECOND)
"""After a try that told nobody: the first and the longest wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    What there is.

    Args:
        attention: what waits for a person.
        paused: since when, by target.
        waiting: how many go on by themselves, by target.
        unplanned: events that wait for their plan.
        silent: by store, those of which less is heard than is usual.
        free: bytes on the journal's volume; None when nobody knows.
        token_ends: by target, of those of which it is known.
    """

    attention: Sequence[AttentionGroup] = ()
    paused: Mapping[str, Instant] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    unplanned: int = 0
    silent: Mapping[str, Silence] = field(default_factory=dict)
    free: int | None = None
    token_ends: Mapping[str, Instant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What came up, by cause with its figure, and which alerts are over."""

    begun: Mapping[str, int | None]
    ended: Collection[int]


def causes(
    found: Found,
    settings: AlertSettings,
    now: Instant,
    on: Collection[str] = (),
) -> Mapping[str, int]:
    """
    Return what is worth telling, by cause, with a figure.

    The figure is a count, bytes, or since or until when, as its kind has it.

    Args:
        on: the causes that are on already.
    """
    return {
        **_attention(found, settings, now),
        **{f"paused:{name}": at for name, at in found.paused.items()},
        **{f"silent:{name}": one.since for name, one in found.silent.items()},
        **_backlogs(found, settings, on),
        **_disk(found, settings, on),
        **{
            f"token:{name}": ends
            for name, ends in found.token_ends.items()
            if ends <= now + settings.token_ends
        },
    }


def changes(
    found: Found, on: Sequence[Alert], settings: AlertSettings, now: Instant
) -> Changes:
    """Return what came up and what is over, against what is on."""
    standing = {one.cause: one for one in on if one.over_at is None}
    today = causes(found, settings, now, standing)
    unknown = {"disk:"} if found.free is None else set()
    return Changes(
        begun={
            cause: figure
            for cause, figure in today.items()
            if cause not in standing
        },
        ended=[
            one.id
            for cause, one in standing.items()
            if cause not in today and cause not in unknown
        ],
    )


def to_tell(on: Sequence[Alert], now: Instant) -> Sequence[Alert]:
    """Return what somebody is to be told now: that it is on, or over."""
    return [
        one
        for one in on
        if one.again_at <= now
        and (one.told_at is None) == (one.over_at is None)
        and one.over_told_at is None
    ]


def next_try(tries: int, now: Instant) -> Instant:
    """
    Return when to try again.

    Args:
        tries: that told nobody, from 1.
    """
    wait = min(FIRST_AGAIN * 2 ** min(tries - 1, 20), LAST_AGAIN)
    return Instant(now + wait)


def _attention(
    found: Found, settings: AlertSettings, now: Instant
) -> Mapping[str, int]:
    oldest: dict[str, int] = {}
    for group in found.attention:
        if group.reason == ON_HOLD:
            continue  # somebody knows of it
        since = min(group.since, oldest.get(group.target, group.since))
        oldest[group.target] = since
    return {
        f"attention:{target}": since
        for target, since in oldest.items()
        if since <= now - settings.attention_after
    }


def _backlogs(
    found: Found, settings: AlertSettings, on: Collection[str]
) -> Mapping[str, int]:
    counts = {"": found.unplanned, **found.waiting}
    by_cause = {f"backlog:{name}": count for name, count in counts.items()}
    return {
        cause: count
        for cause, count in by_cause.items()
        if count > settings.backlog * (BACKLOG_OVER if cause in on else 1)
    }


def _disk(
    found: Found, settings: AlertSettings, on: Collection[str]
) -> Mapping[str, int]:
    needed = settings.disk * (DISK_OVER if "disk:" in on else 1)
    if found.free is None or found.free >= needed:
        return {}
    return {"disk:": found.free}
