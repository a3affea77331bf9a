"""Asking a target: is it there under that id, does it answer at all."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response as AnyResponse

from bridge.asking import ANSWERED_IN
from bridge.journal.seeing import Question
from bridge.model import Delivery, DeliveryId, Instant, Part
from bridge.observe import observe
from bridge.web.auth import operator
from bridge.web.console.asked import number_of
from bridge.web.console.choices import back_address, shown_at
from bridge.web.console.decisions import LINK, Decisions
from bridge.web.console.inbox import InboxPages
from bridge.web.health import is_done
from bridge.web.parts import Parts

LEARNED: Mapping[str, LazyString] = MappingProxyType(
    {
        "found": _("It is there, and it is this order."),
        "other": _(
            "Something is there under that id, and it does not show that it"
            " is this order. Compare it there before you say that it exists."
        ),
        "absent": _("There is nothing there under that id."),
        "unclear": _(
            "It was not among what the target shows. That does not say that"
            " it is not there."
        ),
        "answers": _("It answers."),
        "no_way": _("The target can not be asked for that."),
        "paused": _("The target is paused: nothing is asked."),
        "closed": _("The target is left alone for a moment: try again soon."),
        "notsent": _("It could not be reached."),
        "notprocessed": _("It answered, and did not look at it."),
        "rejected": _("It answered, and refused."),
        "maybe": _("It did not answer as it should."),
    }
)
"""What came of a question."""

GOOD = frozenset({"found", "answers"})


class QuestionPages:
    """Leaves questions for a worker, and shows what it learned."""

    def __init__(
        self, parts: Parts, inbox: InboxPages, decisions: Decisions
    ) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._inbox = inbox
        self._decisions = decisions

    def look(self, number: str) -> AnyResponse:
        """Ask for what a person says that a delivery is called there."""
        delivery = self._inbox.delivery(number)
        named = _named()
        if named is None:
            return self._decisions.refused(
                delivery,
                HTTPStatus.UNPROCESSABLE_ENTITY,
                gettext("Say which id it has at the target."),
            )
        name, said = named
        asked = self._ask(delivery.target, about=delivery.id, said=said)
        address = url_for(
            "console.looked",
            number=delivery.id,
            question=asked,
            name=name,
            back=back_address(),
        )
        return redirect(address, HTTPStatus.SEE_OTHER)

    def looked(self, number: str, question: str) -> str:
        """Show what the target says of it, before anybody confirms it."""
        delivery = self._inbox.delivery(number)
        found = self._question(question)
        if found.about != delivery.id:
            abort(HTTPStatus.NOT_FOUND)
        shown_at(self._parts, delivery.store)
        return self._page(found, delivery)

    def test(self, name: str) -> AnyResponse:
        """Make a call at a target that changes nothing."""
        target = self._parts.targets().get(name)
        if target is None or target.contract.test is None:
            abort(HTTPStatus.NOT_FOUND)
        address = url_for(
            "console.tested", name=name, question=self._ask(name)
        )
        return redirect(address, HTTPStatus.SEE_OTHER)

    def tested(self, name: str, question: str) -> str:
        """Show whether the target answered."""
        found = self._question(question)
        if found.about is not None or found.target != name:
            abort(HTTPStatus.NOT_FOUND)
        return self._page(found, None)

    def answer(self, question: str) -> str:
        """Give the part of the page that waits for the worker."""
        found = self._question(question)
        return render_template("fragments/answer.html", **self._told(found))

    # -- parts of these

    def _ask(
        self,
        target: str,
        *,
        about: DeliveryId | None = None,
        said: str | None = None,
    ) -> int:
        now = self._parts.now()
        asked = self._journal.ask(
            target,
            about=about,
            said=said,
            actor=operator(),
            until=Instant(now + ANSWERED_IN),
            now=now,
        )
        observe(
            "operator.acted",
            operator=operator(),
            action="test" if about is None else "look",
            delivery_id=about,
            target=target,
        )
        return asked

    def _question(self, number: str) -> Question:
        found = self._journal.question(number_of(number))
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        return found

    def _page(self, question: Question, delivery: Delivery | None) -> str:
        return render_template(
            "asked.html",
            row=self._inbox.row(delivery) if delivery else None,
            name=request.args.get("name", ""),
            back=request.args.get("back", ""),
            **self._told(question),
        )

    def _told(self, question: Question) -> dict[str, object]:
        now, learned = self._parts.now(), question.learned
        return {
            "question": question,
            "learned": learned,
            "told": LEARNED.get(learned.outcome) if learned else None,
            "good": learned is not None and learned.outcome in GOOD,
            "waits": learned is None and now <= question.until,
            "worked": is_done(Part.SENDS, self._journal.beats(), now),
        }


def _named() -> tuple[str, str] | None:
    """Return the first id that was filled in, with its name."""
    for field, value in request.form.items():
        if field.startswith(LINK) and value.strip():
            return field.removeprefix(LINK), value.strip()[:500]
    return None
