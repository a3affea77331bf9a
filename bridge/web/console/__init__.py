"""
The operator's pages, one file for each subject.

They are read and filled in without JavaScript; what scripts add is that an
open page stays fresh, the drawing of the last day, and keys.
"""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Flask
from pydantic import ValidationError

from bridge.web.console.asked import wrong_query
from bridge.web.console.asking import QuestionPages
from bridge.web.console.catalogs import Catalogs
from bridge.web.console.choices import Choices, language
from bridge.web.console.comparing import ComparePages
from bridge.web.console.deciding import DECIDING
from bridge.web.console.decisions import Decisions
from bridge.web.console.deliveries import DeliveryPages
from bridge.web.console.door import Door
from bridge.web.console.events import EventPages
from bridge.web.console.explaining import ExplainPages
from bridge.web.console.in_force import InForce
from bridge.web.console.inbox import InboxPages
from bridge.web.console.mappings import MappingPages
from bridge.web.console.mending import Mending
from bridge.web.console.orders import OrderPages
from bridge.web.console.playground import PlaygroundPages
from bridge.web.console.showing import add_filters
from bridge.web.console.start import Silences, StartPages
from bridge.web.console.stories import StoryPages
from bridge.web.console.targets import TargetPages
from bridge.web.console.words import WORDS
from bridge.web.parts import Parts
from bridge.web.statics import add_statics

PREFIX = "/console"
View = Callable[..., Any]


def add_console(app: Flask, parts: Parts) -> None:
    """Let *app* show the operator's pages."""
    add_statics(app)
    add_filters(app)
    Catalogs(app, locale_selector=language)
    app.jinja_env.globals["words"] = WORDS
    app.jinja_env.globals["deciding"] = DECIDING
    app.register_blueprint(_pages(parts))


def _pages(parts: Parts) -> Blueprint:
    pages = Blueprint("console", __name__, url_prefix=PREFIX)
    door = Door(parts)
    pages.before_request(door.check)
    pages.after_request(door.keep)
    pages.app_context_processor(door.surroundings)
    pages.register_error_handler(ValidationError, wrong_query)
    silences = Silences(parts)
    start, orders = StartPages(parts, silences), OrderPages(parts)
    events, deliveries = EventPages(parts), DeliveryPages(parts)
    in_force = InForce(parts)
    targets, inbox = TargetPages(parts, silences), InboxPages(parts, in_force)
    decisions = Decisions(parts, inbox)
    mending = Mending(parts, inbox, decisions)
    questions = QuestionPages(parts, inbox, decisions)
    stories = StoryPages(parts, inbox, in_force)
    for method, path, view in (
        ("GET", "/login", door.login_page),
        ("POST", "/login", door.login),
        ("POST", "/logout", door.logout),
        ("POST", "/choose", Choices(parts).choose),
        ("GET", "/", start.start),
        ("GET", "/fragments/now", start.now),
        ("GET", "/fragments/day.json", start.day),
        ("GET", "/attention", inbox.attention),
        ("POST", "/attention/preview", decisions.preview),
        ("POST", "/attention/together", decisions.together),
        ("GET", "/attention/<number>", inbox.one),
        ("POST", "/attention/<number>", decisions.decide),
        ("POST", "/attention/<number>/look", questions.look),
        ("GET", "/attention/<number>/look/<question>", questions.looked),
        ("POST", "/attention/<number>/mend", mending.mend),
        ("POST", "/attention/<number>/correct", mending.correct),
        ("GET", "/search", orders.search),
        ("GET", "/orders/<store>/<path:order_id>", stories.order),
        (
            "POST",
            "/orders/<store>/<path:order_id>/reveal",
            stories.reveal_order,
        ),
        ("POST", "/deliveries/<number>/compare", stories.compare),
        ("GET", "/events", events.events),
        ("GET", "/events.csv", events.events_csv),
        ("GET", "/events/<number>", events.event),
        ("POST", "/events/<number>/reveal", events.reveal),
        ("GET", "/deliveries", deliveries.deliveries),
        ("GET", "/deliveries.csv", deliveries.deliveries_csv),
        ("GET", "/deliveries/<number>", deliveries.delivery),
        ("POST", "/deliveries/<number>/reveal", deliveries.reveal_delivery),
        ("POST", "/deliveries/<number>/redeliver", deliveries.redeliver),
        ("GET", "/targets", targets.targets),
        ("POST", "/targets/<name>/pause", targets.pause),
        ("POST", "/targets/<name>/resume", targets.resume),
        ("POST", "/targets/<name>/test", questions.test),
        ("GET", "/fragments/question/<question>", questions.answer),
        ("GET", "/targets/<name>/test/<question>", questions.tested),
        ("GET", "/stores", targets.stores),
    ):
        pages.add_url_rule(path, view_func=view, methods=[method])
    for method, path, shown in _of_mappings(parts, in_force):
        pages.add_url_rule(path, view_func=shown, methods=[method])
    return pages


def _of_mappings(
    parts: Parts, in_force: InForce
) -> Iterator[tuple[str, str, View]]:
    """Yield the pages on which mappings are shown, checked and tried."""
    mappings, explaining = MappingPages(parts), ExplainPages(parts, in_force)
    comparing = ComparePages(parts, mappings)
    playground = PlaygroundPages(parts, explaining)
    yield "GET", "/mappings", mappings.mappings
    yield "GET", "/mappings/<name>", mappings.mapping
    yield "GET", "/mappings/<name>/compare", comparing.difference
    yield "POST", "/mappings/<name>/compare", comparing.differ
    yield "GET", "/explain", explaining.explain
    yield "POST", "/explain", explaining.explain_all
    yield "GET", "/playground", playground.playground
    yield "POST", "/playground", playground.try_it
