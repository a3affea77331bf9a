"""Pages of deliveries: the list, its file, each of them, and decisions."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import (
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from bridge.errors import Conflict, NotFound
from bridge.holds import ON_HOLD
from bridge.journal.protocol import DeliveryFilter
from bridge.model import (
    IN_FLIGHT,
    Delivery,
    DeliveryId,
    DeliveryState,
    Kind,
)
from bridge.observe import observe
from bridge.web.auth import operator
from bridge.web.console.asked import list_of, number_of
from bridge.web.console.choices import shown_at
from bridge.web.console.lists import Read, file_of, page_of
from bridge.web.console.looking import hidden, note_look, shown_whole
from bridge.web.console.refusals import faults, refused
from bridge.web.forms import DeliveryQuery, RedeliverBody
from bridge.web.parts import Parts
from bridge.web.shapes import iso

_HEADS = (
    "id", "store", "order", "mapping", "rule", "target", "operation",
    "state", "reason", "attempts", "due_at", "created_at", "updated_at",
)  # fmt: skip


class DeliveryPages:
    """Shows deliveries, and does what their forms say."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def deliveries(self) -> str:
        """List deliveries; without a filter, what needs attention first."""
        query = list_of(DeliveryQuery, self._parts)
        rest, waiting = query, None
        if query.state is None and query.attention is None:
            rest = query.model_copy(update={"attention": False})
            if query.cursor is None:
                waiting = self._journal.deliveries(
                    query.model_copy(update={"attention": True}).filter,
                    before=None,
                    limit=query.limit,
                )
        page = page_of(
            "deliveries",
            self._reader(rest.filter),
            before=query.before,
            limit=query.limit,
        )
        return render_template(
            "deliveries.html",
            waiting=waiting,
            page=page,
            estimates=self._parts.estimates(page.rows),
            query=query,
            states=list(DeliveryState),
            stores=sorted(self._parts.stores()),
            targets=sorted(self._parts.targets()),
        )

    def deliveries_csv(self) -> Response:
        """Give the list as a file."""
        query = list_of(DeliveryQuery, self._parts)
        read = self._reader(query.filter)
        return file_of("deliveries", _HEADS, read, _row)

    def delivery(self, number: str) -> str:
        """Show one delivery, and what may be done with it."""
        done = "acted" if request.args.get("done") else None
        return self._page(DeliveryId(number_of(number)), notice=done)

    def reveal_delivery(self, number: str) -> str:
        """Show what was sent and answered; that somebody looked is noted."""
        delivery = self._journal.delivery(DeliveryId(number_of(number)))
        if delivery is None:
            abort(HTTPStatus.NOT_FOUND)
        note_look(
            self._parts,
            delivery.store,
            delivery.order_id,
            page="delivery",
            delivery_id=delivery.id,
        )
        return self._page(delivery.id, notice=None, shown=True)

    def redeliver(self, number: str) -> AnyResponse:
        """Send a delivery again and show it, or show why that was not done."""
        delivery_id = DeliveryId(number_of(number))
        try:
            body = RedeliverBody.model_validate(_fields("reason", "force"))
            self._journal.redeliver(
                delivery_id,
                actor=operator(),
                reason=body.reason,
                force=body.force,
                if_version=number_of(request.form.get("version", "")),
                now=self._parts.now(),
            )
        except NotFound:
            raise
        except Conflict as conflict:
            page = self._page(
                delivery_id, notice="not_acted", detail=refused(conflict)
            )
            return make_response(page, conflict.status)
        except ValidationError as error:
            page = self._page(
                delivery_id, notice="not_acted", detail=faults(error)
            )
            return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY)
        observe(
            "operator.acted",
            operator=operator(),
            action="redeliver",
            delivery_id=delivery_id,
        )
        address = url_for("console.delivery", number=delivery_id, done=1)
        return redirect(address, HTTPStatus.SEE_OTHER)

    def _reader(self, filter: DeliveryFilter) -> Read[Delivery]:
        def read(before: int | None, limit: int) -> Sequence[Delivery]:
            past = None if before is None else DeliveryId(before)
            return self._journal.deliveries(filter, before=past, limit=limit)

        return read

    def _page(
        self,
        id: DeliveryId,
        *,
        notice: str | None,
        detail: str = "",
        shown: bool = False,
    ) -> str:
        delivery = self._journal.delivery(id)
        if delivery is None:
            abort(HTTPStatus.NOT_FOUND)
        shown_at(self._parts, delivery.store)
        return render_template(
            "delivery.html",
            delivery=delivery,
            estimates=self._parts.estimates([delivery]),
            tries=self._journal.attempts(id),
            audit=self._journal.audit(id),
            can_redeliver=can_redeliver(delivery),
            notice=notice,
            detail=detail,
            shown=shown,
            hidden=shown_whole if shown else hidden,
        )


def can_redeliver(delivery: Delivery) -> bool:
    """Return whether a delivery may be sent again by a person."""
    busy = IN_FLIGHT | {DeliveryState.SETTLING, DeliveryState.UNCERTAIN}
    if delivery.pruned_at is not None or delivery.reason == ON_HOLD:
        return False
    return delivery.kind is Kind.CALL and delivery.state not in busy


def _fields(*names: str) -> dict[str, str]:
    return {name: request.form[name] for name in names if name in request.form}


def _row(one: Delivery) -> Sequence[object]:
    return (
        one.id,
        one.store,
        one.order_id,
        one.mapping,
        one.rule,
        one.target,
        one.operation,
        one.state.value,
        one.reason,
        one.attempts,
        iso(one.due_at) if one.due_at else None,
        iso(one.created_at),
        iso(one.updated_at),
    )
