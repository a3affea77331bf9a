"""Addresses are filled with values, and read back into them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.targets.address import address, values_in
from bridge.targets.contract import Operation
from bridge.targets.register import CONTRACTS

ALL = [
    operation
    for contract in CONTRACTS.values()
    for operation in contract.operations.values()
]
UPDATE = CONTRACTS["rayo"].operations["update_delivery"]
VALUE = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12
)


@given(operation=st.sampled_from(ALL), data=st.data())
def test_what_was_put_in_comes_out(
    operation: Operation, data: st.DataObject
) -> None:
    """
    Whatever stands in a value, it is read back as it was.
    """
    model = operation.path_fields
    names = list(model.model_fields) if model else []
    values = {name: data.draw(VALUE) for name in names}

    assert values == values_in(operation, address(operation, values))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/api/rest/order/1",
        "/api/rest/order/1/2/delivery",
        "/api/rest/order/1/delivery/",
        "/v2/api/rest/order/1/delivery",
    ],
)
def test_another_address_has_no_values(path: str) -> None:
    """
    What was sent to another path is not guessed at.
    """
    assert values_in(UPDATE, path) is None


def test_path_of_the_targets_own() -> None:
    """
    An operation at another path is read by that one.
    """
    moved = replace(UPDATE, path="/v2/{orderId}.json")

    assert {"orderId": "a b"} == values_in(moved, "/v2/a%20b.json?x=1")
    assert values_in(moved, "/v2/a%20bxjson") is None


def test_page_of_a_list() -> None:
    """
    A next page goes into the query beside what is always there.
    """
    listing = CONTRACTS["every"].operations["list_orders"]

    assert "/v1/orders?pageSize=200&pageToken=a%26b" == address(
        listing, {}, more={"pageToken": "a&b"}
    )
