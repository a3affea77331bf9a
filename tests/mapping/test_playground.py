"""An expression tried on one order."""

import pytest

from bridge.mapping.compiler import compile_mapping
from bridge.mapping.playground import LONGEST, Tried, try_out
from bridge.orders.document import document
from bridge.settings import surroundings
from tests.mapping import state_of
from tests.mapping.test_shipped import CATALOG, STORES, TARGETS

MAPPING = CATALOG.mappings["cafe-mx-rayo"]
AROUND = surroundings(STORES, TARGETS)


def tried(text: str) -> Tried:
    """Return what an expression gives for an order of two lines."""
    scene = document(state_of(), links={"rayo_order": "r-1"}, raw=None)
    return try_out(MAPPING, text, scene)


def test_gives_value_kind_and_steps() -> None:
    """
    Each part once, what stands in it first.
    """
    found = tried("= cents(total)")
    assert ("number", True, ("total",)) == (
        found.kind, found.given, found.reads,
    )  # fmt: skip
    assert ["total", "cents(total)"] == [one.text for one in found.steps]
    assert found.value == found.steps[-1].value


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("'a'", "a", "text"),
        ("links.rayo_order", "r-1", "text"),
        ("total == total", True, "truth"),
        ("cancel_reason", None, "null"),
        ("a: = links.rayo_order\nb: null\n", {"a": "r-1", "b": None}, "object"),
        ("- x\n- = links.rayo_order", ["x", "r-1"], "list"),
    ],
)  # fmt: skip
def test_takes_expressions_and_parts_of_bodies(
    text: str, value: object, kind: str
) -> None:
    """
    With or without `=`; a part of a body as the file would have it.
    """
    found = tried(text)
    assert (value, kind) == (found.value, found.kind)
    assert found.given is (value is not None)


def test_a_slip_has_the_place_that_check_would_tell() -> None:
    """
    The same words as for the file, and the column of the word.
    """
    (here,) = tried("cents(totl)").problems
    (there,) = tried("x: = cents(totl)").problems
    assert (1, 7) == (here.line, here.column)
    assert (1, 12) == (there.line, there.column)
    assert here.message == there.message
    assert "did you mean 'total'?" in here.message


def test_named_expressions_of_the_file_can_be_used() -> None:
    """
    They are computed as in the file, and are as public as they are there.
    """
    text = MAPPING.text.replace(
        "rules:",
        "named:\n  pesos: = cents(total)\n  who: = ship_to.name\nrules:",
        1,
    )
    mapping = compile_mapping("m", text, file="m.yaml", around=AROUND)
    scene = document(state_of(), links={}, raw=None)
    pesos = try_out(mapping, "named.pesos", scene)
    who = try_out(mapping, "named.who", scene)
    assert pesos.given
    assert (True, False) == (pesos.public, who.public)
    (wrong,) = try_out(mapping, "named.nope", scene).problems
    assert "no named expression 'nope'" in wrong.message


@pytest.mark.parametrize(
    "text",
    [
        "[@, @]" + " | [@, @][]" * 25,
        "[total, total]" + " | [@, @]" * 40,
        "[`1`, `2`]" + " | [@, @, @, @][]" * 20 + " | sort(@)",
        "lines[]" + ".lines[]" * 3_000,
        "(" * 3_000,
        "x" * (LONGEST + 1),
        "[" * 500 + "]" * 500,
    ],
)
def test_ends_soon_whatever_is_typed(text: str) -> None:
    """
    What would grow without end is told so instead.
    """
    found = tried(text)
    assert found.problems or found.failed
    assert found.value is None


def test_what_fails_for_this_order_is_said() -> None:
    """
    With the steps up to there.
    """
    found = tried("cents(ship_to.name)")
    assert "cents needs an amount" in found.failed
    assert ["ship_to.name"] == [one.text for one in found.steps]


def test_of_an_item_the_first_is_told() -> None:
    """
    A call inside a list is one step, marked as such.
    """
    found = tried("lines[*].cents(price)")
    assert [("price", True), ("cents(price)", True)] == [
        (one.text, one.item) for one in found.steps[:2]
    ]
    assert not found.steps[-1].item
