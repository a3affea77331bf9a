"""No page in Spanish has an English sentence on it."""

import re
from collections import deque
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from typing_extensions import override

from bridge.errors import Conflict
from bridge.journal.protocol import Journal
from bridge.model import DeliveryState, EventState, Phase, Reason
from bridge.places.parts import DOUBTS as ADDRESS_DOUBTS
from bridge.web.console.known import DOUBTS, known, own_words
from bridge.web.console.refusals import CONFLICTS
from bridge.web.console.unread import UNREAD
from tests.factories import keep, new_delivery, new_event
from tests.journal.steps import send
from tests.web.console.inboxes import waits
from tests.web.console.test_pages import logged_in
from tests.web.console.test_reasons import codes
from tests.web.doors import web

SENTENCE = "It is said so and the target was not asked."
ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "the is was were are and of with not this that it its has have been"
        " from for which there when what",
    )
)
"""Words without which no English sentence does, and no Spanish one has."""

SHOWN_AS_THEY_ARE = {"code", "pre", "script", "style", "option", "kbd"}


class Spoken(HTMLParser):
    """What is read aloud of a page, but for what says that it is English."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self._open: list[tuple[str, bool]] = []

    @override
    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        told = dict(attrs)
        if tag == "a" and told.get("href"):
            self.links.append(told["href"] or "")
        self.texts += [
            told[name] or ""
            for name in ("aria-label", "title", "placeholder", "alt")
            if name in told
        ]
        if tag not in {"meta", "link", "input", "br", "hr", "img"}:
            aside = tag in SHOWN_AS_THEY_ARE or told.get("lang") == "en"
            self._open.append((tag, aside))

    @override
    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    @override
    def handle_data(self, data: str) -> None:
        if not any(aside for _tag, aside in self._open):
            self.texts.append(data)


def english(page: Spoken) -> list[str]:
    """Return the texts of a page that are English."""
    return [
        text.strip()
        for text in page.texts
        if ENGLISH & set(re.findall(r"[a-záéíóúñü]+", text.lower()))
    ]


def read(browser: FlaskClient, address: str) -> Spoken:
    """Return a page."""
    spoken = Spoken()
    answer = browser.get(address)
    assert answer.status_code < 500
    if answer.mimetype == "text/html":
        spoken.feed(answer.text)
    return spoken


@pytest.fixture
def ana(journal: Journal) -> FlaskClient:
    """A browser that speaks Spanish."""
    browser = logged_in(web(journal))
    browser.set_cookie("bridge_language", "es", path="/console")
    return browser


def test_knows_english_when_it_reads_it() -> None:
    """
    A sentence is found, also in a name that only a screen reader tells.
    """
    page = Spoken()
    page.feed('<p>Todo bien</p><p aria-label="It is late">x</p><p>The end</p>')
    page.feed('<q lang="en">It is so</q><code>the</code>')
    assert ["It is late", "The end"] == english(page)


def test_no_page_speaks_english(ana: FlaskClient, journal: Journal) -> None:
    """
    Whatever waits, and why, each page that leads on from there is Spanish.
    """
    for nth, code in enumerate(sorted(codes())):
        text = "¿Ya lo cancelaste?" if code == "asked" else SENTENCE
        waits(journal, code, order_id=str(7000 + nth), text=text)
    for nth, code in enumerate(sorted(UNREAD)):
        state = EventState.UNUSABLE if nth % 2 else EventState.IGNORED
        journal.append([new_event(code, state=state, reason=code)])
    keep(journal, new_delivery("z", order_id="8000"))
    send(
        journal,
        DeliveryState.DEAD,
        phase=Phase.ANSWERED,
        answer="{}",
        reason=Reason(code="http_422", text=SENTENCE),
    )
    found: dict[str, list[str]] = {}
    seen = {"/console/"}
    ahead = deque(seen)
    while ahead and len(seen) < 600:
        address = ahead.popleft()
        page = read(ana, address)
        if texts := english(page):
            found[address] = texts[:3]
        for link in page.links:
            inside = link.startswith("/console/") and "static" not in link
            if inside and link not in seen and ".csv" not in link:
                seen.add(link)
                ahead.append(link)
    assert {} == found
    assert len(seen) > 100


@pytest.mark.parametrize("code", sorted(codes()))
def test_tells_what_is_known(code: str, journal: Journal) -> None:
    """
    Each reason has a sentence in both languages, whatever is kept of it.
    """
    one = waits(journal, code, text=SENTENCE)
    told = {}
    for language in ("es", "en"):
        headers = {"Accept-Language": language}
        with web(journal).test_request_context("/console/", headers=headers):
            told[language] = known(one)
    assert all(told.values())
    assert "%(" not in told["es"]
    assert told["es"] != told["en"] or code == "operator"


def test_every_doubt_of_an_address_has_words() -> None:
    """
    Whatever may not be clear of an address is told in any language.
    """
    assert ADDRESS_DOUBTS.keys() <= DOUBTS.keys()


def test_every_reason_of_a_webhook_has_words() -> None:
    """
    Whatever is the reason that a webhook was not used is told, too.
    """
    files = [*Path("bridge/sources").glob("*.py"), Path("bridge/planner.py")]
    found: set[str] = set()
    for file in files:
        text = file.read_text("utf-8")
        found |= {
            *re.findall(
                r'(?:Unusable|Ignored)\(\s*(?:code|reason)="(\w+)"', text
            ),
            *re.findall(r'EventState\.IGNORED, reason="(\w+)"', text),
            *re.findall(r'_unusable\([\w.]+, "(\w+)"\)', text),
        }
    assert len(found) > 10
    assert found <= UNREAD.keys()


def subclasses(of: type[Conflict]) -> set[type[Conflict]]:
    """Return a class and all that are made of it."""
    return {of}.union(*(subclasses(one) for one in of.__subclasses__()))


def test_every_refusal_has_words() -> None:
    """
    Why an act of an operator was refused is told in any language.
    """
    whys = {one.code for one in subclasses(Conflict)}
    for file in Path("bridge").rglob("*.py"):
        whys |= {*re.findall(r'why="(\w+)"', file.read_text("utf-8"))}
    assert len(whys) > 10
    assert whys <= CONFLICTS.keys()


@pytest.mark.parametrize(
    "query",
    [
        "events?since=2026-02-30T10:00",
        "events?since=ayer",
        "events?state=gone",
        "events?cursor=x",
        "deliveries?limit=1000",
        "deliveries?limit=x",
        "deliveries?attention=9",
        "deliveries?odd=1",
        f"deliveries?order={'9' * 600}",
        "deliveries/99",
        "attention?limit=0",
    ],
)
def test_refuses_in_spanish(ana: FlaskClient, query: str) -> None:
    """
    What can not be shown is refused in the page's language.
    """
    answer = ana.get(f"/console/{query}")
    assert answer.status_code in {404, 422}
    page = Spoken()
    page.feed(answer.text)
    assert [] == english(page)
    assert "_" not in " ".join(page.texts).split("Buscar")[0]


def test_a_decision_is_refused_in_spanish(
    ana: FlaskClient, journal: Journal
) -> None:
    """
    So is what can not be done.
    """
    one = waits(journal, "sku_unknown")
    text = ana.get(f"/console/attention/{one.id}").text
    token = re.search(r'name="form_token" value="([^"]+)"', text)
    assert token is not None
    for decision, reason, version, status in (
        ("cancel", "", one.version, 422),
        ("odd", "ya", one.version, 422),
        ("cancel", "x" * 600, one.version, 422),
        ("cancel", "ya", one.version + 7, 412),
    ):
        answer = ana.post(
            f"/console/attention/{one.id}",
            data={
                "form_token": token[1],
                "decision": decision,
                "reason": reason,
                "version": str(version),
            },
        )
        page = Spoken()
        page.feed(answer.text)
        assert status == answer.status_code
        assert [] == english(page)


def test_says_the_reason_of_a_webhook(
    ana: FlaskClient, journal: Journal
) -> None:
    """
    A webhook that was not used says why, with the code beside it.
    """
    journal.append(
        [new_event("k", state=EventState.IGNORED, reason="test_order")]
    )
    text = ana.get("/console/events").text
    assert "un pedido de prueba" in text
    assert "<code>test_order</code>" in text


def test_loses_nothing_that_an_older_bridge_kept(journal: Journal) -> None:
    """
    Where it is not kept what a sentence names, the kept one stands beside.
    """
    text = "Rayo does not know TAZA-1: register it there"
    kept = Reason(code="sku_unknown", text=text, where={"skus": ["TAZA-1"]})
    (whole,) = keep(
        journal,
        new_delivery(state=DeliveryState.HELD, reason=kept, due_at=None),
    )
    old = waits(journal, "sku_unknown", order_id="9000", text=text)
    with web(journal).test_request_context("/console/"):
        assert ("Rayo does not know TAZA-1.", "") == (
            known(whole),
            own_words(whole),
        )
        assert text == own_words(old)
