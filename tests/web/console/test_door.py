"""How one comes into the console, stays, and leaves."""

import re

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import Journal
from bridge.model import MINUTE, DeliveryState
from tests.factories import keep, later
from tests.web.console.test_pages import WHY, Clock, held, logged_in, page
from tests.web.doors import TOKEN, web

IDLE = 15 * MINUTE


def form_token(text: str) -> str:
    """Return what the forms of a page bring along."""
    found = re.search(r'name="form_token" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def test_who_was_idle_gives_the_token_again(journal: Journal) -> None:
    """
    After a while one still sees, but acts only with the token once more.

    What was filled in is kept, and done with it.
    """
    (kept,) = keep(journal, held())
    clock = Clock()
    browser = logged_in(web(journal, now=clock))
    path = f"/deliveries/{kept.id}"
    fields = {
        "form_token": form_token(page(browser, path)),
        "reason": WHY,
        "version": str(kept.version),
    }
    clock.at = later(IDLE)

    assert 200 == browser.get(f"/console{path}").status_code
    asked = browser.post(f"/console{path}/redeliver", data=fields)
    assert (401, True) == (asked.status_code, WHY in asked.text)
    assert kept == journal.delivery(kept.id)

    fields["token"] = TOKEN
    done = browser.post(f"/console{path}/redeliver", data=fields)
    assert 303 == done.status_code
    after = journal.delivery(kept.id)
    assert after is not None
    assert DeliveryState.PENDING is after.state


def test_token_of_another_person_does_not_do(journal: Journal) -> None:
    """
    Only the person whose session it is goes on with it.
    """
    (kept,) = keep(journal, held())
    clock = Clock()
    browser = logged_in(web(journal, now=clock))
    path = f"/deliveries/{kept.id}"
    fields = {
        "form_token": form_token(page(browser, path)),
        "reason": WHY,
        "token": "fedcba9876543210fedcba9876543210",
    }
    clock.at = later(IDLE)
    answer = browser.post(f"/console{path}/redeliver", data=fields)
    assert 401 == answer.status_code
    assert kept == journal.delivery(kept.id)


def test_a_page_that_refreshes_itself_is_no_activity(
    journal: Journal,
) -> None:
    """
    Pages that are opened keep one active; their fragments do not.
    """
    clock = Clock()
    app = web(journal, now=clock)
    for path, cookies in (("/", 1), ("/fragments/now", 0)):
        clock.at = later(0)
        browser = logged_in(app)
        clock.at = later(2 * MINUTE)
        answer = browser.get(f"/console{path}")
        assert cookies == len(answer.headers.getlist("Set-Cookie"))


def test_fragment_of_nobody_leads_to_the_door(client: FlaskClient) -> None:
    """
    An open page whose session ended is told to go to the login.
    """
    answer = client.get("/console/fragments/now")
    assert 401 == answer.status_code
    assert "/console/login" == answer.headers["HX-Redirect"]


def test_logging_out_ends_the_session_everywhere(journal: Journal) -> None:
    """
    A copy of the cookie is worth nothing after it.
    """
    app = web(journal)
    browser = logged_in(app)
    cookie = browser.get_cookie("bridge_console", path="/console")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("bridge_console", cookie.value, path="/console")
    assert 200 == thief.get("/console/").status_code
    data = {"form_token": form_token(page(browser))}
    browser.post("/console/logout", data=data)
    assert 303 == thief.get("/console/").status_code


def test_cookie_is_bound_to_the_host(client: FlaskClient) -> None:
    """
    Under https its name says so, and browsers hold to it.
    """
    answer = client.post(
        "/console/login",
        data={"token": TOKEN},
        base_url="https://localhost",
    )
    said = answer.headers["Set-Cookie"]
    assert said.startswith("__Host-bridge_console=")
    assert "Path=/;" in said
    assert "Secure" in said


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_form_of_another_origin_is_refused(
    client: FlaskClient, origin: str
) -> None:
    """
    Also the login, which has no form token yet.
    """
    answer = client.post(
        "/console/login", data={"token": TOKEN}, headers={"Origin": origin}
    )
    assert 403 == answer.status_code


def test_choices_are_kept_and_lead_back(ana: FlaskClient) -> None:
    """
    A language and colours are chosen on any page, which is shown again.
    """
    answer = ana.post(
        "/console/choose",
        data={"language": "es", "theme": "dark", "back": "/console/events"},
    )
    assert "/console/events" == answer.location
    text = page(ana, "/events")
    assert '<html lang="es" data-theme="dark">' in text
    assert "<h1>Avisos</h1>" in text


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/console/\\evil", ""]
)
def test_choices_lead_nowhere_else(ana: FlaskClient, back: str) -> None:
    """
    No address of elsewhere is followed.
    """
    answer = ana.post("/console/choose", data={"theme": "light", "back": back})
    assert "/console/" == answer.location


def test_what_is_no_choice_is_refused(ana: FlaskClient) -> None:
    """
    Only languages, colours and zones that there are can be chosen.
    """
    answer = ana.post("/console/choose", data={"language": "xx"})
    assert 422 == answer.status_code


@pytest.fixture
def ana(journal: Journal) -> FlaskClient:
    """Ana's browser."""
    return logged_in(web(journal))
