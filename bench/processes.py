"""
A whole bridge in real processes on loopback, for benchmarks and campaigns.

Everything is started by id and ended by id; ports are free ones; the folder
is thrown away by whoever made it.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridge.journal.sql import STATEMENTS

ROOT = Path(__file__).parents[1]
TOKEN = "b" * 40
SECRET = "bench-secret"
SHOP = "bench.myshopify.com"
SAMPLE = (
    ROOT / "mappings" / "samples" / "shopify-mx-orders-paid-multiline.json"
)

STORES = f"""
bench:
  platform: shopify
  shop: {SHOP}
  country: MX
  secrets: ["${{BENCH_SECRET}}"]
"""
TARGETS = """
rayo:
  api: rayo
  base_url: "{sandbox}/rayo"
  timeout: 5
  settle: 1
  parallel: {parallel}
  credentials: {{ api_key: "${{RAYO_API_KEY}}" }}
"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def signed(body: bytes, *, webhook_id: str, topic: str) -> dict[str, str]:
    """Return the headers under which Shopify would send *body*."""
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": webhook_id,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
    }


def order_body(number: int) -> bytes:
    """Return a paid order of 8.9 KB whose id and SKU are its number."""
    order = json.loads(SAMPLE.read_bytes())
    order["id"] = 7_000_000_000_000 + number
    order["name"] = f"#{number}"
    order["line_items"] = order["line_items"][:1]
    order["line_items"][0]["sku"] = f"SKU-{number}"
    return json.dumps(
        order, ensure_ascii=False, separators=(",", ":")
    ).encode()


def bench_files(sandbox: str, *, parallel: int = 8) -> dict[str, str]:
    """Return the mapping files of the benchmarks: one store, one target."""
    shipped = (ROOT / "mappings" / "cafe-mx-rayo.yaml").read_text()
    return {
        "stores.yaml": STORES,
        "targets.yaml": TARGETS.format(sandbox=sandbox, parallel=parallel),
        "bench-rayo.yaml": shipped.replace(
            "from: cafe-mx", "from: bench"
        ).replace("to: rayo-mx", "to: rayo"),
    }


class Processes:
    """
    A sandbox and a supervised bridge in *folder*.

    Args:
        files: gives the mapping files' texts by name, for the address of
            the sandbox.
        database: where the journal lies, if not in *folder*.
    """

    def __init__(
        self,
        folder: Path,
        *,
        files: Callable[[str], Mapping[str, str]] = bench_files,
        database: Path | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.sandbox_port = free_port()
        self.record = folder / "arrivals.jsonl"
        self.children: list[subprocess.Popen[bytes]] = []
        mappings = folder / "mappings"
        mappings.mkdir()
        sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        for name, text in files(sandbox).items():
            (mappings / name).write_text(text)
        self.database = database or folder / "bridge.db"
        self.environ = {
            **os.environ,
            "BENCH_SECRET": SECRET,
            "RAYO_API_KEY": "sandbox-rayo-key",
            "EVERY_TOKEN": "sandbox-every-token",
            "YUJU_TOKEN": "sandbox-yuju-token",
            "BRIDGE_DATABASE": f"sqlite:///{self.database}",
            "BRIDGE_MAPPINGS": str(mappings),
            "BRIDGE_ADMIN_TOKENS": f"bench:{TOKEN}",
            "BRIDGE_HOST": "127.0.0.1",
            "BRIDGE_PORT": str(self.port),
        }

    def start_sandbox(self) -> None:
        """Start the sandbox and wait until it answers."""
        self.start(
            "sandbox",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.sandbox_port),
            "--record",
            str(self.record),
        )
        wait_for(lambda: status_of(self.sandbox_port, "/") == 200)

    def start_target(
        self, *, fast: bool = False, delay_ms: float = 0
    ) -> subprocess.Popen[bytes] | None:
        """Start a target: the sandbox, or one that only answers."""
        if not fast:
            self.start_sandbox()
            return None
        child = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "bench.target",
                str(self.sandbox_port),
                f"--delay-ms={delay_ms}",
            ],
            cwd=ROOT,
        )
        self.children.append(child)
        wait_for(lambda: status_of(self.sandbox_port, "/") == 200)
        return child

    def start_bridge(self, *, workers: int = 1) -> subprocess.Popen[bytes]:
        """Start web and workers under their supervisor, until ready."""
        child = self.start("serve", "--workers", str(workers))
        wait_for(lambda: status_of(self.port, "/readyz") == 200)
        return child

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "bridge", *command],
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=log,
            )
        self.children.append(child)
        return child

    def stop(self) -> None:
        """End what was started, gently first; what is frozen, too."""
        for child in reversed(self.children):
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGCONT)
            child.terminate()
        for child in reversed(self.children):
            try:
                child.wait(timeout=45)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def admin(
        self, path: str, body: Any = None, *, version: int | None = None
    ) -> dict[str, Any]:
        """
        Return an answer of the admin API; with *body*, do something there.

        Raises:
            Refused: it was not done.
        """
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return said(self.port, f"/admin/api{path}", body, headers)

    def counts(self) -> dict[str, int]:
        """Return how many deliveries are in each state, and new events."""
        import pysqlite3

        database = pysqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        rows = database.execute(
            f"SELECT state, SUM(n) FROM ({STATEMENTS['count_deliveries']})"
            " GROUP BY 1 UNION ALL SELECT 'events:' || state, n"
            f" FROM ({STATEMENTS['count_events']})"
        ).fetchall()
        database.close()
        return {state: n for state, n in rows if n}

    def arrivals(self) -> list[dict[str, Any]]:
        """Return the sandbox's own record."""
        if not self.record.exists():
            return []
        lines = self.record.read_bytes().splitlines()
        return [json.loads(line) for line in lines]


class Refused(Exception):
    """The answer was no."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(f"{status}: {text}")


def said(
    port: int,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    method: str | None = None,
) -> dict[str, Any]:
    """
    Return the JSON that is answered on loopback; with *body*, to a POST.

    Raises:
        Refused: the status is none of 2xx.
        OSError, HTTPException: nobody answers, or not to the end.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(
            method or ("GET" if body is None else "POST"),
            path,
            None if body is None else json.dumps(body),
            {"Content-Type": "application/json", **(headers or {})},
        )
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status // 100 != 2:
        raise Refused(answer.status, text[:200].decode(errors="replace"))
    found: dict[str, Any] = json.loads(text)
    return found


def wait_for(condition: Any, *, seconds: float = 30) -> None:
    """Wait until *condition* holds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with suppress(OSError, http.client.HTTPException):
            if condition():
                return
        time.sleep(0.05)
    message = "it did not come about in time"
    raise TimeoutError(message)


def status_of(port: int, path: str) -> int:
    """Return the status of a GET on loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def children_of(pid: int) -> list[int]:
    """Return the living children of a process (of its main thread)."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def name_of(pid: int) -> str:
    """Return a process's name: of `serve`'s, what it does there."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def kill(pid: int) -> None:
    """End one process at once; it may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def remove(folder: Path) -> None:
    """Throw a folder away."""
    shutil.rmtree(folder, ignore_errors=True)
