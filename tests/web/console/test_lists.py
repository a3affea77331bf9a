"""Lists, their files, search, and what hostile people write into them."""

import csv
import hashlib
import re
from io import StringIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import Journal
from bridge.model import DeliveryState, Phase, Reason
from bridge.web.console.exports import safe
from tests.factories import keep, new_delivery, new_event
from tests.journal.steps import send
from tests.web.console.hostile import HOSTILE
from tests.web.console.test_pages import held, logged_in, page
from tests.web.doors import web

VENDOR = Path("bridge/web/static/vendor")


@pytest.fixture
def ana(journal: Journal) -> FlaskClient:
    """Ana's browser."""
    return logged_in(web(journal))


def cells(browser: FlaskClient, path: str) -> list[list[str]]:
    """Return a file's cells."""
    answer = browser.get(f"/console{path}")
    assert (200, "text/csv") == (answer.status_code, answer.mimetype)
    assert answer.text.startswith("\ufeff")
    return [*csv.reader(StringIO(answer.text[1:]))]


def test_list_as_a_file(ana: FlaskClient, journal: Journal) -> None:
    """
    A file has what the list has, by the same filters, over all its pages.
    """
    journal.append([new_event(f"k{n}") for n in range(1_201)])
    assert 1_202 == len(cells(ana, "/events.csv"))
    assert 1 == len(cells(ana, "/events.csv?store=nobody"))
    keep(journal, held(), new_delivery("other", position=2))
    rows = cells(ana, "/deliveries.csv?state=held")
    assert ["held"] == [row[7] for row in rows[1:]]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_only_text(
    ana: FlaskClient, journal: Journal, hostile: str
) -> None:
    """
    Whatever a customer or a target says is text, on pages and in files.
    """
    (event,) = journal.append(
        [
            new_event(
                topic=hostile, body=hostile.encode(), headers={"x": hostile}
            )
        ]
    )
    keep(journal, new_delivery(rule=hostile, request={"note": hostile}))
    send(
        journal,
        DeliveryState.DEAD,
        phase=Phase.ANSWERED,
        answer=hostile,
        reason=Reason(code="odd", text=hostile, where={"field": hostile}),
    )
    for path, query in (
        ("/", {}),
        ("/events", {"topic": hostile}),
        (f"/events/{event.id}", {}),
        ("/deliveries", {"order": hostile}),
        ("/deliveries/1", {}),
        ("/search", {"q": hostile}),
    ):
        assert is_harmless(page(ana, path, **query))
    for path in ("/events.csv", "/deliveries.csv"):
        for row in cells(ana, path):
            assert not any(re.match(r"[=+\-@\t\r\n]", one) for one in row)


def is_harmless(text: str) -> bool:
    """Return whether a page has no element or attribute but our own."""
    scripts = re.findall(r"<script[^>]*>", text)
    ours = all("/console/static/" in script for script in scripts)
    odd = r"<(img|svg|iframe|body on|math|object|embed|base|style)\b"
    acts = r"<[^>\"']*(?:\"[^\"]*\"[^>\"']*|'[^']*'[^>\"']*)*\son\w+\s*="
    return ours and not re.search(odd, text) and not re.search(acts, text)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """
    What a spreadsheet would run begins with an apostrophe.
    """
    assert f"'{cell}" == safe(cell)


def test_vendored_files_are_as_written_down() -> None:
    """
    `VENDOR.md` names each file with its hash, and has no other.
    """
    told = dict(
        re.findall(
            r"(?m)^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$",
            (VENDOR / "VENDOR.md").read_text("utf-8"),
        )
    )
    there = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.iterdir()
        if file.suffix in {".js", ".css"}
    }
    assert there == told


def test_static_files_have_one_address(ana: FlaskClient) -> None:
    """
    A file is had under its own hash alone, and nothing else is served.
    """
    for path in ("0/console.js", "0/../auth.py", "x/vendor/VENDOR.md"):
        answer = ana.get(f"/console/static/{path}")
        assert (404, "no-store") == (
            answer.status_code,
            answer.headers["Cache-Control"],
        )
