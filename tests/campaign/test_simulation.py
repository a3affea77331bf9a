"""The simulation: it replays, it is clean, and it notices what is broken."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from bench.campaign.simulation.disk import SimulatedJournal
from bench.campaign.simulation.faults import Kind, Plan
from bench.campaign.simulation.lives import life
from bench.campaign.simulation.world import Parts
from bench.campaign.verifier import Kind as Wrong
from bridge.errors import JournalUnavailable
from bridge.journal.protocol import (
    Appended,
    Claim,
    DeliveryFilter,
    Lane,
    Result,
)
from bridge.journal.rows import Row
from bridge.journal.session import Session
from bridge.lifecycle import Step
from bridge.model import (
    DeliveryState,
    EventId,
    Instant,
    Millis,
    NewEvent,
)
from tests.end_to_end.rig import ROOT

K = Kind

DIGESTS = """
from bench.campaign.simulation.lives import life
print(*(life(seed).digest for seed in (3, 14, 15)))
"""


def test_same_seed_is_the_same_life() -> None:
    """Two processes that hash differently play the same trace."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", DIGESTS],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(salt)},
            stdout=subprocess.PIPE,
        )
        for salt in (1, 2)
    ]
    one, other = [process.communicate()[0] for process in running]

    assert one == other
    assert len(set(one.split())) == 3


def test_another_seed_is_another_life() -> None:
    """Played again in one process the trace is the same, line by line."""
    one, again = life(21, keep=True), life(21, keep=True)

    assert one.lines == again.lines
    assert one.digest == again.digest != life(22).digest


@pytest.mark.parametrize("seed", range(1, 9))
def test_lives_keep_the_promises(seed: int) -> None:
    """Whatever goes wrong, nothing is lost, doubled, reversed or stuck."""
    assert [] == life(seed).findings


def test_nothing_goes_wrong_where_nothing_does() -> None:
    """A life without faults ends with creates and without doubt."""
    lives = [life(seed, plan=Plan(chances={}, orders=6)) for seed in (1, 2)]

    assert [[], []] == [one.findings for one in lives]
    assert [0, 0] == [one.doubt.all for one in lives]
    assert all(one.created > 0 for one in lives)


def test_what_a_dead_worker_wrote_is_never_taken_for_unwritten() -> None:
    """Workers that die around their first byte create nothing twice."""
    plan = Plan(chances={K.CRASH_COMMIT: 0.02, K.CRASH_WRITING: 0.3}, orders=8)
    lives = [life(seed, plan=plan) for seed in range(1, 5)]

    assert [[]] * 4 == [one.findings for one in lives]
    assert any(one.doubt.all > one.doubt.unwritten for one in lives)


# ------------------------------------------------- what is broken is found


class RetriesAfterACrash(SimulatedJournal):
    """Takes a lost worker's call for one that was not made."""

    @override
    def take_over(self, owner: str, now: Instant, **told: Any) -> int:
        lost = super().take_over(owner, now, **told)
        doubtful = DeliveryFilter(state="uncertain")
        for one in self.deliveries(doubtful, before=None, limit=100):
            self.resolve(
                one.id,
                decision="resend",
                links={},
                actor="-",
                reason="-",
                if_version=None,
                now=now,
            )
        return lost


class TakesWrittenForUnwritten(SimulatedJournal):
    """Believes of each call of a dead worker that it was not written."""

    @override
    def take_over(self, owner: str, now: Instant, **told: Any) -> int:
        sending = DeliveryFilter(state="sending")
        unwritten = frozenset(
            (one.id, one.fence)
            for one in self.deliveries(sending, before=None, limit=100)
        )
        told["unwritten"] = unwritten
        return super().take_over(owner, now, **told)


class RetriesOnMaybe(SimulatedJournal):
    """Sends again what nobody knows the fate of."""

    @override
    def record(self, claim: Claim, result: Result, now: Instant) -> bool:
        if result.step.state is DeliveryState.UNCERTAIN:
            again = Step(state=DeliveryState.PENDING, due_at=now)
            result = replace(result, step=again)
        return super().record(claim, result, now)


class AcknowledgesAnyway(SimulatedJournal):
    """Says that an event is kept when it is not."""

    @override
    def append(self, events: Sequence[NewEvent]) -> Sequence[Appended]:
        try:
            return super().append(events)
        except JournalUnavailable:
            return [Appended(id=EventId(0), repeated=False) for _ in events]


class NoLimit(SimulatedJournal):
    """Claims as many calls as there are."""

    @override
    def claim(
        self,
        lanes: Sequence[Lane],
        *,
        owner: str,
        now: Instant,
        lease: Millis,
    ) -> Sequence[Claim]:
        free = [replace(lane, slots=0) for lane in lanes]
        return super().claim(free, owner=owner, now=now, lease=lease)


class SucceedsAnyway(SimulatedJournal):
    """Takes any answer for a yes."""

    @override
    def record(self, claim: Claim, result: Result, now: Instant) -> bool:
        if result.number is not None:
            done = Step(state=DeliveryState.SUCCEEDED)
            result = replace(result, step=done)
        return super().record(claim, result, now)


class _ReadsTheOrder(Session):
    """A transaction in which a claim does not raise the order's revision."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @override
    def rows(self, name: str, /, **values: object) -> Sequence[Row]:
        return self._session.rows(name, **values)

    @override
    def row(self, name: str, /, **values: object) -> Row | None:
        name = "order_to_send" if name == "take_order" else name
        return self._session.row(name, **values)

    @override
    def run(self, name: str, /, **values: object) -> int:
        return self._session.run(name, **values)

    @override
    def add(
        self, name: str, many: Sequence[Mapping[str, object]]
    ) -> Sequence[Row]:
        return self._session.add(name, many)

    @override
    def part(self) -> AbstractContextManager[None]:
        return self._session.part()


class ClaimsUnseen(SimulatedJournal):
    """Lets a plan be kept that was made before its delivery was claimed."""

    @override
    @contextmanager
    def writing(self) -> Iterator[Session]:
        with super().writing() as session:
            yield _ReadsTheOrder(session)


@pytest.mark.parametrize(
    ("journal", "chances", "codes"),
    [
        (RetriesAfterACrash, {K.CRASH_READING: 0.3}, {Wrong.DUPLICATED}),
        (
            TakesWrittenForUnwritten,
            {K.CRASH_READING: 0.3},
            {Wrong.DUPLICATED},
        ),
        (RetriesOnMaybe, {K.ANSWER_LOST: 0.4}, {Wrong.DUPLICATED}),
        (AcknowledgesAnyway, {K.COMMIT_FAILS: 0.2}, {Wrong.LOST}),
        (NoLimit, {K.STORM: 1.0}, {Wrong.OVER_RATE}),
        (SucceedsAnyway, {K.ERROR_WITHOUT: 0.4}, {Wrong.UNTRUE}),
        (ClaimsUnseen, {K.STORM: 1.0, K.PLAN_LATE: 1.0}, {Wrong.LOST}),
    ],
)
def test_what_is_broken_is_found(
    journal: type[SimulatedJournal],
    chances: dict[Kind, float],
    codes: set[str],
) -> None:
    """A part with one rule taken out breaks a promise within a few lives."""
    plan = Plan(chances=chances, orders=8)
    found: set[str] = set()
    for seed in range(1, 16):
        one = life(seed, parts=Parts(journal=journal), plan=plan)
        found |= {finding.code for finding in one.findings}
        if found & codes:
            break

    assert found & codes
