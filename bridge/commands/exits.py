"""
How commands end: exit codes that mean something, errors on one line.

`--help` shows `EXIT_CODES`. An error of ours is told in one line; only a
fault in the program shows where it was.
"""

import os
import signal
import sys
from enum import IntEnum
from typing import IO, Any

import click
from typing_extensions import override

from bridge.errors import (
    BridgeError,
    Conflict,
    JournalBroken,
    JournalError,
    JournalGone,
    MappingError,
    NotFound,
    OlderCopy,
    SettingsError,
    Suspect,
)

EXIT_CODES = """\b
Exit codes:
  0  it is done, or all is well
  1  something is wrong; the output says what
  2  the command was not understood
  3  there is nothing by that name or number
  4  the action does not fit what is there now
  5  the settings, files or journal can not be used
  6  the journal's file is in doubt: the disk failed, or it is an older one
"""


class ExitCode(IntEnum):
    """What the exit status of every command means."""

    OK = 0
    WRONG = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNAVAILABLE = 5
    IN_DOUBT = 6
    INTERRUPTED = 128 + signal.SIGINT


def exit_code(error: BridgeError) -> ExitCode:
    """Return the status with which a command ends on *error*."""
    match error:
        case NotFound():
            return ExitCode.NOT_FOUND
        case Conflict():
            return ExitCode.CONFLICT
        case Suspect() | OlderCopy() | JournalGone() | JournalBroken():
            return ExitCode.IN_DOUBT
        case SettingsError() | JournalError():
            return ExitCode.UNAVAILABLE
        case _:
            return ExitCode.WRONG


def in_one_line(error: BridgeError) -> str:
    """Return what *error* says, the first of several problems at length."""
    if isinstance(error, MappingError) and len(error.problems) > 1:
        more = len(error.problems) - 1
        return f"{error.problems[0]} (and {more} more: `bridge check`)"
    return " ".join(str(error).split())


class Failed(click.ClickException):
    """Ends the command with a line on standard error and a status."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]

    @override
    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"bridge: {self.format_message()}", err=True)


class Commands(click.Group):
    """A group whose commands end as `EXIT_CODES` says."""

    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BridgeError as error:
            raise Failed(in_one_line(error), exit_code(error)) from None
        except KeyboardInterrupt:
            ctx.exit(ExitCode.INTERRUPTED)
        except BrokenPipeError:
            _give_up_output()
            ctx.exit(ExitCode.WRONG)
        except OSError as error:
            _give_up_output()
            message = f"{error.filename or 'output'}: {error.strerror}"
            raise Failed(message, ExitCode.WRONG) from None
        return result


def _give_up_output() -> None:
    """Keep Python from trying to write the rest when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):  # not a real file, as in tests
        return
