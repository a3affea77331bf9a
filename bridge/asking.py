"""
What a person wants to know of a target, asked by the worker.

A question changes nothing at the target, and nothing in the journal but
itself: not the gate, not the circuit, not a delivery. It is held to the
target's limit like any call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.calls import WAIT, lane_of, slot_free_at
from bridge.journal.protocol import Journal
from bridge.journal.seeing import Learned, Question, Taken
from bridge.looking_up import Unread, pages, read
from bridge.mapping.render import kept_request
from bridge.model import (
    JSON,
    Applied,
    Finding,
    Instant,
    Millis,
    NotProcessed,
    Outcome,
    Rejected,
    Request,
)
from bridge.sender import Called, Sender, TooLate
from bridge.targets.account import Target
from bridge.targets.contract import Naming, Operation

LOOK_EVERY = Millis(300)
"""How often a worker looks whether anybody wants to know anything."""

ANSWERED_IN = Millis(15_000)
"""So long a question waits for its worker, and then nobody asks any more."""

_WORDS: Mapping[Finding, str] = {
    Finding.FOUND: "found",
    Finding.UNCLEAR: "other",
    Finding.ABSENT: "absent",
}


class _Turns:
    """Makes a question's calls, each with its turn of the slot."""

    def __init__(
        self,
        taken: Taken,
        sender: Sender,
        *,
        now: Callable[[], Instant],
        wait: Callable[[float], object],
    ) -> None:
        self._limited = taken.slot is not None
        self._sender = sender
        self._now = now
        self._wait = wait
        self._next_at = taken.begins_at
        self.last: Called | None = None
        self.ms: int | None = None

    @property
    def slot_free_at(self) -> Instant | None:
        """When the slot may be taken again; None: it was not used."""
        return self._next_at if self._limited and self.last else None

    def make(self, operation: Operation, request: Request) -> Called:
        """Make a call once its turn has come."""
        rest = self._next_at - self._now()
        if self._limited and rest > 0:
            self._wait(rest / 1000)
        started_at = self._now()
        self.last = called = self._sender.call(operation, request)
        self.ms = self._now() - started_at
        self._next_at = slot_free_at(
            self._sender.target,
            called.exchange.phase,
            started_at=started_at,
            now=self._now(),
        )
        return called


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """
    Answers questions, one at a time.

    Args:
        senders: gives the sender of a target.
        wait: rests for so many seconds.
    """

    journal: Journal
    targets: Callable[[], Mapping[str, Target]]
    senders: Callable[[str], Sender]
    now: Callable[[], Instant]
    wait: Callable[[float], object] = WAIT

    def step(self, now: Instant) -> Millis:
        """Answer what was asked; return how long to wait then."""
        lanes = [lane_of(one, 1) for one in self.targets().values()]
        taken = self.journal.take_question(lanes, now)
        if taken is not None:
            self._answer(taken)
        return LOOK_EVERY

    def _answer(self, taken: Taken) -> None:
        sender = self.senders(taken.question.target)
        calls = _Turns(taken, sender, now=self.now, wait=self.wait)
        learned = Learned(outcome="maybe", reason="unexpected")
        try:
            learned = self._learned(taken.question, sender.target, calls)
        finally:
            self.journal.answer_question(
                taken,
                _told(learned, calls),
                slot_free_at=calls.slot_free_at,
                now=self.now(),
            )

    def _learned(
        self, question: Question, target: Target, calls: _Turns
    ) -> Learned:
        try:
            if question.about is None:
                return _tested(target, calls)
            return self._looked(question, target, calls)
        except Unread as unread:
            return _went_wrong(unread.outcome)
        except TooLate:
            return Learned(outcome="notsent")

    def _looked(
        self, question: Question, target: Target, calls: _Turns
    ) -> Learned:
        found = way_to_ask(self.journal, target, question)
        if found is None:
            return Learned(outcome="no_way")
        naming, values, sent = found
        named = question.said or ""
        reading = target.contract.operations[naming.operation]
        if reading.search is None:
            try:
                answer = read(calls, reading, values)
            except Unread as unread:
                if isinstance(unread.outcome, Rejected):
                    return Learned(outcome="absent")
                raise
            return Learned(outcome=_WORDS[naming.judge(named, sent, answer)])
        seen_all = False
        for page in pages(calls, reading, values):
            for item in page.items:
                finding = naming.judge(named, sent, item)
                if finding is not Finding.ABSENT:
                    return Learned(outcome=_WORDS[finding])
            seen_all = page.is_last
        return Learned(outcome="absent" if seen_all else "unclear")


def way_to_ask(
    journal: Journal, target: Target, question: Question
) -> tuple[Naming, Mapping[str, str], JSON] | None:
    """Return how a named thing is asked for, and what was sent, if one can."""
    delivery = journal.delivery(question.about) if question.about else None
    if delivery is None or question.said is None:
        return None
    operation = target.contract.operations.get(delivery.operation)
    if operation is None or operation.naming is None:
        return None
    values = operation.naming.values(question.said)
    if values is None:
        return None
    request = kept_request(delivery.operation, delivery.request)
    return operation.naming, values, request.body if request else None


def _tested(target: Target, calls: _Turns) -> Learned:
    test = target.contract.test
    if test is None:
        return Learned(outcome="no_way")
    reading = target.contract.operations[test.operation]
    try:
        read(calls, reading, test.values)
    except Unread as unread:
        if not isinstance(unread.outcome, Rejected):
            raise
    return Learned(outcome="answers")


def _went_wrong(outcome: Outcome) -> Learned:
    """Return what kept the target from answering, by its code."""
    if isinstance(outcome, Applied):  # it was read: nothing went wrong
        return Learned(outcome="answers")
    reason = outcome.reason.code
    if isinstance(outcome, NotProcessed) and outcome.refused_credentials:
        reason = "credentials_refused"
    return Learned(outcome=type(outcome).__name__.lower(), reason=reason)


def _told(learned: Learned, calls: _Turns) -> Learned:
    if calls.last is None:
        return learned
    return replace(learned, status=calls.last.exchange.status, ms=calls.ms)
