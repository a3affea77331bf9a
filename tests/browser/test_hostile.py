"""What customers and targets write, in a real browser: nothing of it runs."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.browser.place import Chromium, leave, log_in, watched
from tests.browser.served import served
from tests.web.console.hostile import HOSTILE
from tests.web.console.hostile_world import ALL, STORE, hostile_web
from tests.web.doors import TOKEN

STORY = f"/console/orders/{STORE}/{ALL}"


@pytest.fixture(scope="module")
def page(
    browser: Chromium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """A page over a journal in which all is hostile."""
    file = tmp_path_factory.mktemp("hostile") / "bridge.db"
    app, journal = hostile_web(f"sqlite:///{file}")
    with served(app, TOKEN) as place:
        one = watched(browser, place)
        one.page.add_init_script("window.__hit = 0")
        log_in(one, place)
        yield one.page
        leave(one.page)
        assert [] == one.faults
    journal.close()


def is_harmless(page: Page) -> None:
    """Check that nothing ran, and that no element is anybody else's."""
    assert 0 == page.evaluate("window.__hit")
    odd = "img, svg, iframe, object, embed, base, style, video, audio, math"
    assert 0 == page.locator(odd).count()
    inline = "document.querySelectorAll('script:not([src])').length"
    assert 0 == page.evaluate(inline)


@pytest.mark.parametrize(
    "path",
    [
        "/console/",
        "/console/attention",
        "/console/attention?reason=address_unsure&limit=200",
        "/console/attention?reason=timeout&limit=200",
        "/console/events?limit=200",
        "/console/deliveries?limit=200",
        "/console/search?q=window",
        "/console/search?q=img",
        "/console/targets",
        "/console/stores",
        STORY,
    ],
)
def test_nothing_runs(page: Page, path: str) -> None:
    """
    Pages that show all sixty at once show them as text.
    """
    answer = page.goto(path)
    assert answer is not None
    assert answer.ok
    page.wait_for_load_state("networkidle")
    is_harmless(page)
    if "?" in path:
        assert page.locator("[data-row]").count() > 5


def test_nothing_runs_that_is_pressed(page: Page) -> None:
    """
    Nor do they when keys, the mouse and all folds are tried on them.
    """
    page.goto(STORY)
    for fold in page.locator("summary").all():
        fold.click()
    for key in ("j", "j", "k", "?", "Escape"):
        page.keyboard.press(key)
    page.mouse.move(300, 300)
    page.mouse.wheel(0, 2_000)
    is_harmless(page)


def test_nothing_runs_once_it_is_revealed(page: Page) -> None:
    """
    The customer's data, a webhook's body, and then beside now are text.
    """
    page.goto(STORY)
    page.click("form[action$='/reveal'] button")
    is_harmless(page)
    shown = page.inner_text("main")
    # JSON writes quotes and tabs in its own way.
    plain = [one for one in HOSTILE if not set(one) & {'"', "\t", "\r", "\\"}]
    assert len(plain) > len(HOSTILE) / 2
    for text in plain:
        assert text in shown

    page.goto(STORY)
    page.click("form[action$='/compare'] button >> nth=0")
    is_harmless(page)
    page.goto(STORY)
    page.click(".story a[href*='/console/events/']")
    page.click("form[action$='/reveal'] button")
    is_harmless(page)


def test_nothing_runs_where_it_was_sent(page: Page) -> None:
    """
    A delivery's page shows what was sent and answered, and why it waits.
    """
    page.goto(STORY)
    page.click("tr[data-row] a")
    page.wait_for_url("**/console/deliveries/*")
    page.click("form[action$='/reveal'] button")
    answered = page.inner_text("#tried ~ section pre >> nth=-1")
    assert HOSTILE[0] in answered
    is_harmless(page)


def test_nothing_runs_where_it_is_mended(page: Page) -> None:
    """
    The form that corrects an order has it in its fields, as it was written.
    """
    page.goto(STORY)
    page.click("form[action$='/mend'] button")
    is_harmless(page)
    assert HOSTILE[0] in page.inner_text("main")
    page.click("main form.stacked button")
    is_harmless(page)


def test_nothing_runs_that_is_looked_for(page: Page) -> None:
    """
    What is asked for in the address is shown as it was asked.
    """
    for text in HOSTILE[::4]:
        page.goto(f"/console/search?q={quote(text)}")
        if "/search" in page.url:  # and not at the one order it finds
            assert text.strip() == page.input_value("#find").strip()
        is_harmless(page)
