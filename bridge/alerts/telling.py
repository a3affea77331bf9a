"""
How an alert leaves the bridge: a request, or a command.

Besides `bridge.sender`, which calls targets, this alone uses httpx: what it
calls is no target, has no journal behind it, and is told the same once more
when an answer is lost.
"""

import os
import subprocess
from collections.abc import Callable, Mapping

import httpx
from pydantic_core import to_json

from bridge.alert_settings import AlertSettings
from bridge.alerts.texts import Notice

URL_S, COMMAND_S = 5.0, 10.0
"""So long a request, and a command, may take."""

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER")
"""Of our environment; it has secrets that are no command's business."""

Tell = Callable[[Notice], str | None]
"""Tells somebody; returns why nobody was told, None when somebody was."""


def teller(
    settings: AlertSettings,
    environ: Mapping[str, str] = os.environ,
    command_s: float = COMMAND_S,
) -> Tell:
    """
    Return what tells by the way that the settings have.

    Args:
        environ: ours; a command gets little of it.
        command_s: so long a command may take, in seconds.
    """

    def tell(notice: Notice) -> str | None:
        if settings.url is not None:
            return _post(settings.url, notice.body(settings.form))
        if settings.command:
            return _run(settings, notice, environ, command_s)
        return "nobody is to be told: set BRIDGE_ALERT_URL"

    return tell


def _post(url: str, body: Mapping[str, str]) -> str | None:
    """The address may be a secret: it stands in no text of ours."""
    try:
        with httpx.Client(
            timeout=URL_S, trust_env=False, follow_redirects=False
        ) as client:
            answer = client.post(
                url,
                content=to_json(body),
                headers={"content-type": "application/json"},
            )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return f"it did not answer ({type(error).__name__})"
    if answer.is_success:
        return None
    return f"it answered {answer.status_code}"


def _run(
    settings: AlertSettings,
    notice: Notice,
    environ: Mapping[str, str],
    command_s: float,
) -> str | None:
    try:
        ended = subprocess.run(  # noqa: S603  an operator's own setting
            settings.command,
            input=to_json(notice.body(settings.form)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=command_s,
            check=False,
            env={
                name: value
                for name, value in environ.items()
                if name in PASSED_ON
            },
        )
    except subprocess.TimeoutExpired:
        return f"the command took longer than {command_s:g} seconds"
    except OSError as error:
        return f"the command could not be run ({type(error).__name__})"
    return f"it ended with {ended.returncode}" if ended.returncode else None
