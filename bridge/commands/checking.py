"""`check` and `send-sample`: for whoever writes mapping files."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import click
from rich.text import Text

from bridge.checks import warnings_of
from bridge.commands.exits import ExitCode
from bridge.commands.files import Files, look_at
from bridge.commands.recording import results_of
from bridge.commands.showing import (
    console,
    json_option,
    show_data,
    show_rows,
)
from bridge.errors import NotFound, Problem
from bridge.mapping.cases import CaseResult
from bridge.samples import Samples, freshened, send, store_of, topic_of
from bridge.settings import (
    load_stores,
    read_settings,
    secrets_from,
)

TAKEN = 200

# ------------------------------------------------------------------ check


@click.command()
@json_option
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """
    Check stores, targets, mapping files and their cases.

    No secret needs to be set for that; which are missing is said.
    """
    settings = read_settings(os.environ)
    files = look_at(settings.mappings, os.environ)
    cases = list(results_of(settings.mappings, files))
    problems = sorted(
        (
            *files.problems,
            *warnings_of(settings.mappings, files.catalog.mappings.values()),
        ),
        key=lambda one: (one.file, one.line, one.column),
    )
    errors = [one for one in problems if one.severity == "error"]
    well = not errors and all(case.ok for case in cases)
    if as_json:
        show_data(_report(files, problems, cases, well=well))
    else:
        _print_report(files, problems, cases)
    ctx.exit(ExitCode.OK if well else ExitCode.WRONG)


def _report(
    files: Files,
    problems: Sequence[Problem],
    cases: Sequence[CaseResult],
    *,
    well: bool,
) -> Mapping[str, object]:
    return {
        "ok": well,
        "problems": [asdict(problem) for problem in problems],
        "cases": [asdict(case) for case in cases],
        "missing_secrets": list(files.missing),
        "stores": sorted(files.stores),
        "targets": sorted(files.targets),
        "mappings": sorted(files.catalog.mappings),
    }


def _told(case: CaseResult) -> str:
    """Return what is wrong with a case; one of the file has its place."""
    if not case.name:
        return case.message
    return f"{case.file}:{case.line}:1: {case.name}: {case.message}"


def _print_report(
    files: Files, problems: Sequence[Problem], cases: Sequence[CaseResult]
) -> None:
    out = console()
    for problem in problems:
        line, style = str(problem), "red"
        if problem.severity == "warning":
            line, style = f"warning: {line}", "yellow"
        out.print(Text(line, style), soft_wrap=True)
    for case in cases:
        if not case.ok:
            out.print(Text(_told(case), "red"), soft_wrap=True)
    for secret in files.missing:
        out.print(Text(f"warning: {secret}", "yellow"), soft_wrap=True)
    failed = sum(not case.ok for case in cases)
    out.print(
        f"{len(files.stores)} stores, {len(files.targets)} targets, "
        f"{len(files.catalog.mappings)} mappings, {len(cases)} cases: "
        f"{len(problems)} problems, {failed} cases failed"
    )


# ------------------------------------------------------------ send-sample


@click.command("send-sample")
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="Show all samples.")
@click.option("--store", "to", help="Another store than the sample's own.")
@click.option("--url", help="Of the bridge; default: where `web` listens.")
@click.option("--fresh", is_flag=True, help="As if of another order.")
def send_sample(
    name: str | None,
    to: str | None,
    url: str | None,
    *,
    listing: bool,
    fresh: bool,
) -> None:
    """Send the sample NAME, signed as its platform does."""
    from bridge.compose import random_uuid

    settings = read_settings(os.environ)
    samples = Samples(settings.mappings)
    if listing:
        _list_samples(samples, look_at(settings.mappings, os.environ))
        return
    if name is None:
        message = "NAME is missing: `--list` shows all"
        raise click.UsageError(message)
    sample = samples.sample(name)
    stores = load_stores(settings.mappings, secrets_from(os.environ))
    store = stores.get(to) if to else store_of(sample, stores)
    if store is None:
        message = f"there is no store {to or 'for this sample: say --store'}"
        raise NotFound(message)
    if fresh:
        sample = freshened(sample, random_uuid)
    address = url or f"http://{settings.host}:{settings.port}"
    answered = send(sample, store, url=address)
    click.echo(f"{answered.status} {answered.text}")
    if answered.status != TAKEN:
        raise click.exceptions.Exit(ExitCode.WRONG)


def _list_samples(samples: Samples, files: Files) -> None:
    rows = []
    for name in samples.names():
        sample = samples.sample(name)
        store = store_of(sample, files.stores)
        rows.append((name, topic_of(sample), store.name if store else ""))
    show_rows(["sample", "topic", "store"], rows, none="No sample.")
