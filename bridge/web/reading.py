"""The admin API's views that show."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import Response

from bridge.errors import NotFound, Pruned
from bridge.model import DeliveryId, EventId
from bridge.observe import observe
from bridge.web.auth import operator
from bridge.web.forms import (
    AuditQuery,
    BodyQuery,
    DeliveryQuery,
    EventQuery,
    IdPath,
    OrderPath,
    OrderQuery,
    cursor_of,
)
from bridge.web.parts import Parts
from bridge.web.shapes import (
    AttemptItem,
    AuditItem,
    DeliveryDetail,
    DeliveryItem,
    EventItem,
    OrderItem,
    Page,
    Targets,
    answered,
    delivery_items,
    estimated,
    etag,
    event_detail,
    order_item,
    order_story,
    target_items,
)


class ReadingViews:
    """Shows the journal; changes nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def events(self, query: EventQuery) -> Response:
        """List events, newest first."""
        found = self._journal.events(
            query.filter, before=query.before, limit=query.limit + 1
        )
        shown, cursor = cut(found, query.limit, lambda event: (event.id,))
        items = [EventItem.model_validate(event) for event in shown]
        return answered(Page[EventItem](items=items, next=cursor))

    def event(self, path: IdPath, query: BodyQuery) -> Response:
        """Show one event; its body is a customer's data and is asked for."""
        event = self._journal.event(EventId(path.id))
        if event is None:
            message = f"There is no event {path.id}."
            raise NotFound(message)
        if query.body:
            if event.pruned_at is not None:
                message = (
                    f"Event {path.id} is pruned: its body is gone. Its hash"
                    " and its moments are there."
                )
                raise Pruned(message)
            observe("event.body_shown", operator=operator(), event_id=event.id)
        return answered(event_detail(event, body=query.body))

    def orders(self, query: OrderQuery) -> Response:
        """List orders, the newest change first."""
        found = self._journal.orders(
            store=query.store, before=query.cursor, limit=query.limit + 1
        )
        shown, cursor = cut(
            found,
            query.limit,
            lambda row: (row.version, row.store, row.order_id),
        )
        items = [order_item(row) for row in shown]
        return answered(Page[OrderItem](items=items, next=cursor))

    def order(self, path: OrderPath) -> Response:
        """Show the whole story of one order."""
        story = self._journal.story(path.store, path.order_id)
        if story is None:
            message = "Nothing was ever told of this order."
            raise NotFound(message)
        told = order_story(story, self._parts.estimates(story.deliveries))
        return answered(told, etag(story.order.revision))

    def deliveries(self, query: DeliveryQuery) -> Response:
        """List deliveries, newest first."""
        found = self._journal.deliveries(
            query.filter, before=query.before, limit=query.limit + 1
        )
        shown, cursor = cut(found, query.limit, lambda one: (one.id,))
        items = delivery_items(shown, self._parts.estimates(shown))
        return answered(Page[DeliveryItem](items=items, next=cursor))

    def delivery(self, path: IdPath) -> Response:
        """Show one delivery, its tries, and what operators did."""
        delivery = self._journal.delivery(DeliveryId(path.id))
        if delivery is None:
            message = f"There is no delivery {path.id}."
            raise NotFound(message)
        bare = estimated(
            DeliveryDetail.model_validate(delivery),
            self._parts.estimates([delivery]),
        )
        whole = bare.model_copy(
            update={
                "tries": [
                    AttemptItem.model_validate(one)
                    for one in self._journal.attempts(delivery.id)
                ],
                "audit": self._audit(delivery.id),
            }
        )
        return answered(whole, etag(delivery.version))

    def audit(self, query: AuditQuery) -> Response:
        """List what operators did to a delivery, oldest first."""
        items = self._audit(DeliveryId(query.delivery))
        return answered(Page[AuditItem](items=items))

    def targets(self) -> Response:
        """List all targets with their gates."""
        items = target_items(
            self._parts.targets(),
            self._journal.targets(),
            self._journal.counts(None).deliveries,
        )
        return answered(Targets(items=items))

    def _audit(self, id: DeliveryId) -> list[AuditItem]:
        entries = self._journal.audit(id)
        return [AuditItem.model_validate(entry) for entry in entries]


R = TypeVar("R")


def cut(
    found: Sequence[R], limit: int, place: Callable[[R], tuple[object, ...]]
) -> tuple[Sequence[R], str | None]:
    """Return a page of *found*, and the cursor of the next if there is one."""
    shown = found[:limit]
    more = len(found) > limit
    return shown, cursor_of(*place(shown[-1])) if more else None
