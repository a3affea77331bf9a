import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.processes import Processes, order_body, signed, wait_for


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path)
    found.start_sandbox()
    yield found
    found.stop()


def post(port: int, path: str, body: bytes, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.processes
def test_what_is_under_way_ends_before_the_bridge(
    processes: Processes,
) -> None:
    """
    SIGTERM lets a call that is under way come to its end: the create is
    recorded with its answer, and nothing is uncertain.
    """
    bridge = processes.start_bridge()
    slow = {"api": "rayo", "operation": "create_order", "fault": "delay",
            "seconds": 2}  # fmt: skip
    post(
        processes.sandbox_port,
        "/sandbox/faults",
        json.dumps(slow).encode(),
        {"Content-Type": "application/json"},
    )
    body = order_body(1)
    headers = signed(body, webhook_id="w1", topic="orders/paid")
    assert post(processes.port, "/webhooks/bench", body, headers) == 200
    wait_for(lambda: processes.counts().get("sending") == 1)

    bridge.terminate()
    status = bridge.wait(timeout=30)

    counts = processes.counts()
    assert status == 0
    assert (counts.get("succeeded"), counts.get("uncertain")) == (1, None)
