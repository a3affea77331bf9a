"""
kill -9 of web and worker in turn, under load; then count.

    python -m bench.kills --kills 50

Prints, from the sender's and the sandbox's own records: acknowledged, lost
(acknowledged, and neither created nor waiting for a person), second creates,
and what waits for a person. Ends with status 1 on any loss or second create.
"""

import argparse
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.processes import (
    Processes,
    children_of,
    command_of,
    kill,
    order_body,
    remove,
    signed,
    wait_for,
)

RETRY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a campaign found."""

    kills: int
    acknowledged: int
    created: int
    uncertain: int
    lost: int
    second_creates: int
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing was lost and nothing was created twice."""
        return not self.lost and not self.second_creates


class Load(threading.Thread):
    """Sends signed orders one after the other, as a store would."""

    def __init__(self, port: int, first: int, step: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._numbers = iter(range(first, 10_000_000, step))
        self.stopping = threading.Event()
        self.acknowledged: set[int] = set()

    def run(self) -> None:
        while not self.stopping.is_set():
            self._send(next(self._numbers))

    def _send(self, number: int) -> None:
        """Send one order until it is acknowledged, as a store retries."""
        body = order_body(number)
        headers = signed(body, webhook_id=f"w-{number}", topic="orders/paid")
        while not self.stopping.is_set():
            if self._try(body, headers):
                self.acknowledged.add(number)
                return
            time.sleep(RETRY_S)

    def _try(self, body: bytes, headers: dict[str, str]) -> bool:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=5
        )
        try:
            connection.request("POST", "/webhooks/bench", body, headers)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def campaign(folder: Path, *, kills: int, senders: int = 4) -> Report:
    """Run the campaign in *folder* and return what was found."""
    processes = Processes(folder)
    began = time.monotonic()
    try:
        processes.start_sandbox()
        supervisor = processes.start_bridge()
        load = [
            Load(processes.port, first + 1, senders)
            for first in range(senders)
        ]
        for sender in load:
            sender.start()
        for number in range(kills):
            _kill_one(
                processes,
                supervisor.pid,
                "web" if number % 2 else "worker",
            )
        for sender in load:
            sender.stopping.set()
        for sender in load:
            sender.join(timeout=30)
        acknowledged = set().union(*(sender.acknowledged for sender in load))
        wait_for(lambda: _quiet(processes), seconds=120)
    finally:
        processes.stop()
    return _report(processes, acknowledged, kills, time.monotonic() - began)


def _kill_one(processes: Processes, supervisor: int, role: str) -> None:
    """
    End web or worker at once, when both are at work.

    The moment is drawn, so that the end comes in the middle of things.
    """
    before = processes.counts().get("succeeded", 0)
    wait_for(lambda: processes.counts().get("succeeded", 0) > before + 5)
    time.sleep(random.uniform(0.1, 0.6))
    (victim,) = [
        pid
        for pid in children_of(supervisor)
        if ("bridge worker" in command_of(pid)) == (role == "worker")
    ]
    for child in children_of(victim) if role == "web" else []:
        kill(child)
    kill(victim)
    wait_for(lambda: victim not in children_of(supervisor))


def _quiet(processes: Processes) -> bool:
    counts = processes.counts()
    busy = ("pending", "claimed", "sending", "settling", "events:stored")
    return not any(counts.get(state) for state in busy)


def _report(
    processes: Processes,
    acknowledged: set[int],
    kills: int,
    seconds: float,
) -> Report:
    created: Counter[int] = Counter(
        int(arrival["keys"]["skus"][0].removeprefix("SKU-"))
        for arrival in processes.arrivals()
        if arrival["operation"] == "create_order" and arrival["applied"]
    )
    uncertain = _uncertain(processes)
    lost = acknowledged - set(created) - uncertain
    return Report(
        kills=kills,
        acknowledged=len(acknowledged),
        created=len(created),
        uncertain=len(uncertain),
        lost=len(lost),
        second_creates=sum(1 for times in created.values() if times > 1),
        seconds=round(seconds, 1),
    )


def _uncertain(processes: Processes) -> set[int]:
    import pysqlite3

    database = pysqlite3.connect(
        f"file:{processes.folder / 'bridge.db'}?mode=ro", uri=True
    )
    rows = database.execute(
        "SELECT order_id FROM deliveries WHERE state = 'uncertain'"
    ).fetchall()
    database.close()
    return {int(row[0]) - 7_000_000_000_000 for row in rows}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--keep", action="store_true")
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bridge-kills-"))
    report = campaign(folder, kills=wanted.kills)
    print(json.dumps(asdict(report), indent=2))
    if not wanted.keep:
        remove(folder)
    return 0 if report.clean else 1


if __name__ == "__main__":
    sys.exit(main())
