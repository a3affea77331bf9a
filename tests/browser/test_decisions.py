"""Each decision of the console in a real browser, with and without scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.model import MINUTE, Delivery, DeliveryState, Instant, Phase
from bridge.web.factory import create_web
from tests.browser.place import Chromium, Watched, leave, log_in, watched
from tests.browser.served import Served, served
from tests.factories import NOW, STORE
from tests.journal.steps import claim_one, send
from tests.mapping.test_shipped import CATALOG, STORES, TARGETS
from tests.orders_of import event_of, planner, take
from tests.web.console.inboxes import waits
from tests.web.doors import OTHER_TOKEN, TOKEN, settings

S = DeliveryState
WHY = "lo vi en el panel"
INBOX = "/console/attention"
SAMPLE = "shopify-mx-orders-paid-multiline"
REAL = "6301458923713"


class Clock:
    """A clock that stands until it is moved."""

    at = NOW

    def __call__(self) -> Instant:
        """Return the time."""
        return self.at


@dataclass
class Desk:
    """A console with a journal, its clock, and numbers for new orders."""

    journal: Journal
    clock: Clock
    place: Served
    orders: int = 0

    def waits(self, code: str = "address_unsure", **changes: Any) -> Delivery:
        """Let one more order wait for a person."""
        self.orders += 1
        return waits(
            self.journal, code, order_id=f"80{self.orders:03d}", **changes
        )

    def state(self, one: Delivery) -> DeliveryState:
        """Return what became of it."""
        found = self.journal.delivery(one.id)
        assert found is not None
        return found.state

    def reasons(self, one: Delivery) -> list[tuple[str, str]]:
        """Return who decided on its order, and why."""
        story = self.journal.story(one.store, one.order_id)
        assert story is not None
        return [(entry.actor, entry.reason) for entry in story.audit]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One console for all tests here; each brings its own orders."""
    file = tmp_path_factory.mktemp("desk") / "bridge.db"
    journal = open_journal(f"sqlite:///{file}")
    journal.migrate()
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    clock = Clock()
    app = create_web(
        settings=settings(),
        stores=lambda: STORES,
        targets=lambda: TARGETS,
        journal=journal,
        now=clock,
    )
    take(journal, event_of(SAMPLE, STORES["cafe-mx"]))
    send(
        journal,
        S.SUCCEEDED,
        claimed=claim_one(journal),
        phase=Phase.ANSWERED,
        answer='{"orden": {"ordenRef": "909521d0"}}',
    )
    with served(app, TOKEN) as place:
        yield Desk(journal, clock, place)
    journal.close()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def one(
    request: pytest.FixtureRequest, browser: Chromium, desk: Desk
) -> Iterator[Watched]:
    """Ana, logged in; her browser runs scripts, or does not."""
    desk.clock.at = NOW
    found = watched(browser, desk.place, java_script_enabled=request.param)
    log_in(found, desk.place)
    yield found
    leave(found.page)
    # A refusal is told by its status, which Chromium writes down.
    told = [fault for fault in found.faults if "status of 4" not in fault]
    assert [] == told


@pytest.fixture
def page(one: Watched) -> Page:
    """Ana's page."""
    return one.page


def open_forms(page: Page, delivery: Delivery) -> Any:
    """Go to where a delivery waits; return the part with its forms."""
    page.goto(f"{INBOX}/{delivery.id}")
    return page.locator("main")


def confirmed(page: Page) -> str:
    """Return what the page says was done."""
    return page.inner_text("[role=status].good")


@pytest.mark.parametrize(
    ("press", "state"),
    [
        ("Reintentar", S.PENDING),
        ("Ya está hecho", S.SUCCEEDED),
        ("Omitir", S.CANCELLED),
    ],
)
def test_decision_of_the_inbox(
    page: Page, desk: Desk, press: str, state: DeliveryState
) -> None:
    """
    It is done with its reason, and told; without scripts, too.
    """
    kept = desk.waits("out_of_stock")
    page.goto(INBOX)
    part = page.locator("article.waits", has_text=kept.order_id)
    part.locator("summary").click()
    part.locator("input[name=reason]").fill(WHY)
    part.get_by_role("button", name=press).click()
    assert WHY in confirmed(page)
    assert (state, [("ana", WHY)]) == (desk.state(kept), desk.reasons(kept))


def test_exists_with_its_id(page: Page, desk: Desk) -> None:
    """
    Its id is asked for where later calls need it, and kept.
    """
    kept = desk.waits("timeout", state=S.UNCERTAIN)
    main = open_forms(page, kept)
    main.locator("input[name=reason]").fill(WHY)
    main.get_by_role("button", name="Ya existe allá").click()
    assert page.locator("[role=alert]").count()
    assert S.UNCERTAIN is desk.state(kept)

    main.locator("input[name='link.rayo_order']").fill("9095-a")
    main.locator("input[name=reason]").fill(WHY)
    main.get_by_role("button", name="Ya existe allá").click()
    assert WHY in confirmed(page)
    story = desk.journal.story(STORE, kept.order_id)
    assert story is not None
    assert ["9095-a"] == [link.value for link in story.links]


def test_address_is_corrected(page: Page, desk: Desk) -> None:
    """
    What the customer wrote stands beside what we read; it goes out mended.
    """
    kept = desk.waits()
    main = open_forms(page, kept)
    main.get_by_role("button", name="Corregir y enviar").click()
    assert "Secreta 12" in page.inner_text("main")
    page.fill("input[name='field.ship_to.exterior_number']", "12")
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Corregir y enviar").click()
    assert WHY in confirmed(page)
    (event,) = [
        one
        for one in desk.journal.unplanned(50)
        if kept.order_id.encode() in one.body
    ]
    assert b'"ship_to.exterior_number":"12"' in event.body


def test_sku_is_corrected_and_sent(page: Page, desk: Desk) -> None:
    """
    What was refused is sent again once its correction was read.
    """
    kept = desk.waits("sku_unknown", state=S.DEAD)
    main = open_forms(page, kept)
    main.get_by_role("button", name="Corregir y enviar").click()
    page.fill("input[name='field.lines.7.sku']", "TAZA-2")
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Corregir y enviar").click()
    while planner(desk.journal).run_once():
        pass
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Reintentar").click()
    assert WHY in confirmed(page)
    assert S.PENDING is desk.state(kept)


def test_wrong_correction_keeps_what_was_typed(page: Page, desk: Desk) -> None:
    """
    What can not be is said, and nothing has to be typed again.
    """
    kept = desk.waits()
    main = open_forms(page, kept)
    main.get_by_role("button", name="Corregir y enviar").click()
    page.fill("input[name='field.ship_to.state']", "Ningún lado")
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Corregir y enviar").click()
    assert page.locator("[role=alert]").count()
    typed = page.input_value("input[name='field.ship_to.state']")
    assert "Ningún lado" == typed
    assert WHY == page.input_value("input[name=reason]")
    assert S.HELD is desk.state(kept)


def test_many_at_once_after_a_look(page: Page, desk: Desk) -> None:
    """
    The preview does nothing and names each; then all are done, with why.
    """
    kept = [desk.waits("came_back") for _nth in range(3)]
    page.goto(f"{INBOX}?reason=came_back")
    for one in kept[:2]:
        page.check(f"input[name=chosen][value='{one.id}:{one.version}']")
    page.select_option("select[name=decision]", "cancel")
    page.get_by_role("button", name="los elegidos").click()
    assert "Todavía no se hace nada" in page.inner_text("main")
    assert [S.HELD] * 3 == [desk.state(one) for one in kept]

    page.fill("input[name=reason]", WHY)
    page.locator("main form.stacked button").click()
    assert "2" in confirmed(page)
    wanted = [S.CANCELLED, S.CANCELLED, S.HELD]
    assert wanted == [desk.state(one) for one in kept]
    assert [("ana", WHY)] == desk.reasons(kept[0])


def test_second_person_is_told_who_was_first(
    page: Page, desk: Desk, browser: Chromium
) -> None:
    """
    Two people look at one order: only the first decision counts.
    """
    kept = desk.waits("timeout", state=S.UNCERTAIN)
    main = open_forms(page, kept)
    luis = watched(browser, desk.place).page
    luis.goto("/console/login")
    luis.fill("input[name=token]", OTHER_TOKEN)
    luis.click("main button")
    his = open_forms(luis, kept)
    his.locator("input[name=reason]").fill("ya lo cancelaron")
    his.get_by_role("button", name="Omitir").click()
    leave(luis)

    main.locator("input[name=reason]").fill(WHY)
    main.get_by_role("button", name="Ya está hecho").click()
    text = page.inner_text("main")
    for word in ("No se hizo nada", "luis", "ya lo cancelaron"):
        assert word in text
    assert S.CANCELLED is desk.state(kept)
    assert [("luis", "ya lo cancelaron")] == desk.reasons(kept)


def test_redelivers_from_the_story(page: Page, desk: Desk) -> None:
    """
    What was sent stands beside what would be sent; a second one is no slip.
    """
    page.goto(f"/console/orders/cafe-mx/{REAL}")
    page.get_by_role("button", name="Comparar y reintentar").first.click()
    beside = page.locator(".beside section").all_inner_texts()
    assert 2 == len(beside)
    assert "consumidor_destino" in beside[1]
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Reintentar").click()
    assert page.locator("[role=alert]").count()

    page.goto(f"/console/orders/cafe-mx/{REAL}")
    page.get_by_role("button", name="Comparar y reintentar").last.click()
    page.fill("input[name=reason]", WHY)
    page.get_by_role("button", name="Reintentar").click()
    assert "Listo" in confirmed(page)
    assert WHY in page.inner_text("main")


def test_reveals_a_customers_data(page: Page) -> None:
    """
    It is hidden until somebody asks, in the story and in a webhook.
    """
    page.goto(f"/console/orders/cafe-mx/{REAL}")
    assert "José María" not in page.inner_text("body")
    page.locator("form[action$='/reveal'] button").click()
    assert "José María" in page.inner_text("main")
    page.goto("/console/events/1")
    assert "José María" not in page.inner_text("body")
    page.locator("form[action$='/reveal'] button").click()
    assert "Álvaro Obregón" in page.inner_text("main pre")


def test_comes_in_and_goes_out(page: Page) -> None:
    """
    A wrong token is told so; after logging out nothing is seen.
    """
    page.get_by_role("button", name="Salir").click()
    page.goto("/console/attention")
    assert page.url.endswith("/console/login")
    page.fill("input[name=token]", "no es mi token")
    page.click("main button")
    assert page.locator("[role=alert]").count()
    page.fill("input[name=token]", TOKEN)
    page.click("main button")
    assert page.url.endswith("/console/")


def test_who_was_idle_gives_the_token_and_loses_nothing(
    page: Page, desk: Desk
) -> None:
    """
    After a while without an act the token is asked for once more.

    What was filled in is done then.
    """
    kept = desk.waits("out_of_stock")
    main = open_forms(page, kept)
    main.locator("input[name=reason]").fill(WHY)
    desk.clock.at = Instant(NOW + 20 * MINUTE)
    main.get_by_role("button", name="Ya está hecho").click()
    assert "¿" in page.inner_text("h1")
    assert S.HELD is desk.state(kept)
    page.fill("input[name=token]", TOKEN)
    page.click("main form button")
    assert WHY in confirmed(page)
    assert S.SUCCEEDED is desk.state(kept)


def test_target_is_paused_and_resumed(page: Page, desk: Desk) -> None:
    """
    With a reason, which stands on its page.
    """
    desk.journal.pin_target("yuju-mx", "yuju.example")
    for press in ("Pausar", "Volver a enviarle"):
        page.goto("/console/targets")
        part = page.locator("#yuju-mx")
        part.locator("input[name=reason]").fill(f"{WHY} {press}")
        part.get_by_role("button", name=press).click()
        assert f"{WHY} {press}" in page.locator("#yuju-mx").inner_text()
    (row,) = [one for one in desk.journal.targets() if one.name == "yuju-mx"]
    assert not row.paused
