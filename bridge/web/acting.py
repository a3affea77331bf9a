"""The admin API's views that act. Each act is in the audit."""

import re
from collections import Counter

from flask import Response

from bridge.errors import Conflict, NotFound, VersionMismatch
from bridge.lifecycle import Gate
from bridge.model import Delivery, DeliveryId, EventId, Link
from bridge.observe import observe
from bridge.web.auth import operator
from bridge.web.correcting import keep_correction
from bridge.web.forms import (
    LARGEST_BATCH,
    BatchBody,
    CorrectBody,
    IdPath,
    IfMatch,
    LinksBody,
    OrderPath,
    ReasonBody,
    RedeliverBody,
    ResolveBody,
    TargetPath,
)
from bridge.web.parts import Parts
from bridge.web.reading import cut
from bridge.web.shapes import (
    BatchAnswer,
    BatchItem,
    DeliveryItem,
    OrderCorrected,
    OrderLinked,
    answered,
    etag,
    target_items,
)


class ActingViews:
    """Does what an operator decided."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def redeliver(
        self, path: IdPath, header: IfMatch, body: RedeliverBody
    ) -> Response:
        """Send a delivery again, rendered with today's mapping."""
        if_version = _version(header.if_match)
        after = self._redeliver(DeliveryId(path.id), body, if_version)
        return _delivery(after)

    def redeliveries(self, body: BatchBody) -> Response:
        """Send again all that a filter names, 500 at most."""
        found = self._journal.deliveries(
            body.filter, before=body.before, limit=LARGEST_BATCH + 1
        )
        chosen, cursor = cut(found, LARGEST_BATCH, lambda one: (one.id,))
        do = self._foretold if body.dry_run else self._redelivered
        items = [do(one, body) for one in chosen]
        counts = Counter(item.result for item in items)
        return answered(
            BatchAnswer(
                dry_run=body.dry_run, counts=counts, items=items, next=cursor
            )
        )

    def resolve(
        self, path: IdPath, header: IfMatch, body: ResolveBody
    ) -> Response:
        """Decide on a delivery that is uncertain, held or dead."""
        after = self._journal.resolve(
            DeliveryId(path.id),
            decision=body.decision,
            links=body.links,
            actor=operator(),
            reason=body.reason,
            if_version=_version(header.if_match),
            now=self._parts.now(),
            until=body.until,
        )
        _acted(f"resolve.{body.decision}", delivery_id=after.id)
        return _delivery(after)

    def correct(
        self, path: OrderPath, header: IfMatch, body: CorrectBody
    ) -> Response:
        """Say what an order should have said: an address, a SKU."""
        kept = keep_correction(
            self._journal,
            path.store,
            path.order_id,
            body,
            by=operator(),
            if_revision=_version(header.if_match),
            now=self._parts.now(),
        )
        _acted("correct", event_id=kept)
        return answered(OrderCorrected(event_id=kept))

    def link(self, path: OrderPath, body: LinksBody) -> Response:
        """Say what a target calls an order."""
        if body.target not in self._parts.targets():
            message = f"There is no target {body.target}."
            raise NotFound(message)
        news = self._journal.teach(
            [
                Link(
                    store=path.store,
                    order_id=path.order_id,
                    target=body.target,
                    name=name,
                    value=value,
                    source=f"operator:{operator()}",
                )
                for name, value in body.links.items()
            ],
            actor=operator(),
            reason=body.reason,
            now=self._parts.now(),
        )
        _acted("link", target=body.target)
        return answered(OrderLinked(news=len(news)))

    def pause(self, path: TargetPath, body: ReasonBody) -> Response:
        """Send nothing to a target until somebody resumes."""
        return self._gate(path.name, Gate(pause="operator"), body.reason)

    def resume(self, path: TargetPath, body: ReasonBody) -> Response:
        """Send to a target again."""
        return self._gate(path.name, None, body.reason)

    # -- one at a time

    def _redeliver(
        self,
        id: DeliveryId,
        body: RedeliverBody,
        if_version: int | None = None,
    ) -> Delivery:
        after = self._journal.redeliver(
            id,
            actor=operator(),
            reason=body.reason,
            force=body.force,
            if_version=if_version,
            now=self._parts.now(),
        )
        _acted("redeliver", delivery_id=after.id)
        return after

    def _gate(self, name: str, gate: Gate | None, reason: str) -> Response:
        self._journal.set_gate(
            name,
            gate,
            actor=operator(),
            reason=reason,
            now=self._parts.now(),
        )
        _acted("pause" if gate else "resume", target=name)
        (row,) = [row for row in self._journal.targets() if row.name == name]
        targets = self._parts.targets()
        configured = {name: targets[name]} if name in targets else {}
        counts = self._journal.counts(self._parts.now())
        (item,) = target_items(configured, [row], counts.deliveries)
        return answered(item)

    # -- many at once

    def _redelivered(self, delivery: Delivery, body: BatchBody) -> BatchItem:
        try:
            self._redeliver(delivery.id, body)
        except Conflict as conflict:
            return _left_out(delivery, conflict)
        return BatchItem(id=delivery.id, result="redelivered")

    def _foretold(self, delivery: Delivery, body: BatchBody) -> BatchItem:
        try:
            self._journal.foresee_redelivery(delivery.id, force=body.force)
        except Conflict as conflict:
            return _left_out(delivery, conflict)
        return BatchItem(id=delivery.id, result="would_redeliver")


def _left_out(delivery: Delivery, conflict: Conflict) -> BatchItem:
    return BatchItem(
        id=delivery.id,
        result="left_out",
        code=conflict.code,
        text=str(conflict),
    )


def _delivery(after: Delivery) -> Response:
    return answered(DeliveryItem.model_validate(after), etag(after.version))


def _acted(
    action: str,
    *,
    delivery_id: DeliveryId | None = None,
    event_id: EventId | None = None,
    target: str | None = None,
) -> None:
    observe(
        "operator.acted",
        operator=operator(),
        action=action,
        delivery_id=delivery_id,
        event_id=event_id,
        target=target,
    )


def _version(if_match: str | None) -> int | None:
    """
    Return the version that a change is bound to, if it is bound.

    Raises:
        VersionMismatch: it is none that a delivery ever had.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    version = re.fullmatch(r'\s*"?([0-9]{1,18})"?\s*', if_match)
    if version is None:
        message = "If-Match names no version: take the ETag of the delivery."
        raise VersionMismatch(message)
    return int(version[1])
