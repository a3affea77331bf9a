"""
The difference between what an order asks for and what was done.

`plan_mapping` looks at one folded order, one mapping and the deliveries
there are, and says which to add and which to move. It never asks what just
arrived: late, repeated and reversed webhooks end in the same plan.

A rule is *wanted* while its moment and its `if` hold; *passed* once a later
rule of the same operation is wanted; and, for calls that may not be
repeated, done once for good.
"""

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from bridge.errors import LinkMissing, NothingToSend, Unrenderable
from bridge.holds import (
    WAITS_FOR_A_WORD,
    held_question,
    reason_of,
    state_of,
)
from bridge.mapping.document import Mapping, Rule
from bridge.mapping.render import (
    body_hash,
    condition_holds,
    kept_request,
    known_links,
    render,
    request_hash,
    with_links,
)
from bridge.model import (
    JSON,
    LIVE,
    MINUTE,
    RESTORED,
    UNSENT,
    Delivery,
    DeliveryState,
    Instant,
    Kind,
    Millis,
    Moment,
    Move,
    NewDelivery,
    Reason,
    Urgency,
)
from bridge.orders.document import became_ours_at, document
from bridge.orders.order import OrderState
from bridge.orders.pruning import has_news, is_pruned
from bridge.saying import said

S = DeliveryState

PATIENCE = Millis(15 * MINUTE)
"""How long a parcel waits for its order, and a call for its link."""

OF_PAID = frozenset({Moment.PAID, Moment.READY})
AFTER_CANCEL = frozenset({Moment.CANCELLED, Moment.REFUNDED})
OF_PARCELS = frozenset({Moment.SHIPPED, Moment.FULFILLED, Moment.DELIVERED})
WENT_OUT = frozenset({S.SUCCEEDED})
MAY_GO_OUT = frozenset({S.SENDING, S.UNCERTAIN, S.SETTLING})
ON_ITS_WAY = WENT_OUT | MAY_GO_OUT | {S.CLAIMED, S.UNCHANGED}
"""The states after which an earlier rule would come too late."""

BY_OPERATOR = "operator"
"""Reason of what a person withdrew: the plan does not bring it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a plan adds and moves."""

    adds: tuple[NewDelivery, ...] = ()
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    All that one plan looks at.

    Args:
        since: the mapping's own, or when it first came in force.
        deliveries: every delivery of the order, oldest first.
        links: known of the order at the mapping's target.
        raw: the newest body, where the mapping reads it.
        told: an event brought this plan about; else it is a second look.
        changed: the folded order is another one than at the last plan.
        version: gives the mapping of a hash that was in force before.
        unseen_until: the end of a time that the database has not seen,
            since it was put back from a copy.
    """

    state: OrderState
    mapping: Mapping
    since: Instant
    deliveries: Sequence[Delivery]
    links: Dict[str, str]
    now: Instant
    told: bool = True
    changed: bool = True
    raw: JSON = None
    version: Callable[[str], Mapping | None] = field(
        default=lambda _hash: None
    )
    unseen_until: Instant | None = None


def plan_mapping(case: Case) -> Changes:
    """Return what is to be done about one order by one mapping."""
    return _Planner(case).plan()


def delivery_of(
    rule: Rule,
    mapping: Mapping,
    state: OrderState,
    generation: int,
    *,
    due_at: Instant | None = None,
) -> NewDelivery:
    """Return a pending delivery of *rule*, due at once by default."""
    operation = rule.operation.name if rule.operation else "ask"
    return NewDelivery(
        effect_key=effect_key(rule, mapping, state.id),
        generation=generation,
        kind=Kind.CALL if rule.operation else Kind.ASK,
        store=state.store,
        order_id=state.id,
        target=mapping.target,
        lane=f"{mapping.target}/{state.store}/{state.id}",
        place=f"{mapping.name}/{rule.position:03d}/{generation:06d}",
        mapping=mapping.name,
        rule=rule.name,
        operation=operation,
        repeatable=rule.repeatable,
        urgency=_urgency(rule),
        blocks=rule.operation is not None,
        skips_dead=rule.skips_dead,
        state=S.PENDING,
        due_at=due_at,
        mapping_hash=mapping.hash,
    )


def _urgency(rule: Rule) -> Urgency:
    if rule.when in AFTER_CANCEL:
        return Urgency.CANCEL
    return Urgency.CREATE if rule.once else Urgency.STATE


def effect_key(rule: Rule, mapping: Mapping, order_id: str) -> str:
    """Return what must happen once: see DESIGN's words."""
    operation = rule.operation.name if rule.operation else "ask"
    key = f"{mapping.target}/{operation}/{mapping.store}/{order_id}"
    return key if rule.once else f"{key}/{rule.name}"


class _Planner:
    def __init__(self, case: Case) -> None:
        self._case = case
        self._mapping = case.mapping
        self._document = document(case.state, links=case.links, raw=case.raw)
        self._cancelled = self._holds(Moment.CANCELLED)
        self._ours = [
            delivery
            for delivery in case.deliveries
            if delivery.mapping == case.mapping.name
        ]
        self._at_target = [
            delivery
            for delivery in case.deliveries
            if delivery.target == case.mapping.target
        ]
        self._keys = {
            rule.name: effect_key(rule, case.mapping, case.state.id)
            for rule in case.mapping.rules
        }
        self._removed = {
            delivery.id: delivery
            for delivery in self._ours
            if delivery.rule not in self._keys and state_of(delivery) in UNSENT
        }
        self._adds: list[NewDelivery] = []
        self._moves: list[Move] = []

    def plan(self) -> Changes:
        """Return the changes, rule by rule in the file's order."""
        if not self._is_ours():
            self._withdraw_strays()
        else:
            self._withdraw_removed()
            wanted = self._wanted_rules()
            for rule in self._mapping.rules:
                self._plan_rule(rule, wanted)
        return Changes(adds=tuple(self._adds), moves=tuple(self._moves))

    # -- is this order ours at all?

    def _is_ours(self) -> bool:
        """Go by what was taken on, also under an older name of the file."""
        keys = set(self._keys.values())
        if any(
            not _is_stray(delivery)
            for delivery in self._case.deliveries
            if delivery.mapping == self._mapping.name
            or delivery.effect_key in keys
        ):
            return True
        since = became_ours_at(self._case.state)
        return since is not None and since >= self._case.since

    def _withdraw_strays(self) -> None:
        for delivery in self._ours:
            if state_of(delivery) in UNSENT:
                self._withdraw(delivery, "not_ours")

    # -- which rules does the order ask for?

    def _wanted_rules(self) -> set[str]:
        """Return the names of the wanted rules."""
        wanted: set[str] = set()
        for rule in self._mapping.rules:
            if not self._moment_holds(rule):
                continue
            if self._case.state.snapshot is None:
                wanted.add(rule.name)  # there is nothing to judge it by
                continue
            try:
                if condition_holds(self._mapping, rule, self._document):
                    wanted.add(rule.name)
            except Unrenderable:
                wanted.add(rule.name)  # a person is shown why
        return wanted

    def _moment_holds(self, rule: Rule) -> bool:
        if self._cancelled and rule.when not in AFTER_CANCEL:
            return False
        return self._holds(rule.when)

    def _holds(self, moment: Moment) -> bool:
        return bool(self._document[moment.value])

    def _passed(self, rule: Rule, wanted: AbstractSet[str]) -> bool:
        return any(
            later.position > rule.position
            and later.operation is rule.operation
            and later.name in wanted
            for later in self._mapping.rules
            if rule.operation is not None
        )

    # -- one rule

    def _plan_rule(self, rule: Rule, wanted: AbstractSet[str]) -> None:
        latest = self._latest(self._keys[rule.name])
        if rule.name not in wanted:
            self._not_wanted(rule, latest)
        elif self._case.state.snapshot is None:
            self._plan_early_parcel(rule, latest)
        elif rule.operation is None:
            self._plan_question(rule, latest)
        elif self._passed(rule, wanted):
            self._plan_passed(rule, latest)
        elif rule.once:
            self._plan_once(rule, latest)
        else:
            self._plan_repeatable(rule, latest)
        if rule.once:
            self._plan_changed(rule, latest)

    def _latest(self, key: str) -> Delivery | None:
        found = [d for d in self._case.deliveries if d.effect_key == key]
        latest = max(found, key=lambda d: d.generation, default=None)
        if latest is None or latest.id not in self._removed:
            return latest
        return replace(latest, state=S.CANCELLED, reason="rule_removed")

    def _not_wanted(self, rule: Rule, latest: Delivery | None) -> None:
        if latest is None or latest.mapping != self._mapping.name:
            return
        if _may_be_there(latest):
            return  # a person says first whether it is
        withdrawable = UNSENT | {S.CLAIMED}
        if self._cancelled:
            withdrawable |= {S.DEAD}
        code = "order_cancelled" if self._cancelled else "not_due"
        if rule.when in AFTER_CANCEL:
            code = "order_came_back"
        for one in self._ours:
            if one.effect_key != latest.effect_key or one.id in self._removed:
                continue
            if state_of(one) in withdrawable and not one.forced:
                self._withdraw(one, code)

    def _plan_once(self, rule: Rule, latest: Delivery | None) -> None:
        came_back = self._came_back(rule)
        due = latest is None or _withdrawn_by_plan(latest)
        if due:
            self._add(rule, latest, came_back or self._restored(rule))
        elif came_back and _done(latest):
            self._add(rule, latest, came_back)
        elif latest is not None:
            self._wake(latest)

    def _plan_repeatable(self, rule: Rule, latest: Delivery | None) -> None:
        came_back = self._came_back(rule)
        if latest is None or _may_be_planned_again(latest):
            self._add(rule, latest, came_back)
        elif latest.state in {S.CLAIMED, S.SENDING, S.SETTLING}:
            # it may turn out to have said what the order was like before
            if self._case.told and self._case.changed:
                self._add(rule, latest)
        elif came_back and _done(latest):
            self._add(rule, latest, came_back)
        elif latest.state is S.DEAD or latest.reason == BY_OPERATOR:
            self._plan_after_dead(rule, latest)
        elif _done(latest):
            self._plan_again(rule, latest)
        elif self._is_taken_back(rule, latest):
            self._move(latest, S.UNCHANGED, _reason("unchanged"))
        else:
            self._wake(latest)

    def _is_taken_back(self, rule: Rule, latest: Delivery) -> bool:
        """
        Return whether a call that waits would say what the target has.

        It must not stand in the way of others until its turn comes. Not
        while any other call of its kind can still change what is there.
        """
        applied = self._last_applied(rule)
        if applied is None or latest.state is not S.PENDING or latest.forced:
            return False
        others_may_go = any(
            other.in_doubt or (other.state in LIVE and other.id != latest.id)
            for other in self._at_target
            if other.operation == _operation(rule)
        )
        return not others_may_go and self._rendered_hash(rule) == applied

    def _plan_passed(self, rule: Rule, latest: Delivery | None) -> None:
        """Send it once, before the later one; never after it."""
        later_went = self._later_went(rule)
        if latest is None or _withdrawn_by_plan(latest):
            if not later_went:
                held = self._came_back(rule) or self._restored(rule)
                self._add(rule, latest, held)
        elif not later_went:
            self._wake(latest)
        elif state_of(latest) in UNSENT and not latest.forced:
            self._move(latest, S.SUPERSEDED, _reason("newer_order"))

    def _later_went(self, rule: Rule) -> bool:
        later = {
            self._keys[other.name]
            for other in self._mapping.rules
            if other.position > rule.position
            and other.operation is rule.operation
        }
        return any(
            delivery.effect_key in later and delivery.state in ON_ITS_WAY
            for delivery in self._case.deliveries
        )

    def _plan_again(self, rule: Rule, latest: Delivery) -> None:
        """Send a repeatable call again when it would say something else."""
        if not self._case.told or not self._says_anything():
            return
        rendered = self._rendered_hash(rule)
        applied = self._last_applied(rule)
        if applied is None and not self._case.changed:
            return
        if rendered is not None and rendered == applied:
            return
        if rendered is None and not self._case.changed:
            return
        self._add(rule, latest)

    def _says_anything(self) -> bool:
        """
        Return whether there is anything to say of it.

        Of a pruned order only what was told since: a late webhook that is
        older than what was pruned is no news.
        """
        state = self._case.state
        return not is_pruned(state) or has_news(state)

    def _plan_after_dead(self, rule: Rule, latest: Delivery) -> None:
        """Try again by itself only when the order says something else."""
        if not (self._case.told and self._case.changed):
            return
        rendered, kept = self._rendered_hash(rule), _hash_of_kept(latest)
        if rendered is None or rendered == kept:
            return
        if kept is None and latest.state is S.CANCELLED:
            return  # a person withdrew it, whatever it would have said
        if latest.state is S.DEAD:
            self._move(latest, S.SUPERSEDED, _reason("newer_order"))
        self._add(rule, latest, self._came_back(rule))

    def _plan_early_parcel(self, rule: Rule, latest: Delivery | None) -> None:
        """A parcel came before any body of its order: wait for that."""
        early = rule.when in OF_PARCELS and rule.operation is not None
        again = latest is None or _withdrawn_by_plan(latest)
        if not again or not early:
            return
        generation = latest.generation + 1 if latest else 1
        if self._restored(rule):
            self._add(rule, latest, _RESTORED)
            return
        first = self._case.state.first_parcel_at or self._case.now
        until = Instant(first + PATIENCE)
        self._adds.append(
            replace(
                delivery_of(rule, self._mapping, self._case.state, generation),
                state=S.WAITING,
                reason=ORDER_NOT_SEEN,
                due_at=until,
                wait_until=until,
            )
        )

    def _wake(self, latest: Delivery) -> None:
        """Render anew what waits for a better order, or for a link."""
        if latest.state is S.WAITING and self._case.changed:
            self._move(latest, S.PENDING, None)
        if latest.state is not S.HELD or latest.kind is not Kind.CALL:
            return
        if latest.reason in WAITS_FOR_A_WORD:
            return
        link = latest.where.get("link")
        arrived = isinstance(link, str) and link in self._case.links
        if self._case.changed or arrived:
            self._move(latest, S.PENDING, None)

    # -- questions

    def _plan_question(self, rule: Rule, latest: Delivery | None) -> None:
        if latest is not None and not _withdrawn_by_plan(latest):
            return
        generation = latest.generation + 1 if latest else 1
        creating = {r.name for r in self._mapping.rules if r.once}
        if rule.when in AFTER_CANCEL and creating:
            creates = self._creates(creating)
            if any(_may_go_out(create) for create in creates):
                return  # asked once it is known
            if not any(create.state in WENT_OUT for create in creates):
                if creates and latest is None:
                    self._ask(rule, generation, _NEVER_CREATED)
                return
        self._ask(rule, generation, None)

    def _creates(self, creating: set[str]) -> list[Delivery]:
        keys = {self._keys[name] for name in creating}
        return [d for d in self._case.deliveries if d.effect_key in keys]

    def _ask(
        self, rule: Rule, generation: int, withdrawn: Reason | None
    ) -> None:
        assert rule.question is not None
        text = rule.question.text(self._document)
        self._adds.append(
            replace(
                delivery_of(rule, self._mapping, self._case.state, generation),
                state=S.CANCELLED if withdrawn else S.HELD,
                reason=withdrawn
                or Reason(
                    code="asked",
                    text=text,
                    where={"file": self._mapping.file, "line": rule.line},
                ),
            )
        )

    # -- changed after its create

    def _plan_changed(self, rule: Rule, created: Delivery | None) -> None:
        key = f"{self._keys[rule.name]}/changed"
        latest = self._latest(key)
        open_question = latest is not None and latest.state is S.HELD
        over = self._cancelled or self._holds(Moment.SHIPPED)
        if over or created is None or not rule.asks_when_changed:
            if latest is not None and open_question:
                self._withdraw(latest, "order_moved_on")
            return
        if created.state is S.SUCCEEDED and not is_pruned(self._case.state):
            self._compare(rule, created, latest)

    def _compare(
        self, rule: Rule, created: Delivery, latest: Delivery | None
    ) -> None:
        """Ask about what the create would say otherwise today."""
        open_question = latest is not None and latest.state is S.HELD
        if created.pruned_at is not None:
            if self._differs_from_pruned(created):
                self._ask_once(rule, latest, None, self._rendered_by(created))
            return
        if not created.request:
            return
        told = created.request.get("body")
        today = self._rendered_by(created)
        if today == told:
            if latest is not None and open_question:
                self._withdraw(latest, "changed_back")
            return
        self._ask_once(rule, latest, told, today)

    def _differs_from_pruned(self, created: Delivery) -> bool:
        """
        Return whether the create would say something else today.

        What it said is gone, and its hash is not: equal hashes are an equal
        request. What can not be rendered today tells nothing.
        """
        if created.pruned_hash is None:
            return False
        mapping = self._case.version(created.mapping_hash or "")
        rule = mapping.rule(created.rule) if mapping else None
        if mapping is None or rule is None or rule.operation is None:
            return False
        try:
            today = render(mapping, rule, self._document)
        except Unrenderable:
            return False
        return request_hash(today) != created.pruned_hash

    def _ask_once(
        self, rule: Rule, latest: Delivery | None, told: JSON, today: JSON
    ) -> None:
        """Ask, unless just that was asked and settled."""
        if latest is not None and not _withdrawn_by_plan(latest):
            if latest.pruned_at is not None:
                if latest.pruned_hash == body_hash(today):
                    return
            elif latest.request == today:
                return
        self._ask_about_change(rule, latest, told, today)

    def _rendered_by(self, created: Delivery) -> JSON:
        """Return today's body by the mapping version that sent it."""
        version = self._case.version(created.mapping_hash or "")
        mapping = version or self._mapping
        rule = mapping.rule(created.rule)
        if rule is None or rule.operation is None:
            return created.request.get("body")
        try:
            return render(mapping, rule, self._document).body
        except (LinkMissing, NothingToSend):
            return created.request.get("body")
        except Unrenderable as error:
            return {"unrenderable": error.reason.text}

    def _ask_about_change(
        self, rule: Rule, latest: Delivery | None, told: JSON, today: JSON
    ) -> None:
        paths = [] if told is None else sorted(differing_paths(told, today))
        what = ", ".join(paths[:8]) or said("what was sent then is pruned")
        reason = Reason(
            code="changed",
            text=said(
                "the order changed after it was created there: %(fields)s",
                fields=what,
            ),
            where={"fields": paths[:40], "file": self._mapping.file},
        )
        if latest is not None and latest.state is S.HELD:
            held = held_question(latest, reason)
            self._move(latest, S.HELD, held, request=today)
            return
        generation = latest.generation + 1 if latest else 1
        base = delivery_of(rule, self._mapping, self._case.state, generation)
        self._adds.append(
            replace(
                base,
                effect_key=f"{base.effect_key}/changed",
                kind=Kind.CHANGED,
                operation="changed",
                blocks=False,
                state=S.HELD,
                reason=reason,
                request=today,
            )
        )

    # -- what is shared

    def _came_back(self, rule: Rule) -> Reason | None:
        """
        Return a reason to ask a person before the rule is done.

        The target heard, or may hear, of a cancel after it heard of the
        rule, and the order asks for the rule again.
        """
        if rule.when in AFTER_CANCEL:
            return None
        cancels = {
            rule.name
            for rule in self._mapping.rules
            if rule.when is Moment.CANCELLED
        }
        went = max(
            (
                d.moved
                for d in self._at_target
                if d.effect_key == self._keys[rule.name]
                and d.state in WENT_OUT
            ),
            default=0,
        )
        heard = any(
            d.rule in cancels
            and (d.state in WENT_OUT | MAY_GO_OUT or d.in_doubt)
            and d.moved > went
            for d in self._at_target
        )
        return _CAME_BACK if heard else None

    def _restored(self, rule: Rule) -> Reason | None:
        """
        Return a reason to ask a person before a create is made.

        It may have been made in the time that the database has not seen,
        unless the order asks for it only since then.
        """
        until = self._case.unseen_until
        if until is None or not rule.once or self._asks_since(rule, until):
            return None
        return _RESTORED

    def _asks_since(self, rule: Rule, until: Instant) -> bool:
        """Return whether the order surely did not ask for it before."""
        state = self._case.state
        snapshot = state.snapshot
        if snapshot is None:
            return False
        if snapshot.created_at > until:
            return True
        if snapshot.cash_on_delivery or rule.when not in OF_PAID:
            return False
        unpaid, paid = state.unpaid_seen_at, state.paid_told_at
        return max(unpaid or 0, paid or 0) > until

    def _last_applied(self, rule: Rule) -> str | None:
        """Return the hash of what this operation last told the target."""
        applied = [
            d
            for d in self._at_target
            if d.operation == _operation(rule)
            and d.state is S.SUCCEEDED
            and d.request_hash
        ]
        last = max(applied, key=lambda d: d.moved, default=None)
        return last.request_hash if last else None

    def _rendered_hash(self, rule: Rule) -> str | None:
        """Return the hash of today's request, or None where there is none."""
        try:
            links = known_links(self._mapping, rule, self._document)
            filled = with_links(self._document, links)
            return request_hash(render(self._mapping, rule, filled))
        except Unrenderable:
            return None

    def _withdraw_removed(self) -> None:
        for delivery in self._removed.values():
            self._withdraw(delivery, "rule_removed")

    def _withdraw(self, delivery: Delivery, code: str) -> None:
        self._move(delivery, S.CANCELLED, _reason(code))

    def _move(
        self,
        delivery: Delivery,
        state: DeliveryState,
        reason: Reason | None,
        *,
        request: JSON = None,
    ) -> None:
        self._moves.append(
            Move(
                id=delivery.id,
                version=delivery.version,
                state=state,
                reason=reason,
                due_at=self._case.now if state is S.PENDING else None,
                request=request,
            )
        )

    def _add(
        self,
        rule: Rule,
        latest: Delivery | None,
        held: Reason | None = None,
    ) -> None:
        generation = latest.generation + 1 if latest else 1
        fresh = delivery_of(
            rule,
            self._mapping,
            self._case.state,
            generation,
            due_at=None if held else self._case.now,
        )
        if held is not None:
            fresh = replace(fresh, state=S.HELD, reason=held)
        self._adds.append(fresh)


def differing_paths(told: JSON, today: JSON, path: str = "") -> set[str]:
    """Return the paths at which two bodies differ; never the values."""
    before, after = _parts(told), _parts(today)
    if not before or not after:
        return set() if told == today else {path}
    return {
        found
        for key in {*before, *after}
        for found in differing_paths(
            before.get(key), after.get(key), f"{path}.{key}" if path else key
        )
    }


def _parts(value: JSON) -> dict[str, JSON]:
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): part for index, part in enumerate(value)}
    return {}


TEXTS: Dict[str, str] = {
    "order_cancelled": said("the order was cancelled before it was sent"),
    "order_came_back": said("the order came back"),
    "order_moved_on": said("the order was shipped or cancelled since"),
    "changed_back": said("the order is again as it was created there"),
    "not_due": said("the order no longer asks for it"),
    "not_ours": said("the order is older than this mapping's `since`"),
    "rule_removed": said("the rule is no longer in the file"),
    "newer_order": said("the order has changed since"),
    "unchanged": said("the target has it already"),
}

_CAME_BACK = Reason(
    code="came_back",
    text=said("the target heard of the cancel, and the order came back"),
)
_RESTORED = Reason(
    code=RESTORED,
    text=said(
        "the database was put back from a copy, and this may have been sent"
        " in the time that it lacks: look at the target"
    ),
)
_NEVER_CREATED = Reason(
    code="never_created",
    text=said("cancelled before anything was created there"),
)
ORDER_NOT_SEEN = Reason(
    code="order_not_seen",
    text=said("a parcel came, and no body of its order yet"),
)


def _reason(code: str) -> Reason:
    return Reason(code=code, text=TEXTS[code])


def _operation(rule: Rule) -> str:
    return rule.operation.name if rule.operation else "ask"


def _is_stray(delivery: Delivery) -> bool:
    """Nothing but a parcel's waiting for an order we know nothing of."""
    strays = {ORDER_NOT_SEEN.code, "not_ours"}
    return reason_of(delivery) in strays


def _withdrawn_by_plan(delivery: Delivery) -> bool:
    return delivery.state is S.CANCELLED and delivery.reason != BY_OPERATOR


def _done(delivery: Delivery | None) -> bool:
    return delivery is not None and delivery.state in {
        S.SUCCEEDED,
        S.UNCHANGED,
    }


def _may_be_planned_again(delivery: Delivery) -> bool:
    return _withdrawn_by_plan(delivery) or delivery.state is S.SUPERSEDED


def _may_go_out(create: Delivery) -> bool:
    """Return whether it may be at the target, or a person sent it there."""
    sent_again = create.forced and create.state in LIVE
    unknown = create.state in MAY_GO_OUT or _may_be_there(create)
    return unknown or sent_again


def _may_be_there(create: Delivery) -> bool:
    """Return whether only a person can tell that it was never sent."""
    return create.state is S.HELD and reason_of(create) == RESTORED


def _hash_of_kept(delivery: Delivery) -> str | None:
    if delivery.pruned_at is not None:
        return delivery.pruned_hash
    kept = kept_request(delivery.operation, delivery.request)
    return None if kept is None else request_hash(kept)
