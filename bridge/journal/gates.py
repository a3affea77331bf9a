"""The verbs of targets: which host, and may anybody call."""

from collections.abc import Sequence

from typing_extensions import override

from bridge.errors import NotFound, TargetMoved
from bridge.journal import rows
from bridge.journal.protocol import TargetRow
from bridge.journal.rows import Row
from bridge.journal.session import Session, Verbs
from bridge.lifecycle import Gate
from bridge.model import Instant

BY_HAND = "operator"
"""The reason of a pause that a person made."""


class Gates(Verbs):
    """Pins targets to their hosts; pauses and resumes them."""

    @override
    def pin_target(self, name: str, host: str) -> None:
        with self.writing() as session:
            session.run("pin_target", name=name, host=host)
            (row,) = session.rows("target", name=name)
        if row["host"] != host:
            message = (
                f"target {name} was at {row['host']} and is now at {host}:"
                " the ids that one gave out mean nothing to the other. If"
                f" it only moved: `python -m bridge targets adopt {name}`"
            )
            raise TargetMoved(message)

    @override
    def adopt_target(
        self, name: str, host: str, *, actor: str, now: Instant
    ) -> None:
        with self.writing() as session:
            before = session.row("target", name=name)
            session.run("adopt_target", name=name, host=host)
            _note(
                session,
                name,
                "adopt",
                actor=actor,
                reason="",
                now=now,
                detail={
                    "before": before["host"] if before else None,
                    "after": host,
                },
            )

    @override
    def targets(self) -> Sequence[TargetRow]:
        with self.reading() as session:
            return [rows.target(row) for row in session.rows("targets")]

    @override
    def set_gate(
        self,
        name: str,
        gate: Gate | None,
        *,
        actor: str,
        reason: str,
        now: Instant,
    ) -> None:
        with self.writing() as session:
            before = session.row("target", name=name)
            if before is None:
                message = f"there is no target {name}"
                raise NotFound(message)
            if gate is None:
                _open(session, before)
            else:
                _pause(session, name, gate, now)
            (after,) = session.rows("target", name=name)
            _note(
                session,
                name,
                "resume" if gate is None else "pause",
                actor=actor,
                reason=reason,
                now=now,
                detail={"before": _gist(before), "after": _gist(after)},
            )

    @override
    def try_credentials(self, name: str, mark: str, now: Instant) -> bool:
        with self.writing() as session:
            return session.run("try_credentials", name=name, mark=mark) > 0


def _pause(session: Session, name: str, gate: Gate, now: Instant) -> None:
    session.run(
        "pause_target",
        name=name,
        paused=gate.pause,
        paused_at=None if gate.pause is None else now,
        closed_until=gate.closed_until,
    )


def _open(session: Session, before: Row) -> None:
    """Open it, to a probe when it was not a person who had paused it."""
    stopped_by_itself = before["paused"] not in {None, BY_HAND}
    session.run(
        "open_target",
        name=before["name"],
        probing=int(stopped_by_itself or before["probing"]),
    )


def _gist(row: Row) -> dict[str, object]:
    gate = rows.target(row)
    return {
        "paused": gate.paused,
        "closed_until": gate.closed_until,
        "probing": gate.probing,
    }


def _note(
    session: Session,
    name: str,
    action: str,
    *,
    actor: str,
    reason: str,
    now: Instant,
    detail: object,
) -> None:
    session.run(
        "note",
        at=now,
        actor=actor,
        action=action,
        delivery_id=None,
        target=name,
        reason=reason,
        detail=rows.pack(detail),
    )
