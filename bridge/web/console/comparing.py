"""The page that compares a mapping's text with the one in force."""

import time
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from urllib.parse import quote_plus

from flask import current_app, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from bridge.errors import MappingError, Problem
from bridge.hindsight import compared
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.difference import (
    Difference,
    FieldChange,
    Group,
    Remembering,
    Report,
    Turn,
)
from bridge.mapping.document import Mapping
from bridge.mapping.tables import apart
from bridge.model import SECOND, Instant, Millis
from bridge.observe import observe
from bridge.settings import surroundings
from bridge.standings import Standing, State
from bridge.web.auth import operator
from bridge.web.console.changes import Change, change_said
from bridge.web.console.choices import shown_at
from bridge.web.console.hiding import Shown, showing
from bridge.web.console.looking import note_look
from bridge.web.console.mappings import MappingPages, place_of
from bridge.web.parts import Parts
from bridge.web.shapes import name_of

LOOKS = (50, 200, 500, 2_000)
"""So many orders may be looked at."""

LOOKS_FOR: Millis = Millis(2 * SECOND)
"""A look ends after this: a page is waited for, and others want theirs."""

MOST_ORDERS = 20
"""Of so many it is told what differs."""

TURN_S = 0.001
"""After each order others have their turn: webhooks come first."""

_OTHER_FIELDS = 4_096
"""Bytes of a form that are left for all but the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSaid:
    """One difference over all orders that have it."""

    group: Group
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSaid:
    """What becomes of one rule of one order."""

    difference: Difference
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """
    What was seen.

    Args:
        hurried: it ended before all orders were looked at.
        orders: by id.
        names: what people call them, by id.
    """

    report: Report
    hurried: bool
    groups: Sequence[GroupSaid]
    orders: Dict[str, Sequence[TurnSaid]]
    names: Dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the form says."""

    text: str
    last: int
    shown: bool


class ComparePages:
    """Tries a text on the newest orders, beside the one in force."""

    def __init__(self, parts: Parts, mappings: MappingPages) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._mappings = mappings
        self._one_at_a_time = Lock()

    def difference(self, name: str) -> str:
        """Show the form, with the text of the file in it."""
        standing = self._mappings.standing(name)
        return self._page(standing, _Said(text="", last=LOOKS[1], shown=False))

    def differ(self, name: str) -> str | AnyResponse:
        """Show what a text, or the file, would change."""
        standing = self._mappings.standing(name)
        said = _said()
        try:
            after = self._after(standing, said)
        except MappingError as error:
            page = self._page(standing, said, problems=error.problems)
            return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY)
        if not self._one_at_a_time.acquire(blocking=False):
            page = self._page(standing, said, busy=True)
            return make_response(page, HTTPStatus.CONFLICT)
        try:
            look = self._look(standing.before, after, said)
        finally:
            self._one_at_a_time.release()
        return self._page(standing, said, look=look)

    # -- parts of these

    def _after(self, standing: Standing, said: _Said) -> Mapping | None:
        """Return the text that is compared: what was typed, or the file's."""
        if not said.text:
            if standing.after is None and standing.file:
                raise MappingError(standing.faults)
            return standing.after
        kept = self._file_text(standing)
        tables = kept[len(apart(kept).yaml) :]
        text = said.text if said.text.endswith("\n") else f"{said.text}\n"
        around = surroundings(self._parts.stores(), self._parts.targets())
        return compile_mapping(
            standing.name,
            text + tables,
            file=f"{standing.name}.yaml",
            around=around,
        )

    def _file_text(self, standing: Standing) -> str:
        kept = self._mappings.source_text(standing.name)
        if kept is None and standing.before:
            kept = standing.before.text
        return kept or ""

    def _look(
        self, before: Mapping | None, after: Mapping | None, said: _Said
    ) -> Look:
        until = Instant(self._parts.now() + LOOKS_FOR)
        hurried = False

        def go_on() -> bool:
            nonlocal hurried
            time.sleep(TURN_S)
            hurried = self._parts.now() >= until
            return not hurried

        tally = Remembering(MOST_ORDERS)
        report = compared(
            self._journal,
            before,
            after,
            last=said.last,
            go_on=go_on,
            tally=tally,
        )
        observe(
            "mapping.compared",
            operator=operator(),
            mapping=next(
                (one.name for one in (after, before) if one is not None), None
            ),
            orders=report.orders,
        )
        mapping = after or before
        if said.shown and mapping is not None:
            for order_id in tally.orders:
                note_look(
                    self._parts, mapping.store, order_id, page="difference"
                )
        told = _Teller(before, after, showing(all_of_it=said.shown))
        return Look(
            report=report,
            hurried=hurried,
            groups=[told.group(one) for one in report.groups],
            orders={
                order_id: [told.turn(one) for one in found]
                for order_id, found in tally.orders.items()
            },
            names=self._names(after or before, tally.orders),
        )

    def _names(
        self, mapping: Mapping | None, orders: Iterable[str]
    ) -> Dict[str, str]:
        wanted = [(mapping.store, one) for one in orders] if mapping else []
        rows = (one.order for one in self._journal.dossiers(wanted))
        return {row.order_id: name_of(row) for row in rows if row}

    def _page(
        self,
        standing: Standing,
        said: _Said,
        *,
        look: Look | None = None,
        problems: Sequence[Problem] = (),
        busy: bool = False,
    ) -> str:
        mapping = standing.after or standing.before
        if mapping is not None:
            shown_at(self._parts, mapping.store)
        text = said.text or apart(self._file_text(standing)).yaml
        most = current_app.config["MAX_CONTENT_LENGTH"] - _OTHER_FIELDS
        fits = len(quote_plus(text)) <= most
        return render_template(
            "difference.html",
            standing=standing,
            mapping=mapping,
            edited=standing.state is not State.IN_FORCE,
            said=said,
            text=text if fits else None,
            looks=LOOKS,
            turns=[one.value for one in Turn],
            look=look,
            problems=problems,
            busy=busy,
            place=place_of,
        )


def _said() -> _Said:
    form = request.form
    text = form.get("text", "").replace("\r\n", "\n")
    last = form.get("last", "")
    return _Said(
        text=text if form.get("of") == "text" else "",
        last=int(last) if last in map(str, LOOKS) else LOOKS[1],
        shown=form.get("shown") == "true",
    )


class _Teller:
    """Tells differences, with what is a customer's hidden."""

    def __init__(
        self, before: Mapping | None, after: Mapping | None, show: Shown
    ) -> None:
        self._mappings = (before, after)
        self._show = show

    def group(self, group: Group) -> GroupSaid:
        """Return a group as the page shows it."""
        change = FieldChange(
            place=group.place,
            how=group.how,
            before=group.before,
            after=group.after,
        )
        return GroupSaid(group=group, change=self._change(group.rule, change))

    def turn(self, one: Difference) -> TurnSaid:
        """Return what becomes of a rule as the page shows it."""
        changes = [self._change(one.rule, change) for change in one.fields]
        return TurnSaid(difference=one, changes=changes)

    def _change(self, rule: str, change: FieldChange) -> Change:
        return change_said(rule, change, self._mappings, self._show)
