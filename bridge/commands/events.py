"""`events`: the webhooks that came."""

from typing import Any

import click

from bridge.commands.exits import Commands
from bridge.commands.journal import LIST_OPTIONS, opened, options, query
from bridge.commands.showing import (
    UTC_COLUMN,
    json_option,
    short,
    show_fields,
    show_json,
    show_rows,
    when,
)
from bridge.errors import NotFound
from bridge.model import EventId
from bridge.web.forms import EventQuery
from bridge.web.reading import cut
from bridge.web.shapes import EventItem, Page, event_detail


@click.group(cls=Commands)
def events() -> None:
    """The webhooks that came, as they came."""


@events.command("list")
@options(
    click.option("--store"),
    click.option("--topic"),
    click.option("--order", help="The store's id of it."),
    click.option("--state", help="stored, planned, ignored or unusable."),
    click.option("--since", help="A time in ISO 8601."),
    click.option("--until", help="A time in ISO 8601."),
    *LIST_OPTIONS,
    json_option,
)
def list_events(*, as_json: bool, **values: Any) -> None:
    """List events, newest first."""
    asked = query(EventQuery, **values)
    with opened() as journal:
        found = journal.events(
            asked.filter, before=asked.before, limit=asked.limit + 1
        )
    shown, cursor = cut(found, asked.limit, lambda event: (event.id,))
    if as_json:
        items = [EventItem.model_validate(event) for event in shown]
        show_json(Page[EventItem](items=items, next=cursor))
        return
    show_rows(
        ["id", UTC_COLUMN, "store", "topic", "order", "state"],
        [
            (
                event.id,
                short(event.received_at),
                event.store,
                event.topic,
                event.order_id,
                f"{event.state} {event.reason or ''}".strip(),
            )
            for event in shown
        ],
        none="No event.",
    )
    if cursor:
        click.echo(f"more: --cursor {cursor}")


@events.command("show")
@click.argument("number", type=click.IntRange(1))
@click.option("--body", is_flag=True, help="A customer's data: with care.")
@json_option
def show_event(number: int, *, body: bool, as_json: bool) -> None:
    """Show one event."""
    with opened() as journal:
        event = journal.event(EventId(number))
    if event is None:
        message = f"there is no event {number}"
        raise NotFound(message)
    if as_json:
        show_json(event_detail(event, body=body))
        return
    show_fields(
        [
            ("id", event.id),
            ("store", event.store),
            ("topic", event.topic),
            ("order", event.order_id),
            ("state", event.state),
            ("reason", event.reason),
            ("received (UTC)", when(event.received_at)),
            ("dedupe key", event.dedupe_key),
            ("sha256", event.sha256),
            *sorted(event.headers.items()),
        ]
    )
    if body:
        click.echo(event.body.decode("utf-8", "backslashreplace"))
