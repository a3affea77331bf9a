"""
What it costs to be there: a bridge at rest, and a console that is left open.

    python -m bench.console --open [--orders 1000000] [--seconds 60]

A whole bridge, as `serve` runs it, stands over a log that has grown. First
nobody does anything; then somebody's browser lies open at the start page and
asks as its scripts do. Shown is the part of one core that each process took.
"""

import http.client
import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.processes import ROOT, TOKEN, Processes, children_of, name_of
from bridge.journal.connection import sqlite3
from bridge.journal.sqlite import SQLiteJournal
from bridge.lifecycle import Gate
from bridge.minutes import NO_WAITS
from bridge.model import DAY, MINUTE, Instant

SCRIPT = ROOT / "bridge" / "web" / "static" / "console.js"
SETTLES_S = 15
"""What a start has to do besides is done by then."""

_MINUTES = """
INSERT OR REPLACE INTO minutes
  (at, store, target, accepted, delivered, failed, waiting, attention, waits)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
TARGETS = ("rayo-mx", "every-co", "yuju-mx")


def intervals() -> Mapping[str, float]:
    """Return how often a page that is open asks for what, in seconds."""
    text = SCRIPT.read_text("utf-8")
    names = {
        "/console/fragments/now": "FRESH_EVERY",
        "/console/fragments/day.json": "DRAWN_EVERY",
    }
    found = {}
    for address, name in names.items():
        told = re.search(rf"{name} = (\d+);", text)
        assert told is not None, name
        found[address] = int(told[1]) / 1_000
    return found


def fill_day(path: Path, now: Instant) -> int:
    """Let a day of minutes be kept in which each store and target is busy."""
    stores, targets = ("cafe-mx", "artesanias-mx"), TARGETS
    waits = json.dumps([4, 3, 2, 1, *NO_WAITS[4:]])
    rows: list[tuple[object, ...]] = []
    first = now - now % MINUTE - DAY
    for at in range(first, now + DAY, MINUTE):
        rows += [(at, one, "", 7, 0, 0, None, None, None) for one in stores]
        rows += [(at, "", one, 0, 0, 0, 30, 5, None) for one in targets]
        rows += [
            (at, store, target, 0, 3, 1, None, None, waits)
            for store in stores
            for target in targets
        ]
    with closing(sqlite3.connect(str(path))) as db, db:
        db.executemany(_MINUTES, rows)
    return len(rows)


def watch(folder: Path, path: Path, *, seconds: float) -> dict[str, Any]:
    """Return what a bridge over the log at *path* costs; ends it."""
    fill_day(path, Instant(int(time.time() * 1_000)))
    bridge = Processes(folder, files=_files, database=path)
    bridge.environ |= _secrets()
    _pause(path, f"127.0.0.1:{bridge.sandbox_port}")
    bridge.start_bridge()
    (serve,) = bridge.children
    try:
        browser = Browser(bridge.port)
        browser.get("/console/")
        time.sleep(SETTLES_S)
        at_rest = _costs(serve.pid, lambda: time.sleep(seconds))
        opened = _costs(serve.pid, lambda: browser.lie_open(seconds))
    finally:
        bridge.stop()
    return {
        "seconds": seconds,
        "asked": browser.asked,
        "bytes": browser.taken,
        "at_rest_percent_of_a_core": at_rest,
        "open_percent_of_a_core": opened,
        "left_open_costs_web_percent": opened.get("web"),
    }


class Browser:
    """Asks as a browser with the start page in it does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookie = ""
        self._tags: dict[str, str] = {}
        self.asked = 0
        self.taken = 0
        answer, _text = self._ask(
            "POST", "/console/login", urlencode({"token": TOKEN})
        )
        assert answer.status == 303, answer.status
        self._keep(answer)

    def get(self, address: str) -> None:
        """Ask for *address*; what was not changed is not sent again."""
        answer, text = self._ask("GET", address)
        assert answer.status in {200, 304}, (address, answer.status)
        self._keep(answer)
        self._tags[address] = answer.headers.get("ETag", "")
        self.asked += 1
        self.taken += len(text)

    def lie_open(self, seconds: float) -> None:
        """Ask for what is to be fresh, as often as the scripts do."""
        begun = time.monotonic()
        spans = intervals()
        due = {one: begun + span for one, span in spans.items()}
        while True:
            address = min(due, key=lambda one: due[one])
            wait = min(due[address], begun + seconds) - time.monotonic()
            time.sleep(max(0.0, wait))
            if time.monotonic() >= begun + seconds:
                return
            self.get(address)
            due[address] += spans[address]

    def _ask(
        self, method: str, address: str, body: str | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {"Accept-Language": "es-MX"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        if self._tags.get(address):
            headers["If-None-Match"] = self._tags[address]
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=20
        )
        try:
            connection.request(method, address, body, headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _keep(self, answer: http.client.HTTPResponse) -> None:
        told = answer.headers.get("Set-Cookie")
        if told:
            self._cookie = told.partition(";")[0]


def _costs(serve: int, act: Callable[[], None]) -> dict[str, float]:
    """Return which part of a core each process took while *act* ran."""
    pids = _below(serve)
    before = {pid: _cpu_s(pid) for pid in pids}
    begun = time.monotonic()
    act()
    took = time.monotonic() - begun
    found: dict[str, float] = {}
    for pid in pids:
        if not Path(f"/proc/{pid}").exists():
            found["ended meanwhile"] = found.get("ended meanwhile", 0) + 1
            continue
        name = "serve" if pid == serve else _role(pid)
        part = 100 * (_cpu_s(pid) - before[pid]) / took
        found[name] = round(found.get(name, 0.0) + part, 3)
    return found


def _below(pid: int) -> list[int]:
    """Return a process and all that came of it."""
    return [pid, *(one for child in children_of(pid) for one in _below(child))]


def _role(pid: int) -> str:
    return "web" if "web" in name_of(pid) else name_of(pid)


def _cpu_s(pid: int) -> float:
    """Return how long all threads of a process ran on a core."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _pause(path: Path, host: str) -> None:
    """Let nobody be called, whatever waits."""
    with closing(sqlite3.connect(str(path))) as db, db:
        db.execute("DELETE FROM targets")
    with closing(SQLiteJournal(path)) as journal:
        for name in TARGETS:
            journal.pin_target(name, host)
            now = Instant(int(time.time() * 1_000))
            journal.set_gate(
                name,
                Gate(pause="operator"),
                actor="bench",
                reason="at rest",
                now=now,
            )


def _files(sandbox: str) -> Mapping[str, str]:
    """Return the files that ship, with nobody at the targets' addresses."""
    folder = ROOT / "mappings"
    files = [*folder.glob("*.yaml"), *folder.glob("*.csv")]
    texts = {
        file.name: file.read_text("utf-8")
        for file in files
        if ".cases." not in file.name
    }
    nobody = re.sub(
        r'base_url: "[^"]+"', f'base_url: "{sandbox}"', texts["targets.yaml"]
    )
    return texts | {"targets.yaml": nobody}


def _secrets() -> Mapping[str, str]:
    """Return something for each secret that the files name."""
    texts = "".join(_files("").values())
    return {
        name: f"secret-{name}" for name in re.findall(r"\$\{(\w+)\}", texts)
    }
