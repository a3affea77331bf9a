"""
`python -m bridge`: everything that an operator types.

Each module of `bridge.commands` has the commands of one subject; here they
are put together.
"""

import io
import sys

import click

from bridge.commands import processes
from bridge.commands.exits import EXIT_CODES, Commands


@click.group(
    cls=Commands,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def cli() -> None:
    """Take the webhooks of shops, and tell Rayo, Every and Yuju, each once."""


cli.add_command(processes.serve)
cli.add_command(processes.web)
cli.add_command(processes.worker)
cli.add_command(processes.sandbox)
cli.add_command(processes.migrate)
cli.add_command(processes.backup)


def main() -> None:
    """Run the command that was typed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # whatever the terminal is
    cli(prog_name="bridge")
