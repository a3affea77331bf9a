"""What is worth telling, once, until it is clearly over."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.alert_settings import AlertSettings
from bridge.alerts.causes import (
    FIRST_AGAIN,
    LAST_AGAIN,
    Found,
    causes,
    changes,
    next_try,
    to_tell,
)
from bridge.holds import ON_HOLD
from bridge.journal.seeing import Alert, AttentionGroup
from bridge.model import DAY, MINUTE, DeliveryId, DeliveryState
from bridge.silence import Silence
from tests.factories import NOW, later

SETTINGS = AlertSettings(backlog=100, disk=1000)


def group(minutes: int, target: str = "rayo-mx") -> AttentionGroup:
    """Return what has waited for a person so many minutes."""
    return AttentionGroup(
        state=DeliveryState.HELD,
        reason="asked",
        target=target,
        count=1,
        since=later(-minutes * MINUTE),
        oldest=DeliveryId(1),
    )


def alert(cause: str, **changes: Any) -> Alert:
    """Return an alert that came up a minute ago."""
    values = {"id": 7, "figure": None, "since": later(-MINUTE)}
    return Alert(**{**values, "cause": cause, **changes})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, {}),
        ({"attention": [group(29)]}, {}),
        ({"attention": [replace(group(31), reason=ON_HOLD)]}, {}),
        (
            {"attention": [group(40), group(30), group(31, "yuju-mx")]},
            {
                "attention:rayo-mx": later(-40 * MINUTE),
                "attention:yuju-mx": later(-31 * MINUTE),
            },
        ),
        ({"paused": {"yuju-mx": NOW}}, {"paused:yuju-mx": NOW}),
        (
            {"silent": {"cafe-mx": Silence(since=NOW, usual=9.0)}},
            {"silent:cafe-mx": NOW},
        ),
        ({"waiting": {"yuju-mx": 100}, "unplanned": 100}, {}),
        ({"waiting": {"yuju-mx": 101}}, {"backlog:yuju-mx": 101}),
        ({"unplanned": 101}, {"backlog:": 101}),
        ({"free": 1000}, {}),
        ({"free": 999}, {"disk:": 999}),
        ({"token_ends": {"every-co": later(8 * DAY)}}, {}),
        (
            {"token_ends": {"every-co": later(6 * DAY)}},
            {"token:every-co": later(6 * DAY)},
        ),
    ],
)
def test_causes(found: dict[str, Any], expected: dict[str, int]) -> None:
    """Each kind has its limit, and its figure."""
    assert causes(Found(**found), SETTINGS, NOW) == expected


def test_what_is_on_does_not_come_up_again() -> None:
    """It is over once it is gone, and then it may come up again."""
    paused = Found(paused={"yuju-mx": NOW}, free=9999)
    on = [alert("paused:yuju-mx")]

    assert changes(paused, [], SETTINGS, NOW).begun == {"paused:yuju-mx": NOW}
    assert changes(paused, on, SETTINGS, NOW).begun == {}
    assert changes(paused, on, SETTINGS, NOW).ended == []
    assert changes(Found(free=9999), on, SETTINGS, NOW).ended == [7]
    over = [alert("paused:yuju-mx", told_at=NOW, over_at=NOW)]
    assert changes(paused, over, SETTINGS, NOW).begun == {
        "paused:yuju-mx": NOW
    }


@pytest.mark.parametrize(
    ("cause", "found", "is_over"),
    [
        ("backlog:yuju-mx", {"waiting": {"yuju-mx": 81}}, False),
        ("backlog:yuju-mx", {"waiting": {"yuju-mx": 80}}, True),
        ("disk:", {"free": 1199}, False),
        ("disk:", {"free": 1200}, True),
        ("disk:", {"free": None}, False),
    ],
)
def test_around_a_limit_nothing_comes_and_goes(
    cause: str, found: dict[str, Any], *, is_over: bool
) -> None:
    """It is over only well on the other side; what nobody knows stays."""
    seen = changes(Found(**found), [alert(cause)], SETTINGS, NOW)

    assert seen.ended == ([7] if is_over else [])
    assert seen.begun == {}


@pytest.mark.parametrize(
    ("one", "is_told"),
    [
        ({}, True),
        ({"again_at": later(1)}, False),
        ({"told_at": NOW}, False),
        ({"told_at": NOW, "over_at": NOW}, True),
        ({"over_at": NOW}, False),
        ({"told_at": NOW, "over_at": NOW, "over_told_at": NOW}, False),
    ],
)
def test_tells_that_it_is_on_and_that_it_is_over(
    one: dict[str, Any], *, is_told: bool
) -> None:
    """Each once; nobody hears the end of what nobody heard of."""
    on = [alert("disk:", **one)]

    assert list(to_tell(on, NOW)) == (on if is_told else [])


def test_tries_again_later_and_later() -> None:
    """After ten seconds at first, once an hour at last."""
    waits = [next_try(tries, NOW) - NOW for tries in range(1, 30)]

    assert waits[:3] == [FIRST_AGAIN, 2 * FIRST_AGAIN, 4 * FIRST_AGAIN]
    assert waits[-1] == LAST_AGAIN
    assert waits == sorted(waits)
