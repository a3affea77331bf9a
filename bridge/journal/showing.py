"""The verbs that show: lists, single rows, whole stories, counts."""

from collections.abc import Sequence
from dataclasses import asdict

from typing_extensions import override

from bridge.journal import rows
from bridge.journal.narrowing import narrowed_deliveries, narrowed_events
from bridge.journal.planning import find_order
from bridge.journal.protocol import (
    AuditEntry,
    Beat,
    Counts,
    DeliveryFilter,
    EventFilter,
    OrderRow,
    OrderSeen,
    Story,
)
from bridge.journal.rows import Row
from bridge.journal.session import Session, Verbs, find
from bridge.model import (
    ATTENTION,
    Attempt,
    Delivery,
    DeliveryId,
    Event,
    EventId,
    EventState,
    Instant,
    ListedEvent,
)

_PAST_ALL = 2**63 - 1
"""Above every id and every time."""


class Showing(Verbs):
    """Reads only."""

    @override
    def events(
        self, filter: EventFilter, *, before: EventId | None, limit: int
    ) -> Sequence[ListedEvent]:
        past = _PAST_ALL if before is None else before
        with self.reading() as session:
            statement = _statement_of(filter)
            if statement is None:
                found = narrowed_events(session, filter, past, limit)
            else:
                found = session.rows(
                    statement, before=past, limit=limit, **asdict(filter)
                )
        return [rows.listed_event(row) for row in found]

    @override
    def event(self, id: EventId) -> Event | None:
        with self.reading() as session:
            row = session.row("event", id=id)
        return None if row is None else rows.event(row)

    @override
    def orders(
        self,
        *,
        store: str | None,
        before: tuple[Instant, str, str] | None,
        limit: int,
    ) -> Sequence[OrderRow]:
        with self.reading() as session:
            found = _page(session, store, before, limit)
        return [rows.order(row) for row in found]

    @override
    def orders_seen(
        self,
        store: str,
        *,
        before: tuple[Instant, str, str] | None,
        limit: int,
        bodies: bool,
    ) -> Sequence[OrderSeen]:
        with self.reading() as session:
            found = _page(session, store, before, limit)
            return [_seen(session, row, bodies=bodies) for row in found]

    @override
    def deliveries(
        self,
        filter: DeliveryFilter,
        *,
        before: DeliveryId | None,
        limit: int,
    ) -> Sequence[Delivery]:
        past = _PAST_ALL if before is None else before
        values = asdict(filter)
        if filter.attention is not None:
            values["attention"] = int(filter.attention)
        with self.reading() as session:
            statement = _statement_for(filter)
            if statement is None:
                found = narrowed_deliveries(session, filter, past, limit)
            else:
                found = session.rows(
                    statement, before=past, limit=limit, **values
                )
        return [rows.delivery(row) for row in found]

    @override
    def delivery(self, id: DeliveryId) -> Delivery | None:
        with self.reading() as session:
            return find(session, id)

    @override
    def attempts(self, id: DeliveryId) -> Sequence[Attempt]:
        with self.reading() as session:
            found = session.rows("attempts", id=id)
        return [rows.attempt(row) for row in found]

    @override
    def audit(self, id: DeliveryId) -> Sequence[AuditEntry]:
        with self.reading() as session:
            found = session.rows("audit", id=id)
        return [rows.audit(row) for row in found]

    @override
    def audit_of_target(self, name: str) -> Sequence[AuditEntry]:
        with self.reading() as session:
            found = session.rows("audit_of_target", target=name)
        return [rows.audit(row) for row in found]

    @override
    def story(self, store: str, order_id: str) -> Story | None:
        key = {"store": store, "order_id": order_id}
        with self.reading() as session:
            order = find_order(session, store, order_id)
            if order is None:
                return None
            links = session.rows("links_of_order", **key)
            events = session.rows("story_events", **key)
            deliveries = session.rows("dossier_deliveries", **key)
            attempts = session.rows("story_attempts", **key)
            audit = session.rows("story_audit", **key)
        return Story(
            order=order,
            links=[rows.link(row) for row in links],
            events=[rows.event(row) for row in events],
            deliveries=[rows.delivery(row) for row in deliveries],
            attempts=[rows.attempt(row) for row in attempts],
            audit=[rows.audit(row) for row in audit],
        )

    @override
    def beats(self) -> Sequence[Beat]:
        with self.reading() as session:
            return [rows.beat(row) for row in session.rows("beats")]

    @override
    def counts(self, now: Instant | None) -> Counts:
        with self.reading() as session:
            events = session.rows("count_events")
            deliveries = session.rows("count_deliveries")
            stored = due = None
            if now is not None:
                stored = session.row("oldest_stored")
                due = session.row("oldest_due", now=now)
        return Counts(
            events={row["state"]: row["n"] for row in events},
            deliveries={
                (row["target"], row["state"]): row["n"] for row in deliveries
            },
            attention=sum(
                row["n"] for row in deliveries if row["state"] in ATTENTION
            ),
            oldest_stored_at=stored["received_at"] if stored else None,
            oldest_due_at=due["due_at"] if due else None,
        )


def _seen(session: Session, row: rows.Row, *, bodies: bool) -> OrderSeen:
    links: dict[str, dict[str, str]] = {}
    key = {"store": row["store"], "order_id": row["order_id"]}
    for one in session.rows("links_of_order", **key):
        links.setdefault(one["target"], {})[one["name"]] = one["value"]
    body = None
    if bodies and row["body_event"] is not None:
        event = session.row("event", id=row["body_event"])
        if event is not None and event["pruned_at"] is None:
            body = rows.event(event).body
    return OrderSeen(order=rows.order(row), links=links, body=body)


def _page(
    session: Session,
    store: str | None,
    before: tuple[Instant, str, str] | None,
    limit: int,
) -> Sequence[Row]:
    """Return a page of orders, the newest change first."""
    version, before_store, order_id = before or (_PAST_ALL, "", "")
    return session.rows(
        "orders",
        store=store,
        version=version,
        before_store=before_store,
        order_id=order_id,
        limit=limit,
    )


def _statement_of(filter: EventFilter) -> str | None:
    """Return the statement whose index fits the filter, if there is one."""
    if filter.order is not None:
        return "events_of_order"
    if filter.state == EventState.STORED:
        return "events_stored"
    if filter == EventFilter():
        return "events_all"
    if filter == EventFilter(state=filter.state):
        is_aside = filter.state in {EventState.IGNORED, EventState.UNUSABLE}
        return "events_aside" if is_aside else None
    return None


def _statement_for(filter: DeliveryFilter) -> str | None:
    """Return the statement whose index fits the filter, if there is one."""
    if filter.order is not None:
        return "deliveries_of_order"
    return "deliveries_all" if filter == DeliveryFilter() else None
