"""What operators and legal requests do to a bridge that runs."""

import time
from collections.abc import Callable

import pytest

from bridge import compose
from bridge.errors import TargetMoved
from bridge.model import DeliveryState
from tests.end_to_end.rig import Rig, changed, sample

PAID = "shopify-mx-orders-paid-multiline"
SHIPPED = "shopify-mx-orders-fulfilled-two-shipments"


def eventually(holds: Callable[[], bool], *, seconds: float = 5) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def number_of(rig: Rig, rule: str, mapping: str = "cafe-mx-rayo") -> int:
    (found,) = [
        delivery.id
        for delivery in rig.deliveries()
        if (delivery.mapping, delivery.rule) == (mapping, rule)
    ]
    return found


def test_legal_request_is_shown_with_its_date(rig: Rig) -> None:
    """A compliance webhook is kept, and a person sees what is due by when."""
    body = b'{"shop_id":1,"shop_domain":"x","customer":{"id":77}}'
    status = rig.post(
        "cafe-mx", body, topic="customers/redact", webhook_id="c1"
    )
    rig.settle()

    (duty,) = rig.deliveries()
    (event,) = rig.events()
    assert status == 200
    assert (duty.state, duty.reason) == (DeliveryState.HELD, "compliance")
    assert "Due by 20" in duty.reason_text
    assert event.body == body


def test_repeatable_call_is_redelivered(rig: Rig) -> None:
    """Redelivering a call that may be repeated sends it again."""
    rig.send("cafe-mx", SHIPPED)
    rig.settle()

    number = number_of(rig, "tracking")
    status, answer = rig.admin(
        "POST", f"/deliveries/{number}/redeliver", reason="carrier asked"
    )
    rig.settle()

    assert (status, answer["id"]) == (200, number)
    assert len(rig.arrivals("update_delivery")) == 2


def test_succeeded_create_needs_force(rig: Rig) -> None:
    """A create that succeeded is sent again only with `force`."""
    rig.send("cafe-mx", PAID)
    rig.settle()
    path = f"/deliveries/{number_of(rig, 'create')}/redeliver"

    refused, problem = rig.admin("POST", path, reason="lost")
    taken, _ = rig.admin("POST", path, reason="lost", force=True)
    rig.settle()

    assert (refused, problem["code"]) == (409, "force_needed")
    assert taken == 200
    assert len(rig.arrivals("create_order")) == 2


def test_edited_mapping_is_taken(rig: Rig) -> None:
    """
    A file that is saved comes in force by itself, and what was held
    because of it is rendered anew.
    """
    path = rig.mappings / "cafe-mx-rayo.yaml"
    text = path.read_text()
    without = text.replace(", lookup('skus', name)", "")
    path.write_text(without)
    assert eventually(
        lambda: without in [t.text for t in rig.journal.in_force()]
    )
    rig.send("cafe-mx", PAID)
    rig.settle()
    assert rig.states()["cafe-mx-rayo/create"] == "held:value_missing"

    path.write_text(text)

    def is_created() -> bool:
        rig.worker.step()
        return rig.states()["cafe-mx-rayo/create"] == "succeeded"

    assert eventually(is_created)


def test_wrong_mapping_changes_nothing(rig: Rig) -> None:
    """A bad file never replaces a good one, also after a restart."""
    path = rig.mappings / "cafe-mx-rayo.yaml"
    path.write_text(path.read_text().replace("call: create_order", "call: x"))
    rig.worker.close()

    rig.worker = compose.worker(rig.environ)
    rig.send("cafe-mx", PAID)
    rig.settle()

    (beat,) = [beat for beat in rig.journal.beats() if beat.problems]
    assert rig.states()["cafe-mx-rayo/create"] == "succeeded"
    assert "rayo has no operation 'x'" in beat.problems[0]


def test_other_host_is_refused(rig: Rig) -> None:
    """
    A target with another host than its ids came from keeps the worker from
    starting, until an operator adopts it.
    """
    path = rig.mappings / "targets.yaml"
    path.write_text(path.read_text().replace("127.0.0.1", "localhost"))

    with pytest.raises(TargetMoved, match="adopt"):
        compose.worker(rig.environ)


def test_target_that_was_taken_out_is_missed(rig: Rig) -> None:
    """
    Deliveries to a target that is no longer configured are told of, and
    are not left waiting in silence.
    """
    rig.admin("POST", "/targets/yuju-mx/pause", reason="stocktaking")
    rig.send("cafe-mx", PAID)
    rig.settle_planning()
    path = rig.mappings / "targets.yaml"
    text = path.read_text()
    path.write_text(text[: text.index("yuju-mx:")])
    rig.worker.close()

    rig.worker = compose.worker(rig.environ)
    rig.worker.step()

    (beat,) = [beat for beat in rig.journal.beats() if beat.problems]
    assert any(
        "'yuju-mx' is not in targets.yaml" in problem
        for problem in beat.problems
    )


def test_corrected_address_is_sent(rig: Rig) -> None:
    """
    An order whose address could not be read waits; once a person has said
    what it should have said it goes out so, and no other way.
    """
    block = {
        **sample(PAID)["shipping_address"],
        "address1": "Domicilio conocido",
        "address2": "frente al mercado",
    }
    body = changed(PAID, shipping_address=block)
    rig.send("cafe-mx", PAID, body=body)
    rig.settle()
    (held,) = [one for one in rig.deliveries() if one.rule == "create"]
    before = rig.arrivals("create_order")
    story = f"/orders/cafe-mx/{held.order_id}"
    status, _kept = rig.admin(
        "POST",
        f"{story}/corrections",
        reason="she phoned",
        fields={
            "ship_to.street": "Calle Hidalgo",
            "ship_to.exterior_number": "S/N",
            "ship_to.neighbourhood": "Centro",
        },
    )
    rig.settle()

    (create,) = [one for one in rig.deliveries() if one.rule == "create"]
    _, shown = rig.admin("GET", story)
    assert (held.state, before, status) == (DeliveryState.HELD, [], 200)
    assert create.state is DeliveryState.SUCCEEDED
    assert create.request["body"]["consumidor_destino"]["calle"] == (
        "Calle Hidalgo"
    )
    assert len(rig.arrivals("create_order")) == 1
    assert [one["action"] for one in shown["audit"]] == ["correct"]
    assert {one["stands"] for one in shown["corrections"]} == {True}


def test_held_delivery_names_the_text_that_judged_it(rig: Rig) -> None:
    """
    Not the one that planned it: whoever explains it looks at the right one.
    """
    path = rig.mappings / "cafe-mx-rayo.yaml"
    text = path.read_text().replace(", lookup('skus', name)", "")
    edited = f"# as before\n{text}"

    def is_held() -> bool:
        rig.worker.step()
        state = rig.states().get("cafe-mx-rayo/create")
        return state == "held:value_missing"

    for one in (text, edited):
        path.write_text(one)
        assert eventually(
            lambda one=one: one in [t.text for t in rig.journal.in_force()]
        )
        rig.send("cafe-mx", PAID)
        assert eventually(is_held)

    (create,) = [
        one
        for one in rig.deliveries()
        if (one.mapping, one.rule) == ("cafe-mx-rayo", "create")
    ]
    assert create.state is DeliveryState.HELD
    kept = rig.journal.mapping_text(create.mapping_hash or "")
    assert kept is not None
    assert edited == kept.text
