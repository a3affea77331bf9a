"""
Sentences that remember what they were made of, so that pages can translate.

A `Said` is its English text: the command line, the API, logs and files have
just that. It keeps the template and what was put in besides, which may be
sentences themselves, and the console says it anew from these in the page's
language. Whatever makes another text of it (an f-string, `+`, `join`, a slice,
JSON, the database) has the bare English, which pages mark as such; `together`
and `either` keep it, and so does `str(error)` of an exception that has it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from typing_extensions import override


class Said(str):
    """
    A sentence in English, made by `said`.

    Attributes:
        template: with places such as `%(name)s`, or `%(name)r` in quotes.
        parts: what stands in these places.
    """

    __slots__ = ("parts", "template")
    template: str
    parts: Mapping[str, object]

    def __new__(cls, template: str, parts: Mapping[str, object]) -> Self:
        """Fill in the template, for the English text."""
        self = super().__new__(cls, template % parts if parts else template)
        self.template, self.parts = template, parts
        return self

    @override
    def __getnewargs__(self) -> tuple[str, Mapping[str, object]]:  # type: ignore[override]
        """For copies: `str` would give its text alone."""
        return self.template, self.parts

    @override
    def __str__(self) -> str:
        """Return the sentence itself; `str` would give its bare text."""
        return self

    def changed(self, change: Callable[[str], str]) -> "Said":
        """Return it with each text changed that was put in."""
        parts = {
            name: part.changed(change)
            if isinstance(part, Said)
            else change(part)
            if isinstance(part, str)
            else part
            for name, part in self.parts.items()
        }
        return Said(self.template, parts)


class Foreign(str):
    """Words of a library, in English: part of a sentence, as they are."""

    __slots__ = ()


class Code(str):
    """A reason's code: part of a sentence, for which pages have words."""

    __slots__ = ()


class Kept(str):
    """
    A reason's sentence as it is kept, for which pages have their own.

    Attributes:
        code: the reason's.
        where: what it is about.
    """

    __slots__ = ("code", "where")
    code: str
    where: Mapping[str, Any]

    def __new__(cls, text: str, code: str, where: Mapping[str, Any]) -> Self:
        """Keep the code beside the text."""
        self = super().__new__(cls, text)
        self.code, self.where = code, where
        return self

    @override
    def __getnewargs__(self) -> tuple[str, str, Mapping[str, Any]]:  # type: ignore[override]
        """For copies."""
        return str(self), self.code, self.where


def said(template: str, **parts: object) -> str:
    """
    Return a sentence, to be found by `make texts`.

    Args:
        template: written out here, so that it can be found.
    """
    return Said(template, parts)


def to_say(template: str) -> str:
    """Mark a template that is filled in elsewhere; `make texts` finds it."""
    return template


def together(*parts: str, between: str = "") -> str:
    """Return several texts as one, each still a sentence if it is one."""
    kept = [part for part in parts if part]
    if len(kept) <= 1:
        return kept[0] if kept else ""
    places = [f"%(part{nth})s" for nth in range(len(kept))]
    template = between.replace("%", "%%").join(places)
    return Said(
        template, {f"part{nth}": part for nth, part in enumerate(kept)}
    )


def either(choices: Sequence[str]) -> str:
    """Return `this or that or another`."""
    first, *others = choices
    if not others:
        return first
    return said("%(one)s or %(other)s", one=first, other=either(others))
