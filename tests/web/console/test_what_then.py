"""What a person is told to do next, and that what she did was done."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import Journal
from bridge.lifecycle import Gate
from bridge.model import DeliveryState, Reason
from bridge.web.console.unread import UNREAD
from tests.factories import NOW, ORDER, STORE, keep, new_delivery, new_event
from tests.web.console.inboxes import WHY, fields_of, fill, told, waits
from tests.web.console.test_inbox import INBOX, browser_of
from tests.web.doors import web

STORY = f"/console/orders/{STORE}/{ORDER}"
NOT_OF_EVENTS = {"compliance", "unavailable", "method_not_allowed"}


@pytest.fixture
def browser(journal: Journal) -> FlaskClient:
    """Ana's browser."""
    return browser_of(journal)


def codes() -> set[str]:
    """Return every code that the source gives to a webhook."""
    found = set()
    files = [*Path("bridge/sources").rglob("*.py"), Path("bridge/planner.py")]
    for file in files:
        text = file.read_text("utf-8")
        found |= {*re.findall(r'(?:code|reason)="([a-z_]+)"', text)}
        found |= {*re.findall(r'_unusable\([\w.]+, "(\w+)"\)', text)}
    return found - NOT_OF_EVENTS


@pytest.mark.parametrize("code", sorted(codes()))
def test_webhook_set_aside_has_plain_words(
    code: str, journal: Journal
) -> None:
    """
    Each reason has a title and what to do, in both languages.
    """
    one = UNREAD[code]
    texts = {}
    app = web(journal)
    for language in ("es", "en"):
        headers = {"Accept-Language": language}
        with app.test_request_context("/console/", headers=headers):
            texts[language] = (str(one.title), str(one.advice))
    assert all(texts["en"])
    assert texts["es"][0] != texts["en"][0]
    assert texts["es"][1] != texts["en"][1]


def test_webhook_set_aside_says_what_to_do(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    So does its page.
    """
    event = new_event(reason="other_shop")
    (kept,) = journal.append([event])
    text = browser.get(f"/console/events/{kept.id}").text
    for word in ("it comes from another shop", "What to do", "other_shop"):
        assert word in text


@pytest.mark.parametrize("page", ["/console/", INBOX])
def test_paused_target_leads_to_what_to_do(
    browser: FlaskClient, journal: Journal, page: str
) -> None:
    """
    A target that is paused stands where one looks, with the way to its page.
    """
    keep(journal, new_delivery())
    journal.pin_target("rayo-mx", "rayo.example")
    journal.set_gate(
        "rayo-mx", Gate(pause="operator"), actor="luis", reason=WHY, now=NOW
    )
    assert "/console/targets#rayo-mx" in browser.get(page).text
    text = browser.get("/console/targets").text
    assert "Read below who paused it" in text
    assert WHY in text


def test_what_was_corrected_is_said(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    After a correction one is told that it was kept, by whom and why.
    """
    kept = waits(journal)
    mend = f"{INBOX}/{kept.id}/mend"
    page = fill(browser, INBOX, mend).text
    assert "As the customer wrote it" in page
    answer = browser.post(
        f"{INBOX}/{kept.id}/correct",
        data={
            **fields_of(page, f"{INBOX}/{kept.id}/correct"),
            "field.ship_to.exterior_number": "12",
            "reason": WHY,
        },
    )
    assert 303 == answer.status_code
    text = browser.get(answer.location).text
    assert 'class="notice good" role="status"' in text
    assert WHY in text
    assert "It is sent by itself in a moment" in text


def test_story_says_what_was_decided(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Whoever decides in the story is told there that it was done.
    """
    kept = waits(journal)
    action = f"{INBOX}/{kept.id}"
    answer = fill(browser, STORY, action, decision="done", reason=WHY)
    text = browser.get(answer.location).text
    assert WHY in text.partition('role="status"')[2].partition("</p>")[0]


def test_empty_part_is_not_taken_for_all(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Where one reason has nothing left, others may still wait.
    """
    waits(journal, "sku_unknown")
    text = browser.get(INBOX, query_string={"reason": "asked"}).text
    assert "Nothing of this waits any more" in text
    assert "Nothing waits for a person" not in text


def test_fault_of_a_file_names_its_line(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Who keeps the files is to be shown which line it is.
    """
    where = {"file": "/files/a.yaml", "line": 7, "field": "body.x"}
    reason = Reason(code="expression_failed", text="no amount", where=where)
    keep(
        journal,
        new_delivery(state=DeliveryState.HELD, reason=reason, due_at=None),
        state=told(),
    )
    text = browser.get(INBOX).text
    assert ">a.yaml<" in text
    assert "line 7" in text
    assert "there is nothing to press" in text
