"""What is another in the second of two texts, line by line: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

AROUND = 3
"""So many lines stand before and after what changed."""

MOST_LINES = 3_000
"""Comparing takes longer than in proportion: longer texts are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShown:
    """
    One line of a comparison.

    Args:
        sign: `+` for what is new, `-` for what is gone, else empty.
        before, after: its numbers in the two texts.
    """

    sign: str
    before: int | None
    after: int | None
    text: str


Hunk = Sequence[LineShown]


def changed_lines(before: str, after: str) -> list[Hunk] | None:
    """Return the places that changed; None where the texts are too long."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MOST_LINES:
        return None
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        [line for code in group for line in _lines(code, old, new)]
        for group in matcher.get_grouped_opcodes(AROUND)
    ]


def _lines(
    code: tuple[str, int, int, int, int],
    old: Sequence[str],
    new: Sequence[str],
) -> list[LineShown]:
    kind, i1, i2, j1, j2 = code
    if kind == "equal":
        return [
            LineShown(
                sign="", before=i + 1, after=j1 + i - i1 + 1, text=old[i]
            )
            for i in range(i1, i2)
        ]
    gone = [
        LineShown(sign="-", before=i + 1, after=None, text=old[i])
        for i in range(i1, i2)
    ]
    come = [
        LineShown(sign="+", before=None, after=j + 1, text=new[j])
        for j in range(j1, j2)
    ]
    return gone + come
