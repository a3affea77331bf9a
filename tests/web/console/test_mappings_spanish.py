"""Pages of mappings, for who reads Spanish."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import DeliveryFilter, Journal
from bridge.mapping.document import hash_of
from bridge.model import DAY
from bridge.settings import load_cases
from tests.factories import later
from tests.mapping import FOLDER
from tests.mapping.test_cases import run
from tests.mapping.test_shipped import CATALOG, STORES
from tests.orders_of import event_of, take
from tests.test_mappings_command import NAME, edit
from tests.web.console.hostile import HOSTILE
from tests.web.console.hostile_world import read
from tests.web.console.test_mappings import (
    COMPARE,
    EXPLAIN,
    LIST,
    ORDER,
    PAGE,
    PAID,
    attempt,
    browser,
    clock,
    file,
    folder,
    page,
    send,
)
from tests.web.console.test_spanish import Spoken, english

QUESTION = "Rayo has no cancel call."
"""Of the mapping, in its own words."""
CASES = {one.name for one in run(load_cases(FOLDER)[NAME].text, NAME)}
"""Names of its cases."""
__all__ = ["browser", "clock", "file", "folder"]


@pytest.fixture
def ana(browser: FlaskClient) -> FlaskClient:
    """A browser that speaks Spanish."""
    browser.set_cookie("bridge_language", "es", path="/console")
    return browser


def is_spanish(text: str) -> None:
    """Check that a page says nothing in English but what a file's words are."""
    spoken = Spoken()
    spoken.feed(re.sub(r"&#39;.*?&#39;|`.*?`", "", text))
    left = {*english(spoken)} - CASES
    assert set() == {one for one in left if QUESTION not in one}
    assert [] == re.findall(r'<(?!option)[^>]* lang="en".*', text)


def test_a_broken_file(ana: FlaskClient, file: Path) -> None:
    """
    In the list, on its page and beside the line.
    """
    edit(file, "= ship_to.city", "= ship_to.citi")
    for path in (LIST, PAGE):
        text = page(ana, path)
        assert "¿quisiste decir &#39;city&#39;?" in text
        is_spanish(text)


def test_a_case_that_fails(ana: FlaskClient, file: Path) -> None:
    """
    What was expected and what came.
    """
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    text = page(ana, PAGE)
    assert "se esperaba &#39;NACIONAL&#39; y salió &#39;EXPRESS&#39;" in text
    is_spanish(text)


def test_an_order_explained(ana: FlaskClient, journal: Journal) -> None:
    """
    By the text in force, by that of then, and by one that can not send it;
    also where it is compared before it is sent again.
    """
    is_spanish(page(ana, EXPLAIN, mapping=NAME, order=ORDER))
    (delivery,) = [
        one
        for one in journal.deliveries(DeliveryFilter(), before=None, limit=9)
        if one.mapping == NAME
    ]
    text = CATALOG.mappings[NAME].text
    edited = text.replace("= ship_to.city", "= decimal(ship_to.city, `2`)")
    journal.put_in_force(NAME, hash_of(edited), edited, later(1))
    for told in (
        page(ana, EXPLAIN, delivery=str(delivery.id)),
        page(ana, EXPLAIN, mapping=NAME, order=ORDER),
        send(ana, f"/console/deliveries/{delivery.id}/compare").text,
    ):
        assert "necesita una cantidad como 1499.00" in told
        is_spanish(told)


def test_a_text_compared(ana: FlaskClient) -> None:
    """
    What is wrong with it, and why calls would fail.
    """
    text = CATALOG.mappings[NAME].text
    wrong = text.replace("= ship_to.city", "= null_city")
    breaks = text.replace("= ship_to.city", "= cancel_reason")
    for typed, said in (
        (wrong, "no hay ningún campo &#39;null_city&#39;"),
        (breaks, "no dio nada con este pedido"),
    ):
        told = send(ana, COMPARE, of="text", text=typed).text
        assert said in told
        is_spanish(re.sub(r"(?s)<textarea.*?</textarea>", "", told))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("cents(\n totl)", "¿quisiste decir &#39;total&#39;?"),
        ("cents(ship_to.city)", "cents necesita una cantidad como 1499.00"),
        ("x" * 9_000, "tiene más de 8000 caracteres"),
        ("cents(total)", "Dinero como número entero de centavos"),
    ],
)
def test_an_expression_tried(ana: FlaskClient, typed: str, told: str) -> None:
    """
    What is wrong with it, why it fails, and what may stand in it.
    """
    text = attempt(ana, typed).text
    assert told in text
    is_spanish(text)


def test_an_order_of_which_nothing_is_left(
    ana: FlaskClient, journal: Journal
) -> None:
    """
    It is pruned, and neither explained nor tried; what to do is said.
    """

    def unpaid(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "id": 77, "financial_status": "pending"}

    take(journal, event_of(PAID, STORES["cafe-mx"], unpaid))
    while journal.prune(later(90 * DAY), before=later(60 * DAY), limit=9):
        pass
    for text in (
        page(ana, EXPLAIN, mapping=NAME, order="77"),
        attempt(ana, "id", order="77").text,
    ):
        assert "Guarda el pedido otra vez en la tienda." in text
        is_spanish(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_in_a_sentence_stay_words(
    ana: FlaskClient, text: str
) -> None:
    """
    Wherever a sentence quotes what was typed.
    """
    for typed in (
        text,
        f"lookup('{text}', id)",
        f"first({text})",
        f'"{text}"',
    ):
        assert [] == read(attempt(ana, typed).text).wrong
