"""When a delivery that waits will probably be sent: values in, a time out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.estimate import MOST_COUNTED, Before, Pace, Wait, estimate
from bridge.journal.opening import open_journal
from bridge.model import Delivery, DeliveryId, DeliveryState, Millis
from tests.factories import NOW, keep, later, new_delivery

S = DeliveryState
YUJU = Pace(parallel=8, requests=2, window=Millis(990))  # 1 s with the margin
RAYO = Pace(parallel=8)


@pytest.fixture
def delivery(tmp_path: Path) -> Iterator[Delivery]:
    """One that is due now."""
    journal = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    journal.migrate()
    (only,) = keep(journal, new_delivery())
    yield only
    journal.close()


def before(state: DeliveryState, due: int | None = 0) -> Before:
    """Return a call of the same order that comes first, number 7."""
    due_at = None if due is None else later(due)
    return Before(id=DeliveryId(7), state=state, due_at=due_at)


@pytest.mark.parametrize(
    ("wait", "pace", "after"),
    [
        (Wait(), YUJU, 0),
        (Wait(ahead=10, answer=Millis(0)), YUJU, 5_000),
        (Wait(ahead=10, answer=Millis(200)), YUJU, 6_000),
        (Wait(ahead=16, answer=Millis(200)), RAYO, 400),
        (Wait(ahead=8), RAYO, 300),
        (Wait(shut_until=later(9_000)), YUJU, 9_000),
        (Wait(shut_until=later(-9_000)), YUJU, 0),
        (
            Wait(ahead=2, answer=Millis(0), shut_until=later(9_000)),
            YUJU,
            10_000,
        ),
        (Wait(before=[before(S.PENDING)], answer=Millis(70)), RAYO, 70),
        (Wait(before=[before(S.SENDING, None)]), RAYO, 300),
        (
            Wait(before=[before(S.WAITING, 60_000)], answer=Millis(1)),
            RAYO,
            60_001,
        ),
    ],
)
def test_time(delivery: Delivery, wait: Wait, pace: Pace, after: int) -> None:
    """
    It goes once those before it have gone, its target's gate is open, and
    the calls of its order that come first have been answered.
    """
    assert estimate(delivery, wait, pace, NOW).at == later(after)


def test_not_before_its_own_time(delivery: Delivery) -> None:
    """What is tried again later is not sent sooner."""
    put_off = replace(delivery, due_at=later(90_000))

    assert estimate(put_off, Wait(ahead=3), YUJU, NOW).at == later(90_000)


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (Wait(paused="operator"), "rayo-mx is paused: operator"),
        (
            Wait(before=[before(S.HELD)]),
            "waits for delivery 7, which needs a person",
        ),
        (
            Wait(before=[before(S.DEAD, None)]),
            "waits for delivery 7, which needs a person",
        ),
        (
            Wait(before=[before(S.UNCERTAIN, None)]),
            "waits for delivery 7, which needs a person",
        ),
        (
            Wait(before=[before(S.UNCERTAIN)]),
            (
                "waits for delivery 7, of which the target is asked whether"
                " it was applied"
            ),
        ),
    ],
)
def test_what_a_person_holds_up(
    delivery: Delivery, wait: Wait, text: str
) -> None:
    """There is no time for it, but a reason in plain words."""
    told = estimate(delivery, wait, RAYO, NOW)

    assert (told.at, told.text) == (None, text)


@pytest.mark.parametrize(
    ("state", "wait", "text"),
    [
        (S.PENDING, Wait(), ""),
        (S.PENDING, Wait(ahead=1_200), "1,200 go before it"),
        (S.PENDING, Wait(before=[before(S.PENDING)]), "after delivery 7"),
        (
            S.PENDING,
            Wait(ahead=MOST_COUNTED, uncounted=True),
            "or later: more than 10,000 go before it",
        ),
        (
            S.PENDING,
            Wait(before=[before(S.WAITING)]),
            "at the earliest: delivery 7 waits for something",
        ),
        (
            S.WAITING,
            Wait(),
            "at the earliest: something is missing, and is looked for then",
        ),
    ],
)
def test_remark(
    delivery: Delivery, state: DeliveryState, wait: Wait, text: str
) -> None:
    """What else there is to say of the time."""
    told = estimate(replace(delivery, state=state), wait, RAYO, NOW)

    assert told.at is not None
    assert told.text == text
