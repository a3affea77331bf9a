"""
Lists that want few of many, without reading over all the others.

Ids come in blocks. Which stores, topics, targets, states and reasons are in
a block, or once were, is noted afterwards (`bridge.journal.following`): what
is not noted there is not in it. What is open stands in an index, and what
happened since the last note is looked at row by row.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from bridge.journal.protocol import DeliveryFilter, EventFilter
from bridge.journal.rows import Row
from bridge.journal.session import Session
from bridge.model import ATTENTION, DeliveryState

BLOCK = 256
"""So many ids are in a block."""

AT_ONCE = 64
"""So many blocks are asked for at once."""

MOST_UNNOTED = 5_000
"""After so many changes since the last note, all rows are read instead."""

OPEN_AT_ONCE = 500

S = DeliveryState
OVER = frozenset({S.SUCCEEDED, S.CANCELLED, S.SUPERSEDED, S.UNCHANGED})


def narrowed_events(
    session: Session, filter: EventFilter, before: int, limit: int
) -> Sequence[Row]:
    """Return events of a filter, newest first, with ids under *before*."""
    wanted = asdict(filter)
    del wanted["order"]

    def fetch(first: int, past: int, limit: int) -> Sequence[Row]:
        return session.rows(
            "events_between", **wanted, first=first, before=past, limit=limit
        )

    (noted,) = session.rows("followed", name="events")
    unnoted = int(noted["n"]) + 1
    found = [*fetch(unnoted, before, limit)]
    blocks = _blocks(
        session,
        _Marks("events", filter.store, filter.topic, filter.state, None),
        (filter.since, filter.until),
        min(before, unnoted),
    )
    return _filled(found, blocks, fetch, min(before, unnoted), limit)


def narrowed_deliveries(
    session: Session, filter: DeliveryFilter, before: int, limit: int
) -> Sequence[Row]:
    """Return deliveries of a filter, newest first, with ids under *before*."""
    states = _states(filter)
    found: list[Row] = []
    if states - OVER:
        found += _open(session, filter, before, limit)
    if states & OVER:
        found += _over(session, filter, before, limit)
    found.sort(key=lambda row: -int(row["id"]))
    return found[:limit]


def _states(filter: DeliveryFilter) -> frozenset[DeliveryState]:
    states = frozenset(DeliveryState)
    if filter.state is not None:
        states = frozenset({one for one in states if one == filter.state})
    if filter.attention is None:
        return states
    return states & ATTENTION if filter.attention else states - ATTENTION


# ------------------------------------------------------------------ blocks


@dataclass(frozen=True, slots=True)
class _Marks:
    """What must be noted of a block; None is anything."""

    what: str
    store: str | None
    kind: str | None
    state: str | None
    reason: str | None


def _blocks(
    session: Session,
    marks: _Marks,
    times: tuple[int | None, int | None],
    before: int,
) -> Iterator[int]:
    """Yield the blocks that may hold some, the newest first."""
    since, until = times
    (span,) = session.rows(
        "spans_between", what=marks.what, since=since, until=until
    )
    if span["first"] is None:
        return
    last = min(span["last"], (before - 1) // BLOCK)
    while True:
        found = session.rows(
            "marked_blocks",
            **asdict(marks),
            first=span["first"],
            last=last,
            limit=AT_ONCE,
        )
        for row in found:
            yield row["block"]
        if len(found) < AT_ONCE:
            return
        last = found[-1]["block"] - 1


def _filled(
    found: list[Row],
    blocks: Iterator[int],
    fetch: Callable[[int, int, int], Sequence[Row]],
    before: int,
    limit: int,
) -> list[Row]:
    """Fill up *found* from block to block, and no further than needed."""
    while len(found) < limit and (block := next(blocks, None)) is not None:
        first = block * BLOCK
        found += fetch(first, min(first + BLOCK, before), limit - len(found))
    return found


# -------------------------------------------------------------- deliveries


def _over(
    session: Session, filter: DeliveryFilter, before: int, limit: int
) -> Sequence[Row]:
    """Return those of which nothing more is to come."""
    wanted = {
        name: value
        for name, value in asdict(filter).items()
        if name not in {"order", "attention"}
    }

    def fetch(first: int, past: int, limit: int) -> Sequence[Row]:
        return session.rows(
            "deliveries_between",
            **wanted,
            first=first,
            before=past,
            limit=limit,
        )

    (noted,) = session.rows("followed", name="history")
    (end,) = session.rows("history_end")
    if (end["id"] or 0) - noted["n"] > MOST_UNNOTED:
        return fetch(0, before, limit)
    lately = [
        row["id"]
        for row in session.rows(
            "changed_lately", after=noted["n"], before=before
        )
    ]
    found = [row for one in lately for row in fetch(one, one + 1, 1)]
    seen = set(lately)

    def fetch_others(first: int, past: int, limit: int) -> Sequence[Row]:
        others = fetch(first, past, limit + len(seen))
        return [row for row in others if row["id"] not in seen]

    blocks = _blocks(
        session,
        _Marks(
            "deliveries",
            filter.store,
            filter.target,
            filter.state,
            filter.reason,
        ),
        (filter.since, filter.until),
        before,
    )
    return found + _filled([], blocks, fetch_others, before, limit)


def _open(
    session: Session, filter: DeliveryFilter, before: int, limit: int
) -> Sequence[Row]:
    """Return those of which something is to come, by ids of their index."""
    found: list[Row] = []
    for first, past in _ranges(session, filter, before):
        for row in _open_between(session, filter, first, past):
            found.append(row)
            if len(found) == limit:
                return found
    return found


def _ranges(
    session: Session, filter: DeliveryFilter, before: int
) -> Sequence[tuple[int, int]]:
    """Return between which ids the filter's times lie, the newest first."""
    if filter.since is None and filter.until is None:
        return [(0, before)]
    (noted,) = session.rows("followed", name="history")
    (span,) = session.rows(
        "spans_between",
        what="deliveries",
        since=filter.since,
        until=filter.until,
    )
    unnoted = noted["at"] + 1
    ranges = [(unnoted, before)]
    if span["first"] is not None:
        past = min(before, unnoted, (span["last"] + 1) * BLOCK)
        ranges.append((span["first"] * BLOCK, past))
    return ranges


def _open_between(
    session: Session, filter: DeliveryFilter, first: int, past: int
) -> Iterator[Row]:
    wanted = asdict(filter)
    if filter.attention is not None:
        wanted["attention"] = int(filter.attention)
    by_index = {
        name: wanted[name]
        for name in ("store", "target", "state", "reason", "attention")
    }
    while True:
        ids = session.rows(
            "open_ids",
            **by_index,
            first=first,
            before=past,
            limit=OPEN_AT_ONCE,
        )
        for row in ids:
            (one,) = session.rows("delivery", id=row["id"])
            if _is_between(one["created_at"], filter):
                yield one
        if len(ids) < OPEN_AT_ONCE:
            return
        past = ids[-1]["id"]


def _is_between(at: int, filter: DeliveryFilter) -> bool:
    return (filter.since is None or at >= filter.since) and (
        filter.until is None or at < filter.until
    )
