"""
What today's files make of a claimed delivery, before any call.

    rule ─▶ scene (the order, its links) ─▶ still due? ─▶ request

A draft ends in a request, or in `Settled`: with what the mapping or the order
lacks, as a step to be recorded.
"""

from collections.abc import Callable

from bridge.errors import LinkMissing, NothingToSend, Unrenderable
from bridge.journal.protocol import Claim, Journal
from bridge.lifecycle import LOOK_AGAIN, Step
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.document import Rule
from bridge.mapping.plan import AFTER_CANCEL, PATIENCE
from bridge.mapping.render import (
    condition_holds,
    finds_for,
    render,
    request_hash,
)
from bridge.model import (
    JSON,
    DeliveryState,
    Instant,
    Millis,
    Reason,
    Request,
)
from bridge.orders.document import document
from bridge.orders.order import load_state
from bridge.orders.pruning import is_pruned
from bridge.planner import Live, read_raw

S = DeliveryState

_PRUNED = Reason(
    code="pruned",
    text=(
        "the order is pruned: save it in the shop once more, so that all of"
        " it is known again"
    ),
)


class Settled(Exception):
    """
    The delivery ends here, without being sent.

    Args:
        wait_until: when one that waits becomes held at last.
        operation: that was to be read and could not.
    """

    def __init__(
        self,
        step: Step,
        *,
        wait_until: Instant | None = None,
        operation: str | None = None,
    ) -> None:
        self.step = step
        self.wait_until = wait_until
        self.operation = operation
        super().__init__(step.state)


class Draft:
    """
    One claimed delivery, as the files and the order have it now.

    Attributes:
        request_hash: of the request that was drawn up last.
    """

    def __init__(
        self,
        claim: Claim,
        *,
        journal: Journal,
        live: Callable[[], Live],
        now: Callable[[], Instant],
    ) -> None:
        self._claim = claim
        self._delivery = claim.delivery
        self._journal = journal
        self._live = live
        self._now = now
        self._text_hash: str | None = None
        self.request_hash: str | None = None

    @property
    def text_hash(self) -> str | None:
        """The hash of the text that its rule was read in."""
        return self._text_hash

    @property
    def is_outdated(self) -> bool:
        """Whether the mapping was edited since its rule was read."""
        mapping = self._live().catalog.mapping(self._delivery.mapping)
        return mapping is not None and mapping.hash != self._text_hash

    def begin(self) -> tuple[MappingInForce, Rule, dict[str, JSON]]:
        """
        Return the mapping, its rule, and the order as they see it.

        Raises:
            Settled: there is no such rule, or it does not ask for a call.
        """
        mapping, rule = self._rule()
        scene = self._scene(mapping, rule)
        self._check_due(mapping, rule, scene)
        return mapping, rule, scene

    def request(
        self, mapping: MappingInForce, rule: Rule, scene: dict[str, JSON]
    ) -> Request:
        """
        Return the request.

        Args:
            scene: with all links that are known.

        Raises:
            Settled: it can not be rendered, or the target has it already.
        """
        try:
            request = render(mapping, rule, scene)
        except LinkMissing as error:
            searched = bool(finds_for(mapping, rule, scene))
            wait = LOOK_AGAIN if searched else PATIENCE
            raise self.wait(error.reason, self.after(wait)) from None
        except NothingToSend as error:
            raise Settled(
                Step(state=S.UNCHANGED, reason=error.reason)
            ) from None
        except Unrenderable as error:
            raise Settled(Step(state=S.HELD, reason=error.reason)) from None
        self.request_hash = request_hash(request)
        may_be_spared = self._delivery.repeatable and not self._delivery.forced
        if may_be_spared and self.request_hash == self._claim.applied_hash:
            reason = Reason(code="unchanged", text="the target has it already")
            raise Settled(Step(state=S.UNCHANGED, reason=reason))
        return request

    def after(self, wait: Millis) -> Instant:
        """Return the time so long from now."""
        return Instant(self._now() + wait)

    def _rule(self) -> tuple[MappingInForce, Rule]:
        catalog = self._live().catalog
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
            raise self.wait(reason, self.after(LOOK_AGAIN))
        reason = Reason(
            code="rule_removed", text="the rule is no longer in the file"
        )
        raise Settled(Step(state=S.CANCELLED, reason=reason))

    def _scene(self, mapping: MappingInForce, rule: Rule) -> dict[str, JSON]:
        order = self._claim.order
        state = load_state(order.state)
        if state.snapshot is None:
            reason = Reason(
                code="order_not_seen",
                text="a parcel came, and no body of its order yet",
            )
            raise self.wait(reason, self.after(LOOK_AGAIN))
        if is_pruned(state) and rule.when not in AFTER_CANCEL:
            raise Settled(Step(state=S.HELD, reason=_PRUNED))
        raw = read_raw(self._journal, mapping, order.body_event)
        return document(state, links=self._claim.links, raw=raw)

    def _check_due(
        self, mapping: MappingInForce, rule: Rule, scene: dict[str, JSON]
    ) -> None:
        if self._delivery.forced:
            return
        try:
            due = scene[rule.when.value] and condition_holds(
                mapping, rule, scene
            )
        except Unrenderable as error:
            raise Settled(Step(state=S.HELD, reason=error.reason)) from None
        if not due:
            reason = Reason(
                code="not_due", text="the order no longer asks for it"
            )
            raise Settled(Step(state=S.CANCELLED, reason=reason))

    def wait(self, reason: Reason, due_at: Instant) -> Settled:
        """Return a wait, or, once it has waited long enough, a hold."""
        patience = Instant(self._delivery.live_since + PATIENCE)
        until = self._delivery.wait_until or patience
        if self._now() >= until:
            return Settled(Step(state=S.HELD, reason=reason))
        return Settled(
            Step(
                state=S.WAITING,
                reason=reason,
                due_at=min(due_at, until),
                counts=False,
            ),
            wait_until=until,
        )
