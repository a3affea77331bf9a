"""What the environment says of alerts: when, to whom, and how."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bridge.errors import SettingsError
from bridge.model import DAY, MINUTE, Millis
from bridge.targets.account import LOOPBACK

MIB = 1024 * 1024


class Form(StrEnum):
    """How an alert is written for an address."""

    JSON = "json"
    SLACK = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """
    When somebody is to be told, and how.

    Args:
        url: where alerts are posted to; it may be a secret.
        command: what is run instead, with the alert on its standard input.
        attention_after: so long something may wait for a person.
        backlog: so many may wait at a target, or for their plan.
        disk: so many bytes must be free.
        token_ends: a token that ends sooner is told of.
        console: where the console is found, without a slash at its end.
    """

    url: str | None = field(default=None, repr=False)
    form: Form = Form.JSON
    command: tuple[str, ...] = ()
    language: str = "es"
    attention_after: Millis = Millis(30 * MINUTE)
    backlog: int = 1_000
    disk: int = 1024 * MIB
    token_ends: Millis = Millis(7 * DAY)
    console: str = "http://127.0.0.1:8080"

    @property
    def tells(self) -> bool:
        """Whether there is anybody to tell."""
        return self.url is not None or bool(self.command)


def read_alert_settings(
    environ: Mapping[str, str], *, at: str
) -> AlertSettings:
    """
    Return what *environ* says of alerts.

    Args:
        at: host and port where the console is found, unless it says so.

    Raises:
        SettingsError: naming the variable and what it should be.
    """
    url = _url(environ)
    command = _command(environ)
    if url and command:
        message = (
            "BRIDGE_ALERT_URL and BRIDGE_ALERT_COMMAND: set one of them, so"
            " that nobody is told twice"
        )
        raise SettingsError(message)
    return AlertSettings(
        url=url,
        form=Form(_one_of(environ, "BRIDGE_ALERT_FORM", [*Form])),
        command=command,
        language=_one_of(environ, "BRIDGE_ALERT_LANGUAGE", ["es", "en"]),
        attention_after=Millis(
            MINUTE * _count(environ, "BRIDGE_ALERT_ATTENTION_AFTER", 30)
        ),
        backlog=_count(environ, "BRIDGE_ALERT_BACKLOG", 1_000),
        disk=MIB * _count(environ, "BRIDGE_ALERT_DISK_MB", 1024),
        token_ends=Millis(DAY * _count(environ, "BRIDGE_ALERT_TOKEN_DAYS", 7)),
        console=_console(environ, at),
    )


def _url(environ: Mapping[str, str]) -> str | None:
    name = "BRIDGE_ALERT_URL"
    url, file = environ.get(name), environ.get(f"{name}_FILE")
    if not url and file:
        try:
            url = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            kind = error.__class__.__name__
            message = f"{name}_FILE: {file} can not be read ({kind})"
            raise SettingsError(message) from None
    if not url:
        return None
    parts = _parts(name, url)
    near = parts.scheme == "http" and parts.hostname in LOOPBACK
    if parts.scheme != "https" and not near:
        message = f"{name}: an https address is expected, or http on loopback"
        raise SettingsError(message)
    return url


def _console(environ: Mapping[str, str], at: str) -> str:
    name = "BRIDGE_CONSOLE_URL"
    url = environ.get(name)
    if not url:
        return f"http://{at}"
    if _parts(name, url).scheme not in {"http", "https"}:
        message = f"{name}: an address such as https://puente.example.mx"
        raise SettingsError(message)
    return url.rstrip("/")


def _parts(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or not url.isprintable() or " " in url:
        message = f"{name}: this is no address"
        raise SettingsError(message)
    return parts


def _command(environ: Mapping[str, str]) -> tuple[str, ...]:
    name = "BRIDGE_ALERT_COMMAND"
    try:
        return tuple(shlex.split(environ.get(name) or ""))
    except ValueError:
        message = f"{name}: a quote in it is not closed"
        raise SettingsError(message) from None


def _one_of(environ: Mapping[str, str], name: str, words: list[str]) -> str:
    said = environ.get(name) or words[0]
    if said not in words:
        message = f"{name}: {' or '.join(words)} is expected, not {said!r}"
        raise SettingsError(message)
    return said


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    said = environ.get(name)
    if not said:
        return default
    if not (said.isascii() and said.isdigit() and 1 <= int(said) < 10**7):
        message = f"{name}: a whole number from 1 is expected, not {said!r}"
        raise SettingsError(message)
    return int(said)
