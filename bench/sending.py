"""
What it costs to deliver, against yardsticks of the same run.

    python -m bench.sending [--quick] [--rounds 5] [--orders 3000]

- delivered a second, from the first webhook sent to the last result
  recorded, everything running, against a Flask route that calls the target
  inline (`bench.inline`) under the same load;
- CPU of planner and worker for each delivery, against that of a bare
  `httpx.Client` that posts a body to the same server;
- delivered a second at a target that takes 300 ms, with 32 calls at once,
  against the 32 / 0.3 s that are possible;
- the time from a webhook's sending to the request at the target, of orders
  that come one by one to an idle system, and what idling costs;
- how fast a backlog is worked off, against an empty system;
- the memory of all processes, after half of the events and after all.

Rounds alternate between ours and the yardsticks; medians are shown.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from bench.load import Orders, connected
from bench.one import run_alone
from bench.processes import (
    ROOT,
    Processes,
    bench_files,
    children_of,
    free_port,
    name_of,
    status_of,
    wait_for,
)
from bench.taking import machine, pss

WEBHOOKS, INLINE = "/webhooks/bench", "/inline"
PARALLEL = 32
SLOW_MS = 300

Found = dict[str, Any]
_orders = count(1_000_000, 1_000_000)


RESTING_S = 0.01
"""So much of a second a worker takes at most that has nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """
    How much is measured.

    Args:
        orders: of one round.
        singles: orders that come one by one.
        backlog: orders that wait when the worker comes back.
        events: worked off before the memory is looked at for the second
            time; the first is after the backlog.
    """

    rounds: int = 5
    orders: int = 3_000
    singles: int = 300
    backlog: int = 100_000
    events: int = 200_000


QUICK = Dose(rounds=2, orders=600, singles=40, backlog=3_000, events=4_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A bridge and its target."""

    processes: Processes
    web: int
    planner: int
    worker: int

    @property
    def by_name(self) -> dict[str, int]:
        """The processes that work, by what they are called."""
        return {
            "web": self.web, "planner": self.planner, "worker": self.worker,
        }  # fmt: skip

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds of each, its children's included."""
        return {name: _cpu_s(pid) for name, pid in self.by_name.items()}

    def memory_mb(self) -> dict[str, float]:
        """Return the proportional memory of each, its children's included."""
        return {
            name: round(sum(map(pss, [pid, *children_of(pid)])), 1)
            for name, pid in self.by_name.items()
        }

    def load(self, path: str, port: int, orders: int) -> float:
        """Send new orders as fast as answers come; return the seconds."""
        made = subprocess.run(
            [
                sys.executable,
                "-m",
                "bench.load",
                str(port),
                path,
                f"--orders={orders}",
                f"--first={next(_orders)}",
                "--seconds=600",
            ],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        found = json.loads(made.stdout)
        if found["others"]:
            message = f"{found['others']} webhooks were not taken"
            raise RuntimeError(message)
        return orders / float(found["per_second"])

    def delivered(self) -> int:
        """Return how many deliveries have succeeded."""
        return self.processes.counts().get("succeeded", 0)

    def until(self, delivered: int, *, seconds: float = 900) -> None:
        """Wait until so many have succeeded."""
        wait_for(lambda: self.delivered() >= delivered, seconds=seconds)


@contextmanager
def running(folder: Path, *, delay_ms: float = 0) -> Iterator[Running]:
    """Run a bridge in *folder*, against a target that only answers."""
    folder.mkdir(parents=True)
    processes = Processes(
        folder, files=partial(bench_files, parallel=PARALLEL)
    )
    try:
        processes.start_target(fast=True, delay_ms=delay_ms)
        bridge = processes.start_bridge()
        yield Running(
            processes=processes,
            web=_child(bridge.pid, "web"),
            planner=_child(bridge.pid, "planner"),
            worker=_child(bridge.pid, "worker"),
        )
    finally:
        processes.stop()


@contextmanager
def inline(target_port: int) -> Iterator[int]:
    """Run the yardstick of tutorials; yield its port."""
    port = free_port()
    url = f"http://127.0.0.1:{target_port}/rayo/api/rest/orders"
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.inline", str(port), url], cwd=ROOT
    )
    try:
        wait_for(lambda: status_of(port, "/none") == 404)
        yield port
    finally:
        process.terminate()
        process.wait()


# --------------------------------------------------------------- measuring


def measure(folder: Path, dose: Dose) -> Found:
    """Return all figures of delivering."""
    with running(folder / "fast") as bridge:
        with inline(bridge.processes.sandbox_port) as port:
            found = _against_inline(bridge, port, dose)
        _let_rest(bridge)
        found["one by one"] = _singles(bridge, dose)
        _let_rest(bridge)
        found["idle"] = _idle(bridge)
        found["backlog"] = _backlog(bridge, dose)
        found["memory_mb"] = _memory(bridge, dose)
    with running(folder / "slow", delay_ms=SLOW_MS) as bridge:
        found["slow target"] = _at_slow_target(bridge, dose)
    return {"machine": machine()} | found


def _against_inline(bridge: Running, port: int, dose: Dose) -> Found:
    ours, theirs, ours_cpu, bare_cpu, bare = [], [], [], [], []
    for _ in range(dose.rounds):
        theirs.append(dose.orders / bridge.load(INLINE, port, dose.orders))
        spent, per_second = _bare(bridge, dose.orders)
        bare_cpu.append(spent)
        bare.append(per_second)
        before, cpu = bridge.delivered(), bridge.cpu_s()
        took = _delivering(bridge, dose.orders, before)
        ours.append(dose.orders / took)
        spent_by = _differences(cpu, bridge.cpu_s())
        ours_cpu.append(
            (spent_by["planner"] + spent_by["worker"]) / dose.orders
        )
    return {
        "delivered": _compared(ours, theirs),
        "cpu_us": _compared(
            [spent * 1e6 for spent in ours_cpu],
            [spent * 1e6 for spent in bare_cpu],
        ),
        "to a bare loop": _compared(ours, bare),
    }


def _delivering(bridge: Running, orders: int, before: int) -> float:
    """Return the seconds from the first webhook to the last result."""
    loading = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "bench.load",
            str(bridge.processes.port),
            WEBHOOKS,
            f"--orders={orders}",
            f"--first={next(_orders)}",
            "--seconds=600",
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    wait_for(lambda: _events(bridge) > 0, seconds=120)
    began = time.perf_counter()
    bridge.until(before + orders)
    took = time.perf_counter() - began
    loading.wait()
    return took


def _events(bridge: Running) -> int:
    counts = bridge.processes.counts()
    states = ("events:stored", "pending", "claimed", "sending")
    return sum(counts.get(state, 0) for state in states)


def _bare(bridge: Running, orders: int) -> tuple[float, float]:
    """Post as many small creates; return CPU seconds each, and per second."""
    body = {
        "productos": [{"identificador": "X", "cantidad": 1}],
        "consumidor_destino": {"nombre": "Ana Prueba", "calle": "Uno"},
    }
    port = bridge.processes.sandbox_port
    url = f"http://127.0.0.1:{port}/rayo/api/rest/orders"
    with httpx.Client(trust_env=False) as client:
        client.post(url, json=body)
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(orders):
            client.post(url, json=body).json()
        spent = (time.process_time() - cpu) / orders
        return spent, orders / (time.perf_counter() - began)


def _singles(bridge: Running, dose: Dose) -> Found:
    """Return the milliseconds from a webhook to the request at the target."""
    first = next(_orders)
    orders = Orders(WEBHOOKS, first)
    sent: dict[int, int] = {}
    connection = connected(bridge.processes.port)
    for number in range(first, first + dose.singles):
        request = orders.take()
        time.sleep(0.05)
        sent[number] = time.monotonic_ns()
        connection.ask(request, 0)
        while not connection.has_answer():
            pass
    time.sleep(1)
    port = bridge.processes.sandbox_port
    times = httpx.get(f"http://127.0.0.1:{port}/times", trust_env=False).json()
    took = sorted(
        (times[str(number)] - at) / 1e6 for number, at in sent.items()
    )
    return {
        "p50_ms": round(took[len(took) // 2], 2),
        "p99_ms": round(took[int(len(took) * 0.99)], 2),
        "max_ms": round(took[-1], 2),
    }


def _let_rest(bridge: Running, most_s: int = 120) -> None:
    """Wait until what came in is packed: the worker has nothing to do."""
    for _ in range(most_s):
        before = bridge.cpu_s()
        time.sleep(1)
        spent = _differences(before, bridge.cpu_s())
        if spent["planner"] + spent["worker"] <= RESTING_S:
            return


def _idle(bridge: Running, seconds: float = 20) -> Found:
    """Return the share of a core that each takes with no work, in %."""
    before = bridge.cpu_s()
    time.sleep(seconds)
    return {
        name: round(spent / seconds * 100, 2)
        for name, spent in _differences(before, bridge.cpu_s()).items()
    }


def _memory(bridge: Running, dose: Dose) -> Found:
    """Return the megabytes of each, now and after all of the events."""
    at = bridge.delivered()
    found = {"events": at} | bridge.memory_mb()
    rest = max(dose.events - at, dose.orders)
    bridge.load(WEBHOOKS, bridge.processes.port, rest)
    bridge.until(at + rest)
    return {
        "before": found,
        "after": {"events": at + rest} | bridge.memory_mb(),
    }


def _differences(
    before: dict[str, float], after: dict[str, float]
) -> dict[str, float]:
    return {name: after[name] - before[name] for name in before}


def _backlog(bridge: Running, dose: Dose) -> Found:
    """Let orders wait for their target; return how fast they go then."""
    rate = _drained(bridge, dose.backlog)
    return {"orders": dose.backlog} | _compared(
        [rate], [_drained(bridge, dose.orders) for _ in range(3)]
    )


def _drained(bridge: Running, orders: int, *, but: int = 0) -> float:
    """
    Return how many a second are delivered after the target was away.

    Args:
        but: so many of the first and of the last are not counted.
    """
    processes = bridge.processes
    processes.admin("/targets/rayo/pause", {"reason": "an outage"})
    before = bridge.delivered()
    bridge.load(WEBHOOKS, processes.port, orders)
    wait_for(lambda: _planned(bridge) >= orders, seconds=900)
    processes.admin("/targets/rayo/resume", {"reason": "it is back"})
    bridge.until(before + but)
    begun, at = bridge.delivered(), time.perf_counter()
    bridge.until(before + orders - but)
    took = time.perf_counter() - at
    rate = (bridge.delivered() - begun) / took
    bridge.until(before + orders)
    return rate


def _planned(bridge: Running) -> int:
    return bridge.processes.counts().get("pending", 0)


def _at_slow_target(bridge: Running, dose: Dose) -> Found:
    orders = max(dose.orders // 2, PARALLEL * 10)
    ceiling = PARALLEL / (SLOW_MS / 1000)
    rates = [
        _drained(bridge, orders, but=PARALLEL)
        for _ in range(min(dose.rounds, 3))
    ]
    return _compared(rates, [ceiling])


def _compared(ours: list[float], theirs: list[float]) -> Found:
    mine, yardstick = statistics.median(ours), statistics.median(theirs)
    return {
        "bridge": round(mine, 1),
        "yardstick": round(yardstick, 1),
        "ratio": round(mine / yardstick, 3),
    }


def _cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process and its children."""
    ticks = 0
    for one in (pid, *children_of(pid)):
        stat = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2]
        ticks += sum(map(int, stat.split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _child(supervisor: int, role: str) -> int:
    return next(
        pid
        for pid in children_of(supervisor)
        if name_of(pid).startswith(f"bridge-{role}")
    )


def main() -> int:
    """Run from the command line."""
    return run_alone(measure, whole=Dose(), quick=QUICK, told=__doc__)


if __name__ == "__main__":
    sys.exit(main())
