"""What became of the sample orders, in a person's words."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic_core import from_json
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.journal.protocol import EventFilter, Journal
from bridge.model import JSON, Attempt, Delivery, DeliveryState, EventState
from bridge.orders.order import load_state

S = DeliveryState

LONG_ID = 16  # characters; what is longer is shown by its ends
TOLD = ("ordenRef", "rastreo_numero", "message", "status", "name")
"""What is worth showing of an answer, wherever it stands in it."""

WORDS = {
    "create_order": "create the order",
    "update_delivery": "write the tracking",
    "update_order": "change the order",
    "set_status": "set the status",
    "ask": "nothing can be called",
}


def show_stories(
    console: Console, journal: Journal, deliveries: Sequence[Delivery]
) -> None:
    """Print what was called for each order, and what was answered."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Order", overflow="fold", ratio=4)
    table.add_column("What the bridge did", overflow="fold", ratio=6)
    table.add_column("What came of it", overflow="fold", ratio=6)
    last = None
    for delivery in sorted(deliveries, key=_place):
        order = (delivery.store, delivery.order_id)
        if last not in {None, order}:
            table.add_section()
        table.add_row(
            "" if order == last else Text(_order(journal, delivery)),
            Text(_done(delivery)),
            _came_of(delivery, journal.attempts(delivery.id)),
        )
        last = order
    console.print(table)


def show_questions(console: Console, deliveries: Sequence[Delivery]) -> None:
    """Print what waits for a person, and why."""
    asking = [delivery for delivery in deliveries if delivery.attention]
    console.print(f"[bold]Waits for a person: {len(asking)}[/]")
    for one in asking:
        file, line = one.where.get("file"), one.where.get("line")
        where = f" ({Path(file).name}:{line})" if file else ""
        head = f"  {one.id}. {one.store} {one.order_id} → {one.target}: "
        console.print(Text(f"{head}{one.reason_text}{where}", "yellow"))


def show_not_understood(console: Console, journal: Journal) -> None:
    """Print what was kept and answered 200, but tells of no order."""
    wanted = EventFilter(state=EventState.UNUSABLE)
    found = journal.events(wanted, before=None, limit=100)
    console.print(f"[bold]Kept, but not to be understood: {len(found)}[/]")
    for event in reversed(found):
        line = f"  event {event.id}, {event.store} {event.topic}: "
        console.print(Text(f"{line}{event.reason}", "dim"))


def _place(delivery: Delivery) -> tuple[str, str, str, str]:
    return (
        delivery.store,
        delivery.order_id,
        delivery.target,
        delivery.place,
    )


def _order(journal: Journal, delivery: Delivery) -> str:
    row = journal.dossier(delivery.store, delivery.order_id).order
    told = load_state(row.state).snapshot if row else None
    name = told.name if told else delivery.order_id
    return f"{name}\n{delivery.store}"


def _done(delivery: Delivery) -> str:
    words = WORDS.get(delivery.operation, delivery.operation)
    line = f"{delivery.target}: {words}"
    request = delivery.request
    if not isinstance(request, dict) or "method" not in request:
        return f"{line} ({delivery.rule})"
    said = ", ".join(_told(request.get("body")))
    path = _short_path(request["path"])
    return f"{line}{f' {said}' if said else ''}\n{request['method']} {path}"


def _came_of(delivery: Delivery, attempts: Sequence[Attempt]) -> Text:
    match delivery.state:
        case S.SUCCEEDED:
            answers = [_answer(attempt) for attempt in attempts]
            return Text(", then ".join(answers), "green")
        case S.HELD | S.UNCERTAIN | S.DEAD:
            return Text(f"{delivery.state}: see {delivery.id} below", "yellow")
        case S.PENDING:
            return Text("waits its turn behind that", "dim")
        case S.WAITING:
            return Text(f"waits: {delivery.reason_text}", "dim")
        case _:
            return Text(f"not sent: {delivery.reason_text}", "dim")


def _answer(attempt: Attempt) -> str:
    try:
        told = _told(from_json(attempt.answer or "null"))
    except ValueError:
        told = iter(())
    return f"{attempt.status} {', '.join(told)}"


def _told(value: JSON) -> Iterator[str]:
    """Yield what is worth showing; none of it is a customer's."""
    if not isinstance(value, dict):
        return
    for key, part in value.items():
        if key in TOLD and isinstance(part, str):
            yield _short(part)
        elif key not in {"recipient", "consumidor_destino"}:
            yield from _told(part)


def _short_path(path: str) -> str:
    return "/".join(map(_short, path.partition("?")[0].split("/")))


def _short(text: str) -> str:
    start, slash, end = text.rpartition("/")
    if len(end) <= LONG_ID or " " in end:
        return text
    return f"{start}{slash}{end[:4]}…{end[-4:]}"
