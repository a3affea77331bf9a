"""The story of an order."""

import json
import re

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import Journal
from bridge.model import DeliveryId, DeliveryState, Phase, Reason
from bridge.orders.order import Address
from bridge.web.factory import create_web
from tests.factories import NOW, ORDER, STORE, keep, later, new_delivery
from tests.journal.steps import send
from tests.mapping.test_shipped import CATALOG, STORES, TARGETS
from tests.orders_of import event_of, take
from tests.web.console.inboxes import WHY, fields_of, fill, told, waits
from tests.web.console.test_inbox import ATTACKS, browser_of
from tests.web.doors import OTHER_TOKEN, TOKEN, settings

STORY = f"/console/orders/{STORE}/{ORDER}"
REAL = "/console/orders/cafe-mx/6301458923713"


@pytest.fixture
def browser(journal: Journal) -> FlaskClient:
    """Ana's browser."""
    return browser_of(journal)


@pytest.fixture
def planned(journal: Journal) -> FlaskClient:
    """Ana's browser, where an order of a sample was planned."""
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    take(
        journal,
        event_of("shopify-mx-orders-paid-multiline", STORES["cafe-mx"]),
    )
    browser = create_web(
        settings=settings(),
        stores=lambda: STORES,
        targets=lambda: TARGETS,
        journal=journal,
        now=lambda: NOW,
    ).test_client()
    browser.post("/console/login", data={"token": TOKEN})
    return browser


def test_start_page_calls_what_waits_as_people_do(
    planned: FlaskClient,
) -> None:
    """
    The order that waits longest at a target has its name, and not its id.
    """
    text = planned.get("/console/").text
    named = re.search(
        r'<a href="/console/orders/cafe-mx/(\d+)">([^<]+)</a>', text
    )
    assert named is not None
    assert named[2].startswith("#")
    assert named[1] not in named[2]


def sent(journal: Journal, **body: str) -> DeliveryId:
    """Let a delivery be refused, with what was said in it."""
    request = {"method": "POST", "path": "/orders", "body": body}
    (kept,) = keep(
        journal, new_delivery(request=request), state=told(), now=later(1)
    )
    send(
        journal,
        DeliveryState.DEAD,
        phase=Phase.ANSWERED,
        answer=json.dumps(body),
        reason=Reason(code="http_422", text="refused"),
    )
    return kept.id


def test_hides_what_is_the_customers(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Names, requests and answers are shown to whoever asks, and it is noted.
    """
    sent(journal, name="Rosa Paz")
    bare = browser.get(STORY).text
    for word in ("Rosa", "Secreta", "Puebla"):
        assert word not in bare
    assert "•••" in bare

    answer = fill(browser, STORY, f"{STORY}/reveal")
    assert 200 == answer.status_code
    assert "Secreta" in answer.text


def test_that_somebody_looked_is_noted(
    browser: FlaskClient,
    journal: Journal,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """
    The log says who looked at which order's data, and nothing of the data.
    """
    sent(journal, name="Rosa Paz")
    fill(browser, STORY, f"{STORY}/reveal")
    (line,) = [
        json.loads(one)
        for one in capsys.readouterr().err.splitlines()
        if '"order.shown"' in one
    ]
    assert ("ana", STORE) == (line["operator"], line["store"])
    assert "Rosa" not in str(line)


@pytest.mark.parametrize("page", ["story", "delivery", "compare", "mend"])
def test_that_somebody_looked_is_in_the_story(
    browser: FlaskClient, journal: Journal, page: str
) -> None:
    """
    Wherever it is shown, the audit of the order tells to whom and when.
    """
    number = sent(journal, name="Rosa Paz")
    opened = {
        "story": (STORY, f"{STORY}/reveal"),
        "delivery": (
            f"/console/deliveries/{number}",
            f"/console/deliveries/{number}/reveal",
        ),
        "compare": (STORY, f"/console/deliveries/{number}/compare"),
        "mend": (STORY, f"/console/attention/{number}/mend"),
    }
    assert 200 == fill(browser, *opened[page]).status_code
    (entry,) = journal.story(STORE, ORDER).audit  # type: ignore[union-attr]
    assert ("look", "ana", page) == (
        entry.action,
        entry.actor,
        entry.detail["page"],
    )
    text = browser.get(STORY).text.partition("All that happened")[2]
    assert "ana was shown the customer" in text


def test_hides_requests_and_answers_of_a_delivery(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    They are shown to whoever asks; a look is no decision.
    """
    number = sent(journal, name="Rosa Paz")
    address = f"/console/deliveries/{number}"
    bare = browser.get(address).text
    for word in ("Rosa", "Secreta", "Puebla"):
        assert word not in bare
    assert "•••" in bare
    assert "Rosa" in fill(browser, address, f"{address}/reveal").text

    form = {"decision": "done", "reason": WHY}
    fill(browser, STORY, f"/console/attention/{number}", **form)
    late = browser_of(journal, OTHER_TOKEN)
    fill(late, address, f"{address}/reveal")
    refused = late.post(
        f"/console/attention/{number}",
        data=fields_of(late.get(address).text, f"{address}/redeliver")
        | {"decision": "cancel", "reason": "x", "version": "1"},
    )
    assert 412 == refused.status_code
    assert WHY in refused.text


def test_tells_all_in_one_line_of_time(planned: FlaskClient) -> None:
    """
    The webhook, what was planned, and each rule with why it does not fire.
    """
    text = planned.get(REAL).text
    happened = text.partition("All that happened")[2]
    assert happened.index("Planned") < happened.index("Webhook")
    rules = text.partition("What each rule makes of it now")[2]
    assert "to be sent" in rules.partition("All that happened")[0]
    assert "its moment has not come" in text


def test_speaks_spanish(planned: FlaskClient) -> None:
    """
    So it does in Spanish.
    """
    text = planned.get(REAL, headers={"Accept-Language": "es"}).text
    for word in ("Todo lo que pasó", "todavía no: no ha llegado su momento"):
        assert word in text
    assert "under way" not in text


def test_decides_in_the_story(browser: FlaskClient, journal: Journal) -> None:
    """
    What waits is decided here, and one comes back here.
    """
    kept = waits(journal)
    action = f"/console/attention/{kept.id}"
    answer = fill(browser, STORY, action, decision="done", reason=WHY)
    assert answer.location.startswith(STORY)
    text = browser.get(answer.location).text
    assert WHY in text.partition("All that happened")[2]


def test_compares_then_and_now(planned: FlaskClient, journal: Journal) -> None:
    """
    The request as it would be now stands beside what was sent, with a form.
    """
    action = re.findall(r'action="(/console/deliveries/\d+/compare)"', (
        planned.get(REAL).text
    ))[0]  # fmt: skip
    answer = fill(planned, REAL, action)
    assert 200 == answer.status_code
    assert "Nothing was sent yet" in answer.text
    assert "consumidor_destino" in answer.text

    path = action.replace("compare", "redeliver")
    form = fields_of(answer.text, path)
    form.pop("force", None)
    done = planned.post(path, data=form | {"reason": WHY})
    assert 303 == done.status_code
    (entry,) = journal.audit(DeliveryId(int(action.split("/")[3])))
    assert ("redeliver", WHY) == (entry.action, entry.reason)


def test_shows_what_is_different(
    planned: FlaskClient, journal: Journal
) -> None:
    """
    What would be another now is named field by field.
    """
    send(journal, DeliveryState.DEAD, reason=Reason(code="http_422"))
    text = planned.get(REAL).text
    action = re.findall(r'"(/console/deliveries/\d+/compare)"', text)[0]
    assert "What would be different" in fill(planned, REAL, action).text


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_others_write_is_only_text(
    browser: FlaskClient, journal: Journal, attack: str
) -> None:
    """
    What customers and targets say runs nowhere in the story.
    """
    number = sent(journal, note=attack)
    order = told(name=attack, ship_to=Address(name=attack), url=attack)
    row = journal.dossier(STORE, ORDER).order
    assert row is not None
    keep(journal, new_delivery(attack, position=2), state=order)
    pages = [
        browser.get(STORY),
        fill(browser, STORY, f"{STORY}/reveal"),
        fill(browser, STORY, f"/console/deliveries/{number}/compare"),
    ]
    for page in pages:
        assert 200 == page.status_code
        assert "<script>" not in page.text
        assert "<img" not in page.text
        assert ">49<" not in page.text
        assert 'href="javascript' not in page.text
