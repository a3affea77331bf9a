"""What the admin API gives: the values of the journal as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from flask import Response
from pydantic import BaseModel, ConfigDict, PlainSerializer, ValidationError
from pydantic import Field as Noted

from bridge.journal.protocol import OrderRow, Story, TargetRow
from bridge.model import (
    SAVED,
    Delivery,
    DeliveryId,
    DeliveryState,
    Event,
    EventState,
    Instant,
    Kind,
)
from bridge.orders.corrections import stands
from bridge.orders.document import document, moments
from bridge.orders.order import OrderState, load_state
from bridge.targets.account import Target
from bridge.web.estimates import Estimates


def iso(instant: Instant) -> str:
    """Return *instant* as ISO 8601 in UTC, with milliseconds."""
    seconds, milliseconds = divmod(instant, 1_000)
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


When = Annotated[
    int, PlainSerializer(iso, return_type=str, when_used="json-unless-none")
]


class Shape(BaseModel):
    """A value of ours as JSON."""

    model_config = ConfigDict(from_attributes=True)


S = TypeVar("S", bound=Shape)


class Page(Shape, Generic[S]):
    """A part of a list, newest first."""

    items: Sequence[S]
    next: str | None = Noted(
        None, description="cursor of the next page, if there is one"
    )


def answered(
    shape: Shape, headers: Mapping[str, str] | None = None
) -> Response:
    """Return *shape* as an answer."""
    # The standard library's way takes text that is no proper Unicode too.
    body = json.dumps(shape.model_dump(mode="json"))
    return Response(body, 200, headers, mimetype="application/json")


# ----------------------------------------------------------------- events


class EventItem(Shape):
    """One webhook, as lists show it."""

    id: int
    store: str
    platform: str
    topic: str
    order_id: str | None
    state: EventState
    reason: str | None
    received_at: When
    sha256: str
    pruned_at: When | None = Noted(
        default=None, description="since when its body is gone"
    )


class EventDetail(EventItem):
    """One webhook, whole."""

    dedupe_key: str
    headers: Mapping[str, str]
    body: str | None = Noted(description="only with `?body=true`")


def event_detail(event: Event, *, body: bool) -> EventDetail:
    """Return an event, with its body as text when that is wanted."""
    text = event.body.decode("utf-8", "backslashreplace") if body else None
    return EventDetail.model_validate(asdict(event) | {"body": text})


# ------------------------------------------------------------- deliveries


class DeliveryItem(Shape):
    """One obligation, as lists show it."""

    id: int
    store: str
    order_id: str
    mapping: str
    rule: str
    target: str
    operation: str
    kind: Kind
    generation: int
    state: DeliveryState
    reason: str | None
    reason_text: str
    where: Mapping[str, Any]
    attention: bool
    attempts: int
    lookups: int = Noted(
        description="how often the target was asked since it was sent"
    )
    due_at: When | None = Noted(
        description="when it is tried next, or, if uncertain, asked about"
    )
    estimated_at: When | None = Noted(
        None, description="when it will probably be sent, while it waits"
    )
    estimate: str = Noted(
        "", description="why nobody can tell, or what else to say of it"
    )
    version: int
    created_at: When
    updated_at: When
    pruned_at: When | None = Noted(
        default=None, description="since when what it said is gone"
    )


class AttemptItem(Shape):
    """One try."""

    delivery_id: int
    number: int
    operation: str
    mapping_hash: str | None
    request: Any
    phase: str
    outcome: str | None
    reason: str | None
    status: int | None
    answer: str | None
    started_at: When
    ended_at: When | None


class AuditItem(Shape):
    """What an operator did, to a delivery, a target or an order."""

    id: int
    at: When
    actor: str
    action: str
    delivery_id: int | None
    target: str | None
    reason: str
    detail: Any


class DeliveryDetail(DeliveryItem):
    """One obligation, with what was tried and decided."""

    effect_key: str
    lane: str
    place: str
    repeatable: bool
    blocks: bool
    forced: bool
    mapping_hash: str | None
    lease_until: When | None
    wait_until: When | None
    request: Any
    tries: Sequence[AttemptItem] = ()
    audit: Sequence[AuditItem] = ()


def delivery_items(
    deliveries: Iterable[Delivery], estimates: Estimates
) -> list[DeliveryItem]:
    """Return deliveries as lists show them, with when they will be sent."""
    return [
        estimated(DeliveryItem.model_validate(one), estimates)
        for one in deliveries
    ]


D = TypeVar("D", bound=DeliveryItem)


def estimated(item: D, estimates: Estimates) -> D:
    """Return *item* with when it will probably be sent, if it waits."""
    told = estimates.get(DeliveryId(item.id))
    if told is None:
        return item
    return item.model_copy(
        update={"estimated_at": told.at, "estimate": told.text}
    )


def etag(version: int) -> dict[str, str]:
    """Return the header that names a version."""
    return {"ETag": f'"{version}"'}


# ----------------------------------------------------------------- orders


class OrderItem(Shape):
    """One order, as lists show it; nobody's name among it."""

    store: str
    order_id: str
    name: str | None = None
    platform: str | None = None
    currency: str | None = None
    total: str | None = None
    moments: Sequence[str] = ()
    updated_at: When | None


class LinkItem(Shape):
    """What is known of an order at a target."""

    target: str
    name: str
    value: str
    source: str


class CorrectionItem(Shape):
    """What a person says that one field should have said."""

    path: str
    value: str | None
    by: str
    at: When
    stands: bool = Noted(
        description="false once the shop's order says something else"
    )


class OrderLinked(Shape):
    """Links were kept; what waited for them goes on."""

    news: int = Noted(description="how many were not known before")


class OrderCorrected(Shape):
    """A correction was kept, and is planned in a moment."""

    event_id: int


class OrderStory(Shape):
    """Everything about one order."""

    store: str
    order_id: str
    version: int = Noted(description="for `If-Match`; as the ETag has it")
    order: Mapping[str, Any] | None = Noted(
        description="as mapping files see it; null while nothing was told"
    )
    corrections: Sequence[CorrectionItem]
    links: Sequence[LinkItem]
    events: Sequence[EventItem]
    deliveries: Sequence[DeliveryItem]
    attempts: Sequence[AttemptItem]
    audit: Sequence[AuditItem]


def order_item(row: OrderRow) -> OrderItem:
    """Return an order for a list."""
    state = _state(row)
    bare = OrderItem(
        store=row.store, order_id=row.order_id, updated_at=row.version or None
    )
    if state is None:
        return bare
    told = state.snapshot
    held = [one.value for one, holds in moments(state).items() if holds]
    return bare.model_copy(
        update={
            "platform": state.platform,
            "name": told.name if told else None,
            "currency": told.currency if told else None,
            "total": told.total if told else None,
            "moments": held,
        }
    )


def name_of(row: OrderRow) -> str:
    """Return what people call an order, else its id."""
    state = _state(row)
    name = state.snapshot.name if state and state.snapshot else None
    return name or row.order_id


def order_name(
    delivery: Delivery, orders: Mapping[tuple[str, str], OrderRow]
) -> str:
    """Return what people call the order of *delivery*, found in *orders*."""
    row = orders.get((delivery.store, delivery.order_id))
    return name_of(row) if row else delivery.order_id


def order_story(story: Story, estimates: Estimates) -> OrderStory:
    """Return the whole story of one order."""
    state = _state(story.order)
    order = None if state is None else document(state)
    for beside in ("links", "raw"):
        if order:
            order.pop(beside)
    return OrderStory.model_validate(
        {
            "store": story.order.store,
            "order_id": story.order.order_id,
            "version": story.order.revision,
            "order": order,
            "corrections": _corrections(state),
            "links": story.links,
            "events": story.events,
            "deliveries": delivery_items(story.deliveries, estimates),
            "attempts": story.attempts,
            "audit": story.audit,
        }
    )


def _corrections(state: OrderState | None) -> list[Mapping[str, object]]:
    if state is None or state.snapshot is None:
        return []
    return [
        {**asdict(one), "stands": stands(state.snapshot, one)}
        for one in state.corrections
    ]


def _state(row: OrderRow) -> OrderState | None:
    """Return the folded order, or None for one that is not to be read."""
    try:
        return load_state(row.state)
    except ValidationError:
        return None


# ---------------------------------------------------------------- targets


class TargetItem(Shape):
    """One account, and whether anybody may call it."""

    name: str
    api: str | None = Noted(description="null when no file names it any more")
    host: str
    sandbox: bool
    paused: str | None = None
    paused_at: When | None = None
    closed_until: When | None = None
    deliveries: Mapping[str, int] = Noted({}, description="by state")
    calls_saved: int = Noted(
        0, description="that were planned, and turned out to be needless"
    )


class Targets(Shape):
    """All targets."""

    items: Sequence[TargetItem]
    next: None = None


def target_items(
    targets: Mapping[str, Target],
    gates: Sequence[TargetRow],
    deliveries: Mapping[tuple[str, str], int],
) -> list[TargetItem]:
    """Return every target that a file or the journal names."""
    rows = {row.name: row for row in gates}
    return [
        _target_item(
            name,
            targets.get(name),
            rows.get(name),
            {
                state: number
                for (target, state), number in deliveries.items()
                if target == name
            },
        )
        for name in sorted(targets.keys() | rows.keys())
    ]


def _target_item(
    name: str,
    target: Target | None,
    row: TargetRow | None,
    deliveries: Mapping[str, int],
) -> TargetItem:
    return TargetItem(
        name=name,
        api=target.contract.name if target else None,
        host=target.host if target else row.host if row else "",
        sandbox=target.is_sandbox if target else False,
        paused=row.paused if row else None,
        paused_at=row.paused_at if row else None,
        closed_until=row.closed_until if row else None,
        deliveries=deliveries,
        calls_saved=sum(deliveries.get(state, 0) for state in SAVED),
    )


# ---------------------------------------------------------------- batches


class BatchItem(Shape):
    """What happened, or would happen, to one delivery."""

    id: int
    result: str = Noted(description="redelivered, would_redeliver or left_out")
    code: str | None = Noted(None, description="why it is left out")
    text: str = ""


class BatchAnswer(Shape):
    """What happened, or would happen, to all that a filter names."""

    dry_run: bool
    counts: Mapping[str, int] = Noted(description="by result")
    items: Sequence[BatchItem]
    next: str | None = Noted(
        None, description="cursor, when there are more than one batch takes"
    )
