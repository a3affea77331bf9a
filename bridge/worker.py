"""
The worker: plan and send, in a loop; signals, drain.

One thread plans, one claims, a pool of threads sends; one more packs, prunes
and counts when there is nothing better to do, one tells of what is wrong, and
one asks what people want to know of targets. The first two wake at once when
another process commits (`Journal.listen`), when a call or a plan ends, or
when something is due, and otherwise rest.

Both parts need a core when much comes in, and the threads of one process
share one: so a worker may be two processes, one for each part. They tell each
other what they did as other processes do: by the journal, and its bell.
"""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from bridge.calls import lane_of, lease_of
from bridge.delivering import Deliverer
from bridge.errors import JournalBroken, JournalUnavailable
from bridge.first_bytes import NOTHING_KNOWN, FirstBytes
from bridge.journal.protocol import SETTLE, Claim, Ears, Journal, Lane, Result
from bridge.model import SECOND, WHOLE, Instant, Millis, Part
from bridge.observe import observe
from bridge.planner import Planner
from bridge.pruner import Prune, no_pruning
from bridge.spill import NO_SPILL, Spill
from bridge.targets.account import Target

TICK = Millis(SECOND)
"""How often leases are looked after and a sign of life is left."""

TICK_S = 1.0
"""So long a loop rests at most; what nobody rang for is found then."""

DRAIN_LOOK_S = 0.02
"""How often one that ends asks whether its last calls have ended."""

PROMPT_S = 1.0
"""
A target that took no longer for its last call gets claims ahead of time.

As many as it may have at once: the next one begins when a call ends, and
not a commit later.
"""

FAULT_S = 0.5
"""How long to wait before trying again what failed by our own fault."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A claim that waits for a call to end; *at* is monotonic seconds."""

    claim: Claim
    at: float


@dataclass(slots=True)
class _Call:
    """A delivery under way; *began* is monotonic seconds."""

    target: str
    began: float
    has_gone_on: bool = False


class Worker:
    """
    Plans and sends until it is stopped.

    Args:
        parts: which of the two this process does; others do the rest.
        owner: names this worker in leases; unique among the living.
        problems: what is wrong with the files it reads, for `/readyz`.
        threads: what the calls are made in; ended with the worker.
        spill: has the outcomes that the journal could not take.
        first_bytes: knows what the one before had not begun to write.
        prune: packs what was planned, and takes what is old, bit by bit.
        watch: looks whether somebody is to be told of something, and tells.
        ask: asks targets what a person wants to know of them.
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
        parts: frozenset[Part] = WHOLE,
        spill: Spill = NO_SPILL,
        first_bytes: FirstBytes = NOTHING_KNOWN,
        prune: Prune = no_pruning,
        watch: Prune = no_pruning,
        ask: Prune = no_pruning,
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
        self._parts = parts
        self._spill = spill
        self._first_bytes = first_bytes
        self._prune = prune
        self._watch = watch
        self._ask = ask
        self._alive = alive
        self._closing = closing
        self._claimed: Counter[str] = Counter()
        self._calling: Counter[str] = Counter()
        self._under_way = 0
        self._ahead: dict[str, deque[_Taken]] = defaultdict(deque)
        self._took: dict[str, float] = {}
        self._lock = threading.Lock()
        self._to_plan = threading.Event()
        self._to_send = threading.Event()
        self._stopped = threading.Event()
        self._ears: Ears | None = None
        self._next_tick = Instant(0)
        self._broken = False

    @property
    def is_broken(self) -> bool:
        """Whether the disk failed: end the process, and close nothing."""
        return self._broken

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what runs has ended."""
        self._stopped.set()
        self._wake()
        if self._ears is not None:
            self._ears.ring()

    def close(self) -> None:
        """Let what is under way end, and end the threads."""
        with self._lock:
            self._ahead.clear()
        self._threads.shutdown(wait=True)
        self._spill.close()
        self._first_bytes.close()
        self._closing()

    def begin(self) -> None:
        """
        End the leases of the one of the same name that was before.

        Not before the outcomes that it could not record are.
        """
        if self._sends:
            self._spill.bring_back(self._journal, self._now())
            self._journal.take_over(
                self._owner,
                self._now(),
                settle=self._settle(),
                unwritten=self._first_bytes.unwritten(),
            )
            self._first_bytes.forget()
        does = " and ".join(sorted(self._parts))
        observe("worker.started", owner=self._owner, does=does)

    def run(self) -> None:
        """Work until stopped, then let what is under way end."""
        self.begin()
        ears = self._ears = self._journal.listen(self._owner)
        beside = [self._started("listen", self._listen, ears)]
        if self._plans:
            beside.append(
                self._started("prune", self._now_and_then, self.prune)
            )
            # Nobody waits for one who is told slowly, at the end neither.
            self._started("alerts", self._now_and_then, self.watch, ends=False)
        if self._plans and self._sends:
            beside.append(
                self._started(
                    "plan",
                    self._repeat,
                    self.plan,
                    self._to_plan,
                    self._rest_s,
                )
            )
        if self._sends:
            self._started(
                "questions", self._now_and_then, self.answer, ends=False
            )
            self._repeat(
                self._send_once,
                self._to_send,
                self._rest_to_send_s,
                self._alive,
            )
        else:
            self._repeat(
                self._plan_once, self._to_plan, self._rest_s, self._alive
            )
        while self._is_at_work() or any(one.is_alive() for one in beside):
            self._alive()
            self._to_send.clear()
            self._to_send.wait(DRAIN_LOOK_S)
        ears.close()
        self.close()
        observe("worker.stopped", owner=self._owner)

    @property
    def _plans(self) -> bool:
        return Part.PLANS in self._parts

    @property
    def _sends(self) -> bool:
        return Part.SENDS in self._parts

    @staticmethod
    def _started(
        name: str, work: Callable[..., object], *args: Any, ends: bool = True
    ) -> threading.Thread:
        """Start a thread; one that need not end does not hold up the end."""
        thread = threading.Thread(
            target=work, args=args, name=name, daemon=not ends
        )
        thread.start()
        return thread

    def _is_at_work(self) -> bool:
        """Whether anything is claimed, or still to be recorded."""
        with self._lock:
            return self._under_way > 0 or any(self._claimed.values())

    def step(self) -> int:
        """
        Plan and start what is due, once; return how much that was.

        Also prunes a little.
        """
        found = 0
        if self._plans:
            self.prune()
            found = self.plan()
        self._tick()
        return found + self._start_due() if self._sends else found

    def plan(self) -> int:
        """Plan what is due, at most a batch; return how much that was."""
        planned = self._planner.run_once()
        if planned:
            self._tell(Part.SENDS)
        return planned

    def _tell(self, part: Part) -> None:
        """Let the other part look about, here or in its own process."""
        if part not in self._parts:
            self._journal.ring()
        elif part is Part.SENDS:
            self._to_send.set()
        else:
            self._to_plan.set()

    def prune(self) -> Millis:
        """Take a little of what is old; return how long to wait then."""
        return self._prune(self._now())

    def watch(self) -> Millis:
        """Tell what is to be told; return how long to wait then."""
        return self._watch(self._now())

    def answer(self) -> Millis:
        """Ask what a person wants to know; return how long to wait then."""
        return self._ask(self._now())

    def _now_and_then(self, work: Callable[[], Millis]) -> None:
        wait = 0
        while not self._stopped.wait(wait / 1000):
            wait = self._safely(work) or TICK

    def _listen(self, ears: Ears) -> None:
        while not self._stopped.is_set():
            if ears.wait(TICK_S):
                self._wake()

    def _wake(self) -> None:
        self._to_plan.set()
        self._to_send.set()

    def _repeat(
        self,
        work: Callable[[], int],
        woken: threading.Event,
        rest_s: Callable[[], float],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """Do *work* until stopped, resting while there is none."""
        while not self._stopped.is_set():
            alive()
            woken.clear()
            if not self._safely(work):
                woken.wait(rest_s())

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
        self._tick()
        return self._start_due()

    def _plan_once(self) -> int:
        self._tick()
        return self.plan()

    def _tick(self) -> None:
        """Do what is due every `TICK`, if it is due."""
        now = self._now()
        if now < self._next_tick:
            return
        self._next_tick = Instant(now + TICK)
        if self._sends:
            self._spill.bring_back(self._journal, now)
            if self._journal.reap(now, settle=self._settle()):
                self._tell(Part.PLANS)
        self._journal.beat(
            self._owner,
            parts=self._parts,
            problems=self._problems(),
            now=now,
        )
        if self._sends:
            self._journal.keep_mark()

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
                room = self._room(name, target)
            if room > 0:
                lane = lane_of(target, room)
                found.setdefault(lease_of(target), []).append(lane)
        return found

    def _room(self, name: str, target: Target) -> int:
        """
        Return how many more may be claimed at *target*.

        Those that are claimed ahead are claimed together: none while most
        of them still wait.
        """
        free = target.parallel - self._claimed[name]
        is_prompt = self._took.get(name, PROMPT_S + 1) <= PROMPT_S
        if target.limit is not None or not is_prompt:
            return free
        waiting = len(self._ahead[name])
        return free + target.parallel if waiting <= target.parallel // 2 else 0

    def _start(self, claim: Claim, claimed_at: float) -> None:
        name = claim.delivery.target
        taken = _Taken(claim, claimed_at)
        with self._lock:
            self._claimed[name] += 1
            target = self._targets().get(name)
            if target and self._calling[name] >= target.parallel:
                self._ahead[name].append(taken)
                return
            self._calling[name] += 1
        self._call(taken)

    def _call(self, taken: _Taken) -> None:
        call = _Call(taken.claim.delivery.target, self._monotonic())
        with self._lock:
            self._under_way += 1
        future = self._threads.submit(
            self._deliverer.deliver,
            taken.claim,
            claimed_at=taken.at,
            called=partial(self._called, call),
        )
        future.add_done_callback(partial(self._ended, taken.claim, call))

    def _called(self, call: _Call, result: Result | None) -> None:
        """Let the next call begin: what came of this one is kept beside."""
        call.has_gone_on = True
        self._go_on(call, shuts=result is not None and _shuts(result))
        self._look_for_more(call.target)

    def _look_for_more(self, name: str) -> None:
        """Let claims be made, if there is room for any."""
        target = self._targets().get(name)
        with self._lock:
            has_room = target is None or self._room(name, target) > 0
        if has_room or self._stopped.is_set():
            self._to_send.set()

    def _ended(
        self, claim: Claim, call: _Call, future: "Future[bool]"
    ) -> None:
        error = future.exception()
        if error is not None:
            # the lease will run out: nothing is lost, and nothing is hidden
            observe(
                "delivery.failed",
                delivery_id=claim.delivery.id,
                error=type(error).__name__,
            )
        elif future.result():
            self._tell(Part.PLANS)
        if not call.has_gone_on:
            self._called(call, None)
        with self._lock:
            self._under_way -= 1
        self._look_for_more(call.target)  # what stood behind it in its lane

    def _go_on(self, call: _Call, *, shuts: bool) -> None:
        """Begin the next call that was claimed ahead, or let all of them go."""
        name = call.target
        following: _Taken | None = None
        let_go: list[_Taken] = []
        with self._lock:
            self._took[name] = self._monotonic() - call.began
            self._claimed[name] -= 1
            ahead = self._ahead[name]
            if shuts:
                let_go = [*ahead]
                ahead.clear()
                self._claimed[name] -= len(let_go)
            if ahead:
                following = ahead.popleft()
            else:
                self._calling[name] -= 1
        for taken in let_go:
            with suppress(RuntimeError):  # it ends; so does the lease
                self._threads.submit(self._deliverer.put_back, taken.claim)
        if following is not None:
            self._call(following)

    # -- resting

    def _rest_to_send_s(self) -> float:
        """Nowhere is room before a call ends: then there is no need to look."""
        return self._rest_s() if self._lanes() else TICK_S

    def _rest_s(self) -> float:
        """Return for how many seconds nothing is due, at most until a tick."""
        now = self._now()
        due = self._safely_due(now)
        if due is None:
            return TICK_S
        return min(max(due - now, 0) / SECOND, TICK_S)

    def _safely_due(self, now: Instant) -> Instant | None:
        try:
            return self._journal.next_due(now)
        except JournalUnavailable:
            return None


def _shuts(result: Result) -> bool:
    """
    Return whether its target should be left alone.

    It did not answer, was too busy, or refused our credentials.
    """
    return result.step.gate is not None or result.answered is False
