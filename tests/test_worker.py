"""What a worker claims ahead of time, and when it lets go of that."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, cast

import pytest
from typing_extensions import override

from bench.processes import wait_for
from bridge.delivering import Deliverer
from bridge.first_bytes import NOTHING_KNOWN, FirstBytes, page_of
from bridge.journal.protocol import (
    Claim,
    DeliveryFilter,
    Journal,
    Lane,
    Result,
)
from bridge.journal.sqlite import SQLiteJournal
from bridge.lifecycle import Step
from bridge.model import WHOLE, DeliveryState, Instant, Millis, Part
from bridge.planner import Planner
from bridge.spill import NO_SPILL, Spill, SpillFolder
from bridge.targets.account import Target
from bridge.targets.register import CONTRACTS
from bridge.worker import PROMPT_S, Worker
from tests.factories import NOW, TARGET, keep, new_delivery
from tests.journal.steps import (
    WORKER,
    claim,
    claim_one,
    intend,
    result,
    row,
)

S = DeliveryState


class ByHand(Executor):
    """Begins nothing by itself; a test ends what was submitted."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Claim, Future[Any]]] = []
        self.told: dict[int, Callable[[Result], None]] = {}

    @override
    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **more: Any
    ) -> "Future[Any]":
        future: Future[Any] = Future()
        self.told[len(self.calls)] = more.get("called", lambda _result: None)
        self.calls.append((fn.__name__, args[0], future))
        return future

    def names(self) -> list[str]:
        return [name for name, _claim, _future in self.calls]


class Desk:
    """A worker on a real journal, whose calls end when the test says so."""

    def __init__(
        self,
        path: Path,
        *,
        parallel: int = 2,
        spill: Spill = NO_SPILL,
        first_bytes: FirstBytes = NOTHING_KNOWN,
        parts: frozenset[Part] = WHOLE,
    ) -> None:
        self.journal: Journal = SQLiteJournal(path)
        self.journal.migrate()
        self.threads = ByHand()
        self.seconds = 100.0
        self.signs_of_life = 0
        self._ended = 0
        target = Target(
            name=TARGET,
            contract=CONTRACTS["rayo"],
            base_url="http://127.0.0.1:1",
            credentials={"api_key": "key"},
            authorization="{token}",
            timeout=Millis(1_000),
            parallel=parallel,
        )

        self.to_plan = self.pruned = 0
        self.worker = Worker(
            journal=self.journal,
            planner=cast("Planner", self),
            deliverer=Deliverer(
                journal=self.journal,
                live=cast("Any", None),
                senders=cast("Any", None),
                now=lambda: NOW,
                monotonic=lambda: self.seconds,
                dice=lambda: 0.5,
                answers=cast("Any", None),
                lists=cast("Any", None),
            ),
            targets=lambda: {TARGET: target},
            problems=list,
            owner=WORKER,
            now=lambda: NOW,
            monotonic=lambda: self.seconds,
            threads=self.threads,
            spill=spill,
            parts=parts,
            first_bytes=first_bytes,
            prune=self._prune,
            alive=self._lives,
        )

    def run_once(self) -> int:
        """Plan, in the planner's place."""
        planned, self.to_plan = self.to_plan, 0
        return planned

    def _prune(self, _now: Instant) -> Millis:
        self.pruned += 1
        return Millis(0)

    def _lives(self) -> None:
        self.signs_of_life += 1

    def orders(self, count: int) -> None:
        for number in range(count):
            keep(
                self.journal,
                new_delivery(order_id=str(number)),
                order_id=str(number),
            )

    def end_next(self, *, took: float = 0.01, shuts: bool = False) -> None:
        """End the call that was begun first; its result is recorded."""
        self.seconds += took
        self.threads.told[self._ended](
            Result(step=Step(state=S.DEAD), answered=not shuts)
        )
        self.record_next()

    def record_next(self, *, replans: bool = False) -> None:
        """
        Record the result of the call that was begun first.

        Args:
            replans: what the call says of its order then.
        """
        name, claim, future = self.threads.calls[self._ended]
        self._ended += 1
        assert name == "deliver"
        done = Result(step=Step(state=S.DEAD))
        self.journal.record(claim, done, NOW)
        future.set_result(replans)

    def states(self) -> list[str]:
        found = self.journal.deliveries(
            DeliveryFilter(), before=None, limit=100
        )
        return sorted(one.state.value for one in found)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal is to lie."""
    return tmp_path / "bridge.db"


def test_nothing_is_claimed_ahead_before_a_target_was_seen(path: Path) -> None:
    """
    Of a target that nobody knows as prompt, as much is claimed as may be
    called at once.
    """
    desk = Desk(path, parallel=2)
    desk.orders(5)
    desk.worker.step()

    assert desk.threads.names() == ["deliver"] * 2
    assert desk.states().count("claimed") == 2


def test_prompt_target_is_called_again_when_a_call_ends(path: Path) -> None:
    """
    As many as may be called at once are claimed ahead; one of those begins
    the moment another ends, and no more than allowed run at once.
    """
    desk = Desk(path, parallel=2)
    desk.orders(6)
    desk.worker.step()
    desk.end_next()
    desk.worker.step()

    assert desk.states().count("claimed") == 4
    assert len(desk.threads.calls) == 1 + 2
    desk.end_next()
    assert len(desk.threads.calls) == 1 + 3


def test_next_call_begins_before_the_result_of_the_last_is_kept(
    path: Path,
) -> None:
    """
    A target is not left waiting for our disk: once it has answered the
    next call begins, and what came of the last is recorded beside it.
    """
    desk = Desk(path, parallel=1)
    desk.orders(4)
    desk.worker.step()
    desk.end_next()
    desk.worker.step()
    begun = len(desk.threads.calls)
    desk.threads.told[begun - 1](Result(step=Step(state=S.DEAD)))

    assert len(desk.threads.calls) == begun + 1
    assert desk.states().count("dead") == 1
    desk.record_next()
    assert len(desk.threads.calls) == begun + 1
    assert desk.states().count("dead") == 2


def test_one_that_ends_lives_until_the_last_result_is_kept(
    path: Path,
) -> None:
    """
    It gives signs of life as long as anything is to be recorded: a slow
    disk is not taken for a worker that is stuck.
    """
    desk = Desk(path, parallel=1)
    desk.orders(1)
    running = threading.Thread(target=desk.worker.run)
    running.start()
    wait_for(lambda: bool(desk.threads.calls))
    desk.worker.stop()
    desk.threads.told[0](Result(step=Step(state=S.DEAD)))
    seen = desk.signs_of_life
    running.join(timeout=0.3)

    assert running.is_alive()
    assert desk.signs_of_life > seen + 2
    desk.record_next()
    running.join(timeout=10)
    assert not running.is_alive()


def test_delivery_that_broke_gives_its_place_back(path: Path) -> None:
    """A fault of ours in one delivery leaves room for the next one."""
    desk = Desk(path, parallel=1)
    desk.orders(2)
    desk.worker.step()
    _, _, future = desk.threads.calls[0]
    future.set_exception(RuntimeError())
    desk.worker.step()

    assert len(desk.threads.calls) == 2


def test_slow_target_gets_nothing_ahead(path: Path) -> None:
    """
    What would wait for long is better claimed when its turn comes.
    """
    desk = Desk(path, parallel=2)
    desk.orders(5)
    desk.worker.step()
    desk.end_next(took=PROMPT_S + 1)
    desk.worker.step()

    assert desk.states().count("claimed") == 2


def test_what_was_claimed_ahead_is_let_go_when_the_target_shuts(
    path: Path,
) -> None:
    """
    A target that refuses, or does not answer, is left alone at once: what
    was claimed for it and not begun is due again, and not called.
    """
    desk = Desk(path, parallel=2)
    desk.orders(6)
    desk.worker.step()
    desk.end_next()
    desk.worker.step()
    desk.end_next(shuts=True)
    name, claim, _ = desk.threads.calls[-1]
    desk.worker._deliverer.put_back(claim)  # noqa: SLF001  as the pool would

    assert name == "put_back"
    assert desk.states().count("claimed") == 2
    assert desk.states().count("pending") == 2


def test_one_that_was_put_back_is_as_it_was(path: Path) -> None:
    """
    Being let go is no failed try: it counts as none, and is due at once.
    """
    desk = Desk(path, parallel=1)
    desk.orders(1)
    (claim,) = desk.journal.claim(
        [Lane(target=TARGET, room=1)],
        owner=WORKER,
        now=NOW,
        lease=Millis(1_000),
    )
    desk.worker._deliverer.put_back(claim)  # noqa: SLF001
    (left,) = desk.journal.deliveries(DeliveryFilter(), before=None, limit=9)

    assert (left.state, left.attempts, left.claims) == (S.PENDING, 0, 0)
    assert left.due_at == NOW


def test_outcome_that_was_spilled_comes_before_leases_end(
    path: Path, tmp_path: Path
) -> None:
    """
    What a worker could not record before it died is recorded by the next of
    its name, and its calls are never called uncertain for a moment.
    """
    before = SpillFolder(tmp_path / "spill", WORKER, size=64 * 1024)
    desk = Desk(path, spill=before)
    desk.orders(1)
    claim = claim_one(desk.journal)
    number = intend(desk.journal, claim)
    done = result(S.SUCCEEDED, number=number, outcome="applied")
    before.keep(claim, done, NOW)
    desk.worker.begin()
    told = desk.journal.history(claim.delivery.id)

    assert desk.states() == ["succeeded"]
    assert S.UNCERTAIN not in {change.state for change in told}


def test_what_was_not_written_is_no_doubt(path: Path) -> None:
    """
    A worker that follows a dead one sends what that had only intended, and
    asks of nothing else than what is in its own page from then on.
    """
    SQLiteJournal(path).migrate()
    page = page_of(WORKER, path, folder=path.parent)
    desk = Desk(path, first_bytes=page)
    desk.orders(2)
    ahead, written = claim(desk.journal, room=2)
    for one in (ahead, written):
        begin = page.ahead(one)
        intend(desk.journal, one)
    begin()
    desk.worker.begin()

    assert desk.states() == ["pending", "uncertain"]
    assert row(desk.journal, ahead.delivery).state is S.PENDING
    assert page.unwritten() == frozenset()
    desk.worker.close()


# ---------------------------------------------- a part in each of two processes


PLANS, SENDS = frozenset({Part.PLANS}), frozenset({Part.SENDS})


def test_one_that_plans_claims_nothing(path: Path) -> None:
    """
    It plans and tidies up, says that it lives, and lets whoever sends know
    that there is something to send.
    """
    desk = Desk(path, parts=PLANS)
    ears = SQLiteJournal(path).listen("who sends")
    desk.orders(1)
    desk.to_plan = 3
    ears.wait(0)

    assert desk.worker.step() == 3
    assert ears.wait(0)
    assert desk.pruned == 1
    assert desk.threads.names() == []
    assert [beat.parts for beat in desk.journal.beats()] == [PLANS]


def test_one_that_sends_plans_nothing(path: Path) -> None:
    """It claims what is due, and leaves planning and tidying to another."""
    desk = Desk(path, parts=SENDS)
    desk.orders(1)
    desk.to_plan = 3

    assert desk.worker.step() == 1
    assert (desk.to_plan, desk.pruned) == (3, 0)
    assert desk.threads.names() == ["deliver"]
    assert [beat.parts for beat in desk.journal.beats()] == [SENDS]


def test_who_plans_hears_of_an_order_to_be_planned_again(path: Path) -> None:
    """What a call taught is planned with at once, in the other process."""
    desk = Desk(path, parts=SENDS)
    desk.journal.listen(WORKER)  # it hears, so its commits ring for nobody
    ears = SQLiteJournal(path).listen("who plans")
    desk.orders(2)
    desk.worker.step()
    ears.wait(0)

    desk.record_next(replans=False)
    assert not ears.wait(0)
    desk.record_next(replans=True)
    assert ears.wait(0)


def test_one_that_plans_leaves_the_leases_of_others(path: Path) -> None:
    """It comes back without ending what the one that sends has in hand."""
    desk = Desk(path, parts=PLANS)
    desk.orders(1)
    claim(desk.journal)

    desk.worker.begin()

    assert desk.states() == ["claimed"]
