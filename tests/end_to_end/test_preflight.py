"""What a rule has looked at before its call, and what a person sees."""

import time
from typing import Any

from bridge.model import SECOND, Delivery, DeliveryState
from tests.end_to_end.rig import Rig, changed, sample

S = DeliveryState
PAID = "shopify-mx-orders-paid-multiline"


def asking(rig: Rig, mapping: str, rule: str, *preflights: str) -> None:
    """Let a rule of a shipped mapping look before it leaps."""
    path = rig.mappings / f"{mapping}.yaml"
    text = path.read_text()
    head = f"  {rule}:\n"
    assert text.count(head) == 1
    line = f"    preflight: [{', '.join(preflights)}]\n"
    path.write_text(text.replace(head, head + line))
    rig.restart()


def one(rig: Rig, rule: str) -> Delivery:
    (found,) = [d for d in rig.deliveries() if d.rule == rule]
    return found


def operations(rig: Rig) -> list[str]:
    """Return what was tried for the create."""
    attempts = rig.journal.attempts(one(rig, "create").id)
    return [attempt.operation for attempt in attempts]


def with_skus(*skus: str) -> bytes:
    """Return a paid order with other SKUs."""
    lines: list[dict[str, Any]] = sample(PAID)["line_items"]
    ships = [line for line in lines if line["requires_shipping"]]
    for line, sku in zip(ships, skus, strict=False):
        line["sku"] = sku
    return changed(PAID, line_items=ships[: len(skus)])


def test_unknown_product_waits_for_a_person(rig: Rig) -> None:
    """
    A create with a SKU that Rayo does not know is not sent, and says which;
    with the right one it goes out by itself.
    """
    asking(rig, "cafe-mx-rayo", "create", "products_known", "in_stock")
    body = with_skus("UNKNOWN-1", "CAF-2")
    rig.send("cafe-mx", PAID, body=body)
    rig.settle()
    held = one(rig, "create")
    before = rig.arrivals("create_order")
    _, story = rig.admin("GET", f"/orders/cafe-mx/{held.order_id}")
    (line,) = [
        line for line in story["order"]["lines"] if line["sku"] == "UNKNOWN-1"
    ]
    rig.admin(
        "POST",
        f"/orders/cafe-mx/{held.order_id}/corrections",
        reason="misspelt",
        fields={f"lines.{line['id']}.sku": "CAF-1"},
    )
    rig.settle()

    assert (held.state, held.reason) == (S.HELD, "sku_unknown")
    assert held.where["skus"] == ["UNKNOWN-1"]
    assert before == []
    assert one(rig, "create").state is S.SUCCEEDED
    (created,) = rig.arrivals("create_order")
    assert sorted(created["keys"]["skus"]) == ["CAF-1", "CAF-2"]


def test_product_that_is_out_waits_for_a_person(rig: Rig) -> None:
    """
    What the warehouse has too few of is told before it is ordered; a person
    can send it all the same.
    """
    asking(rig, "cafe-mx-rayo", "create", "products_known", "in_stock")
    rig.send("cafe-mx", PAID, body=with_skus("AGOTADO-1"))
    rig.settle()
    held = one(rig, "create")
    rig.admin(
        "POST",
        f"/deliveries/{held.id}/resolve",
        decision="resend",
        reason="it comes tomorrow",
    )
    rig.settle()

    assert (held.state, held.reason) == (S.HELD, "out_of_stock")
    assert one(rig, "create").state is S.SUCCEEDED


def test_answers_serve_the_orders_that_follow(rig: Rig) -> None:
    """
    A product that is known is not asked for again for some minutes.
    """
    asking(rig, "cafe-mx-rayo", "create", "products_known")
    for number in (1, 2, 3):
        body = changed(PAID, id=number, name=f"#{number}")
        rig.send("cafe-mx", PAID, body=body, webhook_id=f"{number}")
        rig.settle()
    asked = [a["keys"] for a in rig.arrivals("find_product")]

    assert len(rig.arrivals("create_order")) == 3
    assert len(asked) == len({str(keys) for keys in asked}) > 0


def test_target_that_can_not_be_asked_is_asked_later(rig: Rig) -> None:
    """
    A preflight that gets no answer burns nothing and sends nothing.
    """
    asking(rig, "cafe-mx-rayo", "create", "products_known")
    rig.fault("rayo", "error", operation="find_product", status=503)
    rig.send("cafe-mx", PAID, body=with_skus("CAF-1"))
    rig.settle_planning()
    ends = time.monotonic() + 10
    while "find_product" not in operations(rig):
        assert time.monotonic() < ends
        rig.worker.step()
        time.sleep(0.005)
    rig.later(60 * SECOND)
    rig.settle()

    assert one(rig, "create").state is S.SUCCEEDED
    assert operations(rig) == [
        "find_product",
        "create_order",
    ]


def test_move_that_is_not_offered_waits_for_a_person(rig: Rig) -> None:
    """
    Yuju is asked first, within its limit, and no move is tried in vain.
    """
    asking(rig, "cafe-mx-yuju", "ready", "move_allowed")
    rig.send("cafe-mx", PAID)
    rig.settle()

    ready = one(rig, "ready")
    assert ready.state in {S.SUCCEEDED, S.HELD}
    assert rig.record()["violations"] == []
    assert len(rig.arrivals("get_order")) == 1
