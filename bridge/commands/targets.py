"""`targets`: who may be called, and who may not."""

import os
import sys
import time
from collections.abc import Mapping

import click

from bridge.asking import ANSWERED_IN
from bridge.commands.exits import Commands, ExitCode
from bridge.commands.files import STAND_IN
from bridge.commands.journal import (
    actor,
    confirm,
    opened,
    query,
    reason_option,
    yes_option,
)
from bridge.commands.showing import json_option, show_json, show_rows, when
from bridge.errors import NotFound
from bridge.lifecycle import Gate
from bridge.model import Instant
from bridge.settings import load_targets, read_settings
from bridge.targets.account import Target
from bridge.web.forms import ReasonBody
from bridge.web.shapes import TargetItem, Targets, target_items

LOOK_EVERY_S = 0.1
"""How often it is looked whether a worker has the answer."""


@click.group(cls=Commands)
def targets() -> None:
    """The accounts at Rayo, Every and Yuju."""


@targets.command("list")
@json_option
def list_targets(*, as_json: bool) -> None:
    """List all targets with their gates."""
    from bridge.compose import now

    at = now()
    with opened() as journal:
        items = target_items(
            _configured(), journal.targets(), journal.counts(at).deliveries
        )
    if as_json:
        show_json(Targets(items=items))
        return
    show_rows(
        ["name", "api", "host", "gate", "since (UTC)", "deliveries", "saved"],
        [
            (
                item.name,
                item.api or "(in no file)",
                f"{item.host} SANDBOX" if item.sandbox else item.host,
                _gate(item, at),
                when(item.paused_at),
                ", ".join(f"{n} {s}" for s, n in item.deliveries.items()),
                item.calls_saved,
            )
            for item in items
        ],
        none="No target.",
    )


@targets.command()
@click.argument("name")
@reason_option
def pause(name: str, reason: str) -> None:
    """Send nothing to NAME until somebody resumes."""
    _set_gate(name, Gate(pause="operator"), reason)
    click.echo(f"{name} is paused: nothing is sent there")


@targets.command()
@click.argument("name")
@reason_option
def resume(name: str, reason: str) -> None:
    """Send to NAME again."""
    _set_gate(name, None, reason)
    click.echo(f"{name} is open again")


@targets.command("test")
@click.argument("name")
def test_target(name: str) -> None:
    """
    Let a worker make a call at NAME that changes nothing there.

    Ends with 1 when it was not answered as it should be.
    """
    from bridge.compose import now

    if name not in _configured():
        message = f"targets.yaml has no {name}"
        raise NotFound(message)
    with opened() as journal:
        until = Instant(now() + ANSWERED_IN)
        asked = journal.ask(name, actor=actor(), until=until, now=now())
        learned = None
        while learned is None and now() <= until:
            time.sleep(LOOK_EVERY_S)
            question = journal.question(asked)
            learned = question.learned if question else None
    if learned is None:
        click.echo(f"nobody asked {name} in time: does a worker run?")
        sys.exit(ExitCode.WRONG)
    told = " ".join(filter(None, [learned.outcome, learned.reason]))
    took = "" if learned.ms is None else f", in {learned.ms} ms"
    click.echo(f"{name}: {told}{took}")
    if learned.outcome != "answers":
        sys.exit(ExitCode.WRONG)


@targets.command()
@click.argument("name")
@yes_option
def adopt(name: str, *, yes: bool) -> None:
    """
    Accept another host for NAME than the one its ids came from.

    Done once, when a target moves from the sandbox or a test account to the
    real one. What the old host taught stays known.
    """
    from bridge.compose import now

    target = _configured().get(name)
    if target is None:
        message = f"targets.yaml has no {name}"
        raise NotFound(message)
    question = f"From now on {name} is {target.host}. Right?"
    confirm(question, yes=yes)
    with opened() as journal:
        journal.adopt_target(name, target.host, actor=actor(), now=now())
    click.echo(f"{name} is {target.host} now")


def _configured() -> Mapping[str, Target]:
    settings = read_settings(os.environ)
    return load_targets(settings.mappings, lambda _name: STAND_IN)


def _set_gate(name: str, gate: Gate | None, reason: str) -> None:
    from bridge.compose import now

    asked = query(ReasonBody, reason=reason)
    with opened() as journal:
        journal.set_gate(
            name, gate, actor=actor(), reason=asked.reason, now=now()
        )


def _gate(item: TargetItem, now: Instant) -> str:
    if item.paused:
        return f"paused: {item.paused}"
    if item.closed_until and item.closed_until > now:
        return f"closed until {when(item.closed_until)}"
    return "open"
