"""Processes that are stopped, while something else befalls the others."""

import http.client
import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.campaign.chaos import pids
from bench.processes import (
    Processes,
    kill,
    order_body,
    signed,
    status_of,
    wait_for,
)
from bridge.serving import WEB_STALLS_S
from tests.test_supervisor import is_alive

pytestmark = pytest.mark.processes

KILLED_AT_SECOND_LOOK_S = 2.0
BACK_S = 2.0


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path)
    yield found
    found.stop()


class Store(threading.Thread):
    """Brings one order after the other; notes when one was taken."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._over = threading.Event()
        self.taken_at: list[float] = []

    def run(self) -> None:
        for number in itertools.count():
            if self._over.is_set():
                return
            began = time.monotonic()
            if self._bring(number) == 200:
                self.taken_at.append(began)

    def _bring(self, number: int) -> int:
        body = order_body(number)
        headers = signed(body, webhook_id=f"w{number}", topic="orders/paid")
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=1
        )
        try:
            connection.request("POST", "/webhooks/bench", body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
            return 0
        finally:
            connection.close()

    def leave(self) -> None:
        self._over.set()
        self.join()


@contextmanager
def store_of(processes: Processes) -> Iterator[Store]:
    store = Store(processes.port)
    store.start()
    wait_for(lambda: store.taken_at)
    try:
        yield store
    finally:
        store.leave()


def holds(pid: int, lock: Path) -> bool:
    """Return whether a process holds a lock on a file."""
    for opened in Path(f"/proc/{pid}/fd").iterdir():
        if opened.exists() and opened.samefile(lock):
            info = Path(f"/proc/{pid}/fdinfo/{opened.name}")
            if "FLOCK" in info.read_text():
                return True
    return False


def stop_with_the_lock(pid: int, lock: Path) -> None:
    """Stop a process at a moment at which it holds the journal's lock."""
    for _ in range(2_000):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.001)  # until it stands
        if holds(pid, lock):
            return
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.002)
    pytest.fail("it never held the lock")


def test_frozen_web_process_that_holds_the_journal_is_replaced(
    processes: Processes,
) -> None:
    """
    A web process that is stopped with the journal's lock in its hand is
    killed in good time; then webhooks are taken again, and the worker too
    gets on.
    """
    supervisor = processes.start_bridge().pid
    (frozen,) = pids(supervisor)["web worker"]
    with store_of(processes) as store:
        stop_with_the_lock(frozen, Path(f"{processes.database}.lock"))
        at = time.monotonic()
        wait_for(lambda: store.taken_at[-1] > at + 0.5, seconds=20)
        back = next(t for t in store.taken_at if t > at + 0.5) - at
    assert back < WEB_STALLS_S + KILLED_AT_SECOND_LOOK_S + BACK_S
    assert [frozen] != pids(supervisor)["web worker"]
    wait_for(lambda: status_of(processes.port, "/readyz") == 200)


def test_killed_master_takes_its_frozen_worker_along(
    processes: Processes,
) -> None:
    """
    When gunicorn's master is killed while its worker is stopped, the worker
    ends too, and others are in their place at once.
    """
    supervisor = processes.start_bridge().pid
    with store_of(processes) as store:
        (frozen,) = pids(supervisor)["web worker"]
        os.kill(frozen, signal.SIGSTOP)
        at = time.monotonic()
        (master,) = pids(supervisor)["web master"]
        kill(master)
        wait_for(lambda: store.taken_at[-1] > at + 0.5)
        back = next(t for t in store.taken_at if t > at) - at
    assert back < 2 * BACK_S  # of them 1 s for a client's vain try
    wait_for(lambda: not is_alive(frozen))


def test_serve_begins_after_one_that_was_killed_with_frozen_children(
    processes: Processes,
) -> None:
    """
    What a killed `serve` left behind, stopped, does not keep the next one
    from beginning, and none of it stays.
    """
    first = processes.start_bridge()
    found = pids(first.pid)
    parts = ("web master", "web worker", "planner", "worker")
    left = [pid for part in parts for pid in found[part]]
    for pid in left:
        os.kill(pid, signal.SIGSTOP)
    first.kill()
    first.wait()

    second = processes.start("serve")

    wait_for(lambda: pids(second.pid)["web worker"], seconds=40)
    assert not any(map(is_alive, left))
    wait_for(lambda: status_of(processes.port, "/readyz") == 200)
