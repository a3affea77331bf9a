"""
From stored events to plans: read, fold, plan, keep; order by order.

The pure parts are `read`, `fold` and `plan_mapping`; this is the loop that
feeds them from the journal and keeps what they decide, one transaction per
order. A plan made of what has changed meanwhile is refused by the journal
and made again on the next round.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic_core import from_json

from bridge.errors import Conflict, Unusable
from bridge.holds import hold_of, is_over
from bridge.journal.protocol import (
    Dossier,
    EventVerdict,
    Journal,
    OrderPlan,
)
from bridge.mapping.catalog import Catalog
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.plan import Case, plan_mapping
from bridge.model import (
    DAY,
    JSON,
    MINUTE,
    DeliveryState,
    Event,
    EventId,
    EventState,
    Instant,
    Kind,
    Millis,
    Move,
    NewDelivery,
    Reason,
)
from bridge.observe import observe
from bridge.orders.document import iso
from bridge.orders.order import OrderState, dump_state, load_state
from bridge.sources.folding import fold_reading, order_told_of, untold
from bridge.sources.platform import Duty, Ignored, Reading, Store
from bridge.sources.register import PLATFORMS, read_event

BATCH = 100
BY_ITSELF = "bridge"
"""Who lets go, for the audit, what a person held until a time."""
RECHECK = Millis(MINUTE)
"""
How often orders are looked at again for which a mapping is off, or of which
no plan could be made.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What is configured now; swapped as a whole on a reload."""

    stores: Mapping[str, Store]
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class _Read:
    event: Event
    reading: Reading


class Planner:
    """
    Makes the plans that are due.

    Args:
        live: gives what is configured now.
        version: gives the mapping of a hash that was ever in force.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        live: Callable[[], Live],
        version: Callable[[str], MappingInForce | None],
        now: Callable[[], Instant],
    ) -> None:
        self._journal = journal
        self._live = live
        self._version = version
        self._now = now
        self._unseen_until: Instant | None = None

    def run_once(self) -> int:
        """Plan what is due, at most a batch; return how much that was."""
        events = self._journal.unplanned(BATCH)
        by_order: dict[tuple[str, str], list[_Read]] = defaultdict(list)
        aside: list[EventVerdict] = []
        for event in events:
            read = self._read(event)
            if isinstance(read, EventVerdict):
                aside.append(read)
            else:
                by_order[event.store, order_told_of(read.reading)].append(read)
        if aside:
            self._journal.set_aside(aside)
        due = self._journal.orders_due(self._now(), BATCH)
        for key in due:
            by_order.setdefault(key, [])
        if not by_order:
            return len(events)
        unseen = self._journal.unseen()
        self._unseen_until = unseen[1] if unseen else None
        dossiers = self._journal.dossiers(by_order)
        made = [
            plan
            for (order, reads), dossier in zip(
                by_order.items(), dossiers, strict=True
            )
            # What came in is understood before anything is let go.
            if (reads or not self._lets_go(dossier))
            and (plan := self._plan_safely(order, reads, dossier)) is not None
        ]
        if made:
            self._keep(made)
        return len(events) + len(due)

    def _keep(self, plans: Sequence[OrderPlan]) -> None:
        """Keep the plans; what was refused is made anew on the next round."""
        try:
            kept = self._journal.plan(plans, self._now())
        except ValueError:  # one of them is wrong: a fault of ours
            self._keep_what_can_be(plans)
            return
        for plan, is_kept in zip(plans, kept, strict=True):
            changes = bool(plan.adds or plan.moves)
            if is_kept and (plan.events or changes):
                observe(
                    "order.planned",
                    store=plan.store,
                    events=len(plan.events),
                    added=len(plan.adds),
                    moved=len(plan.moves),
                    brought="changes" if changes else "nothing",
                )

    def _keep_what_can_be(self, plans: Sequence[OrderPlan]) -> None:
        """Keep each plan alone; a wrong one is closed, and stops no other."""
        if len(plans) > 1:
            for plan in plans:
                self._keep([plan])
            return
        (wrong,) = plans
        observe("order.unplannable", store=wrong.store, error="ValueError")
        closed = [
            _unusable(told.id, "internal_error") for told in wrong.events
        ]
        empty = replace(wrong, adds=(), moves=(), links=(), events=closed)
        self._journal.plan([empty], self._now())

    def _lets_go(self, dossier: Dossier) -> bool:
        """Let go what was held until now; return whether there was any."""
        now = self._now()
        over = [one for one in dossier.deliveries if is_over(one, now)]
        for one in over:
            try:
                self._journal.resolve(
                    one.id,
                    decision="release",
                    links={},
                    actor=BY_ITSELF,
                    reason="its time has come",
                    if_version=one.version,
                    now=now,
                )
            except Conflict:  # a correction, or a person, was faster
                return False
        return bool(over)

    # -- reading

    def _read(self, event: Event) -> _Read | EventVerdict:
        store = self._live().stores.get(event.store)
        if store is None:
            return EventVerdict(
                id=event.id, state=EventState.IGNORED, reason="store_gone"
            )
        try:
            reading = read_event(event, store)
        except Unusable as error:
            return _unusable(event.id, error.reason.code)
        except Exception as error:  # noqa: BLE001  one event never stops others
            observe(
                "event.unreadable", event=event.id, error=type(error).__name__
            )
            return _unusable(event.id, "internal_error")
        if isinstance(reading, Ignored):
            return EventVerdict(
                id=event.id,
                state=EventState.IGNORED,
                reason=reading.reason,
                order_id=reading.order_id,
            )
        return _Read(event, reading)

    # -- planning

    def _plan_safely(
        self, order: tuple[str, str], reads: Sequence[_Read], dossier: Dossier
    ) -> OrderPlan | None:
        """Plan one order; a fault of ours stops this order alone."""
        store, order_id = order
        try:
            return self._plan_order(store, order_id, reads, dossier)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            observe(
                "order.unplannable", store=store, error=type(error).__name__
            )
            closed = [
                _unusable(read.event.id, "internal_error") for read in reads
            ]
            self._journal.set_aside(closed)
            return self._put_off(store, order_id)

    def _put_off(self, store: str, order_id: str) -> OrderPlan | None:
        """Leave the order as it is, to be looked at again after a while."""
        order = self._journal.dossier(store, order_id).order
        if order is None:
            return None
        return OrderPlan(
            store=store,
            order_id=order_id,
            seen_revision=order.revision,
            state=order.state,
            version=order.version,
            body_event=order.body_event,
            plan_due=Instant(self._now() + RECHECK),
        )

    def _plan_order(
        self,
        store: str,
        order_id: str,
        reads: Sequence[_Read],
        dossier: Dossier,
    ) -> OrderPlan | None:
        before = self._state(store, order_id, dossier)
        if before is None:
            return None
        state = before
        for read in reads:
            state = fold_reading(
                state, read.reading, received_at=read.event.received_at
            )
        duties = [
            _duty(read.reading, read.event, order_id)
            for read in reads
            if isinstance(read.reading, Duty)
        ]
        body_event = _body_event(dossier, state, reads)
        adds, moves = self._changes(
            dossier,
            state,
            told=bool(reads),
            changed=state != before,
            body_event=body_event,
        )
        return OrderPlan(
            store=store,
            order_id=order_id,
            seen_revision=dossier.order.revision if dossier.order else None,
            state=dump_state(state),
            version=state.snapshot.version if state.snapshot else Instant(0),
            body_event=body_event,
            plan_due=self._look_again_at(dossier),
            events=[
                EventVerdict(
                    id=read.event.id,
                    state=EventState.PLANNED,
                    order_id=order_id,
                )
                for read in reads
            ],
            adds=[*duties, *adds],
            moves=moves,
        )

    def _look_again_at(self, dossier: Dossier) -> Instant | None:
        holds = map(hold_of, dossier.deliveries)
        times = [one.until for one in holds if one and one.until is not None]
        if self._live().catalog.off:
            times.append(Instant(self._now() + RECHECK))
        return min(times, default=None)

    def _state(
        self, store: str, order_id: str, dossier: Dossier
    ) -> OrderState | None:
        if dossier.order is not None:
            return load_state(dossier.order.state)
        known = self._live().stores.get(store)
        if known is None:
            return None
        return untold(known, PLATFORMS[known.platform], order_id)

    def _changes(
        self,
        dossier: Dossier,
        state: OrderState,
        *,
        told: bool,
        changed: bool,
        body_event: EventId | None,
    ) -> tuple[list[NewDelivery], list[Move]]:
        adds: list[NewDelivery] = []
        moves: list[Move] = []
        catalog = self._live().catalog
        for mapping in catalog.of_store(state.store):
            since = mapping.since
            if since is None:
                since = catalog.since.get(mapping.name, Instant(0))
            changes = plan_mapping(
                Case(
                    state=state,
                    mapping=mapping,
                    since=since,
                    deliveries=dossier.deliveries,
                    links=dossier.links.get(mapping.target, {}),
                    now=self._now(),
                    told=told,
                    changed=changed,
                    raw=read_raw(self._journal, mapping, body_event),
                    version=self._version,
                    unseen_until=self._unseen_until,
                )
            )
            adds += changes.adds
            moves += changes.moves
        return adds, moves


def read_raw(
    journal: Journal, mapping: MappingInForce, body_event: EventId | None
) -> JSON:
    """Return the newest body, where the mapping's expressions read it."""
    if not mapping.reads_raw or body_event is None:
        return None
    event = journal.event(body_event)
    if event is None or event.pruned_at is not None:
        return None
    return from_json(event.body)


def _body_event(
    dossier: Dossier, state: OrderState, reads: Sequence[_Read]
) -> EventId | None:
    """Return the event whose body is the newest snapshot."""
    if state.snapshot is not None:
        for read in reads:
            if read.event.sha256 == state.snapshot.digest:
                return read.event.id
    return dossier.order.body_event if dossier.order else None


def _duty(duty: Duty, event: Event, order_id: str) -> NewDelivery:
    """Return the question that shows a legal request to a person."""
    due_at = Instant(event.received_at + duty.days * DAY)
    key = f"compliance/{event.store}/{event.id}"
    return NewDelivery(
        effect_key=key,
        generation=1,
        kind=Kind.COMPLIANCE,
        store=event.store,
        order_id=order_id,
        target="",
        lane=key,
        place=key,
        mapping="",
        rule=event.topic,
        operation="ask",
        repeatable=False,
        blocks=False,
        state=DeliveryState.HELD,
        due_at=due_at,
        reason=Reason(
            code="compliance",
            text=f"{duty.text} Due by {iso(due_at)}.",
            where={"topic": event.topic, "event": event.id},
        ),
    )


def _unusable(id: EventId, code: str) -> EventVerdict:
    return EventVerdict(id=id, state=EventState.UNUSABLE, reason=code)
