"""The inbox: what waits for a person, by reason, oldest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice

from flask import abort, render_template, request

from bridge.holds import ON_HOLD
from bridge.journal.protocol import AuditEntry, DeliveryFilter
from bridge.journal.seeing import LOOK, AttentionGroup, AttentionItem
from bridge.model import Delivery, DeliveryId, Instant
from bridge.web.console.asked import newest, number_of, older, query_of
from bridge.web.console.choices import shown_at
from bridge.web.console.deciding import (
    TOGETHER,
    Mend,
    fitting,
    may_make_two,
    mend_of,
)
from bridge.web.console.in_force import InForce, names_for
from bridge.web.console.reasons import told
from bridge.web.forms import PageForm, RowCursor, Word, cursor_of
from bridge.web.parts import Parts
from bridge.web.shapes import order_name

OF_EACH = 5
"""So many of each reason stand on the page of all."""


class AttentionQuery(PageForm):
    """Which part of the inbox is shown."""

    cursor: RowCursor | None = None
    target: Word | None = None
    state: Word | None = None
    reason: Word | None = None
    decided: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """
    One delivery that waits, and what may be done with it.

    Args:
        name: the order's number as people say it.
        since: when it came to wait.
        links: names of the ids that its answer would have told.
        twice: sending it again may make a second one.
        looks: the target can be asked whether it has it under an id.
    """

    delivery: Delivery
    name: str
    since: Instant
    choices: Sequence[str]
    mend: Mend | None
    links: Sequence[str]
    twice: bool
    looks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """
    All that waits for one reason in plain words.

    Args:
        reason: one of its codes, which stands for all.
        rows: the oldest of them.
    """

    reason: str | None
    count: int
    since: Instant
    targets: Sequence[str]
    rows: Sequence[Waiting]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided a moment ago."""

    delivery: Delivery
    entry: AuditEntry


class InboxPages:
    """Shows what waits for a person."""

    def __init__(self, parts: Parts, in_force: InForce) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._in_force = in_force

    def attention(self) -> str:
        """Show the oldest of each reason; of one reason, page by page."""
        query = query_of(AttentionQuery)
        groups = [
            one
            for one in self._journal.attention_groups()
            if query.target in {None, one.target}
            and query.state in {None, one.state.value}
        ]
        cursor = None
        if query.reason is None:
            subjects = self._all(groups, query)
        else:
            subjects, cursor = self._one(groups, query, query.reason)
        return render_template(
            "inbox.html",
            subjects=subjects,
            query=query,
            targets=sorted({*self._parts.targets(), *_targets(groups)}),
            paused=sorted(
                row.name
                for row in self._journal.targets()
                if row.paused and query.target in {None, row.name}
            ),
            together=TOGETHER,
            decided=self._decision(query.decided),
            older=older("console.attention", cursor),
            newest=newest("console.attention"),
        )

    def one(self, number: str) -> str:
        """Show one delivery that waits, and what may be decided."""
        delivery = self.delivery(number)
        shown_at(self._parts, delivery.store)
        return render_template(
            "deciding_one.html", row=self.row(delivery), back=request.full_path
        )

    def delivery(self, number: str) -> Delivery:
        """Return a delivery, or answer 404."""
        found = self._journal.delivery(DeliveryId(number_of(number)))
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        return found

    def row(self, delivery: Delivery) -> Waiting:
        """Return what may be done with one of them."""
        (row,) = self.rows([_item(delivery)])
        return row

    def rows(self, items: Iterable[AttentionItem]) -> list[Waiting]:
        """Return what may be done with each of them."""
        mappings = self._in_force.mappings()
        waiting = list(items)
        orders = self._journal.orders_at(
            {(one.delivery.store, one.delivery.order_id) for one in waiting}
        )
        return [
            Waiting(
                delivery=one.delivery,
                name=order_name(one.delivery, orders),
                since=one.since,
                choices=fitting(one.delivery),
                mend=mend_of(one.delivery),
                links=names_for(mappings, one.delivery),
                twice=may_make_two(one.delivery),
                looks=self._can_be_named(one.delivery),
            )
            for one in waiting
        ]

    # -- parts of these

    def _all(
        self, groups: Sequence[AttentionGroup], query: AttentionQuery
    ) -> list[Subject]:
        oldest = self._journal.attention_oldest(
            DeliveryFilter(target=query.target, state=query.state),
            each=OF_EACH,
        )
        by_subject: dict[str, list[AttentionGroup]] = {}
        for group in groups:
            by_subject.setdefault(_subject(group.reason), []).append(group)
        shown = []
        for alike in by_subject.values():
            reasons = {one.reason for one in alike}
            of_these = (i for i in oldest if i.delivery.reason in reasons)
            shown.append(_told(alike, self.rows(islice(of_these, OF_EACH))))
        # What somebody holds is not urgent.
        return sorted(shown, key=lambda one: one.reason == ON_HOLD)

    def _one(
        self,
        groups: Sequence[AttentionGroup],
        query: AttentionQuery,
        reason: str,
    ) -> tuple[list[Subject], str | None]:
        """Return one reason's page, and the next page's cursor."""
        key = _subject(reason)
        chosen = [one for one in groups if _subject(one.reason) == key]
        found = sorted(
            (
                item
                for code in dict.fromkeys(one.reason for one in chosen)
                for item in self._journal.attention_list(
                    DeliveryFilter(
                        target=query.target, state=query.state, reason=code
                    ),
                    after=query.cursor[0] if query.cursor else None,
                    limit=query.limit + 1,
                )
            ),
            key=lambda item: item.place,
        )
        page = found[: query.limit]
        more = len(found) > query.limit
        cursor = cursor_of(page[-1].place) if more else None
        rows = self.rows(page)
        return [_told(chosen, rows)] if chosen else [], cursor

    def _can_be_named(self, one: Delivery) -> bool:
        target = self._parts.targets().get(one.target)
        operations = target.contract.operations if target else {}
        operation = operations.get(one.operation)
        return operation is not None and operation.naming is not None

    def _decision(self, number: str | None) -> Decided | None:
        """Return what was decided last on a delivery, or on its order."""
        if number is None:
            return None
        delivery = self.delivery(number)
        entry = self.last_decision(delivery)
        if entry is None:
            return None
        return Decided(delivery=delivery, entry=entry)

    def last_decision(self, delivery: Delivery) -> AuditEntry | None:
        """Return what a person did last to a delivery or to its order."""
        story = self._journal.story(delivery.store, delivery.order_id)
        about = [
            one
            for one in (story.audit if story else ())
            if one.delivery_id in {None, delivery.id} and one.action != LOOK
        ]
        return about[-1] if about else None


def _subject(reason: str | None) -> str:
    """Return what reasons have in common that are one to a person."""
    known = told(reason)
    return f"={known.title}" if known else (reason or "")


def _told(
    groups: Sequence[AttentionGroup], rows: Sequence[Waiting]
) -> Subject:
    return Subject(
        reason=groups[0].reason,
        count=sum(one.count for one in groups),
        since=min(one.since for one in groups),
        targets=_targets(groups),
        rows=rows,
    )


def _targets(groups: Iterable[AttentionGroup]) -> list[str]:
    return sorted({one.target for one in groups})


def _item(delivery: Delivery) -> AttentionItem:
    return AttentionItem(
        delivery=delivery,
        since=delivery.updated_at,
        place=delivery.moved,
    )
