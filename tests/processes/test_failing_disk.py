"""A disk that fails under a whole bridge in real processes."""

import http.client
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.processes import (
    Processes,
    children_of,
    name_of,
    order_body,
    said,
    signed,
    status_of,
    wait_for,
)

pytestmark = pytest.mark.processes

IN_DOUBT = 6


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path)
    found.start_sandbox()
    yield found
    found.stop()


def bring(processes: Processes, number: int) -> int:
    """Bring a paid order; return the answer's status, 0 for none."""
    body = order_body(number)
    headers = signed(body, webhook_id=f"w{number}", topic="orders/paid")
    connection = http.client.HTTPConnection(
        "127.0.0.1", processes.port, timeout=10
    )
    try:
        connection.request("POST", "/webhooks/bench", body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def delay(processes: Processes, seconds: int) -> None:
    """Let the next create take so long."""
    slow = {"api": "rayo", "operation": "create_order", "fault": "delay",
            "seconds": seconds}  # fmt: skip
    said(processes.sandbox_port, "/sandbox/faults", slow)


def break_writes(processes: Processes, pid: int) -> None:
    """
    Let every write of a process fail that would make SQLite's log longer.

    That is EFBIG, which SQLite takes for a disk that fails.
    """
    size = Path(f"{processes.database}-wal").stat().st_size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))


def web_of(serve: int) -> int:
    """Return the process that answers webhooks."""
    (master,) = [
        pid for pid in children_of(serve) if name_of(pid) == "bridge-web"
    ]
    (found,) = children_of(master)
    return found


def worker_of(serve: int) -> int:
    """Return the process that sends."""
    (found,) = [
        pid for pid in children_of(serve) if name_of(pid) == "bridge-worker-0"
    ]
    return found


def logged(processes: Processes) -> str:
    return (processes.folder / "serve.log").read_text()


def test_web_ends_and_so_does_all(processes: Processes) -> None:
    """
    Its first failed write is the last: `serve` ends with 6 and one clear
    line, nobody listens any more, and nothing that was acknowledged is
    missing once it is started again, which looks at the file first.
    """
    bridge = processes.start_bridge()
    acknowledged = sum(bring(processes, n) == 200 for n in range(5))
    break_writes(processes, web_of(bridge.pid))

    assert bring(processes, 5) != 200
    assert bridge.wait(timeout=30) == IN_DOUBT
    assert bring(processes, 6) == 0
    note = json.loads(Path(f"{processes.database}.suspect").read_text())
    assert "SQLITE_IOERR" in note["error"]
    assert note["acknowledged"] == [[1, acknowledged]]
    log = logged(processes)
    assert log.count("bridge: ended: the journal's file is in doubt") == 1
    assert '"event": "journal.broken"' in log
    assert "Traceback" not in log

    refused = subprocess.run(
        [sys.executable, "-m", "bridge", "deliveries", "list"],
        env=processes.environ,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == IN_DOUBT
    assert "the disk failed under" in refused.stderr

    processes.start_bridge()
    assert '"event": "journal.sound"' in logged(processes)
    assert not Path(f"{processes.database}.suspect").exists()
    assert bring(processes, 5) == 200
    wait_for(lambda: processes.counts().get("succeeded") == acknowledged + 1)


def test_worker_spills_before_it_ends(processes: Processes) -> None:
    """
    A create is under way when the worker's disk fails: its outcome is kept
    beside the database, read back at the next start, and nothing is sent
    again or left uncertain.
    """
    bridge = processes.start_bridge()
    delay(processes, 4)
    assert bring(processes, 1) == 200
    wait_for(lambda: processes.counts().get("sending") == 1)
    break_writes(processes, worker_of(bridge.pid))

    assert bridge.wait(timeout=60) == IN_DOUBT
    assert '"event": "delivery.spilled"' in logged(processes)
    assert processes.counts().get("sending") == 1

    processes.start_bridge()
    wait_for(lambda: processes.counts().get("succeeded") == 1)
    assert processes.counts().get("uncertain") is None
    creates = [
        a for a in processes.arrivals() if a["operation"] == "create_order"
    ]
    assert len(creates) == 1


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Processes]:
    """A bridge whose database is on a volume of 32 MB."""
    volume = tmp_path / "small"
    volume.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "small", str(volume)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("NOT SHOWN: a tmpfs can not be mounted here")
    found = Processes(tmp_path, database=volume / "bridge.db")
    found.start_sandbox()
    yield found
    found.stop()
    subprocess.run(["umount", "-l", str(volume)], check=True)


def test_full_disk_comes_and_goes(small: Processes) -> None:
    """
    A disk that is full to the last byte while a create is under way: 503
    for webhooks with a reason at `/readyz`, the outcome waits in the spill;
    once there is room all goes on by itself, and nothing was sent twice.
    """
    bridge = small.start_bridge()
    delay(small, 4)
    assert bring(small, 1) == 200
    wait_for(lambda: small.counts().get("sending") == 1)
    ballast = small.database.parent / "ballast"
    fill(ballast)

    wait_for(lambda: bring(small, 2) == 503)
    assert status_of(small.port, "/readyz") == 503
    wait_for(lambda: '"event": "delivery.spilled"' in logged(small))
    assert small.counts().get("succeeded") is None

    ballast.unlink()
    wait_for(lambda: small.counts().get("succeeded") == 1)
    assert '"event": "delivery.brought_back"' in logged(small)
    wait_for(lambda: bring(small, 2) == 200)
    wait_for(lambda: small.counts().get("succeeded") == 2)
    creates = [a for a in small.arrivals() if a["operation"] == "create_order"]
    assert len(creates) == 2
    assert bridge.poll() is None


def fill(ballast: Path) -> None:
    """Take all the room that a volume has, to the last byte."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            while True:
                try:
                    if os.write(file.fileno(), b"x" * size) < size:
                        break
                except OSError:
                    break


def test_damaged_file_keeps_the_bridge_down(processes: Processes) -> None:
    """
    A page of garbage ends the bridge when it is read; it stays down, with
    what to do, until a person has acted.
    """
    bridge = processes.start_bridge()
    for number in range(20):
        assert bring(processes, number) == 200
    wait_for(lambda: processes.counts().get("succeeded") == 20)
    bridge.terminate()
    assert bridge.wait(timeout=45) == 0
    with processes.database.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\xaa" * (processes.database.stat().st_size - 4096 * 25))

    again = processes.start("serve")
    again.wait(timeout=45)
    last = processes.start("serve")
    assert last.wait(timeout=45) == IN_DOUBT
    told = [
        line
        for line in logged(processes).splitlines()
        if line.startswith("bridge: ")
    ][-1]
    for words in ("not sound", "copy it aside", "backup", "bridge restore"):
        assert words in told
    assert bring(processes, 99) == 0
