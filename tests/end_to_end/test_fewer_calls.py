"""At two calls a second, what changes nothing must not stand in the way."""

import time

import pytest

from bridge.model import IN_FLIGHT, LIVE, Delivery, DeliveryState
from tests.end_to_end.rig import Rig, changed

S = DeliveryState
PAID = "shopify-mx-orders-paid-multiline"
MANY = 60
WINDOW = 1_100  # milliseconds, with a margin


def tell(rig: Rig, number: int, minute: int, **change: object) -> None:
    """Let the shop say of an order what it is like at that minute."""
    body = changed(
        PAID,
        id=9000 + number,
        name=f"#{9000 + number}",
        updated_at=f"2026-11-20T19:{minute:02d}:00-06:00",
        **change,
    )
    rig.send("cafe-mx", PAID, body=body, webhook_id=f"{number}-{minute}")


def at_yuju(rig: Rig) -> list[Delivery]:
    return [one for one in rig.deliveries() if one.target == "yuju-mx"]


def told_yuju(rig: Rig) -> list[str]:
    return [one["keys"]["id_order"] for one in rig.arrivals("set_status")]


def work_off(rig: Rig) -> None:
    """Work until all is told; the windows of the limit pass in no time."""
    ends = time.monotonic() + 60
    while unsent := [one for one in at_yuju(rig) if one.state in LIVE]:
        assert time.monotonic() < ends, rig.states()
        rig.worker.step()
        if not any(one.state in IN_FLIGHT for one in unsent):
            rig.later(WINDOW)


@pytest.fixture
def many(rig: Rig) -> Rig:
    """A bridge that told Yuju of many orders."""
    (rig.mappings / "cafe-mx-rayo.yaml").unlink()
    rig.restart()
    for number in range(MANY):
        tell(rig, number, 0)
    rig.settle_planning()
    work_off(rig)
    assert len(told_yuju(rig)) == MANY
    rig.later(WINDOW)
    return rig


def test_updates_that_change_nothing_cost_nothing(many: Rig) -> None:
    """
    An update of each order that says nothing new to Yuju makes no delivery;
    the one that does is sent at once, alone.
    """
    rig = many
    for number in range(MANY):
        tell(rig, number, 1, note=f"packed by {number}")
    mark = {"name": "yuju_id_order", "value": "2000009876"}
    tell(rig, MANY // 2, 2, note_attributes=[mark])
    rig.settle()

    assert told_yuju(rig)[MANY:] == ["2000009876"]
    assert len(at_yuju(rig)) == MANY + 1


def test_what_was_taken_back_is_not_in_the_way(many: Rig) -> None:
    """
    Changes that wait and are taken back before their turn are withdrawn as
    soon as that is known: the one that stays goes with the next free slot.
    """
    rig = many
    rig.admin("POST", "/targets/yuju-mx/pause", reason="stocktaking")
    for number in range(MANY):
        mark = {"name": "yuju_id_order", "value": f"3{number}"}
        tell(rig, number, 1, note_attributes=[mark])
    rig.settle_planning()
    for number in range(MANY - 1):
        tell(rig, number, 2)
    rig.settle_planning()
    states = [one.state for one in at_yuju(rig)[MANY:]]
    rig.admin("POST", "/targets/yuju-mx/resume", reason="done")
    rig.worker.step()
    rig.settle()

    assert states == [S.UNCHANGED] * (MANY - 1) + [S.PENDING]
    assert told_yuju(rig)[MANY:] == [f"3{MANY - 1}"]


def test_what_turns_out_needless_gives_its_slot_back(many: Rig) -> None:
    """
    What an edited file makes needless is seen only when it is claimed: it
    costs no call and none of the limit, and the one that is left goes within
    the same window.
    """
    rig = many
    rig.admin("POST", "/targets/yuju-mx/pause", reason="stocktaking")
    for number in range(MANY):
        known = number < MANY - 1
        mark = {
            "name": "yuju_id_order" if known else "id_order_marketplace",
            "value": f"3{number}",
        }
        tell(rig, number, 1, note_attributes=[mark])
    rig.settle_planning()
    path = rig.mappings / "cafe-mx-yuju.yaml"
    path.write_text(path.read_text().replace("'yuju_id_order', ", ""))
    rig.restart()
    rig.later(MANY * 2 * WINDOW)  # the new worker's clock begins anew
    rig.admin("POST", "/targets/yuju-mx/resume", reason="done")
    began = time.monotonic()
    while len(told_yuju(rig)) == MANY:
        rig.worker.step()
    took = time.monotonic() - began
    rig.settle()

    states = [one.state for one in at_yuju(rig)[MANY:]]
    assert states == [S.UNCHANGED] * (MANY - 1) + [S.SUCCEEDED]
    assert told_yuju(rig)[MANY:] == [f"3{MANY - 1}"]
    assert took < MANY / 2 / 4  # at a call each it takes MANY / 2 seconds
