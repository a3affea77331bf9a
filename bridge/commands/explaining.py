"""`explain`: the way from the webhook to the request, step by step."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import click
from pydantic_core import from_json
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bridge.commands.files import Files, look_at
from bridge.commands.journal import opened
from bridge.commands.showing import (
    clean,
    console,
    json_option,
    show_data,
    show_fields,
    show_json,
    when,
)
from bridge.errors import (
    MappingError,
    NotFound,
    SettingsError,
    Unusable,
)
from bridge.hindsight import Past, case_in, past_of, versions_of
from bridge.mapping.cases import Sample, event_of, told_by
from bridge.mapping.difference import FieldChange
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.explain import (
    Explanation,
    RuleExplained,
    Verdict,
    case_of,
    facts,
)
from bridge.mapping.explain import explain as explained
from bridge.mapping.origin import Origin
from bridge.mapping.plan import Case
from bridge.mapping.words import nearest
from bridge.model import JSON, DeliveryId, Moment
from bridge.samples import Samples
from bridge.settings import read_settings, surroundings
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS
from bridge.web.explained import order_explained

PLAIN_TOPICS = {"shopify": "orders/updated", "woocommerce": "order.updated"}
"""What a body file is taken for when nothing says its topic."""

STYLES: Mapping[Verdict, str] = {
    Verdict.SENDS: "green",
    Verdict.DONE: "green",
    Verdict.ASKS: "yellow",
    Verdict.WAITS: "yellow",
    Verdict.UNDER_WAY: "yellow",
    Verdict.HELD: "red",
}
"""Of the verdicts; all others are dim."""

OTHERWISE = (
    "the order or its links were others then: what was sent is below, and is "
    "not quite what the fields say"
)
WIDE = 100
"""Columns of a terminal in which a table of fields can be read."""

SPOKEN: Mapping[Verdict, str] = {
    Verdict.NOT_YET: "not yet",
    Verdict.CONDITION: "not asked for",
    Verdict.UNDER_WAY: "under way",
    Verdict.NOT_OURS: "not ours",
    Verdict.EMPTY: "nothing to send",
    Verdict.UNSEEN: "order not seen",
}


@click.command()
@click.argument("mapping", required=False)
@click.argument("order", required=False)
@click.option("--topic", help="Of a body file; default: an update.")
@click.option(
    "--delivery",
    type=click.IntRange(min=1),
    help="Explain what this delivery sent, by the text of then.",
)
@click.option(
    "--all", "whole", is_flag=True, help="Show the whole order, too."
)
@json_option
def explain(
    mapping: str | None,
    order: str | None,
    topic: str | None,
    delivery: int | None,
    *,
    whole: bool,
    as_json: bool,
) -> None:
    """
    Show what MAPPING makes of ORDER: rule by rule, field by field.

    ORDER is the store's id of an order in the journal, a file with a
    webhook's body, or the name of a sample. The output has what a customer
    wrote: mind where it goes.
    """
    folder = read_settings(os.environ).mappings
    files = look_at(folder, os.environ)
    past: Past | None = None
    if delivery is not None:
        past = _past(files, DeliveryId(delivery))
        found = past.explanation
    elif mapping is None or order is None:
        message = "MAPPING and ORDER are needed, or --delivery"
        raise click.UsageError(message)
    else:
        chosen = _mapping(files, mapping)
        found = explained(_case(files, chosen, order, topic, folder))
    if as_json:
        show_json(order_explained(found, past))
        return
    _print(found, past, whole=whole)


def _mapping(files: Files, name: str) -> MappingInForce:
    found = files.catalog.mapping(name.removesuffix(".yaml"))
    if found is not None:
        return found
    if files.problems:
        raise MappingError(files.problems)
    hint = nearest(name, files.catalog.mappings)
    message = f"there is no mapping {name!r}{hint}"
    raise NotFound(message)


def _past(files: Files, id: DeliveryId) -> Past:
    around = surroundings(files.stores, files.targets)
    with opened() as journal:
        return past_of(
            journal,
            id,
            store=files.stores.get,
            version=versions_of(journal, around),
            today=files.catalog.mapping,
        )


# ---------------------------------------------------------------- subject


def _case(
    files: Files,
    mapping: MappingInForce,
    order: str,
    topic: str | None,
    folder: Path,
) -> Case:
    from bridge.compose import now

    store = files.stores[mapping.store]
    file = Path(order)
    if file.is_file():
        sample = Sample(body=file.read_bytes(), headers=_headers(file))
        return _of_body(mapping, sample, store, topic)
    if order in _sample_names(folder):
        sample = Samples(folder).sample(order)
        return _of_body(mapping, sample, store, topic)
    around = surroundings(files.stores, files.targets)
    with opened() as journal:
        return case_in(
            journal,
            mapping,
            order.removeprefix(f"{mapping.store}/"),
            version=versions_of(journal, around),
            now=now(),
        )


def _sample_names(folder: Path) -> list[str]:
    try:
        return Samples(folder).names()
    except SettingsError:
        return []


def _headers(file: Path) -> Mapping[str, str]:
    """Return the headers of a file that is a sample, or none."""
    folder = file.parent.parent
    if file.stem in _sample_names(folder):
        return Samples(folder).sample(file.stem).headers
    return {}


def _of_body(
    mapping: MappingInForce, sample: Sample, store: Store, topic: str | None
) -> Case:
    fallback = "" if sample.headers else PLAIN_TOPICS[store.platform]
    event = event_of(sample, store, topic=topic or fallback)
    try:
        state = told_by(
            [event], store=store, platform=PLATFORMS[store.platform]
        )
    except (LookupError, Unusable) as error:
        message = f"the body tells of no order: {error}"
        raise NotFound(message) from None
    return case_of(mapping, state, raw=from_json(sample.body))


# ---------------------------------------------------------------- showing


def _print(found: Explanation, past: Past | None, *, whole: bool) -> None:
    out = console()
    held = [m.value for m in Moment if found.order.get(m.value)]
    name = clean(found.order.get("name"))
    show_fields(
        [
            ("mapping", f"{found.file} ({found.hash}), to {found.target}"),
            ("order", f"{name} ({found.order_id} of {found.store})"),
            ("is", ", ".join(held) or "none of the moments yet"),
            ("links", ", ".join(f"{k} = {v}" for k, v in found.links.items())),
            ("changed", found.changed),
        ],
        out,
    )
    if past is not None:
        _print_past(past, out)
    if whole:
        show_data(found.order)
    else:
        _print_facts(found, out)
    for rule in found.rules:
        _print_rule(rule, out)


def _print_facts(found: Explanation, out: Console) -> None:
    read = facts(found)
    if not read:
        return
    out.print(Text("\nWhat the rules read of it", "bold"))
    for path, value in read:
        line = Text.assemble(("  "), (path, "cyan"), ": ") + _value(value)
        out.print(line, soft_wrap=True)


def _print_rule(rule: RuleExplained, out: Console) -> None:
    style = STYLES.get(rule.verdict, "dim")
    verdict = SPOKEN.get(rule.verdict, rule.verdict.value)
    out.print()
    out.print(
        Text.assemble(
            (rule.rule, "bold"),
            ": ",
            (verdict, style),
            (f"  (line {rule.line}, when {rule.when}: {rule.call})", "dim"),
        )
    )
    for line in _reasons(rule):
        out.print(Padding(Text(clean(line)), (0, 0, 0, 2), expand=False))
    if rule.request is not None:
        line = f"{rule.request.method} {rule.request.path}"
        out.print(f"  {clean(line)}", soft_wrap=True)
    _print_fields(rule.fields, out)


def _reasons(rule: RuleExplained) -> list[str]:
    lines = [line for line in (rule.why, rule.question) if line]
    for part in rule.parts:
        if part.of is not None:
            held = f"holds for {part.holds} of {part.of}"
        else:
            held = "holds" if part.holds else "gives nothing"
        lines.append(f"· {part.text}: {held}")
    return lines


def _print_fields(fields: tuple[Origin, ...], out: Console) -> None:
    """Print a table, or two lines for each where that is too wide."""
    if out.width < WIDE:
        for one in fields:
            mark = f"  {one.line or '':>3}  "
            head = Text.assemble((mark, "dim"), (one.place, "cyan"), ": ")
            out.print(head + _given(one), soft_wrap=True)
            out.print(
                Padding(_source(one), (0, 0, 0, len(mark)), expand=False)
            )
        return
    table = _grid()
    for one in fields:
        number = Text(str(one.line or ""), "dim", justify="right")
        place = Text(one.place.removeprefix("body."), "cyan")
        table.add_row(number, place, _given(one), _source(one))
    out.print(Padding(table, (0, 0, 0, 2), expand=False))


def _given(one: Origin) -> Text:
    if one.fault:
        return Text(clean(one.fault), "red")
    return _value(one.value) if one.given else Text("left out", "dim")


def _source(one: Origin) -> Text:
    if one.source != "order":
        words = {"file": "the file", "call": "added by the call"}
        return Text(words[one.source], "dim")
    text = Text(f"= {clean(one.expression)}")
    if one.reads and one.reads != (one.expression,):
        text.append(f"\nreads {', '.join(one.reads)}", "dim")
    if one.corrected:
        text.append(f"\ncorrected: {', '.join(one.corrected)}", "yellow")
    return text


def _value(value: JSON) -> Text:
    if isinstance(value, str):
        return Text(clean(value))
    return Text(clean(json.dumps(value, ensure_ascii=False)))


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(4):
        table.add_column(overflow="fold")
    return table


def _print_past(past: Past, out: Console) -> None:
    attempt = past.attempt
    said = [("delivery", f"{past.delivery.id} is {past.delivery.state}")]
    if attempt is not None:
        said.append(
            ("sent (UTC)", f"{when(attempt.started_at)}, try {attempt.number}")
        )
    if not past.exact:
        said.append(("note", OTHERWISE))
    show_fields(said, out)
    if not past.exact and past.sent is not None:
        out.print(f"{past.sent.method} {past.sent.path}", soft_wrap=True)
        show_data(past.sent.body)
    out.print()
    out.print(Text(_by_today(past), "yellow" if _differs(past) else "green"))
    for change in past.today:
        out.print(Padding(Text(_changed(change)), (0, 0, 0, 2), expand=False))


def _differs(past: Past) -> bool:
    return bool(past.today or past.today_reason)


def _by_today(past: Past) -> str:
    if past.today_reason:
        return f"Today's file would send nothing: {clean(past.today_reason)}"
    if past.today:
        return "Today's file would send something else:"
    if past.in_force:
        return "The text of then is today's."
    return "Another text than today's, which would send the same."


def _changed(change: FieldChange) -> str:
    if change.how == "added":
        return f"{change.place}: added {_value(change.after)}"
    if change.how == "removed":
        return f"{change.place}: left out, was {_value(change.before)}"
    before, after = _value(change.before), _value(change.after)
    return f"{change.place}: {before} → {after}"
