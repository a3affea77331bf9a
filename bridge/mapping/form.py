"""
The form of a mapping file, as pydantic models.

The JSON Schema for editors is made from `MappingFile`; `form_problems` says
in words, with line and column, what of a file is not of that form.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails

from bridge.errors import Problem
from bridge.mapping.text import Node
from bridge.mapping.words import expected, nearest, one_of
from bridge.model import JSON
from bridge.saying import said, together

NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_WORD = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
_UNKNOWN = "extra_forbidden"
_TABLE_DEPTH = 2  # `tables`, its name
_TOP = said("`from`, `to` and `rules` are expected, each on its own line")


class Form(BaseModel):
    """What every part of a mapping file has in common."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class FindForm(Form):
    """A look-up at the target, remembered when it is found."""

    find: str
    """The operation that lists things."""
    match: str
    """An expression over one listed thing; `order` is the whole order."""
    take: str
    """An expression over the thing that matched: the link's value."""


class RuleForm(Form):
    """When a moment holds, make this call with this body."""

    when: Literal[
        "placed",
        "paid",
        "ready",
        "shipped",
        "fulfilled",
        "delivered",
        "cancelled",
        "refunded",
    ]
    """The moment that it waits for."""
    if_: Annotated[str, Field(alias="if")] = ""
    """An expression that must hold besides; what is empty does not."""
    call: str = ""
    """The operation of the target."""
    ask: str = ""
    """A question for a person; `{name}` in braces shows a value."""
    path: dict[str, Any] = {}
    """Values for the operation's path and query."""
    body: dict[str, Any] = {}
    """What is sent."""
    preflight: list[str] = []
    """What is looked at before the call; what fails waits for a person."""
    remember: dict[Annotated[str, Field(pattern=_WORD)], str] = {}
    """Links: name to an expression over the answer."""
    changed: Literal["ask", "ignore"] = "ask"
    """`ask` a person when the order changes after its create, or `ignore`."""
    on_dead: Literal["block", "skip"] = "block"
    """When its call is dead: `block` the later ones, or `skip` it."""


class MappingFile(Form):
    """One connection: from a store to a target."""

    from_: Annotated[str, Field(alias="from", pattern=NAME)]
    """The store, as stores.yaml names it."""
    to: Annotated[str, Field(pattern=NAME)]
    """The target, as targets.yaml names it."""
    since: str = ""
    """Orders placed and paid before this date or time are not ours."""
    addresses: Literal["sure", "likely", "doubtful"] = "likely"
    """How sure an address must be to be sent; else a person is asked."""
    tables: dict[str, str | dict[str, str | int]] = {}
    """Tables for `lookup`: written out, or a CSV file beside this one."""
    named: dict[Annotated[str, Field(pattern=_WORD)], str] = {}
    """Expressions over the order, used as `named.…` in others."""
    links: dict[
        Annotated[str, Field(pattern=_WORD)],
        Annotated[list[str | FindForm], Field(min_length=1)],
    ] = {}
    """Where a link comes from, tried in this order."""
    rules: Annotated[
        dict[Annotated[str, Field(pattern=NAME)], RuleForm],
        Field(min_length=1, max_length=99),
    ]
    """The rules, in the order in which they are done."""


def form_problems(
    errors: Iterable[ErrorDetails], root: Node, file: str
) -> list[Problem]:
    """
    Return one problem for each place; a union tells each branch's.

    A key that is missing because it was misspelt is told once.
    """
    if isinstance(root.value, list):
        return [_list_at_the_top(root, file)]
    errors = [one for one in errors if not _of_another_branch(one)]
    slips: set[tuple[int | str, ...]] = set()
    found: dict[tuple[int | str, ...], Problem] = {}
    for details in sorted(errors, key=lambda e: e["type"] != _UNKNOWN):
        text_wanted = details["type"] == "string_type"
        in_table = details["loc"][:1] == ("tables",)
        at_its_top = len(_clean(details["loc"])) == _TABLE_DEPTH
        if (
            text_wanted
            and isinstance(details["input"], dict)
            and not (in_table and not at_its_top)
        ):
            continue
        path = _clean(details["loc"])
        if details["type"] == _UNKNOWN:
            words = _words_at(path[:-1])
            close = get_close_matches(str(path[-1]), words, n=1, cutoff=0.5)
            slips |= {(*path[:-1], word) for word in close}
        if path not in slips:
            found.setdefault(path, _form_problem(details, root, file))
    return sorted(found.values(), key=lambda problem: problem.line)


def _of_another_branch(details: ErrorDetails) -> bool:
    """A value of a table is text; that a number would do helps nobody."""
    return details["loc"][:1] == ("tables",) and details["type"] == "int_type"


def _list_at_the_top(root: Node, file: str) -> Problem:
    message = _TOP
    first = root.value[0] if isinstance(root.value, list) else root
    if isinstance(first.value, dict) and "case" in first.value:
        message = said(
            "these are cases: a file of cases has the name of its mapping "
            "and `.cases.yaml`"
        )
    return Problem(
        file=file, line=root.line, column=root.column, message=message
    )


def _form_problem(details: ErrorDetails, root: Node, file: str) -> Problem:
    path = _clean(details["loc"])
    line, column = root.at(path)
    if details["type"] == "literal_error":
        line, column = root.value_at(path)
    word = str(path[-1]) if path else ""
    return Problem(
        file=file,
        line=line,
        column=column,
        text=word,
        message=_form_message(details, path, word),
    )


def _clean(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Drop pydantic's own steps (the branch of a union, `[key]`)."""
    inner = {"str", "FindForm", "int", "[key]"}
    return tuple(
        part
        for part in loc
        if part not in inner and not str(part).startswith("dict[")
    )


def _form_message(
    details: ErrorDetails, path: tuple[int | str, ...], word: str
) -> str:
    match details["type"]:
        case "extra_forbidden":
            words = _words_at(path[:-1])
            hint = _belongs(word) or nearest(word, iter(words))
            message = no_key(word, hint)
        case "missing":
            message = missing(word)
        case "literal_error":
            message = _no_choice(details)
        case "string_type":
            message = _not_text(details["input"], word)
        case "model_type" | "dict_type" | "list_type":
            message = _not_nested(details["type"], word)
        case _:
            message = _short_message(details, word)
    return message


def no_key(word: str, hint: str) -> str:
    """Say that a file has a key that nobody reads."""
    return said("%(word)r is no key here%(hint)s", word=word, hint=hint)


def missing(word: str) -> str:
    """Say that a file lacks a key."""
    return said("%(word)r is missing", word=word)


def _short_message(details: ErrorDetails, word: str) -> str:
    match details["type"]:
        case "too_short":
            return said("%(word)r is empty", word=word)
        case "too_long":
            return said(
                "%(word)r has more than %(most)s entries",
                word=word,
                most=details.get("ctx", {}).get("max_length"),
            )
        case "string_pattern_mismatch":
            what = said("small letters, digits, - and _ are taken, 64 at most")
        case _:
            what = expected(details)
    return together(repr(word), what, between=": ")


def _belongs(word: str) -> str:
    """Return where else a key belongs, or nothing."""
    for form, place in (
        (MappingFile, said(": it belongs to the top of the file")),
        (RuleForm, said(": it belongs to a rule")),
    ):
        known = [
            info.alias or name for name, info in form.model_fields.items()
        ]
        if word in known:
            return place
    return ""


def _no_choice(details: ErrorDetails) -> str:
    choices = details.get("ctx", {}).get("expected", "")
    given = details["input"]
    listed = one_of(choices)
    if not isinstance(given, str):
        return said("one word of %(words)s is expected", words=listed)
    options = re.findall(r"'([^']*)'", choices)
    return said(
        "%(given)r is not %(words)s%(hint)s",
        given=given[:40],
        words=listed,
        hint=nearest(given, iter(options)),
    )


def _not_text(given: JSON, word: str) -> str:
    if given is None:
        return said("%(word)r has no value", word=word)
    if isinstance(given, list | dict):
        return said("%(word)r must be text, not something nested", word=word)
    return said("%(word)r must be text: put it in quotes", word=word)


def _not_nested(kind: str, word: str) -> str:
    if not word:
        return _TOP
    if kind == "list_type":
        return said("%(word)r must be a list, each item after '- '", word=word)
    return said(
        "%(word)r must hold names with values, indented below it", word=word
    )


def _words_at(path: tuple[int | str, ...]) -> list[str]:
    form: type[Form] = MappingFile
    if path[:1] == ("rules",) and len(path) > 1:
        form = RuleForm
    elif path[:1] == ("links",):
        form = FindForm
    return [info.alias or name for name, info in form.model_fields.items()]
