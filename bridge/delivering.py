"""
One claimed delivery, from its rule to what is recorded of it.

    in doubt? ─▶ look-up ─▶ decide_lookup() ─▶ record        (doubts)
    else: draft ─▶ links (known, looked up) ─▶ request       (drafting)
          ─▶ preflights                                      (preflights)
          ─▶ call ─▶ outcome ─▶ decide() ─▶ record

Every way out ends in one `Result`. What the world does is an outcome; what
the mapping or the order lacks is a reason; losing the lease ends silently,
because somebody else has the delivery then.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from bridge.calls import WAIT, Calls
from bridge.doubts import (
    UNREAD,
    Doubt,
    Inquiry,
    doubt_about,
    doubt_of,
    links_of,
    still_uncertain,
)
from bridge.drafting import Draft, Settled
from bridge.errors import (
    BridgeError,
    JournalBroken,
    JournalUnavailable,
    LeaseLost,
    Unrenderable,
)
from bridge.first_bytes import NOTHING_KNOWN, FirstBytes
from bridge.journal.protocol import Claim, Journal, Result
from bridge.lifecycle import LOOK_AGAIN, Step, Tried, decide, decide_unread
from bridge.lists import Lists, Spent
from bridge.looking_up import Unread, link_in
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.document import Rule
from bridge.mapping.render import (
    finds_for,
    known_links,
    learned,
    request_hash,
    with_links,
)
from bridge.model import (
    JSON,
    SECOND,
    Applied,
    DeliveryState,
    Instant,
    Link,
    Millis,
    Reason,
    Request,
)
from bridge.observe import observe
from bridge.planner import Live
from bridge.preflights import Answers, NotAnswered, doubt_before
from bridge.sender import Called, Sender, TooLate
from bridge.spill import NO_SPILL, Spill
from bridge.targets.contract import Operation

S = DeliveryState

KEY_LENGTH = 32  # characters of an Idempotency-Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """
    Does claimed deliveries; safe to share between threads.

    Args:
        answers, lists: what targets told, kept for the deliveries that
            follow.
        version: gives the mapping of a hash that was ever in force.
        wait: rests for so many seconds.
        spill: takes what the journal can not.
        first_bytes: is told before a request is written.
    """

    journal: Journal
    live: Callable[[], Live]
    senders: Callable[[str], Sender]
    now: Callable[[], Instant]
    monotonic: Callable[[], float]
    dice: Callable[[], float]
    answers: Answers
    lists: Lists
    version: Callable[[str], MappingInForce | None] = lambda _hash: None
    wait: Callable[[float], object] = WAIT
    spill: Spill = NO_SPILL
    first_bytes: FirstBytes = NOTHING_KNOWN

    def deliver(
        self,
        claim: Claim,
        *,
        claimed_at: float,
        called: Callable[[Result], None] = lambda _result: None,
    ) -> bool:
        """
        Do one delivery and record what came of it.

        Return whether its order is to be planned again, now.

        Args:
            claimed_at: monotonic seconds, read before the claim was made.
            called: told what came of it once no call is to be made any
                more, and before that is recorded.
        """
        calls = Calls(
            claim,
            self.senders(claim.delivery.target),
            claimed_at=claimed_at,
            now=self.now,
            monotonic=self.monotonic,
            wait=self.wait,
        )
        draft = Draft(
            claim, journal=self.journal, live=self.live, now=self.now
        )
        job = _Job(self, claim, calls, draft)
        try:
            result = job.result()
            called(result)
            replans = self._recorded(claim, result)
        except LeaseLost:
            observe("delivery.lease_lost", delivery_id=claim.delivery.id)
            return False
        if replans is None:
            return False
        if result.step.state is S.HELD and draft.is_outdated:
            self.journal.render_anew(claim.delivery.mapping, self.now())
        observe(
            "delivery.recorded",
            delivery_id=claim.delivery.id,
            target=claim.delivery.target,
            operation=result.operation or claim.delivery.operation,
            state=result.step.state.value,
            outcome=result.outcome,
            status=result.status,
            ms=calls.last_ms,
        )
        return replans

    def put_back(self, claim: Claim) -> None:
        """Let go of a claim that was never begun; it is due as before."""
        step = Step(
            state=S.PENDING,
            reason=Reason(code="busy", text="its target is left alone now"),
            due_at=self.now(),
            counts=False,
        )
        try:
            self.journal.record(claim, Result(step=step), self.now())
        except LeaseLost:
            observe("delivery.lease_lost", delivery_id=claim.delivery.id)

    def _recorded(self, claim: Claim, result: Result) -> bool | None:
        """
        Record a result; return None when it has to wait, in the spill.

        Raises:
            JournalBroken: the disk failed; the result is in the spill.
        """
        try:
            return self.journal.record(claim, result, self.now())
        except JournalUnavailable as error:
            kept = self.spill.keep(claim, result, self.now())
            if not kept or isinstance(error, JournalBroken):
                raise
            return None


class _Job:
    """One delivery at work."""

    def __init__(
        self, tools: Deliverer, claim: Claim, calls: Calls, draft: Draft
    ) -> None:
        self._tools = tools
        self._claim = claim
        self._delivery = claim.delivery
        self._calls = calls
        self._links: list[Link] = []
        self._draft = draft
        self._number: int | None = None

    def result(self) -> Result:
        """Return what is to be recorded; raises `LeaseLost`."""
        try:
            if self._delivery.state is S.UNCERTAIN:
                return self._asked()
            if self._claim.in_doubt and self._looks_first():
                return self._asked()
            mapping, rule, scene = self._draft.begin()
            scene = self._with_links(mapping, rule, scene)
            request = self._draft.request(mapping, rule, scene)
            self._preflight(mapping, rule, request, scene)
            return self._called(mapping, rule, request)
        except TooLate:
            return self._too_late()
        except Settled as settled:
            return self._unsent(settled)

    # -- in doubt

    def _looks_first(self) -> bool:
        """
        Return whether to ask before it is sent again.

        Not what a person wants sent whatever the target has, and not where
        the order asks for something else by now: that is sent either way.
        """
        doubt = self._doubt()
        if doubt is None or self._delivery.forced:
            return False
        try:
            mapping, rule, scene = self._draft.begin()
            told = known_links(mapping, rule, scene)
            self._draft.request(mapping, rule, with_links(scene, told))
        except (Settled, Unrenderable):
            return True
        return self._draft.request_hash == request_hash(doubt.request)

    def _doubt(self) -> Doubt | None:
        return doubt_of(self._delivery, self._calls.target.contract)

    def _asked(self) -> Result:
        """Ask the target, and do no more than that in this claim."""
        doubt = self._doubt()
        if doubt is None:
            return still_uncertain(self._claim, self._calls)
        return Inquiry(
            claim=self._claim,
            calls=self._calls,
            doubt=doubt,
            rule=self._sender_rule(),
            now=self._tools.now,
            dice=self._tools.dice(),
        ).result()

    def _sender_rule(self) -> Rule | None:
        """Return the rule as the file has it now, else as it was sent."""
        sent = self._tools.version(self._delivery.mapping_hash or "")
        now = self._tools.live().catalog.mapping(self._delivery.mapping)
        for mapping in filter(None, (now, sent)):
            rule = mapping.rule(self._delivery.rule)
            if rule is not None and rule.operation is not None:
                return rule
        return None

    # -- links

    def _with_links(
        self, mapping: MappingInForce, rule: Rule, scene: dict[str, JSON]
    ) -> dict[str, JSON]:
        try:
            told = known_links(mapping, rule, scene)
        except Unrenderable as error:
            raise Settled(Step(state=S.HELD, reason=error.reason)) from None
        self._learn(told, "attribute")
        scene = with_links(scene, told)
        for name, find in finds_for(mapping, rule, scene).items():
            take = partial(link_in, find=find, scene=scene)
            try:
                value = self._tools.lists.find(
                    self._calls, find.operation, take
                )
            except Unread as unread:
                raise self._not_read(find.operation.name, unread) from None
            except Spent as spent:
                raise self._spent(name, spent) from None
            if value is not None:
                self._learn({name: value}, "lookup")
                scene = with_links(scene, {name: value})
        return scene

    def _learn(self, links: Mapping[str, str], source: str) -> None:
        self._links += links_of(self._delivery, links, source)

    def _spent(self, link: str, spent: Spent) -> Settled:
        per_hour = self._calls.target.pages_per_hour
        reason = Reason(
            code="look_ups_spent",
            text=f"links.{link} was not found yet, and the {per_hour} pages"
            " that may be read in an hour are used up",
            where={"link": link},
        )
        return self._draft.wait(
            reason, self._draft.after(Millis(round(spent.seconds * SECOND)))
        )

    def _not_read(self, operation: str, unread: Unread) -> Settled:
        """Let the delivery wait its turn: a list could not be read."""
        step = decide_unread(
            unread.outcome, self._tried(unread.called, repeatable=True)
        )
        return Settled(step, operation=operation)

    # -- preflights

    def _preflight(
        self,
        mapping: MappingInForce,
        rule: Rule,
        request: Request,
        scene: Mapping[str, JSON],
    ) -> None:
        """
        Look at what the rule wants looked at, unless a person decided.

        Raises:
            Settled: a person is needed, or the target could not be asked.
        """
        if self._delivery.forced or not rule.preflights:
            return
        try:
            reason = doubt_before(
                rule.preflights, self._calls, request, scene,
                answers=self._tools.answers,
            )  # fmt: skip
        except NotAnswered as error:
            raise self._not_read(error.operation, error.unread) from None
        if reason is not None:
            where = {"file": mapping.file, "line": rule.line, **reason.where}
            told = replace(reason, where=where)
            raise Settled(Step(state=S.HELD, reason=told))

    # -- the call

    def _called(
        self, mapping: MappingInForce, rule: Rule, request: Request
    ) -> Result:
        operation = rule.operation
        assert operation is not None

        def intend(write: Callable[[], None]) -> None:
            begin = self._tools.first_bytes.ahead(self._claim)

            def begin_to_write() -> None:
                begin()
                write()

            try:
                self._number = self._tools.journal.intend(
                    self._claim,
                    request,
                    mapping_hash=mapping.hash,
                    now=self._tools.now(),
                    then=begin_to_write,
                )
            except JournalBroken:
                # It may have been kept: the next worker is to know.
                raise
            except BridgeError:
                begin()
                raise

        called = self._calls.make(
            operation,
            request,
            headers=self._headers(operation),
            before_first_byte=intend,
        )
        return self._outcome(mapping, rule, request, called)

    def _headers(self, operation: Operation) -> Mapping[str, str]:
        """
        Return a key by which a target could know a second one of this.

        No vendor's page says that it is looked at; it does no harm.
        """
        if operation.repeatable:
            return {}
        effect = f"{self._delivery.effect_key}/{self._delivery.generation}"
        key = hashlib.sha256(effect.encode()).hexdigest()[:KEY_LENGTH]
        return {"Idempotency-Key": key}

    def _too_late(self) -> Result:
        if self._delivery.state is S.UNCERTAIN:
            again_at = self._draft.after(LOOK_AGAIN)
            return still_uncertain(self._claim, self._calls, again_at)
        reason = Reason(code="busy", text="the worker had no time for it")
        step = Step(
            state=S.PENDING,
            reason=reason,
            due_at=self._tools.now(),
            counts=False,
        )
        return replace(self._calls.silent_result(step), links=self._links)

    def _outcome(
        self,
        mapping: MappingInForce,
        rule: Rule,
        request: Request,
        called: Called,
    ) -> Result:
        outcome = called.outcome
        tried = self._tried(called, repeatable=rule.repeatable)
        contract = self._calls.target.contract
        asks = doubt_about(request, contract) is not None
        step = decide(outcome, replace(tried, asks=asks))
        if isinstance(outcome, Applied):
            self._learn(learned(rule, outcome.answer), "answer")
        return replace(
            self._calls.result(step),
            number=self._number,
            links=self._links,
            mapping_hash=mapping.hash,
            request={
                "method": request.method,
                "path": request.path,
                "body": request.body,
            },
            request_hash=self._draft.request_hash,
        )

    def _tried(self, called: Called, *, repeatable: bool) -> Tried:
        return self._calls.tried(
            called, repeatable=repeatable, dice=self._tools.dice()
        )

    # -- what is recorded

    def _unsent(self, settled: Settled) -> Result:
        """Say what a delivery came to that was not sent."""
        step = settled.step
        result = self._calls.silent_result(step)
        if settled.operation is not None:
            result = replace(
                self._calls.result(step),
                outcome=UNREAD,
                operation=settled.operation,
            )
        # What was sent once goes on naming the text that it was sent by.
        unsent = self._delivery.request is None
        return replace(
            result,
            links=self._links,
            wait_until=settled.wait_until,
            mapping_hash=self._draft.text_hash if unsent else None,
        )
