"""
The verbs of questions: what a person wants to know of a target.

The web calls nobody. It leaves a question here, a worker asks the target and
leaves what it learned, and the page reads that. A target's limit is held: a
question takes one turn of a slot.
"""

from collections.abc import Sequence

from typing_extensions import override

from bridge.errors import TooManyQuestions
from bridge.journal import rows
from bridge.journal.protocol import Lane
from bridge.journal.rows import Row
from bridge.journal.seeing import Learned, Question, Taken
from bridge.journal.session import Session, Verbs
from bridge.model import HOUR, DeliveryId, Instant

MOST_OPEN = 10
"""So many may wait for their answer."""

NOBODY = 0
"""Stands for the delivery in a slot that a question took."""


class Questions(Verbs):
    """Keeps what is asked, and what was learned, for an hour."""

    @override
    def ask(
        self,
        target: str,
        *,
        about: DeliveryId | None = None,
        said: str | None = None,
        actor: str,
        until: Instant,
        now: Instant,
    ) -> int:
        with self.writing() as session:
            session.run("drop_questions", before=now - HOUR)
            (waiting,) = session.rows("open_questions", now=now)
            if waiting["n"] >= MOST_OPEN:
                message = "Too much is being asked now: try in a moment."
                raise TooManyQuestions(message)
            (row,) = session.rows(
                "ask",
                now=now,
                actor=actor,
                target=target,
                kind="test" if about is None else "look",
                delivery_id=about,
                said=said,
                until=until,
            )
        asked: int = row["id"]
        return asked

    @override
    def question(self, id: int) -> Question | None:
        with self.reading() as session:
            row = session.row("question", id=id)
        return None if row is None else _question(row)

    @override
    def take_question(
        self, lanes: Sequence[Lane], now: Instant
    ) -> Taken | None:
        with self.reading() as session:
            if not session.rows("due_questions", now=now):
                return None
        by_name = {lane.target: lane for lane in lanes}
        with self.writing() as session:
            for row in session.rows("due_questions", now=now):
                lane = by_name.get(row["target"])
                if lane is not None:
                    taken = _taken(session, _question(row), lane, now)
                    if taken is not None:
                        return taken
        return None

    @override
    def answer_question(
        self,
        taken: Taken,
        learned: Learned,
        *,
        slot_free_at: Instant | None,
        now: Instant,
    ) -> None:
        with self.writing() as session:
            _answer(session, taken.question.id, learned, now)
            if taken.slot is not None:
                session.run(
                    "give_back_slot",
                    target=taken.question.target,
                    n=taken.slot,
                    free_at=now if slot_free_at is None else slot_free_at,
                    delivery_id=NOBODY,
                    fence=taken.question.id,
                )


def _taken(
    session: Session, question: Question, lane: Lane, now: Instant
) -> Taken | None:
    """Take a question, or answer it where its target is not to be asked."""
    gate = session.row("gate_of", name=question.target)
    if gate is not None:
        shut = _shut(gate, now)
        if shut is not None:
            _answer(session, question.id, Learned(outcome=shut), now)
            return None
    if not lane.slots:
        session.run("take_question", id=question.id, now=now)
        return Taken(question=question, slot=None, begins_at=now)
    for n in range(lane.slots):
        session.run("add_slot", target=lane.target, n=n)
    slot = session.row(
        "next_slot", target=lane.target, slots=lane.slots, by=now + lane.turn
    )
    if slot is None:
        return None
    begins_at = Instant(max(now, slot["free_at"]))
    session.run(
        "take_slot",
        target=lane.target,
        n=slot["n"],
        free_at=begins_at + lane.slot_hold,
        delivery_id=NOBODY,
        fence=question.id,
    )
    session.run("take_question", id=question.id, now=now)
    return Taken(question=question, slot=slot["n"], begins_at=begins_at)


def _shut(gate: Row, now: Instant) -> str | None:
    if gate["paused"] is not None:
        return "paused"
    closed = max(gate["closed_until"] or 0, gate["circuit_until"] or 0)
    return "closed" if closed > now else None


def _answer(session: Session, id: int, learned: Learned, now: Instant) -> None:
    session.run(
        "answer_question",
        id=id,
        now=now,
        answer=rows.pack(
            {
                "outcome": learned.outcome,
                "reason": learned.reason,
                "status": learned.status,
                "ms": learned.ms,
            }
        ),
    )


def _question(row: Row) -> Question:
    told = rows.unpack(row["answer"])
    return Question(
        id=row["id"],
        asked_at=row["asked_at"],
        actor=row["actor"],
        target=row["target"],
        about=row["delivery_id"],
        said=row["said"],
        until=row["until"],
        learned=None if told is None else Learned(**told),
    )
