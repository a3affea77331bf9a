"""
Which values a function takes, as far as that is known before any order is.

Shapes are those of `document.FIELDS`: `text`, `money`, `time` (all three are
text in JSON), `integer`, `truth`, a list, an object. What is not known is
taken. A literal is tried: the function is called with it, and with a sample
of the right kind in the place of whatever only an order will give.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import phonenumbers
from jmespath.functions import Functions

from bridge.mapping import countries
from bridge.mapping.functions import SAMPLES, Function, FunctionFailed
from bridge.mapping.parsing import ExpressionWrong, Node, place_of
from bridge.mapping.words import meant, nearest
from bridge.model import JSON
from bridge.orders.document import ANYTHING
from bridge.places.text import folded
from bridge.saying import either, said, together

_TEXTS = frozenset({"text", "money", "time"})
_TOLD = {
    "text": said("text"),
    "money": said("money"),
    "time": said("a time"),
    "integer": said("a whole number"),
    "truth": said("true or false"),
    "list": said("a list"),
    "object": said("an object"),
}
_TAKEN = {
    "text": _TEXTS,
    "money": frozenset({"text", "money"}),
    "integer": frozenset({"integer"}),
    "time": frozenset({"text", "time"}),
    "phone": frozenset({"text"}),
    "country": frozenset({"text"}),
    "time zone": frozenset({"text"}),
    "table": frozenset({"text"}),
    "value": _TEXTS | {"integer"},
    "attributes": frozenset({"object"}),
}
_WANTED = {
    "text": said("text"),
    "money": said("money"),
    "integer": said("a whole number"),
    "time": said("a time"),
    "phone": said("a phone number"),
    "country": said("a country such as 'MX'"),
    "time zone": said("a time zone such as 'America/Bogota'"),
    "table": said("the name of a table"),
    "value": said("text or a number"),
    "attributes": said("attributes or properties"),
}
_BY_JMESPATH = {
    "string": _TEXTS,
    "number": frozenset({"integer"}),
    "boolean": frozenset({"truth"}),
    "array": frozenset({"list"}),
    "object": frozenset({"object"}),
}
_REFERENCE = said("& and a field")
_OF_JMESPATH = {
    "string": said("text"),
    "number": said("a number"),
    "boolean": said("true or false"),
    "array": said("a list"),
    "object": said("an object"),
    "expref": _REFERENCE,
    "array-string": said("a list of texts"),
    "array-number": said("a list of numbers"),
}
LONGEST_MESSAGE = 300  # characters
_SAME_LIST = frozenset({"sort", "sort_by", "reverse"})
_ITEM = frozenset({"max", "max_by", "min", "min_by"})
_GIVEN: Mapping[str, Any] = {
    "length": "integer",
    "join": "text",
    "to_string": "text",
    "type": "text",
    "keys": ["text"],
    "contains": "truth",
    "starts_with": "truth",
    "ends_with": "truth",
}


def told(shape: Any) -> str:
    """Return a shape in words: `a list`."""
    return _TOLD.get(_group(shape), str(shape))


def check_call(
    function: Function,
    arguments: Sequence[Node],
    shapes: Sequence[Any],
) -> None:
    """
    Check the arguments of one of our functions.

    Raises:
        ExpressionWrong: one is of a kind that it does not take.
    """
    tried: list[JSON] = []
    literals: list[int] = []
    for index, (node, shape) in enumerate(zip(arguments, shapes, strict=True)):
        kind = function.kind(index)
        place = place_of(node)
        if node["type"] == "literal":
            _check_literal(function.name, kind, node["value"], place)
            literals.append(index)
        else:
            _check_shape(function.name, kind, shape, place)
        tried.append(SAMPLES[kind])
    if "table" in function.arguments:
        return  # whether there is such a table was looked at before
    for index in literals:
        value = arguments[index]["value"]
        try:
            function.call(*tried[:index], value, *tried[index + 1 :])
        except FunctionFailed as error:
            message = of_function(function.name, error)
            place = place_of(arguments[index])
            raise ExpressionWrong(message, place) from None


def of_function(name: str, error: FunctionFailed) -> str:
    """Say which function it was that failed."""
    return together(name, str(error), between=" ")


def given_by(function: Function, shapes: Sequence[Any]) -> Any:
    """Return the shape of what one of our functions gives."""
    if function.name == "first":
        return _common(shapes)
    if function.name == "if":
        return _common(shapes[1:])
    return function.gives


def check_built_in(
    name: str,
    signature: Sequence[Mapping[str, Any]],
    arguments: Sequence[Node],
    shapes: Sequence[Any],
) -> None:
    """
    Check the arguments of one of JMESPath's functions.

    Raises:
        ExpressionWrong: one is of a kind that it does not take.
    """
    for index, (node, shape) in enumerate(zip(arguments, shapes, strict=True)):
        types = signature[min(index, len(signature) - 1)]["types"]
        is_field = node["type"] == "expref"
        fits = (
            is_field == ("expref" in types)
            if is_field or "expref" in types
            else any(_fits(shape, one) for one in types)
        )
        if types and not fits:
            wanted = either([_OF_JMESPATH[one] for one in types])
            found = _REFERENCE if is_field else _told_deep(shape)
            message = _not_taken(name, wanted, found)
            raise ExpressionWrong(message, place_of(node))


def _not_taken(name: str, wanted: str, found: str, hint: str = "") -> str:
    return said(
        "%(function)s takes %(wanted)s here, not %(found)s%(hint)s",
        function=name,
        wanted=wanted,
        found=found,
        hint=hint,
    )


def check_ampersands(name: str, arguments: Sequence[Node]) -> None:
    """
    Check that a function that looks at a field of each item is told so.

    Raises:
        ExpressionWrong: the & is missing.
    """
    signature = Functions.FUNCTION_TABLE[name]["signature"]
    for wanted, node in zip(signature, arguments, strict=False):
        if wanted["types"] == ["expref"] and node["type"] == "field":
            field = node["value"]
            message = said(
                "%(function)s looks at a field of each item: write &%(field)s",
                function=name,
                field=field,
            )
            raise ExpressionWrong(message, place_of(node))


def built_in_gives(name: str, shapes: Sequence[Any]) -> Any:
    """Return the shape of what one of JMESPath's functions gives."""
    lists = [shape for shape in shapes if isinstance(shape, list)]
    if name in _SAME_LIST and lists:
        return lists[0]
    if name in _ITEM and lists:
        return lists[0][0]
    if name == "map" and lists:
        return [shapes[0]]
    return _GIVEN.get(name, ANYTHING)


def never_compares(operator: str, left: Any, right: Any) -> str:
    """Return why a comparison can not hold, or nothing."""
    equality = operator in {"eq", "ne"}
    if "money" in (left, right) and not equality:
        return _MONEY_IS_TEXT
    groups = {_json_group(left), _json_group(right)}
    if groups == {"text", "integer"} and "money" in (left, right):
        return _MONEY_IS_TEXT
    if "" not in groups and len(groups) > 1:
        hint = _COMPARE_HINTS.get(frozenset(groups), "")
        return said(
            "%(one)s is compared with %(other)s%(hint)s",
            one=told(left),
            other=told(right),
            hint=hint,
        )
    if not equality and groups & {"truth", "list", "object"}:
        word = told(left if _json_group(left) != "text" else right)
        return said(
            "> and < compare numbers and texts, not %(kind)s", kind=word
        )
    return ""


_MONEY_IS_TEXT = said("money is text: compare it as cents(…)")
_COMPARE_HINTS = {
    frozenset({"text", "integer"}): said(
        ": a number stands in backticks, `2`, text in single quotes, '2'"
    ),
    frozenset({"text", "truth"}): said(
        ": it is written without quotes or in backticks, `true`"
    ),
}


def _json_group(shape: Any) -> str:
    group = _group(shape)
    return "text" if group in _TEXTS else group


def _group(shape: Any) -> str:
    """Return the word for a shape; nothing where it is not known."""
    if isinstance(shape, list):
        return "list"
    if isinstance(shape, Mapping):
        return "object"
    return str(shape) if shape in _TOLD else ""


def _told_deep(shape: Any) -> str:
    """Return a shape in words, a list with what it holds."""
    if isinstance(shape, list) and _group(shape[0]):
        return _LISTS[_group(shape[0])]
    return told(shape)


_LISTS = {
    "text": said("a list of texts"),
    "money": said("a list of money"),
    "time": said("a list of times"),
    "integer": said("a list of whole numbers"),
    "truth": said("a list of true and false"),
    "list": said("a list of lists"),
    "object": said("a list of objects"),
}


def _fits(shape: Any, wanted: str) -> bool:
    """Return whether a shape may be of one of JMESPath's types."""
    outer, _, inner = wanted.partition("-")
    group = _group(shape)
    if not group:
        return True
    if group not in _BY_JMESPATH.get(outer, frozenset()):
        return False
    return not inner or _fits(shape[0], inner)


def _common(shapes: Sequence[Any]) -> Any:
    known = [shape for shape in shapes if shape is not ANYTHING]
    same = len(known) == len(shapes) and all(one == known[0] for one in known)
    return known[0] if known and same else ANYTHING


def _check_shape(name: str, kind: str, shape: Any, at: int | None) -> None:
    group = _group(shape)
    taken = _TAKEN.get(kind) or (
        frozenset({"text"}) if " or " in kind else None
    )
    if taken is None or not group or group in taken:
        return
    raise ExpressionWrong(_not_taken(name, _wanted(kind), told(shape)), at)


def _wanted(kind: str) -> str:
    if " or " in kind:
        return either([f"'{word}'" for word in kind.split(" or ")])
    return _WANTED[kind]


def _check_literal(name: str, kind: str, value: JSON, at: int | None) -> None:
    message = ""
    if " or " in kind:
        words = kind.split(" or ")
        if value not in words:
            hint = _country_hint(value, words) or nearest(str(value), words)
            message = _not_taken(name, _wanted(kind), repr(value), hint)
    elif kind == "country" and value not in phonenumbers.SUPPORTED_REGIONS:
        hint = _country_hint(value, countries.NAMES)
        message = said(
            "%(value)r is no country: two capital letters such as 'MX' are "
            "expected%(hint)s",
            value=value,
            hint=hint,
        )
    elif kind == "time zone" and not _is_zone(value):
        hint = nearest(str(value), available_timezones())
        message = said(
            "there is no time zone %(value)r%(hint)s", value=value, hint=hint
        )
    elif kind == "integer" and isinstance(value, str) and value.isdigit():
        message = said(
            "%(function)s takes a whole number here: put it in backticks, "
            "`%(value)s`",
            function=name,
            value=value,
        )
    elif kind in _NEED_TEXT and isinstance(value, int):
        message = said(
            "%(function)s takes %(wanted)s here: put it in single quotes, "
            "'%(value)s'",
            function=name,
            wanted=_wanted(kind),
            value=value,
        )
    if message:
        # one that is cut is no sentence any more: its words stay English
        cut = message[:LONGEST_MESSAGE]
        raise ExpressionWrong(message if cut == message else cut, at)


_NEED_TEXT = frozenset({"text", "phone", "time"})


def _is_zone(value: JSON) -> bool:
    try:
        ZoneInfo(str(value))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def _country_hint(
    value: JSON, codes: Sequence[str] | Mapping[str, Any]
) -> str:
    """Return the code of a country that is written otherwise."""
    word = folded(str(value))
    for code in codes:
        names = (code, *countries.NAMES.get(code, {}).values())
        if word in {folded(name) for name in names}:
            return meant(code)
    return ""
