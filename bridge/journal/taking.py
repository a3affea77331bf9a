"""The verb of the web process: keep what came in."""

from collections.abc import Sequence

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
    bodies, answers = [], []
    for event in events:
        # Of two that are the same event the first one is kept.
        event_id = new.pop(event.dedupe_key, None)
        if event_id is None:
            answers.append(_kept_before(session, event))
        else:
            body = as_received(event.body)
            bodies.append({"event_id": event_id, "body": body})
            answers.append(Appended(id=event_id, repeated=False))
    if bodies:
        session.add("append_body", bodies)
    return answers


def _kept_before(session: Session, event: NewEvent) -> Appended:
    (before,) = session.rows("event_of_key", dedupe_key=event.dedupe_key)
    return Appended(id=EventId(before["id"]), repeated=True)
