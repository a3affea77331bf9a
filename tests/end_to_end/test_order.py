"""What happens to one order happens in that order's order, and costs little."""

import json
import time
from collections import Counter
from typing import Any

import pytest

from bridge import compose
from bridge.journal.protocol import Lane
from bridge.model import SECOND, Delivery, DeliveryState, Millis, Request
from tests.end_to_end.rig import Rig, changed

S = DeliveryState
PAID = "shopify-mx-orders-paid-multiline"
SHIPPED = "shopify-mx-orders-fulfilled-two-shipments"
STORM = 200


def update(sample: str, number: int, guide: str | None = None) -> bytes:
    """Return the order's body after its *number*th change."""
    at = f"2026-11-28T{8 + number // 60:02d}:{number % 60:02d}:00-06:00"
    order: dict[str, Any] = json.loads(
        changed(sample, updated_at=at, tags=f"change {number}")
    )
    for parcel in order["fulfillments"] if guide else ():
        parcel["tracking_number"] = guide
        parcel["tracking_numbers"] = [guide]
        parcel["updated_at"] = at
    return json.dumps(order).encode()


def storm() -> list[bytes]:
    """Return 200 bodies of one order, of which three say something new."""
    found = []
    for number in range(STORM):
        if number < STORM // 3:
            found.append(update(PAID, number))
        elif number < 2 * STORM // 3:
            found.append(update(SHIPPED, number, "GUIDE-1"))
        else:
            found.append(update(SHIPPED, number, "GUIDE-2"))
    return found


def tell(rig: Rig, body: bytes, number: int = 0) -> None:
    rig.send(
        "cafe-mx",
        PAID,
        topic="orders/updated",
        body=body,
        webhook_id=f"storm-{number}",
    )


def calls(rig: Rig) -> Counter[str]:
    """Return how many calls each target had, but for tokens."""
    return Counter(
        a["api"] for a in rig.record()["arrivals"] if a["operation"] != "auth"
    )


def guide_at_rayo(rig: Rig) -> str | None:
    (order,) = rig.record()["applied"]["rayo"]["orders"].values()
    found: str | None = order["shown"].get("rastreo_numero")
    return found


def statuses(rig: Rig) -> list[str]:
    return [a["keys"]["status"] for a in rig.arrivals("set_status")]


def one(rig: Rig, rule: str) -> Delivery:
    return [d for d in rig.deliveries() if d.rule == rule][-1]


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


# ---------------------------------------------------------------- coalescing


def test_storm_that_comes_faster_than_it_is_worked_off(rig: Rig) -> None:
    """
    Of 200 updates that wait together only what the last one says is sent.
    """
    for number, body in enumerate(storm()):
        tell(rig, body, number)
    rig.settle_planning()
    rig.settle()

    assert calls(rig) == {"rayo": 2, "yuju": 2}
    assert guide_at_rayo(rig) == "GUIDE-2, GUIDE-2"


def test_storm_that_comes_one_by_one(rig: Rig) -> None:
    """
    Of 200 updates that are each worked off, three of which say something
    new, no target hears more than three times.
    """
    for number, body in enumerate(storm()):
        tell(rig, body, number)
        rig.settle()

    assert len(rig.events()) == STORM
    assert calls(rig) == {"rayo": 3, "yuju": 2}
    assert guide_at_rayo(rig) == "GUIDE-2, GUIDE-2"
    assert statuses(rig) == ["ready_to_ship", "shipped"]


def test_storm_while_the_target_is_away(rig: Rig) -> None:
    """
    What changes while a target is away is sent once, as it is in the end.
    """
    tell(rig, update(PAID, 0))
    rig.settle()
    rig.admin("POST", "/targets/rayo-mx/pause", reason="stocktaking")
    for number in range(1, 40):
        tell(rig, update(SHIPPED, number, f"GUIDE-{number}"), number)
        rig.settle_planning()
    rig.admin("POST", "/targets/rayo-mx/resume", reason="done")
    rig.settle()

    assert len(rig.arrivals("update_delivery")) == 1
    assert guide_at_rayo(rig) == "GUIDE-39, GUIDE-39"


# -------------------------------------------------------------------- zombie


def test_late_patch_does_not_stand_over_a_newer_one(rig: Rig) -> None:
    """
    A PATCH that arrives after we gave up on it, within the target's
    `settle`, is overwritten: what is newer waits until it is surely dead.
    """
    rig.restart(rayo_mx="settle: 3")
    tell(rig, update(PAID, 0))
    rig.settle()
    rig.fault("rayo", "late", operation="update_delivery", seconds=3)
    tell(rig, update(SHIPPED, 1, "OLD"), 1)
    until(rig, "tracking", S.SETTLING)
    tell(rig, update(SHIPPED, 2, "NEW"), 2)
    rig.settle(seconds=25)

    arrived = [a["at"] for a in rig.arrivals("update_delivery")]
    assert len(arrived) == 2
    assert guide_at_rayo(rig) == "NEW, NEW"


# ------------------------------------------------------------ what is blocked


def skipping(rig: Rig, **settings: str) -> None:
    path = rig.mappings / "cafe-mx-yuju.yaml"
    text = path.read_text()
    path.write_text(
        text.replace("  ready:\n", "  ready:\n    on_dead: skip\n", 1)
    )
    rig.restart(**settings)


@pytest.mark.parametrize(
    ("skips", "expected"),
    [(True, ["ready_to_ship", "shipped"]), (False, ["ready_to_ship"])],
)
def test_later_call_after_a_dead_one(
    rig: Rig, *, skips: bool, expected: list[str]
) -> None:
    """
    A dead call holds up the later ones of its order at its target, unless
    the file says `on_dead: skip`; other targets go on.
    """
    if skips:
        skipping(rig)
    rig.fault("yuju", "refuse", match={"status": "ready_to_ship"})
    tell(rig, update(SHIPPED, 1, "GUIDE"))
    rig.settle()

    assert one(rig, "ready").state is S.DEAD
    assert statuses(rig) == expected
    assert one(rig, "tracking").state is S.SUCCEEDED


def test_later_call_never_passes_one_that_may_still_go(rig: Rig) -> None:
    """
    `on_dead: skip` is about the dead: what may still be sent goes first.
    """
    skipping(rig, yuju_mx="settle: 3")
    rig.fault("yuju", "drop_before_apply", match={"status": "ready_to_ship"})
    tell(rig, update(SHIPPED, 1, "GUIDE"))
    until(rig, "ready", S.SETTLING)
    for _ in range(50):
        rig.worker.step()
        time.sleep(0.005)
    meanwhile = statuses(rig)
    rig.later(40 * SECOND)
    until(rig, "shipped", S.SUCCEEDED)

    assert meanwhile == ["ready_to_ship"]
    assert statuses(rig) == ["ready_to_ship", "ready_to_ship", "shipped"]


def test_doubt_holds_up_its_own_order_at_its_own_target_only(
    rig: Rig,
) -> None:
    """
    An uncertain create stops its order at that target, and nothing else.
    """
    rig.fault("rayo", "drop_answer_after_apply", operation="create_order")
    tell(rig, update(SHIPPED, 1, "GUIDE"))
    rig.settle()
    other = json.loads(changed(SHIPPED, id=77, name="#77"))
    rig.send(
        "cafe-mx", SHIPPED, body=json.dumps(other).encode(), webhook_id="77"
    )
    rig.settle()

    states = {
        (d.order_id == "77", d.rule): d.state
        for d in rig.deliveries()
        if d.mapping == "cafe-mx-rayo"
    }
    assert states == {
        (False, "create"): S.UNCERTAIN,
        (False, "tracking"): S.PENDING,
        (True, "create"): S.SUCCEEDED,
        (True, "tracking"): S.SUCCEEDED,
    }
    assert sorted(statuses(rig)) == ["ready_to_ship"] * 2 + ["shipped"] * 2


def test_lost_workers_request_may_arrive_for_as_long_as_it_is_said(
    rig: Rig,
) -> None:
    """
    What a worker that died was sending is left alone for the target's own
    `settle`, however long that is.
    """
    rig.restart(yuju_mx="settle: 100")
    rig.admin("POST", "/targets/yuju-mx/pause", reason="to be first")
    tell(rig, update(PAID, 0))
    rig.settle_planning()
    rig.admin("POST", "/targets/yuju-mx/resume", reason="now")
    (claim,) = rig.journal.claim(
        [Lane(target="yuju-mx", room=1)],
        owner="a worker that dies",
        now=compose.now(),
        lease=Millis(SECOND),
    )
    call = Request(operation="set_status", method="PUT", path="/orders/status")
    rig.journal.intend(claim, call, mapping_hash="x", now=compose.now())
    rig.later(2 * SECOND)
    ready = until(rig, "ready", S.SETTLING)

    assert ready.due_at is not None
    assert ready.due_at - compose.now() > 95 * SECOND
