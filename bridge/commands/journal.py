"""
The journal as commands use it, and what they ask before they act.

Commands go through the same guarded verbs as the admin API, also while the
bridge runs. Who acts is `cli:` and the name of the system's user.
"""

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from pydantic import BaseModel, ValidationError

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.settings import read_settings

F = TypeVar("F", bound=Callable[..., Any])
Q = TypeVar("Q", bound=BaseModel)

LIST_OPTIONS = (
    click.option("--limit", type=int, default=50, show_default=True),
    click.option("--cursor", help="`next` of the page before."),
)

reason_option = click.option(
    "--reason", required=True, help="Why; kept in the audit."
)
if_version_option = click.option(
    "--if-version",
    type=click.IntRange(0),
    help="Only if it still is as you saw it.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@contextmanager
def opened() -> Iterator[Journal]:
    """
    Give the journal, with a schema that fits.

    Raises:
        SettingsError, JournalError: it can not be used.
    """
    from bridge.compose import now

    journal = open_journal(read_settings(os.environ).database)
    journal.check()
    now.agree(journal)
    try:
        yield journal
    finally:
        journal.close()


def options(*all: Callable[[F], F]) -> Callable[[F], F]:
    """Add several options to a command, in this order."""

    def add(command: F) -> F:
        for option in reversed(all):
            command = option(command)
        return command

    return add


def query(form: type[Q], **values: object) -> Q:
    """
    Return what was asked for, as the admin API takes it.

    Raises:
        click.UsageError: a value is none of those that are taken.
    """
    said = {key: value for key, value in values.items() if value is not None}
    try:
        return form.model_validate(said)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = fault["loc"][0] if fault["loc"] else ""
        message = f"--{name}: {fault['msg'].removeprefix('Value error, ')}"
        raise click.UsageError(message) from None


def actor() -> str:
    """Return who acts, for the audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user without a name
        return f"cli:{os.getuid()}"


def confirm(question: str, *, yes: bool) -> None:
    """
    Ask before something that can not be taken back.

    Raises:
        click.UsageError: there is nobody to ask, and no `--yes`.
        click.Abort: the answer was no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        message = f"{question} Say --yes: there is no terminal to ask on."
        raise click.UsageError(message)
    click.confirm(question, abort=True)
