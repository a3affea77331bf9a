"""
One claimed delivery, from its rule to what is recorded of it.

    rule ─▶ condition ─▶ links (known, looked up) ─▶ request ─▶ call
         ─▶ outcome ─▶ decide() ─▶ record

Every way out ends in one `Result`. What the world does is an outcome; what
the mapping or the order lacks is a reason; losing the lease ends silently,
because somebody else has the delivery then.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from pydantic_core import from_json

from bridge.errors import LeaseLost, LinkMissing, NothingToSend, Unrenderable
from bridge.journal.protocol import Claim, Journal, Result
from bridge.lifecycle import Step, Tried, decide
from bridge.mapping.document import Find, Rule
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.expression import ExpressionFailed, is_empty
from bridge.mapping.plan import PATIENCE
from bridge.mapping.render import (
    condition_holds,
    finds_for,
    known_links,
    learned,
    render,
    request_hash,
    with_links,
)
from bridge.model import (
    JSON,
    SECOND,
    Applied,
    DeliveryState,
    Exchange,
    Instant,
    Link,
    Millis,
    Phase,
    Reason,
    Request,
)
from bridge.observe import observe
from bridge.orders.document import document, moments
from bridge.orders.order import load_state
from bridge.planner import Live, read_raw
from bridge.sender import Called, Sender, TooLate
from bridge.targets.account import Target
from bridge.targets.contract import Operation
from bridge.throttle import free_after_answer, free_after_silence

S = DeliveryState

LOOK_AGAIN = Millis(30 * SECOND)
"""How long until a thing that was not found is looked up once more."""

SLACK = Millis(20 * SECOND)
"""A worker begins to write within this of its claim, or not at all; the
lease is that and the target's whole timeout."""

ANSWER_KEPT = 4_096  # characters of an answer in the log


def lease_of(target: Target) -> Millis:
    """Return how long a claim at *target* holds."""
    return Millis(SLACK + target.timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """Does claimed deliveries; safe to share between threads."""

    journal: Journal
    live: Callable[[], Live]
    senders: Callable[[str], Sender]
    now: Callable[[], Instant]
    monotonic: Callable[[], float]
    dice: Callable[[], float]

    def deliver(self, claim: Claim, *, claimed_at: float) -> None:
        """
        Do one delivery and record what came of it.

        Args:
            claimed_at: monotonic seconds, read before the claim was made.
        """
        job = _Job(self, claim, claimed_at)
        try:
            result = job.result()
            self.journal.record(claim, result, self.now())
        except LeaseLost:
            observe("delivery.lease_lost", delivery_id=claim.delivery.id)
            return
        if result.step.state is S.HELD and job.has_newer_text():
            self.journal.render_anew(claim.delivery.mapping, self.now())
        observe(
            "delivery.recorded",
            delivery_id=claim.delivery.id,
            target=claim.delivery.target,
            operation=claim.delivery.operation,
            state=result.step.state.value,
            outcome=result.outcome,
            status=result.status,
            ms=job.call_ms,
        )


class _Settled(Exception):
    """The delivery ends here, without a call."""

    def __init__(
        self, step: Step, *, wait_until: Instant | None = None
    ) -> None:
        self.step = step
        self.wait_until = wait_until
        super().__init__(step.state)


class _Job:
    """One delivery at work."""

    def __init__(
        self, tools: Deliverer, claim: Claim, claimed_at: float
    ) -> None:
        self._tools = tools
        self._claim = claim
        self._delivery = claim.delivery
        self._claimed_at = claimed_at
        self._links: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        self._number: int | None = None
        self.call_ms: int | None = None
        self._text_hash: str | None = None
        self._started_at = tools.now()

    def result(self) -> Result:
        """Return what is to be recorded; raises `LeaseLost`."""
        try:
            mapping, rule = self._rule()
            scene = self._scene(mapping)
            self._check_due(mapping, rule, scene)
            scene = self._with_links(mapping, rule, scene)
            request = self._request(mapping, rule, scene)
            return self._called(mapping, rule, request)
        except _Settled as settled:
            return self._unsent(settled)

    def has_newer_text(self) -> bool:
        """Return whether the mapping was edited while this was at work."""
        catalog = self._tools.live().catalog
        mapping = catalog.mapping(self._delivery.mapping)
        return mapping is not None and mapping.hash != self._text_hash

    # -- before the call

    def _rule(self) -> tuple[MappingInForce, Rule]:
        catalog = self._tools.live().catalog
        name = self._delivery.mapping
        mapping = catalog.mapping(name)
        rule = mapping.rule(self._delivery.rule) if mapping else None
        self._text_hash = mapping.hash if mapping else None
        if mapping is not None and rule is not None and rule.operation:
            return mapping, rule
        if mapping is None and name in catalog.off:
            reason = Reason(
                code="mapping_off",
                text=f"the file {name}.yaml is wrong: see `bridge check`",
            )
            raise self._wait(reason, self._after(LOOK_AGAIN))
        reason = Reason(
            code="rule_removed", text="the rule is no longer in the file"
        )
        raise _Settled(Step(state=S.CANCELLED, reason=reason))

    def _scene(self, mapping: MappingInForce) -> dict[str, JSON]:
        order = self._claim.order
        state = load_state(order.state)
        if state.snapshot is None:
            reason = Reason(
                code="order_not_seen",
                text="a parcel came, and no body of its order yet",
            )
            raise self._wait(reason, self._after(LOOK_AGAIN))
        raw = read_raw(self._tools.journal, mapping, order.body_event)
        return document(state, links=self._claim.links, raw=raw)

    def _check_due(
        self, mapping: MappingInForce, rule: Rule, scene: dict[str, JSON]
    ) -> None:
        if self._delivery.forced:
            return
        held = moments(load_state(self._claim.order.state))
        try:
            due = held[rule.when] and condition_holds(mapping, rule, scene)
        except Unrenderable as error:
            raise _Settled(Step(state=S.HELD, reason=error.reason)) from None
        if not due:
            reason = Reason(
                code="not_due", text="the order no longer asks for it"
            )
            raise _Settled(Step(state=S.CANCELLED, reason=reason))

    def _request(
        self, mapping: MappingInForce, rule: Rule, scene: dict[str, JSON]
    ) -> Request:
        try:
            request = render(mapping, rule, scene)
        except LinkMissing as error:
            searched = bool(finds_for(mapping, rule, scene))
            wait = LOOK_AGAIN if searched else PATIENCE
            raise self._wait(error.reason, self._after(wait)) from None
        except NothingToSend as error:
            raise _Settled(
                Step(state=S.UNCHANGED, reason=error.reason)
            ) from None
        except Unrenderable as error:
            raise _Settled(Step(state=S.HELD, reason=error.reason)) from None
        same = request_hash(request) == self._claim.applied_hash
        if same and self._delivery.repeatable and not self._delivery.forced:
            reason = Reason(code="unchanged", text="the target has it already")
            raise _Settled(Step(state=S.UNCHANGED, reason=reason))
        return request

    def _after(self, wait: Millis) -> Instant:
        return Instant(self._tools.now() + wait)

    def _wait(self, reason: Reason, due_at: Instant) -> _Settled:
        """Wait, or be held once it has waited long enough."""
        patience = Instant(self._delivery.live_since + PATIENCE)
        until = self._delivery.wait_until or patience
        if self._tools.now() >= until:
            return _Settled(Step(state=S.HELD, reason=reason))
        return _Settled(
            Step(
                state=S.WAITING,
                reason=reason,
                due_at=min(due_at, until),
                counts=False,
            ),
            wait_until=until,
        )

    # -- links

    def _with_links(
        self, mapping: MappingInForce, rule: Rule, scene: dict[str, JSON]
    ) -> dict[str, JSON]:
        try:
            told = known_links(mapping, rule, scene)
        except Unrenderable as error:
            raise _Settled(Step(state=S.HELD, reason=error.reason)) from None
        self._learn(told, "attribute")
        scene = with_links(scene, told)
        for name, find in finds_for(mapping, rule, scene).items():
            value = self._looked_up(find, scene)
            if value is not None:
                self._learn({name: value}, "lookup")
                scene = with_links(scene, {name: value})
        return scene

    def _learn(self, links: Mapping[str, str], source: str) -> None:
        self._links.update(links)
        self._sources.update(dict.fromkeys(links, source))

    def _looked_up(self, find: Find, scene: dict[str, JSON]) -> str | None:
        for item in self._listed(find.operation):
            if not isinstance(item, dict):
                continue
            inside = {**item, "order": scene}
            try:
                if is_empty(find.match.value(inside)):
                    continue
                value = find.take.value(inside)
            except ExpressionFailed:
                continue
            if isinstance(value, str | int) and not isinstance(value, bool):
                return str(value)
        return None

    def _listed(self, operation: Operation) -> Iterator[JSON]:
        """Yield what the target lists, page after page."""
        search = operation.search
        if search is None:
            return
        query = dict(operation.fixed_query)
        for _ in range(search.pages):
            answer = self._page(operation, query)
            yield from answer.get(search.items) or ()
            token = answer.get(search.next_page)
            if not token:
                return
            query[search.token] = str(token)

    def _page(
        self, operation: Operation, query: Mapping[str, str]
    ) -> dict[str, JSON]:
        from urllib.parse import urlencode

        request = Request(
            operation=operation.name,
            method=operation.method,
            path=f"{operation.path}?{urlencode(query)}",
        )
        called = self._sender.call(operation, request)
        if isinstance(called.outcome, Applied):
            answer = _json(called.exchange.answer)
            return answer if isinstance(answer, dict) else {}
        # a list that could not be read: the delivery waits its turn
        step = decide(called.outcome, self._tried(called, repeatable=True))
        if step.state is S.SETTLING:  # reading has nothing to settle
            step = replace(step, state=S.PENDING)
        raise _Settled(step)

    # -- the call

    @property
    def _sender(self) -> Sender:
        return self._tools.senders(self._delivery.target)

    def _called(
        self, mapping: MappingInForce, rule: Rule, request: Request
    ) -> Result:
        operation = rule.operation
        assert operation is not None

        def intend() -> None:
            waited = self._tools.monotonic() - self._claimed_at
            if waited * 1000 > SLACK:
                raise TooLate
            self._number = self._tools.journal.intend(
                self._claim,
                request,
                mapping_hash=mapping.hash,
                now=self._tools.now(),
            )

        began = self._tools.monotonic()
        try:
            called = self._sender.call(
                operation, request, before_first_byte=intend
            )
        except TooLate:
            return self._too_late()
        self.call_ms = round((self._tools.monotonic() - began) * 1000)
        return self._outcome(mapping, rule, request, called)

    def _too_late(self) -> Result:
        reason = Reason(code="busy", text="the worker had no time for it")
        step = Step(
            state=S.PENDING,
            reason=reason,
            due_at=self._tools.now(),
            counts=False,
        )
        return Result(step=step, slot_free_at=self._tools.now())

    def _outcome(
        self,
        mapping: MappingInForce,
        rule: Rule,
        request: Request,
        called: Called,
    ) -> Result:
        outcome, exchange = called.outcome, called.exchange
        step = decide(outcome, self._tried(called, repeatable=rule.repeatable))
        if isinstance(outcome, Applied):
            answer = outcome.answer
            if answer is None:
                answer = _json(exchange.answer)
            self._learn(learned(rule, answer), "answer")
        if self._number is None and step.state is S.DEAD:
            step = replace(step, counts=True)
        return Result(
            step=step,
            number=self._number,
            phase=exchange.phase,
            status=exchange.status,
            outcome=type(outcome).__name__.lower(),
            answer=_kept(exchange.answer),
            links=self._learned_links(),
            mapping_hash=mapping.hash,
            request={
                "method": request.method,
                "path": request.path,
                "body": request.body,
            },
            request_hash=request_hash(request),
            slot_free_at=self._slot_free_at(exchange),
        )

    def _tried(self, called: Called, *, repeatable: bool) -> Tried:
        return Tried(
            repeatable=repeatable,
            attempts=self._delivery.attempts,
            since=self._delivery.live_since,
            now=self._tools.now(),
            settle=self._sender.target.settle,
            dice=self._tools.dice(),
            fresh_credentials=called.fresh_credentials,
        )

    # -- what is recorded

    def _unsent(self, settled: _Settled) -> Result:
        return Result(
            step=settled.step,
            links=self._learned_links(),
            wait_until=settled.wait_until,
            slot_free_at=self._tools.now(),
        )

    def _learned_links(self) -> list[Link]:
        return [
            Link(
                store=self._delivery.store,
                order_id=self._delivery.order_id,
                target=self._delivery.target,
                name=name,
                value=value,
                source=self._sources[name],
            )
            for name, value in self._links.items()
        ]

    def _slot_free_at(self, exchange: Exchange) -> Instant | None:
        limit = self._sender.target.limit
        if limit is None or self._claim.slot is None:
            return None
        now = self._tools.now()
        if exchange.phase is Phase.PREPARED:
            return now
        if exchange.phase is Phase.ANSWERED:
            return free_after_answer(now, limit.window)
        return free_after_silence(
            self._started_at,
            deadline=self._sender.target.timeout,
            window=limit.window,
        )


def _json(answer: bytes) -> JSON:
    try:
        return from_json(answer)
    except ValueError:
        return None


def _kept(answer: bytes) -> str | None:
    if not answer:
        return None
    text = answer[: ANSWER_KEPT * 4].decode("utf-8", errors="replace")
    return text[:ANSWER_KEPT]
