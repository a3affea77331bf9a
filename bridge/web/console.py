"""The operator's pages: look at everything, redeliver, resolve."""

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from flask import (
    Blueprint,
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
from bridge.model import (
    ATTENTION,
    IN_FLIGHT,
    Delivery,
    DeliveryId,
    DeliveryState,
    EventId,
    EventState,
    Instant,
    Kind,
)
from bridge.observe import observe
from bridge.web import shapes
from bridge.web.auth import operator
from bridge.web.door import Door
from bridge.web.forms import (
    DeliveryQuery,
    EventQuery,
    Form,
    RedeliverBody,
    ResolveBody,
)
from bridge.web.parts import Parts
from bridge.web.reading import cut

PREFIX = "/console"

F = TypeVar("F", bound=Form)


def console(parts: Parts) -> Blueprint:
    """Return the operator's pages."""
    pages = Blueprint("console", __name__, url_prefix=PREFIX)
    door, views = Door(parts), _Views(parts)
    pages.before_request(door.check)
    pages.app_context_processor(door.surroundings)
    pages.register_error_handler(ValidationError, _wrong_query)
    for name, show in (("when", _when), ("pretty", _pretty)):
        pages.add_app_template_filter(show, name)
    for method, path, view in (
        ("GET", "/login", door.login_page),
        ("POST", "/login", door.login),
        ("POST", "/logout", door.logout),
        ("GET", "/", views.overview),
        ("GET", "/events", views.events),
        ("GET", "/events/<number>", views.event),
        ("GET", "/orders/<store>/<path:order_id>", views.order),
        ("GET", "/deliveries", views.deliveries),
        ("GET", "/deliveries/<number>", views.delivery),
        ("POST", "/deliveries/<number>/redeliver", views.redeliver),
        ("POST", "/deliveries/<number>/resolve", views.resolve),
    ):
        pages.add_url_rule(path, view_func=view, methods=[method])
    return pages


class _Views:
    """Shows pages, and does what their forms say."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def overview(self) -> str:
        """Show how much there is, and every target with its gate."""
        counts = self._journal.counts(self._parts.now())
        targets = shapes.target_items(
            self._parts.targets(), self._journal.targets(), counts.deliveries
        )
        return render_template("overview.html", counts=counts, targets=targets)

    def events(self) -> str:
        """List events, newest first."""
        query = _query(EventQuery)
        found = self._journal.events(
            query.filter, before=query.before, limit=query.limit + 1
        )
        shown, cursor = cut(found, query.limit, lambda event: (event.id,))
        return render_template(
            "events.html",
            events=shown,
            query=query,
            states=list(EventState),
            older=_older("console.events", cursor),
        )

    def event(self, number: str) -> str:
        """Show one event, byte for byte as far as text can."""
        event = self._journal.event(EventId(_id(number)))
        if event is None:
            abort(HTTPStatus.NOT_FOUND)
        observe("event.body_shown", operator=operator(), event_id=event.id)
        body = event.body.decode("utf-8", "backslashreplace")
        return render_template("event.html", event=event, body=body)

    def order(self, store: str, order_id: str) -> str:
        """Show the whole story of one order."""
        story = self._journal.story(store, order_id)
        if story is None:
            abort(HTTPStatus.NOT_FOUND)
        waiting = self._parts.estimates(story.deliveries)
        told = shapes.order_story(story, waiting)
        return render_template(
            "order.html", story=story, order=told.order, estimates=waiting
        )

    def deliveries(self) -> str:
        """List deliveries; without a filter, what needs attention first."""
        query = _query(DeliveryQuery)
        rest, waiting = query, None
        if query.state is None and query.attention is None:
            rest = query.model_copy(update={"attention": False})
            if query.cursor is None:
                waiting = self._journal.deliveries(
                    query.model_copy(update={"attention": True}).filter,
                    before=None,
                    limit=query.limit,
                )
        found = self._journal.deliveries(
            rest.filter, before=query.before, limit=query.limit + 1
        )
        shown, cursor = cut(found, query.limit, lambda one: (one.id,))
        return render_template(
            "deliveries.html",
            waiting=waiting,
            deliveries=shown,
            estimates=self._parts.estimates(shown),
            query=query,
            states=list(DeliveryState),
            older=_older("console.deliveries", cursor),
        )

    def delivery(self, number: str) -> str:
        """Show one delivery, and what may be done with it."""
        done = "acted" if request.args.get("done") else None
        return self._page(DeliveryId(_id(number)), notice=done)

    def redeliver(self, number: str) -> AnyResponse:
        """Send a delivery again."""

        def act(id: DeliveryId) -> Delivery:
            body = RedeliverBody.model_validate(_fields("reason", "force"))
            return self._journal.redeliver(
                id,
                actor=operator(),
                reason=body.reason,
                force=body.force,
                if_version=_id(request.form.get("version", "")),
                now=self._parts.now(),
            )

        return self._acted("redeliver", number, act)

    def resolve(self, number: str) -> AnyResponse:
        """Decide on a delivery."""

        def act(id: DeliveryId) -> Delivery:
            fields: dict[str, object] = {**_fields("reason", "decision")}
            fields["links"] = _links(request.form.get("links", ""))
            body = ResolveBody.model_validate(fields)
            return self._journal.resolve(
                id,
                decision=body.decision,
                links=body.links,
                actor=operator(),
                reason=body.reason,
                if_version=_id(request.form.get("version", "")),
                now=self._parts.now(),
            )

        return self._acted("resolve", number, act)

    def _acted(
        self, action: str, number: str, act: Callable[[DeliveryId], Delivery]
    ) -> AnyResponse:
        """Do it and show the delivery, or show why it was not done."""
        delivery_id = DeliveryId(_id(number))
        try:
            act(delivery_id)
        except NotFound:
            raise
        except Conflict as conflict:
            page = self._page(
                delivery_id, notice="not_acted", detail=str(conflict)
            )
            return make_response(page, conflict.status)
        except ValidationError as error:
            page = self._page(
                delivery_id, notice="not_acted", detail=_faults(error)
            )
            return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY)
        observe(
            "operator.acted",
            operator=operator(),
            action=action,
            delivery_id=delivery_id,
        )
        address = url_for("console.delivery", number=delivery_id, done=1)
        return redirect(address, 303)

    def _page(
        self, id: DeliveryId, *, notice: str | None, detail: str = ""
    ) -> str:
        delivery = self._journal.delivery(id)
        if delivery is None:
            abort(HTTPStatus.NOT_FOUND)
        return render_template(
            "delivery.html",
            delivery=delivery,
            estimates=self._parts.estimates([delivery]),
            tries=self._journal.attempts(id),
            audit=self._journal.audit(id),
            can_redeliver=_can_redeliver(delivery),
            can_resolve=delivery.state in ATTENTION,
            notice=notice,
            detail=detail,
        )


def _can_redeliver(delivery: Delivery) -> bool:
    busy = IN_FLIGHT | {DeliveryState.SETTLING, DeliveryState.UNCERTAIN}
    if delivery.pruned_at is not None:
        return False
    return delivery.kind is Kind.CALL and delivery.state not in busy


# ----------------------------------------------------------------- fields


def _query(form: type[F]) -> F:
    """Return the page's filters; empty fields of its form mean all."""
    said = {name: value for name, value in request.args.items() if value}
    return form.model_validate(said)


def _fields(*names: str) -> dict[str, str]:
    return {name: request.form[name] for name in names if name in request.form}


def _id(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        abort(HTTPStatus.NOT_FOUND)
    return int(text)


def _links(text: str) -> Mapping[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return {name.strip(): value for name, _equals, value in pairs}


def _older(endpoint: str, cursor: str | None) -> str | None:
    """Return the address of the next page, with the filters of this one."""
    if cursor is None:
        return None
    said = {name: value for name, value in request.args.items() if value}
    return f"{url_for(endpoint)}?{urlencode({**said, 'cursor': cursor})}"


def _wrong_query(error: ValidationError) -> AnyResponse:
    page = render_template("problem.html", status=422, detail=_faults(error))
    return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY)


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in error.errors(
            include_url=False, include_input=False, include_context=False
        )
    )


# ---------------------------------------------------------------- showing


def _when(instant: Instant | None) -> str:
    """Return an instant for people: to the second, UTC."""
    return (
        "" if instant is None else shapes.iso(instant)[:19].replace("T", " ")
    )


def _pretty(value: object) -> str:
    """Return a JSON value over several lines."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
