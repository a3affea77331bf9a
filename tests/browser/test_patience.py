"""What becomes of a Chromium that stands still."""

import os

import pytest
from playwright.sync_api import Error

from tests.browser.patience import patience
from tests.browser.place import Chromium


def test_who_waits_for_it_is_told(browser: Chromium) -> None:
    """The call that waited fails, it is said, and another Chromium runs."""
    page = browser.new_context().new_page()
    said: list[str] = []

    with (
        pytest.raises(Error, match="closed"),
        patience(os.getpid(), 0.5, said.append),
    ):
        page.evaluate("new Promise(() => {})")

    assert said == ["Chromium stood still"]

    another = browser.new_context().new_page()
    assert another.evaluate("1 + 1") == 2
    another.close()
