"""What wakes a delivery that waits for a better order."""

from tests.mapping.plan.desk import (
    NOTHING,
    PENDING_CREATE,
    REF,
    Desk,
    S,
    cancelled,
    created,
    paid,
    parcel,
)


def test_held_is_rendered_anew_when_the_order_changes() -> None:
    """
    A missing value may be there now.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.HELD, reason="value_missing")

    assert NOTHING == desk.tell(paid(1))

    desk.tell(paid(2))

    assert [PENDING_CREATE] == desk.shown()


def test_arrival_of_a_link_wakes() -> None:
    """
    What was held for a link goes on when the link is known.
    """
    desk = created()
    desk.links.clear()
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.put(
        "tracking",
        state=S.HELD,
        reason="link_missing",
        where={"link": "rayo_order"},
    )

    assert NOTHING == desk.look()

    desk.links["rayo_order"] = REF
    desk.look()

    assert {("tracking", S.PENDING, None)} == desk.live()


def test_due_no_longer() -> None:
    """
    What its order no longer asks for is withdrawn, and planned when it does.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(paid(2, on_hold=True))

    assert [("create", 1, S.CANCELLED, "not_due")] == desk.shown()

    desk.tell(paid(3))

    assert {("create", S.PENDING, None)} == desk.live()


def test_what_wakes_is_due_at_once() -> None:
    """
    A held one that may go on again is due now.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.HELD, reason="value_missing")
    (move,) = desk.tell(paid(2)).moves

    assert (S.PENDING, desk.now) == (move.state, move.due_at)


def test_what_is_withdrawn_says_why_and_waits_for_nothing() -> None:
    """
    A withdrawn one has no due time, and its reason in words.
    """
    desk = Desk()
    desk.tell(paid(1))
    (move,) = desk.tell(cancelled(2)).moves

    assert move.due_at is None
    assert move.reason is not None
    assert "the order was cancelled before it was sent" == move.reason.text
