"""The order as expressions see it: its moments, times and fields."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Instant, Moment
from bridge.orders.document import (
    FIELDS,
    became_ours_at,
    document,
    iso,
    moments,
    paid_at,
    standing_parcels,
)
from bridge.orders.fold import fold_deletion, fold_parcel, fold_snapshot
from bridge.orders.order import (
    Address,
    Line,
    OrderState,
    Parcel,
    Payment,
    Person,
    Snapshot,
)
from tests.orders.test_fold import (
    SHOPIFY,
    STORES,
    WOO,
    nothing,
    second,
    snapshot,
)


def told(*bodies: Snapshot, store: Any = SHOPIFY) -> OrderState:
    """Return the order that these bodies tell of."""
    state = nothing(store)
    for body in bodies:
        state = fold_snapshot(state, body)
    return state


def holding(state: OrderState) -> set[str]:
    """Return the moments that hold, but for `placed`."""
    held = {moment.value for moment, holds in moments(state).items() if holds}
    return held - {"placed"}


PAID = {"payment": Payment.PAID}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({}, set()),
        ({"payment": Payment.AUTHORIZED}, set()),
        ({"payment": Payment.PARTIAL}, set()),
        (PAID, {"paid", "ready"}),
        ({"payment": Payment.REFUNDED}, {"paid", "refunded"}),
        ({"cash_on_delivery": True}, {"ready"}),
        (
            {"cash_on_delivery": True, "payment": Payment.REFUNDED},
            {"paid", "refunded"},
        ),
        ({**PAID, "on_hold": True}, {"paid"}),
        ({"cash_on_delivery": True, "on_hold": True}, set()),
        ({**PAID, "failed": True}, {"paid"}),
        ({**PAID, "cancelled": True}, {"paid", "cancelled"}),
        (
            {"payment": Payment.REFUNDED, "cancelled": True},
            {"paid", "refunded", "cancelled"},
        ),
        ({"all_shipped": True}, {"shipped", "fulfilled"}),
        (
            {"all_shipped": True, "all_delivered": True},
            {"shipped", "fulfilled", "delivered"},
        ),
    ],
)
def test_moments_of_a_body(
    store: Any, says: dict[str, Any], expected: set[str]
) -> None:
    """
    Which moments hold follows from what the body says.
    """
    assert expected == holding(told(snapshot(**says), store=store))


def parcel(**changes: Any) -> Parcel:
    """Return a parcel that is on its way."""
    return replace(Parcel(id="1", updated_at=second(1)), **changes)


@pytest.mark.parametrize(
    ("parcels", "all_shipped", "expected"),
    [
        ([parcel()], False, {"shipped"}),
        ([parcel(gone=True)], False, set()),
        ([parcel(status="delivered")], False, {"shipped"}),
        (
            [parcel(status="delivered")],
            True,
            {"shipped", "fulfilled", "delivered"},
        ),
        (
            [parcel(status="delivered"), parcel(id="2")],
            True,
            {"shipped", "fulfilled"},
        ),
        (
            [parcel(status="delivered"), parcel(id="2", gone=True)],
            True,
            {"shipped", "fulfilled", "delivered"},
        ),
        ([], True, {"shipped", "fulfilled"}),
    ],
)
def test_moments_of_parcels(
    parcels: list[Parcel], expected: set[str], *, all_shipped: bool
) -> None:
    """
    A parcel ships; all of it fulfils; all of them arrived delivers.
    """
    in_body = told(snapshot(all_shipped=all_shipped, parcels=tuple(parcels)))
    alone = told(snapshot(all_shipped=all_shipped))
    for one in parcels:
        alone = fold_parcel(alone, one, received_at=second(9))

    assert expected == holding(in_body)
    assert expected == holding(alone)


def test_moments_of_a_parcel_alone() -> None:
    """
    Before any body of its order a parcel ships, and nothing else holds.
    """
    state = fold_parcel(nothing(SHOPIFY), parcel(), received_at=second(1))
    held = {moment for moment, holds in moments(state).items() if holds}

    assert {Moment.SHIPPED} == held


def test_moments_of_nothing() -> None:
    """
    Of an order that nobody told of nothing holds.
    """
    assert not any(moments(nothing(WOO)).values())


# ------------------------------------------------------------------- times


def test_paid_at_is_what_a_body_says() -> None:
    """
    A time of payment in a body counts, the earliest of several.
    """
    state = told(
        snapshot(3, **PAID, paid_since=second(2)),
        snapshot(4, **PAID, paid_since=second(1)),
    )

    assert second(1) == paid_at(state)


def test_paid_at_is_when_it_was_first_seen_paid() -> None:
    """
    Without a time, it is the first body that shows it paid after an unpaid.
    """
    state = told(snapshot(3, **PAID), snapshot(1), snapshot(2, **PAID))

    assert second(2) == paid_at(state)


@pytest.mark.parametrize("bodies", [[snapshot(3, **PAID)], [snapshot(3)], []])
def test_paid_at_is_not_guessed(bodies: list[Snapshot]) -> None:
    """
    A body that shows a long-paid order says nothing of when.
    """
    assert paid_at(told(*bodies)) is None


def test_became_ours_when_placed() -> None:
    """
    An order that nobody saw being paid counts from when it was placed.
    """
    state = told(snapshot(5, **PAID, created_at=second(1)))

    assert second(1) == became_ours_at(state)


def test_became_ours_when_paid() -> None:
    """
    One that became paid after it was placed counts from then.
    """
    state = told(
        snapshot(5, **PAID, created_at=second(1), paid_since=second(4))
    )

    assert second(4) == became_ours_at(state)


def test_payment_before_the_placing_counts_for_nothing() -> None:
    """
    The later of both counts, also where a store's times are odd.
    """
    state = told(
        snapshot(5, **PAID, created_at=second(3), paid_since=second(1))
    )

    assert second(3) == became_ours_at(state)


def test_became_ours_with_its_parcel() -> None:
    """
    While only a parcel was told of, its first receipt counts.
    """
    state = fold_parcel(nothing(SHOPIFY), parcel(), received_at=second(8))
    again = fold_parcel(state, parcel(), received_at=second(9))

    assert second(8) == became_ours_at(again)
    assert became_ours_at(nothing(SHOPIFY)) is None


def test_cancelled_at_of_a_deletion() -> None:
    """
    A deleted order was cancelled when that was told.
    """
    state = fold_deletion(told(snapshot(1), store=WOO), received_at=second(5))

    assert iso(second(5)) == document(state)["cancelled_at"]


def test_cancelled_at_after_a_restoring() -> None:
    """
    A cancel after a restoring has its own time, not the old deletion's.
    """
    state = fold_deletion(nothing(WOO), received_at=second(5))
    state = fold_snapshot(state, snapshot(1), restored_at=second(6))
    state = fold_snapshot(state, snapshot(9, cancelled=True))

    assert iso(second(9)) == document(state)["cancelled_at"]


def test_iso_is_to_the_second() -> None:
    """
    Times are ISO 8601 in UTC, without fractions.
    """
    assert "2026-11-22T00:00:01Z" == iso(Instant(second(1) + 999))
    assert iso(None) is None


@given(st.integers(0, 2**45))
def test_iso_of_any_instant(instant: int) -> None:
    """
    Whatever an instant is, it reads as a calendar would write it.
    """
    moment = datetime.fromtimestamp(instant // 1000, tz=UTC)

    assert moment.strftime("%Y-%m-%dT%H:%M:%SZ") == iso(Instant(instant))


# ------------------------------------------------------------------ fields


@pytest.mark.parametrize(
    "state",
    [
        nothing(WOO),
        told(snapshot(**PAID, lines=(Line(id="1"),), parcels=(parcel(),))),
    ],
)
def test_document_has_the_published_fields(state: OrderState) -> None:
    """
    An order has every field that the reference names, and no other.
    """
    found = document(state, links={"rayo_order": "1"}, raw={"id": 1})

    assert set(FIELDS) == set(found)
    assert set(FIELDS["customer"]) == set(found["customer"])
    assert set(FIELDS["ship_to"]) == set(found["ship_to"])
    for name in ("lines", "parcels"):
        for item in found[name]:
            assert set(FIELDS[name][0]) == set(item)


def test_document_shows_what_was_told() -> None:
    """
    What a body says is found under its neutral name.
    """
    found = document(
        told(
            snapshot(
                **PAID,
                total="1499.00",
                customer=Person(name="Ana"),
                ship_to=Address(state="JAL"),
                tags=("vip",),
                attributes={"colonia": "Centro"},
                payment_methods=("cod",),
            )
        ),
        links={"rayo_order": "9"},
        raw={"id": 5},
    )

    assert (
        "1499.00",
        "Ana",
        "JAL",
        ["vip"],
        {"colonia": "Centro"},
        ["cod"],
        {"rayo_order": "9"},
        {"id": 5},
        "cafe-mx",
        "shopify",
    ) == (
        found["total"],
        found["customer"]["name"],
        found["ship_to"]["state"],
        found["tags"],
        found["attributes"],
        found["payment_methods"],
        found["links"],
        found["raw"],
        found["store"],
        found["platform"],
    )


def test_parcels_stand_in_the_order_they_were_sent() -> None:
    """
    The oldest parcel comes first, so that the last one is the newest.
    """
    state = told(
        snapshot(
            parcels=(
                parcel(id="2", shipped_at="2026-11-20T00:00:00Z"),
                parcel(id="1", shipped_at="2026-11-21T00:00:00Z"),
                parcel(id="3"),
            )
        )
    )

    assert ["3", "2", "1"] == [p.id for p in standing_parcels(state)]
