"""An address that is not sure is shown to a person before it is sent."""

from typing import Any

import pytest

from bridge.errors import Unrenderable
from bridge.mapping.render import render
from bridge.model import Certainty, Reason
from bridge.orders.order import Address
from tests.mapping import CANARY, CREATED, compiled, order
from tests.mapping.test_compiler import EVERY, RAYO

WHOLE: dict[str, Any] = {
    "name": CANARY,
    "phone": "+525555010123",
    "street": CANARY,
    "exterior_number": "151",
    "neighbourhood": "Roma Norte",
    "city": "Ciudad de México",
    "state": "CMX",
    "postal_code": "06700",
    "country": "MX",
    "place_certainty": Certainty.SURE,
}


def asking(needed: str, text: str = RAYO) -> str:
    """Return a file that asks for addresses as sure as *needed*."""
    return text.replace("rules:", f"addresses: {needed}\nrules:", 1)


def held(text: str, rule: str = "create", **address: Any) -> Reason | None:
    """Return why a rule's request is not made, or None."""
    mapping = compiled(text)
    found = mapping.rule(rule)
    assert found is not None
    scene = order(
        {"rayo_order": CREATED, "every_order": "E-1"},
        ship_to=Address(**WHOLE | address),
    )
    try:
        render(mapping, found, scene)
    except Unrenderable as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("needed", "certainty", "code"),
    [
        ("sure", Certainty.SURE, None),
        ("sure", Certainty.LIKELY, "address_unsure"),
        ("likely", Certainty.SURE, None),
        ("likely", Certainty.LIKELY, None),
        ("likely", Certainty.DOUBTFUL, "address_unsure"),
        ("likely", Certainty.NONE, "address_unsure"),
        ("doubtful", Certainty.DOUBTFUL, None),
        ("doubtful", Certainty.NONE, "address_unsure"),
    ],
)
def test_an_address_must_be_as_sure_as_the_file_asks(
    needed: str, certainty: Certainty, code: str | None
):
    """
    The file's `addresses` is the least that is sent.
    """
    reason = held(asking(needed), certainty=certainty)

    assert code == (reason and reason.code)


def test_without_a_word_a_likely_address_is_sent():
    """
    What has a usual form, and nothing against it, needs no person.
    """
    assert Certainty.LIKELY is compiled(RAYO).addresses
    assert held(RAYO, certainty=Certainty.LIKELY) is None
    assert held(RAYO, certainty=Certainty.DOUBTFUL) is not None


def test_the_reason_says_what_is_not_clear_and_shows_nothing():
    """
    Words for each doubt, the place in the file, and no customer's words.
    """
    reason = held(
        RAYO,
        certainty=Certainty.DOUBTFUL,
        doubts=("no_number", "no_city", CANARY),
    )
    assert reason is not None

    assert (
        "the shipping address is not clear: no house number. `addresses: "
        "likely` is asked for; the console shows the address as it was "
        "written beside our reading"
    ) == reason.text
    assert {
        "file": "test.yaml",
        "line": 18,
        "field": "consumidor_destino.calle",
        "rule": "create",
        "address": "ship_to",
        "doubts": ["no_number"],
    } == reason.where
    assert CANARY not in f"{reason.text}{reason.where}"


def test_a_doubtful_place_has_a_code_of_its_own():
    """
    State, city and postal code are another question than the street.
    """
    reason = held(
        RAYO,
        place_certainty=Certainty.DOUBTFUL,
        doubts=("no_number", "no_city"),
    )
    assert reason is not None

    assert "place_unsure" == reason.code
    assert "the shipping address is not clear: no city." in reason.text
    assert ("consumidor_destino.ciudad", 21) == (
        reason.where["field"],
        reason.where["line"],
    )


@pytest.mark.parametrize(
    ("certainty", "told"),
    [
        (Certainty.DOUBTFUL, "it can be read in more than one way"),
        (Certainty.NONE, "nothing could be read of it"),
    ],
)
def test_an_address_without_a_doubt_that_has_a_word(
    certainty: Certainty, told: str
):
    """
    There is always something to say.
    """
    reason = held(RAYO, certainty=certainty)

    assert reason is not None
    assert f"is not clear: {told}." in reason.text


@pytest.mark.parametrize("rule", ["tracking", "cancelled"])
def test_what_reads_no_address_needs_none(rule: str):
    """
    A tracking number goes out wherever the parcel went.
    """
    mapping = compiled(RAYO)
    found = mapping.rule(rule)

    assert found is not None
    assert () == found.addresses


@pytest.mark.parametrize(
    ("expression", "marks"),
    [
        ("ship_to.street", {"certainty"}),
        ("ship_to.interior_number", {"certainty"}),
        ("ship_to.postal_code", {"place_certainty"}),
        ("state_name(ship_to.state, 'MX')", {"place_certainty"}),
        ("words(ship_to.street, ship_to.city)",
         {"certainty", "place_certainty"}),
        ("to_string(ship_to)", {"certainty", "place_certainty"}),
        ("ship_to.name", set()),
        ("ship_to.phone", set()),
        ("ship_to.address1", set()),
        ("ship_to.country", set()),
        ("order.ship_to.neighbourhood", {"certainty"}),
    ],
)  # fmt: skip
def test_which_parts_need_which_certainty(expression: str, marks: set[str]):
    """
    What the customer wrote is sent as it is; what we read must be sure.
    """
    text = EVERY.replace(
        "        status: CONFIRMED\n",
        "        status: CONFIRMED\n        notes: "
        f"= {expression.removeprefix('order.')}\n",
    )
    (rule,) = compiled(text).rules

    assert marks == {read.mark for read in rule.addresses}
    assert {"ship_to"} >= {read.address for read in rule.addresses}


def test_the_billing_address_is_told_by_its_name():
    """
    Whoever looks for what is wrong looks at the right address.
    """
    mapping = compiled(RAYO.replace("= ship_to.street", "= bill_to.street"))
    scene = order(bill_to=Address(certainty=Certainty.DOUBTFUL))

    with pytest.raises(Unrenderable) as caught:
        render(mapping, mapping.rules[0], scene)

    assert caught.value.reason.text.startswith("the billing address is not")


def test_an_address_in_an_item_and_in_a_name_is_seen():
    """
    However a request comes by it.
    """
    item = RAYO.replace("= sku", "= words(sku, order.ship_to.city)")
    named = RAYO.replace("rules:", "named:\n  a: = ship_to.street\nrules:")
    named = named.replace("= sku", "= words(sku, order.named.a)")
    of_products = [
        {read.mark for read in compiled(text).rules[0].addresses
         if read.field.startswith("productos")}
        for text in (item, named)
    ]  # fmt: skip

    assert [{"place_certainty"}, {"certainty"}] == of_products
