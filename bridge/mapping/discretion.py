"""
What of an order tells nothing of a customer, and may stand on a page.

A page shows the value of a field or an expression when all that it is made
of is in `PUBLIC`; anything else is hidden until somebody asks for it, and
that is noted. Whatever is not understood here is taken for a customer's.
"""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from bridge.mapping.document import Mapping, Rule
from bridge.mapping.expression import NAMED, Expression
from bridge.mapping.parsing import Node
from bridge.mapping.template import (
    Computed,
    Each,
    Fields,
    Items,
    Literal,
    Template,
)
from bridge.model import Moment

Scope = Any
"""What is public below a value: names, the items of a list, or nothing."""

LEAF: Scope = MappingProxyType({})
_ANY_NAME: Scope = object()
"""Below it every name is public: the links."""

PUBLIC: Scope = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "id", "name", "gid", "store", "platform", "created_at",
                "updated_at", "paid_at", "cancelled_at", "cancel_reason",
                "cash_on_delivery", "test", "currency", "total", "subtotal",
                "shipping", "discount", "tax", "outstanding",
                *(moment.value for moment in Moment),
            ),
            LEAF,
        ),
        "payment_methods": [LEAF],
        "links": _ANY_NAME,
        "lines": [
            dict.fromkeys(
                (
                    "id", "sku", "name", "variant", "quantity", "to_ship",
                    "ships", "gift_card", "price", "total", "grams",
                ),
                LEAF,
            )
        ],
        "parcels": [
            {
                **dict.fromkeys(("id", "carrier", "status", "shipped_at"), LEAF),
                "lines": [dict.fromkeys(("id", "sku", "quantity"), LEAF)],
            }
        ],
    }
)  # fmt: skip
"""The fields of the Order that say nothing of who bought."""

Named = Dict[str, Expression]


class _Personal(Exception):
    """Something of a customer's may be in it."""


def tree_is_public(tree: Node, named: Named) -> bool:
    """Return whether what a syntax *tree* gives over an order is public."""
    try:
        _Discreet(named).leaf(tree, PUBLIC)
    except _Personal:
        return False
    return True


def template_is_public(template: Template, named: Named) -> bool:
    """Return whether what a part of a body gives is public."""
    try:
        _Discreet(named).part(template, (), PUBLIC)
    except _Personal:
        return False
    return True


def path_is_public(path: str) -> bool:
    """Return whether a path in the Order is public, as `lines.sku`."""
    scope = PUBLIC
    for step in path.split("."):
        scope = scope[0] if isinstance(scope, list) else scope
        if scope is _ANY_NAME:
            return True
        if not isinstance(scope, Dict) or step not in scope:
            return False
        scope = scope[step]
    return scope is LEAF or scope == [LEAF]


def place_is_public(mapping: Mapping | None, rule: str, place: str) -> bool:
    """
    Return whether what stands at a place of a rule's request is public.

    Args:
        place: as `origin.Origin` and `difference.FieldChange` name it;
            `request` is the method and the address.
    """
    if place in _TOLD_ANYWAY:
        return True
    found = mapping.rule(rule) if mapping else None
    if found is None or mapping is None:
        return False
    if place == "request":
        if found.path is None:
            return True
        return template_is_public(found.path, mapping.named)
    template, path = _begun(found, place)
    try:
        _Discreet(mapping.named).part(template, path, PUBLIC)
    except _Personal:
        return False
    return True


_TOLD_ANYWAY = frozenset({"question", "reason"})
"""A question and a reason: made to say nothing of a customer."""


def _begun(rule: Rule, place: str) -> tuple[Template | None, Sequence[str]]:
    head, *path = place.replace("[]", ".[]").split(".")
    template = {"path": rule.path, "body": rule.body}.get(head)
    return template, path


class _Discreet:
    """Goes along with a template or a syntax tree and what is public."""

    def __init__(self, named: Named) -> None:
        self._named = named

    # -- templates

    def part(
        self, template: Template | None, path: Sequence[str], scope: Scope
    ) -> None:
        """Pass when what *path* below *template* leads to is public."""
        match template:
            case Each():
                item = self._item(template, scope)
                self.part(template.item, path[1:], item)
            case Fields() | Items():
                for part in _chosen(template, path):
                    self.part(part, path[1:], scope)
            case Computed() if not path:
                self.leaf(template.expression.tree, scope)
            case Literal() if not path:
                return
            case _:
                raise _Personal

    def _item(self, template: Each, scope: Scope) -> Scope:
        item = self._list(self.scope(template.each.expression.tree, scope))
        inner = item if isinstance(item, Dict) else {}
        if item is LEAF:
            inner = {"value": LEAF}
        return {**inner, "order": scope.get("order", scope)}

    # -- expressions

    def leaf(self, node: Node, scope: Scope) -> None:
        """Pass when the value of *node* is public, and no whole object."""
        found = self.scope(node, scope)
        while isinstance(found, list):
            found = found[0]
        if found is not LEAF:
            raise _Personal

    def scope(self, node: Node, scope: Scope) -> Scope:
        """Return what is public below the value of *node*."""
        walk = getattr(self, f"_{node['type']}", None)
        if walk is None:
            raise _Personal
        return walk(node, scope)

    def _list(self, scope: Scope) -> Scope:
        if not isinstance(scope, list):
            raise _Personal
        return scope[0]

    def _literal(self, _node: Node, _scope: Scope) -> Scope:
        return LEAF

    def _current(self, _node: Node, scope: Scope) -> Scope:
        return scope

    _identity = _current

    def _field(self, node: Node, scope: Scope) -> Scope:
        if scope is _ANY_NAME:
            return LEAF
        if not isinstance(scope, Dict) or node["value"] not in scope:
            raise _Personal
        return scope[node["value"]]

    def _subexpression(self, node: Node, scope: Scope) -> Scope:
        first, *rest = node["children"]
        if _is_named(first) and rest:
            name = rest.pop(0).get("value")
            if name not in self._named:
                raise _Personal
            scope = self.scope(self._named[name].tree, PUBLIC)
        else:
            scope = self.scope(first, scope)
        for child in rest:
            scope = self.scope(child, scope)
        return scope

    _index_expression = _pipe = _subexpression

    def _index(self, _node: Node, scope: Scope) -> Scope:
        return self._list(scope)

    def _slice(self, _node: Node, scope: Scope) -> Scope:
        return [self._list(scope)]

    def _flatten(self, node: Node, scope: Scope) -> Scope:
        item = self._list(self.scope(node["children"][0], scope))
        return item if isinstance(item, list) else [item]

    def _projection(self, node: Node, scope: Scope) -> Scope:
        left, right = node["children"]
        return [self.scope(right, self._list(self.scope(left, scope)))]

    def _filter_projection(self, node: Node, scope: Scope) -> Scope:
        left, right, condition = node["children"]
        item = self._list(self.scope(left, scope))
        self._passes(condition, item)
        return [self.scope(right, item)]

    def _passes(self, node: Node, scope: Scope) -> None:
        """Pass when all that is looked at is public, whole lists too."""
        self.scope(node, scope)

    def _all(self, node: Node, scope: Scope) -> Scope:
        for child in node["children"]:
            self._passes(child, scope)
        return LEAF

    _comparator = _not_expression = _all

    def _either(self, node: Node, scope: Scope) -> Scope:
        first, second = (self.scope(one, scope) for one in node["children"])
        if first == second:
            return first
        raise _Personal

    _or_expression = _either

    def _and_expression(self, node: Node, scope: Scope) -> Scope:
        self._all(node, scope)
        return self._either(node, scope)

    def _function_expression(self, node: Node, scope: Scope) -> Scope:
        look = self._passes if node["value"] == "length" else self.leaf
        for child in node["children"]:
            look(child, scope)
        return LEAF


def _chosen(
    template: Fields | Items, path: Sequence[str]
) -> Sequence[Template | None]:
    """Return the part that *path* goes on with; all where it ends."""
    if isinstance(template, Fields):
        parts = dict(template.fields)
        return [parts.get(path[0])] if path else [*parts.values()]
    if path and path[0].isdecimal():
        return template.items[int(path[0]) :][:1]
    return template.items


def _is_named(node: Node) -> bool:
    told: bool = (
        node["type"] == "function_expression" and node["value"] == NAMED
    )
    return told
