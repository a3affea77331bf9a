"""
What the bridge costs, against yardsticks of the same run.

    python -m bench.run [--orders 2000]

- acknowledged webhooks a second, and their p99: `bench.taking`, quickly;
- deliveries a second from the journal to the recorded result, against a bare
  `httpx.Client` that posts the same bodies to the same server;
- memory of the web process and of the worker.

Machines are shared and noisy: trust the ratios.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from bench import taking
from bench.processes import (
    Processes,
    children_of,
    name_of,
    order_body,
    remove,
    wait_for,
)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
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
    acknowledged = taking.measure(folder, taking.QUICK)
    processes = Processes(folder)
    processes.start_target(fast=True)
    bridge = processes.start_bridge()
    try:
        worker = _child(bridge.pid, "worker")
        sending = _sending(processes, worker, wanted.orders)
        memory = _memory(bridge.pid)
    finally:
        processes.stop()
    return {
        "acknowledged": acknowledged,
        "delivered": sending,
        "memory_mb": memory,
    }


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
        "web": round(sum(map(taking.pss, everyone)), 1),
        "worker": round(taking.pss(worker), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
