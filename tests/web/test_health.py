"""What machines ask: alive, ready, how much."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from bridge.errors import JournalUnavailable
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal, Room
from bridge.journal.sqlite import SQLiteJournal
from bridge.lifecycle import Gate
from bridge.model import DeliveryState, Part
from bridge.observe import observe
from tests.factories import (
    NOW,
    STORE,
    TARGET,
    keep,
    later,
    new_delivery,
    new_event,
)
from tests.web.doors import TARGETS, post, web


class Away:
    """A journal that is not to be had."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_given: Any, **_more: Any) -> Any:
            raise JournalUnavailable("the disk is full")

        return fail


AWAY = cast(Journal, Away())


def codes(report: Mapping[str, Any]) -> list[str]:
    """Return what a report warns of."""
    return [one["code"] for one in report["warnings"]]


def ready(client: FlaskClient) -> dict[str, Any]:
    """Return the report of a bridge that takes webhooks."""
    answer = client.get("/readyz")
    assert 200 == answer.status_code
    return cast(dict[str, Any], answer.json)


def test_is_alive_without_a_journal() -> None:
    """
    Being alive needs nothing else.
    """
    answer = web(AWAY).test_client().get("/healthz")
    assert (200, {"alive": True}) == (answer.status_code, answer.json)


def test_is_not_ready_without_a_journal() -> None:
    """
    A bridge that can keep nothing says so, and why.
    """
    answer = web(AWAY).test_client().get("/readyz")
    report = cast(Any, answer.json)
    assert (503, False) == (answer.status_code, report["ready"])
    assert ["journal"] == [one["code"] for one in report["reasons"]]


def test_is_not_ready_without_a_schema(tmp_path: Path) -> None:
    """
    A database that was never migrated can keep nothing.
    """
    journal = open_journal(f"sqlite:///{tmp_path / 'none.db'}")
    answer = web(journal).test_client().get("/readyz")
    assert 503 == answer.status_code


def test_is_ready(client: FlaskClient, journal: Journal) -> None:
    """
    With a journal and a worker that was seen just now all is well.
    """
    journal.beat("worker-1", problems=[], now=later(-14_000))
    report = ready(client)
    assert (True, True, []) == (
        report["ready"], report["sending"], report["warnings"],
    )  # fmt: skip
    assert (False, "live") == (report["sandbox"], report["mode"])


def test_takes_while_nothing_is_sent(
    client: FlaskClient, journal: Journal
) -> None:
    """
    Without a worker, and with a target paused, it still takes webhooks.
    """
    journal.beat("worker-1", problems=["old"], now=later(-16_000))
    journal.pin_target(TARGET, "rayo.example")
    journal.set_gate(
        TARGET, Gate(pause="operator"), actor="ana", reason="why", now=NOW
    )
    report = ready(client)
    assert not report["sending"]
    assert ["no_worker", "target_paused"] == codes(report)


def test_says_when_nobody_plans(client: FlaskClient, journal: Journal) -> None:
    """
    A process that sends does not hide that the one that plans is gone.
    """
    sends, plans = frozenset({Part.SENDS}), frozenset({Part.PLANS})
    journal.beat("worker-0", parts=sends, problems=[], now=NOW)
    journal.beat("planner", parts=plans, problems=[], now=later(-16_000))

    report = ready(client)

    assert ["no_planner"] == codes(report)
    assert (True, False) == (report["ready"], report["sending"])
    journal.beat("planner", parts=plans, problems=[], now=NOW)
    assert [] == codes(ready(client))


def test_tells_of_wrong_files(client: FlaskClient, journal: Journal) -> None:
    """
    What the workers say of their mapping files is told once.
    """
    for worker in ("worker-1", "worker-2"):
        journal.beat(worker, problems=["a.yaml:3: no such field"], now=NOW)
    report = ready(client)
    assert ["mapping"] == codes(report)
    assert "a.yaml:3" in report["warnings"][0]["text"]
    assert report["sending"]


def test_says_sandbox(journal: Journal) -> None:
    """
    With a target on this machine the report and every page say SANDBOX.
    """
    near = replace(TARGETS[TARGET], base_url="http://127.0.0.1:9/rayo")
    client = web(journal, targets={TARGET: near}).test_client()
    report = ready(client)
    assert (True, "SANDBOX") == (report["sandbox"], report["mode"])
    assert "SANDBOX" in client.get("/console/login").text


def test_says_which_targets_are_real(journal: Journal) -> None:
    """
    With one of two targets on this machine nobody is told that all is play.
    """
    near = replace(TARGETS[TARGET], base_url="http://127.0.0.1:9/rayo")
    real = replace(near, name="yuju-mx", base_url="https://api.tp.yuju.io")
    both = {TARGET: near, "yuju-mx": real}
    client = web(journal, targets=both).test_client()
    report = ready(client)
    page = client.get("/console/login").text

    assert (False, "MIXED") == (report["sandbox"], report["mode"])
    assert "these are real: yuju-mx" in page
    assert "SANDBOX" not in page


def test_counts(client: FlaskClient, journal: Journal) -> None:
    """
    The metrics count what the journal holds and how long it waits.
    """
    journal.append([new_event("a", received_at=later(-5_000))])
    keep(
        journal,
        new_delivery(due_at=later(-9_000)),
        new_delivery("b", position=2, state=DeliveryState.HELD, due_at=None),
    )
    text = client.get("/metrics").text
    for line in (
        'bridge_events{state="stored"} 1.0',
        'bridge_deliveries{state="pending",target="rayo-mx"} 1.0',
        "bridge_attention 1.0",
        "bridge_oldest_stored_age_seconds 5.0",
        "bridge_oldest_due_age_seconds 9.0",
        "bridge_journal_up 1.0",
    ):
        assert line in text.splitlines()


def test_counts_webhooks_by_answer(client: FlaskClient) -> None:
    """
    Every answer to a store is counted under its word.
    """
    line = 'bridge_webhooks_total{answer="signature",store="cafe-mx"}'
    before = value_of(client, line)
    post(client, headers={})
    assert before + 1 == value_of(client, line)
    assert "bridge_webhook_seconds_bucket" in client.get("/metrics").text


def test_counts_webhooks_that_needed_no_call(client: FlaskClient) -> None:
    """
    Each webhook counts by what its plan brought, several in one plan too.
    """
    line = 'bridge_webhooks_planned_total{brought="nothing",store="cafe-mx"}'
    before = value_of(client, line)
    observe("order.planned", store=STORE, events=3, brought="nothing")
    assert before + 3 == value_of(client, line)


def value_of(client: FlaskClient, name: str) -> float:
    """Return a sample's value; 0 where there is none yet."""
    lines = client.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith(f"{name} ")]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


def test_metrics_without_a_journal() -> None:
    """
    The process's own numbers are told even when the journal is away.
    """
    answer = web(AWAY).test_client().get("/metrics")
    assert 200 == answer.status_code
    assert "bridge_journal_up 0.0" in answer.text


COUNT = """
from bridge.observe import observe
observe("webhook.answered", store="s", answer="stored", ms=3)
"""
SHOW = """
from bridge.observe import metrics_text
print(metrics_text().decode())
"""


@pytest.mark.processes
def test_adds_up_processes(tmp_path: Path) -> None:
    """
    With `PROMETHEUS_MULTIPROC_DIR` the numbers of all processes are one.
    """
    for _worker in range(2):
        run(COUNT, tmp_path)
    text = run(SHOW, tmp_path)
    assert 'bridge_webhooks_total{answer="stored",store="s"} 2.0' in text


def run(program: str, folder: Path) -> str:
    """Run a Python program that shares numbers in *folder*."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout


def test_is_not_ready_without_room(tmp_path: Path) -> None:
    """
    Below the reserve it is not ready, and says with figures what to do;
    webhooks are answered 503 meanwhile, and 200 again when there is room.
    """
    room = Room(
        place="bridge.db", free=2**20, reserve=2**26, wal=7, largest_wal=9
    )
    journal = SQLiteJournal(tmp_path / "x.db", look=lambda *_: room)
    journal.migrate()
    client = web(journal).test_client()

    answer = client.get("/readyz")
    (reason,) = cast(Any, answer.json)["reasons"]
    assert (503, "no_room") == (answer.status_code, reason["code"])
    assert "1.0 MiB are free" in reason["text"]
    assert "make room" in reason["text"]
    refused = post(client)
    assert 503 == refused.status_code
    assert "5" == refused.headers["Retry-After"]
    text = client.get("/metrics").text.splitlines()
    assert "bridge_disk_free_bytes 1.048576e+06" in text
    assert "bridge_disk_reserve_bytes 6.7108864e+07" in text
    assert "bridge_wal_bytes 7.0" in text

    room = replace(room, free=2**27)
    journal._intake._next_look = 0.0  # noqa: SLF001
    assert 200 == post(client).status_code
    assert 200 == client.get("/readyz").status_code
