"""
`python -m bridge`: everything that an operator types.

Each module of `bridge.commands` has the commands of one subject; here they
are put together.
"""

import io
import sys

import click

from bridge.commands import checking, explaining, processes
from bridge.commands.alerts import alerts
from bridge.commands.deliveries import deliveries
from bridge.commands.doctor import doctor
from bridge.commands.events import events
from bridge.commands.exits import EXIT_CODES, Commands
from bridge.commands.links import links
from bridge.commands.mappings import diff, mappings
from bridge.commands.orders import orders
from bridge.commands.places import places
from bridge.commands.recording import cases
from bridge.commands.targets import targets


@click.group(
    cls=Commands,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def cli() -> None:
    """Take the webhooks of shops, and tell Rayo, Every and Yuju, each once."""


for command in (
    processes.serve,
    processes.web,
    processes.worker,
    processes.sandbox,
    checking.check,
    explaining.explain,
    cases,
    diff,
    mappings,
    checking.send_sample,
    events,
    orders,
    links,
    places,
    deliveries,
    targets,
    alerts,
    processes.migrate,
    processes.backup,
    processes.restore,
    doctor,
):
    cli.add_command(command)


def main() -> None:
    """Run the command that was typed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # whatever the terminal is
    cli(prog_name="bridge")
