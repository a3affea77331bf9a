"""Which orders are ours."""

from dataclasses import replace

import pytest

from bridge.orders.order import (
    Snapshot,
)
from tests.mapping.plan.desk import (
    ASKED,
    CREATED,
    NOTHING,
    PENDING_CREATE,
    RAYO,
    Desk,
    body,
    cancelled,
    created,
    paid,
)
from tests.orders.test_fold import (
    second,
)


@pytest.mark.parametrize(
    ("told", "ours"),
    [
        ([paid(200, created_at=second(100))], True),
        ([paid(200, created_at=second(99))], False),
        (
            [paid(200, created_at=second(99), paid_since=second(100))],
            True,
        ),
        ([paid(200, created_at=second(9), paid_since=second(99))], False),
        (
            [
                body(50, created_at=second(9)),
                paid(150, created_at=second(9)),
            ],
            True,
        ),
    ],
)
def test_since(told: list[Snapshot], *, ours: bool) -> None:
    """
    An order is ours when it was placed or became paid since then.
    """
    desk = Desk(since=second(100))
    for one in told:
        desk.tell(one)

    assert [PENDING_CREATE] * ours == desk.shown()


def test_ours_stays_ours() -> None:
    """
    A mapping whose `since` is moved on keeps the orders it took on.
    """
    desk = created()
    desk.since = second(10_000)
    desk.tell(cancelled(2))

    assert [CREATED, ASKED] == desk.shown()


def test_ours_stays_ours_under_another_file_name() -> None:
    """
    A renamed file goes on with the orders that it had taken on.
    """
    desk = created()
    desk.edit(RAYO, "renamed")
    desk.since = desk.now
    desk.tell(cancelled(2))

    assert [CREATED, ASKED] == desk.shown()


def test_deliveries_of_other_mappings_make_no_order_ours() -> None:
    """
    An order from before `since` is not ours because another file has it.
    """
    desk = Desk(since=second(500))
    taken = created()
    desk.deliveries = [
        replace(d, mapping="another", target="every", effect_key="every/x")
        for d in taken.deliveries
    ]

    assert NOTHING == desk.tell(paid(1))
