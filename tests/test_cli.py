import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bench.processes import children_of, name_of
from bridge import compose
from bridge.cli import cli
from bridge.commands.processes import prepare
from bridge.compose import now
from bridge.errors import JournalUnavailable
from bridge.holding import held_alone
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal, Lane
from bridge.journal.seeing import Learned
from bridge.model import DeliveryState, Kind, Part, Reason
from bridge.serving import web_options
from bridge.settings import read_settings
from tests.factories import NOW, ORDER, STORE, keep, new_delivery, new_event

MAPPINGS = Path(__file__).parents[1] / "mappings"
PAID = "shopify-mx-orders-paid-multiline"
SECRETS = (
    "CAFE_MX_SECRET",
    "CHOCOLATE_CO_SECRET",
    "ARTESANIAS_MX_SECRET",
    "CALZADO_CO_SECRET",
    "RAYO_API_KEY",
    "EVERY_TOKEN",
    "YUJU_TOKEN",
)

Run = Callable[..., Result]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """All settings and secrets, with files of our own to change."""
    folder = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, folder)
    return {
        "BRIDGE_DATABASE": f"sqlite:///{tmp_path / 'bridge.db'}",
        "BRIDGE_MAPPINGS": str(folder),
        "BRIDGE_ADMIN_TOKENS": f"ana:{'t' * 32}",
        "BRIDGE_PORT": str(free_port()),
        **{name: f"the secret of {name}" for name in SECRETS},
    }


@pytest.fixture
def journal(environ: dict[str, str]) -> Iterator[Journal]:
    """An empty journal, where the commands will look for it."""
    journal = open_journal(environ["BRIDGE_DATABASE"])
    journal.migrate()
    yield journal
    journal.close()


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    """Run a command in this process; a value of None takes it away."""

    def run(*arguments: str, **changes: str | None) -> Result:
        env = {**environ, **changes}
        return CliRunner().invoke(cli, arguments, env=env)

    return run


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def loaded(result: Result) -> Any:
    """Return what a command printed with `--json`."""
    return json.loads(result.stdout)


# ------------------------------------------------------------------- help


def test_help_says_what_the_exit_codes_mean(run: Run) -> None:
    """
    `--help` lists every command and documents the exit codes.
    """
    result = run("--help")
    assert 0 == result.exit_code
    for word in (*cli.commands, "Exit codes:", "3  there is nothing by"):
        assert word in result.stdout


def test_unknown_flag_is_a_usage_error(run: Run) -> None:
    """
    A flag that nobody knows ends with 2.
    """
    assert 2 == run("deliveries", "list", "--colour").exit_code


# ------------------------------------------------------------------ lists


def test_lists_have_the_shapes_of_the_admin_api(
    run: Run, journal: Journal
) -> None:
    """
    `--json` gives the items and fields that the admin API promises.
    """
    journal.append([new_event()])
    keep(journal, new_delivery())
    (event,) = loaded(run("events", "list", "--json"))["items"]
    assert {
        "id", "store", "topic", "order_id", "state", "reason", "received_at",
    } <= event.keys()  # fmt: skip
    (item,) = loaded(run("deliveries", "list", "--json"))["items"]
    assert {
        "id", "store", "order_id", "mapping", "rule", "target", "operation",
        "state", "reason", "attention", "attempts", "due_at", "version",
    } <= item.keys()  # fmt: skip
    assert item["estimated_at"] > item["due_at"]
    (order,) = loaded(run("orders", "list", "--json"))["items"]
    assert [STORE, ORDER] == [order["store"], order["order_id"]]


def test_lists_go_on_where_they_ended(run: Run, journal: Journal) -> None:
    """
    `--cursor` with a page's `next` gives the page after it.
    """
    journal.append([new_event(key) for key in ("a", "b", "c")])
    first = loaded(run("events", "list", "--limit", "2", "--json"))
    rest = loaded(run("events", "list", "--cursor", first["next"], "--json"))
    ids = [item["id"] for item in first["items"] + rest["items"]]
    assert [3, 2, 1] == ids
    assert None is rest["next"]


@pytest.mark.parametrize("columns", [40, 80])
def test_lists_fit_the_terminal(
    run: Run, journal: Journal, columns: int
) -> None:
    """
    Tables stay within 80 columns, and become blocks within 40.
    """
    journal.append([new_event()])
    keep(journal, new_delivery())
    for words in (
        ["deliveries", "list"],
        ["events", "list"],
        ["orders", "list"],
        ["orders", "show", STORE, ORDER],
        ["targets", "list"],
    ):
        result = run(*words, COLUMNS=str(columns))
        assert 0 == result.exit_code, result.output
        longest = max(len(line) for line in result.stdout.splitlines())
        assert longest <= columns, words


def test_no_terminal_obeys_what_came_from_outside(
    run: Run, journal: Journal
) -> None:
    """
    Control characters of a webhook's topic are not shown.
    """
    journal.append([new_event(topic="orders/\x1b[31mpaid[bold]")])
    shown = run("events", "list").stdout
    assert "\x1b" not in shown
    assert "·[31mpaid[bold]" in shown


@pytest.mark.parametrize(
    "words",
    [
        ["events", "show", "7"],
        ["orders", "show", STORE, "7"],
        ["deliveries", "show", "7"],
        ["deliveries", "redeliver", "7", "--reason", "so"],
        ["deliveries", "resolve", "7", "--decision", "done", "--reason", "so"],
        ["targets", "pause", "nobody", "--reason", "so"],
        ["targets", "adopt", "nobody", "--yes"],
        ["explain", "cafe-mx-rayo", "7"],
        ["send-sample", "nothing"],
    ],
)
def test_what_is_not_there(
    run: Run, journal: Journal, words: list[str]
) -> None:
    """
    Naming what is not there ends with 3 and one line on standard error.
    """
    result = run(*words)
    assert 3 == result.exit_code
    assert "" == result.stdout
    assert 1 == result.stderr.count("\n")


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["events", "list", "--since", "tomorrow"], "--since"),
        (["deliveries", "list", "--state", "lost"], "--state"),
        (["deliveries", "list", "--limit", "0"], "--limit"),
        (["orders", "list", "--cursor", "abc"], "--cursor"),
    ],
)
def test_wrong_values_are_named(
    run: Run, words: list[str], wrong: str
) -> None:
    """
    A value that is not taken ends with 2 and names its option.
    """
    result = run(*words)
    assert 2 == result.exit_code
    assert wrong in result.stderr


# ---------------------------------------------------------------- actions


def test_redelivery_of_a_question_is_a_conflict(
    run: Run, journal: Journal
) -> None:
    """
    What the journal refuses ends with 4, and nothing has changed.
    """
    (held,) = keep(
        journal,
        new_delivery(
            kind=Kind.ASK,
            state=DeliveryState.HELD,
            reason=Reason(code="asked"),
        ),
    )
    result = run("deliveries", "redeliver", str(held.id), "--reason", "so")
    assert 4 == result.exit_code
    assert "resolve it instead" in result.stderr
    assert held == journal.delivery(held.id)


def test_force_is_never_taken_for_granted(run: Run, journal: Journal) -> None:
    """
    Without a terminal, `--force` alone does nothing: it needs `--yes`.
    """
    (one,) = keep(journal, new_delivery(state=DeliveryState.CANCELLED))
    words = ["deliveries", "redeliver", str(one.id), "--reason", "so"]
    refused = run(*words, "--force")
    assert 2 == refused.exit_code
    assert "--yes" in refused.stderr
    assert one == journal.delivery(one.id)
    assert 0 == run(*words, "--force", "--yes").exit_code
    after = journal.delivery(one.id)
    assert after is not None
    assert DeliveryState.PENDING is after.state


def test_redelivers_only_what_was_seen(run: Run, journal: Journal) -> None:
    """
    With `--if-version` another version is left alone.
    """
    (one,) = keep(journal, new_delivery(state=DeliveryState.CANCELLED))
    words = ["deliveries", "redeliver", str(one.id), "--reason", "so"]
    refused = run(*words, "--if-version", str(one.version + 1))
    assert 4 == refused.exit_code
    assert "look again" in refused.stderr
    assert one == journal.delivery(one.id)
    assert 0 == run(*words, "--if-version", str(one.version)).exit_code


def test_actions_need_a_reason(run: Run, journal: Journal) -> None:
    """
    Without `--reason` nothing is done.
    """
    (one,) = keep(journal, new_delivery(state=DeliveryState.CANCELLED))
    assert 2 == run("deliveries", "redeliver", str(one.id)).exit_code
    blank = run("deliveries", "redeliver", str(one.id), "--reason", "  ")
    assert 2 == blank.exit_code
    assert one == journal.delivery(one.id)


def test_resolving_leaves_a_name_in_the_audit(
    run: Run, journal: Journal
) -> None:
    """
    A decision is kept with who made it, its reason and the links told.
    """
    (held,) = keep(
        journal,
        new_delivery(
            state=DeliveryState.HELD, reason=Reason(code="value_missing")
        ),
    )
    result = run(
        "deliveries", "resolve", str(held.id), "--decision", "exists",
        "--link", "rayo_order=9095", "--reason", "seen in the panel", "--json",
    )  # fmt: skip
    assert "succeeded" == loaded(result)["state"]
    shown = loaded(run("deliveries", "show", str(held.id), "--json"))
    (entry,) = shown["audit"]
    assert entry["actor"].startswith("cli:")
    assert "seen in the panel" == entry["reason"]
    links = journal.dossier(STORE, ORDER).links
    assert {"rayo-mx": {"rayo_order": "9095"}} == links


def test_holding_until_a_time(run: Run, journal: Journal) -> None:
    """
    What is held from a terminal tells until when, and is let go by a word.
    """
    (held,) = keep(
        journal,
        new_delivery(state=DeliveryState.HELD, reason=Reason(code="asked")),
    )
    result = run(
        "deliveries", "resolve", str(held.id), "--decision", "hold",
        "--until", "2126-01-02T03:04:05Z", "--reason", "she asks", "--json",
    )  # fmt: skip
    assert "on_hold" == loaded(result)["reason"]
    assert 4_922_996_645_000 == loaded(result)["where"]["until"]
    result = run(
        "deliveries", "resolve", str(held.id), "--decision", "release",
        "--reason", "she knows", "--json",
    )  # fmt: skip
    assert "pending" == loaded(result)["state"]


def test_resolving_what_has_changed_since(run: Run, journal: Journal) -> None:
    """
    A decision about another version than was seen ends with 4.
    """
    (held,) = keep(
        journal,
        new_delivery(state=DeliveryState.HELD, reason=Reason(code="x")),
    )
    result = run(
        "deliveries", "resolve", str(held.id), "--decision", "cancel",
        "--reason", "so", "--if-version", str(held.version + 1),
    )  # fmt: skip
    assert 4 == result.exit_code


def test_says_when_it_will_be_sent(
    run: Run, journal: Journal, environ: dict[str, str], tmp_path: Path
) -> None:
    """
    A delivery that waits has a time or a reason, also when the file of the
    targets is wrong.
    """
    for order in "123":
        keep(journal, new_delivery(order_id=order))
    for command in (
        ("deliveries", "list"),
        ("deliveries", "show", "3"),
        ("orders", "show", STORE, "3"),
    ):
        told = run(*command, COLUMNS="200")
        assert "2 go before it" in told.stdout, told.stdout
    environ["BRIDGE_MAPPINGS"] = str(tmp_path)
    assert "no file names rayo-mx" in run("deliveries", "show", "3").stdout


def test_target_is_tested_by_a_worker(run: Run, journal: Journal) -> None:
    """
    What the worker learned is told, and whether that is well.
    """
    lanes = [Lane(target="rayo-mx", room=1)]
    learned = [
        Learned(outcome="answers", status=200, ms=12),
        Learned(outcome="notprocessed", reason="credentials_refused"),
    ]

    def answer() -> None:
        for one in learned:
            taken = None
            while taken is None:
                taken = journal.take_question(lanes, compose.now())
            journal.answer_question(
                taken, one, slot_free_at=None, now=compose.now()
            )

    worker = threading.Thread(target=answer)
    worker.start()
    good = run("targets", "test", "rayo-mx")
    bad = run("targets", "test", "rayo-mx")
    worker.join()
    assert (0, "rayo-mx: answers, in 12 ms\n") == (good.exit_code, good.stdout)
    assert (1, "rayo-mx: notprocessed credentials_refused\n") == (
        bad.exit_code,
        bad.stdout,
    )
    assert 3 == run("targets", "test", "nobody").exit_code


def test_targets_are_paused_and_resumed(run: Run, journal: Journal) -> None:
    """
    A paused target is listed as such until it is resumed.
    """
    journal.pin_target("rayo-mx", "qa.cerebro.techrayo.com")

    def paused() -> Any:
        items = loaded(run("targets", "list", "--json"))["items"]
        return {item["name"]: item["paused"] for item in items}["rayo-mx"]

    run("targets", "pause", "rayo-mx", "--reason", "they asked")
    assert "operator" == paused()
    run("targets", "resume", "rayo-mx", "--reason", "all well")
    assert None is paused()


# --------------------------------------------------- settings and journals


def test_journal_that_is_not_there(run: Run) -> None:
    """
    Without a database the line says what to run, and the status is 5.
    """
    result = run("events", "list")
    assert 5 == result.exit_code
    assert "python -m bridge migrate" in result.stderr
    assert 1 == result.stderr.count("\n")


def test_migrate_makes_the_schema(run: Run) -> None:
    """
    `migrate` makes the database; a second time there is nothing to do.
    """
    assert "took 0001" in run("migrate").stdout
    assert "the schema is up to date\n" == run("migrate").stdout
    assert 0 == run("events", "list").exit_code


def test_backup_is_a_whole_journal(
    run: Run, journal: Journal, tmp_path: Path
) -> None:
    """
    A backup has what the journal has, and never replaces a file.
    """
    journal.append([new_event()])
    path = tmp_path / "copy.db"
    assert 0 == run("backup", str(path)).exit_code
    copied = run(
        "events", "list", "--json", BRIDGE_DATABASE=f"sqlite:///{path}"
    )
    assert 1 == len(loaded(copied)["items"])
    assert 5 == run("backup", str(path)).exit_code


@pytest.mark.parametrize("command", ["serve", "web", "worker"])
def test_missing_secret_stops_the_start(
    run: Run, journal: Journal, command: str
) -> None:
    """
    A missing secret is told in one clear line, and nothing is started.
    """
    result = run(command, CAFE_MX_SECRET=None)
    assert 5 == result.exit_code
    assert 1 == result.stderr.count("\n")
    assert "stores.yaml:10:" in result.stderr
    assert "CAFE_MX_SECRET is not set" in result.stderr


def test_moved_target_stops_the_start(run: Run, journal: Journal) -> None:
    """
    Where a target has another host than its ids, `serve` refuses, until
    `targets adopt` was said.
    """
    journal.pin_target("rayo-mx", "127.0.0.1:8090")
    result = run("serve")
    assert 5 == result.exit_code
    assert "adopt" in result.stderr
    assert 0 == run("targets", "adopt", "rayo-mx", "--yes").exit_code
    journal.pin_target("rayo-mx", "qa.cerebro.techrayo.com")


def test_taken_port_stops_the_start(run: Run, environ: dict[str, str]) -> None:
    """
    Where somebody listens already, `serve` says so and starts nothing.
    """
    address = ("127.0.0.1", int(environ["BRIDGE_PORT"]))
    with socket.create_server(address):
        result = run("serve")
    assert 5 == result.exit_code
    assert "set BRIDGE_HOST and BRIDGE_PORT" in result.stderr


def test_two_of_a_kind(environ: dict[str, str], tmp_path: Path) -> None:
    """
    Two `serve` on one database would share their workers' names: the
    second one waits for the first to end, and then gives up.
    """
    held = partial(
        held_alone, environ["BRIDGE_DATABASE"], monotonic=time.monotonic
    )
    with (
        held(),
        pytest.raises(JournalUnavailable, match="another `serve` runs"),
        held(wait_s=0.1),
    ):
        pytest.fail("two at once")
    with held(wait_s=0.1) as hold:
        assert None is not hold


def test_wrong_mapping_does_not_stop_the_start(
    run: Run, environ: dict[str, str], journal: Journal
) -> None:
    """
    A mapping file that is wrong is named, and only it is off.
    """
    file = Path(environ["BRIDGE_MAPPINGS"], "cafe-mx-rayo.yaml")
    file.write_text(file.read_text().replace("telefono:", "telefno:"))
    settings = read_settings(environ)
    told = CliRunner().invoke(
        click.Command("start", callback=lambda: prepare(settings, {})),
        env=environ,
    )
    assert 0 == told.exit_code, told.output
    assert "telefono" in told.stderr
    assert "cafe-mx-rayo: it is off, and its orders wait" in told.stderr


def test_web_listens_where_the_settings_say() -> None:
    """
    gunicorn gets one process with threads, our address and no access log.
    """
    environ = {"BRIDGE_HOST": "::1", "BRIDGE_PORT": "8181"}
    found = web_options(read_settings(environ))
    assert "[::1]:8181" == found["bind"]
    assert 1 == found["workers"]
    assert found["control_socket_disable"]
    assert not any(name.startswith("accesslog") for name in found)


# ---------------------------------------------------------- check, explain


def test_check_needs_no_secret(run: Run) -> None:
    """
    The shipped files are right; missing secrets are only warned of.
    """
    result = run("check", **dict.fromkeys(SECRETS))
    assert 0 == result.exit_code, result.output
    assert len(SECRETS) == result.stdout.count("is not set")


def test_check_names_line_and_column_of_a_typo(
    run: Run, environ: dict[str, str]
) -> None:
    """
    A mistyped field is told with its place and the nearest right word.
    """
    file = Path(environ["BRIDGE_MAPPINGS"], "cafe-mx-rayo.yaml")
    file.write_text(file.read_text().replace("telefono:", "telefno:"))
    result = run("check")
    assert 1 == result.exit_code
    line = 1 + file.read_text().split("telefno:")[0].count("\n")
    assert f"{file}:{line}:" in result.stdout
    assert "telefono" in result.stdout
    report = loaded(run("check", "--json"))
    assert [line] == [problem["line"] for problem in report["problems"]]


def test_check_runs_the_cases(run: Run, environ: dict[str, str]) -> None:
    """
    A case that expects something else is told, and the status is 1.
    """
    cases = Path(environ["BRIDGE_MAPPINGS"], "cafe-mx-rayo.cases.yaml")
    cases.write_text(
        f"- case: nothing is made of it\n"
        f"  given:\n    - sample: {PAID}\n"
        f"  expect: []\n"
    )
    result = run("check")
    assert 1 == result.exit_code
    assert "nothing is made of it: " in result.stdout


def test_check_of_a_broken_stores_file(
    run: Run, environ: dict[str, str]
) -> None:
    """
    Where the stores are wrong, only they are told: the rest depends on them.
    """
    file = Path(environ["BRIDGE_MAPPINGS"], "stores.yaml")
    file.write_text(file.read_text().replace("shopify", "shopifi", 1))
    problems = loaded(run("check", "--json"))["problems"]
    assert [str(file)] == [problem["file"] for problem in problems]
    assert "shopify" in problems[0]["message"]


def test_explain_shows_requests_and_reasons(run: Run) -> None:
    """
    Each rule is told with its request, or with why there is none.
    """
    told = loaded(run("explain", "cafe-mx-rayo", PAID, "--json"))
    assert "#1042" == told["order"]["name"]
    rules = {rule["rule"]: rule for rule in told["rules"]}
    assert "/api/rest/orders" == rules["create"]["request"]["path"]
    assert "the order is not shipped" == rules["tracking"]["why"]
    assert "the order is not cancelled" == rules["cancelled"]["why"]


def test_explain_reads_body_files(run: Run, tmp_path: Path) -> None:
    """
    A file with a body is explained like a sample.
    """
    body = tmp_path / "body.json"
    shutil.copy(MAPPINGS / "samples" / f"{PAID}.json", body)
    shown = run("explain", "cafe-mx-rayo.yaml", str(body)).stdout
    assert "create: sends" in shown
    assert "POST /api/rest/orders" in shown


def test_explain_of_a_mistyped_mapping(run: Run) -> None:
    """
    The nearest mapping's name is offered.
    """
    result = run("explain", "cafe-mx-raio", PAID)
    assert 3 == result.exit_code
    assert "did you mean 'cafe-mx-rayo'" in result.stderr


# ----------------------------------------------------------------- doctor


def test_doctor_before_the_first_start(run: Run) -> None:
    """
    A bridge without a database is not well, and the doctor says what to do.
    """
    result = run("doctor")
    assert 1 == result.exit_code
    assert "python -m bridge migrate" in result.stdout


def test_doctor_of_a_bridge_that_never_ran(run: Run, journal: Journal) -> None:
    """
    A sound journal without a worker is a warning, and no failure.
    """
    result = run("doctor", "--json")
    verdicts = {
        line["subject"]: line["verdict"] for line in loaded(result)["lines"]
    }
    assert 0 == result.exit_code, result.stdout
    assert "warn" == verdicts["workers"]
    assert "ok" == verdicts["integrity"]


def test_doctor_sees_what_is_wrong(run: Run, journal: Journal) -> None:
    """
    A lost worker, a paused target, a missing secret and work that waits
    for long are bad, each with what to do.
    """
    journal.append([new_event()])
    journal.beat("vm/serve-0", problems=[], now=NOW)
    journal.pin_target("rayo-mx", "qa.cerebro.techrayo.com")
    run("targets", "pause", "rayo-mx", "--reason", "so")
    result = run("doctor", "--json", RAYO_API_KEY=None)
    bad = {
        line["subject"]: line["advice"]
        for line in loaded(result)["lines"]
        if line["verdict"] == "bad"
    }
    assert 1 == result.exit_code
    assert {"workers", "rayo-mx", "secret", "events to plan"} == bad.keys()
    assert all(bad.values())


def test_doctor_misses_who_plans(run: Run, journal: Journal) -> None:
    """A worker that only sends is not enough, and doctor says what lacks."""
    sends = frozenset({Part.SENDS})
    journal.beat("vm/serve-0", parts=sends, problems=[], now=now())

    (line,) = [
        line
        for line in loaded(run("doctor", "--json"))["lines"]
        if line["subject"] == "workers"
    ]

    assert ("bad", True) == (line["verdict"], "nobody plans" in line["text"])


# -------------------------------------------------------------- processes


def start(
    environ: dict[str, str], *words: str, **options: Any
) -> "subprocess.Popen[bytes]":
    """Start the real command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bridge", *words],
        env={**os.environ, **environ},
        **options,
    )


@pytest.mark.processes
def test_reader_that_goes_away(
    environ: dict[str, str], journal: Journal
) -> None:
    """
    A pipe that is closed early leaves no traceback.
    """
    journal.append([new_event(f"key {n}") for n in range(200)])
    words = ("events", "list", "--limit", "200", "--json")
    process = start(
        environ, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, told = process.communicate(timeout=20)
    assert 1 == process.returncode
    assert b"" == told


@pytest.mark.processes
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_full_output(environ: dict[str, str], journal: Journal) -> None:
    """
    Output that can not be written is told in one line.
    """
    with Path("/dev/full").open("wb") as full:
        process = start(
            environ, "events", "list", stdout=full, stderr=subprocess.PIPE
        )
        _, told = process.communicate(timeout=20)
    assert 1 == process.returncode
    assert b"bridge: output: No space left on device\n" == told


@pytest.mark.processes
def test_terminal_without_unicode(
    environ: dict[str, str], journal: Journal
) -> None:
    """
    Where the terminal knows no Unicode, a list is shown all the same.
    """
    journal.append([new_event(topic="órdenes/pagó")])
    plain = {**environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    process = start(plain, "events", "list", stdout=subprocess.PIPE)
    shown, _ = process.communicate(timeout=20)
    assert 0 == process.returncode
    assert b"rdenes/pag" in shown


def children(pid: int, name: str = "") -> list[int]:
    """Return the children of *pid*, or those of a name."""
    return [
        child
        for child in children_of(pid)
        if not name or name_of(child) == name
    ]


def ready(environ: dict[str, str]) -> bool:
    """Return whether the bridge takes and sends."""
    url = f"http://127.0.0.1:{environ['BRIDGE_PORT']}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(json.loads(answer.read())["sending"])
    except (OSError, urllib.error.HTTPError):
        return False


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that must come to hold."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.05)


def kill_and_wait(parent: int, name: str) -> None:
    """Kill the child of that name; wait for its successor."""
    (killed,) = children(parent, name)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: children(parent, name) not in ([], [killed]))


@pytest.mark.processes
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_serve_brings_back_what_dies_and_ends_in_order(
    environ: dict[str, str], run: Run
) -> None:
    """
    `serve` takes a signed sample, brings back a killed web and worker,
    takes again, and ends with 0 on SIGTERM, leaving nobody behind.
    """
    # the targets are nobody's: what is sent there is refused at once
    targets = Path(environ["BRIDGE_MAPPINGS"], "targets.yaml")
    lines = targets.read_text().splitlines()
    targets.write_text(
        "\n".join(
            '  base_url: "http://127.0.0.1:9"' if "base_url:" in line else line
            for line in lines
        )
    )
    process = start(environ, "serve", stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: ready(environ))
        assert "stored" in run("send-sample", PAID).stdout
        assert "repeated" in run("send-sample", PAID).stdout
        kill_and_wait(process.pid, "bridge-web")
        kill_and_wait(process.pid, "bridge-worker-0")
        kill_and_wait(process.pid, "bridge-planner")
        wait_until(lambda: run("send-sample", PAID).exit_code == 0)
        left = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(60)
        assert not any(Path(f"/proc/{pid}").exists() for pid in left)
    finally:
        process.kill()
        process.wait()
    assert 2 == len(loaded(run("deliveries", "list", "--json"))["items"])
