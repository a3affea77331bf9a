"""`mappings` and `diff`: which texts are in force, what others would do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from tests.factories import NOW
from tests.mapping.test_shipped import CATALOG, STORES
from tests.orders_of import event_of, take
from tests.test_cli import PAID, Run, environ, loaded, run

__all__ = ["environ", "run"]

NAME = "cafe-mx-rayo"


@pytest.fixture
def journal(environ: dict[str, str]) -> Iterator[Journal]:
    """A journal that the shipped texts are in force in, with one order."""
    journal = open_journal(environ["BRIDGE_DATABASE"])
    journal.migrate()
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    yield journal
    journal.close()


@pytest.fixture
def file(environ: dict[str, str]) -> Path:
    """The file of the mapping that is edited."""
    return Path(environ["BRIDGE_MAPPINGS"], f"{NAME}.yaml")


def edit(file: Path, old: str, new: str) -> None:
    """Change the words of a file."""
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def states(run: Run) -> dict[str, str]:
    """Return the state of each mapping."""
    listed = loaded(run("mappings", "list", "--json"))["items"]
    return {item["name"]: item["state"] for item in listed}


def test_files_that_are_in_force_differ_in_nothing(
    run: Run, journal: Journal
) -> None:
    """
    Nothing to say ends with 0.
    """
    assert {"in_force"} == {*states(run).values()}
    result = run("diff")
    assert 0 == result.exit_code
    assert f"{NAME}: the file is in force" in result.stdout


def test_an_edit_is_shown_with_what_it_changes(
    run: Run, journal: Journal, file: Path
) -> None:
    """
    The field, what it was and would be, how many orders; ends with 1.
    """
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")

    result = run("diff", NAME)
    (told,) = loaded(run("diff", NAME, "--json"))

    assert 1 == result.exit_code
    assert '"NACIONAL" → "EXPRESS"' in result.stdout
    assert "orders 6301458923713" in result.stdout
    assert (1, 1, {"differs": 1}) == (
        told["orders"], told["differing"], told["requests"],
    )  # fmt: skip
    assert "new" == states(run)[NAME]


def test_a_comment_changes_nothing(
    run: Run, journal: Journal, file: Path
) -> None:
    """
    Another text that says the same ends with 0.
    """
    edit(file, "from:", "# the same\nfrom:")

    assert 0 == run("diff", NAME).exit_code


def test_a_wrong_file_is_not_compared(
    run: Run, journal: Journal, file: Path
) -> None:
    """
    It ends with 5, and the problem is named.
    """
    edit(file, "call: create_order", "call: creat_order")

    result = run("diff", NAME)

    assert 5 == result.exit_code
    assert "creat_order" in result.stderr
    assert "refused" == states(run)[NAME]


def test_a_wrong_table_is_the_mappings_own_problem(
    run: Run, journal: Journal, file: Path
) -> None:
    """
    What is wrong stands in the CSV file, and keeps the mapping back.
    """
    edit(file, "tables:", "tables:\n  codes: skus.csv")
    file.with_name("skus.csv").write_text("tienda,rayo\nA,B,C\n", "utf-8")

    items = loaded(run("mappings", "list", "--json"))["items"]

    (problem,) = [p for one in items for p in one["problems"]]
    assert "skus.csv:2:1: has 3 cells, and 2 are expected" in problem
    assert "refused" == states(run)[NAME]


def test_a_file_that_never_was_right_is_off(
    run: Run, environ: dict[str, str]
) -> None:
    """
    There is no older text to go by.
    """
    journal = open_journal(environ["BRIDGE_DATABASE"])
    journal.migrate()
    journal.close()
    file = Path(environ["BRIDGE_MAPPINGS"], f"{NAME}.yaml")
    edit(file, "call: create_order", "call: creat_order")

    assert "off" == states(run)[NAME]


def test_a_refused_text_is_forced_by_its_hash(
    run: Run, journal: Journal, file: Path
) -> None:
    """
    This text and no other; who did it and why stands in the journal.
    """
    edit(file, "nombre: = ship_to.name", "nombre: = ship_to.company")
    (item,) = [
        one
        for one in loaded(run("mappings", "list", "--json"))["items"]
        if one["name"] == NAME
    ]
    journal.refuse_text(NAME, item["hash"], "1 requests could not be", NOW)
    assert "refused" == states(run)[NAME]

    wrong = run("mappings", "force", NAME, "--reason", "x", "--hash", "beef")
    right = run("mappings", "force", NAME, "--reason", "so be it",
                "--hash", item["hash"])  # fmt: skip

    assert (4, 0) == (wrong.exit_code, right.exit_code)
    (refusal,) = journal.refusals(NAME)
    assert ("so be it", item["hash"]) == (refusal.why, refusal.hash)
    assert (refusal.forced_by or "").startswith("cli:")
    assert "new" == states(run)[NAME]
    assert "so be it" in run("mappings", "show", NAME).stdout


def test_forcing_needs_a_text_that_is_not_in_force(
    run: Run, journal: Journal, file: Path
) -> None:
    """
    Nor can a wrong file be forced, nor one that is not there.
    """
    assert 4 == run("mappings", "force", NAME, "--reason", "x").exit_code
    assert 3 == run("mappings", "force", "nope", "--reason", "x").exit_code
    edit(file, "call: create_order", "call: creat_order")
    assert 4 == run("mappings", "force", NAME, "--reason", "x").exit_code


def test_texts_are_shown_by_name_and_hash(
    run: Run, journal: Journal, file: Path
) -> None:
    """
    The one in force, and any that ever was.
    """
    old = CATALOG.mappings[NAME]
    journal.put_in_force(NAME, "beef", "from: later\n", NOW)

    now = run("mappings", "show", NAME)
    then = json.loads(
        run("mappings", "show", NAME, "--hash", old.hash, "--json").stdout
    )

    assert "from: later" in now.stdout
    assert old.text == then["text"]
    assert 3 == run("mappings", "show", NAME, "--hash", "nope").exit_code
    assert 3 == run("mappings", "show", "nope").exit_code


def test_explaining_a_delivery(run: Run, journal: Journal, file: Path) -> None:
    """
    By the text that planned it; today's says what it would send otherwise.
    """
    edit(file, "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")
    (delivery,) = [
        one
        for one in loaded(run("deliveries", "list", "--json"))["items"]
        if one["mapping"] == NAME
    ]

    told = loaded(run("explain", "--delivery", str(delivery["id"]), "--json"))
    shown = run("explain", "--delivery", str(delivery["id"]))

    assert CATALOG.mappings[NAME].hash == told["hash"]
    assert not told["past"]["in_force"]
    assert "create: sends" in shown.stdout
    assert 3 == run("explain", "--delivery", "99").exit_code
    assert 2 == run("explain", NAME).exit_code
