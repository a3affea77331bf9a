"""The verbs of what waits for a person, and of what waits longest."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from typing_extensions import override

from bridge.journal import rows
from bridge.journal.protocol import DeliveryFilter
from bridge.journal.seeing import AttentionGroup, AttentionItem, FailedTry
from bridge.journal.session import Session, Verbs
from bridge.model import Delivery, DeliveryId, DeliveryState, Instant

CHANGES_LATELY = 2_000
"""So many of the last changes are looked at for what went wrong."""


class Attending(Verbs):
    """Reads only. An index holds what is open, by what is asked for here."""

    @override
    def attention_groups(self) -> Sequence[AttentionGroup]:
        with self.reading() as session:
            groups = [
                _group(session, row)
                for row in session.rows("attention_groups")
            ]
        return sorted(groups, key=lambda group: (group.since, group.oldest))

    @override
    def attention_list(
        self, filter: DeliveryFilter, *, after: int | None, limit: int
    ) -> Sequence[AttentionItem]:
        # Each head's line is in the index from the oldest on: the oldest of
        # all are among the oldest of each.
        with self.reading() as session:
            found = _oldest(session, filter, after=after or 0, each=limit)
            return [_item(session, row) for row in found[:limit]]

    @override
    def attention_oldest(
        self, filter: DeliveryFilter, *, each: int
    ) -> Sequence[AttentionItem]:
        with self.reading() as session:
            found = _oldest(session, filter, after=0, each=each)
            return [_item(session, row) for row in found]

    @override
    def failed_lately(self, *, most: int) -> Mapping[str, Sequence[FailedTry]]:
        found: dict[str, list[FailedTry]] = {}
        with self.reading() as session:
            for row in session.rows("failed_lately", newest=CHANGES_LATELY):
                tries = found.setdefault(row["target"], [])
                if len(tries) < most:
                    tries.append(FailedTry(**row))
        return found

    @override
    def oldest_waiting(self) -> Mapping[str, Delivery]:
        with self.reading() as session:
            found = session.rows("oldest_waiting")
            return {
                row["target"]: rows.delivery(one)
                for row in found
                for one in session.rows("delivery", id=row["id"])
            }


def _oldest(
    session: Session, filter: DeliveryFilter, *, after: int, each: int
) -> Sequence[rows.Row]:
    """Return the oldest of each head, oldest first."""
    wanted = asdict(filter)
    bounds = {name: wanted[name] for name in ("order", "since", "until")}
    heads = {
        name: wanted[name] for name in ("store", "target", "state", "reason")
    }
    found = [
        row
        for head in session.rows("attention_heads", **heads)
        for row in session.rows(
            "attention_of_head", **head, **bounds, after=after, limit=each
        )
    ]
    return sorted(found, key=lambda row: int(row["moved"]))


def _item(session: Session, row: rows.Row) -> AttentionItem:
    return AttentionItem(
        delivery=rows.delivery(row),
        since=_moved_at(session, row["moved"])[0],
        place=row["moved"],
    )


def _group(session: Session, row: rows.Row) -> AttentionGroup:
    since, oldest = _moved_at(session, row["moved"])
    return AttentionGroup(
        state=DeliveryState(row["state"]),
        reason=row["reason"],
        target=row["target"],
        count=row["n"],
        since=since,
        oldest=oldest,
    )


def _moved_at(session: Session, line: int) -> tuple[Instant, DeliveryId]:
    """Return when a line of the history was, and of which delivery."""
    (row,) = session.rows("moved_at", id=line)
    return row["at"], row["delivery_id"]
