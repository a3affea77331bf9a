"""What a person asks and holds, in a real browser over a running bridge."""

from axe_playwright_python.sync_playwright import Axe

from tests.browser.place import Watched

LONGEST_MS = 20_000
"""A question waits for fifteen seconds."""


def test_test_call_is_answered_without_reloading(watched: Watched) -> None:
    """
    The page waits for the worker, and then says what the target answered.
    """
    page = watched.page
    page.goto("/console/targets")
    page.click("#rayo-mx form[action$='/test'] button")
    page.wait_for_selector("#answer .good", timeout=LONGEST_MS)
    assert "/console/targets/rayo-mx/test/" in page.url
    assert "Contesta." in page.inner_text("#answer")
    found = Axe().run(page).response["violations"]
    assert [] == [
        one["id"] for one in found if one["impact"] in {"serious", "critical"}
    ]


def test_holds_and_lets_go(watched: Watched) -> None:
    """
    What is held until a time stands apart, and goes on with one press.
    """
    page = watched.page
    page.goto("/console/attention")
    page.click("article.attention summary >> nth=0")
    form = "article.attention details[open]"
    page.fill(f"{form} input[name=reason]", "espera al cliente")
    page.fill(f"{form} input[name=until]", "2030-01-02T09:30")
    page.click(f"{form} button[value=hold]")
    page.wait_for_url("**decided=**")
    assert "detenido por una persona" in page.inner_text("main")
    assert "2 ene 2030, 09:30:00" in page.inner_text("main")

    page.click("article.waits:not(.attention) summary")
    form = "article.waits:not(.attention) details[open]"
    page.fill(f"{form} input[name=reason]", "ya contestó")
    page.click(f"{form} button[value=release]")
    page.wait_for_url("**decided=**")
    assert "detenido por una persona" not in page.inner_text("main")
