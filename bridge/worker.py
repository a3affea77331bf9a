"""
The worker: plan and send, in a loop; signals, drain.

One thread plans, one claims, a pool of threads sends. Each loop wakes within
milliseconds of a commit by anybody (`Journal.change_mark`), of a call that
ends, or of the time when something is due, and otherwise rests.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from functools import partial

from bridge.calls import lease_of
from bridge.delivering import Deliverer
from bridge.errors import JournalBroken, JournalUnavailable
from bridge.journal.protocol import SETTLE, Claim, Journal, Lane
from bridge.model import SECOND, Instant, Millis
from bridge.observe import observe
from bridge.planner import Planner
from bridge.pruner import Prune, no_pruning
from bridge.spill import NO_SPILL, Spill
from bridge.targets.account import Target

LOOK_S = 0.02
"""How often an idle worker asks whether somebody committed."""

TICK = Millis(SECOND)
"""How often leases are looked after and a sign of life is left."""

FAULT_S = 0.5
"""How long to wait before trying again what failed by our own fault."""


class Worker:
    """
    Plans and sends until it is stopped.

    Args:
        owner: names this worker in leases; unique among the living.
        problems: what is wrong with the files it reads, for `/readyz`.
        threads: what the calls are made in; ended with the worker.
        spill: has the outcomes that the journal could not take.
        prune: takes a little of what is old.
        alive: called whenever claiming gets on, and while what is under
            way ends: several times a second, or something is stuck.
        closing: called at the very end.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        planner: Planner,
        deliverer: Deliverer,
        targets: Callable[[], Mapping[str, Target]],
        problems: Callable[[], list[str]],
        owner: str,
        now: Callable[[], Instant],
        monotonic: Callable[[], float],
        threads: Executor,
        spill: Spill = NO_SPILL,
        prune: Prune = no_pruning,
        alive: Callable[[], None] = lambda: None,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._planner = planner
        self._deliverer = deliverer
        self._targets = targets
        self._problems = problems
        self._owner = owner
        self._now = now
        self._monotonic = monotonic
        self._threads = threads
        self._spill = spill
        self._prune = prune
        self._alive = alive
        self._closing = closing
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._next_tick = Instant(0)
        self._broken = False

    @property
    def is_broken(self) -> bool:
        """Whether the disk failed: end the process, and close nothing."""
        return self._broken

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what runs has ended."""
        self._stopped.set()
        self._woken.set()

    def close(self) -> None:
        """Let what is under way end, and end the threads."""
        self._threads.shutdown(wait=True)
        self._spill.close()
        self._closing()

    def begin(self) -> None:
        """
        End the leases of the one of the same name that was before.

        Not before the outcomes that it could not record are.
        """
        self._spill.bring_back(self._journal, self._now())
        self._journal.take_over(
            self._owner, self._now(), settle=self._settle()
        )
        observe("worker.started", owner=self._owner)

    def run(self) -> None:
        """Work until stopped, then let what is under way end."""
        self.begin()
        planning = threading.Thread(
            target=self._repeat, args=(self.plan,), name="plan"
        )
        planning.start()
        self._repeat(self._send_once, self._alive)
        while planning.is_alive() or any(self._under_way.values()):
            self._alive()
            self._woken.clear()
            self._woken.wait(LOOK_S)
        self.close()
        observe("worker.stopped", owner=self._owner)

    def step(self) -> int:
        """Plan and start what is due, once; return how much that was."""
        return self.plan() + self._send_once()

    def plan(self) -> int:
        """Plan what is due, at most a batch; return how much that was."""
        return self._planner.run_once()

    def _repeat(
        self,
        work: Callable[[], int],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """Do *work* until stopped, resting while there is none."""
        while not self._stopped.is_set():
            alive()
            mark = self._mark()
            if not self._safely(work):
                self._rest(mark, alive)

    def _safely(self, work: Callable[[], int]) -> int:
        """A fault of ours is said, and the next round tries again."""
        try:
            return work()
        except JournalBroken:
            # What is under way ends first: its outcomes go into the spill.
            self._broken = True
            self.stop()
            return 0
        except JournalUnavailable as error:
            observe("worker.journal_unavailable", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001  the others' orders go on
            observe("worker.fault", error=type(error).__name__, level="error")
        self._stopped.wait(FAULT_S)
        return 0

    def _send_once(self) -> int:
        now = self._now()
        if now >= self._next_tick:
            self._tick(now)
        return self._start_due()

    def _tick(self, now: Instant) -> None:
        self._next_tick = Instant(now + TICK)
        self._spill.bring_back(self._journal, now)
        self._journal.reap(now, settle=self._settle())
        self._journal.beat(self._owner, problems=self._problems(), now=now)
        self._journal.keep_mark()
        self._prune(now)

    def _settle(self) -> Millis:
        """Return how long a lost request may still arrive anywhere."""
        times = [target.settle for target in self._targets().values()]
        return max(times, default=SETTLE)

    # -- sending

    def _start_due(self) -> int:
        started = 0
        for lease, lanes in self._lanes().items():
            self._alive()
            claimed_at = self._monotonic()
            claims = self._journal.claim(
                lanes, owner=self._owner, now=self._now(), lease=lease
            )
            for claim in claims:
                self._start(claim, claimed_at)
            started += len(claims)
        return started

    def _lanes(self) -> Mapping[Millis, Sequence[Lane]]:
        """Return where there is room, by how long a claim holds there."""
        found: dict[Millis, list[Lane]] = {}
        for name, target in self._targets().items():
            with self._lock:
                room = target.parallel - self._under_way[name]
            if room > 0:
                lane = self._lane(name, target, room)
                found.setdefault(lease_of(target), []).append(lane)
        return found

    def _lane(self, name: str, target: Target, room: int) -> Lane:
        limit = target.limit
        return Lane(
            target=name,
            room=room,
            slots=limit.requests if limit else 0,
            slot_hold=Millis(
                lease_of(target) + (limit.window if limit else 0)
            ),
        )

    def _start(self, claim: Claim, claimed_at: float) -> None:
        with self._lock:
            self._under_way[claim.delivery.target] += 1
        future = self._threads.submit(
            self._deliverer.deliver, claim, claimed_at=claimed_at
        )
        future.add_done_callback(partial(self._ended, claim))

    def _ended(self, claim: Claim, future: "Future[None]") -> None:
        with self._lock:
            self._under_way[claim.delivery.target] -= 1
        error = future.exception()
        if error is not None:
            # the lease will run out: nothing is lost, and nothing is hidden
            observe(
                "delivery.failed",
                delivery_id=claim.delivery.id,
                error=type(error).__name__,
            )
        self._woken.set()

    # -- resting

    def _mark(self) -> int:
        try:
            return self._journal.change_mark()
        except JournalUnavailable:
            return -1

    def _rest(self, mark: int, alive: Callable[[], None]) -> None:
        """Rest until somebody commits, a call ends or something is due."""
        due = self._safely_due()
        while not self._stopped.is_set():
            alive()
            if self._woken.wait(LOOK_S) or self._mark() != mark:
                break
            now = self._now()
            if now >= self._next_tick or (due is not None and due <= now):
                break
        self._woken.clear()

    def _safely_due(self) -> Instant | None:
        try:
            return self._journal.next_due(self._now())
        except JournalUnavailable:
            return None
