"""What the environment says of alerts, and what is refused."""

from pathlib import Path

import pytest

from bridge.alert_settings import Form
from bridge.errors import SettingsError
from bridge.model import DAY, MINUTE
from bridge.settings import read_settings

HOOK = "https://hooks.example.com/services/T0/B0/secret"


def test_nobody_is_told_unless_it_is_said() -> None:
    """The limits have defaults all the same; texts are Spanish."""
    alerts = read_settings({"BRIDGE_PORT": "9000"}).alerts

    assert not alerts.tells
    assert alerts.language == "es"
    assert alerts.attention_after == 30 * MINUTE
    assert alerts.console == "http://127.0.0.1:9000"


def test_all_can_be_said(tmp_path: Path) -> None:
    """The address also by a file, as it may be a secret."""
    file = tmp_path / "hook"
    file.write_text(f"{HOOK}\n")
    alerts = read_settings(
        {
            "BRIDGE_ALERT_URL_FILE": str(file),
            "BRIDGE_ALERT_FORM": "slack",
            "BRIDGE_ALERT_LANGUAGE": "en",
            "BRIDGE_ALERT_ATTENTION_AFTER": "5",
            "BRIDGE_ALERT_BACKLOG": "50",
            "BRIDGE_ALERT_DISK_MB": "2",
            "BRIDGE_ALERT_TOKEN_DAYS": "3",
            "BRIDGE_CONSOLE_URL": "https://puente.example.mx/",
        }
    ).alerts

    assert (alerts.url, alerts.form, alerts.language) == (
        HOOK, Form.SLACK, "en",
    )  # fmt: skip
    assert (alerts.attention_after, alerts.backlog) == (5 * MINUTE, 50)
    assert (alerts.disk, alerts.token_ends) == (2 * 1024**2, 3 * DAY)
    assert alerts.console == "https://puente.example.mx"
    assert "secret" not in repr(alerts)


def test_a_command_is_read_as_its_words() -> None:
    """As a shell would split it, and no shell runs it."""
    environ = {"BRIDGE_ALERT_COMMAND": "mail -s 'el puente' ana"}

    assert read_settings(environ).alerts.command == (
        "mail", "-s", "el puente", "ana",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BRIDGE_ALERT_URL", "http://hooks.example.com/x"),
        ("BRIDGE_ALERT_URL", "hooks.example.com"),
        ("BRIDGE_ALERT_URL", "https://[::1"),
        ("BRIDGE_ALERT_URL_FILE", "/no/such/file"),
        ("BRIDGE_ALERT_FORM", "xml"),
        ("BRIDGE_ALERT_LANGUAGE", "fr"),
        ("BRIDGE_ALERT_COMMAND", "mail 'ana"),
        ("BRIDGE_ALERT_ATTENTION_AFTER", "soon"),
        ("BRIDGE_ALERT_BACKLOG", "0"),
        ("BRIDGE_ALERT_DISK_MB", "-1"),
        ("BRIDGE_ALERT_TOKEN_DAYS", "²"),
        ("BRIDGE_CONSOLE_URL", "ftp://puente"),
    ],
)
def test_refuses_what_it_can_not_use(name: str, said: str) -> None:
    """Naming the setting, and not what may be a secret in it."""
    with pytest.raises(SettingsError, match=name) as told:
        read_settings({name: said})
    assert "hooks.example.com" not in str(told.value)


def test_tells_by_one_way_only() -> None:
    """Nobody is to be told twice."""
    environ = {"BRIDGE_ALERT_URL": HOOK, "BRIDGE_ALERT_COMMAND": "mail ana"}

    with pytest.raises(SettingsError, match="set one of them"):
        read_settings(environ)
