"""The verbs of a database that was put back from a copy."""

from dataclasses import replace

from typing_extensions import override

from bridge.journal import rows
from bridge.journal.mark import Seen
from bridge.journal.session import (
    Session,
    Verbs,
    because,
    save,
    touch_order,
)
from bridge.model import (
    IN_FLIGHT,
    RESTORED,
    Delivery,
    DeliveryState,
    Instant,
    Reason,
)

_MAY_BE_THERE = Reason(
    code=RESTORED,
    text=(
        "The database was put back from a copy. It may have been sent since:"
        " look at the target."
    ),
)


class Copies(Verbs):
    """Goes on with a copy, without doing anything twice."""

    @override
    def accept_copy(self, *, actor: str, now: Instant) -> int:
        with self.writing() as session:
            found = session.rows("unfinished_creates")
            for row in found:
                _doubt(session, rows.delivery(row), now)
            last = seen(session).at
            session.run("accept_copy", last_seen=last, now=now)
            session.run(
                "note",
                at=now,
                actor=actor,
                action="restore",
                delivery_id=None,
                target=None,
                reason="the database was put back from a copy",
                detail=rows.pack({"last_seen": last, "moved": len(found)}),
            )
        return len(found)

    @override
    def unfinished_creates(self) -> int:
        with self.reading() as session:
            return len(session.rows("unfinished_creates"))

    @override
    def unseen(self) -> tuple[Instant, Instant] | None:
        with self.reading() as session:
            (row,) = session.rows("unseen")
        if row["until"] is None:
            return None
        return Instant(row["since"]), Instant(row["until"])


def seen(session: Session) -> Seen:
    """Return how much the database has seen."""
    (row,) = session.rows("seen")
    return Seen(
        journal=row["journal"] or "",
        event=row["event"],
        change=row["change"],
        at=Instant(max(row["event_at"] or 0, row["change_at"] or 0)),
    )


def _doubt(session: Session, before: Delivery, now: Instant) -> None:
    if before.state is DeliveryState.SENDING:
        session.run("lose_attempts", delivery_id=before.id, now=now)
    after = replace(
        because(before, _MAY_BE_THERE),
        state=DeliveryState.UNCERTAIN,
        fence=before.fence + (before.state in IN_FLIGHT),
        due_at=now,
    )
    touch_order(session, save(session, before, after, now), now)
