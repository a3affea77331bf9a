"""An order that comes back after its cancel."""

import pytest

from bridge.orders.order import (
    Payment,
    Snapshot,
)
from tests.mapping.plan.desk import (
    CREATED,
    EVERY,
    NOTHING,
    YUJU,
    Desk,
    S,
    body,
    cancelled,
    created,
    paid,
    parcel,
)


def test_what_was_withdrawn_is_planned_again() -> None:
    """
    A WooCommerce order that comes back is created after all, once.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(cancelled(2))
    desk.tell(paid(3))
    desk.tell(paid(4))

    assert {("create", S.PENDING, None)} == desk.live()
    assert 2 == desk.newest("create").generation


def test_question_is_withdrawn_when_the_order_comes_back() -> None:
    """
    Nobody needs to stop an order that goes on; the create is not repeated.
    """
    desk = created()
    desk.tell(cancelled(2))
    desk.tell(paid(3))

    assert [
        CREATED,
        ("cancelled", 1, S.CANCELLED, "order_came_back"),
    ] == desk.shown()


def test_question_is_put_again_at_a_second_cancel() -> None:
    """
    Cancelled once more, it is asked once more.
    """
    desk = created()
    desk.tell(cancelled(2))
    desk.tell(paid(3))
    desk.tell(cancelled(4))

    assert {("cancelled", S.HELD, "asked")} == desk.live()


def came_back(*told: Snapshot) -> Desk:
    """Return the desk of an order of which the target heard the cancel."""
    desk = Desk(YUJU)
    for one in told:
        desk.tell(one)
        for delivery in desk.deliveries:
            if delivery.state is S.PENDING:
                desk.succeed(delivery.rule)
    desk.tell(paid(9))
    return desk


HELD_READY = {("ready", S.HELD, "came_back")}


@pytest.mark.parametrize(
    "told",
    [(paid(1), cancelled(2)), (cancelled(2),), (body(1), cancelled(2))],
)
def test_target_heard_of_the_cancel(told: tuple[Snapshot, ...]) -> None:
    """
    Where a cancel was applied, a person is asked before it goes on.
    """
    desk = came_back(*told)

    assert HELD_READY == desk.live()
    assert NOTHING == desk.tell(paid(10, note="edited"))


def test_withdrawn_and_the_target_heard_of_the_cancel() -> None:
    """
    It is asked as well about what the cancel had withdrawn unsent.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.tell(cancelled(2))
    desk.succeed("cancelled")
    desk.tell(paid(3))

    assert HELD_READY == desk.live()


def test_target_may_have_heard_of_a_cancel_that_was_withdrawn() -> None:
    """
    A cancel whose answer was lost and that was claimed anew, to look or to
    repeat it, is withdrawn when the order comes back; a person is asked.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")
    desk.tell(cancelled(2))
    desk.put("cancelled", state=S.CLAIMED, in_doubt=True)
    desk.tell(paid(3, parcels=(parcel(),)))

    assert S.CANCELLED == desk.newest("cancelled").state
    assert {("shipped", S.HELD, "came_back")} == desk.live()


def test_person_had_stopped_it() -> None:
    """
    Where a person stopped it at the target, a person lets it go on.
    """
    desk = created()
    desk.tell(cancelled(2))
    desk.put("cancelled", state=S.SUCCEEDED, reason="operator")
    desk.tell(paid(3))

    assert {("create", S.HELD, "came_back")} == desk.live()


def test_order_came_back_while_its_cancel_is_sent() -> None:
    """
    A cancel that may be on the wire counts as heard.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")
    desk.tell(cancelled(2))
    desk.put("cancelled", state=S.SENDING)
    desk.tell(paid(3))

    assert HELD_READY == desk.live()


def test_order_came_back_while_its_cancel_was_only_claimed() -> None:
    """
    A cancel of which not a byte was written is withdrawn; nobody is asked.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")
    desk.tell(cancelled(2))
    desk.put("cancelled", state=S.CLAIMED)
    desk.tell(paid(3))

    assert ("cancelled", 1, S.CANCELLED, "order_came_back") in desk.shown()
    assert set() == desk.live()


def test_every_cancel_that_was_not_sent_is_withdrawn() -> None:
    """
    One that is claimed is withdrawn as well when a newer one waits behind.
    """
    desk = Desk(YUJU)
    desk.tell(cancelled(2))
    desk.put("cancelled", state=S.CLAIMED)
    desk.tell(paid(1))
    two = [one[:3] for one in desk.shown() if one[0] == "cancelled"]
    desk.tell(paid(3))

    assert two == [("cancelled", 1, S.CLAIMED), ("cancelled", 2, S.PENDING)]
    assert {
        ("cancelled", 1, S.CANCELLED, "order_came_back"),
        ("cancelled", 2, S.CANCELLED, "order_came_back"),
        ("ready", 1, S.PENDING, None),
    } == set(desk.shown())


def test_order_came_back_twice() -> None:
    """
    Cancelled again while a person is asked, it is asked again.
    """
    desk = came_back(paid(1), cancelled(2))
    desk.tell(cancelled(11))

    assert set() == desk.live()

    desk.tell(paid(12))

    assert HELD_READY == desk.live()


def test_order_came_back_after_nothing_had_to_be_said() -> None:
    """
    It is asked too when the rule's last word was `unchanged`.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.UNCHANGED)
    desk.tell(cancelled(2))
    desk.succeed("cancelled")
    desk.tell(paid(3))

    assert HELD_READY == desk.live()


def test_refund_after_an_applied_cancel() -> None:
    """
    A refund does not bring an order back: it is told without a question.
    """
    text = YUJU + YUJU[YUJU.index("  cancelled:") :].replace(
        "cancelled:", "refunded:"
    ).replace("when: cancelled", "when: refunded")
    desk = Desk(text)
    desk.tell(cancelled(1))
    desk.succeed("cancelled")
    desk.tell(cancelled(2, payment=Payment.REFUNDED))

    assert ("refunded", S.PENDING, None) in desk.live()


def test_person_lets_it_go_on() -> None:
    """
    Sent again by a person, it is done; no second question comes of it.
    """
    desk = came_back(paid(1), cancelled(2))
    desk.succeed("ready")

    assert NOTHING == desk.tell(paid(10, note="edited"))


def test_person_lets_it_rest() -> None:
    """
    What came back and was withdrawn by a person stays withdrawn.
    """
    desk = came_back(paid(1), cancelled(2))
    desk.put("ready", state=S.CANCELLED, reason="operator")

    assert NOTHING == desk.tell(paid(10, note="edited"))


def test_create_whose_cancel_was_applied() -> None:
    """
    A create is not repeated when the order comes back: a person is asked.
    """
    desk = Desk(EVERY)
    desk.tell(paid(1))
    desk.succeed("create", every_order="7")
    desk.succeed("confirm")
    desk.tell(cancelled(2))
    desk.succeed("cancelled")
    desk.tell(paid(3))

    assert {
        ("create", S.HELD, "came_back"),
        ("confirm", S.HELD, "came_back"),
    } == desk.live()
