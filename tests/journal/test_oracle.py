"""The journal against its oracle: whatever is done, in whatever order."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from typing_extensions import override

from bridge.errors import Conflict, LeaseLost
from bridge.journal.protocol import Claim, Lane, Result
from bridge.journal.sqlite import SQLiteJournal
from bridge.lifecycle import TRANSITIONS, Gate, Step
from bridge.model import (
    IN_FLIGHT,
    Delivery,
    DeliveryState,
    Instant,
    Link,
    Millis,
    Move,
    Reason,
)
from tests.factories import (
    NOW,
    STORE,
    later,
    new_delivery,
    new_event,
    plan_for,
    plan_one,
)
from tests.journal.oracle import Oracle, Row
from tests.journal.steps import LEASE, REQUEST

S = DeliveryState

ORDERS = st.sampled_from(["1", "2"])
TARGETS = st.sampled_from(["rayo-mx", "yuju-mx"])
SETTLE = Millis(500)

OUTCOMES = {
    S.SUCCEEDED: "applied",
    S.DEAD: "rejected",
    S.SETTLING: "maybe",
    S.UNCERTAIN: "maybe",
    S.PENDING: "notprocessed",
}

GATES = st.one_of(
    *[st.none()] * 6,
    st.builds(Gate, closed_until=st.integers(0, 40_000).map(later)),
    st.just(Gate(pause="credentials_refused")),
)

_template: list[Path] = []


def _fresh_file(folder: str) -> Path:
    """Return a copy of one empty database: quicker than to migrate each."""
    if not _template:
        _template.append(Path(tempfile.mkdtemp()) / "template.db")
        empty = SQLiteJournal(_template[0])
        empty.migrate()
        empty.close()
    path = Path(folder) / "bridge.db"
    shutil.copy(_template[0], path)
    return path


class JournalAndOracle(RuleBasedStateMachine):
    """Does the same to both, and compares all of it each time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="journal-")
        self.journal = SQLiteJournal(_fresh_file(self.folder))
        self.oracle = Oracle()
        self.now = NOW
        self.claims: list[Claim] = []
        self.numbers: dict[tuple[int, int], int] = {}

    @override
    def teardown(self) -> None:
        """Leave no file behind."""
        self.journal.close()
        shutil.rmtree(self.folder)

    # -- taking and planning

    @rule(key=st.sampled_from("abc"))
    def append(self, key: str) -> None:
        """An event is kept once."""
        (kept,) = self.journal.append([new_event(key)])
        expected = self.oracle.append(key, kept.id)
        assert (kept.id, kept.repeated) == expected

    @initialize()
    def begin(self) -> None:
        """Start with something to send."""
        self._plan("1", "rayo-mx", 1, repeatable=True, blocks=False)
        self._plan("1", "rayo-mx", 2, repeatable=False)
        self._plan("1", "rayo-mx", 3, repeatable=True, state=S.WAITING)

    @rule(
        order=ORDERS,
        at=TARGETS,
        position=st.integers(1, 3),
        repeatable=st.booleans(),
        blocks=st.sampled_from([True, True, False]),
        state=st.sampled_from([S.PENDING, S.PENDING, S.WAITING, S.HELD]),
        delay=st.sampled_from([0, 0, 1_000]),
        generation=st.sampled_from([1, 1, 2]),
        stale=st.sampled_from([0, 0, 0, 1]),
    )
    def plan(
        self,
        order: str,
        at: str,
        position: int,
        **choices: Any,
    ) -> None:
        """A delivery is added, unless it is there or the plan is stale."""
        self._plan(order, at, position, **choices)

    def _plan(
        self,
        order: str,
        target: str,
        position: int,
        *,
        repeatable: bool,
        blocks: bool = True,
        state: DeliveryState = S.PENDING,
        delay: int = 0,
        generation: int = 1,
        stale: int = 0,
    ) -> None:
        seen = self.oracle.revisions.get(order)
        seen = seen + stale if seen else None
        due_at = later(delay, self.now)
        add = new_delivery(
            f"rule-{position}",
            order_id=order,
            target=target,
            position=position,
            generation=generation,
            repeatable=repeatable,
            blocks=blocks,
            state=state,
            due_at=due_at,
        )
        done = plan_one(
            self.journal, plan_for(add, seen_revision=seen), self.now
        )
        newest = self.journal.dossier(STORE, order).deliveries[-1:]
        new = Row(
            id=newest[0].id if newest else 0,
            effect=add.effect_key,
            order=order,
            target=target,
            position=position,
            generation=generation,
            repeatable=repeatable,
            blocks=blocks,
            state=state,
            due_at=None if state is S.HELD else due_at,
        )
        assert done is self.oracle.plan(order, seen, new)

    @precondition(lambda self: self._movable())
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        """A plan takes back, holds or brings back what nobody sends."""
        row = data.draw(st.sampled_from(self._movable()))
        allowed = sorted(TRANSITIONS[row.state] - IN_FLIGHT - {S.SUCCEEDED})
        state = data.draw(st.sampled_from(allowed))
        delivery = self._delivery(row.id)
        move = Move(
            id=delivery.id, version=delivery.version, state=state,
            reason=Reason(code="moved"),
        )  # fmt: skip
        seen = self.oracle.revisions[row.order]
        plan = plan_for(order_id=row.order, seen_revision=seen, moves=[move])
        assert plan_one(self.journal, plan, self.now)
        self.oracle.move(row, state, self.now)

    def _movable(self) -> list[Row]:
        fixed = {S.SENDING, S.SETTLING, S.UNCERTAIN, S.SUCCEEDED}
        rows = [
            row for row in self.oracle.rows.values() if row.state not in fixed
        ]
        claimed = [row for row in rows if row.state is S.CLAIMED]
        return claimed or rows  # a race is what is most worth a try

    # -- sending

    @rule(at=TARGETS, room=st.integers(1, 3))
    def claim(self, at: str, room: int) -> None:
        """The same heads are taken."""
        self._claim(at, room)

    def _claim(self, at: str, room: int) -> None:
        taken = self.journal.claim(
            [Lane(target=at, room=room)],
            owner="w",
            now=self.now,
            lease=LEASE,
        )
        expected = self.oracle.claim(at, room, self.now, LEASE)
        assert [claim.delivery.id for claim in taken] == expected
        for claim in taken:
            self._check_claim(claim)
        self.claims += taken

    def _check_claim(self, claim: Claim) -> None:
        row = self.oracle.rows[claim.delivery.id]
        known = [
            other
            for other in self.oracle.rows.values()
            if other.lane == row.lane and other.applied is not None
        ]
        assert len(known) <= 1
        applied = known[0].applied if known else None
        assert claim.applied_hash == applied
        link = self.oracle.links.get((row.order, row.target, "link"))
        assert claim.links.get("link") == link

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def intend(self, data: st.DataObject) -> None:
        """A worker announces its first byte, in time or too late."""
        self._intend(self._draw_claim(data))

    @rule(at=TARGETS, room=st.integers(1, 3))
    def send(self, at: str, room: int) -> None:
        """A worker gets as far as its first byte, with all that it took."""
        earlier = len(self.claims)
        self._claim(at, room)
        for claim in self.claims[earlier:]:
            self._intend(claim)

    @rule(at=TARGETS)
    def lose(self, at: str) -> None:
        """A worker takes one, and is never seen again, or late."""
        self._claim(at, 1)
        self.now = later(LEASE, self.now)
        self.reap()

    @rule(at=TARGETS)
    def lose_sent(self, at: str) -> None:
        """A worker stops in the middle of a call."""
        self.send(at, 1)
        self.now = later(LEASE, self.now)
        self.reap()

    def _intend(self, claim: Claim) -> None:
        delivery = claim.delivery
        try:
            number = self.journal.intend(
                claim, REQUEST, mapping_hash="h", now=self.now
            )
        except LeaseLost:
            assert self.oracle.intend(delivery.id, delivery.fence) is None
        else:
            expected = self.oracle.intend(delivery.id, delivery.fence)
            assert number == expected
            self.numbers[delivery.id, delivery.fence] = number

    @precondition(lambda self: self.claims)
    @rule(
        data=st.data(),
        delay=st.sampled_from([0, 1_000]),
        gate=GATES,
        link=st.sampled_from([None, None, "x", "y"]),
        applied=st.sampled_from(["r1", "r2"]),
    )
    def record(
        self,
        data: st.DataObject,
        delay: int,
        gate: Gate | None,
        link: str | None,
        applied: str,
    ) -> None:
        """A worker says what came of it, in time or too late, or twice."""
        claim = self._draw_claim(data)
        delivery = claim.delivery
        number = self.numbers.get((delivery.id, delivery.fence))
        sent = number is not None
        possible = TRANSITIONS[S.SENDING if sent else S.CLAIMED]
        state = data.draw(st.sampled_from(sorted(possible - IN_FLIGHT)))
        outcome = OUTCOMES[state] if sent else None
        due_at = later(delay, self.now)
        result = Result(
            step=Step(
                state=state,
                due_at=due_at,
                gate=gate,
                reason=Reason(code="recorded"),
            ),
            number=number,
            outcome=outcome,
            links=[self._link(delivery, link)] if link else [],
            request_hash=applied,
        )
        settled = self.oracle.record(
            delivery.id,
            delivery.fence,
            number=number,
            state=state,
            outcome=outcome,
            now=self.now,
            due_at=due_at,
            gate=gate,
            link=link,
            applied=applied,
        )
        try:
            self.journal.record(claim, result, self.now)
        except LeaseLost:
            assert not settled
        else:
            assert settled

    def _draw_claim(self, data: st.DataObject) -> Claim:
        """Any claim of the last few: held, given up, or lost."""
        return data.draw(st.sampled_from(self.claims[-4:]))

    def _link(self, delivery: Delivery, value: str) -> Link:
        return Link(
            store=STORE,
            order_id=delivery.order_id,
            target=delivery.target,
            name="link",
            value=value,
            source="answer",
        )

    @rule()
    def reap(self) -> None:
        """Leases end."""
        ended = self.journal.reap(self.now, settle=SETTLE)
        assert ended == self.oracle.reap(self.now, SETTLE)

    @rule(span=st.sampled_from([1, 1_000, int(LEASE)]))
    def wait(self, span: int) -> None:
        """Time goes by."""
        self.now = later(span, self.now)

    # -- operators

    @precondition(lambda self: self.oracle.rows)
    @rule(data=st.data(), force=st.booleans())
    def redeliver(self, data: st.DataObject, force: bool) -> None:  # noqa: FBT001
        """An operator wants it again."""
        delivery = self._draw_delivery(data)
        try:
            self.journal.redeliver(
                delivery.id,
                actor="ana",
                reason="so",
                force=force,
                now=self.now,
            )
            told = "done"
        except Conflict as refusal:
            told = type(refusal).__name__
        assert told == self.oracle.redeliver(
            delivery.id, force=force, now=self.now
        )

    @precondition(lambda self: self.oracle.rows)
    @rule(
        data=st.data(),
        decision=st.sampled_from(["exists", "done", "resend", "cancel"]),
    )
    def resolve(self, data: st.DataObject, decision: str) -> None:
        """An operator decides."""
        delivery = self._draw_delivery(data)
        try:
            self.journal.resolve(
                delivery.id,
                decision=decision,
                links={"link": "z"} if decision == "exists" else {},
                actor="ana",
                reason="so",
                if_version=delivery.version,
                now=self.now,
            )
            told = "done"
        except Conflict as refusal:
            told = type(refusal).__name__
        assert told == self.oracle.resolve(
            delivery.id, decision, "z", self.now
        )

    @rule(at=TARGETS)
    def resume(self, at: str) -> None:
        """An operator opens a gate."""
        self.journal.pin_target(at, "host")
        self.journal.set_gate(at, None, actor="ana", reason="", now=self.now)
        self.oracle.paused.pop(at, None)
        self.oracle.closed.pop(at, None)

    def _draw_delivery(self, data: st.DataObject) -> Delivery:
        return self._delivery(
            data.draw(st.sampled_from(sorted(self.oracle.rows)))
        )

    def _delivery(self, id: int) -> Delivery:
        found = self.journal.delivery(id)  # type: ignore[arg-type]
        assert found is not None
        return found

    # -- comparing

    COMPARED: ClassVar = (
        "state", "due_at", "generation", "fence", "version", "attempts",
        "claims", "forced", "lease_until",
    )  # fmt: skip

    @invariant()
    def deliveries_are_the_same(self) -> None:
        """States, fences, generations, times and counts."""
        for order, revision in self.oracle.revisions.items():
            dossier = self.journal.dossier(STORE, order)
            assert dossier.order is not None
            assert dossier.order.revision == revision
            for delivery in dossier.deliveries:
                row = self.oracle.rows[delivery.id]
                assert self._gist(delivery) == self._gist(row)
                assert delivery.request_hash == row.applied
            assert len(dossier.deliveries) == sum(
                row.order == order for row in self.oracle.rows.values()
            )
            assert dict(dossier.links) == self._links_of(order)

    def _gist(self, one: Delivery | Row) -> dict[str, object]:
        gist = {name: getattr(one, name) for name in self.COMPARED}
        if gist["state"] in IN_FLIGHT:
            del gist["due_at"]  # it tells since when it was due
        return gist

    def _links_of(self, order: str) -> dict[str, dict[str, str]]:
        return {
            target: {name: value}
            for (of, target, name), value in self.oracle.links.items()
            if of == order
        }

    @invariant()
    def gates_are_the_same(self) -> None:
        """Who is paused, and until when."""
        gates = self.journal.targets()
        paused = {gate.name: gate.paused for gate in gates if gate.paused}
        closed = {
            gate.name: Instant(gate.closed_until)
            for gate in gates
            if gate.closed_until is not None
        }
        assert paused == self.oracle.paused
        assert closed == self.oracle.closed

    @invariant()
    def one_of_a_lane_is_in_flight(self) -> None:
        """What concerns one order at one target happens one by one."""
        lanes = [
            row.lane
            for row in self.oracle.rows.values()
            if row.state in IN_FLIGHT
        ]
        assert len(lanes) == len(set(lanes))


JournalAndOracle.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TestJournalAndOracle = JournalAndOracle.TestCase
