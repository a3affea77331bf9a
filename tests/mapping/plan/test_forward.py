"""Forward only: what is passed does not come back."""

from bridge.orders.order import (
    Payment,
)
from tests.mapping.plan.desk import (
    EVERY,
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


def test_passed_rule_is_sent_once_before() -> None:
    """
    An order first seen shipped tells both, the earlier one first.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1, parcels=(parcel(),)))

    assert [
        ("ready", 1, S.PENDING, None),
        ("shipped", 1, S.PENDING, None),
    ] == desk.shown()
    assert desk.newest("ready").place < desk.newest("shipped").place


def test_passed_rule_never_comes_again() -> None:
    """
    A price edit after shipping does not set the order back.
    """
    desk = Desk(EVERY)
    desk.links["every_order"] = "7"
    desk.tell(paid(1))
    desk.succeed("create")
    desk.succeed("confirm")
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.succeed("shipped")

    assert NOTHING == desk.tell(paid(3, parcels=(parcel(),), total="90.00"))


def test_passed_rule_is_not_sent_after_the_later_one() -> None:
    """
    Where the later one went, an earlier one that never fired stays away.
    """
    desk = Desk(YUJU)
    desk.tell(body(1, parcels=(parcel(),)))
    desk.succeed("shipped")

    assert NOTHING == desk.tell(paid(2, parcels=(parcel(),)))


def test_passed_rule_that_was_held_is_superseded() -> None:
    """
    One that was held while the later one went is not sent after it.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.HELD, reason="value_missing")
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.succeed("shipped")
    desk.tell(paid(3, parcels=(parcel(),), note="mended"))

    assert ("ready", 1, S.SUPERSEDED, "newer_order") in desk.shown()


def test_passed_rule_wakes_before_the_later_one() -> None:
    """
    A held one of which the cause is mended still goes first.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.HELD, reason="value_missing")
    desk.tell(paid(2, parcels=(parcel(),)))

    assert [
        ("ready", 1, S.PENDING, None),
        ("shipped", 1, S.PENDING, None),
    ] == desk.shown()


def test_passed_rule_is_planned_again_after_a_cancel() -> None:
    """
    What a cancel withdrew is planned again, also when it has been passed.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.tell(cancelled(2))
    desk.tell(paid(3, parcels=(parcel(),)))

    assert {
        ("ready", S.PENDING, None),
        ("shipped", S.PENDING, None),
    } == desk.live()


def test_after_a_cancel_only_its_rules_are_planned() -> None:
    """
    A cancelled order is neither created nor tracked.
    """
    desk = Desk(YUJU)
    desk.tell(
        body(1, cancelled=True, payment=Payment.PAID, parcels=(parcel(),))
    )

    assert [("cancelled", 1, S.PENDING, None)] == desk.shown()


def test_refund_after_a_cancel_is_told() -> None:
    """
    A rule for refunds holds for a cancelled order too.
    """
    text = RAYO.replace("when: cancelled", "when: refunded")
    desk = created(text)
    desk.tell(cancelled(2, payment=Payment.REFUNDED))

    assert ("cancelled", S.HELD, "asked") in desk.live()


def test_answered_question_passes_no_call() -> None:
    """
    Only calls of the same operation pass one another.
    """
    desk = Desk(EVERY)
    desk.links["every_order"] = "1"
    desk.tell(paid(1, all_shipped=True, parcels=(parcel(),)))
    desk.put("confirm", state=S.HELD, reason="value_missing")
    desk.put("sent", state=S.SUCCEEDED, reason="operator")
    desk.tell(paid(2, all_shipped=True, parcels=(parcel(),)))

    assert ("confirm", S.PENDING, None) in desk.live()
