"""
Every address of the console, as hostile people would have it.

The addresses are taken from the application itself, so that a new page can
not be forgotten here.
"""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from bridge.journal.protocol import DeliveryFilter, EventFilter, Journal
from bridge.web.console import PREFIX
from tests.web.console.hostile import HOSTILE
from tests.web.console.hostile_world import (
    ALL,
    ORDERS,
    STORE,
    hostile_question,
    hostile_web,
    read,
)
from tests.web.console.test_pages import logged_in
from tests.web.doors import web

OPEN = {"console.login_page", "console.login", "console.choose", "static"}
"""What needs no session."""
ASKED = (
    "q", "store", "target", "topic", "order", "reason", "state", "since",
    "until", "cursor", "decided", "back", "mapping", "expression", "name",
)  # fmt: skip
"""Fields of addresses."""
WITHOUT_FORM_TOKEN = {"console.login", "console.choose"}


def rules(method: str) -> list[Rule]:
    """Return the console's addresses that take a method."""
    app = web(journal=None)  # type: ignore[arg-type]  # nothing is asked
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX) and method in (rule.methods or ())
    ]


def named(rule: Rule) -> str:
    """Return what a test of an address is called."""
    return rule.endpoint


class World:
    """The console over a hostile journal, and what is in it."""

    def __init__(self, app: Flask, journal: Journal) -> None:
        self.app = app
        self.browser = logged_in(app)
        page = self.browser.get(f"{PREFIX}/").text
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        assert found is not None
        self.form_token = found[1]
        events = journal.events(EventFilter(), before=None, limit=200)
        deliveries = journal.deliveries(
            DeliveryFilter(), before=None, limit=500
        )
        self._numbers = {
            "events": [one.id for one in events],
            "deliveries": [one.id for one in deliveries],
            "attention": [one.id for one in deliveries if one.attention],
        }
        create = next(one for one in deliveries if one.target == "rayo-mx")
        self._asked = {
            "attention": (create.id, hostile_question(journal, create.id)),
            "targets": ("rayo-mx", hostile_question(journal, None)),
        }

    def addresses(self, rule: Rule) -> Iterator[str]:
        """Return all that an address may be filled in with."""
        for values in self._values(rule):
            adapter = self.app.url_map.bind("localhost")
            yield adapter.build(rule.endpoint, values, rule_methods(rule))

    def _values(self, rule: Rule) -> list[dict[str, Any]]:
        subject = rule.rule.removeprefix(f"{PREFIX}/").partition("/")[0]
        values: list[dict[str, Any]] = []
        match sorted(rule.arguments):
            case []:
                values = [{}]
            case ["number"]:
                values = [{"number": str(n)} for n in self._numbers[subject]]
            case ["order_id", "store"]:
                values = [{"store": STORE, "order_id": one} for one in ORDERS]
            case ["name"]:
                is_file = subject == "mappings"
                values = [{"name": "cafe-mx-rayo" if is_file else "rayo-mx"}]
            case ["number", "question"] | ["name", "question"] as names:
                asked = map(str, self._asked[subject])
                values = [dict(zip(names, asked, strict=True))]
            case ["question"]:
                values = [
                    {"question": str(n)} for _, n in self._asked.values()
                ]
            case others if others != ["mark", "name"]:
                message = f"say here what {others} of {rule.rule} may be"
                raise AssertionError(message)
        return values


def rule_methods(rule: Rule) -> str:
    """Return the method that an address is for."""
    return "POST" if "POST" in (rule.methods or ()) else "GET"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests here; nothing in it is settled by them."""
    file = tmp_path_factory.mktemp("hostile") / "bridge.db"
    app, journal = hostile_web(f"sqlite:///{file}")
    yield World(app, journal)
    journal.close()


def is_harmless(answer: TestResponse) -> None:
    """Check that nothing in an answer can run, be framed or be kept."""
    headers = answer.headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "no-store" == headers["Cache-Control"]
    match answer.mimetype:
        case "text/html":
            assert [] == read(answer.text).wrong
        case "text/csv":
            for row in csv.reader(StringIO(answer.text[1:])):
                assert not any(re.match(r"[=+\-@\t\r\n]", c) for c in row)
        case kind:
            assert "application/json" == kind


@pytest.mark.parametrize("rule", rules("GET"), ids=named)
def test_no_page_runs_what_others_wrote(world: World, rule: Rule) -> None:
    """
    Each page of each order, webhook and delivery has only our own elements.
    """
    for address in world.addresses(rule):
        query = "" if rule.arguments else "?limit=200"
        if rule.endpoint == "console.login_page":
            query = ""
        if rule.endpoint == "console.search":
            query = "?q=window"
        answer = world.browser.get(address + query)
        assert answer.status_code in {200, 303}, answer.text
        is_harmless(answer)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_page_runs_what_it_is_asked_for(world: World, text: str) -> None:
    """
    What stands in an address is text, too: filters, searches, ways back.
    """
    for rule in rules("GET"):
        if rule.arguments:
            continue
        names = (
            "q", "store", "target", "topic", "order", "reason", "state",
            "since", "cursor", "decided", "back", "mapping", "expression",
        )  # fmt: skip
        for name in names:
            query = {name: text}
            answer = world.browser.get(rule.rule, query_string=query)
            assert answer.status_code < 500, (rule.rule, name)
            is_harmless(answer)


@pytest.mark.parametrize(
    "rule",
    [one for one in rules("POST") if one.endpoint != "console.logout"],
    ids=named,
)
def test_no_form_runs_what_is_filled_in(world: World, rule: Rule) -> None:
    """
    Whatever is sent back to a person who filled it in is text.
    """
    addresses = [*world.addresses(rule)][:1]
    for text in HOSTILE:
        form = dict.fromkeys(("reason", "back", "decision", "links", "link.rayo_order", "chosen", "shown", "field.ship_to.street", "expression", "was.ship_to.street", "language", "theme", "text", "token"), text)  # fmt: skip
        form |= {"version": "0", "revision": "0"}
        form["form_token"] = world.form_token
        for address in addresses:
            answer = world.browser.post(address, data=form)
            assert answer.status_code < 500, (address, text)
            is_harmless(answer)
            assert (answer.location or PREFIX).startswith(PREFIX)


def test_hostile_text_is_shown(world: World) -> None:
    """
    All this is seen by people, as it was written: so the tests see it, too.
    """
    story = f"{PREFIX}/orders/{STORE}/{ALL}"
    found = f"{PREFIX}/search?q=window"
    assert 40 < world.browser.get(found).text.count("data-row")
    form = {"form_token": world.form_token}
    seen = "".join(
        [
            *read(world.browser.get(story).text).words,
            *read(world.browser.get(found).text).words,
            *read(world.browser.post(f"{story}/reveal", data=form).text).words,
            *read(
                world.browser.get(f"{PREFIX}/attention?limit=200").text
            ).words,
        ]
    )
    for text in HOSTILE:
        assert text.strip() in seen


# ------------------------------------------------------------- the door


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_shown_to_nobody(world: World, method: str) -> None:
    """
    Without a session every address leads to the login, and does nothing.
    """
    stranger = world.app.test_client()
    for rule in rules(method):
        if rule.endpoint in OPEN:
            continue
        for address in [*world.addresses(rule)][:1]:
            answer = stranger.open(address, method=method)
            assert answer.status_code in {303, 401}, address
            assert "/console/login" in (
                answer.location or answer.headers["HX-Redirect"]
            )
            assert ALL not in answer.text
            is_harmless(answer) if answer.text else None


@pytest.mark.parametrize(
    "rule",
    [one for one in rules("POST") if one.endpoint not in WITHOUT_FORM_TOKEN],
    ids=named,
)
@pytest.mark.parametrize("token", [None, "", "0" * 64, "é\udcff"])
def test_form_needs_its_token(
    world: World, rule: Rule, token: str | None
) -> None:
    """
    No form does anything without the session's own form token.
    """
    form = {"reason": "x", "version": "1"}
    if token is not None:
        form["form_token"] = token.encode("utf-8", "replace").decode()
    for address in [*world.addresses(rule)][:1]:
        assert 403 == world.browser.post(address, data=form).status_code
        with_token = {"form_token": world.form_token}
        answer = world.browser.post(address, query_string=with_token)
        assert 403 == answer.status_code


@pytest.mark.parametrize("rule", rules("POST"), ids=named)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:81"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_form_of_elsewhere_is_refused(
    world: World, rule: Rule, headers: dict[str, str]
) -> None:
    """
    Even with the right form token, no form is taken from another place.
    """
    form = {"form_token": world.form_token, "reason": "x"}
    for address in [*world.addresses(rule)][:1]:
        answer = world.browser.post(address, data=form, headers=headers)
        assert 403 == answer.status_code


def test_no_address_takes_another_method(world: World) -> None:
    """
    Only what is meant is done: nothing by GET that is a form's.
    """
    for rule in [*rules("GET"), *rules("POST")]:
        for address in [*world.addresses(rule)][:1]:
            for method in ("PUT", "PATCH", "DELETE", "TRACE"):
                answer = world.browser.open(address, method=method)
                assert 405 == answer.status_code, (method, address)
    for rule in rules("POST"):
        if any(one.rule == rule.rule for one in rules("GET")):
            continue
        for address in [*world.addresses(rule)][:1]:
            answer = world.browser.get(address)
            assert answer.status_code in {404, 405}, address
