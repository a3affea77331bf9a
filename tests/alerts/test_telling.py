"""An alert is posted, or given to a command; why not is said plainly."""

import json
import sys
from pathlib import Path

import pytest

from bridge.alert_settings import AlertSettings, Form
from bridge.alerts import telling
from bridge.alerts.telling import teller
from bridge.alerts.texts import Notice
from tests.alerts.inbox import inbox
from tests.factories import NOW

NOTICE = Notice(
    event="alert", kind="paused", subject="yuju-mx",
    text="yuju-mx está en pausa", since=NOW, url="http://127.0.0.1/console/",
)  # fmt: skip


def test_posts_json() -> None:
    """What was taken is told to have been."""
    with inbox() as there:
        problem = teller(AlertSettings(url=there.url))(NOTICE)

    assert problem is None
    assert there.came == [NOTICE.body(Form.JSON)]


def test_posts_what_slack_takes() -> None:
    """One text, with the way to the page."""
    with inbox() as there:
        teller(AlertSettings(url=there.url, form=Form.SLACK))(NOTICE)

    assert there.came == [
        {"text": "yuju-mx está en pausa <http://127.0.0.1/console/>"}
    ]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_says_what_was_answered(status: int) -> None:
    """And follows no redirection."""
    with inbox() as there:
        there.status = status
        problem = teller(AlertSettings(url=there.url))(NOTICE)

    assert problem == f"it answered {status}"
    assert len(there.came) == 1


def test_says_that_nobody_answered_and_not_where() -> None:
    """The address may be a secret."""
    with inbox() as there:
        url = there.url
    problem = teller(AlertSettings(url=url))(NOTICE)

    assert problem == "it did not answer (ConnectError)"


def test_runs_a_command(tmp_path: Path) -> None:
    """With the alert on its standard input, and none of our secrets."""
    out = tmp_path / "told.json"
    script = (
        "import json, os, sys;"
        "said = [json.load(sys.stdin), sorted(os.environ)];"
        f"open({str(out)!r}, 'w').write(json.dumps(said))"
    )
    settings = AlertSettings(command=(sys.executable, "-c", script))
    environ = {"PATH": "/usr/bin", "RAYO_API_KEY": "secret"}

    assert teller(settings, environ)(NOTICE) is None
    said, names = json.loads(out.read_text())
    assert said == NOTICE.body(Form.JSON)
    assert "PATH" in names
    assert "RAYO_API_KEY" not in names


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    """What would be more than one command is one command's words."""
    made = tmp_path / "made"
    settings = AlertSettings(command=("true", ";", "touch", str(made)))

    assert teller(settings)(NOTICE) is None
    assert not made.exists()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("false",), "it ended with 1"),
        (
            ("/no/such/command",),
            "the command could not be run (FileNotFoundError)",
        ),
    ],
)
def test_says_how_a_command_failed(
    command: tuple[str, ...], problem: str
) -> None:
    """Its status, or why there was none."""
    assert teller(AlertSettings(command=command))(NOTICE) == problem


def test_a_command_does_not_take_for_ever() -> None:
    """It is ended, and told to have been slow."""
    assert telling.COMMAND_S == 10.0
    settings = AlertSettings(command=("sleep", "60"))

    problem = teller(settings, command_s=0.2)(NOTICE)

    assert problem == "the command took longer than 0.2 seconds"


def test_tells_nobody_where_there_is_nobody() -> None:
    """And says what to set."""
    assert teller(AlertSettings())(NOTICE) == (
        "nobody is to be told: set BRIDGE_ALERT_URL"
    )
