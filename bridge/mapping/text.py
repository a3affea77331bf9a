"""
YAML, text first, with the place of every word.

A plain scalar is text, except `null`, `true`, `false` and integers without
a leading zero: `01000` is a postal code, `NO` a country, `on` a word.
Duplicate keys, anchors, aliases, merge keys, tags, and unquoted expressions
in a flow collection are refused, each with line and column.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from bridge.errors import MappingError, Problem
from bridge.mapping.words import code_of
from bridge.model import JSON
from bridge.saying import Foreign, Said, said, to_say

LONGEST = 256 * 1024  # characters
DEEPEST = 24

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_WORDS = {"null": None, "true": True, "false": False}
_CUT_EXPRESSION = re.compile(r"(?:: |- )=.*:(?: |$)")
NOT_UTF8 = "\ufffd"
"""What stands for bytes that are no UTF-8."""
BYTE_ORDER_MARK = "\ufeff"
"""What some editors begin a file with; it says nothing."""
ODD_BLANKS = re.compile("[\u00a0\u2007\u202f\u200b\u2060\ufeff\u3000]")
"""Blanks that are copied from web pages, and look like blanks."""
_GLUED_COMMENT = re.compile(r" #[^\s#]")
_CUT_TEXT = said(
    "' #' begins a comment and cuts the text here: put quotes around the "
    "whole, or a blank after the # of a comment"
)
_NO_BLANK = re.compile(r" *(?:- +)*[A-Za-z_][\w-]*:(?=[^\s:/])")
_BEGAN_BEFORE = ("end of stream", "could not find expected ':'")
"""What was opened matters then, not where it ended."""
_MERGE_MARK = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """
    One value of a file and where it stands.

    Args:
        value: a scalar, a list of nodes, or a dict of nodes by key.
        line, column: start at 1.
        plain: a scalar without quotes.
        empty: a scalar of no signs at all.
        cut: a ` #` follows on the same line: a comment, or a cut text.
        keys: where the keys of a dict stand.
        written: a scalar as the file has it, quotes and all.
    """

    value: "str | int | bool | list[Node] | dict[str, Node] | None"
    line: int
    column: int
    plain: bool = False
    empty: bool = False
    cut: bool = False
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    written: str = ""

    def data(self) -> JSON:
        """Return the bare value without places."""
        if isinstance(self.value, list):
            return [item.data() for item in self.value]
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        return self.value

    def at(self, path: tuple[int | str, ...]) -> tuple[int, int]:
        """Return line and column of the deepest part of *path* there is."""
        if not path:
            return self.line, self.column
        head, rest = path[0], path[1:]
        if isinstance(self.value, dict) and head in self.value:
            child = self.value[str(head)]
            return child.at(rest) if child.has(rest) else self.keys[str(head)]
        if isinstance(self.value, list) and isinstance(head, int):
            return self.value[head].at(rest)
        return self.line, self.column

    def value_at(self, path: tuple[int | str, ...]) -> tuple[int, int]:
        """Return line and column of the value at *path*, not of its key."""
        node: Node = self
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                node = node.value[str(step)]
            elif isinstance(node.value, list) and isinstance(step, int):
                node = node.value[step]
        return node.line, node.column

    def place_of(self, offset: int) -> tuple[int, int]:
        """
        Return line and column of a character of a scalar's text.

        The text is found again in what the file has, sign by sign: quotes,
        escapes and indentation are stepped over. Where that fails it is the
        scalar's own place.
        """
        text = self.value if isinstance(self.value, str) else ""
        at = -1
        for sign in text[: offset + 1]:
            at = self.written.find(sign, at + 1)
            if at < 0:
                return self.line, self.column
        if at < 0:
            return self.line, self.column
        before = self.written[:at]
        if "\n" not in before:
            return self.line, self.column + at
        return self.line + before.count("\n"), at - before.rfind("\n")

    def has(self, path: tuple[int | str, ...]) -> bool:
        """Return whether there is something at the first step of *path*."""
        if not path:
            return False
        if isinstance(self.value, dict):
            return path[0] in self.value
        return isinstance(self.value, list) and isinstance(path[0], int)


class _Refused(Exception):
    def __init__(
        self,
        message: str,
        mark: Event,
        further: int = 0,
        *,
        place: tuple[int, int] | None = None,
    ) -> None:
        self.message = message
        self.line = mark.start_mark.line + 1
        self.column = mark.start_mark.column + 1 + further
        if place:
            self.line, self.column = place
        super().__init__(message)


def read_yaml(text: str, *, file: str) -> Node:
    """
    Return the one document of *text*.

    Raises:
        MappingError: with the place of the first thing that is wrong.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    if len(text) > LONGEST:
        raise MappingError([Problem(file=file, message=too_long(LONGEST))])
    if NOT_UTF8 in text:
        message = said("is not UTF-8: save the file in that encoding")
        at = text.index(NOT_UTF8)
        raise MappingError([_problem_at(at, text, file, message)])
    try:
        return _Composer(text).document()
    except _Refused as error:
        problem = Problem(
            file=file,
            line=error.line,
            column=error.column,
            message=error.message,
        )
    except MarkedYAMLError as error:
        problem = _unreadable(error, text, file)
    except ReaderError as error:
        message = said("a sign stands here that no text can hold")
        problem = _problem_at(int(error.position), text, file, message)
    except (YAMLError, ValueError, RecursionError):
        problem = Problem(file=file, message=said("is no YAML text"))
    raise MappingError([problem])


def too_long(most: int) -> str:
    """Say that something has more than so many characters."""
    return said("is longer than %(most)s characters", most=most)


def too_deep(most: int) -> str:
    """Say that something is nested deeper than that."""
    return said("is nested deeper than %(most)s", most=most)


def _problem_at(at: int, text: str, file: str, message: str) -> Problem:
    return Problem(
        file=file,
        line=text.count("\n", 0, at) + 1,
        column=at - text.rfind("\n", 0, at),
        message=message,
    )


def _unreadable(error: MarkedYAMLError, text: str, file: str) -> Problem:
    unmerged = _MERGE_MARK.search(text)
    if unmerged:
        message = said(
            "two versions stand here after an unfinished merge: keep one, and "
            "take the lines with <<<<<<<, ======= and >>>>>>> out"
        )
        return _problem_at(unmerged.start(), text, file, message)
    told = (error.problem or "").strip()
    mark = error.problem_mark or error.context_mark
    if any(part in told for part in _BEGAN_BEFORE):
        mark = error.context_mark or mark
    line = mark.line + 1 if mark else 0
    rows = text.split("\n")
    row = rows[line - 1] if 0 < line <= len(rows) else ""
    column = mark.column + 1 if mark else 0
    if told.startswith("mapping values are not") and row:
        line, column, message = _stray_key(rows, line, column)
    else:
        message = _yaml_message(told, row, column)
    return Problem(
        file=file,
        line=line,
        column=column,
        text=row.strip()[:80],
        message=message,
    )


def _stray_key(
    rows: list[str], line: int, column: int
) -> tuple[int, int, str]:
    """
    Say why a key can not stand where one seems to: with line and column.

    Args:
        column: of its colon.
    """
    row = rows[line - 1]
    first = re.match(r" *(?:- +)*", row)
    begin = first.end() if first else 0
    message = _yaml_message("mapping values are not allowed", row, column)
    if "\t" in row or ODD_BLANKS.search(row) or _CUT_EXPRESSION.search(row):
        return line, column, message
    if re.search(r":(?: |$)", row[begin : column - 1]):
        message = said("text with ': ' in it needs quotes around the whole")
        return line, column, message
    above = _row_above(rows, line)
    odd = ODD_BLANKS.search(rows[above - 1]) if above else None
    if odd:
        return above, odd.start() + 1, odd_blank(odd[0])
    glued = _NO_BLANK.match(rows[above - 1]) if above else None
    if glued:
        message = said("a blank is missing after the ':'")
        return above, glued.end() + 1, message
    if above:
        message = said(
            "is indented further than line %(line)s, which has its value "
            "already: indent the lines of one level alike",
            line=above,
        )
        return line, begin + 1, message
    return line, column, message


def _row_above(rows: list[str], line: int) -> int:
    """Return the number of the last line before *line* that says something."""
    for number in range(line - 1, 0, -1):
        text = rows[number - 1].strip()
        if text and not text.startswith("#"):
            return number
    return 0


def _yaml_message(told: str, row: str, column: int) -> str:
    """Return what YAML has against *row* in the words of a person."""
    if _CUT_EXPRESSION.search(row):
        return said(
            "an expression with ': ' in it is cut by YAML: put quotes around "
            "the whole, beginning with the '='"
        )
    if "\t" in row:
        return said("a tab stands where only spaces may")
    odd = ODD_BLANKS.search(row)
    if odd:
        return odd_blank(odd[0])
    quote = row[column - 2 : column - 1]
    if "expected <block end>" in told and quote in {"'", '"'}:
        other = '"' if quote == "'" else "'"
        return said(
            "the text ends at the %(quote)s before this: put %(other)s around "
            "the whole",
            quote=quote,
            other=other,
        )
    for part, message in _MESSAGES:
        if part in told:
            return message
    return _of_yaml(told) if told else said("is no YAML")


def _of_yaml(told: str) -> str:
    """Return one of ruamel.yaml's own messages, as a sentence if we can."""
    for template in _ITS_OWN:
        head = template.partition("%")[0]
        if told.startswith(head):
            return Said(template, {"found": told.removeprefix(head)})
    return Foreign(told)


_ITS_OWN = (
    to_say("expected '<document start>', but found %(found)s"),
    to_say("expected the node content, but found %(found)s"),
    to_say("expected a comment or a line break, but found %(found)s"),
    to_say("expected alphabetic or numeric character, but found %(found)s"),
)


def odd_blank(sign: str) -> str:
    """Say what is wrong with a blank that is none."""
    return said(
        "a blank that is none (%(code)s), as web pages have them, stands "
        "here: put a space in its place",
        code=code_of(sign),
    )


_MESSAGES = (
    (
        "mapping values are not allowed",
        said(
            "no key can stand here: indent lines alike, quote text with ': '"
        ),
    ),
    (
        "cannot start any token",
        said("text that begins like this needs quotes"),
    ),
    ("unexpected end of stream", said("a quote is not closed")),
    ("expected ',' or", said("a [ or { is not closed, or a comma is missing")),
    ("expected <block end>", said("indent the lines of one level alike")),
    ("could not find expected ':'", said("a key needs ': ' and its value")),
    (
        "unknown escape character",
        said(
            "a \\ begins nothing known in \" \": write \\\\, or put ' ' around"
        ),
    ),
    (
        "indentation indicators",
        said("after | or > the text begins on a new line"),
    ),
    (
        "incompatible YAML document",
        said("take the line with %(word)s out", word="%YAML"),
    ),
)
"""A part of ruamel.yaml's message, and what it means to who wrote the file."""


class _Composer:
    """Builds nodes of the parser's events, refusing what would surprise."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._rows = text.split("\n")
        self._events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)
        self._depth = 0

    def document(self) -> Node:
        """Return the document; only one is allowed."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent) and root is not None:
                message = said(
                    "one file holds one document: a second begins here"
                )
                raise _Refused(message, event)
            if isinstance(
                event,
                ScalarEvent
                | MappingStartEvent
                | SequenceStartEvent
                | AliasEvent,
            ):
                root = self._node(event, in_flow=False)
        return root or Node(value=None, line=1, column=1)

    def _node(self, event: Event, *, in_flow: bool) -> Node:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            message = said("anchors and aliases are not taken: write it out")
            raise _Refused(message, event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            message = said("tags are not taken")
            raise _Refused(message, event)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, in_flow=in_flow)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Refused(too_deep(DEEPEST), event)
        in_flow = in_flow or bool(getattr(event, "flow_style", False))
        if isinstance(event, MappingStartEvent):
            node = self._mapping(event, in_flow=in_flow)
        else:
            node = self._sequence(event, in_flow=in_flow)
        self._depth -= 1
        return node

    def _scalar(self, event: ScalarEvent, *, in_flow: bool) -> Node:
        plain = event.style is None
        value: str | int | bool | None = event.value
        if plain and event.value.startswith("=") and in_flow:
            message = said("put quotes around an expression inside [ ] or { }")
            raise _Refused(message, event)
        if plain:
            value = _plain_value(event.value)
        line, column = event.end_mark.line, event.end_mark.column
        row = self._rows[line] if line < len(self._rows) else ""
        if plain and event.value and _GLUED_COMMENT.match(row, column):
            raise _Refused(_CUT_TEXT, event, place=(line + 1, column + 2))
        return Node(
            value=value,
            line=event.start_mark.line + 1,
            column=event.start_mark.column + 1,
            plain=plain,
            empty=event.value == "",
            cut=plain and row[column:].lstrip().startswith("#"),
            written=self._text[event.start_mark.index : event.end_mark.index],
        )

    def _mapping(self, start: Event, *, in_flow: bool) -> Node:
        found: dict[str, Node] = {}
        keys: dict[str, tuple[int, int]] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, found)
            keys[key] = (
                event.start_mark.line + 1,
                event.start_mark.column + 1,
            )
            node = self._node(next(self._events), in_flow=in_flow)
            if node.plain and node.empty:
                line, column = keys[key]  # else it stands where the next does
                node = replace(node, line=line, column=column)
            found[key] = node
        return Node(
            value=found,
            line=start.start_mark.line + 1,
            column=start.start_mark.column + 1,
            keys=keys,
        )

    def _key(self, event: Event, found: dict[str, Node]) -> str:
        if not isinstance(event, ScalarEvent) or event.anchor or event.tag:
            message = said("a key must be a plain word")
            raise _Refused(message, event)
        key = str(event.value)
        odd = ODD_BLANKS.search(key)
        if odd and event.style is None:
            raise _Refused(odd_blank(odd[0]), event, odd.start())
        if key == "<<":
            message = said("merge keys are not taken: write it out")
            raise _Refused(message, event)
        if key in found:
            message = said("the key %(key)r stands here twice", key=key)
            raise _Refused(message, event)
        return key

    def _sequence(self, start: Event, *, in_flow: bool) -> Node:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event, in_flow=in_flow))
        return Node(
            value=items,
            line=start.start_mark.line + 1,
            column=start.start_mark.column + 1,
        )


def _plain_value(text: str) -> str | int | bool | None:
    if text == "":
        return None
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
