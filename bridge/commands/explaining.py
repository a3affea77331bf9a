"""`explain`: why a mapping does what it does about one order."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from pydantic_core import from_json
from rich.text import Text

from bridge.commands.files import Files, look_at
from bridge.commands.journal import opened
from bridge.commands.showing import (
    clean,
    console,
    json_option,
    show_data,
)
from bridge.errors import (
    MappingError,
    NotFound,
    SettingsError,
    Unrenderable,
    Unusable,
)
from bridge.mapping.cases import Sample, event_of, told_by
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.document import Rule
from bridge.mapping.expression import nearest
from bridge.mapping.plan import AFTER_CANCEL
from bridge.mapping.preview import rendered
from bridge.mapping.render import condition_holds
from bridge.model import JSON, Request
from bridge.orders.document import document, is_cancelled, moments
from bridge.orders.order import OrderState, load_state
from bridge.samples import Samples
from bridge.settings import read_settings
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS

PLAIN_TOPICS = {"shopify": "orders/updated", "woocommerce": "order.updated"}
"""What a body file is taken for when nothing says its topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """
    What one rule makes of the order.

    Args:
        wanted: the order asks for it.
        why: why not, or why there is no request.
    """

    rule: str
    wanted: bool
    why: str = ""
    request: Request | None = None
    done: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """
    The order that is explained.

    Args:
        links: known at the mapping's target.
        done: what the journal says of each rule, by its name.
        raw: the newest body.
    """

    state: OrderState
    links: Mapping[str, str]
    done: Mapping[str, str]
    raw: JSON


@click.command()
@click.argument("mapping")
@click.argument("order")
@click.option("--topic", help="Of a body file; default: an update.")
@json_option
def explain(
    mapping: str, order: str, topic: str | None, *, as_json: bool
) -> None:
    """
    Show what MAPPING makes of ORDER, rule by rule.

    ORDER is the store's id of an order in the journal, a file with a
    webhook's body, or the name of a sample. The output has what a customer
    wrote: mind where it goes.
    """
    folder = read_settings(os.environ).mappings
    files = look_at(folder, os.environ)
    found = _mapping(files, mapping)
    store = files.stores[found.store]
    subject = _subject(found, store, order, topic, folder)
    scene = document(subject.state, links=subject.links, raw=subject.raw)
    rules = list(_explained(found, subject, scene))
    shown = {name: part for name, part in scene.items() if name != "raw"}
    if as_json:
        listed = [asdict(rule) for rule in rules]
        show_data({"order": shown, "rules": listed})
        return
    show_data(shown)
    for rule in rules:
        _print(rule)


def _mapping(files: Files, name: str) -> MappingInForce:
    found = files.catalog.mapping(name.removesuffix(".yaml"))
    if found is not None:
        return found
    if files.problems:
        raise MappingError(files.problems)
    hint = nearest(name, files.catalog.mappings)
    message = f"there is no mapping {name!r}{hint}"
    raise NotFound(message)


# ---------------------------------------------------------------- subject


def _subject(
    mapping: MappingInForce,
    store: Store,
    order: str,
    topic: str | None,
    folder: Path,
) -> Subject:
    file = Path(order)
    if file.is_file():
        sample = Sample(body=file.read_bytes(), headers=_headers(file))
        return _of_body(sample, store, topic)
    if order in _sample_names(folder):
        return _of_body(Samples(folder).sample(order), store, topic)
    return _of_journal(mapping, order)


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


def _of_body(sample: Sample, store: Store, topic: str | None) -> Subject:
    fallback = "" if sample.headers else PLAIN_TOPICS[store.platform]
    event = event_of(sample, store, topic=topic or fallback)
    try:
        state = told_by(
            [event], store=store, platform=PLATFORMS[store.platform]
        )
    except (LookupError, Unusable) as error:
        message = f"the body tells of no order: {error}"
        raise NotFound(message) from None
    return Subject(state=state, links={}, done={}, raw=from_json(sample.body))


def _of_journal(mapping: MappingInForce, order_id: str) -> Subject:
    with opened() as journal:
        dossier = journal.dossier(mapping.store, order_id)
        if dossier.order is None:
            message = f"{mapping.store} never told of an order {order_id}"
            raise NotFound(message)
        body_event = dossier.order.body_event
        event = None if body_event is None else journal.event(body_event)
    return Subject(
        state=load_state(dossier.order.state),
        links=dossier.links.get(mapping.target, {}),
        done={
            one.rule: f"delivery {one.id} is {one.state}"
            for one in dossier.deliveries
            if one.mapping == mapping.name
        },
        raw=from_json(event.body) if event else None,
    )


# ------------------------------------------------------------------ rules


def _explained(
    mapping: MappingInForce, subject: Subject, scene: dict[str, JSON]
) -> Iterator[Explained]:
    for rule in mapping.rules:
        done = subject.done.get(rule.name, "")
        try:
            obstacle = _obstacle(mapping, rule, subject.state, scene)
        except Unrenderable as error:
            obstacle = str(error)
        if obstacle:
            yield Explained(
                rule=rule.name, wanted=False, why=obstacle, done=done
            )
        elif rule.question is not None:
            asked = f"asks a person: {rule.question.text(scene)}"
            yield Explained(rule=rule.name, wanted=True, why=asked, done=done)
        else:
            yield _called(mapping, rule, scene, done)


def _obstacle(
    mapping: MappingInForce,
    rule: Rule,
    state: OrderState,
    scene: dict[str, JSON],
) -> str:
    """Return why the order does not ask for *rule*, or nothing."""
    if is_cancelled(state) and rule.when not in AFTER_CANCEL:
        return "the order is cancelled"
    if not moments(state)[rule.when]:
        return f"the order is not {rule.when}"
    if not condition_holds(mapping, rule, scene):
        text = rule.condition.text if rule.condition else ""
        return f"its `if` gives nothing: {text}"
    return ""


def _called(
    mapping: MappingInForce, rule: Rule, scene: dict[str, JSON], done: str
) -> Explained:
    try:
        request = rendered(mapping, rule, scene)
    except Unrenderable as error:
        place = f"{mapping.file}:{error.reason.where.get('line', rule.line)}"
        why = f"{error.reason.code}: {error} ({place})"
        return Explained(rule=rule.name, wanted=True, why=why, done=done)
    return Explained(rule=rule.name, wanted=True, request=request, done=done)


def _print(rule: Explained) -> None:
    out = console()
    verdict, style = (
        ("wanted", "green") if rule.wanted else ("not wanted", "dim")
    )
    done = f" ({rule.done})" if rule.done else ""
    out.print()
    out.print(Text.assemble((rule.rule, "bold"), ": ", (verdict, style), done))
    if rule.why:
        out.print(f"  {clean(rule.why)}", soft_wrap=True)
    if rule.request is not None:
        line = f"  {rule.request.method} {rule.request.path}"
        out.print(clean(line), soft_wrap=True)
        show_data(rule.request.body)
