"""Correcting what an order says, so that it can be sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import (
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from bridge.errors import Conflict, WrongCorrection
from bridge.model import Delivery, DeliveryState
from bridge.observe import observe
from bridge.orders.corrections import corrected
from bridge.orders.order import Address, Snapshot, load_state
from bridge.web.auth import operator
from bridge.web.console.asked import number_of
from bridge.web.console.choices import back_address, shown_at
from bridge.web.console.deciding import Mend, mend_of
from bridge.web.console.decisions import Decisions, came_from
from bridge.web.console.inbox import InboxPages
from bridge.web.console.looking import note_look
from bridge.web.console.refusals import faults, refused
from bridge.web.correcting import keep_correction
from bridge.web.forms import CorrectBody
from bridge.web.parts import Parts

FIELD = "field."
"""Before a field's path in the form."""
WAS = "was."
"""Before the path of what the person was shown."""

_ADDRESS: Mapping[str, LazyString] = {
    "name": _("Name"),
    "phone": _("Phone"),
    "street": _("Street"),
    "exterior_number": _("Number outside"),
    "interior_number": _("Number inside"),
    "neighbourhood": _("Neighbourhood"),
    "city": _("City"),
    "state": _("State of the country"),
    "postal_code": _("Postal code"),
}
_WHERE = frozenset({*_ADDRESS} - {"name", "phone"})
"""Who corrects one of these has read them all: they are sure then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """
    One value that may be corrected.

    Args:
        about: of which line, for SKUs.
        was: as it stood when the person looked.
    """

    path: str
    label: LazyString
    value: str
    was: str
    about: str = ""


class Mending:
    """Shows what may be corrected, and keeps what a person says."""

    def __init__(
        self, parts: Parts, inbox: InboxPages, decisions: Decisions
    ) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._inbox = inbox
        self._decisions = decisions

    def mend(self, number: str) -> AnyResponse:
        """Show the order's own data; that somebody looked is noted."""
        delivery = self._inbox.delivery(number)
        note_look(
            self._parts,
            delivery.store,
            delivery.order_id,
            page="mend",
            delivery_id=delivery.id,
        )
        return self._page(delivery)

    def correct(self, number: str) -> AnyResponse:
        """Keep the correction; what was refused is then to be sent again."""
        delivery = self._inbox.delivery(number)
        version = number_of(request.form.get("version", ""))
        revision = number_of(request.form.get("revision", ""))
        if delivery.version != version or mend_of(delivery) is None:
            return self._decisions.refused(
                delivery, HTTPStatus.PRECONDITION_FAILED, ""
            )
        try:
            body = CorrectBody.model_validate(
                {"reason": request.form.get("reason", ""), "fields": _said()}
            )
            self._keep(delivery, body, revision)
        except WrongCorrection as error:
            return self._page(delivery, error.status, refused(error))
        except ValidationError as error:
            return self._page(
                delivery, HTTPStatus.UNPROCESSABLE_ENTITY, faults(error)
            )
        except Conflict as conflict:
            return self._decisions.refused(
                delivery, conflict.status, refused(conflict)
            )
        if delivery.state is DeliveryState.DEAD:
            address = url_for("console.one", number=delivery.id, corrected=1)
            return redirect(address, HTTPStatus.SEE_OTHER)
        return redirect(came_from(delivery.id), HTTPStatus.SEE_OTHER)

    def _keep(
        self, delivery: Delivery, body: CorrectBody, revision: int
    ) -> None:
        """Keep it; what is held is rendered anew once that was planned."""
        keep_correction(
            self._journal,
            delivery.store,
            delivery.order_id,
            body,
            by=operator(),
            if_revision=revision,
            now=self._parts.now(),
        )
        observe(
            "operator.acted",
            operator=operator(),
            action="correct",
            delivery_id=delivery.id,
        )

    def _page(
        self,
        delivery: Delivery,
        status: int = HTTPStatus.OK,
        detail: str = "",
    ) -> AnyResponse:
        shown_at(self._parts, delivery.store)
        mend = mend_of(delivery)
        order = self._journal.dossier(delivery.store, delivery.order_id).order
        state = load_state(order.state) if order else None
        if mend is None or order is None or not (state and state.snapshot):
            return self._decisions.refused(delivery, HTTPStatus.CONFLICT, "")
        shown = corrected(state.snapshot, state.corrections)
        page = render_template(
            "correcting.html",
            row=self._inbox.row(delivery),
            # Refused data are bound to the order that the person looked at.
            version=request.form.get("version", delivery.version),
            revision=request.form.get("revision", order.revision),
            fields=list(_fields(shown, mend)),
            written=state.snapshot.ship_to if mend is not Mend.SKU else None,
            reason=request.form.get("reason", ""),
            back=back_address(),
            detail=detail,
        )
        return make_response(page, status)


def _fields(shown: Snapshot, mend: Mend) -> Iterator[Field]:
    if mend is not Mend.SKU:
        yield from _of_address(shown.ship_to)
    if mend is not Mend.ADDRESS:
        for line in shown.lines:
            yield _field(
                f"lines.{line.id}.sku",
                _("SKU"),
                line.sku,
                " ".join(filter(None, [line.name, line.variant])),
            )


def _of_address(address: Address) -> Iterator[Field]:
    for name, label in _ADDRESS.items():
        yield _field(f"ship_to.{name}", label, getattr(address, name))


def _field(
    path: str, label: LazyString, value: str | None, about: str = ""
) -> Field:
    was = value or ""
    typed = request.form.get(f"{FIELD}{path}", was)
    was = request.form.get(f"{WAS}{path}", was)
    return Field(path=path, label=label, value=typed, was=was, about=about)


def _said() -> dict[str, str | None]:
    """
    Return what is to be kept: what was changed, and an address that was read.

    Raises:
        WrongCorrection: there is nothing of it.
    """
    typed = {
        name.removeprefix(FIELD): value.strip()
        for name, value in request.form.items()
        if name.startswith(FIELD)
    }
    said = {
        path: value or None
        for path, value in typed.items()
        if value != request.form.get(f"{WAS}{path}", "").strip()
        or path.removeprefix("ship_to.") in _WHERE
    }
    if not said:
        message = "Nothing was changed."
        raise WrongCorrection(message, why="nothing_changed")
    return said
