"""The journal against its oracle: whatever is done, in whatever order."""

import shutil
import tempfile
from collections.abc import Callable
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

from bridge.circuit import Circuit
from bridge.errors import Conflict, LeaseLost
from bridge.journal.protocol import (
    Claim,
    EventFilter,
    EventVerdict,
    Lane,
    Result,
)
from bridge.journal.sqlite import SQLiteJournal
from bridge.lifecycle import Gate, Step, ways_by
from bridge.model import (
    IN_FLIGHT,
    Delivery,
    DeliveryId,
    DeliveryState,
    EventState,
    Finding,
    Instant,
    Kind,
    Link,
    Millis,
    Move,
    Reason,
    Urgency,
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

OTHER = "cafe-co"
STORES = {"1": STORE, "2": STORE, "3": OTHER}
ORDERS = st.sampled_from(sorted(STORES))
TARGETS = st.sampled_from(["rayo-mx", "yuju-mx"])
SETTLE = Millis(500)

WAYS_OF_RECORD = ways_by("record")
WAYS_OF_PLAN = ways_by("plan")

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
        self.offset = Millis(0)
        self.journal.steady_clock("boot", self.offset, move=False, now=NOW)

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
        skips_dead=st.booleans(),
        urgency=st.sampled_from(Urgency),
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
        skips_dead: bool = False,
        urgency: Urgency = Urgency.STATE,
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
            store=STORES[order],
            order_id=order,
            urgency=urgency,
            skips_dead=skips_dead,
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
        newest = self._deliveries(order)[-1:]
        new = Row(
            id=newest[0].id if newest else 0,
            effect=add.effect_key,
            order=order,
            store=STORES[order],
            target=target,
            position=position,
            generation=generation,
            repeatable=repeatable,
            urgency=urgency,
            blocks=blocks,
            skips_dead=skips_dead,
            state=state,
            due_at=None if state is S.HELD else due_at,
        )
        assert done is self.oracle.plan(order, seen, new)

    @precondition(lambda self: self._movable())
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        """A plan takes back, holds or brings back what nobody sends."""
        row = data.draw(st.sampled_from(self._movable()))
        allowed = sorted(WAYS_OF_PLAN[row.state])
        state = data.draw(st.sampled_from(allowed))
        delivery = self._delivery(row.id)
        move = Move(
            id=delivery.id, version=delivery.version, state=state,
            reason=Reason(code="moved"),
        )  # fmt: skip
        seen = self.oracle.revisions[row.order]
        plan = plan_for(
            store=row.store,
            order_id=row.order,
            seen_revision=seen,
            moves=[move],
        )
        assert plan_one(self.journal, plan, self.now)
        self.oracle.move(row, state, self.now)

    def _movable(self) -> list[Row]:
        fixed = {S.SENDING, S.SETTLING, S.UNCERTAIN, S.SUCCEEDED}
        rows = [
            row
            for row in self.oracle.rows.values()
            if row.state not in fixed and not row.pruned
        ]
        claimed = [row for row in rows if row.state is S.CLAIMED]
        return claimed or rows  # a race is what is most worth a try

    # -- age

    @rule()
    def prune(self) -> None:
        """What came to rest is pruned once no event waits for a plan."""
        before = later(3_600_000, self.now)  # whatever the clock did
        stored = self.journal.events(
            EventFilter(state="stored"), before=None, limit=9
        )
        if stored:
            assert self._prune(before) is None
        self.journal.set_aside(
            [
                EventVerdict(id=event.id, state=EventState.IGNORED)
                for event in stored
            ]
        )
        aside = sum(
            event.pruned_at is None
            for event in self.journal.events(
                EventFilter(), before=None, limit=9
            )
        )
        for order, seen in self.oracle.revisions.items():
            plan = plan_for(
                store=STORES[order], order_id=order, seen_revision=seen
            )
            assert plan_one(self.journal, plan, self.now)
            self.oracle.revisions[order] += 1
        assert self._prune(before) == len(self.oracle.revisions) + aside
        self.oracle.prune()
        assert self._prune(before) == 0

    def _prune(self, before: Instant) -> int | None:
        return self.journal.prune(self.now, before=before, limit=9)

    @invariant()
    def what_is_pruned_says_nothing(self) -> None:
        """No request or reason is left, nor a line but the last."""
        for row in self.oracle.rows.values():
            delivery = self._delivery(row.id)
            assert (delivery.pruned_at is not None) is row.pruned
            if row.pruned:
                assert (delivery.request, delivery.reason_text) == (None, "")
                assert not any(
                    attempt.request or attempt.answer
                    for attempt in self.journal.attempts(row.id)
                )

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
        assert claim.in_doubt == self.oracle.in_doubt(row.id)
        assert claim.delivery.state is row.state

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
        answered=st.sampled_from([None, True, False, False]),
        credentials=st.sampled_from(["old", "new"]),
    )
    def record(
        self,
        data: st.DataObject,
        delay: int,
        gate: Gate | None,
        link: str | None,
        **told: Any,
    ) -> None:
        """A worker says what came of it, in time or too late, or twice."""
        claim = self._draw_claim(data)
        delivery = claim.delivery
        number = self.numbers.get((delivery.id, delivery.fence))
        step = self._draw_step(data, claim, number)
        self._record(
            claim,
            number,
            *step,
            due_at=later(delay, self.now),
            gate=gate,
            link=link,
            **told,
        )

    def _draw_step(
        self, data: st.DataObject, claim: Claim, number: int | None
    ) -> tuple[DeliveryState, Finding | None, str | None]:
        """Return where it goes, and what a look-up or the call came to."""
        if claim.delivery.state is S.UNCERTAIN:
            finding = data.draw(st.none() | st.sampled_from(Finding))
            if finding is Finding.FOUND:
                return S.SUCCEEDED, finding, None
            states = [S.UNCERTAIN, S.PENDING] if finding else [S.UNCERTAIN]
            state = data.draw(st.sampled_from(states))
            return state, finding, None if finding else "unread"
        sent = number is not None
        possible = WAYS_OF_RECORD[S.SENDING if sent else S.CLAIMED]
        state = data.draw(st.sampled_from(sorted(possible)))
        if sent:
            return state, None, OUTCOMES[state]
        if state is S.SUCCEEDED:
            return state, Finding.FOUND, None
        if state is S.PENDING and claim.in_doubt:
            return state, Finding.ABSENT, None
        return state, None, None

    def _record(
        self,
        claim: Claim,
        number: int | None,
        state: DeliveryState,
        finding: Finding | None,
        outcome: str | None,
        *,
        due_at: Instant,
        gate: Gate | None,
        link: str | None,
        applied: str,
        answered: bool | None,
        credentials: str,
    ) -> None:
        delivery = claim.delivery
        asked = delivery.state is S.UNCERTAIN
        result = Result(
            step=Step(
                state=state,
                due_at=due_at,
                gate=gate,
                reason=Reason(code="recorded"),
                counts=finding is None and not asked,
            ),
            number=number,
            outcome=outcome,
            links=[self._link(delivery, link)] if link else [],
            request_hash=applied,
            finding=finding,
            operation="get_order" if asked or finding else None,
            answered=answered,
            credentials=credentials,
        )
        ends_at = delivery.due_at if asked else delivery.lease_until
        settled = self.oracle.record(
            delivery.id,
            delivery.fence,
            asked=asked,
            probe=ends_at if claim.probe else None,
            number=number,
            state=state,
            outcome=outcome,
            finding=finding,
            answered=answered,
            now=self.now,
            due_at=due_at,
            gate=gate,
            credentials=credentials,
            link=link,
            applied=applied,
        )
        try:
            self.journal.record(claim, result, self.now)
        except LeaseLost:
            assert not settled
        else:
            assert settled

    @rule(at=TARGETS)
    def doubt(self, at: str) -> None:
        """A worker stops in the middle of a call; it is asked for, later."""
        self.lose_sent(at)
        self.now = later(SETTLE, self.now)
        self._claim(at, 3)

    def _draw_claim(self, data: st.DataObject) -> Claim:
        """Any claim of the last few: held, given up, or lost."""
        return data.draw(st.sampled_from(self.claims[-4:]))

    def _link(self, delivery: Delivery, value: str) -> Link:
        return Link(
            store=delivery.store,
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

    @rule(data=st.data())
    def take_over(self, data: st.DataObject) -> None:
        """The worker died; of some it is known that nothing was written."""
        held = [
            (DeliveryId(row.id), row.fence)
            for row in self.oracle.rows.values()
            if row.state is S.SENDING
        ]
        known = frozenset(
            data.draw(st.lists(st.sampled_from(held))) if held else ()
        )
        ended = self.journal.take_over(
            "w", self.now, settle=SETTLE, unwritten=known
        )
        assert ended == self.oracle.take_over(self.now, SETTLE, known)

    @rule(span=st.sampled_from([1, 1_000, int(LEASE)]))
    def wait(self, span: int) -> None:
        """Time goes by."""
        self.now = later(span, self.now)

    # -- operators

    @rule(by=st.sampled_from([-40_000, -1, 7_000]))
    def set_the_clock(self, by: int) -> None:
        """The machine's clock is set right, and all times with it."""
        self.now = later(by, self.now)
        offset = Millis(self.offset + by)
        kept = self.journal.steady_clock(
            "boot", offset, move=False, now=self.now
        )
        assert kept == self.offset
        self.offset = self.journal.steady_clock(
            "boot", offset, move=True, now=self.now
        )
        assert self.offset == offset
        self.oracle.shift(by)

    @precondition(lambda self: self.oracle.rows)
    @rule(
        data=st.data(),
        force=st.booleans(),
        seen=st.sampled_from([None, None, 0, 1]),
    )
    def redeliver(
        self,
        data: st.DataObject,
        force: bool,  # noqa: FBT001
        seen: int | None,
    ) -> None:
        """An operator wants it again, or asks whether it could be."""
        delivery = self._draw_delivery(data)
        if_version = None if seen is None else delivery.version - seen
        foreseen = self._told(
            lambda: self.journal.foresee_redelivery(delivery.id, force=force)
        )
        told = self._told(
            lambda: self.journal.redeliver(
                delivery.id,
                actor="ana",
                reason="so",
                force=force,
                if_version=if_version,
                now=self.now,
            )
        )
        assert told in {foreseen, "VersionMismatch"}
        assert told == self.oracle.redeliver(
            delivery.id, force=force, if_version=if_version, now=self.now
        )

    def _told(self, act: Callable[[], object]) -> str:
        try:
            act()
        except Conflict as refusal:
            return type(refusal).__name__
        return "done"

    @precondition(lambda self: self.oracle.rows)
    @rule(
        data=st.data(),
        decision=st.sampled_from(["exists", "done", "resend", "cancel"]),
    )
    def resolve(self, data: st.DataObject, decision: str) -> None:
        """An operator decides."""
        delivery = self._draw_delivery(data)
        told = self._told(
            lambda: self.journal.resolve(
                delivery.id,
                decision=decision,
                links={"link": "z"} if decision == "exists" else {},
                actor="ana",
                reason="so",
                if_version=delivery.version,
                now=self.now,
            )
        )
        assert told == self.oracle.resolve(
            delivery.id, decision, "z", self.now
        )

    @rule(at=TARGETS)
    def resume(self, at: str) -> None:
        """An operator opens a gate."""
        self.journal.pin_target(at, "host")
        self.journal.set_gate(at, None, actor="ana", reason="", now=self.now)
        self.oracle.open(at)

    @rule(at=TARGETS, mark=st.sampled_from(["old", "new"]))
    def try_credentials(self, at: str, mark: str) -> None:
        """The credentials may have changed."""
        tried = self.journal.try_credentials(at, mark, self.now)
        assert tried == self.oracle.try_credentials(at, mark)

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
        "claims", "lookups", "absences", "forced", "lease_until",
    )  # fmt: skip

    @invariant()
    def deliveries_are_the_same(self) -> None:
        """States, fences, generations, times and counts."""
        for order, revision in self.oracle.revisions.items():
            dossier = self.journal.dossier(STORES[order], order)
            assert dossier.order is not None
            assert dossier.order.revision == revision
            deliveries = self._deliveries(order)
            for delivery in deliveries:
                row = self.oracle.rows[delivery.id]
                assert self._gist(delivery) == self._gist(row)
                assert delivery.request_hash == row.applied
            assert len(deliveries) == sum(
                row.order == order for row in self.oracle.rows.values()
            )
            assert dict(dossier.links) == self._links_of(order)

    @invariant()
    def a_person_is_asked_the_same(self) -> None:
        """Who was applied behind our back is shown, once."""
        asked = [
            delivery.effect_key
            for order in self.oracle.revisions
            for delivery in self.journal.dossier(
                STORES[order], order
            ).deliveries
            if delivery.kind is Kind.ASK
        ]
        assert sorted(asked) == sorted(self.oracle.questions)

    @invariant()
    def the_history_is_true(self) -> None:
        """Every delivery is what its history says, step by step."""
        assert self.journal.replay() == []

    def _deliveries(self, order: str) -> list[Delivery]:
        """Return an order's calls, without what a person is asked."""
        found = self.journal.dossier(STORES[order], order).deliveries
        return [one for one in found if one.kind is Kind.CALL]

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
        """Who is paused, shut or probed, and until when."""
        for gate in self.journal.targets():
            door = self.oracle.door(gate.name)
            assert gate.paused == door.paused
            assert gate.closed_until == door.closed_until
            assert gate.refused == door.refused
            assert door.circuit == Circuit(
                failures=gate.failures, trips=gate.trips, probing=gate.probing
            )

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
