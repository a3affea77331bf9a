"""
Reading at a target: the pages of a list, and what is looked for in them.

Reading changes nothing, so that what fails burns nothing either.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.mapping.document import Find
from bridge.mapping.expression import ExpressionFailed, is_empty
from bridge.model import JSON, Applied, Outcome, Request
from bridge.sender import Called, TooLate
from bridge.targets.address import address
from bridge.targets.contract import Operation


class Unread(Exception):
    """The target could not be read; *called* says what came instead."""

    def __init__(self, called: Called) -> None:
        self.called = called
        super().__init__(type(called.outcome).__name__)

    @property
    def outcome(self) -> Outcome:
        """What the call came to."""
        return self.called.outcome


class Caller(Protocol):
    """What makes the calls, each when it may."""

    def make(self, operation: Operation, request: Request) -> Called:
        """Make one call, and say what came of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    One page of a list.

    Args:
        is_last: the answer says that there are no more.
    """

    items: Sequence[JSON]
    is_last: bool


def read(
    calls: Caller,
    operation: Operation,
    values: Mapping[str, str],
    *,
    more: Mapping[str, str] | None = None,
) -> JSON:
    """
    Return what the target answers, None when that is no JSON.

    Args:
        more: goes into the query besides.

    Raises:
        Unread: it did not answer with what was asked for.
        TooLate: there was no time left to ask.
    """
    request = Request(
        operation=operation.name,
        method=operation.method,
        path=address(operation, values, more=more),
    )
    called = calls.make(operation, request)
    if isinstance(called.outcome, Applied):
        return called.outcome.answer
    raise Unread(called)


def pages(
    calls: Caller,
    operation: Operation,
    values: Mapping[str, str],
    *,
    before: Callable[[], object] = lambda: None,
) -> Iterator[Page]:
    """
    Yield what an operation lists, page after page, as far as there is time.

    Args:
        before: called before each page is read.

    Raises:
        Unread: a page could not be read.
        TooLate: there was no time for the first one.
    """
    search = operation.search
    if search is None:
        return
    more: dict[str, str] = {}
    for number in range(search.pages):
        before()
        try:
            answer = read(calls, operation, values, more=more)
        except TooLate:
            if number == 0:
                raise
            return
        told = answer if isinstance(answer, dict) else {}
        items, token = told.get(search.items), told.get(search.next_page)
        yield Page(
            items=items if isinstance(items, list) else (),
            is_last=isinstance(items, list) and not token,
        )
        if not token:
            return
        more = {search.token: str(token)}


def link_in(item: JSON, find: Find, scene: Mapping[str, JSON]) -> str | None:
    """Return the link that a mapping's `find` takes from a listed thing."""
    inside = {**item, "order": scene}
    try:
        if is_empty(find.match.value(inside)):
            return None
        value = find.take.value(inside)
    except ExpressionFailed:
        return None
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    return None
