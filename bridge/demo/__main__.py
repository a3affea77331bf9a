"""`python -m bridge.demo`, which `make demo` calls."""

import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from bridge.commands.exits import Commands, ExitCode, Failed
from bridge.commands.files import Files, look_at
from bridge.compose import monotonic, random_secret
from bridge.demo.agreement import findings
from bridge.demo.place import OPERATOR, Place, make_place
from bridge.demo.running import all_deliveries, ask, await_settled, running
from bridge.demo.story import (
    show_not_understood,
    show_questions,
    show_stories,
)
from bridge.errors import Unusable
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.mapping.cases import event_of, told_by
from bridge.model import JSON
from bridge.orders.order import OrderState
from bridge.samples import Samples, send, store_of
from bridge.settings import STORES
from bridge.sources.register import PLATFORMS

TAKEN = 200


@click.group(cls=Commands, invoke_without_command=True)
@click.option("--once", is_flag=True, help="Leave when all is delivered.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=".demo",
    show_default=True,
    help="Emptied at the start, and gone at a good end.",
)
@click.option(
    "--mappings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="mappings",
    show_default=True,
    help="The mapping files and samples to show.",
)
def demo(folder: Path, mappings: Path, *, once: bool) -> None:
    """Show the bridge at work, against the SANDBOX of its targets."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False)
    place = make_place(
        folder.absolute(), mappings, random_secret=random_secret
    )
    console.print(
        "[bold reverse] SANDBOX [/] nothing here reaches Rayo, Every or Yuju"
    )
    console.print("starting the sandbox and the bridge …")
    with running(place, monotonic=monotonic):
        well = _show(place, console)
        if not once:
            _stay_up(place, console)
    if not well:
        message = f"not all is as it should be: see above, and {folder}/*.log"
        raise Failed(message, ExitCode.WRONG)
    shutil.rmtree(folder, ignore_errors=True)


def _show(place: Place, console: Console) -> bool:
    """Send all samples and tell what came of them; whether all is well."""
    files = look_at(place.mappings, place.environ)
    samples = Samples(place.mappings)
    ask(
        f"{place.sandbox_url}/sandbox/every/orders",
        list(_imported_by_every(files, samples)),
    )
    journal = open_journal(place.environ["BRIDGE_DATABASE"])
    _send_all(place, files, samples, journal, console)
    deliveries = all_deliveries(journal)
    console.print()
    show_stories(console, journal, deliveries)
    show_questions(console, deliveries)
    show_not_understood(console, journal)
    console.print("[bold]Does the sandbox's own record agree?[/]")
    found = findings(
        journal,
        deliveries,
        ask(f"{place.sandbox_url}/sandbox/record"),
        {name: one.contract.name for name, one in files.targets.items()},
    )
    for finding in found:
        mark, style = ("✓", "green") if finding.ok else ("✗", "red")
        console.print(Text(f"  {mark} {finding.text}", style))
    journal.close()
    return all(finding.ok for finding in found)


def _send_all(
    place: Place,
    files: Files,
    samples: Samples,
    journal: Journal,
    console: Console,
) -> None:
    """Send one after the other, as they would come over some days."""
    for name in samples.names():
        sample = samples.sample(name)
        store = store_of(sample, files.stores)
        if store is None:
            message = f"{name} is of no store: see {STORES}"
            raise Failed(message, ExitCode.WRONG)
        answered = send(sample, store, url=place.url)
        console.print(Text(f"  {answered.status} {store.name} ← {name}"))
        if answered.status != TAKEN:
            raise Failed(answered.text, ExitCode.WRONG)
        if not await_settled(journal, monotonic=monotonic):
            console.print("  [red]not settled in time: see the logs[/]")
            return


def _imported_by_every(
    files: Files, samples: Samples
) -> Iterator[Mapping[str, JSON]]:
    """Yield the orders that Every would have imported by itself."""
    stores = {
        mapping.store
        for mapping in files.catalog.mappings.values()
        if mapping.contract.name == "every"
    }
    for name in samples.names():
        state = _told(files, samples, name)
        told = state.snapshot if state else None
        if state and told and state.store in stores:
            yield {
                "referenceId": told.name,
                "referenceGid": told.gid or told.id,
            }


def _told(files: Files, samples: Samples, name: str) -> OrderState | None:
    sample = samples.sample(name)
    store = store_of(sample, files.stores)
    if store is None:
        return None
    try:
        return told_by(
            [event_of(sample, store)],
            store=store,
            platform=PLATFORMS[store.platform],
        )
    except (LookupError, Unusable):
        return None


def _stay_up(place: Place, console: Console) -> None:
    """Wait for Ctrl-C."""
    console.print()
    console.print(
        f"The console: [bold]{place.url}/console/[/]", soft_wrap=True
    )
    console.print(
        f"  log in as {OPERATOR} with the token [bold]{place.token}[/]",
        soft_wrap=True,
    )
    console.print(f"The sandbox: {place.sandbox_url}/", soft_wrap=True)
    console.print(f"The logs: {place.folder}/*.log", soft_wrap=True)
    console.print("Ctrl-C ends it.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("ending …")


if __name__ == "__main__":
    sys.exit(demo(prog_name="bridge.demo"))
