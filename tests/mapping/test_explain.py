"""The way from the webhook to the request, told step by step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bridge.mapping.condition import Part
from bridge.mapping.document import Mapping
from bridge.mapping.explain import (
    Explanation,
    Verdict,
    case_of,
    explain,
    facts,
)
from bridge.mapping.plan import delivery_of
from bridge.mapping.preview import foresee
from bridge.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    Instant,
    NewDelivery,
)
from bridge.orders.order import Line, OrderState, Payment
from tests.mapping import CREATED, compiled, state_of
from tests.mapping.test_difference import ASKED, BASE

S = DeliveryState
TRACKED = """\
  tracking:
    when: shipped
    if: = parcels[?tracking_number && carrier == 'DHL'] && lines
    call: update_delivery
    path:
      orderId: = links.rayo_order
    body:
      rastreo:
        rastreo_numero: = parcels[0].tracking_number
        rastreo_paqueteria: = parcels[0].carrier
        rastreo_url: = parcels[0].tracking_url
"""
WHOLE = BASE + TRACKED + ASKED
LINKS = {"rayo_order": CREATED}


def told(
    state: OrderState | None = None,
    *,
    text: str = WHOLE,
    deliveries: Sequence[Delivery] = (),
    **given: Any,
) -> Explanation:
    """Return what *text* makes of an order."""
    return explain(
        case_of(
            compiled(text),
            state or state_of(),
            deliveries=deliveries,
            links=given.pop("links", LINKS),
            **given,
        )
    )


def done(
    mapping: Mapping, rule: str, state: DeliveryState = S.SUCCEEDED
) -> Delivery:
    """Return the delivery of a rule, in that state."""
    found = mapping.rule(rule)
    assert found is not None
    planned = delivery_of(found, mapping, state_of(), generation=1)
    shared = {
        name: getattr(planned, name)
        for name in NewDelivery.__dataclass_fields__
        if name not in {"state", "reason"}
    }
    return Delivery(
        **shared,
        id=DeliveryId(7),
        state=state,
        reason=None,
        reason_text="",
        where={},
        fence=1,
        owner=None,
        lease_until=None,
        attempts=1,
        claims=1,
        version=1,
        request_hash=None,
        forced=False,
        live_since=Instant(0),
        created_at=Instant(0),
        updated_at=Instant(0),
        moved=1,
    )


def verdicts(found: Explanation) -> dict[str, Verdict]:
    """Return the verdict on each rule."""
    return {one.rule: one.verdict for one in found.rules}


def test_each_field_is_told_with_its_origin() -> None:
    """
    Its place, value, expression, what that reads of the order, and the line.
    """
    create = told().rule("create")
    assert create is not None
    fields = {one.place: one for one in create.fields}

    name = fields["body.consumidor_destino.nombre"]
    assert ("José Núñez", "ship_to.name", ("ship_to.name",)) == (
        name.value, name.expression, name.reads,
    )  # fmt: skip
    assert "nombre: = ship_to.name" in WHOLE.splitlines()[name.line - 1]
    service = fields["body.servicio_rayo"]
    assert ("file", "NACIONAL", "") == (
        service.source, service.value, service.expression,
    )  # fmt: skip
    second = fields["body.productos.1.identificador"]
    assert ("GIFT-50", ("lines.sku",)) == (second.value, second.reads)
    left = replace(state_of().snapshot, name="")  # type: ignore[type-var]
    bare = told(replace(state_of(), snapshot=left)).rule("create")
    assert bare is not None
    given = {one.place: one.given for one in bare.fields}
    assert not given["body.consumidor_destino.no_interior"]


def test_the_request_is_the_one_that_would_be_sent() -> None:
    """
    An explanation shows what a preview foresees, call by call.
    """
    found = told()
    requests = {
        one.rule: one.request
        for one in foresee(compiled(WHOLE), state_of(), links=LINKS)
    }

    assert requests == {
        one.rule: one.request for one in found.rules if one.request
    }
    assert {"create", "tracking"} == {*requests}


def test_what_the_call_adds_is_told() -> None:
    """
    Every's update mask stands in no file.
    """
    text = (
        "from: calzado-co\nto: every-co\nsince: 2020-01-01\nlinks:\n"
        "  every_order:\n    - = attribute(attributes, 'every_id')\n"
        "rules:\n  confirm:\n    when: ready\n    call: update_order\n"
        "    path:\n      id: = links.every_order\n    body:\n      order:\n"
        "        status: CONFIRMED\n"
    )
    (rule,) = told(
        text=text, links={"every_order": "665f1c2ab7e4d90012345678"}
    ).rules

    (added,) = [one for one in rule.fields if one.source == "call"]
    assert ("body.updateMask", ["status"]) == (added.place, added.value)
    assert "path.id" == rule.fields[0].place


CANCELLED = replace(state_of(), cancelled_ever=(Instant(1), None))
UNPAID = state_of(payment=Payment.NONE, parcels=())


@pytest.mark.parametrize(
    ("state", "verdict", "why"),
    [
        (UNPAID, Verdict.NOT_YET, "the order is not ready"),
        (CANCELLED, Verdict.CANCELLED, "the order is cancelled"),
        (
            replace(state_of(), snapshot=None),
            Verdict.NOT_OURS,
            None,
        ),
    ],
)
def test_why_a_rule_does_not_act(
    state: OrderState, verdict: Verdict, why: str | None
) -> None:
    """
    Its moment does not hold, the order is cancelled, or not ours.
    """
    create = told(state).rule("create")
    assert create is not None

    if why is not None:
        assert (verdict, why) == (create.verdict, create.why)
    assert not create.wanted
    assert create.request is None


def test_which_part_of_an_if_gives_nothing() -> None:
    """
    An `if` is taken apart at `&&`, and a filter asked of every item.
    """
    parcels = tuple(
        replace(one, carrier="Estafeta")
        for one in state_of().snapshot.parcels  # type: ignore[union-attr]
    )
    tracking = told(state_of(parcels=parcels)).rule("tracking")
    assert tracking is not None

    assert Verdict.CONDITION is tracking.verdict
    assert (
        Part(text="tracking_number", holds=1, of=2),
        Part(text="carrier == 'DHL'", holds=0, of=2),
        Part(text="lines", holds=1),
    ) == tracking.parts


def test_named_parts_of_an_if_are_computed():
    """
    What an `if` has by a name is told as it is, not as nothing.
    """
    text = WHOLE.replace(
        "rules:\n", 'named: {packed: "= parcels[0].carrier"}\nrules:\n', 1
    ).replace(
        "parcels[?tracking_number && carrier == 'DHL'] && lines",
        "named.packed && note == 'never'",
    )
    tracking = told(text=text).rule("tracking")

    assert tracking is not None
    assert (
        Part(text="named.packed", holds=1),
        Part(text="note == 'never'", holds=0),
    ) == tracking.parts


def test_an_order_older_than_the_mapping() -> None:
    """
    `since` is told with the day on which the order became ours.
    """
    found = told(text=WHOLE.replace("2026-01-01", "2030-01-01"))

    assert {Verdict.NOT_OURS} == {*verdicts(found).values()}
    assert "2030-01-01" in found.rules[0].why


def test_a_link_that_is_not_known_is_waited_for() -> None:
    """
    The field that needs it is left out, and the reason names the link.
    """
    tracking = told(links={}).rule("tracking")
    assert tracking is not None

    assert Verdict.WAITS is tracking.verdict
    assert "links.rayo_order" in tracking.why
    assert tracking.request is None
    assert not tracking.fields[0].given


def test_what_keeps_a_request_from_being_made() -> None:
    """
    The field that is to blame bears the reason.
    """
    lines = (Line(id="1", sku=None, quantity=2, ships=True),)
    create = told(state_of(lines=lines)).rule("create")
    assert create is not None

    assert Verdict.HELD is create.verdict
    assert create.reason is not None
    assert "value_missing" == create.reason.code
    faults = [one.place for one in create.fields if one.fault]
    assert ["body.productos.0.identificador"] == faults


def test_what_was_done_is_not_done_again() -> None:
    """
    A create that went out is done; its request is shown all the same.
    """
    mapping = compiled(WHOLE)
    found = told(deliveries=[done(mapping, "create")])
    create = found.rule("create")
    assert create is not None

    assert (Verdict.DONE, DeliveryId(7)) == (create.verdict, create.delivery)
    assert create.request is not None
    assert "delivery 7 is succeeded" == create.why


def test_what_is_under_way_is_told_with_its_delivery() -> None:
    """
    A delivery that waits says so.
    """
    waiting = done(compiled(WHOLE), "create", S.PENDING)
    create = told(deliveries=[waiting]).rule("create")
    assert create is not None

    assert Verdict.UNDER_WAY is create.verdict


def test_a_question_is_put_as_a_person_would_read_it() -> None:
    """
    With the order's own words in it; only once something was created.
    """
    created = done(compiled(WHOLE), "create")
    stop = told(CANCELLED, deliveries=[created]).rule("stop")
    never = told(CANCELLED).rule("stop")
    assert stop is not None
    assert never is not None

    assert (Verdict.ASKS, "Stop order #1042.") == (
        stop.verdict, stop.question,
    )  # fmt: skip
    assert never.verdict in {Verdict.EMPTY, Verdict.WITHDRAWN}


def test_facts_are_what_the_rules_read() -> None:
    """
    Only paths that an expression reads are among them.
    """
    found = dict(facts(told()))

    assert "José Núñez" == found["ship_to.name"]
    assert ["CAF-500", "GIFT-50"] == found["lines.sku"]
    assert "total" not in found
    assert CREATED == found["links.rayo_order"]
