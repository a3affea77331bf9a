"""
Every page and every state of a form: by axe-core, in both themes, on a phone.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from bridge.model import MINUTE, DeliveryState, Instant
from tests.browser.place import Chromium, grave_faults, leave, log_in, watched
from tests.browser.test_decisions import INBOX, REAL, WHY, Desk, desk
from tests.factories import NOW

__all__ = ["desk"]

STORY = f"/console/orders/cafe-mx/{REAL}"
Reach = Callable[[Page, Desk], object]


@pytest.fixture(scope="module")
def page(browser: Chromium, desk: Desk) -> Iterator[Page]:
    """Ana's page, for all states; nothing may go wrong in it."""
    one = watched(browser, desk.place)
    log_in(one, desk.place)
    for code in ("address_unsure", "sku_unknown", "asked", "http_422"):
        desk.waits(code)
    desk.waits("timeout", state=DeliveryState.UNCERTAIN)
    yield one.page
    leave(one.page)
    # A refusal is told by its status, which Chromium writes down.
    assert [] == [said for said in one.faults if "status of 4" not in said]


def at(path: str) -> Reach:
    """Return how to come to a page by its address."""
    return lambda page, _desk: page.goto(path)


def folds_open(page: Page, _desk: Desk) -> None:
    """Open all that is folded in the inbox."""
    page.goto(INBOX)
    for fold in page.locator("summary").all():
        fold.click()


def mend(page: Page, desk: Desk) -> None:
    """Open the form that corrects."""
    page.goto(f"{INBOX}/{desk.waits().id}")
    page.get_by_role("button", name="Corregir y enviar").click()


def mend_refused(page: Page, desk: Desk) -> None:
    """Correct what can not be so."""
    mend(page, desk)
    page.fill("input[name='field.ship_to.state']", "Ningún lado")
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Corregir y enviar").click()


def decided(page: Page, desk: Desk) -> None:
    """Decide, and come back to the inbox."""
    page.goto(f"{INBOX}/{desk.waits('out_of_stock').id}")
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Ya está hecho").click()


def refused(page: Page, desk: Desk) -> None:
    """Decide on what somebody was faster with."""
    kept = desk.waits("out_of_stock")
    page.goto(f"{INBOX}/{kept.id}")
    page.fill("input[name=reason]", WHY)
    desk.journal.resolve(
        kept.id, decision="done", links={}, actor="luis", reason=WHY,
        if_version=kept.version, now=NOW,
    )  # fmt: skip
    page.get_by_role("button", name="Ya está hecho").click()


def preview(page: Page, desk: Desk) -> None:
    """Look at what would happen to all on a page."""
    page.goto(INBOX)
    page.get_by_role("button", name="todos los de esta").click()


def together(page: Page, desk: Desk) -> None:
    """Do it."""
    desk.waits("came_back")
    page.goto(f"{INBOX}?reason=came_back")
    page.get_by_role("button", name="todos los de esta").click()
    page.fill("input[name=reason]", WHY)
    page.locator("main form.stacked button").click()


def idle(page: Page, desk: Desk) -> None:
    """Act after a long while."""
    page.goto(f"{INBOX}/{desk.waits('out_of_stock').id}")
    page.fill("input[name=reason]", WHY)
    desk.clock.at = Instant(NOW + 20 * MINUTE)
    page.get_by_role("button", name="Ya está hecho").click()
    desk.clock.at = NOW


def story_shown(page: Page, _desk: Desk) -> None:
    """Show the customer's data."""
    page.goto(STORY)
    page.locator("form[action$='/reveal'] button").click()


def compare(page: Page, _desk: Desk) -> None:
    """Compare then and now."""
    page.goto(STORY)
    page.get_by_role("button", name="Comparar y reintentar").first.click()


def event_shown(page: Page, _desk: Desk) -> None:
    """Show a webhook's body."""
    page.goto("/console/events/1")
    page.locator("form[action$='/reveal'] button").click()


def redelivery_refused(page: Page, desk: Desk) -> None:
    """Send again what makes a second one, without saying so."""
    compare(page, desk)
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Reintentar").click()


def story_that_waits(page: Page, desk: Desk) -> None:
    """Look at an order that waits for a person."""
    page.goto(f"/console/orders/cafe-mx/{desk.waits().order_id}")


def keys(page: Page, _desk: Desk) -> None:
    """Ask for help."""
    page.goto("/console/")
    page.keyboard.press("?")


STATES: dict[str, Reach] = {
    "start": at("/console/"),
    "keys": keys,
    "inbox": at(INBOX),
    "inbox-open": folds_open,
    "inbox-one-reason": at(f"{INBOX}?reason=sku_unknown"),
    "inbox-nothing-of-it": at(f"{INBOX}?reason=pruned"),
    "mend": mend,
    "mend-refused": mend_refused,
    "decided": decided,
    "refused": refused,
    "preview": preview,
    "together": together,
    "idle": idle,
    "story": at(STORY),
    "story-that-waits": story_that_waits,
    "story-shown": story_shown,
    "compare": compare,
    "redelivery-refused": redelivery_refused,
    "event-shown": event_shown,
    "search-nothing": at("/console/search?q=nadie"),
    "search-empty": at("/console/search"),
    "problem-422": at("/console/events?since=x"),
    "problem-404": at("/console/nada"),
    "targets": at("/console/targets"),
    "stores": at("/console/stores"),
}


@pytest.mark.parametrize("name", STATES)
def test_state_is_well_made(page: Page, desk: Desk, name: str) -> None:
    """
    Nothing grave by axe-core, light or dark; nothing too wide for a phone.
    """
    page.set_viewport_size({"width": 1280, "height": 800})
    desk.clock.at = NOW
    STATES[name](page, desk)
    assert [] == grave_faults(page)
    page.set_viewport_size({"width": 360, "height": 740})
    assert 360 >= page.evaluate("document.documentElement.scrollWidth")


def test_login_is_well_made(browser: Chromium, desk: Desk) -> None:
    """
    So is the login, also when a token was wrong.
    """
    one = watched(browser, desk.place, viewport={"width": 360, "height": 740})
    page = one.page
    page.goto("/console/login")
    for _nth in range(2):
        assert [] == grave_faults(page)
        assert 360 >= page.evaluate("document.documentElement.scrollWidth")
        page.fill("input[name=token]", "no es mi token")
        page.click("main button")
    leave(page)
