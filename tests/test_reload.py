"""An edited mapping comes in force, unless requests would fail that pass."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.compose import FilesInForce
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.mapping.catalog import Source, build_catalog
from bridge.settings import read_settings
from tests.factories import NOW
from tests.mapping.test_shipped import STORES
from tests.orders_of import event_of, take
from tests.test_cli import PAID, environ
from tests.test_mappings_command import edit

__all__ = ["environ"]

NAME = "cafe-mx-rayo"
LAME = ("nombre: = ship_to.name", "nombre: = ship_to.company")
MINUTE_S = 60.0


@pytest.fixture
def journal(environ: dict[str, str]) -> Iterator[Journal]:
    """An empty journal."""
    journal = open_journal(environ["BRIDGE_DATABASE"])
    journal.migrate()
    yield journal
    journal.close()


Start = Callable[[], FilesInForce]


@pytest.fixture
def start(environ: dict[str, str], journal: Journal) -> Iterator[Start]:
    """Start what the worker has of the files; a second one is a restart."""
    started: list[FilesInForce] = []

    def start() -> FilesInForce:
        files = FilesInForce(read_settings(environ), environ, journal)
        started.append(files)
        return files

    yield start
    for files in started:
        files.close()


@pytest.fixture
def file(environ: dict[str, str]) -> Path:
    """The file that is edited."""
    return Path(environ["BRIDGE_MAPPINGS"], f"{NAME}.yaml")


def hash_of(files: FilesInForce) -> str:
    """Return the hash of the text in force."""
    mapping = files.live().catalog.mapping(NAME)
    assert mapping is not None
    return mapping.hash


def test_a_text_that_breaks_requests_is_not_put_in_force(
    start: Start, journal: Journal, file: Path
) -> None:
    """
    The old one stays, and the problem says why, without a customer's data.
    """
    files = start()
    before = hash_of(files)
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    edit(file, *LAME)
    files.refresh()

    assert before == hash_of(files)
    (problem,) = files.problems()
    assert "not put in force" in problem
    assert "create: value_missing: " in problem
    assert f"bridge mappings force {NAME}" in problem
    assert "José" not in problem
    (refusal,) = journal.refusals(NAME)
    assert refusal.forced_at is None
    assert refusal.hash in problem
    assert {before} == {
        text.hash for text in journal.in_force() if text.name == NAME
    }


def test_a_text_that_only_says_something_else_comes_in_force(
    start: Start,
    journal: Journal,
    file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """
    How many requests are others is logged, with no customer's data.
    """
    files = start()
    before = hash_of(files)
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    capsys.readouterr()
    files.refresh()

    assert before != hash_of(files)
    assert [] == files.problems()
    (line,) = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "mapping.weighed" in line
    ]
    assert '"orders": 1' in line
    assert '"differs": 1' in line
    assert "NACIONAL" not in line


def test_without_orders_there_is_no_evidence(start: Start, file: Path) -> None:
    """
    A text that breaks no known request comes in force.
    """
    files = start()
    before = hash_of(files)
    edit(file, *LAME)
    files.refresh()

    assert before != hash_of(files)


def test_a_restart_refuses_what_was_refused(
    start: Start, journal: Journal, file: Path
) -> None:
    """
    The last text in force is in the journal.
    """
    before = hash_of(start())
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    edit(file, *LAME)

    assert before == hash_of(start())


def test_a_forced_text_comes_in_force(
    start: Start, journal: Journal, file: Path
) -> None:
    """
    That very text, at the next second's look, and after a restart, too.
    """
    files = start()
    before = hash_of(files)
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    edit(file, *LAME)
    files.refresh()
    (refusal,) = journal.refusals(NAME)
    journal.force_text(NAME, "beef", actor="ana", reason="x", now=NOW)
    files.look_after()
    assert before == hash_of(files)

    journal.force_text(
        NAME, refusal.hash, actor="ana", reason="we know", now=NOW
    )
    files.look_after()

    assert refusal.hash == hash_of(files)
    assert [] == files.problems()
    assert refusal.hash == hash_of(start())


def test_an_edit_after_a_force_is_looked_at_again(
    start: Start, journal: Journal, file: Path
) -> None:
    """
    What was accepted is one text, not whatever stands in the file.
    """
    files = start()
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    edit(file, *LAME)
    files.refresh()
    (refusal,) = journal.refusals(NAME)
    journal.force_text(
        NAME, refusal.hash, actor="ana", reason="we know", now=NOW
    )
    edit(file, "nombre: = ship_to.company", "nombre: = bill_to.street")
    files.look_after()
    files.refresh()

    assert refusal.hash != hash_of(files)


def test_the_worker_switches_within_two_seconds(
    start: Start, journal: Journal, file: Path
) -> None:
    """
    Evidence included, over as many orders as it looks at.
    """
    files = start()
    before = hash_of(files)
    for n in range(30):
        take(
            journal,
            event_of(
                PAID,
                STORES["cafe-mx"],
                lambda body, n=n: {**body, "id": 1000 + n},
            ),
        )
    files.watch()
    time.sleep(0.3)
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    until = time.monotonic() + MINUTE_S
    began = time.monotonic()
    while hash_of(files) == before and time.monotonic() < until:
        time.sleep(0.02)
    took = time.monotonic() - began

    assert before != hash_of(files)
    assert took < 10  # two, on a machine that does nothing else


def test_an_objection_keeps_the_text_before() -> None:
    """
    `build_catalog` asks only about a text that is right and another one.
    """
    from tests.mapping import AROUND
    from tests.mapping.test_difference import BASE

    asked: list[tuple[str, str]] = []

    def objection(before: Any, after: Any) -> None:
        asked.append((before.text, after.text))

    edited = BASE.replace("NACIONAL", "EXPRESS")
    for text in (edited, BASE, "rules: nonsense\n"):
        build_catalog(
            [Source(name="a", file="a.yaml", text=text)],
            AROUND,
            last_good={"a": BASE},
            objection=objection,
        )

    assert [(BASE, edited)] == asked
