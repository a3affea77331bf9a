"""A parcel that comes before its order."""

from bridge.mapping.plan import (
    PATIENCE,
)
from bridge.model import (
    Instant,
)
from tests.mapping.plan.desk import (
    EVERY,
    NOTHING,
    RAYO,
    YUJU,
    Desk,
    S,
    paid,
    parcel,
)
from tests.orders.test_fold import (
    second,
)


def test_parcel_before_its_order_waits() -> None:
    """
    It waits a quarter of an hour for a body of its order.
    """
    desk = Desk()
    desk.tell(parcel())
    (delivery,) = desk.deliveries
    until = Instant(second(1_000) + PATIENCE)

    assert [("tracking", 1, S.WAITING, "order_not_seen")] == desk.shown()
    assert (until, until) == (delivery.due_at, delivery.wait_until)
    assert NOTHING == desk.tell(parcel("B"))


def test_order_after_its_parcel() -> None:
    """
    With its order's body the parcel goes on, after the create.
    """
    desk = Desk()
    desk.tell(parcel())
    desk.tell(paid(1))

    assert {
        ("create", S.PENDING, None),
        ("tracking", S.PENDING, None),
    } == desk.live()


def test_order_after_its_parcel_was_held() -> None:
    """
    It goes on too when a person was already waited for.
    """
    desk = Desk()
    desk.tell(parcel())
    desk.put("tracking", state=S.HELD)
    desk.tell(paid(1))

    assert ("tracking", S.PENDING, None) in desk.live()


def test_parcel_of_an_order_that_is_not_ours() -> None:
    """
    A parcel does not make ours an order that is older than `since`.
    """
    desk = Desk(since=second(100))
    desk.tell(parcel())
    desk.tell(paid(200, created_at=second(9)))
    desk.tell(paid(201, created_at=second(9)))

    assert [("tracking", 1, S.CANCELLED, "not_ours")] == desk.shown()


def test_parcel_asks_nobody_before_its_order() -> None:
    """
    A question about shipping is put when the order is known to be ours.
    """
    text = EVERY.replace("when: fulfilled", "when: shipped")
    desk = Desk(text, since=second(100))
    desk.tell(parcel())

    assert ("sent", S.HELD, "asked") not in desk.live()

    desk.tell(paid(200, created_at=second(9)))

    assert set() == desk.live()


def test_parcel_before_its_order_whose_rule_needs_the_order() -> None:
    """
    A condition over the order does not hide the parcel that waits for it.
    """
    text = RAYO.replace(
        "parcels[?tracking_number]\n    call", "lines\n    call"
    )
    desk = Desk(text)
    desk.tell(parcel())

    assert {("tracking", S.WAITING, "order_not_seen")} == desk.live()


def test_every_rule_of_parcels_waits_for_the_order() -> None:
    """
    All calls that a parcel alone can wake wait, and no question is put.
    """
    text = YUJU + (
        "  noted:\n    when: shipped\n    call: set_status\n"
        "    body:\n      id_order: = id\n      id_channel: 1\n"
        "      status: delivered\n"
        "  told:\n    when: shipped\n    ask: Tell {name}.\n"
    )
    desk = Desk(text)
    desk.tell(parcel())

    assert {
        ("shipped", S.WAITING, "order_not_seen"),
        ("noted", S.WAITING, "order_not_seen"),
    } == desk.live()


def test_another_parcel_waits_anew_after_the_first_is_gone() -> None:
    """
    A parcel that is taken back withdraws the wait, and the next one waits.
    """
    desk = Desk(YUJU)
    desk.tell(parcel())
    desk.tell(parcel(gone=True, updated_at=second(2)))
    desk.tell(parcel("GUIA2"))

    assert [
        ("shipped", 1, S.CANCELLED, "not_due"),
        ("shipped", 2, S.WAITING, "order_not_seen"),
    ] == desk.shown()
