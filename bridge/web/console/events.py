"""Pages of webhooks: the list, its file, and each of them."""

import json
from collections.abc import Sequence

from flask import Response, abort, render_template

from bridge.journal.protocol import EventFilter
from bridge.model import Event, EventId, EventState, ListedEvent
from bridge.observe import observe
from bridge.web.auth import operator
from bridge.web.console.asked import list_of, number_of
from bridge.web.console.choices import shown_at
from bridge.web.console.lists import Read, file_of, page_of
from bridge.web.console.looking import note_look
from bridge.web.console.showing import pretty
from bridge.web.forms import EventQuery
from bridge.web.parts import Parts
from bridge.web.shapes import iso

_HEADS = ("id", "store", "topic", "order", "state", "reason", "received_at")


class EventPages:
    """Shows what the stores have told."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def events(self) -> str:
        """List events, newest first."""
        query = list_of(EventQuery, self._parts)
        page = page_of(
            "events",
            self._reader(query.filter),
            before=query.before,
            limit=query.limit,
        )
        return render_template(
            "events.html",
            page=page,
            query=query,
            stores=sorted(self._parts.stores()),
            states=list(EventState),
        )

    def events_csv(self) -> Response:
        """Give the list as a file."""
        query = list_of(EventQuery, self._parts)
        return file_of("events", _HEADS, self._reader(query.filter), _row)

    def event(self, number: str) -> str:
        """Show one event; its body is a customer's data and is asked for."""
        return self._page(self._found(number), body=None)

    def reveal(self, number: str) -> str:
        """Show one event, byte for byte as far as text can."""
        event = self._found(number)
        observe("event.body_shown", operator=operator(), event_id=event.id)
        note_look(self._parts, event.store, event.order_id, page="event")
        return self._page(event, body=_legible(event.body))

    def _reader(self, filter: EventFilter) -> Read[ListedEvent]:
        def read(before: int | None, limit: int) -> Sequence[ListedEvent]:
            past = None if before is None else EventId(before)
            return self._journal.events(filter, before=past, limit=limit)

        return read

    def _found(self, number: str) -> Event:
        event = self._journal.event(EventId(number_of(number)))
        if event is None:
            abort(404)
        return event

    def _page(self, event: Event, *, body: str | None) -> str:
        shown_at(self._parts, event.store)
        return render_template("event.html", event=event, body=body)


def _legible(body: bytes) -> str:
    """Return a body as people can read it, and as it came if it is odd."""
    try:
        return pretty(json.loads(body))
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace")


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
