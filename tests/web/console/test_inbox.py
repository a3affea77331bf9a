"""The inbox, and each decision that can be made in it."""

import re

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import Journal
from bridge.model import Delivery, DeliveryState, Kind
from bridge.orders.order import Address, Line
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    keep,
    later,
    new_delivery,
    planned,
)
from tests.mapping.test_shipped import CATALOG
from tests.web.console.inboxes import WHY, fields_of, fill, told, waits
from tests.web.doors import OTHER_TOKEN, TOKEN, web

S = DeliveryState
INBOX = "/console/attention"
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "javascript:alert(1)",
)


def browser_of(journal: Journal, token: str = TOKEN) -> FlaskClient:
    """Return an operator's browser."""
    browser = web(journal).test_client()
    browser.post("/console/login", data={"token": token})
    return browser


@pytest.fixture
def browser(journal: Journal) -> FlaskClient:
    """Ana's browser."""
    return browser_of(journal)


def now_of(journal: Journal, delivery: Delivery) -> Delivery:
    """Return a delivery as it is now."""
    found = journal.delivery(delivery.id)
    assert found is not None
    return found


# ------------------------------------------------------------------ pages


def test_empty_inbox_says_so(browser: FlaskClient) -> None:
    """
    Where nothing waits the page says it.
    """
    assert "Nothing waits for a person" in browser.get(INBOX).text


def test_groups_by_reason_in_plain_words(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Codes that mean the same are one group; the oldest stands first.
    """
    waits(journal, "sku_unknown", order_id="3", now=later(1))
    waits(journal, "address_unsure", order_id="1", now=later(2))
    waits(journal, "place_unsure", order_id="2", now=later(3))

    text = browser.get(INBOX).text
    titles = re.findall(r'<h2 id="subject-\d+">(.*?) <small>(\d+)', text)
    assert [("SKU unknown at Rayo", "1"), ("address not sure", "2")] == titles
    assert text.index("#1<") < text.index("#2<")
    assert "What to do" in text


def test_speaks_spanish(browser: FlaskClient, journal: Journal) -> None:
    """
    The same page in Spanish has no English word of ours.
    """
    waits(journal, "sku_unknown")
    text = browser.get(INBOX, headers={"Accept-Language": "es"}).text
    for word in ("Reintentar", "Omitir", "Qué hacer", "Corregir y enviar"):
        assert word in text
    for word in ("Send it again", "Decide<", "What to do", "Needs attention"):
        assert word not in text


def test_shows_one_target_alone(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    An alert's link shows only what waits at its target.
    """
    waits(journal, order_id="1")
    waits(journal, order_id="2", target="yuju-mx")
    text = browser.get(INBOX, query_string={"target": "yuju-mx"}).text
    assert "#2<" in text
    assert "#1<" not in text


def test_pages_one_reason_by_keyset(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Each that waits for one reason stands on one page, the oldest first.
    """
    codes = ("address_unsure", "place_unsure")
    for nth in range(5):
        waits(journal, codes[nth % 2], order_id=str(nth), now=later(nth))
    address, seen = f"{INBOX}?reason=place_unsure&limit=2", []
    while address:
        text = browser.get(address).text
        seen.append(re.findall(r">#(\d)</a>", text))
        following = re.search(r'href="([^"]+)" rel="next"', text)
        address = following[1].replace("&amp;", "&") if following else ""
    assert [["0", "1"], ["2", "3"], ["4"]] == seen


def test_offers_only_what_fits(browser: FlaskClient, journal: Journal) -> None:
    """
    A question is not sent, and what is uncertain is not corrected.
    """
    ask = waits(journal, "asked", order_id="1", kind=Kind.ASK)
    doubt = waits(journal, "timeout", order_id="2", state=S.UNCERTAIN)
    held = waits(journal, "address_unsure", order_id="3")
    again = waits(
        journal, "http_422", order_id="4", state=S.DEAD, repeatable=True
    )
    offered = {}
    for one in (ask, doubt, held, again):
        text = browser.get(f"{INBOX}/{one.id}").text
        offers = re.findall(r'name="decision" value="(\w+)"', text)
        offered[one.order_id] = (offers, "/mend" in text)
    assert {
        "1": (["done", "cancel", "hold"], False),
        "2": (["exists", "resend", "done", "cancel", "hold"], False),
        "3": (["resend", "exists", "done", "cancel", "hold"], True),
        "4": (["resend", "done", "cancel", "hold"], True),
    } == offered


# -------------------------------------------------------------- decisions


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        ("resend", S.PENDING),
        ("done", S.SUCCEEDED),
        ("exists", S.SUCCEEDED),
        ("cancel", S.CANCELLED),
    ],
)
def test_decides(
    browser: FlaskClient, journal: Journal, decision: str, state: DeliveryState
) -> None:
    """
    A decision is done once, kept with who and why, and told on the page.
    """
    kept = waits(journal)
    action = f"{INBOX}/{kept.id}"
    answer = fill(browser, INBOX, action, decision=decision, reason=WHY)

    (entry,) = journal.audit(kept.id)
    assert (303, state) == (answer.status_code, now_of(journal, kept).state)
    assert ("ana", WHY) == (entry.actor, entry.reason)
    text = browser.get(answer.location).text
    assert WHY in text
    assert 'class="notice good" role="status"' in text


def test_holds_until_a_time_of_the_shop(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Nothing of it is sent; who holds it, until when and why is told apart
    from what is urgent, with the button that lets it go.
    """
    kept = waits(journal)
    waits(journal, "sku_unknown", order_id="2")
    action = f"{INBOX}/{kept.id}"
    fill(browser, INBOX, action, decision="hold", until="2026-11-28T09:30",
         reason=WHY)  # fmt: skip
    held = now_of(journal, kept)
    assert ("on_hold", "ana") == (held.reason, held.where["by"])
    assert 1_795_879_800_000 == held.where["until"]  # 15:30 UTC

    text = browser.get(INBOX).text
    heads = re.findall(r"<h2[^>]*>([^<]*) <small>", text)
    assert ["SKU unknown at Rayo", "held by a person"] == heads
    assert "by ana until" in text
    assert "28 Nov 2026, 09:30:00 CST" in text
    assert "address not sure" in text
    start = browser.get("/console/").text
    assert "Needs attention: 1" in start
    assert "Held by a person: 1" in start

    page = browser.get(action).text
    offers = re.findall(r'name="decision" value="(\w+)"', page)
    assert ["release", "exists", "done", "cancel"] == offers
    assert "/mend" not in page
    fill(browser, action, action, decision="release", reason="she answered")
    assert S.PENDING is now_of(journal, kept).state


def test_what_is_held_is_not_sent_with_others(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Somebody who sends many again leaves out what another one holds.
    """
    first, second = waits(journal), waits(journal, order_id="2")
    action = f"{INBOX}/{first.id}"
    fill(browser, INBOX, action, decision="hold", reason=WHY)
    first = now_of(journal, first)
    assert first.where["until"] is None
    text = choose(browser, "resend", first, second)
    assert 1 == text.count("This can not be decided on it.")
    text = choose(browser, "hold", first, second)
    form = fields_of(text, f"{INBOX}/together")
    assert "until" in form


@pytest.mark.parametrize("until", ["soon", "2020-01-01T00:00"])
def test_holds_until_no_other_time(
    browser: FlaskClient, journal: Journal, until: str
) -> None:
    """
    What is no time, or a time that has passed, is told.
    """
    kept = waits(journal)
    action = f"{INBOX}/{kept.id}"
    fields = {"decision": "hold", "until": until, "reason": WHY}
    answer = fill(browser, INBOX, action, **fields)
    assert answer.status_code in {409, 422}
    assert "Not done." in answer.text
    assert kept == now_of(journal, kept)


def test_comes_back_to_where_one_was(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    After a decision one stands on the same part of the inbox.
    """
    kept = waits(journal)
    answer = fill(
        browser,
        f"{INBOX}?target=rayo-mx",
        f"{INBOX}/{kept.id}",
        decision="done",
        reason=WHY,
    )
    assert f"{INBOX}?target=rayo-mx&decided={kept.id}" == answer.location


def test_exists_keeps_its_id(browser: FlaskClient, journal: Journal) -> None:
    """
    Who says that it exists says its id, where later calls need one.
    """
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    kept = waits(journal, "timeout", state=S.UNCERTAIN)
    action = f"{INBOX}/{kept.id}"
    bare = fill(browser, INBOX, action, decision="exists", reason=WHY)
    assert 422 == bare.status_code
    assert "Say which id it has" in bare.text
    assert kept == now_of(journal, kept)

    fields = {"decision": "exists", "reason": WHY, "link.rayo_order": "9095"}
    fill(browser, INBOX, action, **fields)
    (link,) = journal.story(STORE, ORDER).links
    assert ("rayo_order", "9095", "operator:ana") == (
        link.name,
        link.value,
        link.source,
    )


def test_needs_a_reason(browser: FlaskClient, journal: Journal) -> None:
    """
    Without a reason nothing is done.
    """
    kept = waits(journal)
    answer = fill(
        browser, INBOX, f"{INBOX}/{kept.id}", decision="done", reason=" "
    )
    assert 422 == answer.status_code
    assert kept == now_of(journal, kept)


def test_needs_the_form_token(browser: FlaskClient, journal: Journal) -> None:
    """
    A form that is not of this session does nothing, at any address.
    """
    kept = waits(journal)
    data = {"decision": "done", "reason": WHY, "version": str(kept.version)}
    for path in (
        f"/{kept.id}", f"/{kept.id}/mend", f"/{kept.id}/correct",
        "/preview", "/together",
    ):  # fmt: skip
        assert 403 == browser.post(f"{INBOX}{path}", data=data).status_code
    assert kept == now_of(journal, kept)


def test_two_people_can_not_both_decide(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    The second is told what was decided, by whom, when and why.
    """
    kept = waits(journal)
    action = f"{INBOX}/{kept.id}"
    luis = browser_of(journal, OTHER_TOKEN)
    his = fields_of(luis.get(INBOX).text, action)
    fill(browser, INBOX, action, decision="cancel", reason="ana was first")

    answer = luis.post(action, data=his | {"decision": "done", "reason": WHY})
    assert 412 == answer.status_code
    for word in ("Nothing was done", "ana", "ana was first", "<time"):
        assert word in answer.text
    assert 1 == len(journal.audit(kept.id))
    assert S.CANCELLED is now_of(journal, kept).state


def test_unknown_delivery_is_not_found(browser: FlaskClient) -> None:
    """
    What is not there can not be decided on.
    """
    for number in ("99", "x"):
        assert 404 == browser.get(f"{INBOX}/{number}").status_code


# ------------------------------------------------------------ corrections


def mend(browser: FlaskClient, kept: Delivery) -> dict[str, str]:
    """Open the form that corrects; return what stands in it."""
    answer = fill(browser, INBOX, f"{INBOX}/{kept.id}/mend")
    assert 200 == answer.status_code
    return fields_of(answer.text, f"{INBOX}/{kept.id}/correct")


def test_corrects_an_address(browser: FlaskClient, journal: Journal) -> None:
    """
    All of an address that was read is kept as sure, and what was changed.
    """
    kept = waits(journal)
    form = mend(browser, kept)
    assert "Secreta" == form["field.ship_to.street"]
    assert "Secreta" not in browser.get(INBOX).text

    form |= {"field.ship_to.exterior_number": "12", "reason": WHY}
    answer = browser.post(f"{INBOX}/{kept.id}/correct", data=form)
    (event,) = journal.unplanned(10)
    _look, entry = journal.story(STORE, ORDER).audit
    assert 303 == answer.status_code
    assert b'"ship_to.exterior_number":"12"' in event.body
    assert b'"ship_to.street":"Secreta"' in event.body
    assert b"ship_to.name" not in event.body
    assert ("correct", "ana", WHY) == (entry.action, entry.actor, entry.reason)


def test_corrects_a_sku_before_it_is_sent(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    What was refused is sent again only once the correction was planned.
    """
    kept = waits(journal, "sku_unknown", state=S.DEAD)
    form = mend(browser, kept) | {"reason": WHY}
    assert "field.ship_to.street" not in form
    nothing = browser.post(f"{INBOX}/{kept.id}/correct", data=form)
    assert (422, True) == (
        nothing.status_code,
        "Nothing was changed" in nothing.text,
    )
    form["field.lines.7.sku"] = "TAZA-2"
    answer = browser.post(f"{INBOX}/{kept.id}/correct", data=form)
    (event,) = journal.unplanned(10)
    assert b'{"lines.7.sku":"TAZA-2"}' in event.body

    assert "Now send it again" in browser.get(answer.location).text
    action = f"{INBOX}/{kept.id}"
    fields = {"decision": "resend", "reason": WHY}
    early = fill(browser, answer.location, action, **fields)
    assert (409, S.DEAD) == (early.status_code, now_of(journal, kept).state)
    assert "try again in a moment" in early.text
    keep(journal, events=[planned(event.id)], state=told())
    fill(browser, answer.location, action, **fields)
    assert S.PENDING is now_of(journal, kept).state


def test_wrong_correction_keeps_what_was_typed(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    The page says what is wrong, and what was filled in is still there.
    """
    kept = waits(journal)
    form = mend(browser, kept)
    form |= {"field.ship_to.state": "Nowhere", "reason": WHY}
    answer = browser.post(f"{INBOX}/{kept.id}/correct", data=form)
    assert 422 == answer.status_code
    again = fields_of(answer.text, f"{INBOX}/{kept.id}/correct")
    assert form == again
    assert [] == [*journal.unplanned(10)]


def test_two_people_can_not_both_correct(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    The second is shown who corrected it before.
    """
    kept = waits(journal)
    form = mend(browser, kept) | {"reason": "ana was first"}
    his = mend(luis := browser_of(journal, OTHER_TOKEN), kept)
    browser.post(f"{INBOX}/{kept.id}/correct", data=form)
    answer = luis.post(
        f"{INBOX}/{kept.id}/correct", data=his | {"reason": WHY}
    )
    assert 412 == answer.status_code
    assert "ana was first" in answer.text
    assert 1 == len(journal.unplanned(10))


def test_corrects_only_what_helps(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    There is no such form for a delivery that waits for something else.
    """
    kept = waits(journal, "timeout", state=S.UNCERTAIN)
    held = waits(journal, order_id="2")
    token = mend(browser, held)["form_token"]
    path = f"{INBOX}/{kept.id}/mend"
    answer = browser.post(path, data={"form_token": token})
    assert 409 == answer.status_code
    assert "Secreta" not in answer.text


# ----------------------------------------------------------- many at once


def choose(
    browser: FlaskClient, decision: str, *chosen: Delivery, **changes: str
) -> str:
    """Return the preview of a decision on what was ticked."""
    form: dict[str, object] = {**fields_of(
        browser.get(INBOX).text, f"{INBOX}/preview"
    )}  # fmt: skip
    form["chosen"] = [f"{one.id}:{one.version}" for one in chosen]
    form["decision"] = decision
    answer = browser.post(f"{INBOX}/preview", data=form | changes)
    assert 200 == answer.status_code
    return answer.text


def test_preview_does_nothing(browser: FlaskClient, journal: Journal) -> None:
    """
    It says what would happen to each, and why some are left out.
    """
    held = waits(journal, order_id="1")
    ask = waits(journal, "asked", order_id="2", kind=Kind.ASK)
    doubt = waits(journal, "timeout", order_id="3", state=S.UNCERTAIN)
    (busy,) = keep(journal, new_delivery(order_id="4"))
    before = [now_of(journal, one) for one in (held, ask, doubt, busy)]

    text = choose(browser, "resend", *before)
    done, left = text.split("These are left out", 1)
    assert [
        f"{held.id}:{held.version}", f"{doubt.id}:{doubt.version}",
    ] == re.findall(r'name="chosen" value="([^"]+)"', text)  # fmt: skip
    assert "makes a second one" in done
    assert 2 == left.count("can not be decided")
    assert before == [now_of(journal, one) for one in before]


def test_all_of_a_page_are_chosen_at_once(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    One button stands for a tick at each.
    """
    rows = [waits(journal, order_id=str(nth)) for nth in range(3)]
    shown = re.findall(
        r'name="shown" value="([^"]+)"', browser.get(INBOX).text
    )
    text = choose(browser, "done", all="1", shown=shown)  # type: ignore[arg-type]
    assert 3 == len(re.findall(r'name="chosen"', text)) == len(rows)


def test_confirms_with_one_reason(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Each is decided for itself; who was faster on one of them is heard.
    """
    first, second = (waits(journal, order_id=nth) for nth in "12")
    text = choose(browser, "cancel", first, second)
    form: dict[str, object] = {**fields_of(text, f"{INBOX}/together")}
    form["chosen"] = re.findall(r'name="chosen" value="([^"]+)"', text)
    empty = browser.post(f"{INBOX}/together", data=form | {"reason": ""})
    assert 422 == empty.status_code
    assert S.HELD is now_of(journal, first).state

    luis = browser_of(journal, OTHER_TOKEN)
    fill(luis, INBOX, f"{INBOX}/{second.id}", decision="done", reason="me")
    answer = browser.post(f"{INBOX}/together", data=form | {"reason": WHY})
    assert 200 == answer.status_code
    assert "done to 1, left out 1" in answer.text
    assert (S.CANCELLED, S.SUCCEEDED) == (
        now_of(journal, first).state,
        now_of(journal, second).state,
    )
    assert [WHY] == [one.reason for one in journal.audit(first.id)]
    assert ["luis"] == [one.actor for one in journal.audit(second.id)]


def test_no_decision_is_taken_for_granted(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    A decision that can not be made on many is refused.
    """
    kept = waits(journal)
    form = fields_of(browser.get(INBOX).text, f"{INBOX}/preview")
    for decision in ("exists", "", "else"):
        data = form | {"decision": decision, "chosen": f"{kept.id}:1"}
        answer = browser.post(f"{INBOX}/preview", data=data)
        assert 422 == answer.status_code


# -------------------------------------------------------------------- XSS


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_others_write_is_only_text(
    browser: FlaskClient, journal: Journal, attack: str
) -> None:
    """
    Names, addresses, SKUs, reasons and typed text run nowhere.
    """
    order = told(
        name=attack,
        ship_to=Address(
            name=attack, address1=attack, street=attack, city=attack,
            country="MX",
        ),
        lines=(Line(id=attack, sku=attack, name=attack),),
    )  # fmt: skip
    kept = waits(
        journal, attack, state=S.DEAD, order=order, text=attack, rule=attack
    )
    pages = [browser.get(INBOX), browser.get(f"{INBOX}/{kept.id}")]
    pages += [browser.get(INBOX, query_string={"reason": attack})]
    form = fields_of(pages[0].text, f"{INBOX}/{kept.id}/mend")
    pages += [browser.post(f"{INBOX}/{kept.id}/mend", data=form)]
    stale = form | {"version": "0", "reason": attack, "decision": "done"}
    pages += [browser.post(f"{INBOX}/{kept.id}", data=stale)]
    many = stale | {"chosen": f"{kept.id}:{kept.version}", "back": attack}
    pages += [browser.post(f"{INBOX}/preview", data=many)]
    pages += [browser.post(f"{INBOX}/together", data=many)]
    for page in pages:
        assert "<script>" not in page.text
        assert "<img" not in page.text
        assert ">49<" not in page.text
        assert 'href="javascript' not in page.text
