"""
The verbs of age: what was settled long ago is taken, and the file shrinks.

Orders stand in an index by when they changed last. The oldest are looked at,
outside the transaction; what is still at work, or changed since, is put
behind the others. Whatever is settled is taken in one short transaction,
each order only if it has not changed since it was looked at.
"""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from typing_extensions import override

from bridge.journal import rows
from bridge.journal.packing import packed_text, unpacked_text
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
    def prune(
        self, now: Instant, *, before: Instant, limit: int
    ) -> int | None:
        asked = {"before": before, "limit": limit}
        with self.reading() as session:
            if session.row("oldest_stored") is not None:
                return None
            orders = [
                (row, _deliveries(session, row, before))
                for row in session.rows("orders_to_prune", **asked)
            ]
            events = session.rows("events_to_prune", **asked)
        if not orders and not events:
            return 0
        looked = [
            _seen_to(row, deliveries, before, now)
            for row, deliveries in orders
        ]
        with self.zeroing() as session:
            for first, *others in looked:
                _do(session, first, others)
            for event in events:
                session.run("prune_event", id=event["id"], now=now)
        return len(orders) + len(events)


def _seen_to(
    row: Row, deliveries: Sequence[Row], before: Instant, now: Instant
) -> Changes:
    if not _is_settled(row, before):
        return _put_back(row, before)
    try:
        state = load_state(unpacked_text(row["state"]))
    except ValidationError:  # an order of another program's journal
        return [("keep_order", {**_key(row), "since": before + AGAIN})]
    return _taken(row, pruned(state), deliveries, now)


def _deliveries(session: Session, row: Row, before: Instant) -> Sequence[Row]:
    """
    Return the deliveries of an order that is settled.

    All that is going to be written is read, too: what is old is on the disk
    alone, and nobody is to wait for it inside the transaction.
    """
    if not _is_settled(row, before):
        return ()
    order = {"store": row["store"], "order_id": row["order_id"]}
    found = session.rows("deliveries_to_prune", **order)
    for event in session.rows("story_events", **order):
        session.row("event_of_key", dedupe_key=event["dedupe_key"])
    for one in found:
        for name in ("attempts", "history"):
            session.rows(name, id=one["id"])
        session.row("newest_generation", effect_key=one["effect_key"])
    return found


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


def _taken(
    row: Row, left: OrderState, deliveries: Sequence[Row], now: Instant
) -> Changes:
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
    for one in deliveries:
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
) -> None:
    """Do all of it, if the order is as it was when it was looked at."""
    name, values = first
    if session.run(name, **values):
        for name, values in others:
            session.run(name, **values)
