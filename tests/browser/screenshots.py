"""Pictures of each page, in both languages and both themes."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.broken import break_orders, edited, trial_bridge
from tests.browser.place import Chromium, log_in, send_samples, watched

FOLDER = Path("docs/console")
PAGES = {
    "start": "/console/",
    "attention": "/console/attention",
    "one-reason": "/console/attention?reason=sku_unknown",
    "order": "/console/orders/cafe-mx/6400000001003",
    "search": "/console/search?q=1",
    "events": "/console/events",
    "deliveries": "/console/deliveries",
    "delivery": "/console/deliveries/1",
    "targets": "/console/targets",
    "stores": "/console/stores",
    "mappings": "/console/mappings",
    "mapping": "/console/mappings/cafe-mx-rayo",
    "explain": "/console/explain?mapping=cafe-mx-rayo&order=6301458923713",
    "compare": "/console/mappings/cafe-mx-rayo/compare",
    "playground": (
        "/console/playground?mapping=cafe-mx-rayo&order=6301458923713"
    ),
}
COLOURS = 64


def changed(page: Page) -> None:
    """Compare a text in which something was changed."""
    typed = page.input_value("textarea[name=text]")
    text = typed.replace("NACIONAL", "EXPRESS")
    page.fill("textarea[name=text]", text)
    page.click("button[name=of][value=text]")


def tried(page: Page) -> None:
    """Try an expression that reads a customer's data, too."""
    page.fill("textarea[name=text]", "words(ship_to.city, cents(total))")
    page.click("form.wide button")


FILLED = {"compare": changed, "playground": tried}
"""What is done on a page before it is drawn."""


def small(png: bytes, file: Path) -> None:
    """Keep a picture with few colours, which is enough for pages."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS).save(file, optimize=True)


def main() -> None:
    """Make all pictures anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory() as folder,
        trial_bridge(Path(folder) / "place", edited) as place,
        sync_playwright() as playwright,
    ):
        send_samples(place)
        break_orders(place)
        browser = Chromium(playwright)
        for language in ("es-MX", "en"):
            for theme in ("light", "dark"):
                one = watched(
                    browser,
                    place,
                    locale=language,
                    color_scheme=theme,
                    viewport={"width": 1280, "height": 800},
                )
                log_in(one, place)
                for name, path in PAGES.items():
                    one.page.goto(path)
                    FILLED.get(name, lambda _page: None)(one.page)
                    one.page.wait_for_load_state("networkidle")
                    file = FOLDER / f"{name}-{language[:2]}-{theme}.png"
                    small(one.page.screenshot(), file)
        browser.close()


if __name__ == "__main__":
    main()
