"""
What the bridge costs, against yardsticks of the same run.

    python -m bench.run [--rounds 3] [--seconds 5] [--orders 2000]

- acknowledged webhooks a second, and their p99, against a Flask route that
  does nothing, under the same gunicorn with the same settings;
- deliveries a second from the journal to the recorded result, against a bare
  `httpx.Client` that posts the same bodies to the same server;
- memory of the web process and of the worker.

Rounds of the bridge and of the yardstick alternate; medians are shown.
Machines are shared and noisy: trust the ratios.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from bench.processes import (
    ROOT,
    Processes,
    children_of,
    free_port,
    name_of,
    order_body,
    remove,
    status_of,
    wait_for,
)

GUNICORN_OPTIONS = [
    "--worker-class",
    "gthread",
    "--workers",
    "1",
    "--threads",
    "16",
    "--no-control-socket",
    "--log-level",
    "warning",
]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=32)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bridge-bench-"))
    try:
        found = measure(folder, wanted)
    finally:
        remove(folder)
    print(json.dumps(found, indent=2))
    return 0


def measure(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """Return all figures."""
    processes = Processes(folder)
    processes.start_target(fast=True)
    bridge = processes.start_bridge()
    noop_port = free_port()
    noop = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "bench.noop:app",
            "--bind",
            f"127.0.0.1:{noop_port}",
            *GUNICORN_OPTIONS,
        ],
        cwd=ROOT,
    )
    try:
        wait_for(lambda: status_of(noop_port, "/none") == 404)
        worker = _child(bridge.pid, "worker")
        taking = _taking(processes, noop_port, worker, wanted)
        sending = _sending(processes, worker, wanted.orders)
        memory = _memory(bridge.pid)
    finally:
        noop.terminate()
        noop.wait()
        processes.stop()
    return {
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "acknowledged": taking,
        "delivered": sending,
        "memory_mb": memory,
    }


def _taking(
    processes: Processes, noop: int, worker: int, wanted: argparse.Namespace
) -> dict[str, Any]:
    """The web process alone: the worker sleeps meanwhile."""
    os.kill(worker, signal.SIGSTOP)
    ours, theirs = [], []
    for _ in range(wanted.rounds):
        theirs.append(_load(noop, "/noop", wanted))
        ours.append(_load(processes.port, "/webhooks/bench", wanted))
    os.kill(worker, signal.SIGCONT)
    return {
        "bridge": _medians(ours),
        "no-op Flask route": _medians(theirs),
        "ratio": _ratio(ours, theirs, "per_second"),
        "p99_ratio": _ratio(ours, theirs, "p99_ms"),
    }


def _load(port: int, path: str, wanted: argparse.Namespace) -> dict[str, Any]:
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.load",
            str(port),
            path,
            "--connections",
            str(wanted.connections),
            "--seconds",
            str(wanted.seconds),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _sending(processes: Processes, worker: int, orders: int) -> dict[str, Any]:
    """
    The worker alone, from stored events to recorded results.

    What the load left behind is worked off first.
    """
    wait_for(lambda: not _backlog(processes), seconds=300)
    os.kill(worker, signal.SIGSTOP)
    before = processes.counts().get("succeeded", 0)
    _fill(processes, orders)
    bare = _bare_loop(processes, orders)
    began = time.perf_counter()
    os.kill(worker, signal.SIGCONT)
    wait_for(
        lambda: processes.counts().get("succeeded", 0) - before >= orders,
        seconds=300,
    )
    ours = orders / (time.perf_counter() - began)
    return {
        "bridge_per_second": round(ours, 1),
        "bare_httpx_client_per_second": round(bare, 1),
        "ratio": round(ours / bare, 3),
    }


def _fill(processes: Processes, orders: int) -> None:
    """Put fresh orders into the journal, through the door."""
    from bench.processes import signed

    with httpx.Client(trust_env=False) as client:
        for number in range(orders):
            body = order_body(1_000_000 + number)
            answer = client.post(
                f"http://127.0.0.1:{processes.port}/webhooks/bench",
                content=body,
                headers=signed(
                    body, webhook_id=f"fill-{number}", topic="orders/paid"
                ),
            )
            answer.raise_for_status()


def _bare_loop(processes: Processes, orders: int) -> float:
    """Post as many bodies of a create to the same server; per second."""
    body = {
        "productos": [{"identificador": "X", "cantidad": 1}],
        "consumidor_destino": {"nombre": "Ana Prueba", "calle": "Uno"},
    }
    url = f"http://127.0.0.1:{processes.sandbox_port}/rayo/api/rest/orders"
    with httpx.Client(trust_env=False) as client:
        began = time.perf_counter()
        for _ in range(orders):
            client.post(url, json=body).json()
        return orders / (time.perf_counter() - began)


def _backlog(processes: Processes) -> int:
    counts = processes.counts()
    waiting = ("pending", "claimed", "sending", "events:stored")
    return sum(counts.get(state, 0) for state in waiting)


def _child(supervisor: int, role: str) -> int:
    (pid,) = [
        pid
        for pid in children_of(supervisor)
        if name_of(pid).startswith(f"bridge-{role}")
    ]
    return pid


def _memory(supervisor: int) -> dict[str, float]:
    """Return the proportional memory of web (all of it) and worker."""
    worker = _child(supervisor, "worker")
    web = [pid for pid in children_of(supervisor) if pid != worker]
    everyone = [*web, *(child for pid in web for child in children_of(pid))]
    return {
        "web": round(sum(map(_pss, everyone)), 1),
        "worker": round(_pss(worker), 1),
    }


def _pss(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    (line,) = [row for row in text.splitlines() if row.startswith("Pss:")]
    return int(line.split()[1]) / 1024


def _medians(rounds: list[dict[str, Any]]) -> dict[str, float]:
    return {
        key: statistics.median(found[key] for found in rounds)
        for key in rounds[0]
    }


def _ratio(
    ours: list[dict[str, Any]], theirs: list[dict[str, Any]], key: str
) -> float:
    return round(_medians(ours)[key] / _medians(theirs)[key], 3)


if __name__ == "__main__":
    sys.exit(main())
