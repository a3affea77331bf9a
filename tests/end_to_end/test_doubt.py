"""Calls whose answers were lost, and what the targets say of them."""

import json
import re
import time
from typing import Any

from click.testing import CliRunner

from bridge.cli import cli
from bridge.model import SECOND, Delivery, DeliveryState
from bridge.web.shapes import iso
from tests.end_to_end.rig import TOKEN, Rig, changed

S = DeliveryState
ON_DELIVERY = "shopify-co-orders-create-cod-no-phone"
PAID = "shopify-mx-orders-paid-multiline"
SHIPPED = "shopify-mx-orders-fulfilled-two-shipments"
CREATE = """
  create:
    when: ready
    call: create_order
    body:
      status: CONFIRMED
      referenceId: = id
      referenceUrl: = url
      sellingPriceCents: = cents(total)
    remember:
      every_order: split(name, '/') | [-1]
  noted:
    when: ready
    call: update_order
    path: {id: "= links.every_order"}
    body: {order: {notes: all is well}}
"""
PROVES = "proves_absence: [create_order]"
SETTLE = "settle: 3"


def applied(rig: Rig, operation: str) -> list[dict[str, Any]]:
    return [a for a in rig.arrivals(operation) if a["applied"]]


def one(rig: Rig, rule: str) -> Delivery:
    (found,) = [d for d in rig.deliveries() if d.rule == rule]
    return found


def tries(rig: Rig, rule: str) -> list[tuple[str, str | None]]:
    attempts = rig.journal.attempts(one(rig, rule).id)
    return [(one.operation, one.outcome) for one in attempts]


def until(rig: Rig, rule: str, *states: DeliveryState) -> Delivery:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        rig.worker.step()
        found = [d for d in rig.deliveries() if d.rule == rule]
        if found and found[-1].state in states:
            return found[-1]
        time.sleep(0.005)
    message = f"{rule} is not {states}: {rig.states()}"
    raise AssertionError(message)


def look_ups(rig: Rig, rule: str, count: int) -> Delivery:
    """Let time pass until the delivery was looked up so often."""
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        found = one(rig, rule)
        if found.lookups >= count or found.state is not S.UNCERTAIN:
            return found
        if not rig.worker.step() and found.due_at is not None:
            rig.later(1 * SECOND)
        time.sleep(0.005)
    message = f"not looked up: {rig.states()}"
    raise AssertionError(message)


# ------------------------------------------------------------ Every's create


def test_create_whose_answer_was_lost_is_adopted(rig: Rig) -> None:
    """
    A create that Every has although its answer was lost is found by its
    reference, and its id serves the calls that follow.
    """
    rig.map_to_every(CREATE)
    rig.restart()
    rig.fault("every", "drop_answer_after_apply", operation="create_order")
    rig.send("chocolate-co", ON_DELIVERY)
    until(rig, "noted", S.SUCCEEDED)

    (made,) = applied(rig, "create_order")
    (noted,) = applied(rig, "update_order")
    create = one(rig, "create")
    story = rig.journal.story(create.store, create.order_id)
    assert story is not None
    assert (create.state, create.reason) == (S.SUCCEEDED, "found")
    assert [(link.name, link.value, link.source) for link in story.links] == [
        ("every_order", made["made"], "lookup")
    ]
    assert noted["keys"]["id"] == made["made"]
    assert len(made["keys"]["idempotency_key"]) == 32
    assert "idempotency_key" not in noted["keys"]
    assert tries(rig, "create") == [
        ("create_order", "maybe"),
        ("list_orders", "found"),
    ]


def test_create_that_is_not_shown_waits_for_a_person(rig: Rig) -> None:
    """
    What Every does not show is not sent again: nobody has said that it
    shows all it has. The story says what was sent and what was asked.
    """
    rig.map_to_every(CREATE)
    rig.restart()
    rig.fault("every", "drop_before_apply", operation="create_order")
    rig.send("chocolate-co", ON_DELIVERY)
    until(rig, "create", S.UNCERTAIN)
    create = look_ups(rig, "create", 4)

    _, shown = rig.admin("GET", f"/deliveries/{create.id}")
    assert (create.state, create.reason) == (S.UNCERTAIN, "not_found")
    assert create.where == {"after": "protocol", "looked_up": 4}
    assert create.absences == 4
    assert create.request["body"]["referenceId"] == create.order_id
    assert shown["lookups"] == 4
    assert shown["due_at"] is not None
    assert len(rig.arrivals("create_order")) == 1
    assert one(rig, "noted").state is S.PENDING


def test_person_reads_what_was_asked(rig: Rig) -> None:
    """
    Console, admin API and command line say what was sent, how far it got,
    what the target said of it and when it is asked next.
    """
    rig.map_to_every(CREATE)
    rig.restart()
    rig.fault("every", "drop_before_apply", operation="create_order")
    rig.send("chocolate-co", ON_DELIVERY)
    until(rig, "create", S.UNCERTAIN)
    create = look_ups(rig, "create", 2)
    assert create.due_at is not None

    rig.web.post("/console/login", data={"token": TOKEN})
    address = f"/console/deliveries/{create.id}"
    hides = rig.web.get(address).text
    token = re.search(r'name="form_token" value="([^"]+)"', hides)
    assert token is not None
    page = rig.web.post(
        f"{address}/reveal", data={"form_token": token[1]}
    ).text
    _, api = rig.admin("GET", f"/deliveries/{create.id}")
    command = ["deliveries", "show", str(create.id)]
    told = CliRunner().invoke(cli, command, env=rig.environ).output

    sent = create.request["body"]["referenceId"]
    for text in (page, told, str(api)):
        assert sent in text
        assert "does not show it" in text
        assert "list_orders" in text
    assert "it was being sent" in page
    assert "not found there" in page
    assert "writing" in told
    assert "writing" in str(api)
    assert "Times the target was asked about it</dt><dd>2</dd>" in page
    assert iso(create.due_at) == api["due_at"]
    assert "2 times, and is again when due" in told
    assert ["maybe", "absent", "absent"] == [
        one["outcome"] for one in api["tries"]
    ]


def test_absence_that_the_vendor_vouches_for(rig: Rig) -> None:
    """
    Where the vendor has confirmed that its list shows all, the create is
    sent again after the third look in a row that did not show it: once.
    """
    rig.map_to_every(CREATE)
    rig.restart(every_co=PROVES)
    rig.fault("every", "drop_before_apply", operation="create_order")
    rig.send("chocolate-co", ON_DELIVERY)
    until(rig, "create", S.UNCERTAIN)
    look_ups(rig, "create", 3)
    until(rig, "noted", S.SUCCEEDED)

    assert tries(rig, "create") == [
        ("create_order", "maybe"),
        ("list_orders", "absent"),
        ("list_orders", "absent"),
        ("list_orders", "absent"),
        ("create_order", "applied"),
    ]
    assert len(applied(rig, "create_order")) == 1


def test_page_that_can_not_be_read_proves_nothing(rig: Rig) -> None:
    """
    A look-up that fails is no absence: nothing is counted, and it is made
    again later.
    """
    rig.map_to_every(CREATE)
    rig.restart(every_co=PROVES)
    rig.fault("every", "drop_before_apply", operation="create_order")
    rig.fault("every", "error", operation="list_orders", times=2)
    rig.send("chocolate-co", ON_DELIVERY)
    until(rig, "create", S.UNCERTAIN)
    for _ in range(200):
        if one(rig, "create").reason == "not_looked_up":
            break
        rig.worker.step()
        time.sleep(0.005)
    failed = one(rig, "create")
    after = look_ups(rig, "create", 1)

    assert (failed.state, failed.lookups, failed.attempts) == (
        S.UNCERTAIN,
        0,
        1,
    )
    assert failed.where == {"after": "protocol", "last": "http_503"}
    assert (after.reason, after.absences) == ("not_found", 1)
    assert after.where["after"] == "protocol"


def test_rule_that_is_gone_still_teaches(rig: Rig) -> None:
    """
    The file that sent it may be another one by now: what is found is read
    as that one said.
    """
    rig.map_to_every(CREATE)
    rig.restart()
    rig.fault("every", "drop_answer_after_apply", operation="create_order")
    rig.fault("every", "error", operation="list_orders", times=1)
    rig.send("chocolate-co", ON_DELIVERY)
    until(rig, "create", S.UNCERTAIN)
    rig.map_to_every(CREATE.replace("create:", "made:", 1))
    rig.restart()
    look_ups(rig, "create", 1)

    create = one(rig, "create")
    story = rig.journal.story(create.store, create.order_id)
    assert story is not None
    assert create.state is S.SUCCEEDED
    assert [link.name for link in story.links] == ["every_order"]


def test_operator_decides_during_a_look_up(rig: Rig) -> None:
    """
    What a person decides while the target is asked stands.
    """
    rig.map_to_every(CREATE)
    rig.restart()
    rig.fault("every", "drop_answer_after_apply", operation="create_order")
    rig.fault("every", "delay", operation="list_orders", seconds=0.5)
    rig.send("chocolate-co", ON_DELIVERY)
    until(rig, "create", S.UNCERTAIN)
    while not rig.arrivals("list_orders"):
        rig.worker.step()
        time.sleep(0.005)
    status, _ = rig.admin(
        "POST",
        f"/deliveries/{one(rig, 'create').id}/resolve",
        decision="cancel",
        reason="the customer called",
    )
    rig.settle()
    time.sleep(0.7)

    create = one(rig, "create")
    assert status == 200
    assert (create.state, create.reason) == (S.CANCELLED, "operator")
    assert len(rig.arrivals("create_order")) == 1


def test_second_one_that_was_wanted_is_told_from_the_first(rig: Rig) -> None:
    """
    When a person forces a second create and its answer is lost, the first
    one, which carries the same reference, is not taken for it.
    """
    rig.map_to_every(CREATE)
    rig.restart()
    rig.send("chocolate-co", ON_DELIVERY)
    until(rig, "noted", S.SUCCEEDED)
    rig.fault("every", "drop_before_apply", operation="create_order")
    rig.admin(
        "POST",
        f"/deliveries/{one(rig, 'create').id}/redeliver",
        reason="the first one got lost",
        force=True,
    )
    until(rig, "create", S.UNCERTAIN)
    create = look_ups(rig, "create", 1)

    assert (create.state, create.reason) == (S.UNCERTAIN, "not_found")


# ---------------------------------------------------------- repeatable calls


def test_patch_whose_answer_was_lost_is_not_sent_again(rig: Rig) -> None:
    """
    Rayo's order shows the tracking, so the PATCH whose answer was lost is
    done, without a second one.
    """
    rig.fault("rayo", "drop_answer_after_apply", operation="update_delivery")
    rig.send("cafe-mx", SHIPPED)
    tracking = until(rig, "tracking", S.SETTLING, S.SUCCEEDED)
    rig.later(10 * SECOND)
    tracking = until(rig, "tracking", S.SUCCEEDED)

    assert tracking.reason == "found"
    assert len(rig.arrivals("update_delivery")) == 1
    assert tries(rig, "tracking") == [
        ("update_delivery", "maybe"),
        ("get_order", "found"),
    ]


def test_patch_that_was_lost_is_sent_again(rig: Rig) -> None:
    """
    Rayo's order does not show the tracking, so the PATCH is sent again.
    """
    rig.restart(rayo_mx=SETTLE)
    rig.fault("rayo", "drop_before_apply", operation="update_delivery")
    rig.send("cafe-mx", SHIPPED)
    until(rig, "tracking", S.SETTLING)
    rig.later(10 * SECOND)
    until(rig, "tracking", S.SUCCEEDED)

    assert tries(rig, "tracking") == [
        ("update_delivery", "maybe"),
        ("get_order", "absent"),
        ("update_delivery", "applied"),
    ]


def test_patch_that_would_say_something_else_is_not_asked_about(
    rig: Rig,
) -> None:
    """
    When the order changed since, what it asks for now is sent at once.
    """
    rig.restart(rayo_mx=SETTLE)
    rig.fault("rayo", "drop_answer_after_apply", operation="update_delivery")
    rig.send("cafe-mx", SHIPPED)
    until(rig, "tracking", S.SETTLING)
    body = other_guide()
    rig.send("cafe-mx", SHIPPED, topic="orders/updated", body=body)
    rig.settle_planning()
    rig.later(10 * SECOND)
    rig.settle()

    (order,) = rig.record()["applied"]["rayo"]["orders"].values()
    assert "OTHER" in order["shown"]["rastreo_numero"]
    assert rig.arrivals("get_order") == []
    assert len(rig.arrivals("update_delivery")) == 2


def other_guide() -> bytes:
    order = json.loads(
        changed(SHIPPED, updated_at="2026-11-28T12:00:00-06:00")
    )
    for parcel in order["fulfillments"]:
        parcel["tracking_number"] = "OTHER"
        parcel["tracking_numbers"] = ["OTHER"]
        parcel["updated_at"] = "2026-11-28T12:00:00-06:00"
    return json.dumps(order).encode()


def test_yuju_no_longer_offers_the_move(rig: Rig) -> None:
    """
    A change of state whose answer was lost is done when Yuju does not
    offer it any more; all requests keep to the limit.
    """
    rig.fault("yuju", "drop_answer_after_apply", operation="set_status")
    rig.send("cafe-mx", PAID)
    until(rig, "ready", S.SETTLING, S.SUCCEEDED)
    rig.later(30 * SECOND)
    ready = until(rig, "ready", S.SUCCEEDED)

    assert ready.reason == "found"
    assert len(rig.arrivals("set_status")) == 1
    assert rig.record()["violations"] == []


def test_yuju_still_offers_the_move(rig: Rig) -> None:
    """
    A change of state that did not arrive is still offered, and sent again.
    """
    rig.restart(yuju_mx=SETTLE)
    rig.fault("yuju", "drop_before_apply", operation="set_status")
    rig.send("cafe-mx", PAID)
    until(rig, "ready", S.SETTLING)
    rig.later(30 * SECOND)
    until(rig, "ready", S.SUCCEEDED)

    assert tries(rig, "ready") == [
        ("set_status", "maybe"),
        ("get_order", "absent"),
        ("set_status", "applied"),
    ]


def test_look_ups_that_are_switched_off(rig: Rig) -> None:
    """
    With `look_ups: false` a call that may be repeated is, without asking.
    """
    rig.restart(yuju_mx=f"{SETTLE}\n  look_ups: false")
    rig.fault("yuju", "drop_answer_after_apply", operation="set_status")
    rig.send("cafe-mx", PAID)
    until(rig, "ready", S.SETTLING)
    rig.later(30 * SECOND)
    until(rig, "ready", S.SUCCEEDED)

    assert rig.arrivals("get_order") == []
    assert len(rig.arrivals("set_status")) == 2
