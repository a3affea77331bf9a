"""The verb of the web process: keep what came in."""

from collections.abc import Iterable, Sequence

from typing_extensions import override

from bridge.journal import rows
from bridge.journal.packing import as_received
from bridge.journal.protocol import Appended
from bridge.journal.session import Session, Verbs
from bridge.model import EventId, NewEvent


class Taking(Verbs):
    """Appends events."""

    @override
    def append(self, events: Sequence[NewEvent]) -> Sequence[Appended]:
        return self.written(lambda session: append_events(session, events))


def append_events(
    session: Session, events: Sequence[NewEvent]
) -> Sequence[Appended]:
    """Keep each event, unless one of its key is kept already."""
    if not events:
        return []
    kept = session.add(
        "append_event", [rows.event_values(event) for event in events]
    )
    new = {row["dedupe_key"]: EventId(row["id"]) for row in kept}
    bodies = [
        {
            "event_id": new[event.dedupe_key],
            "body": as_received(event.body),
        }
        for event in _first_of_each(events)
        if event.dedupe_key in new
    ]
    if bodies:
        session.add("append_body", bodies)
    return [_appended(session, event.dedupe_key, new) for event in events]


def _first_of_each(events: Sequence[NewEvent]) -> Iterable[NewEvent]:
    """Of two that are the same event the first one is kept."""
    first: dict[str, NewEvent] = {}
    for event in events:
        first.setdefault(event.dedupe_key, event)
    return first.values()


def _appended(
    session: Session, dedupe_key: str, new: dict[str, EventId]
) -> Appended:
    """Say which event it is; *new* ones are so once."""
    event_id = new.pop(dedupe_key, None)
    if event_id is not None:
        return Appended(id=event_id, repeated=False)
    (before,) = session.rows("event_of_key", dedupe_key=dedupe_key)
    return Appended(id=EventId(before["id"]), repeated=True)
