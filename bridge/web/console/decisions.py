"""Decisions on what waits for a person: one at a time, or many at once."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import (
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext as _
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from bridge.errors import Conflict, NotFound
from bridge.model import Delivery, DeliveryId
from bridge.observe import observe
from bridge.web.auth import operator
from bridge.web.console.asked import number_of
from bridge.web.console.choices import back_address, shown_at, zone_of
from bridge.web.console.deciding import TOGETHER, Foreseen, foreseen
from bridge.web.console.inbox import InboxPages
from bridge.web.console.refusals import faults, refused
from bridge.web.forms import LARGEST_LIMIT, ResolveBody
from bridge.web.parts import Parts

LINK = "link."
"""Before a link's name in a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one of many; *left* says why nothing did."""

    delivery: Delivery
    left: str = ""


class Decisions:
    """Does what a person decided, once."""

    def __init__(self, parts: Parts, inbox: InboxPages) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._inbox = inbox

    def decide(self, number: str) -> AnyResponse:
        """Decide on one delivery, as it was when the person looked."""
        delivery = self._inbox.delivery(number)
        if self._lacks_its_id(delivery):
            return self.refused(
                delivery,
                HTTPStatus.UNPROCESSABLE_ENTITY,
                _("Say which id it has at the target."),
            )
        try:
            body = ResolveBody.model_validate(
                {
                    "reason": request.form.get("reason", ""),
                    "decision": request.form.get("decision", ""),
                    "links": _links(),
                    "until": self._until(),
                }
            )
            self._resolve(delivery.id, body, _version())
        except NotFound:
            raise
        except Conflict as conflict:
            return self.refused(delivery, conflict.status, refused(conflict))
        except ValidationError as error:
            return self.refused(
                delivery, HTTPStatus.UNPROCESSABLE_ENTITY, faults(error)
            )
        return redirect(came_from(delivery.id), HTTPStatus.SEE_OTHER)

    def refused(
        self, delivery: Delivery, status: int, detail: str
    ) -> AnyResponse:
        """Show why nothing was done, and who decided what meanwhile."""
        now = self._journal.delivery(delivery.id) or delivery
        shown_at(self._parts, now.store)
        was = request.form.get("version")
        changed = status == HTTPStatus.PRECONDITION_FAILED or (
            status == HTTPStatus.CONFLICT and str(now.version) != was
        )
        page = render_template(
            "refused.html",
            delivery=now,
            changed=changed,
            last=self._inbox.last_decision(now),
            row=self._inbox.row(now) if now.attention else None,
            detail=detail,
            reason=request.form.get("reason", ""),
        )
        return make_response(page, status)

    # -- many at once

    def preview(self) -> str:
        """Show what a decision would do to each; nothing is done."""
        decision = _decision()
        seen = self._foreseen(decision)
        return render_template(
            "preview.html",
            decision=decision,
            chosen=[one for one in seen if one.left is None],
            left=[one for one in seen if one.left is not None],
            back=back_address(),
            wrong=False,
        )

    def together(self) -> AnyResponse | str:
        """Decide on each that is as it was; show what became of them."""
        decision = _decision()
        try:
            body = ResolveBody.model_validate(
                {
                    "reason": request.form.get("reason", ""),
                    "decision": decision,
                    "until": self._until(),
                }
            )
        except ValidationError:
            page = render_template(
                "preview.html",
                decision=decision,
                chosen=self._foreseen(decision),
                left=[],
                back=back_address(),
                wrong=True,
            )
            return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY)
        settled = [
            self._settled(delivery, body, version)
            for delivery, version in self._chosen()
        ]
        return render_template(
            "together.html",
            decision=decision,
            done=[one for one in settled if not one.left],
            left=[one for one in settled if one.left],
            back=back_address(),
        )

    # -- parts of these

    def _lacks_its_id(self, delivery: Delivery) -> bool:
        """Return whether it is said to exist without what later calls need."""
        if request.form.get("decision") != "exists" or _links():
            return False
        return bool(self._inbox.row(delivery).links)

    def _until(self) -> str | None:
        """Return until when it is held, in the zone that the form was in."""
        said = request.form.get("until", "").strip()
        if request.form.get("decision") != "hold" or not said:
            return None
        try:
            there = datetime.fromisoformat(said)
        except ValueError:
            return said  # what is wrong is told where it is checked
        zones = {zone_of(one) for one in self._parts.stores().values()}
        name = request.form.get("zone", "")
        zone = ZoneInfo(name) if name in zones else g.zone
        return there.replace(tzinfo=there.tzinfo or zone).isoformat()

    def _resolve(
        self, id: DeliveryId, body: ResolveBody, version: int
    ) -> Delivery:
        after = self._journal.resolve(
            id,
            decision=body.decision,
            links=body.links,
            actor=operator(),
            reason=body.reason,
            if_version=version,
            now=self._parts.now(),
            until=body.until,
        )
        observe(
            "operator.acted",
            operator=operator(),
            action=f"resolve.{body.decision}",
            delivery_id=id,
        )
        return after

    def _settled(
        self, delivery: Delivery, body: ResolveBody, version: int
    ) -> Settled:
        try:
            after = self._resolve(delivery.id, body, version)
        except Conflict as conflict:
            return Settled(delivery=delivery, left=refused(conflict))
        return Settled(delivery=after)

    def _foreseen(self, decision: str) -> list[Foreseen]:
        return [
            foreseen(
                delivery,
                self._journal.dossier(delivery.store, delivery.order_id),
                decision,
                version,
            )
            for delivery, version in self._chosen()
        ]

    def _chosen(self) -> list[tuple[Delivery, int]]:
        """Return what was ticked, with the versions that were looked at."""
        name = "shown" if request.form.get("all") else "chosen"
        ticked: dict[str, str] = {}
        for text in request.form.getlist(name)[:LARGEST_LIMIT]:
            number, _colon, version = text.partition(":")
            ticked[number] = version
        return [
            (self._inbox.delivery(number), number_of(version))
            for number, version in ticked.items()
        ]


def came_from(decided: DeliveryId) -> str:
    """Return the page that one came from, which says what was decided."""
    back = urlsplit(back_address())
    fields = {**dict(parse_qsl(back.query)), "decided": str(decided)}
    return f"{back.path}?{urlencode(fields)}"


def _version() -> int:
    return number_of(request.form.get("version", ""))


def _decision() -> str:
    said = request.form.get("decision", "")
    if said not in TOGETHER:
        abort(HTTPStatus.UNPROCESSABLE_ENTITY)
    return said


def _links() -> dict[str, str]:
    """Return the ids that were filled in; they go with `exists` alone."""
    if request.form.get("decision") != "exists":
        return {}
    return {
        name.removeprefix(LINK): value
        for name, value in request.form.items()
        if name.startswith(LINK) and value.strip()
    }
