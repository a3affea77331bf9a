"""The admin API: JSON over the journal, for whoever has a token."""

from collections.abc import Callable
from functools import wraps

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel

from bridge.web.acting import ActingViews
from bridge.web.auth import bearer, enter
from bridge.web.explained import (
    MappingDiff,
    MappingForced,
    Mappings,
    OrderExplained,
)
from bridge.web.mappings import MappingViews
from bridge.web.parts import Parts
from bridge.web.problems import Responses, documented, unauthorized
from bridge.web.reading import ReadingViews
from bridge.web.shapes import (
    AuditItem,
    BatchAnswer,
    DeliveryDetail,
    DeliveryItem,
    EventDetail,
    EventItem,
    OrderCorrected,
    OrderItem,
    OrderLinked,
    OrderStory,
    Page,
    TargetItem,
    Targets,
)

PREFIX = "/admin/api"
SCHEME = "token"


def admin(parts: Parts) -> APIBlueprint:
    """Return the admin API."""
    api = APIBlueprint(
        "admin",
        __name__,
        url_prefix=PREFIX,
        abp_security=[{SCHEME: []}],
        abp_responses=documented(401, 422, 503),
    )
    _add_reading(api, ReadingViews(parts))
    _add_acting(api, ActingViews(parts))
    _add_mappings(api, MappingViews(parts))
    return api


class Guard:
    """Asks everybody below the prefix for a token, also where nothing is."""

    def __init__(self, parts: Parts) -> None:
        self._tokens = parts.settings.admin_tokens

    def check(self) -> Response | None:
        """Let the request pass, or answer it."""
        if not request.path.startswith("/admin"):
            return None
        operator = bearer(self._tokens)
        if operator is None:
            return unauthorized()
        enter(operator)
        return None


def _add_reading(api: APIBlueprint, views: ReadingViews) -> None:
    for path, view, shape in (
        ("/events", views.events, Page[EventItem]),
        ("/events/<id>", views.event, EventDetail),
        ("/orders", views.orders, Page[OrderItem]),
        ("/orders/<store>/<path:order_id>", views.order, OrderStory),
        ("/deliveries", views.deliveries, Page[DeliveryItem]),
        ("/deliveries/<id>", views.delivery, DeliveryDetail),
        ("/targets", views.targets, Targets),
        ("/audit", views.audit, Page[AuditItem]),
    ):
        missing = (404,) if "<" in path else ()
        api.get(path, responses=_responses(shape, *missing))(_function(view))


def _add_acting(api: APIBlueprint, views: ActingViews) -> None:
    for path, view, shape, refusals in (
        ("/redeliveries", views.redeliveries, BatchAnswer, ()),
        (
            "/deliveries/<id>/redeliver",
            views.redeliver,
            DeliveryItem,
            (404, 409, 412),
        ),
        (
            "/deliveries/<id>/resolve",
            views.resolve,
            DeliveryItem,
            (404, 409, 412),
        ),
        (
            "/orders/<store>/<path:order_id>/corrections",
            views.correct,
            OrderCorrected,
            (404, 412),
        ),
        (
            "/orders/<store>/<path:order_id>/links",
            views.link,
            OrderLinked,
            (404,),
        ),
        ("/targets/<name>/pause", views.pause, TargetItem, (404,)),
        ("/targets/<name>/resume", views.resume, TargetItem, (404,)),
    ):
        api.post(path, responses=_responses(shape, *refusals))(_function(view))


def _add_mappings(api: APIBlueprint, views: MappingViews) -> None:
    order = "/orders/<store>/<path:order_id>/explain"
    for path, view, shape, refusals in (
        (order, views.explain, OrderExplained, (404,)),
        ("/mappings", views.mappings, Mappings, ()),
        ("/mappings/<name>/diff", views.diff, MappingDiff, (404,)),
    ):
        api.get(path, responses=_responses(shape, *refusals))(_function(view))
    api.post(
        "/mappings/<name>/force",
        responses=_responses(MappingForced, 404, 409, 412),
    )(_function(views.force))


def _function(view: Callable[..., Response]) -> Callable[..., Response]:
    """Return *view* as a function: flask-openapi3 writes on it."""

    @wraps(view)
    def call(**given: object) -> Response:
        return view(**given)

    return call


def _responses(shape: type[BaseModel], *refusals: int) -> Responses:
    return {200: shape, **documented(*refusals)}
