"""The story of an order: all that came, was decided, sent and answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from flask import abort, render_template
from flask_babel import lazy_gettext as _

from bridge.errors import Conflict
from bridge.hindsight import case_in, versions_of
from bridge.journal.protocol import AuditEntry, Story
from bridge.mapping.difference import FieldChange, changed_fields
from bridge.mapping.explain import Explanation, Verdict, explain
from bridge.mapping.render import kept_request
from bridge.model import (
    Attempt,
    Change,
    Delivery,
    DeliveryState,
    Event,
    Instant,
    Request,
)
from bridge.settings import surroundings
from bridge.web import shapes
from bridge.web.console.choices import shown_at
from bridge.web.console.deliveries import can_redeliver
from bridge.web.console.in_force import InForce
from bridge.web.console.inbox import InboxPages
from bridge.web.console.looking import hidden, note_look, shown_whole
from bridge.web.console.words import sentence
from bridge.web.parts import Parts

_BY_THE_WAY = frozenset(
    {DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING}
)
"""States that say no more than the try that follows."""

VERDICTS = {
    Verdict.SENDS: _("it is sent now"),
    Verdict.ASKS: _("it asks a person"),
    Verdict.WAITS: _("it waits for an id"),
    Verdict.HELD: _("it is held: a person is needed first"),
    Verdict.EMPTY: _("nothing is left to send"),
    Verdict.NOT_YET: _("not yet: its moment has not come"),
    Verdict.CONDITION: _("its condition does not hold"),
    Verdict.CANCELLED: _("the order is cancelled"),
    Verdict.PASSED: _("a later rule was sent already"),
    Verdict.DONE: _("done"),
    Verdict.UNDER_WAY: _("under way"),
    Verdict.WITHDRAWN: _("withdrawn, and not planned again"),
    Verdict.NOT_OURS: _("the order is older than the mapping"),
    Verdict.UNSEEN: _("the order itself was not told yet"),
}
"""Why a rule acts, or does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the story: just one of these is there besides its time."""

    at: Instant
    event: Event | None = None
    planned: Delivery | None = None
    attempt: Attempt | None = None
    change: Change | None = None
    decision: AuditEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """What was sent, and what would be sent now; *why* when nothing is."""

    sent: Request | None
    now: Request | None
    why: str
    changes: Sequence[FieldChange]


class StoryPages:
    """Tells what became of an order."""

    def __init__(
        self, parts: Parts, inbox: InboxPages, in_force: InForce
    ) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._inbox = inbox
        self._in_force = in_force

    def order(self, store: str, order_id: str) -> str:
        """Show the story without the customer's data."""
        return self._page(store, order_id, shown=False)

    def reveal_order(self, store: str, order_id: str) -> str:
        """Show the customer's data too; that somebody looked is noted."""
        if self._journal.dossier(store, order_id).order is not None:
            note_look(self._parts, store, order_id, page="story")
        return self._page(store, order_id, shown=True)

    def compare(self, number: str) -> str:
        """Show what was sent beside what would be sent now."""
        delivery = self._inbox.delivery(number)
        note_look(
            self._parts,
            delivery.store,
            delivery.order_id,
            page="compare",
            delivery_id=delivery.id,
        )
        shown_at(self._parts, delivery.store)
        return render_template(
            "compare.html",
            delivery=delivery,
            pair=self._pair(delivery),
            can_redeliver=can_redeliver(delivery),
        )

    # -- parts of these

    def _page(self, store: str, order_id: str, *, shown: bool) -> str:
        story = self._journal.story(store, order_id)
        if story is None:
            abort(HTTPStatus.NOT_FOUND)
        shown_at(self._parts, store)
        waiting = self._parts.estimates(story.deliveries)
        order = shapes.order_story(story, waiting).order
        return render_template(
            "story.html",
            story=story,
            item=shapes.order_item(story.order),
            order=order if shown else None,
            shown=shown,
            estimates=waiting,
            entries=self._entries(story),
            by_id={one.id: one for one in story.deliveries},
            waits=[
                self._inbox.row(one)
                for one in story.deliveries
                if one.attention
            ],
            explained=self._explained(store, order_id),
            verdicts=VERDICTS,
            hidden=shown_whole if shown else hidden,
        )

    def _entries(self, story: Story) -> list[Entry]:
        """Return the story's lines, the newest first."""
        found = [
            *(Entry(at=one.received_at, event=one) for one in story.events),
            *(
                Entry(at=one.created_at, planned=one)
                for one in story.deliveries
            ),
            *(Entry(at=one.started_at, attempt=one) for one in story.attempts),
            *(Entry(at=one.at, decision=one) for one in story.audit),
            *self._changes(story.deliveries),
        ]
        # Sorting keeps the order of those of one moment: causes come first.
        return sorted(found, key=lambda one: one.at)[::-1]

    def _changes(self, deliveries: Sequence[Delivery]) -> Iterator[Entry]:
        for delivery in deliveries:
            for one in self._journal.history(delivery.id):
                if one.state not in _BY_THE_WAY:
                    yield Entry(at=one.at, change=one)

    def _explained(self, store: str, order_id: str) -> list[Explanation]:
        """Return what each mapping of the store makes of the order now."""
        around = surroundings(self._parts.stores(), self._parts.targets())
        version = versions_of(self._journal, around)
        found = []
        for mapping in self._in_force.mappings().values():
            if mapping.store != store:
                continue
            try:
                case = case_in(
                    self._journal,
                    mapping,
                    order_id,
                    version=version,
                    now=self._parts.now(),
                )
            except Conflict:  # it is pruned: nothing can be told of it
                continue
            found.append(explain(case))
        return found

    def _pair(self, delivery: Delivery) -> _Pair:
        sent = self._sent(delivery)
        explained = {
            one.mapping: one
            for one in self._explained(delivery.store, delivery.order_id)
        }.get(delivery.mapping)
        rule = explained.rule(delivery.rule) if explained else None
        now = rule.request if rule else None
        why = ""
        if rule is None:
            why = str(_("Its rule is no longer in force."))
        elif now is None:
            why = sentence(rule.why) or str(VERDICTS[rule.verdict])
        changes = changed_fields(sent, now) if sent and now else ()
        return _Pair(sent=sent, now=now, why=why, changes=changes)

    def _sent(self, delivery: Delivery) -> Request | None:
        for one in reversed(self._journal.attempts(delivery.id)):
            if one.operation == delivery.operation and one.request is not None:
                return kept_request(delivery.operation, one.request)
        return None
