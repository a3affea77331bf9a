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
        return self.written(
            lambda session: [append_event(session, event) for event in events]
        )


def append_event(session: Session, event: NewEvent) -> Appended:
    """Keep one event, unless one of its key is kept already."""
    kept = session.row("append_event", **rows.event_values(event))
    if kept is not None:
        session.run(
            "append_body", event_id=kept["id"], body=as_received(event.body)
        )
        return Appended(id=EventId(kept["id"]), repeated=False)
    (before,) = session.rows("event_of_key", dedupe_key=event.dedupe_key)
    return Appended(id=EventId(before["id"]), repeated=True)
