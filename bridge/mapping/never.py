"""
Rules that can never fire, or hardly as they are meant.

What is known of an order while a rule's moment holds is put into its `if`:
one that is false then, whatever the order is, is no condition but a mistake.
"""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

from bridge.mapping.document import Rule
from bridge.mapping.expression import is_empty
from bridge.mapping.parsing import Node
from bridge.model import Moment
from bridge.saying import said

AFTER_CANCEL = frozenset({Moment.CANCELLED, Moment.REFUNDED})
_IMPLIED: Dict[Moment, frozenset[Moment]] = {
    Moment.PAID: frozenset({Moment.PLACED}),
    Moment.READY: frozenset({Moment.PLACED}),
    Moment.FULFILLED: frozenset({Moment.PLACED, Moment.SHIPPED}),
    Moment.DELIVERED: frozenset({Moment.PLACED}),
    Moment.REFUNDED: frozenset({Moment.PLACED, Moment.PAID}),
}
"""Moments that hold as well, see `orders.document.moments`."""
_OF_WHAT_SHIPS = frozenset({"lines.ships", "lines.to_ship"})

SENDS_ALL = said(
    "orders with nothing to send would be created as well: say "
    "`if: = lines[?ships]`"
)
NO_CANCEL = said(
    "nobody is told when an order is cancelled after its create: add a rule "
    "with `when: cancelled`"
)


def never_fires(when: Moment, tree: Node) -> str:
    """
    Return why a rule with that `if` never fires, or nothing.

    Args:
        tree: the syntax tree of its `if`.
    """
    if _truth(tree, {}) is False:
        return said("this never holds: the rule never fires")
    if _truth(tree, _known(when)) is False:
        return said(
            "this never holds while `when: %(when)s` does: the rule never "
            "fires",
            when=when.value,
        )
    return ""


def sends_all(rule: Rule) -> bool:
    """Return whether it creates orders with nothing to send."""
    if not rule.once:
        return False
    condition = rule.condition
    return condition is None or not condition.reads & _OF_WHAT_SHIPS


def shadowed_by(rule: Rule, rules: Sequence[Rule]) -> Rule | None:
    """
    Return a later rule that always holds when *rule* does.

    Of the same operation, so that *rule* is passed as soon as it fires: it
    is sent just before the later one, or not at all.
    """
    if rule.operation is None or rule.once:
        return None
    held = {rule.when, *_IMPLIED.get(rule.when, ())}
    text = rule.condition.text if rule.condition else None
    return next(
        (
            later
            for later in rules
            if later.position > rule.position
            and later.operation is rule.operation
            and later.when in held
            and (later.condition is None or later.condition.text == text)
        ),
        None,
    )


def shadowed(later: Rule) -> str:
    """Say that a rule is passed at once."""
    return said(
        "%(rule)r below makes the same call and holds whenever this does: "
        "this one goes out at most once, just before it, and never again",
        rule=later.name,
    )


def _known(when: Moment) -> dict[str, bool]:
    """Return what is known while *when* is waited for and holds."""
    known = dict.fromkeys({when, *_IMPLIED.get(when, ())}, True)
    if when not in AFTER_CANCEL:
        known[Moment.CANCELLED] = False
    if when is Moment.READY:
        known[Moment.REFUNDED] = False
    if when in AFTER_CANCEL:
        known[Moment.READY] = False
    return {moment.value: held for moment, held in known.items()}


def _truth(node: Node, known: Dict[str, bool]) -> bool | None:
    """Return whether it holds; None where that is up to the order."""
    found: bool | None = None
    children: list[Any] = node["children"]
    match node["type"]:
        case "literal":
            found = not is_empty(node["value"])
        case "field":
            found = known.get(node["value"])
        case "not_expression":
            found = _not(_truth(children[0], known))
        case "and_expression":
            found = _all([_truth(child, known) for child in children])
        case "or_expression":
            sides = [_not(_truth(child, known)) for child in children]
            found = _not(_all(sides))
        case "comparator":
            found = _compared(node, known)
        case _:
            pass
    return found


def _not(side: bool | None) -> bool | None:  # noqa: FBT001  one of three
    return None if side is None else not side


def _all(sides: Sequence[bool | None]) -> bool | None:
    if False in sides:
        return False
    return None if None in sides else True


def _compared(node: Node, known: Dict[str, bool]) -> bool | None:
    """Return whether a comparison of truths, or of literals, holds."""
    values = [
        child["value"]
        if child["type"] == "literal"
        else known.get(child["value"])
        if child["type"] == "field"
        else None
        for child in node["children"]
    ]
    if None in values or node["value"] not in {"eq", "ne"}:
        return None
    same = values[0] == values[1] and type(values[0]) is type(values[1])
    return same if node["value"] == "eq" else not same
