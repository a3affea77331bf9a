"""
The way from the webhook to the request, told step by step.

`explain` looks at the same case as the plan does, and says of every rule
whether it acts now, why not, and, field by field, what the request has from
where. It decides nothing: what acts is what `plan_mapping` adds.
"""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bridge.errors import LinkMissing, NothingToSend, Unrenderable
from bridge.mapping.condition import Part, parts_of
from bridge.mapping.document import Mapping, Rule
from bridge.mapping.expression import ExpressionFailed, is_empty
from bridge.mapping.origin import Origin, dressing, origins
from bridge.mapping.plan import (
    AFTER_CANCEL,
    ON_ITS_WAY,
    ORDER_NOT_SEEN,
    Case,
    effect_key,
    plan_mapping,
)
from bridge.mapping.preview import moment_holds, rendered
from bridge.mapping.render import known_links, with_links
from bridge.model import (
    JSON,
    Delivery,
    DeliveryId,
    DeliveryState,
    Instant,
    Kind,
    Moment,
    NewDelivery,
    Reason,
    Request,
)
from bridge.orders.corrections import stands
from bridge.orders.document import became_ours_at, document, iso
from bridge.orders.order import OrderState
from bridge.saying import Kept, said, together

S = DeliveryState
Scene = dict[str, JSON]
_DONE = frozenset({S.SUCCEEDED, S.UNCHANGED})
_CALL_OR_ASK = frozenset({Kind.CALL, Kind.ASK})


class Verdict(StrEnum):
    """What becomes of one rule now."""

    SENDS = "sends"
    ASKS = "asks"
    """A person."""
    WAITS = "waits"
    """For a link."""
    HELD = "held"
    """A person is needed first."""
    EMPTY = "empty"
    """Nothing is left to send."""
    NOT_YET = "not_yet"
    """Its moment does not hold."""
    CONDITION = "condition"
    """Its `if` gives nothing."""
    CANCELLED = "cancelled"
    """The order is cancelled, and the rule is for one that is not."""
    PASSED = "passed"
    """A later rule of the same call was sent."""
    DONE = "done"
    UNDER_WAY = "under_way"
    """Its delivery is not settled."""
    WITHDRAWN = "withdrawn"
    """Its delivery ended without being sent, and is not planned again."""
    NOT_OURS = "not_ours"
    """The order is older than the mapping."""
    UNSEEN = "unseen"
    """Only a parcel was told of the order so far."""


WANTED = frozenset(
    {
        Verdict.SENDS, Verdict.ASKS, Verdict.WAITS, Verdict.HELD,
        Verdict.EMPTY, Verdict.PASSED, Verdict.DONE, Verdict.UNDER_WAY,
        Verdict.WITHDRAWN,
    }
)  # fmt: skip
"""The verdicts on rules that the order asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleExplained:
    """
    What one rule makes of the order.

    Args:
        call: the operation, or `ask`.
        why: in one sentence, where there is more to say than the verdict.
        condition: the text of its `if`.
        parts: of the `if`, where it gives nothing.
        request: as it is, or would be, sent now.
        reason: why there is none; `where` in it names file and line.
        delivery: the latest one of this effect, if there is any.
    """

    rule: str
    line: int
    when: Moment
    call: str
    verdict: Verdict
    why: str = ""
    condition: str = ""
    parts: tuple[Part, ...] = ()
    request: Request | None = None
    question: str = ""
    fields: tuple[Origin, ...] = ()
    reason: Reason | None = None
    delivery: DeliveryId | None = None
    delivery_state: DeliveryState | None = None

    @property
    def wanted(self) -> bool:
        """Whether the order asks for it."""
        return self.verdict in WANTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    What one mapping makes of one order.

    Args:
        order: as expressions see it, but for `raw` and `links`.
        links: what is known of the order at the target.
        changed: what a person is asked about an order that changed after
            its create, or nothing.
    """

    mapping: str
    file: str
    hash: str
    store: str
    order_id: str
    target: str
    order: Dict[str, JSON]
    links: Dict[str, str]
    rules: tuple[RuleExplained, ...]
    changed: str = ""

    def rule(self, name: str) -> RuleExplained | None:
        """Return what is said of the rule of that name."""
        return next((one for one in self.rules if one.rule == name), None)


def explain(case: Case) -> Explanation:
    """Return what *case*'s mapping makes of its order now."""
    return _Explainer(case).explanation()


class _Explainer:
    def __init__(self, case: Case) -> None:
        self._case = case
        self._mapping = case.mapping
        self._scene = document(case.state, links=case.links, raw=case.raw)
        plan = plan_mapping(replace(case, told=True, changed=False))
        self._adds = {
            add.rule: add for add in plan.adds if add.kind in _CALL_OR_ASK
        }
        self._changed = next(
            (
                add.reason.text
                for add in plan.adds
                if add.kind is Kind.CHANGED and add.reason
            ),
            "",
        )
        self._wanted = {
            rule.name
            for rule in self._mapping.rules
            if not _obstacle(rule, self._scene)
        }

    def explanation(self) -> Explanation:
        """Return the whole of it."""
        case, mapping = self._case, self._mapping
        return Explanation(
            mapping=mapping.name,
            file=mapping.file,
            hash=mapping.hash,
            store=case.state.store,
            order_id=case.state.id,
            target=mapping.target,
            order={
                name: part
                for name, part in self._scene.items()
                if name not in {"raw", "links"}
            },
            links=dict(case.links),
            rules=tuple(self._rule(rule) for rule in mapping.rules),
            changed=self._changed,
        )

    def _rule(self, rule: Rule) -> RuleExplained:
        latest = self._latest(rule)
        bare = RuleExplained(
            rule=rule.name,
            line=rule.line,
            when=rule.when,
            call=rule.operation.name if rule.operation else "ask",
            verdict=Verdict.NOT_OURS,
            condition=rule.condition.text if rule.condition else "",
            delivery=latest.id if latest else None,
            delivery_state=latest.state if latest else None,
        )
        if why := self._not_ours():
            return replace(bare, why=why)
        if self._case.state.snapshot is None:
            return replace(
                bare, verdict=Verdict.UNSEEN, why=ORDER_NOT_SEEN.text
            )
        obstacle = _obstacle(rule, self._scene)
        if obstacle is not None:
            return replace(
                bare,
                verdict=obstacle.verdict,
                why=obstacle.why,
                parts=obstacle.parts,
            )
        return self._asked_for(rule, latest, self._with_request(rule, bare))

    def _not_ours(self) -> str:
        case = self._case
        if any(one.mapping == self._mapping.name for one in case.deliveries):
            return ""
        ours_at = became_ours_at(case.state)
        if ours_at is None or ours_at >= case.since:
            return ""
        return said(
            "the order became ours at %(at)s, before the mapping's `since` "
            "(%(since)s)",
            at=iso(ours_at),
            since=iso(case.since),
        )

    def _latest(self, rule: Rule) -> Delivery | None:
        key = effect_key(rule, self._mapping, self._case.state.id)
        found = [d for d in self._case.deliveries if d.effect_key == key]
        return max(found, key=lambda d: d.generation, default=None)

    # -- what the order asks for

    def _asked_for(
        self, rule: Rule, latest: Delivery | None, bare: RuleExplained
    ) -> RuleExplained:
        """Return what becomes of a rule that the order asks for."""
        add = self._adds.get(rule.name)
        if add is not None:
            return _acting(bare, add)
        later = self._later_sent(rule)
        sent = latest is not None and latest.state in ON_ITS_WAY
        if later and not sent:
            why = said(
                "`%(rule)s` was sent: what comes before it is not any more",
                rule=later,
            )
            return replace(bare, verdict=Verdict.PASSED, why=why)
        if latest is None:
            why = said(
                "nothing was sent there that a person would have to stop"
            )
            return replace(bare, verdict=Verdict.EMPTY, why=why)
        return _settled(bare, latest)

    def _later_sent(self, rule: Rule) -> str:
        """Return the later rule of the same call that went out, or ""."""
        if rule.operation is None:
            return ""
        for later in self._mapping.rules:
            follows = later.position > rule.position
            if not follows or later.operation is not rule.operation:
                continue
            key = effect_key(later, self._mapping, self._case.state.id)
            if any(
                one.effect_key == key and one.state in ON_ITS_WAY
                for one in self._case.deliveries
            ):
                return later.name
        return ""

    # -- its request

    def _with_request(self, rule: Rule, bare: RuleExplained) -> RuleExplained:
        """Return *bare* with the request as it would be now, or why not."""
        if rule.question is not None:
            text = rule.question.text(self._scene)
            return replace(bare, verdict=Verdict.ASKS, question=text)
        try:
            told = known_links(self._mapping, rule, self._scene)
        except Unrenderable as error:
            return _failed(bare, Verdict.HELD, error)
        scene = with_links(self._scene, told)
        corrected = _corrected(self._case.state)
        fields = (
            *origins(rule.path, scene, "path", corrected),
            *origins(rule.body, scene, "body", corrected),
        )
        bare = replace(bare, fields=fields)
        try:
            request = rendered(self._mapping, rule, self._scene)
        except LinkMissing as error:
            return _failed(bare, Verdict.WAITS, error)
        except NothingToSend as error:
            return _failed(bare, Verdict.EMPTY, error)
        except Unrenderable as error:
            return _marked(_failed(bare, Verdict.HELD, error), error.reason)
        return replace(
            bare,
            verdict=Verdict.SENDS,
            request=request,
            fields=(*fields, *dressing(request, fields)),
        )


def _acting(bare: RuleExplained, add: NewDelivery) -> RuleExplained:
    """Return *bare* as what the plan adds makes of it."""
    if add.reason is None or add.state is S.PENDING:
        return bare
    if add.state is S.CANCELLED:
        return replace(bare, verdict=Verdict.WITHDRAWN, why=add.reason.text)
    if add.kind is Kind.ASK:
        return bare
    return replace(
        bare, verdict=Verdict.HELD, why=add.reason.text, reason=add.reason
    )


def _settled(bare: RuleExplained, latest: Delivery) -> RuleExplained:
    """Return *bare* as its delivery stands, which the plan leaves alone."""
    why: str = said(
        "delivery %(id)s is %(state)s", id=latest.id, state=latest.state
    )
    if latest.state in _DONE:
        return replace(bare, verdict=Verdict.DONE, why=why)
    if latest.reason_text:
        kept = Kept(latest.reason_text, latest.reason or "", latest.where)
        why = together(why, kept, between=": ")
    if bare.reason is not None and bare.reason.code != latest.reason:
        why = said(
            "%(then)s; now: %(reason)s", then=why, reason=bare.reason.text
        )
    ended = latest.state in {S.CANCELLED, S.SUPERSEDED, S.DEAD}
    verdict = Verdict.WITHDRAWN if ended else Verdict.UNDER_WAY
    return replace(bare, verdict=verdict, why=why)


def _failed(
    bare: RuleExplained, verdict: Verdict, error: Unrenderable
) -> RuleExplained:
    return replace(
        bare, verdict=verdict, why=error.reason.text, reason=error.reason
    )


def _marked(bare: RuleExplained, reason: Reason) -> RuleExplained:
    """Return *bare* with the field marked that *reason* is about."""
    field, line = reason.where.get("field"), reason.where.get("line")
    fields = tuple(
        replace(one, fault=one.fault or reason.text)
        if one.line == line and (not field or one.place.endswith(f".{field}"))
        else one
        for one in bare.fields
    )
    return replace(bare, fields=fields)


# ------------------------------------------------------- what is in the way


@dataclass(frozen=True, slots=True, kw_only=True)
class _Obstacle:
    verdict: Verdict
    why: str
    parts: tuple[Part, ...] = ()


def _obstacle(rule: Rule, scene: Scene) -> _Obstacle | None:
    """Return why the order does not ask for *rule*, if it does not."""
    cancelled = scene[Moment.CANCELLED.value]
    if cancelled and rule.when not in AFTER_CANCEL:
        return _Obstacle(
            verdict=Verdict.CANCELLED, why=said("the order is cancelled")
        )
    if not moment_holds(rule, scene):
        return _Obstacle(
            verdict=Verdict.NOT_YET,
            why=said("the order is not %(moment)s", moment=rule.when),
        )
    if rule.condition is None:
        return None
    try:
        if not is_empty(rule.condition.value(scene)):
            return None
    except ExpressionFailed:
        return None  # it is held, and the reason says why
    return _Obstacle(
        verdict=Verdict.CONDITION,
        why=said(
            "its `if` gives nothing: %(condition)s",
            condition=rule.condition.text,
        ),
        parts=tuple(parts_of(rule.condition, scene)),
    )


# ---------------------------------------------------------- what a person said


def _corrected(state: OrderState) -> dict[str, str]:
    """Return who said what by path, without a line's id."""
    snapshot = state.snapshot
    if snapshot is None:
        return {}
    return {
        _without_item(one.path): one.by
        for one in state.corrections
        if stands(snapshot, one)
    }


def _without_item(path: str) -> str:
    first, _, rest = path.partition(".")
    last = rest.rpartition(".")[2]
    return f"{first}.{last}" if rest else path


def facts(explanation: Explanation) -> list[tuple[str, JSON]]:
    """Return what the rules read of the order, path by path, sorted."""
    paths = {path for rule in explanation.rules for one in rule.fields
             for path in one.reads}  # fmt: skip
    found = []
    for path in sorted(paths):
        value = _at(explanation, path.split("."))
        if value is not None:
            found.append((path, value))
    return found


def _at(explanation: Explanation, steps: Sequence[str]) -> JSON:
    value: JSON = {**explanation.order, "links": dict(explanation.links)}
    for step in steps:
        if isinstance(value, list):
            value = [
                part.get(step) for part in value if isinstance(part, dict)
            ]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def case_of(
    mapping: Mapping,
    state: OrderState,
    *,
    links: Dict[str, str] | None = None,
    raw: JSON = None,
    deliveries: Sequence[Delivery] = (),
    since: Instant | None = None,
    now: Instant = Instant(0),
) -> Case:
    """
    Return the case of an order to which nothing needs to have been done.

    Args:
        since: when the mapping first came in force, if it has no `since`.
    """
    own = mapping.since
    return Case(
        state=state,
        mapping=mapping,
        since=own if own is not None else since or Instant(0),
        deliveries=deliveries,
        links=dict(links or {}),
        now=now,
        raw=raw,
    )
