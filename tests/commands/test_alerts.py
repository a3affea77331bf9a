"""`alerts`: a test that arrives, or says why not; what is on now."""

import json

from bridge.journal.protocol import Journal
from tests.alerts.inbox import inbox
from tests.commands.conftest import Run
from tests.factories import NOW


def test_a_test_alert_arrives(run: Run, environ: dict[str, str]) -> None:
    """It says that it is one, and which way the console is."""
    with inbox() as there:
        environ["BRIDGE_ALERT_URL"] = there.url
        result = run("alerts", "test")

    assert (result.exit_code, result.stdout) == (
        0, "the test alert was taken\n",
    )  # fmt: skip
    assert [one["event"] for one in there.came] == ["test"]
    assert there.came[0]["url"] == "http://127.0.0.1:8080/console/"


def test_says_what_came_back(run: Run, environ: dict[str, str]) -> None:
    """One that was not taken ends with 1."""
    with inbox() as there:
        there.status = 403
        environ["BRIDGE_ALERT_URL"] = there.url
        result = run("alerts", "test")

    assert result.exit_code == 1
    assert "the test alert reached nobody: it answered 403" in result.stderr


def test_says_what_to_set(run: Run) -> None:
    """Where nobody is to be told there is nothing to test."""
    result = run("alerts", "test")

    assert result.exit_code == 5
    assert "BRIDGE_ALERT_URL" in result.stderr


def test_lists_what_is_on(run: Run, journal: Journal) -> None:
    """With what is told of it, and why nobody was."""
    assert "Nothing is on." in run("alerts", "list").stdout
    journal.keep_alerts({"paused:yuju-mx": NOW}, [], NOW)
    (one,) = journal.alerts()
    journal.keep_told(one, problem="it answered 500", again_at=NOW, now=NOW)

    (item,) = json.loads(run("alerts", "list", "--json").stdout)["items"]

    assert item["cause"] == "paused:yuju-mx"
    assert item["text"].startswith("yuju-mx está en pausa")
    assert item["problem"] == "it answered 500"
    assert "Nothing is on." not in run("alerts", "list").stdout


def test_doctor_says_that_nobody_was_told(run: Run, journal: Journal) -> None:
    """A warning, with what to try."""
    assert "none is on" in run("doctor").stdout
    journal.keep_alerts({"paused:yuju-mx": NOW}, [], NOW)
    (one,) = journal.alerts()
    journal.keep_told(one, problem="it answered 500", again_at=NOW, now=NOW)

    assert "paused:yuju-mx was told to nobody" in run("doctor").stdout
