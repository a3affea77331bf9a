"""A syntax tree back to the text of an expression, for whoever reads on."""

import json
from collections.abc import Callable, Mapping
from re import compile as pattern
from types import MappingProxyType

from bridge.mapping.expression import NAMED
from bridge.mapping.parsing import Node
from bridge.model import JSON

_BARE = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGNS: Mapping[str, str] = MappingProxyType(
    {"eq": "==", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
)


def spelled(node: Node) -> str:
    """Return an expression that means *node*."""
    spell = _SPELLINGS.get(node["type"])
    return spell(node) if spell else f"({node['type']})"


def _literal(node: Node) -> str:
    value: JSON = node["value"]
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    told = json.dumps(value, ensure_ascii=False).replace("`", "\\`")
    return f"`{told}`"


def _field(node: Node) -> str:
    name = str(node["value"])
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _chain(node: Node) -> str:
    """Return what goes on with what stands before it: `a.b`, `a[0]`."""
    first, *rest = node["children"]
    text = _head(first)
    for child in rest:
        text += _next(text, child)
    return text


def _next(text: str, node: Node) -> str:
    told = spelled(node)
    follows = bool(text) and bool(told) and not told.startswith("[")
    return f".{told}" if follows or _is_choice(node, text) else told


def _is_choice(node: Node, text: str) -> bool:
    return bool(text) and node["type"] == "multi_select_list"


def _projection(node: Node) -> str:
    left, right = node["children"]
    head = _head(left)
    if left["type"] != "flatten" and not _is_slice(left):
        head += "[*]"
    return head + _next(head, right)


def _is_slice(node: Node) -> bool:
    children = node["children"]
    return bool(children) and (
        isinstance(children[-1], dict) and children[-1]["type"] == "slice"
    )


def _flatten(node: Node) -> str:
    (inner,) = node["children"]
    told = spelled(inner) if inner["type"] in _PROJECTIONS else _head(inner)
    return f"{told}[]"


def _value_projection(node: Node) -> str:
    left, right = node["children"]
    head = _head(left)
    head += ".*" if head else "*"
    return head + _next(head, right)


def _filter(node: Node) -> str:
    left, right, condition = node["children"]
    head = f"{_head(left)}[?{spelled(condition)}]"
    return head + _next(head, right)


def _slice(node: Node) -> str:
    begin, end, step = (
        "" if one is None else str(one) for one in node["children"]
    )
    return f"[{begin}:{end}]" if not step else f"[{begin}:{end}:{step}]"


def _between(sign: str) -> Callable[[Node], str]:
    def spell(node: Node) -> str:
        first, *rest = node["children"]
        alike = first["type"] == node["type"]
        head = spelled(first) if alike else _apart(first)
        return sign.join([head, *map(_apart, rest)])

    return spell


def _apart(node: Node) -> str:
    """Return *node* in brackets where it would else be read otherwise."""
    told = spelled(node)
    return f"({told})" if node["type"] in _LOOSE else told


def _head(node: Node) -> str:
    """Return *node* so that what follows belongs to the whole of it."""
    told = spelled(node)
    ends = node["type"] in _LOOSE | _TIGHTER | _PROJECTIONS
    return f"({told})" if ends else told


def _single(node: Node) -> str:
    """Return *node* in brackets, unless it is one word or one call."""
    told = spelled(node)
    return told if node["type"] in _ONE_WORD else f"({told})"


_ONE_WORD = frozenset({"field", "literal", "current", "function_expression"})
_TIGHTER = frozenset({"comparator", "not_expression"})
_PROJECTIONS = frozenset(
    {"projection", "filter_projection", "value_projection"}
)
"""What follows one is asked of each item, unless brackets end it."""

_LOOSE = frozenset({"or_expression", "and_expression", "pipe"})


def _comparator(node: Node) -> str:
    sign = f" {_SIGNS[node['value']]} "
    return sign.join(
        f"({spelled(one)})" if one["type"] == "comparator" else _apart(one)
        for one in node["children"]
    )


def _call(node: Node) -> str:
    if node["value"] == NAMED:
        return NAMED
    return f"{node['value']}({', '.join(map(spelled, node['children']))})"


def _object(node: Node) -> str:
    pairs = (
        f"{_field(pair)}: {spelled(pair['children'][0])}"
        for pair in node["children"]
    )
    return "{" + ", ".join(pairs) + "}"


_SPELLINGS: Mapping[str, Callable[[Node], str]] = MappingProxyType(
    {
        "literal": _literal,
        "field": _field,
        "current": lambda _node: "@",
        "identity": lambda _node: "",
        "subexpression": _chain,
        "index_expression": _chain,
        "index": lambda node: f"[{node['value']}]",
        "slice": _slice,
        "flatten": _flatten,
        "projection": _projection,
        "value_projection": _value_projection,
        "filter_projection": _filter,
        "pipe": _between(" | "),
        "or_expression": _between(" || "),
        "and_expression": _between(" && "),
        "not_expression": lambda node: f"!{_single(node['children'][0])}",
        "comparator": _comparator,
        "function_expression": _call,
        "expref": lambda node: f"&{spelled(node['children'][0])}",
        "multi_select_list": lambda node: (
            f"[{', '.join(map(spelled, node['children']))}]"
        ),
        "multi_select_dict": _object,
    }
)
"""How each kind of node is written."""
