"""The whole road: a store's webhook to the right calls, each once."""

import hashlib
import json
import threading
import time
from typing import Any

from bridge.journal.protocol import TargetRow
from bridge.model import DeliveryState
from tests.end_to_end.rig import ROOT, Rig, changed

PAID = "shopify-mx-orders-paid-multiline"
SHIPPED = "shopify-mx-orders-fulfilled-two-shipments"
PARCEL = "shopify-mx-fulfillments-create"
ON_DELIVERY = "shopify-co-orders-create-cod-no-phone"
WOO_PAID = "woo-mx-order-updated-processing-paid"
WOO_DELETED = "woo-order-deleted"


def applied(rig: Rig, operation: str) -> list[dict[str, Any]]:
    return [a for a in rig.arrivals(operation) if a["applied"]]


def test_samples_are_the_ones_of_the_project() -> None:
    """Every sample has the headers that it arrives with."""
    folder = ROOT / "mappings" / "samples"
    headers = json.loads((folder / "_headers.json").read_text())

    names = {path.stem for path in folder.glob("[!_]*.json")}

    assert {name for name in headers if not name.startswith("_")} == names


def test_paid_order_is_created_at_rayo_and_told_to_yuju(rig: Rig) -> None:
    """A paid order is created at Rayo once, and Yuju hears that it is ready."""
    assert rig.send("cafe-mx", PAID) == 200
    assert rig.send("cafe-mx", PAID) == 200

    rig.settle()

    assert rig.states() == {
        "cafe-mx-rayo/create": "succeeded",
        "cafe-mx-yuju/ready": "succeeded",
    }
    assert len(applied(rig, "create_order")) == 1
    assert len(applied(rig, "set_status")) == 1


def test_event_is_on_disk_byte_for_byte(rig: Rig) -> None:
    """What the journal keeps of a webhook is what the store sent."""
    body = changed(PAID, note="¡feliz día! ❤ </script>")

    rig.send("cafe-mx", PAID, body=body)

    (event,) = rig.events()
    assert event.body == body
    assert event.sha256 == hashlib.sha256(body).hexdigest()


def test_same_webhook_in_parallel(rig: Rig) -> None:
    """The same webhook fifty times at once is one event and one effect."""
    statuses: list[int] = []
    barrier = threading.Barrier(50)

    def send() -> None:
        barrier.wait()
        statuses.append(rig.send("cafe-mx", PAID))

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rig.settle()

    assert [200] * 50 == statuses
    assert len(rig.events()) == 1
    assert len(applied(rig, "create_order")) == 1


def test_fulfilled_before_paid(rig: Rig) -> None:
    """
    When `fulfilled` comes first, the create goes out, then the tracking
    with the id that the create returned; the late `paid` changes nothing.
    """
    rig.send("cafe-mx", SHIPPED)
    rig.settle()
    rig.send("cafe-mx", PAID)
    rig.settle()

    (create,) = applied(rig, "create_order")
    (tracking,) = applied(rig, "update_delivery")
    story = rig.journal.story("cafe-mx", "6301458923713")
    assert story is not None
    (link,) = [link for link in story.links if link.name == "rayo_order"]
    assert create["at"] <= tracking["at"]
    assert tracking["keys"]["orderId"] == link.value
    assert [a["keys"]["status"] for a in applied(rig, "set_status")] == [
        "ready_to_ship",
        "shipped",
    ]


def test_cancelled_before_paid(rig: Rig) -> None:
    """An order whose cancel is seen first is never created."""
    cancelled = changed(
        PAID,
        cancelled_at="2026-11-20T18:10:00-06:00",
        updated_at="2026-11-20T18:10:00-06:00",
        financial_status="voided",
    )
    rig.send("cafe-mx", PAID, topic="orders/cancelled", body=cancelled)
    rig.settle()
    rig.send("cafe-mx", PAID)
    rig.settle()

    assert applied(rig, "create_order") == []
    assert "cafe-mx-rayo/create" not in rig.states()
    assert "cafe-mx-rayo/cancelled" not in rig.states()


def test_cancelled_after_create_asks_a_person(rig: Rig) -> None:
    """Rayo has no cancel call, so a person is asked, with Rayo's own id."""
    rig.send("cafe-mx", PAID)
    rig.settle()
    cancelled = changed(
        PAID,
        cancelled_at="2026-11-20T18:10:00-06:00",
        updated_at="2026-11-20T18:10:00-06:00",
    )
    rig.send("cafe-mx", PAID, topic="orders/cancelled", body=cancelled)
    rig.settle()

    (asked,) = [d for d in rig.deliveries() if d.rule == "cancelled"
                and d.mapping == "cafe-mx-rayo"]  # fmt: skip
    story = rig.journal.story("cafe-mx", "6301458923713")
    assert story is not None
    assert (asked.state, asked.reason) == (DeliveryState.HELD, "asked")
    assert story.links[0].value in asked.reason_text


def test_lost_answer_of_a_create(rig: Rig) -> None:
    """
    A create whose answer is lost after it was applied is uncertain, and not
    sent again; once a person says that it exists, the tracking follows.
    """
    rig.fault("rayo", "drop_answer_after_apply", operation="create_order")
    rig.send("cafe-mx", SHIPPED)
    rig.settle()

    assert rig.states()["cafe-mx-rayo/create"].startswith("uncertain")
    assert rig.states()["cafe-mx-rayo/tracking"] == "pending"
    assert len(applied(rig, "create_order")) == 1

    (uncertain,) = [d for d in rig.deliveries() if d.rule == "create"]
    rayo = next(iter(rig.record()["applied"]["rayo"]["orders"]))
    status, _ = rig.admin(
        "POST",
        f"/deliveries/{uncertain.id}/resolve",
        decision="exists",
        links={"rayo_order": rayo},
        reason="seen in Rayo's panel",
    )
    rig.settle()

    assert status == 200
    assert rig.states()["cafe-mx-rayo/tracking"] == "succeeded"
    assert len(applied(rig, "create_order")) == 1


def test_create_whose_answer_can_not_be_read(rig: Rig) -> None:
    """
    A create that was done, but whose id can not be read, is uncertain: it
    is not sent again, and a person finds it.
    """
    rig.fault("rayo", "broken_json", operation="create_order")
    rig.send("cafe-mx", PAID)
    rig.settle()

    state = rig.states()["cafe-mx-rayo/create"]
    assert state == "uncertain:answer_unreadable"
    assert len(applied(rig, "create_order")) == 1


def test_storm_of_updates(rig: Rig) -> None:
    """Updates that change nothing that a rule sends cost no call."""
    rig.send("cafe-mx", PAID)
    rig.settle()
    for number in range(20):
        body = changed(
            PAID, tags=f"t{number}", updated_at=f"2026-11-20T18:{number + 10}:00-06:00"
        )  # fmt: skip
        rig.send("cafe-mx", PAID, topic="orders/updated", body=body,
                 webhook_id=f"u{number}")  # fmt: skip
    rig.settle()

    assert len(rig.arrivals("create_order")) == 1
    assert len(rig.arrivals("set_status")) == 1


def test_changed_after_create(rig: Rig) -> None:
    """An address that changed after the create is put to a person."""
    rig.send("cafe-mx", PAID)
    rig.settle()
    order = json.loads(changed(PAID, updated_at="2026-11-20T18:20:00-06:00"))
    order["shipping_address"]["address1"] = "Av. Álvaro Obregón \u2060200"
    rig.send(
        "cafe-mx",
        PAID,
        topic="orders/updated",
        body=json.dumps(order).encode(),
    )
    rig.settle()

    (question,) = [d for d in rig.deliveries() if d.reason == "changed"]
    assert question.where["fields"] == ["consumidor_destino.no_exterior"]
    assert "200" not in question.reason_text


def test_cash_on_delivery_confirms_what_every_imported(rig: Rig) -> None:
    """
    Every's order is found by look-up, and a COD order asks for what is
    outstanding, in cents.
    """
    rig.import_to_every(referenceId="CO-20377")
    rig.send("chocolate-co", ON_DELIVERY)
    rig.settle()

    (patch,) = applied(rig, "update_order")
    (delivery,) = rig.deliveries()
    assert delivery.state is DeliveryState.SUCCEEDED
    assert delivery.request["body"] == {
        "order": {
            "status": "CONFIRMED",
            "sellingPriceCents": 148830000,
            "cashOnDeliveryRequestCents": 148830000,
        },
        "updateMask": [
            "status",
            "sellingPriceCents",
            "cashOnDeliveryRequestCents",
        ],
    }
    assert patch["method"] == "PATCH"


def test_order_that_every_does_not_have_yet_waits(rig: Rig) -> None:
    """What can not be looked up waits, with the link's name as its reason."""
    rig.send("chocolate-co", ON_DELIVERY)
    rig.settle()

    (delivery,) = rig.deliveries()
    assert delivery.state is DeliveryState.WAITING
    assert (delivery.reason, delivery.where["link"]) == (
        "link_missing",
        "every_order",
    )
    assert delivery.due_at is not None


def test_woo_order_binned_before_anything_was_sent(rig: Rig) -> None:
    """A WooCommerce order that was binned at once is never created."""
    rig.send("artesanias-mx", WOO_PAID)
    rig.send("artesanias-mx", WOO_DELETED)
    rig.settle()

    assert applied(rig, "create_order") == []
    assert "artesanias-mx-rayo/create" not in rig.states()


def test_parcel_before_its_order_waits(rig: Rig) -> None:
    """A parcel that comes before any body of its order waits for it."""
    rig.send("cafe-mx", PARCEL)
    rig.settle()

    assert rig.states()["cafe-mx-rayo/tracking"] == "waiting:order_not_seen"


def test_expired_token_is_renewed(rig: Rig) -> None:
    """A token that Rayo no longer takes is renewed, and nothing is lost."""
    rig.send("cafe-mx", PAID)
    rig.settle()
    rig.fault("rayo", "expired_token", operation="update_delivery")
    rig.send("cafe-mx", SHIPPED)
    rig.settle()

    assert rig.states()["cafe-mx-rayo/tracking"] == "succeeded"
    assert len(rig.arrivals("update_delivery")) == 2


def gate_of(rig: Rig, name: str) -> TargetRow:
    (gate,) = [row for row in rig.journal.targets() if row.name == name]
    return gate


def test_refused_credentials_pause_the_target(rig: Rig) -> None:
    """
    A target that refuses renewed credentials too is paused; no attempt is
    burnt, the other targets run, and resuming sends what waited.
    """
    rig.fault("rayo", "wrong_token", operation="create_order", times=2)
    rig.send("cafe-mx", PAID)
    gate = gate_of(rig, "rayo-mx")
    ends = time.monotonic() + 10
    while not gate.paused and time.monotonic() < ends:
        rig.worker.step()
        time.sleep(0.005)
        gate = gate_of(rig, "rayo-mx")
    (create,) = [d for d in rig.deliveries() if d.rule == "create"]

    assert gate.paused == "credentials_refused"
    assert (create.state, create.attempts) == (DeliveryState.PENDING, 0)

    rig.admin("POST", "/targets/rayo-mx/resume", reason="new key")
    rig.settle()

    assert rig.states() == {
        "cafe-mx-rayo/create": "succeeded",
        "cafe-mx-yuju/ready": "succeeded",
    }


def test_yuju_limit_holds(rig: Rig) -> None:
    """Yuju never sees a third request within one second."""
    for number in range(6):
        body = changed(PAID, id=100 + number, name=f"#{number}")
        rig.send("cafe-mx", PAID, body=body, webhook_id=f"y{number}")
    rig.settle()

    assert len(applied(rig, "set_status")) == 6
    assert rig.record()["violations"] == []


def test_rate_limited_target_is_left_alone(rig: Rig) -> None:
    """A 429 shifts the whole target by its Retry-After, and burns nothing."""
    rig.fault("rayo", "rate_limit", operation="create_order", seconds=1)
    rig.send("cafe-mx", PAID)
    rig.settle()

    (create,) = [d for d in rig.deliveries() if d.rule == "create"]
    first, second = rig.arrivals("create_order")
    assert create.state is DeliveryState.SUCCEEDED
    assert create.attempts == 1
    assert second["at"] - first["at"] >= 1000
