"""Asking a target from the console, before anybody says what is there."""

import re

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import Journal, Lane
from bridge.journal.seeing import Learned
from bridge.lifecycle import Gate
from bridge.model import Delivery, DeliveryState, Instant
from tests.factories import NOW, ORDER, STORE, TARGET, later
from tests.mapping.test_shipped import CATALOG
from tests.web.console.inboxes import WHY, fields_of, fill, waits
from tests.web.console.test_inbox import INBOX, browser_of
from tests.web.doors import TOKEN, web

LANES = [Lane(target=TARGET, room=1), Lane(target="yuju-mx", room=1)]


@pytest.fixture
def browser(journal: Journal) -> FlaskClient:
    """Ana, at her console; a mapping tells how an order is called."""
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    journal.pin_target(TARGET, "rayo.example")
    return browser_of(journal)


def doubted(journal: Journal) -> Delivery:
    """Return a create whose answer was lost."""
    return waits(journal, "timeout", state=DeliveryState.UNCERTAIN)


def answer(journal: Journal, learned: Learned) -> None:
    """Answer what was asked, as a worker does."""
    taken = journal.take_question(LANES, NOW)
    assert taken is not None
    journal.answer_question(taken, learned, slot_free_at=None, now=NOW)


def look(browser: FlaskClient, kept: Delivery, said: str = "9095") -> str:
    """Ask for an id that was typed; return the page's address."""
    page = f"{INBOX}/{kept.id}"
    form = fields_of(browser.get(page).text, page)
    assert "link.rayo_order" in form
    found = browser.post(f"{page}/look", data=form | {"link.rayo_order": said})
    assert 303 == found.status_code
    return found.location


def test_looks_up_before_it_is_said_to_exist(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    The page waits for the worker, tells what the target says of the id, and
    only then is it confirmed.
    """
    kept = doubted(journal)
    address = look(browser, kept)
    waiting = browser.get(address).text
    assert "It is being asked." in waiting
    assert "No worker runs" in waiting
    assert "hx-trigger" in waiting
    question = journal.question(1)
    assert question is not None
    assert (kept.id, "9095", "ana") == (
        question.about,
        question.said,
        question.actor,
    )

    part = browser.get("/console/fragments/question/1").text
    assert "It is being asked." in part
    assert "/fragments/question/1" in part
    assert "<script" not in part
    answer(journal, Learned(outcome="found", status=200, ms=120))
    assert "hx-get" not in browser.get("/console/fragments/question/1").text
    text = browser.get(address).text
    assert "It is there, and it is this order." in text
    assert "hx-trigger" not in text
    fill(browser, address, f"{INBOX}/{kept.id}", decision="exists", reason=WHY)
    after = journal.delivery(kept.id)
    assert after is not None
    assert DeliveryState.SUCCEEDED is after.state
    links = journal.dossier(STORE, ORDER).links[TARGET]
    assert {"rayo_order": "9095"} == links


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("other", "does not show that it is this order"),
        ("absent", "There is nothing there under that id."),
        ("no_way", "can not be asked for that"),
        ("notsent", "could not be reached"),
    ],
)
def test_tells_what_else_came_of_it(
    browser: FlaskClient, journal: Journal, outcome: str, words: str
) -> None:
    """
    What is not sure is told as a warning, in words.
    """
    address = look(browser, doubted(journal))
    answer(journal, Learned(outcome=outcome, reason="dns"))
    text = browser.get(address).text
    assert words in text
    assert "notice bad" in text


def test_needs_an_id_to_look_up(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Nothing is asked without one.
    """
    kept = doubted(journal)
    page = f"{INBOX}/{kept.id}"
    form = fields_of(browser.get(page).text, page)
    found = browser.post(f"{page}/look", data=form)
    assert 422 == found.status_code
    assert "Say which id" in found.text
    assert journal.question(1) is None


def test_question_belongs_to_its_delivery(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    The answer about one order is not shown on another one's page.
    """
    address = look(browser, doubted(journal))
    other = waits(journal, order_id="2")
    assert address.startswith(f"{INBOX}/1/look/1")
    assert 404 == browser.get(f"{INBOX}/{other.id}/look/1").status_code
    assert 404 == browser.get(f"{INBOX}/1/look/99").status_code
    assert 404 == browser.get("/console/targets/rayo-mx/test/1").status_code


def test_what_nobody_asked_in_time_is_told(journal: Journal) -> None:
    """
    After fifteen seconds the page waits no more.
    """
    clock = [NOW]
    app = web(journal, now=lambda: clock[0])
    journal.pin_target(TARGET, "rayo.example")
    ana = app.test_client()
    ana.post("/console/login", data={"token": TOKEN})
    asked = fill(
        ana, "/console/targets", "/console/targets/rayo-mx/test"
    ).location
    journal.beat("w", problems=(), now=later(14_000))
    clock[0] = Instant(later(15_001))
    text = ana.get(asked).text
    assert "Nobody asked it in time." in text
    assert "No worker runs" not in text
    assert "hx-trigger" not in text


def test_test_call(browser: FlaskClient, journal: Journal) -> None:
    """
    Each target that has a harmless call can be tried from its page.
    """
    text = browser.get("/console/targets").text
    offered = re.findall(r'action="/console/targets/([\w-]+)/test"', text)
    assert ["rayo-mx", "yuju-mx"] == offered
    asked = fill(browser, "/console/targets", "/console/targets/rayo-mx/test")
    answer(journal, Learned(outcome="answers", status=200, ms=1_200))
    shown = browser.get(asked.location).text
    assert "It answers." in shown
    assert "HTTP 200" in shown
    missing = browser.get("/console/targets/nobody/test/1")
    assert 404 == missing.status_code


def test_paused_target_is_not_asked(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    The page says why nothing is asked.
    """
    journal.set_gate(
        TARGET, Gate(pause="operator"), actor="ana", reason="so", now=NOW
    )
    asked = fill(browser, "/console/targets", "/console/targets/rayo-mx/test")
    assert journal.take_question(LANES, NOW) is None
    assert "The target is paused" in browser.get(asked.location).text
