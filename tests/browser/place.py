"""A running bridge with a sandbox, and a browser that looks at it."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from bridge.commands.files import look_at
from bridge.compose import monotonic, random_secret
from bridge.demo.place import Place, make_place
from bridge.demo.running import await_settled, running
from bridge.journal.opening import open_journal
from bridge.samples import Samples, send, store_of
from tests.browser.served import Served

MISSING = (
    "Chromium is missing: install it (Debian: apt-get install chromium), or"
    " put a `chromium` into PATH"
)
GRAVE = {"serious", "critical"}
"""What axe-core calls faults that keep people from using a page."""

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


@dataclass
class Watched:
    """A page, and all that went wrong in it."""

    page: Page
    faults: list[str] = field(default_factory=list)


class Chromium:
    """The machine's own, and another when that has gone."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._browser: Browser | None = None

    def new_context(self, **context: Any) -> BrowserContext:
        """Return a new person's window, as Playwright's browsers do."""
        if self._browser is None or not self._browser.is_connected():
            self._browser = _found(self._playwright)
        return self._browser.new_context(**context)

    def close(self) -> None:
        """End it."""
        if self._browser is not None:
            self._browser.close()


def _found(playwright: Playwright) -> Browser:
    """Return the machine's own Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        sys.exit(MISSING)
    return playwright.chromium.launch(executable_path=found, args=FLAGS)


@contextmanager
def running_bridge(folder: Path) -> Iterator[Place]:
    """Run a bridge that has taken all samples, against a sandbox."""
    place = make_place(folder, Path("mappings"), random_secret=random_secret)
    with running(place, monotonic=monotonic):
        send_samples(place)
        yield place


def send_samples(place: Place) -> None:
    """Send all samples, and wait until nothing moves any more."""
    files = look_at(place.mappings, place.environ)
    samples = Samples(place.mappings)
    for name in samples.names():
        sample = samples.sample(name)
        store = store_of(sample, files.stores)
        assert store is not None
        send(sample, store, url=place.url)
    journal = open_journal(place.environ["BRIDGE_DATABASE"])
    await_settled(journal, monotonic=monotonic)
    journal.close()


def watched(
    browser: Chromium, place: Place | Served, **context: Any
) -> Watched:
    """Return a new person's page; what goes wrong in it is kept."""
    chosen = {"locale": "es-MX", **context}
    page = browser.new_context(base_url=place.url, **chosen).new_page()
    one = Watched(page)
    page.on("pageerror", lambda error: one.faults.append(str(error)))
    page.on(
        "console",
        lambda said: (
            one.faults.append(said.text)
            if said.type in {"error", "warning"}
            else None
        ),
    )
    page.on("dialog", lambda dialog: one.faults.append(dialog.message))
    return one


def log_in(one: Watched, place: Place | Served) -> None:
    """Give the token."""
    one.page.goto("/console/login")
    one.page.fill("input[name=token]", place.token)
    one.page.click("main button")
    one.page.wait_for_url("**/console/")


def leave(page: Page) -> None:
    """
    Close a person's window, once what was asked for has come.

    Closed while a page was still coming, Chromium was seen to stand still.
    """
    page.wait_for_load_state()
    page.context.close()


def grave_faults(page: Page) -> list[tuple[str, str, list[str]]]:
    """Return what axe-core finds in a page, by theme."""
    grave = []
    for theme in ("light", "dark"):
        # Colours that are still on their way are not what people see.
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.wait_for_timeout(60)
        found = Axe().run(page).response["violations"]
        grave += [
            (theme, one["id"], [node["html"] for node in one["nodes"]][:3])
            for one in found
            if one["impact"] in GRAVE
        ]
    return grave
