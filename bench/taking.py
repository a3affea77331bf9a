"""
What it costs to take webhooks, against yardsticks of the same run.

    python -m bench.taking [--quick] [--rounds 5] [--seconds 4]

The web process alone, on a journal on disk, against a Flask route that reads
the body and does nothing, under the same gunicorn set up the same way:
acknowledged a second at saturation, p99 there and at fixed rates, each also
with 200 slow clients. Then with 3 ms added to each fsync, against a commit
per webhook. Then the time from a start to the first webhook taken.

Rounds alternate between ours and the yardstick; medians are shown. What the
generator reaches against a server that only answers is shown beside: near
that, it is the generator that is measured.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.load import Requests, connected
from bench.one import run_alone
from bench.processes import (
    ROOT,
    SECRET,
    bench_files,
    children_of,
    free_port,
    status_of,
    wait_for,
)
from bench.slowed import slowed

WEBHOOKS, NOOP = "/webhooks/bench", "/noop"
SLOW_CLIENTS = 200
SLOWED_MS = 3
RATES = (300, 1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """
    How much is measured.

    Args:
        seconds: of one load.
    """

    rounds: int = 5
    seconds: float = 4.0


QUICK = Dose(rounds=2, seconds=0.8)

Found = dict[str, Any]


class Place:
    """A folder with a journal, mapping files, and servers on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        mappings = folder / "mappings"
        mappings.mkdir(parents=True)
        for name, text in bench_files("http://127.0.0.1:1").items():
            (mappings / name).write_text(text)
        self.environ = {
            **os.environ,
            "BENCH_SECRET": SECRET,
            "RAYO_API_KEY": "none",
            "BRIDGE_DATABASE": f"sqlite:///{folder / 'bridge.db'}",
            "BRIDGE_MAPPINGS": str(mappings),
            "BRIDGE_HOST": "127.0.0.1",
        }
        self.run("bridge", "migrate")

    def run(self, *module: str) -> None:
        """Run a module to its end."""
        subprocess.run(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env=self.environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    @contextmanager
    def serving(
        self, *module: str, environ: Mapping[str, str] | None = None
    ) -> "Iterator[Server]":
        """Run a server, which is told its port as it likes."""
        port = free_port()
        told = [str(port)] if module[0].startswith("bench") else []
        with (self.folder / f"{module[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *module, *told],
                cwd=ROOT,
                env=self.environ
                | {"BRIDGE_PORT": str(port)}
                | dict(environ or {}),
                stderr=log,
            )
        try:
            if module[0] != "bench.load":
                wait_for(lambda: status_of(port, "/healthz") in {200, 404})
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait()


@dataclass(frozen=True, slots=True)
class Server:
    """A gunicorn that runs."""

    port: int
    pid: int

    def load(self, path: str, **options: float) -> Found:
        """Return what the generator found, and the CPU that it took here."""
        before = self._cpu_s()
        made = subprocess.run(
            [
                sys.executable,
                "-m",
                "bench.load",
                str(self.port),
                path,
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        found: Found = json.loads(made.stdout)
        answers = found["per_second"] * options["seconds"] or 1
        took = (self._cpu_s() - before) * 1e6 / answers
        return found | {"cpu_us": round(took, 1)}

    def _cpu_s(self) -> float:
        ticks = 0
        for pid in children_of(self.pid):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
            ticks += sum(map(int, stat.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


def pss(pid: int) -> float:
    """Return a process's proportional memory, in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    (line,) = [row for row in text.splitlines() if row.startswith("Pss:")]
    return int(line.split()[1]) / 1024


# --------------------------------------------------------------- measuring


def measure(folder: Path, dose: Dose) -> Found:
    """Return all figures of taking webhooks."""
    place = Place(folder / "taking")
    found: Found = {
        "machine": machine(),
        "generator": _generator(place, dose),
        "start_s": _start(place),
        "flush": _flushes(place.folder, dose),
    }
    with (
        place.serving("bridge", "web") as ours,
        place.serving("bench.noop") as noop,
    ):
        found |= _loads(ours, noop, dose)
    return found | {"slowed": _slowed(place, dose)}


def machine() -> Found:
    """Return where this was measured, and with what."""
    import pysqlite3

    parts = ("flask", "gunicorn", "gevent", "httpx")
    return {
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": pysqlite3.sqlite_version,
        "busy": os.getloadavg()[0],
    } | {part: version(part) for part in parts}


def _generator(place: Place, dose: Dose) -> float:
    with place.serving("bench.load", "--answer") as server:
        time.sleep(1)
        per_second: float = server.load("/", seconds=dose.seconds)[
            "per_second"
        ]
        return per_second


def _flushes(folder: Path, dose: Dose) -> Found:
    """
    Return what the disk takes for one webhook's pages, at 300 a second.

    No answer that says that it is on the disk can come sooner.
    """
    took, page = [], os.urandom(4 * 4096)
    with (folder / "flushed").open("wb", buffering=0) as file:
        for _ in range(int(RATES[0] * dose.seconds)):
            began = time.perf_counter()
            file.write(page)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
            time.sleep(max(0, 1 / RATES[0] - took[-1]))
    took.sort()
    return {
        "p50_ms": round(took[len(took) // 2] * 1e3, 2),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1e3, 2),
    }


def _start(place: Place) -> float:
    """Return the seconds from a start to the first webhook taken."""
    request = Requests(WEBHOOKS).take()
    began = time.perf_counter()
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "web"],
        cwd=ROOT,
        env=place.environ | {"BRIDGE_PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            with suppress(OSError):
                connection = connected(port)
                connection.ask(request, 0)
                while not connection.has_answer():
                    pass
                return round(time.perf_counter() - began, 2)
            time.sleep(0.01)
    finally:
        process.terminate()
        process.wait()


def _loads(ours: Server, noop: Server, dose: Dose) -> Found:
    """Return both servers' figures under each load, with and without slow."""
    rates = {"saturation": {}} | {
        f"at {rate}/s": {"rate": rate} for rate in RATES
    }
    loads = [
        (f"{name}{', slow clients' if slow else ''}", options, slow)
        for slow in (0, SLOW_CLIENTS)
        for name, options in rates.items()
    ]
    rounds: dict[str, dict[str, list[Found]]] = {
        name: {"bridge": [], "noop": []} for name, _, _ in loads
    }
    for _ in range(dose.rounds):
        for name, options, slow in loads:
            for who, server, path in (
                ("noop", noop, NOOP),
                ("bridge", ours, WEBHOOKS),
            ):
                with dripping(server, path, slow):
                    found = server.load(path, seconds=dose.seconds, **options)
                rounds[name][who].append(found)
    told: Found = {name: _compared(**rounds[name]) for name in rounds}
    for name in rates:
        whole, slow_too = told[name], told[f"{name}, slow clients"]
        slow_too["p99_to_itself"] = _ratio(
            slow_too["bridge"], whole["bridge"], "p99_ms"
        )
    return told


def _compared(bridge: Sequence[Found], noop: Sequence[Found]) -> Found:
    ours, theirs = _medians(bridge), _medians(noop)
    return {
        "bridge": ours,
        "noop": theirs,
        "ratio": _ratio(ours, theirs, "per_second"),
        "p99_ratio": _ratio(ours, theirs, "p99_ms"),
        "cpu_ratio": _ratio(ours, theirs, "cpu_us"),
    }


@contextmanager
def dripping(server: Server, path: str, clients: int) -> Iterator[None]:
    """Have so many slow clients meanwhile."""
    if not clients:
        yield
        return
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "bench.load",
            str(server.port),
            path,
            f"--slow={clients}",
        ],
        cwd=ROOT,
    )
    time.sleep(1)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _slowed(place: Place, dose: Dose) -> Found | str:
    """Return what is left when each fsync takes longer."""
    environ = slowed(place.folder, SLOWED_MS)
    if environ is None:
        print("bench.taking: no C compiler, nothing slowed", file=sys.stderr)
        return "not measured: there is no C compiler"
    rounds: dict[str, list[Found]] = {
        "unslowed": [],
        "together": [],
        "alone": [],
    }
    with (
        place.serving("bridge", "web") as unslowed,
        place.serving("bridge", "web", environ=environ) as together,
        place.serving("bench.alone", environ=environ) as alone,
    ):
        for _ in range(dose.rounds):
            for server, kept in zip(
                (unslowed, together, alone), rounds.values(), strict=True
            ):
                kept.append(server.load(WEBHOOKS, seconds=dose.seconds))
    medians = {name: _medians(found) for name, found in rounds.items()}
    return medians | {
        "to a commit each": _ratio(
            medians["together"], medians["alone"], "per_second"
        ),
        "to unslowed": _ratio(
            medians["together"], medians["unslowed"], "per_second"
        ),
    }


def _medians(rounds: Sequence[Found]) -> Found:
    return {
        key: round(statistics.median(found[key] for found in rounds), 3)
        for key in rounds[0]
    }


def _ratio(ours: Found, theirs: Found, key: str) -> float:
    return round(ours[key] / (theirs[key] or 1e-9), 3)


def main() -> int:
    """Run from the command line."""
    return run_alone(measure, whole=Dose(), quick=QUICK, told=__doc__)


if __name__ == "__main__":
    sys.exit(main())
