"""Lists of targets that many orders are looked for in."""

from typing import Any

import pytest

from bridge.lists import FRESH_S, HOUR_S, Lists, Spent
from bridge.looking_up import Unread
from bridge.model import NotProcessed, Reason
from tests.test_doubts import EVERY, Desk, page, target

LISTING = EVERY.operations["list_orders"]


def order(number: int, **more: Any) -> dict[str, Any]:
    return {"name": f"orders/{number}", "referenceId": str(number), **more}


class Orders:
    """Looks for orders in Every's list, as time goes on."""

    def __init__(self, *pages: Any, per_hour: int = 240) -> None:
        self.desk = Desk(pages, target=target(pages_per_hour=per_hour))
        self.seconds = 0.0
        self.lists = Lists(lambda: self.seconds)

    def find(self, number: int) -> str | None:
        def take(item: Any) -> str | None:
            is_it = item.get("referenceId") == str(number)
            return str(item["name"]) if is_it else None

        return self.lists.find(self.desk.calls(), LISTING, take)

    @property
    def read(self) -> int:
        """How many pages were read."""
        return len(self.desk.paths)


def test_one_walk_serves_all_orders() -> None:
    """
    What was seen for one order is there for the next, without a call.
    """
    orders = Orders(page(order(3), order(2), order(1)))

    assert orders.find(2) == "orders/2"
    assert [orders.find(number) for number in (1, 3)] == [
        "orders/1",
        "orders/3",
    ]
    assert orders.read == 1


def test_walk_ends_where_it_is_found() -> None:
    """
    Later pages are not read for what stands on the first.
    """
    orders = Orders(page(order(2), more="2"), page(order(1)))

    assert orders.find(2) == "orders/2"
    assert orders.read == 1


def test_what_is_not_there_is_not_looked_for_at_once_again() -> None:
    """
    A hundred orders that wait cost one walk in half a minute.
    """
    orders = Orders(page(order(1)), page(order(7), order(1)))

    assert [orders.find(number) for number in range(2, 102)] == [None] * 100
    assert orders.read == 1

    orders.seconds += FRESH_S
    assert orders.find(7) == "orders/7"
    assert orders.read == 2


def test_walk_that_found_one_is_not_over_for_the_others() -> None:
    """
    What stands further down is looked for although a walk ended early.
    """
    orders = Orders(
        page(order(2), more="2"), page(order(2), more="2"), page(order(1))
    )

    assert (orders.find(2), orders.find(1)) == ("orders/2", "orders/1")


def test_newest_wins() -> None:
    """
    Of two that match, the one further up the list is taken.
    """
    newer = {"name": "orders/new", "referenceId": "5"}
    older = {"name": "orders/old", "referenceId": "5"}
    orders = Orders(page(newer, older))

    assert orders.find(5) == "orders/new"
    assert orders.find(5) == "orders/new"


def test_hour_has_so_many_pages() -> None:
    """
    When they are used up nothing is called, and it is said until when.
    """
    orders = Orders(*[page()] * 3, per_hour=2)
    orders.find(1)
    orders.seconds += 600
    orders.find(1)
    orders.seconds += 600

    with pytest.raises(Spent) as spent:
        orders.find(1)
    assert spent.value.seconds == HOUR_S - 1_200
    assert orders.read == 2

    orders.seconds += spent.value.seconds
    assert orders.find(1) is None
    assert orders.read == 3


def test_what_is_known_costs_no_page() -> None:
    """
    An hour that is used up stops no order that was seen before.
    """
    orders = Orders(page(order(1)), per_hour=1)
    orders.find(1)

    assert orders.find(1) == "orders/1"


def test_no_page_at_all_may_be_read() -> None:
    """
    A target of which nothing may be listed says so at once.
    """
    with pytest.raises(Spent):
        Orders(per_hour=0).find(1)


def test_page_that_can_not_be_read_is_told() -> None:
    """
    A target that does not answer is not taken for an empty list.
    """
    gone = NotProcessed(reason=Reason(code="http_503"))
    orders = Orders(gone, page(order(1)))

    with pytest.raises(Unread):
        orders.find(1)
    assert orders.find(1) == "orders/1"


@pytest.mark.parametrize("odd", [None, "x", 5, [], {}])
def test_odd_items_are_passed_over(odd: Any) -> None:
    """
    Whatever a list has besides orders stops nothing.
    """
    orders = Orders(page(odd, order(1)))

    assert orders.find(1) == "orders/1"
    assert orders.find(1) == "orders/1"


def test_list_does_not_grow_for_ever() -> None:
    """
    Those that were seen last are kept, a thousand of them.
    """
    pages = [
        page(*[order(number) for number in range(start, start + 500)])
        for start in (0, 500, 1_000)
    ]
    orders = Orders(*pages, page())
    for number in (10_001, 10_002, 10_003):
        orders.find(number)
        orders.seconds += FRESH_S

    assert orders.find(1_200) == "orders/1200"
    assert orders.find(3) is None
