"""
The parts of an `if`, for whoever asks which of them gives nothing.

An `if` is taken apart at its outer `&&`; one that filters a list
(`lines[?ships && quantity > `0`]`) is asked of every item of the list.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from jmespath.lexer import Lexer

from bridge.mapping.expression import (
    Expression,
    ExpressionFailed,
    ExpressionWrong,
    is_empty,
)
from bridge.model import JSON

Scene = dict[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One part of an `if`.

    Args:
        of: of how many items, where it is asked of each item of a list.
        holds: whether it holds; for a list, for how many items.
    """

    text: str
    holds: int
    of: int | None = None


def parts_of(condition: Expression, scene: Scene) -> Iterator[Part]:
    """Yield the parts of an `if`, each with whether it holds."""
    for text in _conjuncts(condition.text):
        found = _filtered(text)
        if found is not None:
            yield from _filter_parts(condition, scene, *found)
            continue
        value = _value(condition, text, scene)
        yield Part(text=text, holds=int(not is_empty(value)))


def _filter_parts(
    condition: Expression, scene: Scene, items: str, wanted: str
) -> Iterator[Part]:
    """Yield the parts of `items[?wanted]`, each asked of every item."""
    found = _value(condition, items, scene)
    listed = found if isinstance(found, list) else []
    if not listed:
        yield Part(text=items, holds=0)
        return
    for text in _conjuncts(wanted):
        held = [not is_empty(_value(condition, text, item)) for item in listed]
        yield Part(text=text, holds=sum(held), of=len(listed))


def _value(condition: Expression, text: str, scope: JSON) -> JSON:
    """Return what a part of *condition* gives, None where it fails."""
    try:
        return condition.part(text).value(scope)
    except (ExpressionFailed, ExpressionWrong):
        return None


_OPEN = frozenset({"lparen", "lbracket", "lbrace", "filter", "flatten"})
_CLOSE = frozenset({"rparen", "rbracket", "rbrace"})


def _conjuncts(text: str) -> list[str]:
    """Return *text* cut at its outer `&&`; whole where there is `||` too."""
    depth, cuts = 0, [(0, 0)]
    for token in Lexer().tokenize(text):
        kind = token["type"]
        depth += (kind in _OPEN and kind != "flatten") - (kind in _CLOSE)
        if depth == 0 and kind in {"or", "pipe"}:
            return [text.strip()]
        if depth == 0 and kind == "and":
            cuts.append((token["start"], token["start"] + len("&&")))
    ends = [start for start, _end in cuts[1:]] + [len(text)]
    return [
        text[end:until].strip()
        for (_start, end), until in zip(cuts, ends, strict=True)
    ]


def _filtered(text: str) -> tuple[str, str] | None:
    """Return `lines` and `ships` of `lines[?ships]`, where it ends so."""
    tokens = [t for t in Lexer().tokenize(text) if t["type"] != "eof"]
    begins = [t for t in tokens if t["type"] == "filter"]
    if len(begins) != 1 or not tokens or tokens[-1]["type"] != "rbracket":
        return None
    begin, end = begins[0], tokens[-1]
    items, wanted = text[: begin["start"]], text[begin["end"] : end["start"]]
    if not items.strip() or not _balanced(wanted):
        return None
    return items.strip(), wanted.strip()


def _balanced(text: str) -> bool:
    depth = 0
    for token in Lexer().tokenize(text):
        kind = token["type"]
        depth += (kind in _OPEN and kind != "flatten") - (kind in _CLOSE)
        if depth < 0:
            return False
    return depth == 0
