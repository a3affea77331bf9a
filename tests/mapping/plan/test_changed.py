"""An order that changed after its create."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.mapping.plan import (
    differing_paths,
)
from bridge.model import (
    DeliveryState,
    Kind,
)
from bridge.orders.order import (
    Address,
    Line,
    Snapshot,
)
from tests.mapping.plan.desk import (
    NOTHING,
    RAYO,
    Desk,
    S,
    cancelled,
    created,
    paid,
    parcel,
)

TWO = (Line(id="1", sku="CAFE", quantity=2, ships=True),)
OTHER = (Line(id="1", sku="TE", quantity=1, ships=True),)
MOVED = Address(name="Ana", street="Olmo", city="Zapopan")
CHANGED = ("create", S.HELD, "changed")


@pytest.mark.parametrize(
    ("says", "paths"),
    [
        ({"lines": TWO}, ["productos.0.cantidad"]),
        ({"lines": OTHER}, ["productos.0.identificador"]),
        ({"lines": TWO + OTHER}, ["productos.0.cantidad", "productos.1"]),
        ({"ship_to": MOVED}, ["consumidor_destino.calle"]),
    ],
)
def test_change_after_the_create_asks_a_person(
    says: dict[str, Any], paths: list[str]
) -> None:
    """
    The question names the fields that differ, and no customer's data.
    """
    desk = created()
    desk.tell(paid(2, **says))
    asked = desk.newest("create", Kind.CHANGED)

    assert {CHANGED} == desk.live()
    assert paths == asked.where["fields"]
    assert all(path in asked.reason_text for path in paths)
    assert not asked.blocks
    for value in ("Olmo", "TE", "Ana"):
        assert value not in f"{asked.reason_text}{asked.where}"


def test_change_of_what_was_not_sent_asks_nobody() -> None:
    """
    A note that the create does not carry is no change.
    """
    assert NOTHING == created().tell(paid(2, note="knock twice"))


def test_change_before_the_create_asks_nobody() -> None:
    """
    What was not sent yet is rendered anew.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(paid(2, lines=TWO))

    assert {("create", S.PENDING, None)} == desk.live()


def test_further_change_is_the_same_question() -> None:
    """
    While it is open the question keeps up with the order.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    desk.tell(paid(3, lines=TWO, ship_to=MOVED))
    asked = desk.newest("create", Kind.CHANGED)

    assert {CHANGED} == desk.live()
    assert [
        "consumidor_destino.calle",
        "productos.0.cantidad",
    ] == asked.where["fields"]


def test_changed_back() -> None:
    """
    An order that is again as it was created needs nobody.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    desk.tell(paid(3))

    assert ("create", 1, S.CANCELLED, "changed_back") in desk.shown()
    assert set() == desk.live()


def test_changed_back_and_changed_again() -> None:
    """
    The same change made a second time is asked about a second time.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    desk.tell(paid(3))
    desk.tell(paid(4, lines=TWO))

    assert {CHANGED} == desk.live()


@pytest.mark.parametrize("state", [S.SUCCEEDED, S.CANCELLED])
def test_change_that_a_person_settled(state: DeliveryState) -> None:
    """
    A settled change is not asked about again; another one is.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    asked = desk.newest("create", Kind.CHANGED)
    desk.deliveries.remove(asked)
    desk.deliveries.append(replace(asked, state=state, reason="operator"))

    assert NOTHING == desk.tell(paid(3, lines=TWO, note="edited"))

    desk.tell(paid(4, lines=OTHER))

    assert {CHANGED} == desk.live()


def test_change_is_ignored_where_the_mapping_says_so() -> None:
    """
    `changed: ignore` asks nobody.
    """
    text = RAYO.replace(
        "    call: create_order", "    changed: ignore\n    call: create_order"
    )

    assert NOTHING == created(text).tell(paid(2, lines=TWO))


def test_change_after_shipping_asks_nobody() -> None:
    """
    Once a parcel is on its way, it is too late to change it.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO, parcels=(parcel(),)))

    assert {("tracking", S.PENDING, None)} == desk.live()


@pytest.mark.parametrize(
    "moved_on", [cancelled(3), paid(3, lines=TWO, parcels=(parcel(),))]
)
def test_open_question_ends_when_the_order_moves_on(
    moved_on: Snapshot,
) -> None:
    """
    Shipped or cancelled, the change no longer matters.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    desk.tell(moved_on)

    assert ("create", 1, S.CANCELLED, "order_moved_on") in desk.shown()
    assert CHANGED not in desk.live()


def test_edited_mapping_is_no_change() -> None:
    """
    Today's order is rendered with the mapping version that created it.
    """
    desk = created()
    desk.edit(RAYO.replace("colonia: Centro", "colonia: Norte"))

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_change_that_can_not_be_rendered_asks() -> None:
    """
    An order that lost what its create needs is a change as well.
    """
    desk = created()
    desk.tell(paid(2, ship_to=Address(name="Ana", street="Roble")))

    assert {CHANGED} == desk.live()


@pytest.mark.parametrize(
    ("told", "today", "paths"),
    [
        ({"a": 1}, {"a": 1}, set()),
        ({"a": 1}, {"a": 2}, {"a"}),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, {"a.b.1"}),
        ({"a": [1]}, {"a": []}, {"a"}),
        ({"a": 1}, {"b": 1}, {"a", "b"}),
    ],
)
def test_differing_paths(told: Any, today: Any, paths: set[str]) -> None:
    """
    Two bodies differ at these paths.
    """
    assert paths == differing_paths(told, today)


def test_question_says_which_file_and_call() -> None:
    """
    It names the file, and is no call.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    asked = desk.newest("create", Kind.CHANGED)

    assert "changed" == asked.operation
    assert not asked.blocks
    assert desk.mapping.file == asked.where["file"]
    assert (
        "the order changed after it was created there: productos.0.cantidad"
        == asked.reason_text
    )


def test_question_names_the_first_fields_of_many() -> None:
    """
    Of very many fields the text has eight and the question forty.
    """
    many = tuple(
        Line(id=str(n), sku=f"S{n}", quantity=1, ships=True) for n in range(60)
    )
    desk = created()
    desk.tell(paid(2, lines=many))
    asked = desk.newest("create", Kind.CHANGED)

    assert 40 == len(asked.where["fields"])
    assert ", ".join(asked.where["fields"][:8]) in asked.reason_text
    assert asked.where["fields"][8] not in asked.reason_text


def test_question_keeps_what_it_is_about() -> None:
    """
    It has the body as it would be now, also when the order changes again.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    first = desk.newest("create", Kind.CHANGED).request
    desk.tell(paid(3, lines=OTHER))
    second_body = desk.newest("create", Kind.CHANGED).request

    assert 2 == first["productos"][0]["cantidad"]
    assert "TE" == second_body["productos"][0]["identificador"]


def test_question_that_was_answered_is_asked_anew_as_the_next() -> None:
    """
    Each answered question is followed by one of the next generation.
    """
    desk = created()
    for generation, lines in enumerate((TWO, OTHER, TWO + OTHER), start=1):
        desk.tell(paid(1 + generation, lines=lines))
        asked = desk.newest("create", Kind.CHANGED)
        desk.deliveries = [
            replace(d, state=S.SUCCEEDED) if d.id == asked.id else d
            for d in desk.deliveries
        ]

        assert (generation, "rayo/create_order/shop/5678/changed") == (
            asked.generation,
            asked.effect_key,
        )


def test_create_that_a_person_called_done_is_not_compared() -> None:
    """
    Nobody knows what was sent, so nobody is asked what changed.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.SUCCEEDED, request=None)

    assert NOTHING == desk.tell(paid(2, lines=TWO))
