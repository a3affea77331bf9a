"""The console in a real browser, over a running bridge and sandbox."""

from collections.abc import Iterator

import pytest

from bridge.demo.place import Place
from tests.browser.place import Chromium, Watched, grave_faults, leave, log_in
from tests.browser.place import watched as watch

PAGES = [
    "/console/",
    "/console/attention",
    "/console/orders/cafe-mx/6301458923713",
    "/console/events",
    "/console/events/1",
    "/console/deliveries",
    "/console/deliveries/1",
    "/console/search?q=1",
    "/console/targets",
    "/console/stores",
    "/console/mappings",
    "/console/mappings/cafe-mx-rayo",
    "/console/mappings/cafe-mx-rayo/compare",
    "/console/explain?mapping=cafe-mx-rayo&order=6301458923713",
    "/console/playground?mapping=cafe-mx-rayo&order=6301458923713",
]


@pytest.fixture(scope="module")
def shared(browser: Chromium, place: Place) -> Iterator[Watched]:
    """An operator's page for all that only looks."""
    one = watch(browser, place)
    log_in(one, place)
    yield one
    leave(one.page)


@pytest.mark.parametrize("path", PAGES)
def test_page_is_well_made(shared: Watched, path: str) -> None:
    """
    No page has a console error, a CSP report or a grave fault by axe-core.

    At 360 pixels nothing but a table's own region scrolls sideways.
    """
    page = shared.page
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert [] == grave_faults(page)
    page.set_viewport_size({"width": 360, "height": 740})
    assert 360 >= page.evaluate("document.documentElement.scrollWidth")
    assert [] == shared.faults


def test_first_visit_is_drawn_and_stays_fresh(watched: Watched) -> None:
    """
    The start page draws the last day, and renews itself while it is seen.
    """
    page = watched.page
    page.wait_for_selector("#drawing canvas")
    with page.expect_response("**/console/fragments/now") as answer:
        page.evaluate("document.body.dispatchEvent(new Event('fresh'))")
    assert 200 == answer.value.status
    page.wait_for_selector("text=Pendientes")


def test_languages(watched: Watched) -> None:
    """
    The browser's language is spoken first, and the chosen one from then on.
    """
    page = watched.page
    assert "Inicio" == page.inner_text("h1")
    page.select_option("select[name=language]", "en")
    page.click(".choices button")
    assert "Start" == page.inner_text("h1")
    page.goto("/console/events")
    assert "en" == page.get_attribute("html", "lang")


def test_keys(watched: Watched) -> None:
    """
    Keys find, move between rows, open one, go to pages and show help.
    """
    page = watched.page
    page.keyboard.press("?")
    assert page.is_visible("dialog#keys")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/console/events")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/events/*")
    page.keyboard.press("/")
    assert "find" == page.evaluate("document.activeElement.id")


def test_filters_share_their_address(watched: Watched) -> None:
    """
    What was chosen stands in the address, and is chosen again from it.
    """
    page = watched.page
    page.goto("/console/deliveries")
    page.select_option("select[name=state]", "succeeded")
    page.click(".filters button")
    assert "state=succeeded" in page.url
    page.goto(page.url)
    assert "succeeded" == page.input_value("select[name=state]")


def test_works_without_scripts(browser: Chromium, place: Place) -> None:
    """
    Logging in, reading, searching and filtering need no JavaScript.
    """
    one = watch(browser, place, java_script_enabled=False)
    log_in(one, place)
    one.page.click("text=Envíos")
    one.page.select_option("select[name=state]", "succeeded")
    one.page.click(".filters button")
    assert one.page.locator("tr[data-row]").count()
    one.page.fill("#find", "no such order")
    one.page.click(".find button")
    assert "No encontramos" in one.page.inner_text("main")
    leave(one.page)
