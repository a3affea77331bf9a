"""`orders`: what was told of each order, and what came of it."""

from typing import Any

import click

from bridge.commands.deliveries import (
    estimates_of,
    show_attempts,
    show_deliveries,
)
from bridge.commands.exits import Commands
from bridge.commands.journal import (
    LIST_OPTIONS,
    actor,
    if_version_option,
    opened,
    options,
    query,
    reason_option,
)
from bridge.commands.showing import (
    UTC_COLUMN,
    json_option,
    short,
    show_fields,
    show_heading,
    show_json,
    show_rows,
    when,
)
from bridge.errors import NotFound
from bridge.web.correcting import keep_correction
from bridge.web.forms import CorrectBody, OrderQuery
from bridge.web.reading import cut
from bridge.web.shapes import OrderItem, Page, order_item, order_story


@click.group(cls=Commands)
def orders() -> None:
    """What was told of each order, and what came of it."""


@orders.command("list")
@options(click.option("--store"), *LIST_OPTIONS, json_option)
def list_orders(*, as_json: bool, **values: Any) -> None:
    """List orders, the newest change first."""
    asked = query(OrderQuery, **values)
    with opened() as journal:
        found = journal.orders(
            store=asked.store, before=asked.cursor, limit=asked.limit + 1
        )
    shown, cursor = cut(
        found, asked.limit, lambda row: (row.version, row.store, row.order_id)
    )
    items = [order_item(row) for row in shown]
    if as_json:
        show_json(Page[OrderItem](items=items, next=cursor))
        return
    show_rows(
        ["store", "order", "name", "total", "is", "changed"],
        [
            (
                item.store,
                item.order_id,
                item.name,
                f"{item.total or ''} {item.currency or ''}".strip(),
                ", ".join(item.moments),
                short(item.updated_at),
            )
            for item in items
        ],
        none="No order.",
    )
    if cursor:
        click.echo(f"more: --cursor {cursor}")


@orders.command("show")
@click.argument("store")
@click.argument("order")
@json_option
def show_order(store: str, order: str, *, as_json: bool) -> None:
    """Show the whole story of ORDER, the store's own id of it."""
    with opened() as journal:
        story = journal.story(store, order)
        if story is None:
            message = f"nothing was ever told of the order {order} of {store}"
            raise NotFound(message)
        waiting = estimates_of(journal, story.deliveries)
    if as_json:
        show_json(order_story(story, waiting))
        return
    item = order_item(story.order)
    show_fields(
        [
            ("store", item.store),
            ("order", item.order_id),
            ("name", item.name),
            ("total", f"{item.total or ''} {item.currency or ''}".strip()),
            ("is", ", ".join(item.moments)),
            ("changed (UTC)", when(item.updated_at)),
            *(
                (f"{link.target} {link.name}", f"{link.value} ({link.source})")
                for link in story.links
            ),
        ]
    )
    show_heading("Events")
    show_rows(
        ["id", UTC_COLUMN, "topic", "state", "reason"],
        [
            (one.id, short(one.received_at), one.topic, one.state, one.reason)
            for one in story.events
        ],
        none="No event.",
    )
    show_heading("Deliveries")
    show_deliveries(story.deliveries, waiting)
    show_heading("Tries")
    show_attempts(story.attempts)


@orders.command("correct")
@click.argument("store")
@click.argument("order")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@reason_option
@if_version_option
def correct_order(
    store: str,
    order: str,
    fields: tuple[str, ...],
    reason: str,
    if_version: int | None,
) -> None:
    """
    Say what ORDER should have said, and send what waits for it.

    FIELD is `ship_to.street`, `ship_to.exterior_number`, … or
    `lines.<id>.sku`; with nothing after the `=` there is nothing. It holds
    until the shop's order says something else there.
    """
    from bridge.compose import now

    body = query(CorrectBody, fields=_fields(fields), reason=reason)
    with opened() as journal:
        kept = keep_correction(
            journal,
            store,
            order,
            body,
            by=actor(),
            if_revision=if_version,
            now=now(),
        )
    click.echo(f"event {kept}: kept, and planned in a moment")


def _fields(pairs: tuple[str, ...]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for pair in pairs:
        path, equals, value = pair.partition("=")
        if not equals:
            message = f"{pair!r}: FIELD=VALUE is expected"
            raise click.UsageError(message)
        found[path.strip()] = value.strip() or None
    return found
