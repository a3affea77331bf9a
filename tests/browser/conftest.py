"""One bridge and one browser for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from bridge.demo.place import Place
from tests.browser.place import Watched, chromium, log_in, running_bridge
from tests.browser.place import watched as watch


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A running bridge that has taken all samples."""
    folder: Path = tmp_path_factory.mktemp("browser") / "place"
    with running_bridge(folder) as place:
        yield place


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium."""
    with sync_playwright() as playwright:
        found = chromium(playwright)
        yield found
        found.close()


@pytest.fixture
def watched(browser: Browser, place: Place) -> Iterator[Watched]:
    """An operator's page, logged in; nothing may go wrong in it."""
    one = watch(browser, place)
    log_in(one, place)
    yield one
    one.page.context.close()
    assert [] == one.faults
