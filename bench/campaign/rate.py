"""
Three worker processes against Yuju's limit, with a round trip of 50 ms.

    python -m bench.campaign.rate [--seconds 60] [--workers 3]

Prints how many requests came to Yuju in any one second of its own clock,
and how near to two a second that was on the whole. Ends with status 1 when
a third request came within a second, or less than 90 % was reached.
"""

import argparse
import http.client
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.campaign.histories import lines_of
from bench.campaign.lives import SHOPS, Life, Telling, campaign_files
from bench.campaign.verifier import most_in_a_second
from bench.processes import Processes, remove, said, signed

ROUND_TRIP_S = 0.05
LIMIT = 2  # a second
BAR = 0.9
SPARE = 20
"""Orders more than can be told in the time."""

STORE = "mercado"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What came to Yuju.

    Args:
        requests: between the first and the last one looked at.
        most: in any one second.
        per_second: on the whole.
        closest_ms: from any request to the next but one.
    """

    requests: int
    seconds: float
    most: int
    per_second: float
    closest_ms: float

    @property
    def clean(self) -> bool:
        """Whether the limit was held, and used."""
        return self.most <= LIMIT and self.per_second >= BAR * LIMIT


def only_yuju(sandbox: str) -> dict[str, str]:
    """Return the campaign's mapping files without the other targets' rules."""
    files = campaign_files(sandbox)
    kept = {"stores.yaml", "targets.yaml", "mercado-yuju.yaml"}
    return {name: text for name, text in files.items() if name in kept}


def measure(folder: Path, *, seconds: float, workers: int) -> Report:
    """Let *workers* tell Yuju of more orders than it takes for *seconds*."""
    processes = Processes(folder, files=only_yuju)
    wanted = int(seconds * LIMIT)
    try:
        processes.start_sandbox()
        delay = {
            "api": "yuju",
            "fault": "delay",
            "seconds": ROUND_TRIP_S,
            "times": None,
        }
        said(processes.sandbox_port, "/sandbox/faults", delay)
        processes.start_bridge(workers=workers)
        send_paid(processes.port, wanted + SPARE)
        _wait_for(processes.record, wanted, seconds=2 * seconds + 30)
    finally:
        processes.stop()
    return report_of(times_of(processes.record)[:wanted])


def send_paid(port: int, number: int) -> None:
    """Send so many paid orders; each is one call to Yuju."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for one in range(number):
        telling = paid(one)
        headers = signed(
            telling.body, webhook_id=telling.order, topic=telling.topic
        )
        headers["X-Shopify-Shop-Domain"] = SHOPS[STORE]
        path = f"/webhooks/{STORE}"
        connection.request("POST", path, telling.body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            message = f"a webhook was answered with {answer.status}"
            raise RuntimeError(message)
    connection.close()


def paid(number: int) -> Telling:
    """Return the telling that an order is paid."""
    life = Life(
        number, STORE, began=int(time.time()) - 60, dice=random.Random(number)
    )
    tellings = life.tellings()
    next(tellings)
    return next(tellings)


def times_of(record: Path) -> list[float]:
    """Return when requests came to Yuju, in milliseconds of its clock."""
    if not record.exists():
        return []
    return sorted(
        line["t"] for line in lines_of(record) if line["api"] == "yuju"
    )


def report_of(times: list[float]) -> Report:
    """Return the figures of requests that came at *times*."""
    seconds = (times[-1] - times[0]) / 1000
    gaps = [
        later - one for one, later in zip(times, times[LIMIT:], strict=False)
    ]
    return Report(
        requests=len(times),
        seconds=seconds,
        most=most_in_a_second(times)[0],
        per_second=(len(times) - 1) / seconds,
        closest_ms=min(gaps),
    )


def _wait_for(record: Path, number: int, *, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while len(times_of(record)) < number and time.monotonic() < ends:
        time.sleep(0.5)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=3)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bridge-rate-"))
    try:
        found = measure(folder, seconds=wanted.seconds, workers=wanted.workers)
    finally:
        remove(folder)
    print(f"{found.requests} requests in {found.seconds:.1f} s")
    print(f"most in any one second: {found.most} (of {LIMIT})")
    share = found.per_second / LIMIT
    print(f"{found.per_second:.3f} a second: {share:.1%} of the limit")
    print(f"closest, one to the next but one: {found.closest_ms:.1f} ms")
    print("clean" if found.clean else "VIOLATED")
    return 0 if found.clean else 1


if __name__ == "__main__":
    sys.exit(main())
