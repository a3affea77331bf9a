"""What an order that changes does to what a person holds of it."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.holds import hold_reason, reason_of, state_of
from bridge.model import Kind
from bridge.orders.order import Address
from tests.mapping.plan.desk import (
    NOTHING,
    YUJU,
    Desk,
    S,
    body,
    cancelled,
    created,
    paid,
    parcel,
)


def hold(desk: Desk, rule: str) -> None:
    """Put the newest of a rule on hold, as the journal does."""
    before = desk.newest(rule)
    reason = hold_reason(before, by="ana", until=None)
    unknown = before.state is S.UNCERTAIN
    desk.put(
        rule,
        state=S.UNCERTAIN if unknown else S.HELD,
        reason=reason.code,
        where=reason.where,
    )


def on_hold(
    state: S = S.HELD, code: str = "value_missing", **has: Any
) -> Desk:
    """Return the desk of an order whose create is held by a person."""
    desk = Desk(**has)
    desk.tell(paid(1))
    desk.put("create", state=state, reason=code)
    hold(desk, "create")
    return desk


@pytest.mark.parametrize("state", [S.HELD, S.DEAD, S.UNCERTAIN])
def test_better_order_does_not_let_it_go(state: S) -> None:
    """
    What would mend it is understood, and nothing is sent or planned anew.
    """
    desk = on_hold(state)

    assert NOTHING == desk.tell(paid(2, total="7.00"))
    assert NOTHING == desk.look()
    assert "on_hold" == desk.newest("create").reason


def test_what_was_refused_is_not_replaced() -> None:
    """
    A repeatable call that was refused would be sent anew by a change.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.DEAD, reason="http_422", request={})
    hold(desk, "ready")

    assert NOTHING == desk.tell(paid(2, name="#2"))


def test_what_comes_later_is_planned_behind_it() -> None:
    """
    Later calls are there, and the one on hold blocks them.
    """
    desk = on_hold()
    desk.tell(paid(2, parcels=(parcel(),)))

    held = desk.newest("create")
    assert "on_hold" == held.reason
    assert held.blocks
    assert held.place < desk.newest("tracking").place


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (S.HELD, (S.CANCELLED, "order_cancelled")),
        (S.DEAD, (S.CANCELLED, "order_cancelled")),
        (S.UNCERTAIN, (S.UNCERTAIN, "on_hold")),
    ],
)
def test_cancelled_order_withdraws_it(state: S, told: tuple[S, str]) -> None:
    """
    It was never sent and never will be; one that may be there stays.
    """
    desk = on_hold(state)
    desk.tell(cancelled(2))

    newest = desk.newest("create")
    assert told == (newest.state, newest.reason)


def test_what_may_be_there_is_not_withdrawn() -> None:
    """
    Only a person can tell whether a restored create was made.
    """
    desk = on_hold(code="restored")
    desk.tell(cancelled(2))

    assert "on_hold" == desk.newest("create").reason


def test_refused_one_is_not_withdrawn_for_a_while() -> None:
    """
    An order that does not ask just now leaves alone what was refused.
    """
    desk = on_hold(S.DEAD)
    assert S.DEAD is state_of(desk.newest("create"))
    desk.tell(body(2))

    assert "on_hold" == desk.newest("create").reason


def test_question_that_changes_stays_on_hold() -> None:
    """
    It is about what the order says now, and goes on waiting.
    """
    desk = created()
    desk.tell(
        paid(2, ship_to=Address(name="Ana", street="Olmo", city="Zapopan"))
    )
    asked = desk.newest("create", Kind.CHANGED)
    reason = hold_reason(asked, by="ana", until=None)
    on_hold = replace(asked, reason=reason.code, where=reason.where)
    desk.deliveries[desk.deliveries.index(asked)] = on_hold
    desk.tell(
        paid(3, ship_to=Address(name="Ana", street="Pino", city="Zapopan"))
    )

    after = desk.newest("create", Kind.CHANGED)
    assert (asked.id, S.HELD, "on_hold") == (
        after.id,
        after.state,
        after.reason,
    )
    assert "changed" == reason_of(after)
    assert asked.request != after.request
