"""A journal in which everything that others write is hostile."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from flask import Flask

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal, Lane
from bridge.journal.seeing import Learned
from bridge.model import DeliveryId, DeliveryState, Phase, Reason
from bridge.web.factory import create_web
from tests.factories import NOW, later, link
from tests.journal.steps import claim_one, send
from tests.mapping.test_shipped import CATALOG, STORES, TARGETS
from tests.orders_of import event_of, take
from tests.web.console.hostile import HOSTILE
from tests.web.doors import settings

STORE = "cafe-mx"
SAMPLE = "shopify-mx-orders-paid-multiline"
FIRST = 7_000_000_000_000
ALL = str(FIRST + 999)
"""An order that has all of the strings in it."""
ORDERS = [ALL, *(str(FIRST + nth) for nth in range(len(HOSTILE)))]

SAID_BY_PEOPLE = {
    "name", "note", "first_name", "last_name", "address1", "address2",
    "city", "company", "title", "sku", "value", "tags", "zip", "phone",
    "province", "email", "order_status_url", "tracking_number",
    "tracking_company", "tracking_url",
}  # fmt: skip
"""Fields of a shop's order that people fill in."""


def hostile(value: Any, text: str) -> Any:
    """Return an order's *value* with *text* wherever people write."""
    if isinstance(value, list):
        return [hostile(one, text) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: text
        if name in SAID_BY_PEOPLE and isinstance(one, str)
        else hostile(one, text)
        for name, one in value.items()
    }


def hostile_web(database: str) -> tuple[Flask, Journal]:
    """Return the console over a journal that is full of it."""
    journal = open_journal(database)
    journal.migrate()
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    for name in TARGETS:
        journal.pin_target(name, f"{name}.example")
    for nth, text in enumerate(HOSTILE):
        _order(journal, FIRST + nth, [text])
        _tried(journal, text, nth)
    _order(journal, int(ALL), HOSTILE)
    _tried(journal, "\n".join(HOSTILE), 0)
    for nth, text in enumerate(HOSTILE):
        known = link(f"link_{nth}", store=STORE, order_id=ALL, value=text)
        journal.teach([known], actor="ana", reason=text, now=NOW)
    while journal.index_orders(later(60_000), 100):
        pass
    app = create_web(
        settings=settings(),
        stores=lambda: STORES,
        targets=lambda: TARGETS,
        journal=journal,
        now=lambda: NOW,
    )
    return app, journal


def hostile_question(journal: Journal, about: DeliveryId | None) -> int:
    """Return what a person asked a target, and what it said, of all sorts."""
    text = " ".join(HOSTILE)
    asked = journal.ask(
        "rayo-mx",
        about=about,
        said=text,
        actor=text,
        until=later(60_000),
        now=NOW,
    )
    taken = journal.take_question([Lane(target="rayo-mx", room=1)], NOW)
    assert taken is not None
    learned = Learned(outcome=text, reason=text, status=200, ms=1)
    journal.answer_question(taken, learned, slot_free_at=None, now=NOW)
    return asked


def _order(journal: Journal, id: int, texts: list[str]) -> None:
    """Let an order come in whose words are *texts*, and be planned."""

    def say(body: Any) -> Any:
        (first, *_rest) = body["line_items"]
        said = hostile(body, texts[0])
        return {
            **said,
            "id": id,
            "line_items": [
                {**hostile(first, text), "id": 1 + nth}
                for nth, text in enumerate(texts)
            ],
            "note": "\n".join(texts),
            "tags": ", ".join(texts),
            "note_attributes": [
                {"name": text, "value": text} for text in texts
            ],
        }

    event = event_of(SAMPLE, STORES[STORE], say)
    headers = {**event.headers, "x-shopify-name": "\n".join(texts)}
    take(journal, replace(event, headers=headers))


def _tried(journal: Journal, text: str, nth: int) -> None:
    """Let the create be tried, and the target answer *text*."""
    dead = nth % 2 == 0
    send(
        journal,
        DeliveryState.DEAD if dead else DeliveryState.UNCERTAIN,
        claimed=claim_one(journal),
        phase=Phase.ANSWERED,
        answer=json.dumps({"error": text}) + text,
        reason=Reason(
            code="address_unsure" if dead else "timeout",
            text=text,
            where={"file": text, "line": text, "field": text},
        ),
    )


class Elements(HTMLParser):
    """What a page is made of, as a browser would take it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.words: list[str] = []

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Note an element or attribute that the console never has."""
        known = dict(attrs)
        if tag not in OURS:
            self.wrong.append(tag)
        for name, value in attrs:
            is_place = name in {"href", "src", "action", "formaction"}
            if name.startswith(("on", "hx-on", "style")) or (
                is_place and not _is_inside(value or "")
            ):
                self.wrong.append(f"{tag} {name}={value}")
        if tag == "script" and not str(known.get("src")).startswith(STATIC):
            self.wrong.append("script")

    def handle_data(self, data: str) -> None:
        """Keep what people read."""
        self.words.append(data)


STATIC = "/console/static/"
OURS = {
    "a", "article", "body", "button", "caption", "code", "dd", "details",
    "dialog", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "head",
    "header", "html", "input", "kbd", "label", "legend", "fieldset", "li",
    "link", "main", "meta", "nav", "ol", "optgroup", "option", "p", "pre",
    "script", "search", "section", "select", "small", "span", "strong",
    "summary", "table", "tbody", "td", "textarea", "th", "thead", "time",
    "title", "tr", "ul", "br", "q", "meter", "mark", "del", "ins", "em", "output", "tfoot",
}  # fmt: skip
"""The elements that our templates have."""


def _is_inside(address: str) -> bool:
    return address.startswith(("/console/", "#")) or address == ""


def read(text: str) -> Elements:
    """Return what a page is made of."""
    found = Elements()
    found.feed(text)
    return found
