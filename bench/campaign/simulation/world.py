"""
One life: processes, network, targets and shops under one clock and one die.

The scheduler draws at each step who goes on, or that time passes. A process
is built anew after each crash from what is on disk, and from nothing else.
"""

import hashlib
import heapq
import random
import shutil
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from typing_extensions import override

from bench.campaign.simulation import disk, stage
from bench.campaign.simulation.disk import SimulatedJournal
from bench.campaign.simulation.faults import Kind, Luck, Plan
from bench.campaign.simulation.shops import (
    EPOCH,
    Hook,
    Order,
    Version,
    hook,
    next_version,
    placed,
    sendings,
)
from bench.campaign.simulation.sites import Asked, Site, sites
from bench.campaign.simulation.stage import NOTHING, Answered
from bench.campaign.simulation.strands import (
    NEVER,
    AtTheDoor,
    Clock,
    Crash,
    Process,
    Strand,
    Strands,
    Threads,
    Turn,
)
from bench.campaign.simulation.wire import Network
from bridge.compose import SteadyClock
from bridge.delivering import Deliverer
from bridge.first_bytes import FirstBytes
from bridge.journal.protocol import Claim, Journal, Unwritten
from bridge.lists import Lists
from bridge.mapping.catalog import Catalog
from bridge.model import (
    MINUTE,
    SECOND,
    WHOLE,
    DeliveryId,
    Instant,
    Millis,
    Part,
)
from bridge.observe import Scalar
from bridge.planner import Live, Planner
from bridge.preflights import Answers
from bridge.pruner import Pruner
from bridge.sender import Sender
from bridge.worker import FAULT_S, Worker

K = Kind
T = TypeVar("T")

DAY_MS = 86_400_000
LEASE_MS = 40_000
WORKERS = (1, 2, 2)
PLANNER = -1  # in the place of a worker's number
APART_SHARE = 0.5
"""Of the lives in which one process plans, and others send."""

WORKING = ("worker", "planner")
"""How the processes that may freeze are called."""

"""So many processes plan and send."""

LOOKS_MS = (20, 100, 400)
"""How long until an idle worker notices that somebody committed: 20 where it
gets its time (`LOOK_S`), longer where it does not."""

LONGEST_REST_MS = 600_000
"""An idle worker looks about at least so often, in simulated time: by then
it has found nothing to do many times."""

HELD_UP_MS = (0, 0, 0, 5, 40, 250)
"""So long a strand that is overtaken gets no time."""

PLAN_LATE_MS = 400
"""So long a plan that was made waits for a commit of others to be kept."""


class _NoPlanner:
    """Planning has a strand of its own, as in the worker's own loop."""

    def run_once(self) -> int:
        return 0


class Ahead(FirstBytes):
    """
    A slot's page of memory, which outlives its processes.

    Args:
        page: what stands there; emptied when the machine goes down.
    """

    def __init__(self, page: set[tuple[DeliveryId, int]]) -> None:
        self._page = page

    @override
    def ahead(self, claim: Claim) -> Callable[[], None]:
        told = (claim.delivery.id, claim.delivery.fence)
        self._page.add(told)
        return partial(self._page.discard, told)

    @override
    def unwritten(self) -> Unwritten:
        return frozenset(self._page)

    @override
    def forget(self) -> None:
        self._page.clear()

    @override
    def close(self) -> None:
        self._page.clear()


class Web:
    """The web process: a journal and nothing that it remembers."""

    def __init__(self, world: "World") -> None:
        self.process = Process("web")
        self.journal = world.parts.journal(
            world.file, Disk(world, self.process, is_web=True)
        )


class Working:
    """
    One worker process, as `compose.worker` puts it together.

    Attributes:
        watches: it has read its files, and is told when they change.
    """

    watches = False

    def __init__(
        self, world: "World", slot: int, does: frozenset[Part]
    ) -> None:
        name = "planner" if slot == PLANNER else f"worker{slot}"
        self.process = Process(name)
        self._world = world
        self._does = does
        self.journal = world.parts.journal(
            world.file, Disk(world, self.process, is_web=False)
        )
        self._senders: dict[str, Sender] = {}
        parts = world.parts
        first_bytes = Ahead(world.pages[slot])
        self.planner = parts.planner(
            self.journal,
            live=world.live,
            version=world.version,
            now=world.steady,
        )
        deliverer = parts.deliverer(
            journal=self.journal,
            live=world.live,
            senders=self.sender,
            now=world.steady,
            monotonic=world.clock.seconds,
            dice=world.dice.random,
            answers=Answers(world.clock.seconds),
            lists=Lists(world.clock.seconds, partial(Turn, world.strands)),
            first_bytes=first_bytes,
        )
        planner: Any = _NoPlanner()
        self.worker = Worker(
            journal=self.journal,
            planner=planner,
            deliverer=deliverer,
            targets=lambda: stage.files().targets,
            problems=list,
            owner=f"host/{slot}",
            now=world.steady,
            monotonic=world.clock.seconds,
            threads=Threads(world.strands, self.process),
            parts=does,
            first_bytes=first_bytes,
            prune=Pruner(self.journal, world.retention).step,
        )

    def start(self) -> None:
        """Let the process begin, as `compose` and `run` do."""
        self._world.strands.start(self.process, "main", self._main)

    def _main(self) -> None:
        for target in stage.files().targets.values():
            while not self._safely(
                partial(self._pin, target.name, target.host)
            ):
                self._rest(int(FAULT_S * 1_000))
        self._read_files()
        while not self._safely(self._begin):
            self._rest(int(FAULT_S * 1_000))
        world = self._world
        if Part.PLANS in self._does:
            world.strands.start(
                self.process,
                "plan",
                lambda: self._loop(self.planner.run_once, world.planning_due),
            )
        self._loop(self.worker.step, world.sending_due)

    def _read_files(self) -> None:
        """Take the files as they are now, also if they change meanwhile."""
        taken = Catalog()
        while self._world.reloads and taken is not self._world.files_catalog:
            found = self._world.files_catalog
            if self._safely(partial(self.switch, taken, found)):
                taken = found
            else:
                self._rest(int(FAULT_S * 1_000))
        self.watches = True

    def _pin(self, name: str, host: str) -> int:
        self.journal.pin_target(name, host)
        return 1

    def switch(self, before: Catalog, after: Catalog) -> int:
        """Take other mappings, as `compose.FilesInForce` does."""
        news = {
            name
            for name, mapping in after.mappings.items()
            if self.journal.put_in_force(
                name, mapping.hash, mapping.text, self._world.steady()
            )
        }
        self._world.use(after)
        for name, mapping in after.mappings.items():
            known = before.mapping(name)
            edited = known is not None and known.hash != mapping.hash
            if edited or name in news:
                self.journal.render_anew(name, self._world.steady())
        return 1

    def _begin(self) -> int:
        self.worker.begin()
        return 1

    def _loop(
        self, work: Callable[[], int], next_due: Callable[[], int]
    ) -> None:
        idle = 0
        while True:
            seen = self._world.commits
            found = self._safely(work)
            if found:
                idle = 0
                self._world.pause()
                continue
            idle += 1
            due = self._next_due(idle)
            self._world.pause(
                due,
                least=self._world.dice.choice(LOOKS_MS),
                due=partial(self._told, seen, next_due),
            )

    def _told(self, seen: int, next_due: Callable[[], int]) -> int:
        """Return when a commit of others gives it something to do."""
        return NEVER if self._world.commits == seen else next_due()

    def _next_due(self, idle: int) -> int:
        """Return when to look about again, in true milliseconds."""
        now = self._world.now
        rest: int = min(1_000 * 8 ** min(idle, 4), LONGEST_REST_MS)
        try:
            due = self.journal.next_due(self._world.steady())
        except Exception:  # noqa: BLE001  the disk fails: look again soon
            due = None
        if due is None:
            return now + rest
        return now + max(1, min(rest, int(due) - self._world.steady()))

    def _safely(self, work: Callable[[], int]) -> int:
        """Do *work* as the worker's own loop does: what fails is retried."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001  as `Worker` does
            self._world.tell("fault", self.process, type(error).__name__)
            self._rest(int(FAULT_S * 1_000))
            return 0

    def _rest(self, ms: int) -> None:
        self._world.pause(self._world.now + ms)

    def sender(self, name: str) -> Sender:
        """Return the sender of a target, made when first asked for."""
        sender = self._senders.get(name)
        if sender is None:
            world = self._world
            sender = Sender(
                stage.files().targets[name],
                now=world.wall,
                monotonic=world.clock.seconds,
                verify=stage.tls(),
                network=Network(world, stage.files().hosts),
            )
            # Held over a token's exchange: the strands take turns.
            turn: Any = Turn(world.strands)
            sender._tokens.lock = turn  # noqa: SLF001
            self._senders[name] = sender
        return sender


class Disk:
    """What one process meets at the journal's disk."""

    def __init__(
        self, world: "World", process: Process, *, is_web: bool
    ) -> None:
        self._world = world
        self._process = process
        self._is_web = is_web

    def between(self) -> None:
        """No transaction is open: another strand may go on here."""
        self._mind_crash()
        self._world.maybe_pause()

    def planned(self) -> None:
        """A plan was made, and is about to be kept: much may come between."""
        world = self._world
        if world.strands.current is None or not world.luck.may(K.PLAN_LATE):
            return
        seen = world.commits
        world.pause(world.now + PLAN_LATE_MS, lambda: world.commits != seen)
        if world.commits != seen:
            world.luck.hit(K.PLAN_LATE)

    def statement(self, name: str) -> str | None:
        """A statement is about to run; return how it fails, if it does."""
        self._mind_crash()
        world = self._world
        if world.strands.current is None:
            return None
        crash = (
            K.WEB_CRASH_BEFORE_COMMIT if self._is_web else K.CRASH_STATEMENT
        )
        world.point(name, crash)
        return world.disk_fault(name)

    def intended(self, delivery: int, number: int) -> None:
        """An attempt was opened by the strand that runs."""
        strand = self._world.strands.current
        if strand is not None:
            self._world.intents[delivery, number] = strand.number

    def committed(self, *, changed: bool) -> None:
        """A commit is durable, and its verb has not returned."""
        self._world.commits += changed
        if changed:
            self._world.last_change = self._world.points + 1
        crash = K.WEB_CRASH_AFTER_COMMIT if self._is_web else K.CRASH_COMMIT
        self._world.point("committed", crash)

    def _mind_crash(self) -> None:
        if self._process.dead and self._world.strands.current is not None:
            raise Crash


RETENTIONS = (None, Millis(3 * SECOND), Millis(MINUTE))
"""Some lives keep all; in others webhooks come when all is pruned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a life is made of; a test puts something broken in its place."""

    journal: type[SimulatedJournal] = SimulatedJournal
    planner: Callable[..., Planner] = Planner
    deliverer: Callable[..., Deliverer] = Deliverer


class World:
    """
    One life.

    Args:
        steps: how many turns of the scheduler the faults last.
        keep: whether the lines of the trace are kept.

    Attributes:
        unsent: webhooks that are not acknowledged yet.
        last_change: the last point at which anything was written.
        reloads: workers read the mappings when they start.
    """

    unsent = 0
    steps = 0
    points = 0
    commits = 0
    crashes = 0
    crashes_in_sending = 0
    last_change = 0
    reloads = False
    _order = 0
    _requests = 0
    _is_down = False
    _boots = 0
    _booted_at = 0
    _looked_at = -1
    _ahead = (True, True, 0)

    def __init__(
        self,
        seed: int,
        plan: Plan,
        *,
        keep: bool = False,
        parts: Parts | None = None,
    ) -> None:
        self.seed = seed
        self.plan = plan
        self.parts = parts or Parts()
        self.dice = random.Random(f"life {seed}")
        self.luck = Luck(self.dice, plan)
        self.clock = Clock(EPOCH)
        self.strands = Strands(self.clock)
        self.sites: Mapping[str, Site] = sites(self.uuid, self.clock.true)
        self.outside = Process("outside")
        self.folder = disk.folder()
        self.file = disk.File(self.folder / "journal.db")
        self.orders: list[Order] = []
        self.acked: list[tuple[Hook, int]] = []
        self.intents: dict[tuple[int, int], int] = {}
        self.sent: dict[int, list[int]] = {}
        self.lines: list[str] | None = [] if keep else None
        self.points_seen: list[str] | None = None
        self._hash = hashlib.blake2b(digest_size=16)
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self.files_catalog = stage.files().catalog
        self._catalog = self.files_catalog
        self.web: Web | None = None
        self.workers: dict[int, Working] = {}
        self.pages: defaultdict[int, set[tuple[DeliveryId, int]]] = (
            defaultdict(set)
        )
        # Of its own dice: the lives of before are the same ones.
        self.retention = random.Random(f"retention {seed}").choice(RETENTIONS)
        self._slots = self._drawn_slots()
        self.script: Callable[[str, Asked], Kind | None] = _no_script

    def _drawn_slots(self) -> Mapping[int, frozenset[Part]]:
        """Return which processes there are, and what each of them does."""
        workers = range(self.plan.workers or self.dice.choice(WORKERS))
        # Of its own dice, too.
        apart = random.Random(f"apart {self.seed}").random() < APART_SHARE
        if (self.plan.apart is None and apart) or self.plan.apart:
            sends = frozenset({Part.SENDS})
            return {PLANNER: WHOLE - sends} | dict.fromkeys(workers, sends)
        return dict.fromkeys(workers, WHOLE)

    # -- values that the parts are given

    @property
    def now(self) -> int:
        """True milliseconds since it began."""
        return self.clock.ms

    def wall(self) -> Instant:
        """Return what the wall clock of the bridge's host shows."""
        return Instant(self.clock.wall())

    def steady(self) -> Instant:
        """Return the time by which the bridge keeps what it keeps."""
        return self._steady()

    def _boot(self, *, again: bool) -> None:
        """
        Let the clock begin that `serve` agrees on.

        Args:
            again: the machine was started anew, not `serve` alone.
        """
        if again:
            self._boots += 1
            self._booted_at = self.now
            for page in self.pages.values():
                page.clear()
        booted_at = self._booted_at
        self._steady = SteadyClock(
            f"boot-{self._boots}",
            since_boot=lambda: self.now - booted_at,
            wall=self.clock.wall,
        )
        self._steady.agree(self.journal, move=True)

    def uuid(self) -> str:
        """Return a UUID drawn from the seed."""
        return str(uuid.UUID(int=self.dice.getrandbits(128)))

    def live(self) -> Live:
        """Return what planning needs."""
        return Live(stores=stage.files().stores, catalog=self._catalog)

    def version(self, hash: str) -> Any:
        """Return the mapping of that hash."""
        found = [
            mapping
            for mapping in stage.files().catalog.mappings.values()
            if mapping.hash == hash
        ]
        return found[0] if found else self._catalog_version(hash)

    def _catalog_version(self, hash: str) -> Any:
        found = [m for m in self._catalog.mappings.values() if m.hash == hash]
        return found[0] if found else None

    def next_request(self) -> int:
        """Return the number of the next request, noting whose it is."""
        self._requests += 1
        if self.strands.current is not None:
            strand = self.strands.current.number
            self.sent.setdefault(strand, []).append(self._requests)
        return self._requests

    def scripted(self, site: str, asked: Asked) -> Kind | None:
        """Return what a scenario wants to become of a request."""
        self._cancel_now(self.sites[site].created(asked))
        return self.script(site, asked)

    def _cancel_now(self, key: str | None) -> None:
        """Cancel what is to be cancelled while its create is under way."""
        for order in self.orders:
            if key == order.key and order.cancels:
                order.cancels = False
                cancel = next_version(order, "cancel", cancelled=True)
                self.tell_of(order, cancel, after=self.dice.randint(0, 20))
                self._return(order)

    def _return(self, order: Order) -> None:
        after = order.returns_after
        if after is None:
            return
        back = next_version(order, "pay", cancelled=False)
        self.luck.hit(K.COMES_BACK)
        self.tell_of(order, back, after=after)

    # -- trace

    def tell(self, *words: object) -> None:
        """Write a line of the trace."""
        line = f"{self.clock.ms} {' '.join(map(str, words))}"
        self._hash.update(line.encode())
        if self.lines is not None:
            self.lines.append(line)

    def observed(self, name: str, fields: Mapping[str, Scalar]) -> None:
        """Write what the bridge says of itself into the trace."""
        self.tell("said", name, *(f"{k}={v}" for k, v in fields.items()))

    @property
    def digest(self) -> str:
        """What tells this trace from any other."""
        return self._hash.hexdigest()

    # -- where strands stand

    def at(self, ms: int, what: Callable[[], None]) -> None:
        """Let something happen at a time."""
        self._order += 1
        heapq.heappush(self._heap, (ms, self._order, what))

    def pause(
        self,
        until: int = 0,
        woken: Callable[[], bool] | None = None,
        least: int = 0,
        due: Callable[[], int] | None = None,
    ) -> None:
        """
        Let others go on.

        Args:
            least: milliseconds that pass before it is *woken*.
            due: in place of *woken*, gives when it is.
        """
        self._maybe_freeze()
        self.strands.pause(until, woken, least, due)

    def maybe_pause(self) -> None:
        """Let others go on, now and then: a switch costs time."""
        if self.strands.current is not None and self.dice.random() < 0.25:
            self.pause(self.now + self.dice.choice(HELD_UP_MS))

    def aside(self, look: Callable[[], T]) -> T:
        """Look at the journal as nobody in particular: nothing strikes."""
        strand, self.strands.current = self.strands.current, None
        try:
            return look()
        finally:
            self.strands.current = strand

    # -- what is ahead, as whoever looks at the journal would see it

    def planning_due(self) -> int:
        """Return when there may be something to plan."""
        plans, _sends, more = self._look_ahead()
        return 0 if plans else more

    def sending_due(self) -> int:
        """Return when there may be something to send, or a lost lease."""
        _plans, sends, more = self._look_ahead()
        return 0 if sends else more

    def _look_ahead(self) -> tuple[bool, bool, int]:
        if self._looked_at != self.commits:
            plans, sends, due = self.file.ahead(self.steady())
            more = NEVER if due is None else self.now + due - self.steady()
            self._ahead = plans, sends, more
            self._looked_at = self.commits
        return self._ahead

    def point(self, name: str, crash: Kind) -> None:
        """
        A place where the process may die.

        Raises:
            Crash: it does.
        """
        strand = self.strands.current
        if strand is None:
            return
        process = strand.process
        if process.dead:
            raise Crash
        self.points += 1
        line = f"{self.clock.ms} {self.points} {process.name} {name}"
        self._hash.update(line.encode())
        if self.lines is not None:
            self.lines.append(line)
        if self.points_seen is not None:
            self.points_seen.append(f"{process} {name}")
        struck = self.points == self.plan.crash_at
        if struck or self.luck.strikes(crash):
            self._crash(process, crash)

    def _crash(self, process: Process, kind: Kind) -> None:
        self.tell("CRASH", process, kind)
        self.crashes += 1
        strand = self.strands.current
        sent = strand is not None and strand.name == "call"
        self.crashes_in_sending += sent
        process.dead = True
        self.at(self.now, lambda: self._buried(process))
        raise Crash

    def _maybe_freeze(self) -> None:
        strand = self.strands.current
        if strand is None or not strand.process.name.startswith(WORKING):
            return
        if strand.process.dead or strand.process.frozen_until > self.now:
            return
        if self.luck.strikes(K.FREEZE):
            span = LEASE_MS + self.dice.randint(100, 40_000)
            strand.process.frozen_until = self.now + span
            self.tell("FREEZE", strand.process, span)

    def disk_fault(self, name: str) -> str | None:
        """Return how a statement fails, if it does."""
        if self.luck.is_over:
            return None
        kinds = _DISK_KINDS.get(name.partition(" ")[0], _OF_STATEMENTS)
        if name == "BEGIN IMMEDIATE":
            kinds = (K.BUSY,)
        kind = self.luck.among(*kinds)
        if kind is None:
            return None
        self.tell("DISK", name, kind)
        return _FAILURES[kind]

    # -- processes

    def begin(self) -> None:
        """Make the journal, start all processes, let the shops begin."""
        disk.new_file(self.file.path)
        self._open()
        self._boot(again=True)
        for name, mapping in stage.files().catalog.mappings.items():
            self.journal.put_in_force(
                name, mapping.hash, mapping.text, self.steady()
            )
        self._start_web()
        for slot in self._slots:
            self._start_worker(slot)

    def _open(self) -> None:
        """Open the journal for whoever looks from outside."""
        self.journal = SimulatedJournal(
            self.file, Disk(self, self.outside, is_web=True)
        )

    def _start_web(self) -> None:
        self.web = Web(self)
        stage.BEHIND.journal = self.web.journal
        stage.BEHIND.now = self.steady
        stage.open_door(
            AtTheDoor(self.strands, self.web.process), self.clock.seconds
        )

    def _start_worker(self, slot: int) -> None:
        working = Working(self, slot, self._slots[slot])
        self.workers[slot] = working
        working.start()

    def _buried(self, process: Process) -> None:
        """End what is left of a dead process, and start its successor."""
        self.strands.unwind(process)
        after = self.dice.choice((50, 500, 2_000))
        if process is (self.web and self.web.process):
            self.web = None
            self.at(self.now + after, self._start_web_again)
            return
        for slot, working in list(self.workers.items()):
            if working.process is process:
                del self.workers[slot]
                if self.dice.random() < 0.2:
                    after = LEASE_MS + 20_000
                self.at(self.now + after, partial(self._start_again, slot))

    def _start_web_again(self) -> None:
        if self.web is None and not self._is_down:
            self._start_web()

    def _start_again(self, slot: int) -> None:
        if slot not in self.workers and not self._is_down:
            self._start_worker(slot)

    def kill(self, processes: list[Process]) -> None:
        """End processes where they stand."""
        for process in processes:
            process.dead = True
            self.strands.unwind(process)

    def restart_all(self, *, error: int) -> None:
        """
        End everything, unless it is down; start it with the clock set.

        Args:
            error: what the wall clock will show too much, milliseconds.
        """
        if self._is_down:
            return
        self._is_down = True
        processes = [working.process for working in self.workers.values()]
        if self.web is not None:
            processes.append(self.web.process)
        self.kill(processes)
        self.web = None
        self.workers.clear()
        self.file.close()
        self._open()
        # A machine that starts with another time was down for a while.
        down = 60_000 if error != self.clock.error else 1_500
        self.tell("RESTART", down, error)

        def again() -> None:
            self.clock.error = error
            self._boot(again=self.dice.random() < 0.5)
            self._is_down = False
            self._start_web_again()
            for slot in self._slots:
                self._start_again(slot)

        self.at(self.now + down, again)

    # -- from outside

    def ask(self, work: Callable[[], Answered]) -> Answered:
        """Ask the web process, from a strand outside of it."""
        if self.web is None:
            return NOTHING
        answers: list[Answered] = []
        strand = self.strands.start(
            self.web.process, "request", lambda: answers.append(work())
        )
        while not strand.over:
            self.strands.pause(NEVER, lambda: strand.over)
        return answers[0] if answers else NOTHING

    def outsider(self, name: str, work: Callable[[], object]) -> Strand:
        """Let somebody outside act."""
        return self.strands.start(self.outside, name, work)

    # -- shops

    def open_shops(self) -> None:
        """Place the orders, and let their webhooks set out."""
        for number in range(1, self.plan.orders + 1):
            order = placed(number, self.luck)
            self.tell("order", order.store, order.key, len(order.versions))
            self.sell(order, begins=self.dice.randint(0, 3_000))

    def sell(self, order: Order, *, begins: int) -> None:
        """Let one order live."""
        self.orders.append(order)
        if order.store in {"chocolate-co", "calzado-co"}:
            late = self.luck.strikes(K.IMPORT_LATE)
            delay = self.dice.randint(20_000, 300_000) if late else 0
            self.at(self.now + begins + delay, lambda: self._import(order))
        for sending in sendings(order, self.luck, begins=self.now + begins):
            self.unsent += 1
            self.at(
                sending.at,
                partial(self._set_out, sending.hook),
            )

    def tell_of(
        self, order: Order, version: Version, *, after: int = 0
    ) -> None:
        """Let the webhook of a version set out, *after* milliseconds."""
        self.unsent += 1
        told = hook(
            order, version, webhook_id=f"now-{order.key}-{version.number}"
        )
        self.at(self.now + after, lambda: self._set_out(told))

    def _set_out(self, hook: Hook) -> None:
        self.outsider("shop", lambda: self._deliver(hook))

    def _deliver(self, hook: Hook) -> None:
        """Send one webhook until it is taken."""
        while True:
            answer = self.ask(lambda: stage.webhook(hook))
            self.tell("hook", hook.order.key, hook.version.number, hook.topic,
                      answer.status)  # fmt: skip
            if answer.status == 200:
                break
            self.pause(self.now + self.dice.choice((500, 5_000, 60_000)))
        self.unsent -= 1
        self.acked.append((hook, self.now))
        self._note_cancel(hook)

    def _note_cancel(self, hook: Hook) -> None:
        """Count a cancel that really came while the create was under way."""
        if hook.version.facts.cancelled:
            for site in self.sites.values():
                began, ends = site.creating.get(hook.order.key, (0, -1))
                if began <= self.now <= ends:
                    self.luck.hit(K.CANCEL_DURING)

    def _import(self, order: Order) -> None:
        """Every imports the order from the shop by itself."""
        site = self.sites["every-co"]
        simulator: Any = site.simulator
        reference = (
            {"referenceGid": f"gid://shopify/Order/{order.id}"}
            if order.store == "chocolate-co"
            else {"referenceId": order.key}
        )
        made = simulator.add(reference, now=self.clock.true())
        site.references[made["name"].split("/")[-1]] = order.key

    # -- the scheduler

    def step(self) -> bool:
        """
        Let one strand go on, or time pass; return whether anything could.
        """
        self.steps += 1
        self._happen()
        ready, wakes = self.strands.ready()
        if ready and self.dice.random() >= 0.03:
            self.clock.ms += self.dice.choice((0, 0, 1, 2))
            strand = ready[self.dice.randrange(len(ready))]
            self.strands.resume(strand)
            return True
        return self._pass_time(wakes, busy=bool(ready))

    def _happen(self) -> None:
        while self._heap and self._heap[0][0] <= self.clock.ms:
            _at, _order, what = heapq.heappop(self._heap)
            what()

    def _pass_time(self, wakes: int, *, busy: bool) -> bool:
        coming = min(self._heap[0][0] if self._heap else NEVER, wakes)
        if busy:
            coming = min(coming, self.clock.ms + self.dice.randint(1, 300))
        if coming >= NEVER:
            return False
        self.clock.ms = max(self.clock.ms + 1, coming)
        return True

    def use(self, catalog: Catalog) -> None:
        """Switch to other mappings, as the worker does on a reload."""
        self._catalog = catalog

    # -- its end

    def close(self) -> None:
        """End all threads, close and remove the files."""
        for strand in list(self.strands.alive):
            strand.process.dead = True
        for process in {s.process for s in self.strands.alive}:
            self.strands.unwind(process)
        self.strands.close()
        self.file.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _no_script(_site: str, _asked: Asked) -> None:
    return None


_OF_STATEMENTS = (K.FULL, K.IO_ERROR)
_DISK_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "BEGIN": (),
    "SAVEPOINT": (),
    "RELEASE": (),
    "ROLLBACK": (),
    "PRAGMA": (),
    "COMMIT": (K.COMMIT_FAILS,),
}
_FAILURES: Mapping[Kind, str] = {
    K.BUSY: "database is locked",
    K.FULL: "database or disk is full",
    K.IO_ERROR: "disk I/O error",
    K.COMMIT_FAILS: "disk I/O error",
}

__all__ = ["Journal", "Parts", "World"]
