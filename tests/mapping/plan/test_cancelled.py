"""What a cancel withdraws, and what it leaves."""

import pytest

from bridge.model import (
    DeliveryState,
    Kind,
)
from bridge.sources.platform import Store
from tests.mapping.plan.desk import (
    ASKED,
    CREATED,
    NOTHING,
    RAYO,
    REF,
    YUJU,
    Desk,
    S,
    body,
    cancelled,
    created,
    paid,
)
from tests.orders.test_fold import (
    SHOPIFY,
    STORES,
)


@pytest.mark.parametrize(
    "state", [S.PENDING, S.HELD, S.WAITING, S.CLAIMED, S.DEAD]
)
def test_cancel_withdraws_what_was_not_sent(state: DeliveryState) -> None:
    """
    What is not on the wire is withdrawn, from a worker's hands too.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=state)
    desk.tell(cancelled(2))

    assert ("ready", 1, S.CANCELLED, "order_cancelled") in desk.shown()


@pytest.mark.parametrize("state", [S.SENDING, S.SETTLING, S.UNCERTAIN])
def test_cancel_leaves_what_may_be_sent(state: DeliveryState) -> None:
    """
    What may be on the wire is not called never sent.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=state)
    desk.tell(cancelled(2))

    assert ("ready", 1, state, None) in desk.shown()


def test_what_a_person_sent_again_is_not_withdrawn() -> None:
    """
    A redelivery stands above the order's cancel.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", forced=True)
    desk.tell(cancelled(2))

    assert ("ready", 1, S.PENDING, None) in desk.shown()


def test_cancel_after_the_create_asks_a_person() -> None:
    """
    The question names the order at the target, and only the order's number.
    """
    desk = created()
    desk.tell(cancelled(2))
    asked = desk.newest("cancelled")
    line = RAYO.splitlines().index("  cancelled:") + 1

    assert [CREATED, ASKED] == desk.shown()
    assert (
        Kind.ASK,
        False,
        f"Stop {REF} with the warehouse (order #1001).",
        {"file": "mappings/shop-target.yaml", "line": line},
    ) == (asked.kind, asked.blocks, asked.reason_text, asked.where)


@pytest.mark.parametrize(
    "state", [S.PENDING, S.HELD, S.WAITING, S.CLAIMED, S.DEAD]
)
def test_question_about_a_create_that_never_went_out(
    state: DeliveryState,
) -> None:
    """
    Nobody is asked to stop what was never created.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=state)
    desk.tell(cancelled(2))
    desk.look()

    assert [
        ("create", 1, S.CANCELLED, "order_cancelled"),
        ("cancelled", 1, S.CANCELLED, "never_created"),
    ] == desk.shown()


@pytest.mark.parametrize("store", STORES)
def test_cancel_before_the_create(store: Store) -> None:
    """
    An order cancelled before it was paid is never created, nor asked about.
    """
    desk = Desk(store=store)
    desk.tell(body(1))
    desk.tell(cancelled(2))
    desk.look()

    assert [] == desk.shown()


def test_cancel_seen_before_the_payment() -> None:
    """
    On Shopify a body that shows it paid, come late, creates nothing.
    """
    desk = Desk(store=SHOPIFY)
    desk.tell(cancelled(2))
    desk.tell(paid(1))
    desk.tell(paid(3))

    assert [] == desk.shown()


def test_question_where_the_bridge_creates_nothing() -> None:
    """
    A mapping without a create asks: what is there came by another way.
    """
    text = (
        YUJU.partition("  cancelled:")[0] + RAYO[RAYO.index("  cancelled:") :]
    )
    desk = Desk(text.replace("{links.rayo_order}", "it"))
    desk.tell(cancelled(1))

    assert [ASKED] == desk.shown()


@pytest.mark.parametrize("state", [S.SENDING, S.UNCERTAIN, S.SETTLING])
def test_question_waits_while_the_create_is_in_flight(
    state: DeliveryState,
) -> None:
    """
    It is asked once it is known whether there is anything to stop.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=state)

    assert NOTHING == desk.tell(cancelled(2))

    desk.put("create", state=S.SUCCEEDED)
    desk.look()

    assert [CREATED, ASKED] == desk.shown()


def test_question_is_not_asked_when_the_create_failed_after_all() -> None:
    """
    A create in flight that was refused leaves nothing to stop.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.SENDING)
    desk.tell(cancelled(2))
    desk.put("create", state=S.DEAD, reason="http_422")
    desk.look()

    assert ("cancelled", 1, S.CANCELLED, "never_created") in desk.shown()
    assert set() == desk.live()


def test_question_waits_for_what_a_person_sent_again() -> None:
    """
    A create that a person made due will go out: it is asked afterwards.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", forced=True)

    assert NOTHING == desk.tell(cancelled(2))

    desk.put("create", state=S.SUCCEEDED, forced=False)
    desk.look()

    assert [CREATED, ASKED] == desk.shown()


def test_question_of_a_create_under_an_older_name() -> None:
    """
    Renaming the create's rule does not hide what it had created.
    """
    desk = created()
    desk.edit(RAYO.replace("  create:", "  make:"))
    desk.tell(cancelled(2))

    assert [CREATED, ASKED] == desk.shown()


def test_question_about_an_older_name_that_never_went_out() -> None:
    """
    Nor does it ask about what it had not created.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.edit(RAYO.replace("  create:", "  make:"))
    desk.tell(cancelled(2))

    assert ("cancelled", 1, S.CANCELLED, "never_created") in desk.shown()
    assert set() == desk.live()


def test_persons_answer_to_a_question_stays() -> None:
    """
    A question that was answered or put aside is not put again.
    """
    for state in (S.SUCCEEDED, S.CANCELLED):
        desk = created()
        desk.tell(cancelled(2))
        desk.put("cancelled", state=state, reason="operator")

        assert NOTHING == desk.tell(cancelled(3, note="edited"))
