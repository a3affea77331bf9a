"""The verbs of planning: what an order asks for becomes deliveries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from typing_extensions import override

from bridge.journal import rows
from bridge.journal.packing import packed_text
from bridge.journal.protocol import (
    Dossier,
    EventVerdict,
    OrderPlan,
    OrderRow,
)
from bridge.journal.rows import Row
from bridge.journal.session import (
    ON_THE_WAY,
    Session,
    Verbs,
    because,
    find,
    keep_links,
    save,
)
from bridge.lifecycle import ways_by
from bridge.model import (
    IN_FLIGHT,
    UNSENT,
    Delivery,
    DeliveryState,
    Event,
    Instant,
    Link,
    Move,
    NewDelivery,
)

_S = DeliveryState

_PLANNABLE = UNSENT | {
    _S.CLAIMED,
    _S.DEAD,
    _S.CANCELLED,
    _S.SUPERSEDED,
    _S.UNCHANGED,
}
"""The states that a plan may move out of: no byte is on its way, and what
became of earlier ones is known."""


_PLANNED = ways_by("plan")


class _PlanRefused(Exception):
    """What the plan was made of has changed: roll back."""


class Planning(Verbs):
    """Reads orders and their events, keeps plans."""

    @override
    def unplanned(self, limit: int) -> Sequence[Event]:
        with self.reading() as session:
            found = session.rows("unplanned", limit=limit)
        return [rows.event(row) for row in found]

    @override
    def orders_due(
        self, now: Instant, limit: int
    ) -> Sequence[tuple[str, str]]:
        with self.reading() as session:
            found = session.rows("orders_due", now=now, limit=limit)
        return [(row["store"], row["order_id"]) for row in found]

    @override
    def dossier(self, store: str, order_id: str) -> Dossier:
        (found,) = self.dossiers([(store, order_id)])
        return found

    @override
    def orders_at(
        self, keys: Iterable[tuple[str, str]]
    ) -> Mapping[tuple[str, str], OrderRow]:
        with self.reading() as session:
            found = {key: find_order(session, *key) for key in keys}
        return {key: row for key, row in found.items() if row is not None}

    @override
    def dossiers(self, orders: Iterable[tuple[str, str]]) -> Sequence[Dossier]:
        with self.reading() as session:
            return [_dossier(session, *order) for order in orders]

    @override
    def plan(self, plans: Sequence[OrderPlan], now: Instant) -> Sequence[bool]:
        states = [packed_text(plan.state) for plan in plans]
        # What is planned is planned again: the events are on the disk.
        with self.unflushed() as session:
            return [
                _is_kept(session, plan, state, now)
                for plan, state in zip(plans, states, strict=True)
            ]

    @override
    def set_aside(self, verdicts: Sequence[EventVerdict]) -> None:
        with self.writing() as session:
            for verdict in verdicts:
                _judge(session, verdict, verdict.order_id)

    @override
    def replan(self, store: str, order_id: str, now: Instant) -> None:
        with self.writing() as session:
            session.run(
                "replan_order", store=store, order_id=order_id, now=now
            )


def _dossier(session: Session, store: str, order_id: str) -> Dossier:
    order = find_order(session, store, order_id)
    deliveries: Sequence[Row] = ()
    if order is not None:  # no delivery is without one; a link may be
        deliveries = session.rows(
            "dossier_deliveries", store=store, order_id=order_id
        )
    links = session.rows("links_of_order", store=store, order_id=order_id)
    return Dossier(
        order=order,
        deliveries=[rows.delivery(row) for row in deliveries],
        links=_by_target(rows.link(row) for row in links),
    )


def _is_kept(
    session: Session,
    plan: OrderPlan,
    state: str | bytes,
    now: Instant,
) -> bool:
    try:
        with session.part():
            _keep_plan(session, plan, state, now)
    except _PlanRefused:
        return False
    return True


def find_order(session: Session, store: str, order_id: str) -> OrderRow | None:
    """Return an order's row, if there is one."""
    row = session.row("order", store=store, order_id=order_id)
    return None if row is None else rows.order(row)


def _by_target(links: Iterable[Link]) -> Mapping[str, Mapping[str, str]]:
    known: dict[str, dict[str, str]] = {}
    for link in links:
        known.setdefault(link.target, {})[link.name] = link.value
    return known


def _keep_plan(
    session: Session,
    plan: OrderPlan,
    state: str | bytes,
    now: Instant,
) -> None:
    _keep_order(session, plan, state, now)
    for verdict in plan.events:
        _judge(session, verdict, verdict.order_id or plan.order_id)
    for move in plan.moves:
        _move(session, move, now)
    for new in plan.adds:
        _add(session, new, now)
    keep_links(session, plan.links, now)


def _keep_order(
    session: Session, plan: OrderPlan, state: str | bytes, now: Instant
) -> None:
    values = {
        "store": plan.store,
        "order_id": plan.order_id,
        "version": plan.version,
        "body_event": plan.body_event,
        "plan_due": plan.plan_due,
        "state": state,
        "now": now,
    }
    if plan.seen_revision is None:
        kept = session.run("insert_order", **values)
    else:
        kept = session.run(
            "update_order", seen_revision=plan.seen_revision, **values
        )
    if not kept:
        raise _PlanRefused


def _judge(
    session: Session,
    verdict: EventVerdict,
    order_id: str | None,
) -> None:
    session.run(
        "judge_event",
        id=verdict.id,
        state=verdict.state.value,
        reason=verdict.reason,
        order_id=order_id,
    )


def _add(session: Session, new: NewDelivery, now: Instant) -> None:
    due_at = now if new.due_at is None else new.due_at
    session.run(
        "insert_delivery",
        now=now,
        due_at=due_at if new.state in ON_THE_WAY else None,
        live_since=due_at,
        **rows.new_delivery_values(new),
    )


def _move(session: Session, move: Move, now: Instant) -> None:
    before = find(session, move.id)
    if before is None or before.version != move.version:
        raise _PlanRefused
    _check(before, move)
    claimed = before.state is _S.CLAIMED
    revived = before.state not in ON_THE_WAY and not claimed
    after = replace(
        because(before, move.reason),
        state=move.state,
        fence=before.fence + claimed,
        due_at=move.due_at,
        wait_until=move.wait_until,
        request=before.request if move.request is None else move.request,
        live_since=now if revived else before.live_since,
    )
    save(session, before, after, now)


def _check(before: Delivery, move: Move) -> None:
    possible = _PLANNED[before.state] | {before.state}
    if (
        before.pruned_at is not None
        or before.state not in _PLANNABLE
        or move.state not in possible - IN_FLIGHT
    ):
        message = f"a plan can not move {before.state} to {move.state}"
        raise ValueError(message)
