"""One bridge and one browser for all tests here."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from bridge.demo.place import Place
from tests.browser.patience import patience
from tests.browser.place import (
    Chromium,
    Watched,
    leave,
    log_in,
    running_bridge,
)
from tests.browser.place import watched as watch

LONGEST_S = 60
"""A test takes five seconds, and twenty on a busy machine."""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A running bridge that has taken all samples."""
    folder: Path = tmp_path_factory.mktemp("browser") / "place"
    with running_bridge(folder) as place:
        yield place


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """The machine's Chromium, and another when that was ended."""
    with sync_playwright() as playwright:
        found = Chromium(playwright)
        yield found
        found.close()


@pytest.fixture(autouse=True)
def _not_for_ever(request: pytest.FixtureRequest) -> Iterator[None]:
    def say(what: str) -> None:
        where = f"{what} in {request.node.name}"
        print(f"\n{where}", file=sys.__stderr__, flush=True)

    with patience(os.getpid(), LONGEST_S, say):
        yield


@pytest.fixture
def watched(browser: Chromium, place: Place) -> Iterator[Watched]:
    """An operator's page, logged in; nothing may go wrong in it."""
    one = watch(browser, place)
    log_in(one, place)
    yield one
    leave(one.page)
    assert [] == one.faults
