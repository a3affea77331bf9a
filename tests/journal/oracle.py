"""
The core of the journal as dictionaries: simple, and obviously right.

It forgets on purpose what is not compared: texts, times of change, lists.
Every verb answers like the journal's; a refusal is the class of its error.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from bridge.lifecycle import Gate, after_lost_lease
from bridge.model import (
    ATTENTION,
    IN_FLIGHT,
    DeliveryState,
)

S = DeliveryState

CLAIMABLE = {S.WAITING, S.PENDING, S.SETTLING}
OVER = {S.SUCCEEDED, S.CANCELLED, S.SUPERSEDED, S.UNCHANGED}
UNKNOWN = {S.SETTLING, S.UNCERTAIN}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A delivery, as far as it is compared."""

    id: int
    effect: str
    order: str
    target: str
    position: int
    repeatable: bool
    blocks: bool
    state: DeliveryState
    due_at: int | None
    generation: int = 1
    fence: int = 0
    version: int = 1
    attempts: int = 0
    claims: int = 0
    forced: bool = False
    applied: str | None = None
    lease_until: int | None = None

    @property
    def lane(self) -> tuple[str, str]:
        """The order at its target."""
        return (self.order, self.target)

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in its lane."""
        return (self.position, self.generation)


@dataclass
class Oracle:
    """All that is kept."""

    events: dict[str, int] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    links: dict[tuple[str, str, str], str] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)
    paused: dict[str, str] = field(default_factory=dict)
    outcomes: dict[int, list[str | None]] = field(default_factory=dict)

    # -- taking and planning

    def append(self, key: str, id: int) -> tuple[int, bool]:
        """Return the event's id, *id* if it is new, and if it was there."""
        repeated = key in self.events
        return self.events.setdefault(key, id), repeated

    def plan(self, order: str, seen: int | None, new: Row) -> bool:
        """Add what is not there, on the revision that was seen."""
        if self.revisions.get(order) != seen:
            return False
        self.revisions[order] = (seen or 0) + 1
        there = {(row.effect, row.generation) for row in self.rows.values()}
        if (new.effect, new.generation) not in there:
            self.rows[new.id] = new
            self.outcomes[new.id] = []
        return True

    def move(self, row: Row, state: DeliveryState, now: int) -> None:
        """Do what a plan of one move does."""
        self.revisions[row.order] += 1
        self._save(
            row,
            now,
            state=state,
            fence=row.fence + (row.state is S.CLAIMED),
            due_at=now if state in CLAIMABLE else None,
        )

    # -- sending

    def claim(self, target: str, room: int, now: int, lease: int) -> list[int]:
        """Take the heads that are due, the oldest first."""
        if target in self.paused or self.closed.get(target, 0) > now:
            return []
        due = [
            row
            for row in self.rows.values()
            if row.target == target and self._is_due_head(row, now)
        ]
        due.sort(key=lambda row: (row.due_at or 0, row.id))
        taken = []
        for row in due[:room]:
            if self._busy(row):
                continue
            taken.append(row.id)
            self.rows[row.id] = replace(
                row,
                state=S.CLAIMED,
                fence=row.fence + 1,
                version=row.version + 1,
                lease_until=now + lease,
            )
        return taken

    def intend(self, id: int, fence: int) -> int | None:
        """Return the attempt's number, or None when the lease is lost."""
        row = self.rows[id]
        if (row.fence, row.state) != (fence, S.CLAIMED):
            return None
        self.rows[id] = replace(
            row, state=S.SENDING, claims=0, version=row.version + 1
        )
        self.outcomes[id].append(None)
        return len(self.outcomes[id])

    def record(
        self,
        id: int,
        fence: int,
        *,
        number: int | None,
        state: DeliveryState,
        outcome: str | None,
        now: int,
        due_at: int,
        gate: Gate | None,
        link: str | None,
        applied: str | None,
    ) -> bool:
        """Return False when the lease was lost and nothing was settled."""
        row = self.rows[id]
        self._narrow(row.target, gate)
        mine = row.fence == fence and row.state in IN_FLIGHT
        if number is not None:
            self.outcomes[id][number - 1] = outcome
        elif mine and outcome is not None:
            self.outcomes[id].append(outcome)
        last = number is not None and number == len(self.outcomes[id])
        late = not mine
        if late and not (
            last and row.state in UNKNOWN and state in {S.SUCCEEDED, S.DEAD}
        ):
            if number is not None:
                self._late(row, state, link)
            return False
        if state in UNKNOWN | {S.SUCCEEDED}:
            self._forget(row)
        tried = number is not None or state in {S.PENDING, S.SETTLING}
        row = self.rows[id]
        self._save(
            row,
            now,
            state=state,
            due_at=due_at if state in CLAIMABLE else None,
            attempts=row.attempts + (tried and not late),
            claims=row.claims if late else 0,
            forced=row.forced and state is not S.SUCCEEDED,
            applied=self._applied_after(row, state, applied, late=late),
        )
        self.revisions[row.order] += 1
        self._learn(row, link, now)
        return True

    def reap(self, now: int, settle: int) -> int:
        """End the leases that ran out."""
        lost = [
            row
            for row in self.rows.values()
            if row.lease_until is not None and row.lease_until <= now
        ]
        for row in lost:
            sent = row.state is S.SENDING
            claims = row.claims + (not sent)
            state = after_lost_lease(
                state=row.state, repeatable=row.repeatable, claims=claims
            )
            if sent:
                self.outcomes[row.id][-1] = "maybe"
                self._forget(row)
            wait = settle if state is S.SETTLING else 0
            self._save(
                self.rows[row.id],
                now,
                state=state,
                fence=row.fence + 1,
                claims=claims,
                due_at=now + wait if state in CLAIMABLE else None,
            )
            self.revisions[row.order] += 1
        return len(lost)

    # -- operators

    def redeliver(self, id: int, *, force: bool, now: int) -> str:
        """Return `done`, or the name of the refusal."""
        row = self.rows[id]
        if self._replaced(row):
            return "NotFound"
        if row.state in IN_FLIGHT | {S.SETTLING}:
            return "InFlight"
        if row.state is S.UNCERTAIN:
            return "NotDecidable"
        doubt = {None, "applied", "maybe"} & set(self.outcomes[id])
        if not (row.repeatable or force) and (
            doubt or row.state is S.SUCCEEDED
        ):
            return "ForceNeeded"
        self._again(row, now)
        return "done"

    def resolve(self, id: int, decision: str, link: str, now: int) -> str:
        """Return `done`, or the name of the refusal."""
        row = self.rows[id]
        if row.state in IN_FLIGHT:
            return "InFlight"
        if row.state not in ATTENTION:
            return "NotDecidable"
        if decision == "resend":
            if self._replaced(row):
                return "NotDecidable"
            self._again(row, now)
            return "done"
        state = S.CANCELLED if decision == "cancel" else S.SUCCEEDED
        if state is S.SUCCEEDED:
            self._forget(row)
        self._save(self.rows[id], now, state=state, due_at=None, forced=False)
        self.revisions[row.order] += 1
        if decision == "exists":
            self._learn(row, link, now)
        return "done"

    # -- in between

    def _save(self, row: Row, _now: int, **changes: Any) -> None:
        self.rows[row.id] = replace(
            row, version=row.version + 1, lease_until=None, **changes
        )

    def _is_due_head(self, row: Row, now: int) -> bool:
        due = row.state in CLAIMABLE and (row.due_at or 0) <= now
        blocked = any(
            other.lane == row.lane
            and other.place < row.place
            and other.blocks
            and other.state not in OVER
            for other in self.rows.values()
        )
        return due and not blocked and not self._busy(row)

    def _busy(self, row: Row) -> bool:
        return any(
            other.lane == row.lane and other.state in IN_FLIGHT
            for other in self.rows.values()
        )

    def _narrow(self, target: str, gate: Gate | None) -> None:
        if gate is None:
            return
        if gate.pause is not None:
            self.paused.setdefault(target, gate.pause)
        if gate.closed_until is not None:
            until = max(gate.closed_until, self.closed.get(target, 0))
            self.closed[target] = until

    def _learn(self, row: Row, link: str | None, now: int) -> None:
        key = (row.order, row.target, "link")
        if link is None or self.links.get(key) == link:
            return
        self.links[key] = link
        for other in list(self.rows.values()):
            if (
                other.lane == row.lane
                and other.state is S.WAITING
                and (other.due_at or 0) > now
            ):
                self._save(other, now, due_at=now)

    def _late(self, row: Row, state: DeliveryState, link: str | None) -> None:
        if state is S.SUCCEEDED:
            self._forget(row)
        if link is not None:
            self.links.setdefault((row.order, row.target, "link"), link)

    def _forget(self, row: Row) -> None:
        for other in list(self.rows.values()):
            if other.lane == row.lane:
                self.rows[other.id] = replace(other, applied=None)

    def _applied_after(
        self,
        row: Row,
        state: DeliveryState,
        applied: str | None,
        *,
        late: bool,
    ) -> str | None:
        if state is S.SUCCEEDED:
            return applied
        return None if late or state in UNKNOWN else row.applied

    def _replaced(self, row: Row) -> bool:
        return any(
            other.effect == row.effect and other.generation > row.generation
            for other in self.rows.values()
        )

    def _again(self, row: Row, now: int) -> None:
        self.revisions[row.order] += 1
        self._save(
            row,
            now,
            state=S.PENDING,
            generation=row.generation + 1,
            due_at=now,
            attempts=0,
            claims=0,
            forced=True,
        )
