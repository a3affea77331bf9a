"""What is planned after the database was put back from a copy."""

import pytest

from bridge.mapping.plan import Changes
from bridge.model import RESTORED
from bridge.orders.order import Snapshot
from tests.mapping.plan.desk import (
    NOTHING,
    RAYO,
    YUJU,
    Desk,
    S,
    body,
    cancelled,
    created,
    paid,
    parcel,
)
from tests.orders.test_fold import second

HELD = ("create", S.HELD, RESTORED)
UNTIL = 100


def restored(text: str = RAYO) -> Desk:
    """Return the desk of a bridge that has not seen the first seconds."""
    desk = Desk(text)
    desk.unseen_until = second(UNTIL)
    return desk


@pytest.mark.parametrize(
    "told",
    [
        [paid(90, created_at=second(50))],
        [paid(101, created_at=second(50))],
        [paid(101, created_at=second(100))],
        [body(90, created_at=second(1)), paid(110, created_at=second(1))],
        [body(110, created_at=second(1), cash_on_delivery=True)],
    ],
    ids=["in it", "seen later", "at its end", "paid when", "on delivery"],
)
def test_create_that_may_be_there_waits(told: list[Snapshot]) -> None:
    """
    An order that may have been created in the unseen time is held, with
    words, until a person says whether it is there.
    """
    desk = restored()
    for one in told:
        desk.tell(one)

    assert {HELD} == desk.live()
    assert "look at the target" in desk.newest("create").reason_text


@pytest.mark.parametrize(
    "told",
    [
        [paid(101, created_at=second(101))],
        [body(101, created_at=second(1)), paid(102, created_at=second(1))],
        [paid(120, created_at=second(1), paid_since=second(101))],
    ],
    ids=["placed later", "was unpaid later", "paid later"],
)
def test_create_that_can_not_be_there_goes_on(told: list[Snapshot]) -> None:
    """
    What was placed, or surely became paid, after that time is no doubt.
    """
    desk = restored()
    for one in told:
        desk.tell(one)

    assert {("create", S.PENDING, None)} == desk.live()


def test_nothing_but_a_person_releases_it() -> None:
    """
    Neither another body, a parcel, a second look nor another text.
    """
    desk = restored()
    desk.tell(paid(90, created_at=second(50)))
    desk.tell(paid(200, created_at=second(50), note="changed"))
    desk.tell(parcel())
    assert NOTHING == desk.look()
    desk.edit(RAYO.replace("Centro", "Norte"))
    assert NOTHING == desk.look()

    assert HELD in desk.live()


def test_cancel_does_not_withdraw_it() -> None:
    """
    It may be there, and then somebody has to stop it: the person who says
    so is asked about the cancel next.
    """
    desk = restored()
    desk.tell(paid(90, created_at=second(50)))
    desk.tell(cancelled(200, created_at=second(50)))
    assert {HELD} == desk.live()

    desk.put("create", state=S.SUCCEEDED, reason="operator")
    desk.look()
    assert {("cancelled", S.HELD, "asked")} == desk.live()


def test_repeatable_calls_need_nothing() -> None:
    """
    A status is simply told once more.
    """
    desk = restored(YUJU)
    desk.tell(paid(90, created_at=second(50)))

    assert {("ready", S.PENDING, None)} == desk.live()


def test_what_the_copy_saw_done_is_done() -> None:
    """
    A create that the copy knows of is not doubted.
    """
    desk = created()
    desk.unseen_until = second(UNTIL)

    assert Changes() == desk.tell(paid(2))


def test_withdrawn_and_back_again() -> None:
    """
    What the copy saw withdrawn may have come back in the unseen time.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(cancelled(2))
    desk.unseen_until = second(UNTIL)
    desk.tell(paid(90))

    assert {HELD} == desk.live()
    assert 2 == desk.newest("create").generation
