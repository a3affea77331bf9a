"""
What befalls the processes: kill -9 and SIGSTOP, at random, of any of them.

After each blow it is measured how long until a webhook is acknowledged
again, and until a call is applied at a target again. Only processes of the
campaign are touched, each by its id.
"""

import itertools
import math
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import override

from bench.campaign.people import Watch
from bench.campaign.stores import Stores
from bench.processes import Processes, children_of, name_of, said

STEADY_S = 6.0
"""A child that ended sooner is brought back later: what is seen while any of
them is younger is not measured."""

STEADY_SHARE = 0.1
"""Of the kills, so many wait until all processes are that old."""

QUICK_SHARE = 0.25
"""Of the blows, so many follow without waiting for the recovery."""

GIVE_UP_S = 90.0
"""For a recovery that is waited for; it counts as that long."""

IN_FLIGHT_S = 0.05
"""What arrives so soon after a blow had been sent before it."""

LONG_S = 17.0
"""Freezes a worker for longer than its supervisor stands."""

SHORT_S = (0.2, 3.0)
LONG_SHARE = 0.05  # of the freezes
FREEZE_SHARE = 0.12  # of all blows

VICTIMS = {
    "web worker": 32,
    "web master": 20,
    "web, all of it": 6,
    "worker": 26,
    "planner": 10,
    "supervisor": 6,
}
"""Who is struck, and how often of a hundred."""

WORKING = ("worker", "planner")
"""Who is killed by the supervisor when frozen for long."""

FAULTS: Sequence[tuple[int, Mapping[str, object]]] = (
    (4, {"fault": "drop_answer_after_apply"}),
    (2, {"fault": "drop_before_apply"}),
    (4, {"fault": "delay", "seconds": 0.4}),
    (2, {"fault": "delay", "seconds": 6}),
    (3, {"fault": "error_after_apply"}),
    (3, {"fault": "error"}),
    (2, {"fault": "error", "status": 500}),
    (2, {"fault": "rate_limit", "seconds": 1}),
    (2, {"fault": "refuse"}),
    (1, {"fault": "truncated"}),
    (1, {"fault": "broken_json"}),
)
CALLS = (
    ("rayo", "create_order"),
    ("rayo", "create_order"),
    ("rayo", "update_delivery"),
    ("rayo", "auth"),
    ("every", "create_order"),
    ("every", "update_order"),
    ("yuju", "set_status"),
)
FAULTS_AT_ONCE = 5
"""After so many, those that met no call are taken back."""

FAULT_EVERY_S = (0.3, 1.5)


@dataclass(slots=True)
class Blows:
    """What was done, and how soon things went on; times in seconds."""

    kills: Counter[str] = field(default_factory=Counter)
    freezes: Counter[str] = field(default_factory=Counter)
    accepted: dict[str, list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    delivered: dict[str, list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def killed(self) -> int:
        """Return how many kills there were."""
        return sum(self.kills.values())


class Serving:
    """Runs `serve`, as a service manager would: what ends is begun again."""

    def __init__(self, processes: Processes, *, workers: int) -> None:
        self._processes = processes
        self._workers = str(workers)
        self._child: subprocess.Popen[bytes] | None = None
        self._leaving = threading.Event()
        self.starts = 0
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def begin(self) -> None:
        """Begin it, and again whenever it ends."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The supervisor, if it runs."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def leave(self) -> None:
        """Begin it no more."""
        self._leaving.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        while not self._leaving.wait(0.1):
            if self.pid is None:
                self._child = self._processes.start(
                    "serve", "--workers", self._workers
                )
                self.starts += 1


def pids(supervisor: int | None) -> dict[str, list[int]]:
    """Return the processes by their part, as far as they live."""
    found: dict[str, list[int]] = defaultdict(list)
    if supervisor is None:
        return found
    found["supervisor"] = [supervisor]
    for child in children_of(supervisor):
        name = name_of(child)
        if name.startswith("bridge-worker"):
            found["worker"].append(child)
        elif name == "bridge-planner":
            found["planner"].append(child)
        elif name == "bridge-web":
            found["web master"].append(child)
            found["web worker"] += children_of(child)
    both = [*found["web worker"], *found["web master"]]
    found["web, all of it"] = both if found["web master"] else []
    return found


def age_of(pid: int) -> float:
    """Return for how many seconds a process has run; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        started = int(text.rsplit(")", 1)[1].split()[19])
    except (OSError, IndexError):
        return 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / ticks


class Chaos:
    """Strikes, one blow after the other, and measures."""

    def __init__(
        self,
        serving: Serving,
        stores: Stores,
        watch: Watch,
        *,
        seed: int,
        steady: float = STEADY_SHARE,
    ) -> None:
        self._steady = steady
        self._serving = serving
        self._stores = stores
        self._watch = watch
        self._dice = random.Random(seed)
        self.blows = Blows()

    def strike(self) -> None:
        """Strike once; wait for the recovery, but for some of the blows."""
        part = self._drawn()
        if self._dice.random() < self._steady:
            waited(time.monotonic(), self._is_steady, GIVE_UP_S)
        chosen = self._found(part)
        if not chosen:
            return
        if part == "worker":
            chosen = [self._dice.choice(chosen)]
        if self._dice.random() < FREEZE_SHARE:
            self._freeze(part, chosen)
        else:
            self._kill(part, chosen)
        time.sleep(self._dice.uniform(0.05, 0.6))

    def _drawn(self) -> str:
        (part,) = self._dice.choices([*VICTIMS], weights=[*VICTIMS.values()])
        return part

    def _found(self, part: str) -> list[int]:
        """Return the victims, waiting for them when they are to come back."""
        ends = time.monotonic() + GIVE_UP_S
        while not (chosen := pids(self._serving.pid)[part]):
            if time.monotonic() > ends:
                break
            time.sleep(0.05)
        return chosen

    def _is_steady(self) -> bool:
        """Return whether all processes are there, and for long enough."""
        found = pids(self._serving.pid)
        parts = (*WORKING, "web master", "web worker")
        return all(found[part] for part in parts) and all(
            age_of(pid) > STEADY_S for ids in found.values() for pid in ids
        )

    def _kill(self, part: str, chosen: list[int]) -> None:
        before, steady = pids(self._serving.pid), self._is_steady()
        at = time.monotonic()
        for pid in chosen:
            send(pid, signal.SIGKILL)
        self.blows.kills[part] += 1
        if steady or self._dice.random() >= QUICK_SHARE:
            self._await_recovery(part, at, before, measured=steady)

    def _freeze(self, part: str, chosen: list[int]) -> None:
        is_long = part in WORKING and self._dice.random() < LONG_SHARE * 3
        seconds = LONG_S if is_long else self._dice.uniform(*SHORT_S)
        at = time.monotonic()
        born = {pid: age_of(pid) - at for pid in chosen}
        for pid in chosen:
            send(pid, signal.SIGSTOP)
        waking = threading.Timer(seconds, _wake, [born])
        waking.start()
        length = "long" if is_long else "short"
        self.blows.freezes[f"{part}, {length}"] += 1
        self._await_recovery(f"{part} frozen, {length}", at)
        waking.join()

    def _await_recovery(
        self,
        part: str,
        at: float,
        before: Mapping[str, Sequence[int]] | None = None,
        *,
        measured: bool = True,
    ) -> None:
        """
        Measure from *at* on; of what was killed, only its successor counts.

        The web process of a killed supervisor still answers for a while.
        Nothing is known of a time in which the stores were held back.
        """
        web = worker = at
        if before is not None and part not in WORKING:
            web = self._succeeded("web worker", before)
        if before is not None and part in {*WORKING, "supervisor"}:
            worker = max(
                self._succeeded(one, before)
                for one in WORKING
                if part in {one, "supervisor"}
            )
        accepted = waited(
            at,
            lambda: self._stores.is_held or self._stores.taken_begun_at > web,
            GIVE_UP_S,
        )
        held = self._stores.is_held and self._stores.taken_begun_at <= web
        delivered = waited(
            at, lambda: self._delivered_since(worker), GIVE_UP_S
        )
        if not measured:
            return
        if not held:
            self.blows.accepted[part].append(accepted)
        self.blows.delivered[part].append(delivered)

    def _succeeded(
        self, part: str, before: Mapping[str, Sequence[int]]
    ) -> float:
        """Return when another process was seen in the place of one."""
        old = set(before[part])
        ends = time.monotonic() + GIVE_UP_S
        while time.monotonic() < ends:
            now = pids(self._serving.pid)[part]
            if now and not old.intersection(now):
                break
            time.sleep(0.005)
        return time.monotonic()

    def _delivered_since(self, at: float) -> bool:
        self._watch.catch_up()
        return self._watch.newest_applied_t > (at + IN_FLIGHT_S) * 1000


class Troubles(threading.Thread):
    """Tells the sandbox to fail, a little all the time, until it is over."""

    def __init__(
        self,
        port: int,
        *,
        seed: int,
        every_s: tuple[float, float] = FAULT_EVERY_S,
    ) -> None:
        super().__init__(daemon=True, name="troubles")
        self._port = port
        self._every_s = every_s
        self._dice = random.Random(seed)
        self._over = threading.Event()

    def over(self) -> None:
        """Tell it to fail no more."""
        self._over.set()
        self.join()
        said(self._port, "/sandbox/faults", method="DELETE")

    @override
    def run(self) -> None:
        for number in itertools.count(1):
            if self._over.wait(self._dice.uniform(*self._every_s)):
                return
            if number % FAULTS_AT_ONCE == 0:
                # Else they pile up where few calls are made, and a target
                # that is asked whether it is back never would be.
                with suppress(OSError):
                    said(self._port, "/sandbox/faults", method="DELETE")
            weights = [weight for weight, _ in FAULTS]
            ((_, fault),) = self._dice.choices(FAULTS, weights=weights)
            api, operation = self._dice.choice(CALLS)
            told = {
                "api": api,
                "operation": operation,
                "times": self._dice.choice((1, 1, 1, 2)),
                **fault,
            }
            with suppress(OSError):
                said(self._port, "/sandbox/faults", told)


def _wake(born: Mapping[int, float]) -> None:
    """Let frozen processes go on; another one may have the number by now."""
    for pid, since in born.items():
        if abs(age_of(pid) - time.monotonic() - since) < 0.5:
            send(pid, signal.SIGCONT)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to one process; it may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def waited(since: float, holds: Callable[[], bool], most: float) -> float:
    """Return how many seconds after *since* it came to hold."""
    while not holds():
        if time.monotonic() - since > most:
            return math.inf
        time.sleep(0.01)
    return time.monotonic() - since
