"""Pages of webhooks: the list, its file, and each of them."""

from collections.abc import Sequence

from flask import Response, abort, render_template

from bridge.model import Event, EventId, EventState, ListedEvent
from bridge.observe import observe
from bridge.web.auth import operator
from bridge.web.console.asked import (
    newest,
    number_of,
    older,
    query_of,
    with_filters,
)
from bridge.web.console.choices import shown_at
from bridge.web.console.exports import csv_of
from bridge.web.console.looking import note_look
from bridge.web.forms import EventQuery
from bridge.web.parts import Parts
from bridge.web.reading import cut
from bridge.web.shapes import iso

_HEADS = ("id", "store", "topic", "order", "state", "reason", "received_at")


class EventPages:
    """Shows what the stores have told."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def events(self) -> str:
        """List events, newest first."""
        query = query_of(EventQuery)
        found = self._journal.events(
            query.filter, before=query.before, limit=query.limit + 1
        )
        shown, cursor = cut(found, query.limit, lambda event: (event.id,))
        return render_template(
            "events.html",
            events=shown,
            query=query,
            stores=sorted(self._parts.stores()),
            states=list(EventState),
            older=older("console.events", cursor),
            newest=newest("console.events"),
            export=with_filters("console.events_csv", cursor=None),
        )

    def events_csv(self) -> Response:
        """Give the list as a file."""
        wanted = query_of(EventQuery).filter

        def page(
            last: ListedEvent | None, limit: int
        ) -> Sequence[ListedEvent]:
            before = last.id if last else None
            return self._journal.events(wanted, before=before, limit=limit)

        return csv_of("events", _HEADS, page, _row)

    def event(self, number: str) -> str:
        """Show one event; its body is a customer's data and is asked for."""
        return self._page(self._found(number), body=None)

    def reveal(self, number: str) -> str:
        """Show one event, byte for byte as far as text can."""
        event = self._found(number)
        observe("event.body_shown", operator=operator(), event_id=event.id)
        note_look(self._parts, event.store, event.order_id, page="event")
        body = event.body.decode("utf-8", "backslashreplace")
        return self._page(event, body=body)

    def _found(self, number: str) -> Event:
        event = self._journal.event(EventId(number_of(number)))
        if event is None:
            abort(404)
        return event

    def _page(self, event: Event, *, body: str | None) -> str:
        shown_at(self._parts, event.store)
        return render_template("event.html", event=event, body=body)


def _row(event: ListedEvent) -> Sequence[object]:
    return (
        event.id,
        event.store,
        event.topic,
        event.order_id,
        event.state.value,
        event.reason,
        iso(event.received_at),
    )
