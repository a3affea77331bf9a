"""Whatever the order of arrival, the same tellings make the same order."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model import Instant, Moment
from bridge.orders.document import document, is_cancelled, moments
from bridge.orders.fold import (
    fold_deletion,
    fold_parcel,
    fold_snapshot,
    merge_parcels,
)
from bridge.orders.order import (
    OrderState,
    Parcel,
    ParcelLine,
    Payment,
    Snapshot,
    dump_state,
    read_state,
)
from bridge.sources.folding import fold_reading, untold
from bridge.sources.platform import Platform, Store
from bridge.sources.register import PLATFORMS
from tests.sources import samples

T0 = 1_795_305_600_000
ORDER = "5678"
SHOPIFY = Store(
    name="cafe-mx",
    platform="shopify",
    identity="cafe-jacaranda-mx.myshopify.com",
    country="MX",
    secrets=("secret",),
)
WOO = Store(
    name="artesanias-mx",
    platform="woocommerce",
    identity="https://tienda.artesanias-ejemplo.mx",
    country="MX",
    secrets=("secret",),
)
STORES = [SHOPIFY, WOO]
BODIES = {
    "shopify": "shopify-mx-orders-paid-multiline",
    "woocommerce": "woo-mx-order-updated-processing-paid",
}


def second(number: int) -> Instant:
    """Return a whole second: stores know no finer."""
    return Instant(T0 + number * 1_000)


def snapshot(at: int = 0, **changes: Any) -> Snapshot:
    """Return a body told at a second; its digest is of all that it says."""
    bare = Snapshot(
        id=ORDER,
        version=second(at),
        digest="",
        name="#1001",
        created_at=second(-60),
    )
    bare = replace(bare, **{"digest": "", **changes})
    said = repr(replace(bare, paid_since=None))
    digest = hashlib.sha256(said.encode()).hexdigest()
    return replace(bare, digest=changes.get("digest", digest))


def nothing(store: Store) -> OrderState:
    """Return an order of which nothing was told."""
    return untold(store, PLATFORMS[store.platform], ORDER)


# ------------------------------------------------------------- properties


@dataclass(frozen=True)
class Telling:
    """Something told of an order, with the receipt it came with."""

    what: Snapshot | Parcel | None
    received_at: Instant
    restored: bool = False

    def fold(self, state: OrderState) -> OrderState:
        """Return *state* with it; None is a deletion."""
        match self.what:
            case Snapshot():
                return fold_snapshot(
                    state,
                    self.what,
                    restored_at=self.received_at if self.restored else None,
                )
            case Parcel():
                return fold_parcel(
                    state, self.what, received_at=self.received_at
                )
            case None:
                return fold_deletion(state, received_at=self.received_at)


seconds = st.integers(0, 3)  # few, so that there are ties
instants = seconds.map(second)
words = st.none() | st.sampled_from(["a", "b"])
parcels = st.builds(
    Parcel,
    id=st.sampled_from(["1", "2", "3"]),
    tracking_number=words,
    carrier=words,
    status=st.sampled_from([None, "in_transit", "delivered"]),
    gone=st.booleans(),
    updated_at=instants,
    lines=st.sampled_from([(), (ParcelLine(id="1", quantity=1),)]),
)
snapshots = st.builds(
    snapshot,
    seconds,
    cancelled=st.booleans(),
    cancelled_at=st.none() | instants,
    cancel_reason=words,
    failed=st.booleans(),
    on_hold=st.booleans(),
    payment=st.sampled_from(Payment),
    paid_since=st.none() | instants,
    cash_on_delivery=st.booleans(),
    all_shipped=st.booleans(),
    shipped_units=st.integers(0, 2),
    note=words,
    parcels=st.lists(parcels, max_size=2, unique_by=lambda p: p.id).map(tuple),
)
tellings = st.builds(
    Telling,
    what=st.none() | snapshots | snapshots | parcels,
    received_at=instants,
    restored=st.booleans(),
)


def folded(store: Store, told: list[Telling]) -> OrderState:
    """Return what comes of tellings in this order of arrival."""
    state = nothing(store)
    for telling in told:
        state = telling.fold(state)
    return state


@given(st.sampled_from(STORES), st.lists(tellings, max_size=6), st.data())
def test_any_arrival_ends_in_the_same_order(
    store: Store, told: list[Telling], data: st.DataObject
) -> None:
    """
    In any order and however often they come, they make the same order.
    """
    again = data.draw(st.lists(st.sampled_from(told or [None])))
    arrived = data.draw(st.permutations([*told, *filter(None, again)]))
    here, there = folded(store, told), folded(store, arrived)

    assert here == there
    assert document(here) == document(there)


@given(st.sampled_from(STORES), st.lists(tellings, min_size=1), st.data())
def test_repetition_changes_nothing(
    store: Store, told: list[Telling], data: st.DataObject
) -> None:
    """
    What was told already changes nothing when it is told again.
    """
    state = folded(store, told)
    again = data.draw(st.sampled_from(told))

    assert state == again.fold(state)


@given(st.sampled_from(STORES), st.lists(tellings, max_size=6))
def test_kept_as_it_was(store: Store, told: list[Telling]) -> None:
    """
    The journal gives back the very order that it was given.
    """
    state = folded(store, told)

    assert state == read_state(dump_state(state))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.text(), json_values, max_size=4), st.text())
def test_attributes_are_kept_as_they_were(
    attributes: dict[str, Any], note: str
) -> None:
    """
    What a shop puts into its own attributes survives the journal.
    """
    state = fold_snapshot(
        nothing(SHOPIFY), snapshot(attributes=attributes, note=note)
    )

    assert state == read_state(dump_state(state))


# -------------------------------------------------------- of real bodies


def shopify_body(at: int, what: str) -> dict[str, Any]:
    """Return a Shopify body that shows *what* at a second."""
    kept = samples.body(BODIES["shopify"])
    stamp = f"2026-11-21T10:00:{at:02d}-06:00"
    fulfilment = {
        "id": 71 + at,
        "status": "success",
        "created_at": stamp,
        "updated_at": stamp,
        "tracking_number": f"GUIA{at}",
        "tracking_company": "Estafeta",
        "line_items": kept["line_items"][:1],
    }
    changes: dict[str, Any] = {
        "pending": {"financial_status": "pending"},
        "paid": {"financial_status": "paid"},
        "refunded": {"financial_status": "refunded"},
        "cancelled": {
            "financial_status": "voided",
            "cancelled_at": stamp,
            "cancel_reason": "customer",
        },
        "shipped": {"financial_status": "paid", "fulfillments": [fulfilment]},
    }[what]
    return {**kept, "updated_at": stamp, **changes}


def woo_body(at: int, what: str) -> dict[str, Any]:
    """Return a WooCommerce body that shows *what* at a second."""
    stamp = f"2026-11-21T16:00:{at:02d}"
    status, paid = {
        "pending": ("pending", None),
        "paid": ("processing", stamp),
        "refunded": ("refunded", stamp),
        "cancelled": ("cancelled", None),
        "shipped": ("completed", stamp),
        "failed": ("failed", None),
    }[what]
    return samples.body(
        BODIES["woocommerce"],
        status=status,
        date_paid_gmt=paid,
        date_modified_gmt=stamp,
    )


def told_by_platform(
    store: Store, bodies: list[tuple[dict[str, Any], str]]
) -> OrderState:
    """Return the order that real bodies with their topics tell of."""
    platform: Platform = PLATFORMS[store.platform]
    state = nothing(store)
    for body, topic in bodies:
        reading = platform.read(samples.event(body, topic=topic), store)
        state = fold_reading(state, reading, received_at=Instant(T0))
    return state


shopify_bodies = st.builds(
    lambda at, what: (
        shopify_body(at, what),
        "orders/paid" if what == "paid" else "orders/updated",
    ),
    seconds,
    st.sampled_from(["pending", "paid", "refunded", "cancelled", "shipped"]),
)
woo_bodies = st.builds(
    lambda at, what: (woo_body(at, what), "order.updated"),
    seconds,
    st.sampled_from(
        ["pending", "paid", "refunded", "cancelled", "shipped", "failed"]
    ),
)


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(
        st.tuples(st.just(SHOPIFY), st.lists(shopify_bodies, max_size=5)),
        st.tuples(st.just(WOO), st.lists(woo_bodies, max_size=5)),
    ),
    st.data(),
)
def test_any_arrival_of_webhooks(
    told: tuple[Store, list[tuple[dict[str, Any], str]]], data: st.DataObject
) -> None:
    """
    The same webhooks of a shop make the same order, however they arrive.
    """
    store, bodies = told
    arrived = data.draw(st.permutations([*bodies, *bodies[:2]]))
    here = told_by_platform(store, bodies)
    there = told_by_platform(store, arrived)

    assert here == there
    assert document(here) == document(there)


# --------------------------------------------------------- newest body wins


def test_late_older_webhook_changes_nothing() -> None:
    """
    A body older than the newest leaves what the order says as it is.
    """
    newest = snapshot(
        2, payment=Payment.PAID, paid_since=second(1), note="new"
    )
    older = snapshot(1, payment=Payment.PAID, note="old")
    before = fold_snapshot(nothing(SHOPIFY), newest)
    after = fold_snapshot(before, older)

    assert document(before) == document(after)
    assert before.snapshot == after.snapshot


def test_late_unpaid_body_does_not_undo_the_payment() -> None:
    """
    The order is paid though its unpaid body comes last.
    """
    state = fold_snapshot(nothing(SHOPIFY), snapshot(2, payment=Payment.PAID))
    late = fold_snapshot(state, snapshot(1))

    assert moments(state) == moments(late)
    assert moments(late)[Moment.PAID]


@pytest.mark.parametrize(
    ("loser", "winner"),
    [
        (
            {"payment": Payment.REFUNDED, "all_shipped": True},
            {"cancelled": True},
        ),
        (
            {"payment": Payment.PARTIAL, "all_shipped": True},
            {"payment": Payment.PAID},
        ),
        ({"payment": Payment.PAID}, {"payment": Payment.REFUNDED}),
        ({"shipped_units": 9}, {"all_shipped": True}),
        ({"shipped_units": 1}, {"shipped_units": 2}),
        ({"digest": "0a", "note": "x"}, {"digest": "0b", "note": "y"}),
    ],
)
def test_tie_is_broken_by_content(
    loser: dict[str, Any], winner: dict[str, Any]
) -> None:
    """
    In one second: cancelled, further payment, more shipped, then the hash.
    """
    lost, won = (
        snapshot(**{"digest": "ff", **loser}),
        snapshot(**{"digest": "00", **winner}),
    )
    for told in ([lost, won], [won, lost]):
        state = nothing(WOO)
        for body in told:
            state = fold_snapshot(state, body)

        assert won == state.snapshot


def test_newer_beats_any_content() -> None:
    """
    The store's own time comes before all else.
    """
    state = fold_snapshot(nothing(WOO), snapshot(2))
    state = fold_snapshot(
        state, snapshot(1, cancelled=True, payment=Payment.REFUNDED)
    )

    assert snapshot(2) == state.snapshot


# ------------------------------------------------------------------ parcels


def test_parcels_merge() -> None:
    """
    Parcels of the order's body and of their own make one list.
    """
    own = Parcel(id="2", tracking_number="B", updated_at=second(1))
    state = fold_parcel(nothing(SHOPIFY), own, received_at=second(5))
    state = fold_snapshot(
        state,
        snapshot(parcels=(Parcel(id="1", updated_at=second(0)), own)),
    )

    assert ["1", "2"] == [p["id"] for p in document(state)["parcels"]]


def test_newest_telling_of_a_parcel_wins() -> None:
    """
    A parcel's own newer body outdoes what the order's body says of it.
    """
    old = Parcel(id="1", tracking_number="OLD", updated_at=second(1))
    new = replace(old, tracking_number="NEW", updated_at=second(2))

    assert (new,) == merge_parcels([old], [new])
    assert (new,) == merge_parcels([new], [old])


def test_parcel_that_is_gone_does_not_count() -> None:
    """
    A cancelled parcel ships nothing, also when its first telling is late.
    """
    sent = Parcel(id="1", updated_at=second(1))
    gone = replace(sent, gone=True, updated_at=second(2))
    state = fold_parcel(nothing(SHOPIFY), gone, received_at=second(5))
    state = fold_parcel(state, sent, received_at=second(6))
    state = fold_snapshot(state, snapshot())

    assert [] == document(state)["parcels"]
    assert not moments(state)[Moment.SHIPPED]
    assert second(5) == state.first_parcel_at


def test_parcel_that_is_gone_wins_a_tie() -> None:
    """
    Told sent and cancelled in the same second, a parcel is cancelled.
    """
    sent = Parcel(id="1", tracking_number="Z", updated_at=second(1))
    gone = replace(sent, gone=True, tracking_number="A")

    assert (gone,) == merge_parcels([sent], [gone])
    assert (gone,) == merge_parcels([gone], [sent])


# ------------------------------------------------------------------ cancels


def test_cancel_is_final_on_shopify() -> None:
    """
    No newer body takes a Shopify cancel back; the earliest one counts.
    """
    state = nothing(SHOPIFY)
    for body in (
        snapshot(3, payment=Payment.PAID),
        snapshot(2, cancelled=True, cancelled_at=second(2), cancel_reason="b"),
        snapshot(1, cancelled=True, cancelled_at=second(1), cancel_reason="a"),
    ):
        state = fold_snapshot(state, body)
    found = document(state)

    assert is_cancelled(state)
    assert ("2026-11-22T00:00:01Z", "a") == (
        found["cancelled_at"],
        found["cancel_reason"],
    )


def test_cancel_can_be_taken_back_on_woocommerce() -> None:
    """
    On WooCommerce the newest body says whether it is cancelled.
    """
    state = fold_snapshot(nothing(WOO), snapshot(1, cancelled=True))
    back = fold_snapshot(state, snapshot(2, payment=Payment.PAID))

    assert is_cancelled(state)
    assert not is_cancelled(back)
    assert moments(back)[Moment.READY]
    assert document(back)["cancelled_at"] is None


def test_failed_after_ready_is_cancelled() -> None:
    """
    A payment that fails once the order was ready cancels it.
    """
    paid = snapshot(1, payment=Payment.PAID)
    failed = snapshot(2, failed=True)
    told_in_order = fold_snapshot(fold_snapshot(nothing(WOO), paid), failed)
    told_backwards = fold_snapshot(fold_snapshot(nothing(WOO), failed), paid)

    assert is_cancelled(told_in_order)
    assert told_in_order == told_backwards


def test_failed_before_ready_is_not_cancelled() -> None:
    """
    A first payment that fails is an unpaid order, no cancel.
    """
    state = fold_snapshot(nothing(WOO), snapshot(1))
    state = fold_snapshot(state, snapshot(2, failed=True))

    assert not is_cancelled(state)
    assert not moments(state)[Moment.READY]


def test_paid_again_after_it_failed() -> None:
    """
    A second payment that goes through brings a failed order back.
    """
    state = nothing(WOO)
    for body in (
        snapshot(1, payment=Payment.PAID),
        snapshot(2, failed=True),
        snapshot(3, payment=Payment.PAID),
    ):
        state = fold_snapshot(state, body)

    assert moments(state)[Moment.READY]


# ----------------------------------------------------------------- deletion


@pytest.mark.parametrize("store", STORES)
def test_deletion_cancels(store: Store) -> None:
    """
    An order that was thrown away is cancelled, before any body of it too.
    """
    gone = fold_deletion(nothing(store), received_at=second(5))
    seen = fold_snapshot(gone, snapshot(1, payment=Payment.PAID))

    assert is_cancelled(gone)
    assert is_cancelled(seen)
    assert not moments(seen)[Moment.READY]


def test_restoring_undoes_a_deletion() -> None:
    """
    A restored order is what its body says, whichever is told first.
    """
    gone = fold_deletion(nothing(WOO), received_at=second(5))
    back = fold_snapshot(
        gone, snapshot(1, payment=Payment.PAID), restored_at=second(6)
    )
    other = fold_snapshot(
        nothing(WOO), snapshot(1, payment=Payment.PAID), restored_at=second(6)
    )
    other = fold_deletion(other, received_at=second(5))

    assert moments(back)[Moment.READY]
    assert back == other


def test_deletion_after_a_restoring_counts() -> None:
    """
    Thrown away once more, it is cancelled once more.
    """
    state = fold_deletion(nothing(WOO), received_at=second(5))
    state = fold_snapshot(state, snapshot(1), restored_at=second(6))
    state = fold_deletion(state, received_at=second(7))

    assert is_cancelled(state)


def test_newer_body_undoes_a_deletion_on_woocommerce() -> None:
    """
    An order that changes after it was thrown away was taken back.
    """
    state = fold_deletion(nothing(WOO), received_at=second(5))
    state = fold_snapshot(state, snapshot(6, payment=Payment.PAID))

    assert moments(state)[Moment.READY]


def test_deletion_is_final_on_shopify() -> None:
    """
    A deleted Shopify order does not come back.
    """
    state = fold_deletion(nothing(SHOPIFY), received_at=second(5))
    state = fold_snapshot(state, snapshot(6, payment=Payment.PAID))

    assert is_cancelled(state)
