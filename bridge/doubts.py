"""
A call whose answer was lost, and how the target is asked about it.

What the target shows is *found*, what it certainly does not have is
*absent*, and all else is *unclear*. A look-up is all that its claim does: the
next claim sends, so that a limited target sees one request for one slot.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError
from pydantic_core import to_json

from bridge.calls import Calls, kept
from bridge.journal.protocol import Claim, Result
from bridge.lifecycle import Looked, Step, decide_lookup, decide_unread
from bridge.looking_up import Unread, pages, read
from bridge.mapping.document import Rule
from bridge.mapping.render import kept_request, learned, request_hash
from bridge.model import (
    JSON,
    Delivery,
    DeliveryState,
    Finding,
    Instant,
    Link,
    Maybe,
    Reason,
    Rejected,
    Request,
)
from bridge.targets.address import values_in
from bridge.targets.contract import (
    Contract,
    Lookup,
    Operation,
    SentCall,
)

S = DeliveryState
Judge = Callable[[JSON], Finding]

UNREAD = "unread"
"""The outcome, in the log, of a look-up that could not be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """
    A call that may have been applied, and how the target is asked.

    Args:
        operation: that was sent.
        reading: the operation that reads.
        values: of the reading call's address.
    """

    operation: Operation
    request: Request
    sent: SentCall
    lookup: Lookup
    reading: Operation
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look-up said, and the answer or listed thing that says it."""

    finding: Finding
    answer: JSON = None


def doubt_of(delivery: Delivery, contract: Contract) -> Doubt | None:
    """Return how to ask for what *delivery* sent last, if one can."""
    request = kept_request(delivery.operation, delivery.request)
    return None if request is None else doubt_about(request, contract)


def doubt_about(request: Request, contract: Contract) -> Doubt | None:
    """
    Return how to ask for what was sent, None where nobody can be asked.

    That is so when the operation declares no look-up, its address is
    another one by now, or what was sent carries nothing to ask by.
    """
    operation = contract.operations.get(request.operation)
    if operation is None or operation.lookup is None:
        return None
    sent_values = values_in(operation, request.path)
    if sent_values is None:
        return None
    sent = SentCall(values=sent_values, body=request.body)
    values = operation.lookup.values(sent)
    if values is None:
        return None
    return Doubt(
        operation=operation,
        request=request,
        sent=sent,
        lookup=operation.lookup,
        reading=contract.operations[operation.lookup.operation],
        values=values,
    )


def look(
    calls: Calls, doubt: Doubt, *, told_apart: Judge = lambda _: Finding.FOUND
) -> Look:
    """
    Ask the target whether it has what was sent.

    Args:
        told_apart: has the last word about what the contract takes for it:
            it may be something that was there before.

    Raises:
        Unread: it could not be asked.
        TooLate: there was no time to ask.
    """

    def judge(answer: JSON) -> Finding:
        finding = doubt.lookup.judge(doubt.sent, answer)
        if finding is not Finding.FOUND:
            return finding
        if not _teaches(doubt.operation, answer):
            return Finding.UNCLEAR
        return told_apart(answer)

    try:
        if doubt.reading.search is not None:
            return _searched(calls, doubt, judge)
        answer = read(calls, doubt.reading, doubt.values)
    except Unread as unread:
        if isinstance(unread.outcome, Rejected):
            return Look(finding=Finding.UNCLEAR)
        raise
    return Look(finding=judge(answer), answer=answer)


def _searched(calls: Calls, doubt: Doubt, judge: Judge) -> Look:
    """
    Look through a list; whatever its order, what is found wins.

    It is absent only when all there is was seen: nobody says that the
    newest stand first, so it may be on a page that was not read.
    """
    seen_all, unclear = False, False
    for page in pages(calls, doubt.reading, doubt.values):
        for item in page.items:
            finding = judge(item)
            if finding is Finding.FOUND:
                return Look(finding=finding, answer=item)
            unclear = unclear or finding is Finding.UNCLEAR
        seen_all = page.is_last
    absent = seen_all and not unclear
    return Look(finding=Finding.ABSENT if absent else Finding.UNCLEAR)


def _teaches(operation: Operation, answer: JSON) -> bool:
    """
    Return whether an answer teaches what the lost one would have.

    A create that is found without its id is of no use to later calls.
    """
    if operation.repeatable or operation.answer is None:
        return True
    try:
        operation.answer.model_validate(answer)
    except ValidationError:
        return False
    return True


# ------------------------------------------------------ what is recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """
    One claim's look-up, and what follows from it.

    Args:
        rule: that sent it, or its successor; teaches the links. None when
            neither file nor version is known any more.
    """

    claim: Claim
    calls: Calls
    doubt: Doubt
    rule: Rule | None
    now: Callable[[], Instant]
    dice: float

    def result(self) -> Result:
        """
        Look, and return what is to be recorded.

        Raises:
            TooLate: there was no time to ask.
        """
        try:
            found = look(self.calls, self.doubt, told_apart=self._told_apart)
        except Unread as unread:
            return self._unread(unread)
        step = decide_lookup(found.finding, self._looked())
        result = replace(
            self.calls.result(step),
            outcome=found.finding.value,
            operation=self.doubt.reading.name,
            finding=found.finding,
        )
        if self.doubt.reading.search is not None:
            # other customers' orders have no place in this one's story
            shown = b"" if found.answer is None else to_json(found.answer)
            result = replace(result, answer=kept(shown))
        if found.finding is not Finding.FOUND:
            return result
        return replace(
            result,
            links=links_of(
                self.claim.delivery, self._taught(found.answer), "lookup"
            ),
            request_hash=request_hash(self.doubt.request),
        )

    @property
    def _is_uncertain(self) -> bool:
        return self.claim.delivery.state is S.UNCERTAIN

    @property
    def _after(self) -> str:
        """The code of what had left it in doubt, before all look-ups."""
        delivery = self.claim.delivery
        first = delivery.where.get("after")
        return first if isinstance(first, str) else delivery.reason or ""

    def _looked(self) -> Looked:
        delivery, target = self.claim.delivery, self.calls.target
        return Looked(
            repeatable=not self._is_uncertain,
            lookups=delivery.lookups,
            absences=delivery.absences,
            proves_absence=delivery.operation in target.proves_absence,
            after=self._after,
            now=self.now(),
            settle=target.settle,
        )

    def _taught(self, answer: JSON) -> Mapping[str, str]:
        return {} if self.rule is None else learned(self.rule, answer)

    def _told_apart(self, answer: JSON) -> Finding:
        """
        Tell a second one, that a person wanted, from the first.

        Both carry the same reference; the first one's id is known.
        """
        delivery, known = self.claim.delivery, self.claim.links
        if delivery.repeatable or not delivery.forced:
            return Finding.FOUND
        taught = self._taught(answer)
        if not taught:
            return Finding.UNCLEAR
        is_first = all(known.get(name) == taught[name] for name in taught)
        return Finding.ABSENT if is_first else Finding.FOUND

    def _unread(self, unread: Unread) -> Result:
        """
        Say when to try again.

        A call that may be repeated does not insist: if reading fails at the
        target, the next claim sends.
        """
        tried = self.calls.tried(
            unread.called, repeatable=not self._is_uncertain, dice=self.dice
        )
        step = decide_unread(unread.outcome, tried, after=self._after)
        gives_up = tried.repeatable and isinstance(unread.outcome, Maybe)
        return replace(
            self.calls.result(step),
            outcome=Finding.UNCLEAR.value if gives_up else UNREAD,
            operation=self.doubt.reading.name,
            finding=Finding.UNCLEAR if gives_up else None,
        )


def still_uncertain(
    claim: Claim, calls: Calls, due_at: Instant | None = None
) -> Result:
    """
    Return what is recorded of an uncertain one that was not asked about.

    Args:
        due_at: when to ask; None where nobody but a person can tell.
    """
    delivery = claim.delivery
    reason = Reason(
        code=delivery.reason or "not_known",
        text=delivery.reason_text,
        where=delivery.where,
    )
    return calls.silent_result(
        Step(state=S.UNCERTAIN, reason=reason, due_at=due_at, counts=False)
    )


def links_of(
    delivery: Delivery, links: Mapping[str, str], source: str
) -> list[Link]:
    """Return what was learned of a delivery's order at its target."""
    return [
        Link(
            store=delivery.store,
            order_id=delivery.order_id,
            target=delivery.target,
            name=name,
            value=value,
            source=source,
        )
        for name, value in links.items()
    ]
