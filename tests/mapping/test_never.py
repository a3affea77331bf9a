"""What is hardly meant: rules that never fire, and what is warned of."""

import pytest

from tests.mapping import compiled, complaints
from tests.mapping.test_compiler import EVERY, RAYO, YUJU

NEVER = "this never holds"


def with_if(condition: str, when: str = "ready") -> str:
    """Return a file whose one rule has that `if`."""
    return YUJU.replace("when: ready", f"when: {when}\n    if: = {condition}")


def warnings(text: str) -> list[str]:
    """Return what a file is warned of, which is in force all the same."""
    found = compiled(text).warnings
    assert {"warning"} >= {problem.severity for problem in found}
    return [str(problem) for problem in found]


@pytest.mark.parametrize(
    ("when", "condition"),
    [
        ("cancelled", "ready"),
        ("cancelled", "ready && lines[?ships]"),
        ("cancelled", "lines[?ships] && (ready || `false`)"),
        ("cancelled", "!cancelled"),
        ("cancelled", "cancelled == `false`"),
        ("cancelled", "cancelled != `true`"),
        ("refunded", "ready"),
        ("refunded", "!paid"),
        ("ready", "cancelled"),
        ("ready", "refunded"),
        ("ready", "!ready"),
        ("ready", "ready == `false`"),
        ("paid", "cancelled && paid"),
        ("fulfilled", "!shipped"),
        ("shipped", "cancelled"),
        ("delivered", "!placed"),
        ("ready", "`false`"),
        ("ready", "`null`"),
        ("ready", "''"),
        ("ready", "paid && `false`"),
        ("ready", "!`true`"),
    ],
)
def test_a_rule_that_can_never_fire_is_a_mistake(when: str, condition: str):
    """
    What its `if` asks for is never so while its moment holds.
    """
    (message,) = complaints(with_if(condition, when))

    assert message.startswith(f"test.yaml:6:11: {NEVER}")
    assert message.endswith("the rule never fires")


@pytest.mark.parametrize(
    ("when", "condition"),
    [
        ("cancelled", "paid"),
        ("cancelled", "!ready"),
        ("cancelled", "refunded"),
        ("cancelled", "shipped"),
        ("refunded", "cancelled"),
        ("refunded", "paid"),
        ("ready", "paid"),
        ("ready", "!paid"),
        ("ready", "cash_on_delivery"),
        ("ready", "!cancelled"),
        ("ready", "shipped || `false`"),
        ("paid", "refunded"),
        ("paid", "!ready"),
        ("paid", "shipped == `false`"),
        ("shipped", "!fulfilled"),
        ("delivered", "!fulfilled"),
        ("placed", "cancel_reason || paid"),
        ("ready", "cents(total) > `0`"),
        ("ready", "ready == paid"),
        ("ready", "`0`"),
        ("ready", "tags[?@ == 'a']"),
    ],
)
def test_what_may_hold_is_taken(when: str, condition: str):
    """
    Only what is false for every order is refused.
    """
    assert [] == complaints(with_if(condition, when))


def test_a_create_without_a_condition_is_warned_of():
    """
    An order of gift cards would be created at the warehouse.
    """
    text = RAYO.replace("    if: = lines[?ships]\n", "")
    message = (
        "test.yaml:4:3: orders with nothing to send would be created as "
        "well: say `if: = lines[?ships]`"
    )

    assert [message] == warnings(text)
    assert [message] == warnings(
        RAYO.replace("if: = lines[?ships]", "if: = lines")
    )


@pytest.mark.parametrize(
    "condition",
    ["lines[?ships && quantity > `0`]", "sum(lines[*].to_ship) > `0`",
     "named.some"],
)  # fmt: skip
def test_a_create_that_looks_at_what_ships_is_not(condition: str):
    """
    However it looks: by itself or by a named expression.
    """
    text = RAYO.replace("if: = lines[?ships]", f"if: = {condition}").replace(
        "rules:", "named:\n  some: = lines[?ships]\nrules:"
    )

    assert [] == warnings(text)


def test_a_create_that_nobody_calls_off_is_warned_of():
    """
    A cancelled order would be sent, and nobody told.
    """
    text = RAYO[: RAYO.index("  cancelled:")]

    assert [
        (
            "test.yaml:4:3: nobody is told when an order is cancelled after its "
            "create: add a rule with `when: cancelled`"
        )
    ] == warnings(text)


def test_a_link_that_nothing_reads_is_warned_of():
    """
    Its name may be a slip of one that is read.
    """
    text = RAYO.replace(
        "      rayo_order: orden.ordenRef\n",
        "      rayo_order: orden.ordenRef\n      rayo_id: orden.id\n",
    )

    assert ["test.yaml:27:7: nothing reads links.rayo_id"] == warnings(text)


def test_a_rule_that_is_passed_as_it_fires_is_warned_of():
    """
    Forward only: the later rule of the same call is what stays.
    """
    later = YUJU[YUJU.index("  ready:") :].replace("  ready:", "  sent:")
    told = (
        "test.yaml:4:3: 'sent' below makes the same call and holds whenever "
        "this does: this one goes out at most once, just before it, and "
        "never again"
    )

    assert [told] == warnings(YUJU + later)
    assert [told] == warnings(YUJU + later.replace("ready", "placed", 1))
    assert [] == warnings(YUJU + later.replace("when: ready", "when: shipped"))
    assert [] == warnings(
        YUJU + later.replace("when: ready", "when: ready\n    if: = note")
    )


def test_the_same_condition_hides_nothing():
    """
    Two rules with the same moment and the same `if` pass each other too.
    """
    first = with_if("note")
    later = first[first.index("  ready:") :].replace("  ready:", "  sent:")

    assert 1 == len(warnings(first + later))


@pytest.mark.parametrize("text", [RAYO, YUJU, EVERY])
def test_what_is_right_is_not_warned_of(text: str):
    """
    A warning that means nothing would be read past.
    """
    assert [] == warnings(text)
