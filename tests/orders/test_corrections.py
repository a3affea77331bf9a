"""What people say an order should have said."""

from dataclasses import replace
from itertools import permutations

import pytest

from bridge.model import Certainty, Instant
from bridge.orders.corrections import as_written, corrected, stands
from bridge.orders.document import document
from bridge.orders.fold import fold_corrections, fold_snapshot
from bridge.orders.order import (
    Address,
    Correction,
    Line,
    OrderState,
    Snapshot,
    dump_state,
    read_state,
)

WRITTEN = Address(
    street="Calle",
    exterior_number="5",
    city="Guadalajara",
    state="JAL",
    postal_code="44100",
    country="MX",
    address1="Calle 5 de Mayo interior 12",
    certainty=Certainty.DOUBTFUL,
    doubts=("no_number",),
)
SNAPSHOT = Snapshot(
    id="1042",
    version=Instant(5),
    digest="a",
    name="#1042",
    created_at=Instant(1),
    ship_to=WRITTEN,
    lines=(Line(id="7", sku="OLD", name="Taza"), Line(id="8", sku="B")),
)


def correction(
    path: str, value: str | None, *, at: int = 10, of: Snapshot = SNAPSHOT
) -> Correction:
    return Correction(
        path=path,
        value=value,
        basis=as_written(of, path),
        at=Instant(at),
        by="ana",
    )


def state(*corrections: Correction, of: Snapshot = SNAPSHOT) -> OrderState:
    bare = OrderState(store="cafe-mx", platform="shopify", id="1042")
    return fold_corrections(fold_snapshot(bare, of), corrections)


def test_corrected_address_is_sure() -> None:
    """What a person corrected stands in the Order, without a doubt."""
    told = state(
        correction("ship_to.street", "Calle 5 de Mayo"),
        correction("ship_to.exterior_number", "S/N"),
        correction("ship_to.interior_number", "12"),
    )

    ship_to = document(told)["ship_to"]
    assert ship_to["street"] == "Calle 5 de Mayo"
    assert ship_to["exterior_number"] == "S/N"
    assert ship_to["interior_number"] == "12"
    assert ship_to["address1"] == "Calle 5 de Mayo interior 12"
    assert (ship_to["certainty"], ship_to["doubts"]) == ("sure", [])


def test_confirmed_reading_is_sure() -> None:
    """Who writes what we had read says that it was right."""
    told = state(correction("ship_to.street", "Calle"))

    assert document(told)["ship_to"]["certainty"] == "sure"


def test_corrected_place_leaves_the_street_in_doubt() -> None:
    """A better city says nothing of a street."""
    told = corrected(SNAPSHOT, [correction("ship_to.city", "Zapopan")])

    assert told.ship_to.city == "Zapopan"
    assert told.ship_to.place_certainty is Certainty.SURE
    assert told.ship_to.certainty is Certainty.DOUBTFUL


def test_corrected_sku_is_of_one_line() -> None:
    """A line is corrected by its id, and no other is touched."""
    told = corrected(SNAPSHOT, [correction("lines.7.sku", "NEW")])

    assert [line.sku for line in told.lines] == ["NEW", "B"]


def test_line_id_may_have_dots() -> None:
    """A line is found whatever its id looks like."""
    odd = replace(SNAPSHOT, lines=(Line(id="a.b", sku="OLD"),))
    told = corrected(odd, [correction("lines.a.b.sku", "NEW", of=odd)])

    assert told.lines[0].sku == "NEW"


@pytest.mark.parametrize(
    "change",
    [
        {"address1": "Calle 6"},
        {"address2": "Depto 3"},
        {"city": "Zapopan"},
        {"postal_code": "44200"},
    ],
)
def test_new_address_of_the_customer_wins(change: dict[str, str]) -> None:
    """An address that changes in the shop afterwards is read anew."""
    newer = replace(
        SNAPSHOT,
        version=Instant(6),
        ship_to=replace(WRITTEN, **change),
    )
    told = fold_snapshot(state(correction("ship_to.street", "X")), newer)

    assert document(told)["ship_to"]["street"] == "Calle"
    assert not stands(newer, told.corrections[0])


def test_other_changes_leave_the_correction() -> None:
    """An order that is fulfilled, or read better, keeps what was said."""
    newer = replace(
        SNAPSHOT,
        version=Instant(6),
        all_shipped=True,
        ship_to=replace(WRITTEN, street="Calle 5", state=None),
    )
    told = fold_snapshot(state(correction("ship_to.street", "X")), newer)

    assert document(told)["ship_to"]["street"] == "X"


def test_address_that_comes_back_has_its_correction_again() -> None:
    """What was said of these words is not forgotten."""
    other = replace(
        SNAPSHOT,
        version=Instant(6),
        ship_to=replace(WRITTEN, address1="Otra 1"),
    )
    back = replace(SNAPSHOT, version=Instant(7))
    told = state(correction("ship_to.street", "X"))
    told = fold_snapshot(fold_snapshot(told, other), back)

    assert document(told)["ship_to"]["street"] == "X"


def test_line_that_is_gone_has_no_correction() -> None:
    """A correction of a line that was removed does nothing."""
    newer = replace(SNAPSHOT, version=Instant(6), lines=SNAPSHOT.lines[1:])
    told = fold_snapshot(state(correction("lines.7.sku", "NEW")), newer)

    assert [line["sku"] for line in document(told)["lines"]] == ["B"]


def test_latest_correction_holds_in_any_order() -> None:
    """Corrections fold to the same whatever order they are read in."""
    tellings = [
        correction("ship_to.street", "first", at=10),
        correction("ship_to.street", "last", at=12),
        correction("ship_to.street", "last, at once", at=12),
        correction("ship_to.city", None, at=11),
    ]
    told = {state(*order).corrections for order in permutations(tellings)}

    (only,) = told
    assert [one.path for one in only] == ["ship_to.city", "ship_to.street"]
    assert only[1].at == 12


def test_nothing_can_be_the_right_value() -> None:
    """A field can be emptied."""
    told = corrected(SNAPSHOT, [correction("ship_to.exterior_number", None)])

    assert told.ship_to.exterior_number is None


def test_corrections_are_kept_with_the_order() -> None:
    """The folded order is the same after it was written and read."""
    told = state(correction("ship_to.street", "X"))

    assert read_state(dump_state(told)) == told


@pytest.mark.parametrize(
    "path",
    [
        "ship_to.certainty", "ship_to", "ship_to.street.x", "total",
        "lines.7.price", "lines.9.sku", "lines.sku", "", "customer.email",
    ],
)  # fmt: skip
def test_only_some_fields_can_be_corrected(path: str) -> None:
    """Money, quantities and what is made of them are the shop's to say."""
    with pytest.raises(KeyError):
        as_written(SNAPSHOT, path)


def test_two_told_at_one_moment_end_the_same_either_way() -> None:
    """Of two of one path and one moment the same one holds, whoever was
    first, and each path stands once, in order."""
    one, other = (
        correction("ship_to.street", value) for value in ("Uno", "Dos")
    )
    city = correction("ship_to.city", "Zapopan")
    ways = [
        state(*told).corrections for told in permutations((one, other, city))
    ]

    assert len(set(ways)) == 1
    assert [found.path for found in ways[0]] == [
        "ship_to.city",
        "ship_to.street",
    ]
