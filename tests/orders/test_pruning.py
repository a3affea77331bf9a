"""What is left of a pruned order, and how it goes on from there."""

from dataclasses import replace

import pytest

from bridge.model import Instant
from bridge.orders.document import document, moments
from bridge.orders.fold import fold_deletion, fold_parcel, fold_snapshot
from bridge.orders.order import (
    Address,
    Correction,
    Line,
    OrderState,
    Parcel,
    Payment,
    Person,
    Snapshot,
    dump_state,
    read_state,
)
from bridge.orders.pruning import has_news, is_pruned, pruned

WORDS = ("Ana", "Uno", "Fuerte", "grabado", "GUIDE-1", "Otra", "99.00")

SNAPSHOT = Snapshot(
    id="1",
    version=Instant(20),
    digest="d",
    name="#1001",
    created_at=Instant(10),
    payment=Payment.PAID,
    total="99.00",
    customer=Person(name="Ana", email="ana@example.com"),
    ship_to=Address(name="Ana", street="Uno"),
    lines=(Line(id="7", sku="A", quantity=2, ships=True, name="grabado"),),
    parcels=(
        Parcel(id="p", tracking_number="GUIDE-1", updated_at=Instant(15)),
    ),
    note="Fuerte",
    attributes={"para": "Ana"},
)
STATE = fold_snapshot(
    OrderState(
        store="s",
        platform="shopify",
        id="1",
        corrections=(
            Correction(
                path="ship_to.street", value="Otra", basis="b",
                at=Instant(1), by="ana",
            ),
        ),
    ),
    SNAPSHOT,
)  # fmt: skip


def test_nothing_personal_is_left() -> None:
    """Names, addresses, words, money and guides are gone; ids are not."""
    left = dump_state(pruned(STATE))

    for word in WORDS:
        assert word in dump_state(STATE)
        assert word not in left, word
    for kept in ("#1001", '"d"', '"sku":"A"', '"id":"p"'):
        assert kept in left
    assert read_state(left) == pruned(STATE)


def test_moments_hold_as_before() -> None:
    """What was true of the order is true of what is left."""
    assert moments(pruned(STATE)) == moments(STATE)


def test_a_guide_that_is_the_id_is_only_a_hash() -> None:
    """A parcel without an id of its own is still the same one."""
    parcel = Parcel(id="GUIDE-1", tracking_number="GUIDE-1")

    (left,) = pruned(replace(STATE, parcels=(parcel,))).parcels

    assert "GUIDE" not in repr(left)
    assert left == pruned(replace(STATE, parcels=(parcel,))).parcels[0]


@pytest.mark.parametrize("version", [5, 20])
def test_what_is_no_newer_brings_nothing_back(version: int) -> None:
    """A body that is late or comes twice leaves it pruned."""
    late = replace(SNAPSHOT, version=Instant(version))

    after = fold_snapshot(pruned(STATE), late)

    assert is_pruned(after)
    assert after.snapshot == pruned(STATE).snapshot


def test_a_newer_body_makes_it_whole() -> None:
    """All is known again once the shop tells of all of it."""
    newer = replace(SNAPSHOT, version=Instant(30))

    after = fold_snapshot(pruned(STATE), newer)

    assert not is_pruned(after)
    assert document(after)["customer"]["name"] == "Ana"  # type: ignore[index, call-overload]
    assert document(after)["parcels"] == document(STATE)["parcels"]


def test_of_two_tellings_of_a_parcel_the_whole_one_counts() -> None:
    """A parcel that was pruned does not hide the same one, told again."""
    parcel = Parcel(id="q", tracking_number="G", updated_at=Instant(3))
    state = fold_parcel(STATE, parcel, received_at=Instant(4))

    after = fold_parcel(pruned(state), parcel, received_at=Instant(9))

    assert after.parcels == (parcel,)


def test_a_new_parcel_is_news() -> None:
    """What was told since it was pruned is known as such."""
    parcel = Parcel(id="q", tracking_number="G", updated_at=Instant(30))
    before = pruned(STATE)

    after = fold_parcel(before, parcel, received_at=Instant(31))

    assert not has_news(before)
    assert has_news(after)
    assert is_pruned(after)


def test_a_cancel_still_counts() -> None:
    """A deletion of a pruned order is one."""
    after = fold_deletion(pruned(STATE), received_at=Instant(40))

    assert document(after)["cancelled"]
