"""
Ten orders that are broken in ten ways, settled by an operator.

She knows nothing but the console: each time she begins on its first page,
and what she presses is counted. Filling in a field is no click.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from bridge.demo.place import Place
from tests.browser.broken import (
    LUIS,
    UNCLEAR_MX,
    WRONG_LINE,
    YUJU_FILE,
    Shops,
    await_rest,
    break_orders,
    edited,
    fail,
    put_right,
    record,
    trial_bridge,
)
from tests.browser.place import Chromium, leave, log_in, watched

WHY = "hablé con el cliente"
PANEL_ID = "909521d0-e398-4701-b393-ddfd07ce24f9"


@dataclass
class Operator:
    """Somebody at the console, and how often she pressed something."""

    page: Any
    clicks: int = 0

    def press(self, what: Locator) -> None:
        """Press it."""
        what.click()
        self.clicks += 1

    def group(self, target: str, reason: str) -> None:
        """Go from the first page to all that waits for one reason."""
        self.page.goto("/console/")
        row = self.page.locator("tr", has_text=target).filter(has_text=reason)
        self.press(row.get_by_role("link", name=reason))

    def of(self, name: str) -> Locator:
        """Return the part of the inbox that is about one order."""
        heading = self.page.get_by_role("link", name=name, exact=True)
        found: Locator = self.page.locator("article.waits").filter(has=heading)
        return found

    def decide(self, part: Locator, press: str, **fields: str) -> None:
        """Fill in a form of a part of the page, and press one button."""
        part.locator("input[name=reason]").last.fill(WHY)
        for name, value in fields.items():
            part.locator(f"input[name='{name}']").fill(value)
        self.press(part.get_by_role("button", name=press))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A bridge with eight orders that wait for a person."""
    folder = tmp_path_factory.mktemp("trial") / "place"
    with trial_bridge(folder, edited) as place:
        break_orders(place)
        yield place


@pytest.fixture
def operator(browser: Chromium, place: Place) -> Iterator[Operator]:
    """An operator who has just logged in; nothing may go wrong in her page."""
    one = watched(browser, place)
    one.page.set_default_timeout(10_000)
    log_in(one, place)
    yield Operator(one.page)
    leave(one.page)
    assert [] == one.faults


def created_at_rayo(place: Place, sku: str) -> list[Any]:
    """Return the orders at Rayo that have a product."""
    orders = record(place)["applied"]["rayo"]["orders"].values()
    return [one for one in orders if sku in str(one["body"]["productos"])]


def created_at_every(place: Place, order_id: str) -> list[Any]:
    """Return the orders at Every that are one of a shop's."""
    orders = record(place)["applied"]["every"]["orders"].values()
    return [one for one in orders if one["referenceId"] == order_id]


def moves_at_yuju(place: Place, order_id: str) -> list[str]:
    """Return the states that an order was told to be in, at Yuju."""
    orders = record(place)["applied"]["yuju"]["orders"].values()
    return [
        move["status"]
        for one in orders
        if one["id_order"] == order_id
        for move in one["moves"]
    ]


def test_mexican_address_is_corrected(
    operator: Operator, place: Place
) -> None:
    """
    Who sees what the customer wrote corrects it, and it goes out.
    """
    operator.group("rayo-mx", "dirección dudosa")
    operator.press(
        operator.of("#1001").get_by_role("button", name="Corregir y enviar")
    )
    assert UNCLEAR_MX in operator.page.inner_text("main")
    form = operator.page.locator("form.stacked")
    operator.decide(
        form,
        "Corregir y enviar",
        **{"field.ship_to.neighbourhood": "Narnia"},
    )
    expect(operator.page.locator("[role=status].good")).to_contain_text(WHY)
    await_rest(place)

    (order,) = [
        one
        for one in record(place)["applied"]["rayo"]["orders"].values()
        if one["body"]["consumidor_destino"]["colonia"] == "Narnia"
    ]
    assert "Juárez" == order["body"]["consumidor_destino"]["calle"]
    assert operator.clicks <= 3


def test_colombian_address_is_corrected(
    operator: Operator, place: Place
) -> None:
    """
    So it is in Colombia.
    """
    operator.group("every-co", "dirección dudosa")
    operator.press(
        operator.of("#2001").get_by_role("button", name="Corregir y enviar")
    )
    form = operator.page.locator("form.stacked")
    street = {"field.ship_to.street": "Calle 5 # 12-34"}
    operator.decide(form, "Corregir y enviar", **street)
    await_rest(place)

    (order,) = created_at_every(place, "6500000002001")
    lines = order["recipient"]["address"]["addressLines"]
    assert ["Calle 5 # 12-34"] == lines
    assert operator.clicks <= 3


def test_sku_is_corrected(operator: Operator, place: Place) -> None:
    """
    A SKU that Rayo does not know is made one that it knows.
    """
    operator.group("rayo-mx", "Rayo no conoce el SKU")
    operator.press(
        operator.of("#1002").get_by_role("button", name="Corregir y enviar")
    )
    form = operator.page.locator("form.stacked")
    form.locator("input[name$='.sku'][name^='field.']").fill("TAZA-77")
    operator.decide(form, "Corregir y enviar")
    await_rest(place)

    assert 1 == len(created_at_rayo(place, "TAZA-77"))
    assert operator.clicks <= 3


def test_what_was_created_is_said_to_exist(
    operator: Operator, place: Place
) -> None:
    """
    A create whose answer was lost is found in Rayo's panel; its id is kept.
    """
    operator.group("rayo-mx", "se perdió la respuesta")
    operator.decide(
        operator.of("#1003"),
        "Ya existe allá",
        **{"link.rayo_order": PANEL_ID},
    )
    expect(operator.page.locator("[role=status].good")).to_contain_text(WHY)
    operator.page.goto("/console/orders/cafe-mx/6400000001003")
    assert PANEL_ID in operator.page.inner_text("main")
    assert 1 == len(created_at_rayo(place, "TAZA-LOST"))
    assert operator.clicks <= 2


def test_what_was_not_created_is_sent_again(
    operator: Operator, place: Place
) -> None:
    """
    Where the target could not tell, a person looks there and sends again.
    """
    assert [] == created_at_every(place, "6500000002002")
    operator.group("every-co", "se perdió la respuesta")
    part = operator.of("#2002")
    assert "se duplica" in part.inner_text()
    operator.decide(part, "Reintentar")
    await_rest(place)

    assert 1 == len(created_at_every(place, "6500000002002"))
    assert operator.clicks <= 2


def test_refusal_is_read_and_sent_again(
    operator: Operator, place: Place
) -> None:
    """
    What the target answered is two clicks away, as it may tell of the
    customer; corrected, it is sent again.
    """
    operator.group("every-co", "el destino lo rechazó")
    part = operator.of("#2003")
    inbox = operator.page.url
    operator.press(part.get_by_role("link", name="Qué se envió"))
    operator.press(operator.page.get_by_role("button", name="Mostrarlo"))
    expect(operator.page.locator("#tried ~ section pre").last).to_contain_text(
        "refused"
    )
    operator.page.goto(inbox)
    operator.press(part.get_by_role("button", name="Corregir y enviar"))
    form = operator.page.locator("form.stacked")
    operator.decide(
        form,
        "Corregir y enviar",
        **{"field.ship_to.street": "Calle 8 # 1-2"},
    )
    await_rest(place)
    operator.decide(operator.page.locator("main"), "Reintentar")
    await_rest(place)

    (order,) = created_at_every(place, "6500000002003")
    lines = order["recipient"]["address"]["addressLines"]
    assert ["Calle 8 # 1-2"] == lines
    assert operator.clicks <= 6


def test_mapping_error_names_file_and_line(
    operator: Operator, place: Place
) -> None:
    """
    She learns whom to show which line; once it is mended it goes by itself.
    """
    operator.group("yuju-mx", "error en el mapeo")
    told = operator.of("51990").inner_text()
    assert YUJU_FILE in told
    assert re.search(r"línea \d+", told)
    assert "sale solo" in operator.page.inner_text("main")

    file = place.mappings / YUJU_FILE
    file.write_text(file.read_text().replace(WRONG_LINE, ""))
    operator.page.wait_for_timeout(2_500)
    await_rest(place)

    assert ["ready_to_ship"] == moves_at_yuju(place, "51990")
    assert operator.clicks <= 1


def test_what_has_no_operation_is_done_by_hand(
    operator: Operator, place: Place
) -> None:
    """
    Rayo can not be told to cancel: the question says what to do.
    """
    operator.group("rayo-mx", "el mapeo te pregunta")
    part = operator.of("#1004")
    (ref,) = re.findall(r"Stop ([0-9a-f-]{36})", part.inner_text())
    assert ref in record(place)["applied"]["rayo"]["orders"]
    operator.decide(part, "Ya está hecho")
    expect(operator.page.locator("[role=status].good")).to_contain_text(WHY)
    assert operator.clicks <= 2


def test_order_that_never_came_in_is_found_out(
    operator: Operator, place: Place
) -> None:
    """
    A search that finds nothing leads to the webhook that was not understood.
    """
    page = operator.page
    page.goto("/console/")
    page.fill("#find", "#1099")
    operator.press(page.locator(".find button"))
    operator.press(page.get_by_role("link", name="Avisos que no se entend"))
    operator.press(page.locator("tr[data-row] a").first)
    told = page.inner_text("main")
    assert "su contenido no se puede leer" in told
    assert "guárdalo otra vez" in told

    Shops(place).cafe(1099, sku="TAZA-99")
    await_rest(place)
    assert 1 == len(created_at_rayo(place, "TAZA-99"))
    for _nth in range(20):
        page.goto("/console/search?q=%231099")
        if "search" not in page.url:
            break
        page.wait_for_timeout(500)
    assert "Pedido #1099" == page.inner_text("h1")
    assert operator.clicks <= 3


def test_refused_token_stops_only_its_target(
    operator: Operator, place: Place
) -> None:
    """
    The first page says what to do; once the token is taken all goes on.
    """
    fail(place, api="every", fault="wrong_token", times=None)
    number = Shops(place).chocolate(2004)
    operator.page.goto("/console/")
    said = operator.page.locator(".notice.bad", has_text="every-co")
    expect(said).to_contain_text("rechazaron su token", timeout=15_000)
    operator.press(said.get_by_role("link"))
    part = operator.page.locator("#every-co")
    assert "token nuevo" in part.inner_text()

    put_right(place)
    operator.decide(part, "Volver a enviarle")
    await_rest(place)
    assert 1 == len(created_at_every(place, number))
    assert operator.clicks <= 2


def test_paused_target_goes_on(
    operator: Operator, place: Place, browser: Chromium
) -> None:
    """
    Who paused it, and why, stands there; what waited is sent by itself.
    """
    luis = watched(browser, place)
    luis.page.goto("/console/login")
    luis.page.fill("input[name=token]", LUIS)
    luis.page.click("main button")
    luis.page.goto("/console/targets")
    luis.page.fill("#yuju-mx input[name=reason]", "mantenimiento de Yuju")
    luis.page.click("#yuju-mx button")
    leave(luis.page)
    numbers = [Shops(place).cafe(1010 + nth) for nth in range(4)]
    operator.page.goto("/console/")
    said = operator.page.locator(".notice.bad", has_text="yuju-mx")
    expect(said).to_contain_text("4", timeout=15_000)
    operator.press(said.get_by_role("link"))
    part = operator.page.locator("#yuju-mx")
    for word in ("luis", "mantenimiento de Yuju"):
        assert word in part.inner_text()
    assert [] == moves_at_yuju(place, numbers[0])
    operator.decide(part, "Volver a enviarle")
    await_rest(place)
    for number in numbers:
        assert ["ready_to_ship"] == moves_at_yuju(place, number)
    assert operator.clicks <= 2


def test_nothing_waits_in_the_end(operator: Operator) -> None:
    """
    When all are settled, the first page says so.
    """
    operator.page.goto("/console/")
    assert "Nada te está esperando" in operator.page.inner_text("main")
