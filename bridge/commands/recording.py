"""`cases`: run them, and record one of a real order."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.text import Text

from bridge.checks import case_results
from bridge.commands.exits import Commands, ExitCode
from bridge.commands.files import Files, look_at
from bridge.commands.journal import opened
from bridge.commands.showing import (
    clean,
    console,
    json_option,
    show_data,
    show_fields,
)
from bridge.errors import (
    Conflict,
    MappingError,
    NotFound,
    Pruned,
    Unusable,
)
from bridge.journal.protocol import Story
from bridge.mapping.cases import CaseResult
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.masking import Revealing
from bridge.mapping.recording import (
    MaskedWebhooks,
    case_text,
    masked_webhooks,
)
from bridge.mapping.words import nearest
from bridge.model import DeliveryState, Event, EventState
from bridge.samples import HEADERS_FILE
from bridge.settings import read_settings
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS


@click.group(cls=Commands)
def cases() -> None:
    """What mapping files are to do, told by webhooks and requests."""


# -------------------------------------------------------------------- run


@cases.command("run")
@click.argument("name", required=False)
@json_option
@click.pass_context
def run(ctx: click.Context, name: str | None, *, as_json: bool) -> None:
    """
    Run the cases of the mapping NAME, or all of them.

    Ends with 1 when one does not hold.
    """
    folder = read_settings(os.environ).mappings
    files = look_at(folder, os.environ)
    if name is not None:
        _mapping(files, name)
    results = list(results_of(folder, files, name))
    if as_json:
        show_data([asdict(one) for one in results])
    else:
        _show(results)
    held = all(one.ok for one in results)
    ctx.exit(ExitCode.OK if held else ExitCode.WRONG)


def results_of(
    folder: Path, files: Files, name: str | None = None
) -> Iterator[CaseResult]:
    """Run the cases of one mapping, or of all."""
    wanted = None if name is None else name.removesuffix(".yaml")
    chosen = (
        mapping
        for known, mapping in sorted(files.catalog.mappings.items())
        if wanted in {None, known}
    )
    return case_results(folder, chosen, files.stores)


def _show(results: Sequence[CaseResult]) -> None:
    out = console()
    for one in results:
        mark, style = ("ok  ", "green") if one.ok else ("FAIL", "red")
        out.print(Text.assemble((mark, style), f"  {clean(one.name)}"))
        if not one.ok:
            where = Text(f"      {one.file}: {clean(one.message)}", "red")
            out.print(where, soft_wrap=True)
    failed = sum(not one.ok for one in results)
    out.print(f"{len(results)} cases, {failed} failed")


def _mapping(files: Files, name: str) -> MappingInForce:
    found = files.catalog.mapping(name.removesuffix(".yaml"))
    if found is not None:
        return found
    if files.problems:
        raise MappingError(files.problems)
    hint = nearest(name, files.catalog.mappings)
    message = f"there is no mapping {name!r}{hint}"
    raise NotFound(message)


# ----------------------------------------------------------------- record


@cases.command("record")
@click.argument("order", metavar="STORE/ORDER")
@click.option("--mapping", "only", help="Default: all from this store.")
@click.option("--name", "named", help="What the case says.")
def record(order: str, only: str | None, named: str | None) -> None:
    """
    Write a case of a real ORDER, without what is personal in it.

    Names, phones, streets and the like are replaced by invented ones, the
    same by the same, so that they are read as before. What is expected is
    what the file does now: look at it before you keep it. Nothing that is
    there already is written over.
    """
    folder = read_settings(os.environ).mappings
    files = look_at(folder, os.environ)
    store_name, slash, order_id = order.partition("/")
    store = files.stores.get(store_name)
    if not slash or store is None:
        message = f"{order!r}: STORE/ORDER is expected, with a store's name"
        raise click.UsageError(message)
    mappings = _chosen(files, store, only)
    with opened() as journal:
        story = journal.story(store.name, order_id)
    if story is None:
        message = f"nothing was ever told of the order {order_id}"
        raise NotFound(message)
    if any(event.pruned_at is not None for event in story.events):
        message = (
            f"the order {order_id} is pruned: webhooks of it are gone, and no"
            " case can be made of the others; record a younger one"
        )
        raise Pruned(message)
    webhooks = _masked(story, store, mappings)
    name = named or f"order {order_id} of {store.name}, as it came"
    texts = {one.name: _case(one, story, webhooks, store, name)
             for one in mappings}  # fmt: skip
    written = _write(folder, webhooks, texts, name)
    _verify(folder, written, texts, name)
    beside = sum(one.platform != store.platform for one in story.events)
    _tell(webhooks, written, beside)


def _chosen(
    files: Files, store: Store, only: str | None
) -> list[MappingInForce]:
    if only is not None:
        chosen = [_mapping(files, only)]
    else:
        chosen = files.catalog.of_store(store.name)
    if not chosen or any(one.store != store.name for one in chosen):
        if files.problems:
            raise MappingError(files.problems)
        message = f"there is no such mapping from {store.name}"
        raise NotFound(message)
    return chosen


def _masked(
    story: Story, store: Store, mappings: Sequence[MappingInForce]
) -> MaskedWebhooks:
    events = [one for one in story.events if _is_readable(one, store)]
    if not events:
        message = "no webhook of this order can be read"
        raise NotFound(message)
    links: dict[str, dict[str, str]] = {}
    for link in story.links:
        links.setdefault(link.target, {})[link.name] = link.value
    try:
        return masked_webhooks(
            events,
            store=store,
            platform=PLATFORMS[store.platform],
            prefix=f"{store.name}-{story.order.order_id}",
            links=links,
            texts=[one.text for one in mappings],
        )
    except Revealing as error:
        message = f"{error}: nothing was written"
        raise Conflict(message) from None


def _is_readable(event: Event, store: Store) -> bool:
    """Return whether it is a webhook of the store, and was understood."""
    told = event.state in {EventState.PLANNED, EventState.STORED}
    if not told or event.platform != store.platform:
        return False
    try:
        json.loads(event.body)
    except ValueError:
        return False
    return True


def _case(
    mapping: MappingInForce,
    story: Story,
    webhooks: MaskedWebhooks,
    store: Store,
    name: str,
) -> str:
    sent = {
        one.rule
        for one in story.deliveries
        if one.mapping == mapping.name
        and one.state is DeliveryState.SUCCEEDED
        and (rule := mapping.rule(one.rule)) is not None
        and rule.once
    }
    try:
        return case_text(
            name,
            mapping,
            webhooks,
            store=store,
            platform=PLATFORMS[store.platform],
            sent=sent,
        )
    except (LookupError, Unusable) as error:
        message = f"the masked webhooks can not be read: {error}"
        raise Conflict(message) from None


# ---------------------------------------------------------------- writing


def _write(
    folder: Path,
    webhooks: MaskedWebhooks,
    texts: Mapping[str, str],
    name: str,
) -> dict[Path, bytes | None]:
    """Write all files; return what each was before, None for a new one."""
    samples = folder / "samples"
    headers_file = samples / HEADERS_FILE
    headers = json.loads(headers_file.read_text("utf-8"))
    planned: dict[Path, bytes] = {}
    for sample_name, sample in webhooks.samples.items():
        path = samples / f"{sample_name}.json"
        if path.exists() or sample_name in headers:
            message = (
                f"{path} is there already: nothing was written; to record "
                "the order anew, take it, its entry in _headers.json and its "
                "case out"
            )
            raise Conflict(message)
        planned[path] = sample.body
        headers[sample_name] = dict(sample.headers)
    planned[headers_file] = _dumped(headers)
    for mapping, text in texts.items():
        path = folder / f"{mapping}.cases.yaml"
        before = path.read_text("utf-8") if path.exists() else ""
        if f"case: {name}\n" in before or f'case: "{name}"\n' in before:
            message = f"{path} has a case {name!r} already: say --name"
            raise Conflict(message)
        gap = "\n" if before.strip() else ""
        planned[path] = (
            before.rstrip() + "\n" * bool(gap) + gap + text
        ).encode()
    before_all = {
        path: path.read_bytes() if path.exists() else None for path in planned
    }
    with _all_or_nothing(before_all):
        for path, body in planned.items():
            _replace(path, body)
    return before_all


def _dumped(headers: object) -> bytes:
    return (json.dumps(headers, ensure_ascii=False, indent=2) + "\n").encode()


def _replace(path: Path, body: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(body)
    part.replace(path)


@contextmanager
def _all_or_nothing(before: Mapping[Path, bytes | None]) -> Iterator[None]:
    """Put back all files when something fails."""
    try:
        yield
    except BaseException:
        for path, body in before.items():
            if body is None:
                path.unlink(missing_ok=True)
            else:
                _replace(path, body)
        raise


def _verify(
    folder: Path,
    written: Mapping[Path, bytes | None],
    texts: Mapping[str, str],
    name: str,
) -> None:
    """Run the new cases; take everything back when one does not hold."""
    with _all_or_nothing(written):
        files = look_at(folder, os.environ)
        for mapping in texts:
            results = list(results_of(folder, files, mapping))
            broken = [
                one for one in results if not one.ok and one.name in {name, ""}
            ]
            if broken or not any(one.name == name for one in results):
                why = broken[0].message if broken else "it was not run"
                message = (
                    f"the case does not hold, and was taken back: {clean(why)}"
                )
                raise Conflict(message)


def _tell(
    webhooks: MaskedWebhooks,
    written: Mapping[Path, bytes | None],
    beside: int,
) -> None:
    alike = "as before" if webhooks.reads_alike else (
        "NOT quite as before: look at the case"
    )  # fmt: skip
    show_fields(
        [
            ("written", ", ".join(str(path) for path in written)),
            ("replaced", ", ".join(webhooks.replaced)),
            ("addresses are read", alike),
            ("left out", f"{beside} corrections by people" if beside else ""),
        ]
    )
    click.echo("the new cases hold; look them through before you keep them")
