"""The operator's pages."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.journal.protocol import Journal
from bridge.model import DeliveryState, Instant, Phase, Reason
from bridge.orders.order import OrderState, dump_state
from bridge.sources.platform import Told
from bridge.sources.shopify import Shopify
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    keep,
    later,
    new_delivery,
    new_event,
)
from tests.journal.steps import claim_one, send
from tests.sources import samples
from tests.web.doors import STORES, TOKEN, web

ATTACK = "<script>alert(1)</script>"
WHY = "looked it up"


class Clock:
    """A clock that stands until it is moved."""

    at = NOW

    def __call__(self) -> Instant:
        """Return the time."""
        return self.at


def logged_in(app: Flask, token: str = TOKEN) -> FlaskClient:
    """Return an operator's browser."""
    browser = app.test_client()
    browser.post("/console/login", data={"token": token})
    return browser


@pytest.fixture
def browser(journal: Journal) -> FlaskClient:
    """Ana's browser."""
    return logged_in(web(journal))


def held(**changes: Any) -> Any:
    """Return a delivery that waits for a person."""
    reason = Reason(code="asked", text="Stop it.")
    values: dict[str, Any] = {
        "state": DeliveryState.HELD,
        "reason": reason,
        "due_at": None,
    }
    return new_delivery(**values | changes)


def page(browser: FlaskClient, path: str = "/", **query: Any) -> str:
    """Return a page's text."""
    answer = browser.get(f"/console{path}", query_string=query)
    assert 200 == answer.status_code
    return answer.text


def submit(
    browser: FlaskClient, path: str, action: str, **fields: str
) -> TestResponse:
    """Fill in the form of a page that does *action*, and send it."""
    text = page(browser, path)
    form = re.search(
        rf'<form method="post" action="(/console{path}/{action})".*?</form>',
        text,
        re.DOTALL,
    )
    assert form is not None
    hidden = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    )
    return browser.post(form[1], data=hidden | fields)


# ------------------------------------------------------------------- door


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/events",
        "/events/1",
        "/deliveries",
        "/deliveries/1",
        "/orders/a/b",
    ],
)
def test_strangers_are_led_to_the_door(client: FlaskClient, path: str) -> None:
    """
    Without a session every page leads to the login.
    """
    answer = client.get(f"/console{path}")
    assert (303, "/console/login") == (answer.status_code, answer.location)


def test_wrong_token_is_refused(client: FlaskClient) -> None:
    """
    A wrong token opens nothing and sets no cookie.
    """
    answer = client.post("/console/login", data={"token": "wrong"})
    assert 401 == answer.status_code
    assert "Set-Cookie" not in answer.headers


def test_without_tokens_nobody_gets_in(journal: Journal) -> None:
    """
    Where no token is configured the page says so, whoever tries.
    """
    client = web(journal, admin_tokens={}).test_client()
    answer = client.post("/console/login", data={"token": ""})
    assert 401 == answer.status_code
    assert "BRIDGE_ADMIN_TOKENS" in answer.text


def test_cookie_is_guarded(client: FlaskClient) -> None:
    """
    The cookie is for this site's pages only, and for https where there is.
    """
    plain = client.post("/console/login", data={"token": TOKEN})
    secure = client.post(
        "/console/login",
        data={"token": TOKEN},
        base_url="https://localhost",
    )
    said = plain.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Strict", "Path=/console", "=43200"):
        assert word in said
    assert "Secure" not in said
    assert "Secure" in secure.headers["Set-Cookie"]
    assert TOKEN not in said


def test_session_ends(journal: Journal) -> None:
    """
    After twelve hours one logs in again.
    """
    clock = Clock()
    browser = logged_in(web(journal, now=clock))
    clock.at = later(12 * 3_600_000 - 1)
    assert 200 == browser.get("/console/").status_code
    clock.at = later(12 * 3_600_000)
    assert 303 == browser.get("/console/").status_code


def test_changed_token_ends_the_session(journal: Journal) -> None:
    """
    A session does not outlive the tokens that it was made under.
    """
    cookie = logged_in(web(journal)).get_cookie(
        "bridge_console", path="/console"
    )
    assert cookie is not None
    for tokens in ({}, {"ana": "x" * 32}, {"luis": TOKEN}):
        other = web(journal, admin_tokens=tokens).test_client()
        other.set_cookie("bridge_console", cookie.value, path="/console")
        assert 303 == other.get("/console/").status_code


@pytest.mark.parametrize("cookie", ["", "x", "a.b", "W10.x", "é", "." * 999])
def test_forged_cookie_is_none(client: FlaskClient, cookie: str) -> None:
    """
    A cookie that is not ours is no session.
    """
    answer = client.get(
        "/console/", headers={"Cookie": f"bridge_console={cookie}"}
    )
    assert 303 == answer.status_code


def test_logs_out(browser: FlaskClient) -> None:
    """
    Logging out takes the cookie away.
    """
    text = page(browser)
    token = re.search(r'name="form_token" value="([^"]+)"', text)
    assert token is not None
    browser.post("/console/logout", data={"form_token": token[1]})
    assert 303 == browser.get("/console/").status_code


def test_form_of_another_site_is_refused(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Without the session's own form token, or across sites, nothing is done.
    """
    (kept,) = keep(journal, held())
    path = f"/console/deliveries/{kept.id}/redeliver"
    for token in ("", "wrong"):
        data = {"reason": WHY, "form_token": token}
        assert 403 == browser.post(path, data=data).status_code
    other = logged_in(web(journal), "fedcba9876543210fedcba9876543210")
    theirs = re.search(r'name="form_token" value="([^"]+)"', page(other))
    assert theirs is not None
    data = {"reason": WHY, "form_token": theirs[1]}
    assert 403 == browser.post(path, data=data).status_code
    own = re.search(r'name="form_token" value="([^"]+)"', page(browser))
    assert own is not None
    data = {"reason": WHY, "form_token": own[1]}
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = browser.post(path, data=data, headers=headers)
    assert 403 == answer.status_code
    assert kept == journal.delivery(kept.id)


@pytest.mark.parametrize(
    "path",
    ["/console/login", "/console/", "/healthz", "/webhooks/x", "/console/x"],
)
def test_every_answer_is_hardened(browser: FlaskClient, path: str) -> None:
    """
    Nothing inline, nothing framed, nothing sniffed, nothing kept.
    """
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]
    for rule in (
        "default-src 'none'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ):
        assert rule in policy
    assert "unsafe" not in policy
    assert ("nosniff", "same-origin", "no-store") == (
        headers["X-Content-Type-Options"],
        headers["Referrer-Policy"],
        headers["Cache-Control"],
    )


def test_style_is_a_file(browser: FlaskClient) -> None:
    """
    The style sheet is there, and no page has style or script of its own.
    """
    text = page(browser)
    sheets = re.findall(r'rel="stylesheet" href="([^"]+)"', text)
    with browser.get(sheets[-1]) as sheet:
        assert (200, "text/css") == (sheet.status_code, sheet.mimetype)
        assert "immutable" in sheet.headers["Cache-Control"]
    assert not re.search(r"<style|style=|\son\w+=|<script(?! defer src)", text)


# ------------------------------------------------------------------ pages


def test_start_counts(journal: Journal) -> None:
    """
    The start page says how many wait for a person, and shows the targets.

    All who look on share what was read in the last two seconds.
    """
    clock = Clock()
    browser = logged_in(web(journal, now=clock))
    assert "Nothing waits for a person" in page(browser)
    keep(journal, held())
    journal.append([new_event()])
    assert "Nothing waits for a person" in page(browser)
    clock.at = later(2_000)
    text = page(browser)
    for word in ("Needs attention: 1", "received", "rayo-mx", STORE):
        assert word in text


def test_attention_comes_first(browser: FlaskClient, journal: Journal) -> None:
    """
    What waits for a person stands above all else, however old it is.
    """
    keep(journal, held(order_id="1"))
    keep(journal, new_delivery(order_id="2"))
    text = page(browser, "/deliveries")
    attention, _heading, rest = text.partition("Everything else")
    assert "/deliveries/1" in attention
    assert "/deliveries/2" not in attention
    assert "/deliveries/2" in rest
    assert "/deliveries/1" not in rest


def test_filters_and_pages_deliveries(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Empty fields of the filter mean all; older pages keep the filter.
    """
    keep(journal, *(new_delivery(f"r{n}", position=n) for n in range(3)))
    first = page(browser, "/deliveries", state="pending", store="", limit=2)
    address = re.search(r'href="([^"]+)" rel="next"', first)
    assert address is not None
    second = browser.get(address[1].replace("&amp;", "&")).text
    assert "/deliveries/3" in first
    assert "/deliveries/1" in second
    assert "/deliveries/3" not in second
    answer = browser.get("/console/deliveries?state=gone")
    assert 422 == answer.status_code


def test_says_when_what_waits_is_sent(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    The pages of one, of its order and of all have a column for it.
    """
    waiting = [
        keep(journal, new_delivery(order_id=str(nth)))[0] for nth in range(3)
    ]
    for path in (
        "/deliveries",
        f"/deliveries/{waiting[2].id}",
        f"/orders/{STORE}/2",
    ):
        text = page(browser, path)
        assert "Sent, probably" in text
        assert "2 go before it" in text


@pytest.mark.parametrize("number", ["x", "0", "99", "9" * 5_000, "-1"])
def test_unknown_numbers_are_404(browser: FlaskClient, number: str) -> None:
    """
    A page that is not there is a page that says so.
    """
    for path in ("events", "deliveries"):
        answer = browser.get(f"/console/{path}/{number}")
        assert (404, "text/html") == (answer.status_code, answer.mimetype)


def test_redelivers(browser: FlaskClient, journal: Journal) -> None:
    """
    A form sends a delivery again and comes back to its page.
    """
    (kept,) = keep(journal, held())
    path = f"/deliveries/{kept.id}"
    answer = submit(browser, path, "redeliver", reason=WHY)
    assert (303, f"/console{path}?done=1") == (
        answer.status_code, answer.location,
    )  # fmt: skip
    after = journal.delivery(kept.id)
    assert after is not None
    assert DeliveryState.PENDING is after.state
    text = page(browser, path, done=1)
    assert "Done." in text
    assert WHY in text


def test_refusal_is_told_on_the_page(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    What the journal refuses is shown where it was asked, and not done.
    """
    (kept,) = keep(journal, new_delivery())
    send(journal, DeliveryState.SUCCEEDED)
    path = f"/deliveries/{kept.id}"
    answer = submit(browser, path, "redeliver", reason=WHY)
    assert 409 == answer.status_code
    assert "Not done." in answer.text
    assert 422 == submit(browser, path, "redeliver").status_code
    forced = submit(browser, path, "redeliver", reason=WHY, force="true")
    assert 303 == forced.status_code


def test_what_waits_leads_to_where_it_is_decided(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Decisions are made in the inbox alone, and each page leads there.
    """
    (kept,) = keep(journal, held())
    text = page(browser, f"/deliveries/{kept.id}")
    assert f'href="/console/attention/{kept.id}"' in text


def test_decision_on_an_old_page_is_refused(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Who decides on what has changed meanwhile is told to look again.
    """
    (kept,) = keep(journal, held())
    path = f"/deliveries/{kept.id}"
    answer = submit(browser, path, "redeliver", reason=WHY, version="99")
    assert 412 == answer.status_code
    assert kept == journal.delivery(kept.id)


def test_nothing_is_offered_while_a_worker_is_at_it(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    A delivery in flight has no forms.
    """
    (kept,) = keep(journal, new_delivery())
    claim_one(journal)
    text = page(browser, f"/deliveries/{kept.id}")
    assert "/redeliver" not in text
    assert "/console/attention/" not in text


# -------------------------------------------------------------------- XSS


def test_what_customers_write_is_only_text(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    A note that is a script shows as text, in the event and in the order.
    """
    body = samples.body("shopify-mx-orders-paid-multiline", note=ATTACK)
    event = samples.event(body, topic="orders/paid")
    told = Shopify().read(event, STORES[STORE])
    assert isinstance(told, Told)
    state = OrderState(
        store=STORE, platform="shopify", id=ORDER, snapshot=told.snapshot
    )
    (kept,) = journal.append(
        [new_event(body=event.body, topic=ATTACK, headers={"x": ATTACK})]
    )
    keep(journal, held(), state=dump_state(state))
    order = f"/orders/{STORE}/{ORDER}"
    for text in (
        page(browser, f"/events/{kept.id}"),
        page(browser, "/events"),
        submit(browser, order, "reveal").text,
    ):
        assert ATTACK not in text
        assert "&lt;script&gt;" in text


def test_what_targets_answer_is_only_text(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    So do reasons, answers, requests and filters.
    """
    (kept,) = keep(
        journal, new_delivery(rule=ATTACK, request={"note": ATTACK})
    )
    send(
        journal,
        DeliveryState.DEAD,
        phase=Phase.ANSWERED,
        answer=ATTACK,
        reason=Reason(code="odd", text=ATTACK, where={"field": ATTACK}),
    )
    for path, query in (
        (f"/deliveries/{kept.id}", {}),
        ("/deliveries", {"store": ATTACK}),
        ("/events", {"topic": f'"{ATTACK}'}),
    ):
        text = page(browser, path, **query)
        assert ATTACK not in text
        assert "&lt;script&gt;" in text
