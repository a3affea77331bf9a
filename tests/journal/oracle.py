"""
The core of the journal as dictionaries: simple, and obviously right.

It forgets on purpose what is not compared: texts, times of change, lists.
Every verb answers like the journal's; a refusal is the class of its error.
"""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.circuit import CLOSED, Circuit, after_failure
from bridge.lifecycle import Gate, after_lost_lease
from bridge.model import (
    ATTENTION,
    IN_FLIGHT,
    DeliveryState,
    Finding,
)

S = DeliveryState

CLAIMABLE = {S.WAITING, S.PENDING, S.SETTLING}
OVER = {S.SUCCEEDED, S.CANCELLED, S.SUPERSEDED, S.UNCHANGED}
UNKNOWN = {S.SETTLING, S.UNCERTAIN}
MOVING = CLAIMABLE | IN_FLIGHT | {S.UNCERTAIN}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A delivery, as far as it is compared."""

    id: int
    effect: str
    order: str
    store: str
    target: str
    position: int
    repeatable: bool
    urgency: int
    blocks: bool
    skips_dead: bool
    state: DeliveryState
    due_at: int | None
    generation: int = 1
    fence: int = 0
    version: int = 1
    attempts: int = 0
    claims: int = 0
    lookups: int = 0
    absences: int = 0
    forced: bool = False
    applied: str | None = None
    lease_until: int | None = None
    pruned: bool = False
    reborn: int = 0
    """The fence that it had when this generation began."""

    @property
    def lane(self) -> tuple[str, str]:
        """The order at its target."""
        return (self.order, self.target)

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in its lane."""
        return (self.position, self.generation)


@dataclass(kw_only=True)
class Try:
    """An attempt, as far as it matters later."""

    fence: int
    outcome: str | None = None
    own: bool = True


@dataclass(kw_only=True)
class Door:
    """A target's gate and circuit."""

    paused: str | None = None
    closed: int | None = None
    shut: int | None = None
    circuit: Circuit = CLOSED
    probe_until: int | None = None
    refused: str | None = None

    def is_shut(self, now: int) -> bool:
        """Return whether nobody may call."""
        ends = [self.closed or 0, self.shut or 0]
        return self.paused is not None or max(ends) > now

    @property
    def closed_until(self) -> int | None:
        """Return what is shown."""
        ends = [end for end in (self.closed, self.shut) if end is not None]
        return max(ends, default=None)


@dataclass
class Oracle:
    """All that is kept."""

    events: dict[str, int] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    links: dict[tuple[str, str, str], str] = field(default_factory=dict)
    doors: dict[str, Door] = field(default_factory=dict)
    turns: dict[tuple[str, str], int] = field(default_factory=dict)
    tries: dict[int, list[Try]] = field(default_factory=dict)
    doubted: set[int] = field(default_factory=set)
    """Those that were uncertain or succeeded once."""
    questions: set[str] = field(default_factory=set)

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
            self.tries[new.id] = []
        return True

    def move(self, row: Row, state: DeliveryState, now: int) -> None:
        """Do what a plan of one move does."""
        self.revisions[row.order] += 1
        self._save(
            row,
            state=state,
            fence=row.fence + (row.state is S.CLAIMED),
            due_at=now if state in CLAIMABLE else None,
        )

    # -- sending

    def claim(self, target: str, room: int, now: int, lease: int) -> list[int]:
        """Take what is in doubt, then the heads that are due, by turns."""
        door = self.door(target)
        probing = door.circuit.probing
        if door.is_shut(now) or (probing and self._has_probe(target, now)):
            return []
        room = min(room, 1) if probing else room
        stores = self._stores_due(target, now)
        taken = self._look_up(target, room, now, lease)
        kinds = (True, False) if probing else (False,)
        for repeatable_only in kinds:
            taken += self._by_turns(
                stores,
                target,
                room - len(taken),
                now,
                lease,
                repeatable_only=repeatable_only,
            )
        if probing and taken:
            door.probe_until = now + lease
        return taken

    def _has_probe(self, target: str, now: int) -> bool:
        in_flight = any(
            row.target == target and row.state in IN_FLIGHT
            for row in self.rows.values()
        )
        return in_flight or (self.door(target).probe_until or 0) > now

    def _look_up(
        self, target: str, room: int, now: int, lease: int
    ) -> list[int]:
        due = sorted(
            (row.due_at, row.id)
            for row in self.rows.values()
            if row.target == target
            and row.state is S.UNCERTAIN
            and row.due_at is not None
            and row.due_at <= now
        )
        taken = [self.rows[one] for _due_at, one in due[:room]]
        for row in taken:
            self.rows[row.id] = replace(
                row, fence=row.fence + 1, due_at=now + lease
            )
        return [row.id for row in taken]

    def _stores_due(self, target: str, now: int) -> list[str]:
        due = {
            row.store
            for row in self.rows.values()
            if row.target == target and self._is_due(row, now)
        }
        return sorted(
            due, key=lambda store: (self.turns.get((target, store), 0), store)
        )

    def _by_turns(
        self,
        stores: list[str],
        target: str,
        room: int,
        now: int,
        lease: int,
        *,
        repeatable_only: bool,
    ) -> list[int]:
        """Give one to each store, round and round, until the room is full."""
        heads: dict[str, list[int]] = {}
        taken: list[int] = []
        line = list(stores)
        while line and len(taken) < room:
            store = line.pop(0)
            if store not in heads:
                found = self._heads(
                    target, store, now, repeatable_only=repeatable_only
                )
                heads[store] = found[: room - len(taken)]
            while heads[store] and self._busy(self.rows[heads[store][0]]):
                heads[store].pop(0)
            if not heads[store]:
                continue
            taken.append(heads[store].pop(0))
            self._hold(taken[-1], now + lease)
            line.append(store)
            if len(stores) > 1:
                self._note_turn(target, store)
        return taken

    def _note_turn(self, target: str, store: str) -> None:
        turns = [n for (at, _store), n in self.turns.items() if at == target]
        self.turns[target, store] = max(turns, default=0) + 1

    def _heads(
        self, target: str, store: str, now: int, *, repeatable_only: bool
    ) -> list[int]:
        due = [
            row
            for row in self.rows.values()
            if (row.target, row.store) == (target, store)
            and self._is_due(row, now)
            and not self._is_blocked(row)
            and not self._busy(row)
            and not (repeatable_only and not _is_harmless(row))
        ]
        due.sort(key=lambda row: (row.urgency, row.due_at or 0, row.id))
        return [row.id for row in due]

    def _hold(self, id: int, lease_until: int) -> None:
        row = self.rows[id]
        self.rows[id] = replace(
            row,
            state=S.CLAIMED,
            fence=row.fence + 1,
            version=row.version + 1,
            lease_until=lease_until,
        )
        self.revisions[row.order] += 1

    def in_doubt(self, id: int) -> bool:
        """Return whether its last call may be applied, and none told."""
        row = self.rows[id]
        if row.state is S.UNCERTAIN:
            return True
        told = {None, "maybe", "applied", "rejected"}
        sent = [t for t in self.tries[id] if t.own and t.outcome in told]
        if not sent or sent[-1].outcome not in {None, "maybe"}:
            return False
        looked = [
            t
            for t in self.tries[id]
            if t.outcome in set(Finding) and t.fence > sent[-1].fence
        ]
        return sent[-1].fence > row.reborn and not looked

    def intend(self, id: int, fence: int) -> int | None:
        """Return the attempt's number, or None when the lease is lost."""
        row = self.rows[id]
        if (row.fence, row.state) != (fence, S.CLAIMED):
            return None
        self.rows[id] = replace(
            row,
            state=S.SENDING,
            claims=0,
            lookups=0,
            absences=0,
            version=row.version + 1,
        )
        self.tries[id].append(Try(fence=fence))
        return len(self.tries[id])

    def record(
        self,
        id: int,
        fence: int,
        *,
        asked: bool,
        probe: int | None,
        number: int | None,
        state: DeliveryState,
        outcome: str | None,
        finding: Finding | None,
        answered: bool | None,
        now: int,
        due_at: int,
        gate: Gate | None,
        credentials: str,
        link: str | None,
        applied: str | None,
    ) -> bool:
        """
        Return False when the lease was lost and nothing was settled.

        Args:
            asked: it was handed out as uncertain.
            probe: when the claim ends, if it was its target's probe.
        """
        row = self.rows[id]
        door = self.door(row.target)
        if probe is not None and door.probe_until == probe:
            door.probe_until = None
        self._keep_circuit(door, answered, now)
        self._narrow(door, gate, credentials)
        held = {S.UNCERTAIN} if asked else IN_FLIGHT
        mine = row.fence == fence and row.state in held
        if finding is not None:
            outcome = finding.value
        own = not asked and finding is None
        if number is not None:
            self.tries[id][number - 1].outcome = outcome
        elif outcome is not None and (mine or finding is not None):
            self.tries[id].append(Try(fence=fence, outcome=outcome, own=own))
        late = not mine
        if late and not self._settles(row, number, state):
            if number is not None:
                self._late(row, number, state, link)
            return False
        if (own and state in UNKNOWN) or state is S.SUCCEEDED:
            self._forget(row)
        tried = number is not None or state in {S.PENDING, S.SETTLING}
        row = self.rows[id]
        waits = state in CLAIMABLE or (state is S.UNCERTAIN and not late)
        absences = row.absences + 1 if finding is Finding.ABSENT else 0
        self._save(
            row,
            state=state,
            due_at=due_at if waits else None,
            attempts=row.attempts + (tried and not late and own),
            claims=row.claims if late else 0,
            lookups=row.lookups + (finding is not None and not late),
            absences=row.absences if late or finding is None else absences,
            forced=row.forced and state is not S.SUCCEEDED,
            applied=self._applied_after(
                row,
                state,
                applied,
                lost=late or (own and state in UNKNOWN),
            ),
        )
        self.revisions[row.order] += 1
        self._learn(row, link, now)
        return True

    def _is_last(self, id: int, number: int) -> bool:
        own = [n for n, t in enumerate(self.tries[id], 1) if t.own]
        return own[-1] == number

    def _settles(
        self, row: Row, number: int | None, state: DeliveryState
    ) -> bool:
        return (
            number is not None
            and self._is_last(row.id, number)
            and row.state in UNKNOWN
            and state in {S.SUCCEEDED, S.DEAD}
        )

    def _keep_circuit(
        self,
        door: Door,
        answered: bool | None,  # noqa: FBT001
        now: int,
    ) -> None:
        if answered:
            door.circuit, door.shut = CLOSED, None
        elif answered is False:
            is_shut = door.shut is not None and door.shut > now
            door.circuit, span = after_failure(door.circuit, is_shut=is_shut)
            door.shut = door.shut if span is None else now + span

    def reap(self, now: int, settle: int) -> int:
        """End the leases that ran out."""
        lost = [
            row
            for row in self.rows.values()
            if row.lease_until is not None and row.lease_until <= now
        ]
        for row in lost:
            self._lose(row, now, settle)
        return len(lost)

    def take_over(
        self, now: int, settle: int, unwritten: Container[tuple[int, int]]
    ) -> int:
        """End all leases; what is *unwritten* was not sent."""
        lost = [row for row in self.rows.values() if row.state in IN_FLIGHT]
        for row in lost:
            if row.state is S.SENDING and (row.id, row.fence) in unwritten:
                self._end_attempts(row, "notsent")
                self._save(
                    self.rows[row.id],
                    state=S.PENDING,
                    fence=row.fence + 1,
                    due_at=now,
                )
                self.revisions[row.order] += 1
            else:
                self._lose(row, now, settle)
        return len(lost)

    def _lose(self, row: Row, now: int, settle: int) -> None:
        sent = row.state is S.SENDING
        claims = row.claims + (not sent)
        state = after_lost_lease(
            state=row.state, repeatable=row.repeatable, claims=claims
        )
        if sent:
            self._end_attempts(row, "maybe")
            self._forget(row)
        wait = settle if sent else 0
        self._save(
            self.rows[row.id],
            state=state,
            fence=row.fence + 1,
            claims=claims,
            due_at=now + wait if state in CLAIMABLE | UNKNOWN else None,
        )
        self.revisions[row.order] += 1

    def _end_attempts(self, row: Row, outcome: str) -> None:
        for attempt in self.tries[row.id]:
            attempt.outcome = attempt.outcome or outcome

    def shift(self, by: int) -> None:
        """Set the clock: all that is to come is as far away as it was."""
        for row in list(self.rows.values()):
            if row.state in MOVING:
                self.rows[row.id] = replace(
                    row,
                    due_at=_moved(row.due_at, by),
                    lease_until=_moved(row.lease_until, by),
                )
        for door in self.doors.values():
            door.closed = _moved(door.closed, by)
            door.shut = _moved(door.shut, by)
            door.probe_until = _moved(door.probe_until, by)

    # -- targets

    def door(self, target: str) -> Door:
        """Return a target's gate; an open one if there was none."""
        return self.doors.setdefault(target, Door())

    def open(self, target: str) -> None:
        """Open a gate by hand; to a probe, if no person had shut it."""
        door = self.door(target)
        probing = door.circuit.probing or door.paused is not None
        self.doors[target] = Door(
            circuit=Circuit(probing=probing), refused=door.refused
        )

    def try_credentials(self, target: str, mark: str) -> bool:
        """Open to a probe what was shut for other credentials."""
        door = self.door(target)
        if door.paused != "credentials_refused" or door.refused == mark:
            return False
        door.paused, door.probe_until = None, None
        door.circuit = replace(door.circuit, probing=True)
        return True

    # -- age

    def prune(self) -> None:
        """Take the words of every order that came to rest."""
        for order in self.revisions:
            rows = [row for row in self.rows.values() if row.order == order]
            asked = any(
                question.startswith(row.effect)
                for row in rows
                for question in self.questions
            )
            if asked or any(row.state not in OVER for row in rows):
                continue
            self.revisions[order] += 1
            for row in rows:
                self.rows[row.id] = replace(row, pruned=True)

    # -- operators

    def redeliver(
        self, id: int, *, force: bool, if_version: int | None, now: int
    ) -> str:
        """Return `done`, or the name of the refusal."""
        row = self.rows[id]
        if if_version not in {None, row.version}:
            return "VersionMismatch"
        if row.pruned:
            return "Pruned"
        if self._replaced(row):
            return "NotFound"
        refused = {
            S.CLAIMED: "InFlight",
            S.SENDING: "InFlight",
            S.SETTLING: "InFlight",
            S.UNCERTAIN: "NotDecidable",
        }.get(row.state)
        may_be_there = any(
            self._may_be_applied(other)
            for other in self.rows.values()
            if other.effect == row.effect
        )
        if not (row.repeatable or force) and may_be_there:
            refused = refused or "ForceNeeded"
        if refused is None:
            self._again(row, now)
        return refused or "done"

    def _may_be_applied(self, row: Row) -> bool:
        outcomes = {attempt.outcome for attempt in self.tries[row.id]}
        doubt = {None, "applied", "maybe", "found"} & outcomes
        return bool(doubt) or row.id in self.doubted

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
        self._save(self.rows[id], state=state, due_at=None, forced=False)
        self.revisions[row.order] += 1
        if decision == "exists":
            self._learn(row, link, now)
        return "done"

    # -- in between

    def _save(self, row: Row, **changes: Any) -> None:
        after = replace(
            row, version=row.version + 1, lease_until=None, **changes
        )
        self.rows[row.id] = after
        if after.state in {S.UNCERTAIN, S.SUCCEEDED}:
            self.doubted.add(row.id)

    def _is_due(self, row: Row, now: int) -> bool:
        return row.state in CLAIMABLE and (row.due_at or 0) <= now

    def _is_blocked(self, row: Row) -> bool:
        return any(
            other.lane == row.lane
            and other.place < row.place
            and other.blocks
            and other.state not in OVER
            and not (other.state is S.DEAD and other.skips_dead)
            for other in self.rows.values()
        )

    def _busy(self, row: Row) -> bool:
        return any(
            other.lane == row.lane and other.state in IN_FLIGHT
            for other in self.rows.values()
        )

    def _narrow(self, door: Door, gate: Gate | None, credentials: str) -> None:
        if gate is None:
            return
        if gate.pause is not None:
            door.paused = door.paused or gate.pause
        if gate.pause == "credentials_refused":
            door.refused = credentials
        if gate.closed_until is not None:
            door.closed = max(gate.closed_until, door.closed or 0)

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
                self._save(other, state=S.WAITING, due_at=now)

    def _late(
        self, row: Row, number: int, state: DeliveryState, link: str | None
    ) -> None:
        if state is S.SUCCEEDED:
            self._forget(row)
            confirmed = (
                self._is_last(row.id, number) and row.state is S.SUCCEEDED
            )
            if not (row.repeatable or confirmed):
                self.questions.add(f"{row.effect}/late/{row.id}/{number}")
                self.revisions[row.order] += 1
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
        lost: bool,
    ) -> str | None:
        if state is S.SUCCEEDED:
            return applied
        return None if lost else row.applied

    def _replaced(self, row: Row) -> bool:
        return any(
            other.effect == row.effect and other.generation > row.generation
            for other in self.rows.values()
        )

    def _again(self, row: Row, now: int) -> None:
        self.revisions[row.order] += 1
        self._save(
            row,
            state=S.PENDING,
            generation=row.generation + 1,
            due_at=now,
            attempts=0,
            claims=0,
            forced=True,
            reborn=row.fence,
        )


def _is_harmless(row: Row) -> bool:
    """Return whether it may be repeated; no create is taken for that."""
    return row.repeatable and row.urgency in {0, 2}


def _moved(at: int | None, by: int) -> int | None:
    return None if at is None else at + by
