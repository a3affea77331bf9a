"""Mappings in a real browser: explained, compared, tried."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from bridge.demo.place import Place
from tests.browser.place import Chromium, Watched, leave, log_in
from tests.browser.place import watched as watch

NAME = "cafe-mx-rayo"
ORDER = "6301458923713"
MAPPING = f"/console/mappings/{NAME}"
GRAVE = {"serious", "critical"}
LANGUAGES = [("es-MX", "es"), ("en", "en")]
SAID = {
    "es": (
        "Explicar", "Mostrarlo", "Se revisaron", "no se envía",
        "¿quisiste decir 'total'?",
    ),
    "en": (
        "Explain", "Show it", "Looked at", "left out",
        "did you mean 'total'?",
    ),
}  # fmt: skip


def grave_faults(page: Page) -> list[str]:
    """Return what axe-core finds grave on a page."""
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in GRAVE]


def wide(page: Page) -> int:
    """Return how wide a page is, in pixels."""
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def explain(page: Page) -> None:
    """Fill in the form, by the order's number."""
    page.goto(f"/console/explain?mapping={NAME}")
    page.fill("input[name=order]", ORDER)
    page.click("main form.filters button")


def compare(page: Page) -> None:
    """Change the text and compare it."""
    page.goto(f"{MAPPING}/compare")
    text = page.input_value("textarea[name=text]")
    page.fill("textarea[name=text]", text.replace("NACIONAL", "EXPRESS"))
    page.click("button[value=text]")


def attempt(page: Page, text: str) -> None:
    """Type an expression and try it."""
    page.goto(f"/console/playground?mapping={NAME}&order={ORDER}")
    page.fill("textarea[name=text]", text)
    page.click("form.wide button")


@pytest.fixture(params=LANGUAGES, ids=lambda one: one[1])
def speaking(
    browser: Chromium, place: Place, request: pytest.FixtureRequest
) -> Watched:
    """An operator's page in one of the languages."""
    locale, _language = request.param
    one = watch(browser, place, locale=locale)
    log_in(one, place)
    return one


def test_explains_in_both_languages(speaking: Watched) -> None:
    """
    The customer's data comes when it is asked for.
    """
    page = speaking.page
    explain(page)
    words = SAID[page.get_attribute("html", "lang") or ""]
    assert words[0] in page.inner_text("h1")
    assert "•••" in page.inner_text("main")
    assert [] == grave_faults(page)
    page.click(f"text={words[1]}")
    assert "Álvaro Obregón" in page.inner_text("main")
    leave(page)
    assert [] == speaking.faults


def test_compares_in_both_languages(speaking: Watched) -> None:
    """
    The field that would be another, and how many orders were looked at.
    """
    page = speaking.page
    compare(page)
    words = SAID[page.get_attribute("html", "lang") or ""]
    text = page.inner_text("main")
    assert words[2] in text
    assert "EXPRESS" in text
    assert [] == grave_faults(page)
    leave(page)
    assert [] == speaking.faults


def test_tries_in_both_languages(speaking: Watched) -> None:
    """
    A value, nothing at all, and a slip with its place.
    """
    page = speaking.page
    attempt(page, "cents(total)")
    assert "117705" in page.inner_text("main dl")
    assert [] == grave_faults(page)
    attempt(page, "cancel_reason")
    words = SAID[page.get_attribute("html", "lang") or ""]
    assert words[3] in page.inner_text("main dl")
    attempt(page, "cents(totl)")
    assert words[4] in page.inner_text("main [role=alert]")
    leave(page)
    assert [] == speaking.faults


@pytest.mark.parametrize("act", [explain, compare])
def test_works_without_scripts(
    browser: Chromium, place: Place, act: object
) -> None:
    """
    Explaining, comparing and trying need no JavaScript.
    """
    assert callable(act)
    one = watch(browser, place, java_script_enabled=False)
    log_in(one, place)
    act(one.page)
    assert "NACIONAL" in one.page.inner_text("main")
    attempt(one.page, "words(ship_to.street, id)")
    one.page.click("text=Mostrarlo")
    assert "Álvaro Obregón" in one.page.inner_text("main")
    leave(one.page)


@pytest.mark.parametrize("act", [explain, compare])
def test_answers_fit_a_phone(watched: Watched, act: object) -> None:
    """
    At 360 pixels only a table's own region scrolls sideways.
    """
    assert callable(act)
    watched.page.set_viewport_size({"width": 360, "height": 740})
    act(watched.page)
    assert wide(watched.page) <= 360
    attempt(watched.page, "lines")
    assert wide(watched.page) <= 360


def test_keys_go_to_the_mappings(watched: Watched) -> None:
    """
    `g` and `m` lead to the list, and Enter opens a file.
    """
    page = watched.page
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/console/mappings")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/mappings/*")


def test_nothing_typed_runs(watched: Watched) -> None:
    """
    What is typed into the forms is shown as text.
    """
    page = watched.page
    page.add_init_script("window.__hit = 0")
    hostile = '</textarea><img src=x onerror="window.__hit=1">'
    attempt(page, hostile)
    assert 0 == page.evaluate("window.__hit")
    assert hostile == page.input_value("textarea[name=text]")
    page.goto(f"{MAPPING}/compare")
    page.fill("textarea[name=text]", f"# {hostile}")
    with page.expect_response("**/compare") as answer:
        page.click("button[value=text]")
    assert 422 == answer.value.status
    assert 0 == page.evaluate("window.__hit")
    watched.faults[:] = [one for one in watched.faults if "422" not in one]
