"""Once or again: how often a rule fires."""

from typing import Any

import pytest

from bridge.model import (
    DeliveryState,
    Kind,
    Urgency,
)
from bridge.orders.order import (
    Line,
    Snapshot,
)
from tests.mapping.plan.desk import (
    CREATED,
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


def test_unpaid_order_asks_for_nothing() -> None:
    """
    While its moment does not hold, a rule plans nothing.
    """
    assert NOTHING == Desk().tell(body(1))


def test_paid_order_is_created_once() -> None:
    """
    A rule that may not be repeated fires once, however often it is told.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(paid(1))
    desk.succeed("create")
    desk.tell(paid(2, note="edited"))

    assert [CREATED] == desk.shown()


def test_condition_must_hold_besides() -> None:
    """
    With nothing to ship there is nothing to create.
    """
    lines = (Line(id="1", sku="PDF", quantity=1),)

    assert NOTHING == Desk().tell(paid(1, lines=lines))


def test_delivery_says_what_it_is() -> None:
    """
    A new delivery has its lane, place, effect key and due time.
    """
    desk = Desk()
    desk.tell(paid(1))
    (delivery,) = desk.deliveries

    assert (
        "rayo/create_order/shop/5678",
        "rayo/shop/5678",
        "shop-target/001/000001",
        "create_order",
        Kind.CALL,
        False,
        True,
        desk.now,
        desk.mapping.hash,
    ) == (
        delivery.effect_key,
        delivery.lane,
        delivery.place,
        delivery.operation,
        delivery.kind,
        delivery.repeatable,
        delivery.blocks,
        delivery.due_at,
        delivery.mapping_hash,
    )


def test_equal_repeatable_costs_nothing() -> None:
    """
    A call that would say the same again is not planned again.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")

    assert NOTHING == desk.tell(paid(2, note="edited"))
    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_other_repeatable_is_the_next_generation() -> None:
    """
    A call that would say something else is made again.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.succeed("tracking")
    desk.tell(paid(3, parcels=(parcel("A"), parcel("B"))))

    assert [
        CREATED,
        ("tracking", 1, S.SUCCEEDED, None),
        ("tracking", 2, S.PENDING, None),
    ] == desk.shown()


def test_unsent_repeatable_is_not_planned_twice() -> None:
    """
    What was not sent yet is rendered when it is: one delivery is enough.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1, parcels=(parcel("A"),)))

    assert NOTHING == desk.tell(paid(2, parcels=(parcel("A", carrier="DHL"),)))


@pytest.mark.parametrize("state", [S.CLAIMED, S.SENDING, S.SETTLING])
def test_change_while_a_repeatable_is_in_flight(state: DeliveryState) -> None:
    """
    What a worker holds, or may have sent, may say the old thing: the new
    one follows, once.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.put("tracking", state=state)
    desk.tell(paid(3, parcels=(parcel("B"),)))
    desk.tell(paid(3, parcels=(parcel("B"),)))

    assert [
        CREATED,
        ("tracking", 1, state, None),
        ("tracking", 2, S.PENDING, None),
    ] == desk.shown()


def carrier(name: str, number: int) -> Snapshot:
    """Return the body of a shipped order, as of the minute *number*."""
    return paid(number, parcels=(parcel("A", carrier=name),))


def told_yuju() -> Desk:
    """Return a desk whose target knows of DHL, and waits to hear of UPS."""
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")
    desk.tell(carrier("DHL", 2))
    desk.succeed("shipped")
    desk.tell(carrier("UPS", 3))
    return desk


def test_change_that_is_taken_back_is_not_sent() -> None:
    """
    What waits and would say what the target has is `unchanged` at once;
    what says something else again is planned anew.
    """
    desk = told_yuju()
    desk.tell(carrier("DHL", 4))

    assert ("shipped", 2, S.UNCHANGED, "unchanged") == desk.shown()[-1]

    desk.tell(carrier("UPS", 5))

    assert ("shipped", 3, S.PENDING, None) == desk.shown()[-1]


def test_taken_back_while_the_change_is_under_way() -> None:
    """
    The target may have heard of the change by now: it hears the old again.
    """
    desk = told_yuju()
    desk.put("shipped", state=S.SENDING)
    desk.tell(carrier("FedEx", 4))
    desk.tell(carrier("DHL", 5))

    assert [
        ("shipped", 2, S.SENDING, None),
        ("shipped", 3, S.PENDING, None),
    ] == desk.shown()[-2:]


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("shipped", {"forced": True}),
        ("shipped", {"state": S.SETTLING}),
    ],
)
def test_what_must_be_sent_is_not_taken_back(
    rule: str, changes: dict[str, Any]
) -> None:
    """
    A person wants it sent, or nobody knows what the target has.
    """
    desk = told_yuju()
    desk.put(rule, **changes)
    desk.tell(carrier("DHL", 4))

    assert S.UNCHANGED not in {state for _r, _g, state, _why in desk.shown()}


def test_doubt_about_an_earlier_call_takes_nothing_back() -> None:
    """
    A call of the same kind may have come late, and undone what was applied
    after it: what the order asks for is said again.
    """
    desk = told_yuju()
    ready = desk.newest("ready")
    desk.put("ready", in_doubt=True, moved=ready.moved)
    desk.tell(carrier("DHL", 4))

    assert ("shipped", 2, S.PENDING, None) == desk.shown()[-1]


def test_second_look_sends_nothing_again() -> None:
    """
    A look that nothing was told for does not repeat what was done.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.succeed("tracking")

    assert NOTHING == desk.look()


def test_dead_repeatable_is_superseded_by_a_newer_order() -> None:
    """
    What was refused is tried again once the order says something else.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.succeed("tracking")
    desk.put("tracking", state=S.DEAD, request_hash=None)

    assert NOTHING == desk.tell(paid(3, parcels=(parcel("A"),), note="x"))
    assert NOTHING == desk.look()

    desk.tell(paid(4, parcels=(parcel("B"),)))

    assert [
        CREATED,
        ("tracking", 1, S.SUPERSEDED, "newer_order"),
        ("tracking", 2, S.PENDING, None),
    ] == desk.shown()


def test_dead_create_is_not_tried_again() -> None:
    """
    A create that was refused waits for a person, whatever changes.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.DEAD, reason="http_422")

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_persons_cancel_of_a_create_stays() -> None:
    """
    A create that a person withdrew does not come back.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.CANCELLED, reason="operator")

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_persons_cancel_of_a_repeatable_stays() -> None:
    """
    A call that a person withdrew unsent does not come back.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.CANCELLED, reason="operator")

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_persons_cancel_of_a_request_is_for_that_request() -> None:
    """
    A refused request that a person withdrew stays; another one is made.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.succeed("tracking")
    desk.put(
        "tracking", state=S.CANCELLED, reason="operator", request_hash=None
    )

    assert NOTHING == desk.tell(paid(3, parcels=(parcel("A"),), note="x"))

    desk.tell(paid(4, parcels=(parcel("B"),)))

    assert {("tracking", S.PENDING, None)} == desk.live()


def test_settled_by_a_person_is_told_of_a_newer_order() -> None:
    """
    What a person marked as done is sent again when the order changes.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.put("tracking", state=S.SUCCEEDED, reason="operator")

    assert NOTHING == desk.look()

    desk.tell(paid(3, parcels=(parcel("B"),)))

    assert {("tracking", S.PENDING, None)} == desk.live()


@pytest.mark.parametrize(
    ("text", "told", "urgencies"),
    [
        (RAYO, paid(1), [("create", Urgency.CREATE)]),
        (
            RAYO,
            paid(1, parcels=(parcel(),)),
            [("create", Urgency.CREATE), ("tracking", Urgency.STATE)],
        ),
        (YUJU, paid(1), [("ready", Urgency.STATE)]),
        (YUJU, cancelled(1), [("cancelled", Urgency.CANCEL)]),
    ],
)
def test_cancel_is_more_urgent_than_create_than_state(
    text: str, told: Snapshot, urgencies: list[tuple[str, Urgency]]
) -> None:
    """
    A cancel may still stop a parcel, and nothing happens before a create.
    """
    desk = Desk(text)
    desk.tell(told)

    assert urgencies == [(d.rule, d.urgency) for d in desk.deliveries]


def test_delivery_says_whose_it_is() -> None:
    """
    A new delivery has its store and order, and waits for dead ones.
    """
    desk = Desk()
    desk.tell(paid(1))
    (delivery,) = desk.deliveries

    assert ("shop", "5678", False) == (
        delivery.store,
        delivery.order_id,
        delivery.skips_dead,
    )


def test_file_may_let_a_dead_one_be_skipped() -> None:
    """
    With `on_dead: skip` it holds back later ones, but not once it is dead.
    """
    desk = Desk(YUJU.replace("when: ready", "when: ready\n    on_dead: skip"))
    desk.tell(paid(1))
    (delivery,) = desk.deliveries

    assert delivery.blocks
    assert delivery.skips_dead


def test_question_is_named_as_one() -> None:
    """
    A question is no call of the target, and its key says so.
    """
    desk = created()
    desk.tell(cancelled(2))
    asked = desk.newest("cancelled")

    assert ("ask", "rayo/ask/shop/5678/cancelled", Kind.ASK) == (
        asked.operation,
        asked.effect_key,
        asked.kind,
    )


@pytest.mark.parametrize("state", [S.CLAIMED, S.SENDING])
def test_repetition_plans_nothing_while_it_is_under_way(
    state: DeliveryState,
) -> None:
    """
    A webhook that says nothing new asks for nothing new.
    """
    desk = Desk(EVERY)
    desk.tell(paid(1))
    desk.put("confirm", state=state)

    assert NOTHING == desk.tell(paid(1))


def test_look_plans_nothing_of_what_a_person_closed() -> None:
    """
    One that a person called done is not sent by a second look.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.SUCCEEDED, reason="operator")

    assert NOTHING == desk.look()
    assert NOTHING == desk.tell(paid(1))
