"""Orders that change their mind while something is under way."""

import json

from bridge.model import DeliveryState
from tests.end_to_end.rig import Rig, changed

PAID = "shopify-mx-orders-paid-multiline"
WOO_PAID = "woo-mx-order-updated-processing-paid"


def woo(status: str, modified: str) -> bytes:
    order = json.loads(changed(WOO_PAID))
    order["status"] = status
    order["date_modified_gmt"] = modified
    return json.dumps(order).encode()


def test_cancelled_while_the_create_is_under_way(rig: Rig) -> None:
    """
    A cancel that comes while the create is under way asks a person once
    the create's answer, and with it Rayo's id, is there.
    """
    rig.fault("rayo", "delay", operation="create_order", seconds=1)
    rig.send("cafe-mx", PAID)
    rig.worker.step()
    (create,) = [d for d in rig.deliveries() if d.rule == "create"]
    cancelled = changed(
        PAID,
        cancelled_at="2026-11-20T18:10:00-06:00",
        updated_at="2026-11-20T18:10:00-06:00",
    )
    while rig.journal.delivery(create.id).state is not DeliveryState.SENDING:  # type: ignore[union-attr]
        rig.worker.step()
    rig.send("cafe-mx", PAID, topic="orders/cancelled", body=cancelled)
    rig.settle()

    states = rig.states()
    (asked,) = [d for d in rig.deliveries() if d.reason == "asked"]
    story = rig.journal.story("cafe-mx", "6301458923713")
    assert story is not None
    assert states["cafe-mx-rayo/create"] == "succeeded"
    assert story.links[0].value in asked.reason_text


def test_cancelled_before_its_turn(rig: Rig) -> None:
    """What was planned and not sent is withdrawn by a cancel."""
    rig.admin("POST", "/targets/rayo-mx/pause", reason="stocktaking")
    rig.send("cafe-mx", PAID)
    rig.settle_planning()
    cancelled = changed(
        PAID,
        cancelled_at="2026-11-20T18:10:00-06:00",
        updated_at="2026-11-20T18:10:00-06:00",
    )
    rig.send("cafe-mx", PAID, topic="orders/cancelled", body=cancelled)
    rig.settle_planning()
    rig.admin("POST", "/targets/rayo-mx/resume", reason="done")
    rig.settle()

    states = rig.states()
    assert states["cafe-mx-rayo/create"] == "cancelled:order_cancelled"
    assert states["cafe-mx-rayo/cancelled"] == "cancelled:never_created"
    assert rig.arrivals("create_order") == []


def test_comes_back_before_anything_was_sent(rig: Rig) -> None:
    """
    A WooCommerce order that comes back after its cancel is created, when
    nothing had gone out before.
    """
    rig.send(
        "artesanias-mx", WOO_PAID, body=woo("cancelled", "2026-11-20T20:00:00")
    )
    rig.settle()
    rig.send(
        "artesanias-mx",
        WOO_PAID,
        body=woo("processing", "2026-11-20T21:00:00"),
    )
    rig.settle()

    assert rig.states()["artesanias-mx-rayo/create"] == "succeeded"


def test_comes_back_after_the_cancel_was_told(rig: Rig) -> None:
    """
    Where the target heard of the cancel, a person is asked before it hears
    that the order came back.
    """
    for status, hour in (
        ("processing", 19),
        ("cancelled", 20),
        ("processing", 21),
    ):
        body = woo(status, f"2026-11-20T{hour}:30:00")
        rig.send("artesanias-mx", WOO_PAID, body=body)
        rig.settle()

    statuses = [a["keys"]["status"] for a in rig.arrivals("set_status")]
    held = [d for d in rig.deliveries() if d.reason == "came_back"]
    assert statuses == ["ready_to_ship", "canceled"]
    assert [(d.mapping, d.rule) for d in held] == [
        ("artesanias-mx-yuju", "ready")
    ]

    rig.admin(
        "POST",
        f"/deliveries/{held[0].id}/resolve",
        decision="resend",
        reason="paid after all",
    )
    rig.settle()

    statuses = [a["keys"]["status"] for a in rig.arrivals("set_status")]
    assert statuses == ["ready_to_ship", "canceled", "ready_to_ship"]
