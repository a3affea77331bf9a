"""
The text of an expression to a syntax tree whose words know their place.

JMESPath's own parser forgets where a word stood. Ours adds `at` to each
node that is a word: the number of its first character, from 0.
"""

import json
import re
from typing import Any

from jmespath import exceptions as jp
from jmespath.parser import Parser

from bridge.mapping.text import ODD_BLANKS, odd_blank, too_deep
from bridge.mapping.words import odd_letter
from bridge.saying import Foreign, said, together

Node = dict[str, Any]
DEEPEST = 64

_NO_LITERAL = together(
    said("between ` and ` a number, true, false or null is expected"),
    said(": text stands in single quotes"),
)
_QUOTED = re.compile(
    r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:\\.|[^`\\])*`"
)


class ExpressionWrong(ValueError):
    """
    The text is no expression that can be used; says why.

    Attributes:
        at: the number of the offending character, from 0; None where the
            whole is meant.
    """

    def __init__(self, message: str, at: int | None = None) -> None:
        self.at = at
        super().__init__(message)


class Unfinished(ExpressionWrong):
    """It ends before what was begun: something may have cut it."""


def parse(text: str) -> Node:
    """
    Return the syntax tree of *text*.

    Raises:
        ExpressionWrong: with what was expected.
    """
    try:
        _check_literals(text)
        return _Parser().tree(text)
    except RecursionError:
        wrong = ExpressionWrong(too_deep(DEEPEST))
    except (jp.JMESPathError, ValueError) as error:
        wrong = _wrong(error, text)
    raise wrong from None


def _check_literals(text: str) -> None:
    """JMESPath takes what is no JSON for text, and warns of itself."""
    for quoted in _QUOTED.finditer(text):
        if quoted[0].startswith("`"):
            try:
                json.loads(quoted[0][1:-1].replace("\\`", "`"))
            except ValueError:
                raise ExpressionWrong(_NO_LITERAL, quoted.start()) from None


def _wrong(error: Exception, text: str) -> ExpressionWrong:
    """Return what is wrong with *text* in the words of a person."""
    match error:
        case jp.EmptyExpressionError():
            return Unfinished(said("there is nothing after the '='"))
        case jp.IncompleteExpressionError():
            return Unfinished(*_too_early(text))
        case jp.LexerError():
            at = int(error.lexer_position)
            told = _lexer_message(error, text)
            cut = str(error.message).startswith("Unclosed")
            return (Unfinished if cut else ExpressionWrong)(told, at)
        case jp.ParseError() if str(error.token_type).lower() == "eof":
            return Unfinished(*_too_early(text))
        case jp.ParseError():
            at = int(error.lex_position)
            return ExpressionWrong(_parse_message(error), at)
        case _:
            return ExpressionWrong(said("is no JMESPath expression"))


def place_of(node: Node) -> int | None:
    """Return where the first word of *node* stands."""
    if node.get("at") is not None:
        return int(node["at"])
    parts = (child for child in node["children"] if isinstance(child, dict))
    return next((at for at in map(place_of, parts) if at is not None), None)


class _Parser(Parser):
    """JMESPath's, with places. It reads each text anew: trees are ours."""

    def tree(self, text: str) -> Node:
        found: Node = self._do_parse(text).parsed  # type: ignore[attr-defined]
        return found

    def _token_nud_unquoted_identifier(self, token: Any) -> Node:
        return _word("field", token)

    def _token_nud_quoted_identifier(self, token: Any) -> Node:
        return self._with_place("_token_nud_quoted_identifier", token, token)

    def _token_nud_literal(self, token: Any) -> Node:
        return _word("literal", token)

    def _token_led_lparen(self, left: Node) -> Node:
        at = {"start": left.get("at")}
        return self._with_place("_token_led_lparen", left, at)

    def _with_place(self, method: str, given: Any, at: Any) -> Node:
        """Let JMESPath's own method read on, and add the place."""
        found: Node = getattr(super(), method)(given)
        return {**found, "at": at["start"]}


def _word(kind: str, token: Any) -> Node:
    return {
        "type": kind,
        "children": [],
        "value": token["value"],
        "at": token["start"],
    }


_TOKEN_HINTS = {
    "number": said(": a number stands in backticks, `2`"),
    "star": said(": there is no arithmetic; money is counted as cents(…)"),
    "unquoted_identifier": said(
        ": text stands in single quotes, and conditions are joined by && "
        "and ||"
    ),
    "literal": said(": a comma or a comparison is missing"),
    "quoted_identifier": said(": text stands in single quotes"),
}


def _parse_message(error: jp.ParseError) -> str:
    kind = str(error.token_type).lower()
    hint = _TOKEN_HINTS.get(kind, "")
    return _unexpected(error.token_value, hint)


def _unexpected(sign: object, hint: str) -> str:
    return said("%(sign)r is not expected here%(hint)s", sign=sign, hint=hint)


_SIGN_HINTS = {
    "=": said(": write == to compare"),
    "+": said(": there is no arithmetic; words(…) joins text"),
    **dict.fromkeys("-/%", said(": there is no arithmetic")),
    **dict.fromkeys(
        "‘’‚‛“”„‟«»´",
        said(": a word processor's quote; write ' on both sides"),
    ),
}


def _lexer_message(error: jp.LexerError, text: str) -> str:
    at = int(error.lexer_position)
    sign = text[at : at + 1]
    told = str(error.message)
    if ODD_BLANKS.fullmatch(sign):
        return odd_blank(sign)
    if told.startswith("Unclosed"):
        return said("a %(sign)s is not closed", sign=sign)
    if told.startswith("Unknown token"):
        hint = _SIGN_HINTS.get(sign, "")
        return (hint == "" and odd_letter(sign)) or _unexpected(sign, hint)
    return Foreign(told.partition(":")[0])


_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _too_early(text: str) -> tuple[str, int]:
    """Say which bracket was not closed, or that something is missing."""
    bare = _QUOTED.sub(lambda found: " " * len(found[0]), text)
    opened: list[int] = []
    for at, sign in enumerate(bare):
        if sign in _CLOSING:
            opened.append(at)
        elif sign in _CLOSING.values() and opened:
            opened.pop()
    if opened:
        sign = bare[opened[-1]]
        return (
            said(
                "the %(sign)s is not closed: %(other)s is missing",
                sign=sign,
                other=_CLOSING[sign],
            ),
            opened[-1],
        )
    return said("the expression ends too early"), max(len(text) - 1, 0)
