"""What is looked at before a call is made."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.model import Millis, Reason
from bridge.preflights import Answers
from bridge.targets import every, rayo, yuju
from bridge.targets.contract import Ask, SentCall

KEY = ("rayo-mx", "find_product", (("productIdentifier", "A"),))


def ordered(*products: tuple[str, int]) -> SentCall:
    listed = [
        {"identificador": sku, "cantidad": count} for sku, count in products
    ]
    return SentCall(values={}, body={"productos": listed})


def code(reason: Reason | None) -> str | None:
    return reason and reason.code


# ------------------------------------------------------------------- rayo


def test_each_product_is_asked_for_once() -> None:
    """Two lines of one product are one question."""
    asks = rayo.products_asked(ordered(("A", 1), ("B", 2), ("A", 3)))

    assert asks == [
        Ask(operation="find_product", values={"productIdentifier": "A"}),
        Ask(operation="find_product", values={"productIdentifier": "B"}),
    ]


def test_unknown_products_are_named() -> None:
    """The SKUs that the warehouse does not know are told, all of them."""
    sent = ordered(("A", 1), ("B", 1), ("C", 1))
    answers: list[Any] = [
        {"producto": []}, {"producto": [{"sku": "B"}]}, {"producto": []},
    ]  # fmt: skip
    reason = rayo.products_known(sent, answers, {})

    assert reason is not None
    assert (reason.code, reason.where) == ("sku_unknown", {"skus": ["A", "C"]})
    assert "A, C" in reason.text


@pytest.mark.parametrize("answer", [None, [], {}, {"producto": None}])
def test_odd_answer_about_a_product_stops_nothing(answer: Any) -> None:
    """Only an empty list says that a product is not known."""
    assert rayo.products_known(ordered(("A", 1)), [answer], {}) is None


@pytest.mark.parametrize(
    ("listed", "short"),
    [
        ([{"sku": "A", "disponibles": 3}], None),
        ([{"sku": "A", "disponibles": 2}], ["A"]),
        ([{"sku": "A", "disponibles": 0}], ["A"]),
        ([{"sku": "B", "disponibles": 0}], None),
        ([], None),
        (None, None),
        ([{"sku": "A"}, "odd", {"sku": None, "disponibles": 0}], None),
    ],
)
def test_stock_of_all_pieces_is_needed(listed: Any, short: Any) -> None:
    """Pieces of one product are counted together; unlisted ones pass."""
    sent = ordered(("A", 1), ("A", 2))
    reason = rayo.in_stock(sent, [{"inventario": listed}], {})

    assert (reason and reason.where.get("skus")) == short


# ------------------------------------------------------------------- yuju


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"actions": ["set_shipped", "cancel"]}, None),
        ({"actions": ["cancel"]}, "move_not_allowed"),
        ({"actions": []}, "move_not_allowed"),
        ({"actions": [], "status": "shipped"}, None),
        ({"actions": [], "status": "delivered"}, None),
        ({"actions": [], "status": "paid"}, "move_not_allowed"),
        ({"status": "paid"}, None),
        (None, None),
    ],
)
def test_move_that_is_not_offered_is_told(
    order: Any, expected: str | None
) -> None:
    """A move is made when it is offered, or was made before."""
    sent = SentCall(
        values={},
        body={"id_order": "1", "id_channel": 13, "status": "shipped"},
    )
    reason = yuju.move_allowed(sent, [order], {})

    assert code(reason) == expected
    if reason is not None:
        assert "shipped" in reason.text


# ------------------------------------------------------------------ every


@pytest.mark.parametrize(
    ("order", "cents", "expected"),
    [
        ({"cash_on_delivery": True, "outstanding": "89900.00"}, 8990000, None),
        ({"cash_on_delivery": True, "outstanding": "89900"}, 89900,
         "cash_differs"),
        ({"cash_on_delivery": True, "outstanding": "0.00"}, 0, None),
        ({"cash_on_delivery": False, "outstanding": "89900"}, 8990000,
         "cash_differs"),
        ({"cash_on_delivery": False, "outstanding": "0"}, 0, None),
        ({"cash_on_delivery": True, "outstanding": None}, 100,
         "cash_differs"),
        ({"cash_on_delivery": True, "outstanding": "1"}, None, None),
    ],
)  # fmt: skip
def test_cash_to_collect_is_what_is_outstanding(
    order: Mapping[str, Any], cents: int | None, expected: str | None
) -> None:
    """A hundred times too much, or cash for a paid order, is stopped."""
    change = {"cashOnDeliveryRequestCents": cents}
    for body in (change, {"order": change}):
        sent = SentCall(values={}, body=body)
        reason = every.cash_matches(sent, [], order)
        assert code(reason) == expected
        assert "899" not in (reason.text if reason else "")


# ---------------------------------------------------------------- answers


def test_answers_are_kept_for_a_while() -> None:
    """An answer is believed for its life, and not longer."""
    seconds = 10.0
    answers = Answers(now=lambda: seconds)
    answers.keep(KEY, None)

    assert answers.find(KEY, Millis(60_000)) == (None,)
    assert answers.find(KEY, Millis(0)) is None
    seconds = 70.0
    assert answers.find(KEY, Millis(60_000)) is None


def test_answers_do_not_grow_for_ever() -> None:
    """However many products there are, some thousand answers are kept."""
    answers = Answers(now=lambda: 0.0)
    for number in range(5_000):
        answers.keep(("rayo-mx", "find_product", (("n", str(number)),)), 1)

    assert len(answers._kept) <= 2_000  # noqa: SLF001


def test_every_preflight_asks_what_its_contract_has() -> None:
    """Each question is an operation that reads and lists nothing."""
    calls = [
        (rayo.CONTRACT, ordered(("A", 1))),
        (
            yuju.CONTRACT,
            SentCall(
                values={},
                body={"id_order": "1", "id_channel": 13, "status": "shipped"},
            ),
        ),
        (every.CONTRACT, SentCall(values={}, body={})),
    ]
    for contract, sent in calls:
        for operation in contract.operations.values():
            for preflight in operation.preflights.values():
                for ask in preflight.asks(sent):
                    asked = contract.operations[ask.operation]
                    assert asked.repeatable
                    assert asked.search is None
