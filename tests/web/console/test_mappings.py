"""Pages of mappings: in force, explained, compared, tried."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.journal.protocol import DeliveryFilter, Journal
from bridge.journal.seeing import LOOK
from bridge.mapping.document import hash_of
from bridge.model import JSON, Instant
from bridge.web.factory import create_web
from tests.factories import NOW, later
from tests.mapping import FOLDER
from tests.mapping.test_shipped import CATALOG, STORES, TARGETS
from tests.orders_of import event_of, take
from tests.test_mappings_command import NAME, edit
from tests.web.console.hostile import HOSTILE
from tests.web.doors import OTHER_TOKEN, TOKEN, settings

PAID = "shopify-mx-orders-paid-multiline"
ORDER = "6301458923713"
STREET = "Álvaro Obregón"
LIST = "/console/mappings"
PAGE = f"{LIST}/{NAME}"
COMPARE = f"{PAGE}/compare"
EXPLAIN = "/console/explain"
TRY = "/console/playground"


class Clock:
    """A clock that goes on by so much at every look."""

    def __init__(self) -> None:
        self.at, self.step = NOW, 0
        self.meanwhile: list[Callable[[], object]] = []

    def __call__(self) -> Instant:
        """Return the time, once that is done which comes meanwhile."""
        self.at = later(self.step, self.at)
        if self.meanwhile:
            self.meanwhile.pop()()
        return self.at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files, to be edited."""
    folder = tmp_path / "mappings"
    shutil.copytree(FOLDER, folder)
    return folder


@pytest.fixture
def file(folder: Path) -> Path:
    """The file of the mapping that is edited."""
    return folder / f"{NAME}.yaml"


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def browser(journal: Journal, folder: Path, clock: Clock) -> FlaskClient:
    """Ana's browser, where the texts are in force and an order was planned."""
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    while journal.index_orders(later(10**6), 10):
        pass
    browser = create_web(
        settings=settings(mappings=folder),
        stores=lambda: STORES,
        targets=lambda: TARGETS,
        journal=journal,
        now=clock,
    ).test_client()
    browser.post("/console/login", data={"token": TOKEN})
    return browser


def page(browser: FlaskClient, path: str, **query: str) -> str:
    """Return a page's text."""
    answer = browser.get(path, query_string=query)
    assert 200 == answer.status_code
    return answer.text


def mark_of(browser: FlaskClient) -> str:
    """Return what marks the forms of this session as ours."""
    found = re.search(
        r'name="form_token" value="([^"]+)"', browser.get(TRY).text
    )
    assert found is not None
    return found[1]


def send(
    browser: FlaskClient, path: str, mark: str | None = None, **fields: str
) -> TestResponse:
    """Fill in the form of a page and send it."""
    marked = {"form_token": mark or mark_of(browser)}
    return browser.post(path, data={**marked, **fields})


def attempt(browser: FlaskClient, text: str, **fields: str) -> TestResponse:
    """Try an expression on the order."""
    given = {"mapping": NAME, "order": ORDER, "text": text}
    return send(browser, TRY, **given | fields)


# ------------------------------------------------------------------ files


def test_lists_the_files_in_force(browser: FlaskClient) -> None:
    """
    Each with its stores and target, version, and how its cases went.
    """
    text = page(browser, LIST)
    for name, mapping in CATALOG.mappings.items():
        assert f'href="/console/mappings/{name}"' in text
        assert mapping.hash[:8] in text
    assert "cafe-mx → rayo-mx" in text
    assert "fail" not in text
    assert 'aria-current="page">Mappings' in text


def test_says_what_is_wrong_in_a_file(
    browser: FlaskClient, file: Path
) -> None:
    """
    With its line, what was expected and the word that was meant.
    """
    edit(file, "= ship_to.city", "= ship_to.citi")
    for path in (LIST, PAGE):
        text = page(browser, path)
        assert "not taken: the version before is in force" in text
        assert re.search(rf"<code>{NAME}\.yaml:\d+:\d+</code>", text)
        assert "did you mean &#39;city&#39;?" in text
        assert str(file.parent) not in text


def test_says_which_case_fails(browser: FlaskClient, file: Path) -> None:
    """
    What was expected and what came stand beside it.
    """
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    assert "cases fail" in page(browser, LIST)
    text = page(browser, PAGE)
    assert "expected &#39;NACIONAL&#39;, got &#39;EXPRESS&#39;" in text


def test_a_list_does_not_wait_for_all_cases(
    browser: FlaskClient, clock: Clock
) -> None:
    """
    Those of the files that it had no time for run on their own pages.
    """
    clock.step = 1_200
    cells = re.findall(r"<td>([^<]*)</td>\n</tr>", page(browser, LIST))
    assert ["✓ 8", "–"] == [cells[0], cells[-1]]
    assert "✓ passes" in page(browser, f"{LIST}/chocolate-co-every")


def test_cases_are_run_anew_when_they_change(
    browser: FlaskClient, folder: Path
) -> None:
    """
    The page tells of the file of cases as it is now.
    """
    cases = folder / f"{NAME}.cases.yaml"
    assert "✕" not in page(browser, PAGE)
    edit(cases, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    assert "✕ fails" in page(browser, PAGE)


def test_says_how_a_refused_file_comes_in_force(
    browser: FlaskClient, journal: Journal, file: Path
) -> None:
    """
    The reason, the way to compare, and the command with the hash.
    """
    edit(file, "from:", "# another\nfrom:")
    assert "--hash" not in page(browser, PAGE)
    after = CATALOG.mappings[NAME].text.replace("from:", "# another\nfrom:", 1)
    journal.refuse_text(NAME, hash_of(after), "9 requests", NOW)
    for path in (LIST, PAGE):
        text = page(browser, path)
        assert f"mappings force {NAME} --hash {hash_of(after)}" in text
        assert "9 requests" in text


def test_shows_a_file_with_its_lines_rules_and_past(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Two versions are compared line by line.
    """
    old = CATALOG.mappings[NAME]
    journal.put_in_force(NAME, "h2", f"{old.text}# more\n", later(1))
    journal.put_in_force(NAME, old.hash, old.text, later(2))
    text = page(browser, PAGE)
    assert "<li><code>from: cafe-mx</code></li>" in text
    assert "<td>create</td>" in text
    assert 2 == text.count("what changed")

    text = page(browser, PAGE, before=old.hash, after="h2")
    assert '<tr class="come">' in text
    assert "<code># more</code>" in text
    assert 404 == browser.get(f"{PAGE}?before=h9&after=h2").status_code
    other = CATALOG.mappings["cafe-mx-yuju"].hash
    assert 404 == browser.get(f"{PAGE}?before={other}&after=h2").status_code


def test_an_edited_file_stands_beside_the_one_in_force(
    browser: FlaskClient, file: Path
) -> None:
    """
    What the edit changes, line by line.
    """
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    text = page(browser, PAGE)
    assert "The file is not the text that is in force." in text
    assert 1 == text.count('<tr class="gone">')
    assert 1 == text.count('<tr class="come">')


def test_there_is_no_such_file(browser: FlaskClient) -> None:
    """
    A name that nobody knows answers 404.
    """
    for path in (f"{LIST}/nope", f"{LIST}/nope/compare"):
        assert 404 == browser.get(path).status_code


# ---------------------------------------------------------------- explain


def test_explains_an_order(browser: FlaskClient) -> None:
    """
    By its number or its id; each rule, each field and where it is from.
    """
    assert "Explain" in page(browser, EXPLAIN)
    for order in (ORDER, "#1042", "1042"):
        text = page(browser, EXPLAIN, mapping=NAME, order=order)
        assert "create: under way" in text
        assert "tracking: not yet: its moment has not come" in text
        assert "<code>= ship_to.city</code>" in text
        assert "the file" in text


def looks(journal: Journal, order_id: str = ORDER) -> list[JSON]:
    """Return on which pages somebody was shown an order's data."""
    story = journal.story("cafe-mx", order_id)
    return [
        one.detail["page"]
        for one in (story.audit if story else ())
        if one.action == LOOK and isinstance(one.detail, dict)
    ]


def test_hides_what_is_the_customers(
    browser: FlaskClient, journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    What says nothing of a person stands there; the rest is asked for.
    """
    text = page(browser, EXPLAIN, mapping=NAME, order=ORDER)
    assert STREET not in text
    assert "•••" in text
    assert "CAF-CHIS-500" in text
    assert "NACIONAL" in text
    assert "order.shown" not in capsys.readouterr().out

    path = f"{EXPLAIN}?mapping={NAME}&order={ORDER}"
    form = re.search(r'<form method="post" class="stacked">.*?</form>',
                     browser.get(path).text, re.DOTALL)  # fmt: skip
    assert form is not None
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    shown = browser.post(EXPLAIN, data=hidden).text
    assert STREET in shown
    assert "•••" not in shown
    said = capsys.readouterr()
    assert "order.shown" in said.out + said.err
    assert STREET not in said.out + said.err
    assert ["explain"] == looks(journal)


def test_explains_what_was_sent(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    By the text of then, and what today's would send otherwise.
    """
    (delivery,) = [
        one
        for one in journal.deliveries(DeliveryFilter(), before=None, limit=9)
        if one.mapping == NAME
    ]
    path = f"delivery={delivery.id}"
    assert path in page(browser, EXPLAIN, mapping=NAME, order=ORDER)
    text = page(browser, EXPLAIN, delivery=str(delivery.id))
    assert "The text of then is today's." in text

    edited = CATALOG.mappings[NAME].text.replace("NACIONAL", "EXPRESS")
    edited = edited.replace("= ship_to.street", "= ship_to.city")
    journal.put_in_force(NAME, hash_of(edited), edited, later(1))
    text = page(browser, EXPLAIN, delivery=str(delivery.id))
    assert "<del>NACIONAL</del> → <ins>EXPRESS</ins>" in text
    assert STREET not in text
    shown = send(browser, EXPLAIN, delivery=str(delivery.id)).text
    assert f"<del>{STREET}" in shown or f"<del>Av. {STREET}" in shown
    for wrong in ("999", "x"):
        assert 404 == browser.get(f"{EXPLAIN}?delivery={wrong}").status_code


def test_asks_which_order_is_meant(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Several are named; none is said; another store's is not there.
    """
    take(
        journal,
        event_of(PAID, STORES["cafe-mx"], lambda body: {**body, "id": 77}),
    )
    while journal.index_orders(later(10**6), 10):
        pass
    text = page(browser, EXPLAIN, mapping=NAME, order="Núñez")
    assert "Several orders fit" in text
    assert "order=77" in text
    text = page(browser, EXPLAIN, mapping=NAME, order="nope")
    assert "has no such order" in text
    text = page(browser, EXPLAIN, mapping="calzado-co-every", order=ORDER)
    assert "has no such order" in text
    assert 404 == browser.get(f"{EXPLAIN}?mapping=nope").status_code


# ---------------------------------------------------------------- compare


def test_compares_the_edited_file(
    browser: FlaskClient, journal: Journal, file: Path
) -> None:
    """
    How many orders, what becomes of them, and which field is another.
    """
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    edit(file, "= ship_to.street", "= ship_to.city")
    answer = send(browser, COMPARE, of="file", last="200")
    assert 200 == answer.status_code
    text = answer.text
    assert "Looked at 1 orders" in text
    assert "<del>NACIONAL</del> → <ins>EXPRESS</ins>" in text
    assert "<del>•••</del> → <ins>•••</ins>" in text
    assert STREET not in text
    assert f"order={ORDER}" in text

    assert [] == looks(journal)
    shown = send(browser, COMPARE, of="file", last="200", shown="true").text
    assert STREET in shown
    assert ["difference"] == looks(journal)


def test_compares_a_text_that_was_typed(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    It is only tried: the file stays, and nothing comes in force.
    """
    text = CATALOG.mappings[NAME].text
    before = journal.mapping_texts(NAME, 9)
    same = send(browser, COMPARE, of="text", text=text.replace("\n", "\r\n"))
    assert "Nothing would change." in same.text

    typed = text.replace("= ship_to.city", "= null_city")
    wrong = send(browser, COMPARE, of="text", text=typed)
    assert 422 == wrong.status_code
    assert "there is no field &#39;null_city&#39;" in wrong.text
    assert "= null_city" in wrong.text

    typed = text.replace("= ship_to.city", "= cancel_reason")
    breaks = send(browser, COMPARE, of="text", text=typed)
    assert "works today, and would fail" in breaks.text
    assert before == journal.mapping_texts(NAME, 9)


def test_a_look_ends_in_time(
    browser: FlaskClient, file: Path, clock: Clock
) -> None:
    """
    What was not looked at is said.
    """
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    clock.step = 5_000
    text = send(browser, COMPARE, of="file", last="500").text
    assert "Of 500 asked for: the time was up." in text


def test_one_look_at_a_time(browser: FlaskClient, clock: Clock) -> None:
    """
    Who comes while somebody compares is asked to come again.
    """
    answers: list[TestResponse] = []
    other = browser.application.test_client()
    other.post("/console/login", data={"token": OTHER_TOKEN})
    fields = {"form_token": mark_of(other), "of": "file", "last": "50"}

    def come() -> None:
        answers.append(other.post(COMPARE, data=fields))

    ticks, mine = 0, {**fields, "form_token": mark_of(browser)}
    while not answers or 409 not in {one.status_code for one in answers}:
        ticks += 1
        assert ticks < 40
        clock.meanwhile = [come, *[lambda: None] * ticks]
        answer = browser.post(COMPARE, data=mine)
        assert 200 == answer.status_code
    assert "Somebody else compares just now" in answers[-1].text


def test_a_form_that_is_too_large_is_refused(browser: FlaskClient) -> None:
    """
    Nothing of it is read.
    """
    text = "x" * 70_000
    assert 413 == send(browser, COMPARE, of="text", text=text).status_code


# ------------------------------------------------------------- playground


def test_tries_an_expression(browser: FlaskClient) -> None:
    """
    Its value, its kind and its steps.
    """
    assert "attribute(attributes" in page(browser, TRY)
    text = attempt(browser, "cents(total)").text
    assert ">117705</pre>" in text
    assert "number" in text
    assert "<code>total</code>" in text


def test_tells_a_slip_as_check_does(browser: FlaskClient) -> None:
    """
    With line and column.
    """
    text = attempt(browser, "cents(\n totl)").text
    assert "line 2, column 2" in text
    assert "did you mean &#39;total&#39;?" in text
    text = attempt(browser, "cents(ship_to.city)").text
    assert "cents needs an amount such as 1499.00" in text


def test_hides_what_an_expression_says_of_a_customer(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    Its steps, too, until they are asked for.
    """
    text = attempt(browser, "words(ship_to.street, id)").text
    assert STREET not in text
    assert ORDER in text
    assert [] == looks(journal)
    text = attempt(browser, "words(ship_to.street, id)", shown="true").text
    assert STREET in text
    assert ["playground"] == looks(journal)


def test_nothing_without_the_forms_mark(browser: FlaskClient) -> None:
    """
    What another site sends in Ana's name is refused.
    """
    for path in (TRY, EXPLAIN, COMPARE):
        data = {"mapping": NAME, "order": ORDER, "text": "@", "of": "text"}
        assert 403 == browser.post(path, data=data).status_code


# ---------------------------------------------------------------- hostile


def test_hostile_words_stay_words(
    browser: FlaskClient, journal: Journal
) -> None:
    """
    What customers, files and addresses say is never markup.
    """
    yuju = "cafe-mx-yuju"

    def change(body: dict[str, Any]) -> dict[str, Any]:
        line, all_of_it = body["line_items"][0], "".join(HOSTILE)
        lines = [
            {**line, "id": 9_000 + nth, "sku": text, "name": text}
            for nth, text in enumerate(HOSTILE)
        ]
        told = {"name": all_of_it, "note": all_of_it}
        later_on = {"updated_at": "2027-01-01T00:00:00-06:00"}
        return {**body, **told, **later_on, "line_items": lines}

    take(journal, event_of(PAID, STORES["cafe-mx"], change, at=later(9)))
    comments = "".join(f"# {text.strip()}\n" for text in HOSTILE)
    text = CATALOG.mappings[NAME].text + comments
    journal.put_in_force(NAME, "h2", text, later(1))
    revealing = {"shown": "true", "text": "lines"}
    pages = [
        page(browser, LIST),
        page(browser, PAGE),
        page(browser, EXPLAIN, mapping=NAME, order=ORDER),
        page(browser, TRY, mapping=NAME, order=ORDER),
        send(browser, COMPARE, of="text", text=comments).text,
        send(browser, EXPLAIN, mapping=NAME, order=ORDER).text,
        send(browser, TRY, mapping=yuju, order=ORDER, **revealing).text,
    ]
    assert "window.__hit=1" in pages[1]
    assert "window.__hit=1" in pages[-1]
    mark = mark_of(browser)
    for text in HOSTILE:
        typed = {"mapping": yuju, "order": text, "text": text}
        pages += [
            page(browser, EXPLAIN, mapping=yuju, order=text),
            send(browser, TRY, mark, **typed).text,
            send(browser, TRY, mark, **{**typed, "order": ORDER}).text,
        ]
    for text in HOSTILE:
        if {*text} & {"<", ">", '"', "'"}:
            assert [] == [one for one in pages if text in one]
