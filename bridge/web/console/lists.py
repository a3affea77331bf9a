"""Lists that are filtered, read page by page, and given as a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from flask import Response

from bridge.web.console.asked import newest, older, with_filters
from bridge.web.console.exports import Row, csv_of
from bridge.web.reading import cut


class Numbered(Protocol):
    """What stands in a list by its number."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


R = TypeVar("R", bound=Numbered)
Read = Callable[[int | None, int], Sequence[R]]
"""Returns at most so many rows with numbers under one, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[R]):
    """
    One page of a list.

    Args:
        older, newest: the addresses of other pages, where there are any.
        export: the address of the whole list as a file.
    """

    rows: Sequence[R]
    older: str | None
    newest: str | None
    export: str


def page_of(
    name: str, read: Read[R], *, before: int | None, limit: int
) -> Listed[R]:
    """Return a page of the list that is called *name* in addresses."""
    rows, cursor = cut(read(before, limit + 1), limit, lambda one: (one.id,))
    return Listed(
        rows=rows,
        older=older(f"console.{name}", cursor),
        newest=newest(f"console.{name}"),
        export=with_filters(f"console.{name}_csv", cursor=None),
    )


def file_of(
    name: str, heads: Row, read: Read[R], row: Callable[[R], Row]
) -> Response:
    """Return the whole list as a file."""

    def page(last: R | None, limit: int) -> Sequence[R]:
        return read(last.id if last else None, limit)

    return csv_of(name, heads, page, row)
