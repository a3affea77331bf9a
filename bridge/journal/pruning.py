"""
The verbs of age: what was settled long ago is taken, and the file shrinks.

Orders stand in an index by when they changed last. The oldest are looked at,
outside the transaction; what is still at work, or changed since, is put
behind the others. Whatever is settled is taken in one short transaction,
each order only if it has not changed since it was looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from typing_extensions import override

from bridge.journal import rows
from bridge.journal.finding import index, terms_of_row
from bridge.journal.packing import packed_text, smaller, unpacked_text
from bridge.journal.rows import Row
from bridge.journal.session import Session, Verbs
from bridge.mapping.render import kept_hash
from bridge.model import DAY, Instant
from bridge.orders.order import OrderState, dump_state, load_state
from bridge.orders.pruning import pruned

AGAIN = DAY
"""So long after a look another one is worth it at what is still at work."""

Changes = Sequence[tuple[str, Mapping[str, object]]]
"""Statements with their parameters."""


class Pruning(Verbs):
    """Takes what is old, and gives back what is free."""

    @override
    def pack(self, limit: int, *, patient: bool = True) -> int | None:
        with self.reading() as session:
            if patient and session.row("at_work") is not None:
                return None
            found = session.rows("bodies_to_pack", limit=limit)
        if not found:
            return 0
        packed = [
            {"event_id": row["event_id"], "body": smaller(bytes(row["body"]))}
            for row in found
        ]
        with self.zeroing() as session:
            for values in packed:
                if session.run("keep_packed", **values):
                    session.run("drop_arrival", event_id=values["event_id"])
        return len(found)

    @override
    def prune(
        self, now: Instant, *, before: Instant, limit: int
    ) -> int | None:
        asked = {"before": before, "limit": limit}
        with self.reading() as session:
            if session.row("oldest_stored") is not None:
                return None
            orders = [
                (row, _parts(session, row, before))
                for row in session.rows("orders_to_prune", **asked)
            ]
            events = session.rows("events_to_prune", **asked)
        if not orders and not events:
            return 0
        looked = [
            (row, _seen_to(row, parts, before, now)) for row, parts in orders
        ]
        with self.zeroing() as session:
            for row, (first, *others) in looked:
                if _do(session, first, others) and others:
                    _unlearn(session, row)
            for event in events:
                for name, values in _without_body(event["id"]):
                    session.run(name, **values)
                session.run("prune_event", id=event["id"], now=now)
        return len(orders) + len(events)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What belongs to an order, as far as it is going to be written."""

    events: Sequence[Row] = ()
    deliveries: Sequence[Row] = ()


def _seen_to(
    row: Row, parts: _Parts, before: Instant, now: Instant
) -> Changes:
    if not _is_settled(row, before):
        return _put_back(row, before)
    try:
        state = load_state(unpacked_text(row["state"]))
    except ValidationError:  # an order of another program's journal
        return [("keep_order", {**_key(row), "since": before + AGAIN})]
    return _taken(row, pruned(state), parts, now)


def _parts(session: Session, row: Row, before: Instant) -> _Parts:
    """
    Return the parts of an order that is settled.

    All that is going to be written is read, too: what is old is on the disk
    alone, and nobody is to wait for it inside the transaction.
    """
    if not _is_settled(row, before):
        return _Parts()
    order = {"store": row["store"], "order_id": row["order_id"]}
    events = session.rows("events_to_empty", **order)
    for event in events:
        session.row("event_of_key", dedupe_key=event["dedupe_key"])
        session.row("event", id=event["id"])
    deliveries = session.rows("deliveries_to_prune", **order)
    for one in deliveries:
        for name in ("attempts", "history"):
            session.rows(name, id=one["id"])
        session.row("newest_generation", effect_key=one["effect_key"])
    return _Parts(events, deliveries)


def _is_settled(row: Row, before: Instant) -> bool:
    """Return whether nothing can move any more, and nothing did lately."""
    at_rest = row["plan_due"] is None and not row["at_work"]
    return at_rest and _changed_at(row) <= before


def _changed_at(row: Row) -> int:
    times = (row["kept_since"], row["moved_at"], row["told_at"])
    return max(int(at) for at in times if at is not None)


def _put_back(row: Row, before: Instant) -> Changes:
    at_work = row["at_work"] or row["plan_due"] is not None
    again = before + AGAIN if at_work else _changed_at(row)
    return [("keep_order", {**_key(row), "since": again})]


def _key(row: Row) -> Mapping[str, object]:
    return {
        "store": row["store"],
        "order_id": row["order_id"],
        "seen_revision": row["revision"],
    }


def _without_body(event_id: int) -> Changes:
    values = {"event_id": event_id}
    return [("drop_arrival", values), ("drop_body", values)]


def _taken(row: Row, left: OrderState, parts: _Parts, now: Instant) -> Changes:
    """Return what takes an order's words, its own row first."""
    order = {"store": row["store"], "order_id": row["order_id"]}
    changes: list[tuple[str, Mapping[str, object]]] = [
        (
            "prune_order",
            {
                **_key(row),
                "now": now,
                "state": packed_text(dump_state(left)),
            },
        ),
        ("prune_events", {**order, "now": now}),
    ]
    for event in parts.events:
        changes += _without_body(event["id"])
    for one in parts.deliveries:
        said = rows.unpack_long(one["request"])
        kept = rows.pack(kept_hash(one["operation"], said))
        changes += [
            ("prune_attempts", {"id": one["id"]}),
            ("prune_delivery", {"id": one["id"], "now": now, "request": kept}),
            ("prune_history", {"id": one["id"]}),
        ]
    return changes


def _do(
    session: Session,
    first: tuple[str, Mapping[str, object]],
    others: Changes,
) -> bool:
    """Do all of it, if the order is as it was when it was looked at."""
    name, values = first
    if not session.run(name, **values):
        return False
    for name, values in others:
        session.run(name, **values)
    return True


def _unlearn(session: Session, row: Row) -> None:
    """Let an order be found by what is left of it alone."""
    order = {"store": row["store"], "order_id": row["order_id"]}
    left = session.row("order", **order)
    terms = None if left is None else terms_of_row(session, left)
    if terms is not None:
        index(session, terms=terms, **order)
