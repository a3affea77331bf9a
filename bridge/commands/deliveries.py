"""`deliveries`: what is to be done, and what a person decides about it."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click
from pydantic_core import to_json

from bridge.commands.exits import Commands
from bridge.commands.files import known_targets
from bridge.commands.journal import (
    LIST_OPTIONS,
    actor,
    confirm,
    if_version_option,
    opened,
    options,
    query,
    reason_option,
    yes_option,
)
from bridge.commands.showing import (
    UTC_COLUMN,
    json_option,
    short,
    show_fields,
    show_heading,
    show_json,
    show_rows,
    when,
)
from bridge.errors import NotFound
from bridge.estimate import Estimate
from bridge.journal.protocol import Journal
from bridge.model import Attempt, Delivery, DeliveryId, DeliveryState
from bridge.web.estimates import Estimates, estimates
from bridge.web.forms import DeliveryQuery, RedeliverBody, ResolveBody
from bridge.web.reading import cut
from bridge.web.shapes import (
    AttemptItem,
    AuditItem,
    DeliveryDetail,
    DeliveryItem,
    Page,
    delivery_items,
    estimated,
)


@click.group(cls=Commands)
def deliveries() -> None:
    """What is to be done at the targets, and what came of it."""


@deliveries.command("list")
@options(
    click.option("--store"),
    click.option("--target"),
    click.option("--state"),
    click.option(
        "--attention/--no-attention",
        default=None,
        help="Only those that wait for a person, or the others.",
    ),
    click.option("--order", help="The store's id of it."),
    click.option("--since", help="A time in ISO 8601."),
    click.option("--until", help="A time in ISO 8601."),
    *LIST_OPTIONS,
    json_option,
)
def list_deliveries(*, as_json: bool, **values: Any) -> None:
    """List deliveries, newest first."""
    asked = query(DeliveryQuery, **values)
    with opened() as journal:
        found = journal.deliveries(
            asked.filter, before=asked.before, limit=asked.limit + 1
        )
        shown, cursor = cut(found, asked.limit, lambda one: (one.id,))
        waiting = estimates_of(journal, shown)
    if as_json:
        items = delivery_items(shown, waiting)
        show_json(Page[DeliveryItem](items=items, next=cursor))
        return
    show_deliveries(shown, waiting)
    if cursor:
        click.echo(f"more: --cursor {cursor}")


@deliveries.command("show")
@click.argument("number", type=click.IntRange(1))
@json_option
def show_delivery(number: int, *, as_json: bool) -> None:
    """Show one delivery, its tries, and what operators did."""
    with opened() as journal:
        one = _known(journal, number)
        waiting = estimates_of(journal, [one])
        bare = estimated(DeliveryDetail.model_validate(one), waiting)
        detail = bare.model_copy(
            update={
                "tries": [
                    AttemptItem.model_validate(attempt)
                    for attempt in journal.attempts(one.id)
                ],
                "audit": [
                    AuditItem.model_validate(entry)
                    for entry in journal.audit(one.id)
                ],
            }
        )
        attempts = journal.attempts(one.id)
    if as_json:
        show_json(detail)
        return
    show_fields(_fields(one, waiting.get(one.id)))
    show_heading("Tries")
    show_attempts(attempts)
    show_heading("Decisions")
    show_rows(
        [UTC_COLUMN, "who", "what", "why"],
        [
            (short(entry.at), entry.actor, entry.action, entry.reason)
            for entry in detail.audit
        ],
        none="Nobody decided anything.",
    )


@deliveries.command()
@click.argument("number", type=click.IntRange(1))
@reason_option
@click.option("--force", is_flag=True, help="Even if it makes a second one.")
@if_version_option
@yes_option
@json_option
def redeliver(
    number: int,
    reason: str,
    if_version: int | None,
    *,
    force: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send it again, rendered with today's mapping."""
    from bridge.compose import now

    asked = query(RedeliverBody, reason=reason, force=force)
    if force:
        question = f"This may make a second one of delivery {number}. Send?"
        confirm(question, yes=yes)
    with opened() as journal:
        after = journal.redeliver(
            DeliveryId(number),
            actor=actor(),
            reason=asked.reason,
            force=force,
            if_version=if_version,
            now=now(),
        )
    _show_after(after, as_json=as_json)


@deliveries.command()
@click.argument("number", type=click.IntRange(1))
@options(
    click.option(
        "--decision",
        required=True,
        type=click.Choice(
            ["exists", "done", "resend", "cancel", "hold", "release"]
        ),
        help="It is there already; it is done; send it; leave it; send"
        " nothing for now; go on.",
    ),
    click.option(
        "--link",
        "links",
        multiple=True,
        metavar="NAME=VALUE",
        help="With `exists`: what it is called there.",
    ),
    click.option(
        "--until", help="With `hold`: let it go at that time, in ISO 8601."
    ),
    reason_option,
    if_version_option,
    yes_option,
    json_option,
)
def resolve(
    number: int,
    decision: str,
    links: Sequence[str],
    *,
    until: str | None,
    reason: str,
    if_version: int | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Decide about a delivery that is uncertain, held or dead."""
    from bridge.compose import now

    asked = query(
        ResolveBody,
        decision=decision,
        reason=reason,
        links=_links(links),
        until=until,
    )
    with opened() as journal:
        before = _known(journal, number)
        if decision == "resend" and not before.repeatable:
            question = f"This may make a second one of {number}. Send?"
            confirm(question, yes=yes)
        after = journal.resolve(
            DeliveryId(number),
            decision=asked.decision,
            links=asked.links,
            actor=actor(),
            reason=asked.reason,
            if_version=if_version,
            now=now(),
            until=asked.until,
        )
    _show_after(after, as_json=as_json)


def estimates_of(journal: Journal, found: Sequence[Delivery]) -> Estimates:
    """Return when those that wait will probably be sent."""
    from bridge.compose import now

    return estimates(journal, known_targets(os.environ), found, now())


def show_deliveries(found: Sequence[Delivery], waiting: Estimates) -> None:
    """Print deliveries as a table."""
    show_rows(
        ["id", "order", "target", "rule", "state", "why", "sent (UTC)"],
        [
            (
                one.id,
                f"{one.store} {one.order_id}",
                one.target,
                one.rule,
                one.state,
                one.reason,
                _probably(waiting.get(one.id), short),
            )
            for one in found
        ],
        none="No delivery.",
    )


def show_attempts(found: Sequence[Attempt]) -> None:
    """Print tries as a table; never what was sent."""
    show_rows(
        ["of", "try", UTC_COLUMN, "call", "outcome", "status", "reason"],
        [
            (
                one.delivery_id,
                one.number,
                short(one.started_at),
                one.operation,
                _outcome(one),
                one.status,
                one.reason,
            )
            for one in found
        ],
        none="Nothing was tried.",
    )


def _probably(
    told: Estimate | None, shown: Callable[[int | None], str]
) -> str:
    """Say when it will probably be sent, or why nobody can tell."""
    if told is None:
        return ""
    return " ".join(filter(None, [shown(told.at), told.text]))


def _fields(one: Delivery, told: Estimate | None) -> list[tuple[str, object]]:
    return [
        ("id", one.id),
        ("order", f"{one.store} {one.order_id}"),
        ("rule", f"{one.mapping} {one.rule}"),
        ("call", f"{one.operation} at {one.target}"),
        ("state", one.state),
        ("reason", one.reason),
        ("says", one.reason_text),
        ("where", _place(one.where)),
        ("generation", one.generation),
        ("attempts", one.attempts),
        *_asked(one),
        ("due (UTC)", when(one.due_at)),
        ("sent, probably (UTC)", _probably(told, when)),
        ("version", one.version),
        ("mapping hash", one.mapping_hash),
        ("request", _request(one)),
    ]


def _asked(one: Delivery) -> list[tuple[str, object]]:
    """Say of one that is in doubt what the target is asked about it."""
    if one.state is not DeliveryState.UNCERTAIN:
        return []
    again = "and is again when due" if one.due_at else "and is no more"
    return [("target was asked", f"{one.lookups} times, {again}")]


def _outcome(one: Attempt) -> str:
    """Say how far a call got of which more is not known."""
    if one.outcome in {None, "maybe"}:
        return f"{one.outcome or 'none yet'} ({one.phase})"
    return one.outcome or ""


def _place(where: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in where.items())


def _request(one: Delivery) -> str:
    return "" if one.request is None else to_json(one.request).decode()


def _known(journal: Journal, number: int) -> Delivery:
    found = journal.delivery(DeliveryId(number))
    if found is None:
        message = f"there is no delivery {number}"
        raise NotFound(message)
    return found


def _links(pairs: Iterable[str]) -> dict[str, str]:
    links = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            message = f"--link: NAME=VALUE is expected, not {pair!r}"
            raise click.UsageError(message)
        links[name] = value
    return links


def _show_after(after: Delivery, *, as_json: bool) -> None:
    if as_json:
        show_json(DeliveryItem.model_validate(after))
        return
    click.echo(f"delivery {after.id} is {after.state} now")
