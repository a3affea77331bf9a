"""`alerts`: what is on now, and whether anybody would hear of it."""

import os
from dataclasses import asdict

import click

from bridge.alerts.telling import teller
from bridge.alerts.texts import TEST, notice, page_of, text_of
from bridge.commands.exits import Commands, ExitCode, Failed
from bridge.commands.journal import opened
from bridge.commands.showing import (
    json_option,
    show_data,
    show_rows,
    when,
)
from bridge.errors import SettingsError
from bridge.journal.seeing import Alert
from bridge.settings import read_settings


@click.group(cls=Commands)
def alerts() -> None:
    """What is told to people who are not looking."""


@alerts.command("list")
@json_option
def list_alerts(*, as_json: bool) -> None:
    """List what is on, and what is over and not told to be."""
    from bridge.compose import now

    settings = read_settings(os.environ).alerts
    at = now()
    with opened() as journal:
        found = journal.alerts()
    if as_json:
        items = [
            {
                **asdict(one),
                "text": text_of(one, settings.language, at),
                "url": settings.console + page_of(one),
            }
            for one in found
        ]
        show_data({"items": items})
        return
    show_rows(
        [
            "cause",
            "since (UTC)",
            "told (UTC)",
            "over (UTC)",
            "text",
            "problem",
        ],
        [
            (
                one.cause,
                when(one.since),
                when(one.told_at),
                when(one.over_at),
                text_of(one, settings.language, at),
                one.problem or "",
            )
            for one in found
        ],
        none="Nothing is on.",
    )


@alerts.command()
def test() -> None:
    """Tell somebody that this is a test, and say what came back."""
    from bridge.compose import now

    settings = read_settings(os.environ).alerts
    if not settings.tells:
        message = (
            "nobody is to be told: set BRIDGE_ALERT_URL or"
            " BRIDGE_ALERT_COMMAND"
        )
        raise SettingsError(message)
    at = now()
    trial = Alert(id=0, cause=TEST, figure=None, since=at)
    problem = teller(settings)(notice(trial, settings, at))
    if problem is not None:
        message = f"the test alert reached nobody: {problem}"
        raise Failed(message, ExitCode.WRONG)
    click.echo("the test alert was taken")
