"""`links`: what targets call orders, told by a person."""

from pathlib import Path

import pytest

from bridge.journal.protocol import Journal
from tests.commands.conftest import Run

WHY = ("--reason", "from the vendor's page")
HEAD = "store,order,target,name,value\n"
GOOD = f"""{HEAD}cafe-mx,1042,rayo-mx,rayo_order,9095
artesanias-mx,77,rayo-mx,rayo_order,9096
"""


def csv(tmp_path: Path, text: str) -> str:
    path = tmp_path / "ids.csv"
    path.write_bytes(text.encode())
    return str(path)


def known(journal: Journal, store: str, order: str) -> dict[str, str]:
    return dict(journal.dossier(store, order).links.get("rayo-mx", {}))


def test_links_are_set(run: Run, journal: Journal) -> None:
    """What a person knows is kept under her name; twice is no news."""
    told = ("links", "set", "cafe-mx", "1042", "rayo-mx", "rayo_order=9095")

    assert run(*told, *WHY).stdout == "1 of 1 were news\n"
    assert run(*told, *WHY).stdout == "0 of 1 were news\n"
    assert known(journal, "cafe-mx", "1042") == {"rayo_order": "9095"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rayo-mxx", "a=1"), "did you mean 'rayo-mx'?"),
        (("rayo-mx", "a"), "NAME=VALUE is expected"),
        (("rayo-mx", "a="), "at least 1 character"),
        (("rayo-mx", "a b=1"), "should match pattern"),
    ],
)
def test_odd_links_are_refused(
    run: Run, journal: Journal, arguments: tuple[str, ...], words: str
) -> None:
    """What can not be is told in a line, and nothing is kept."""
    result = run("links", "set", "cafe-mx", "1042", *arguments, *WHY)

    assert result.exit_code != 0
    assert words in result.stderr
    assert known(journal, "cafe-mx", "1042") == {}


def test_links_are_imported(
    run: Run, journal: Journal, tmp_path: Path
) -> None:
    """A CSV of a spreadsheet is taken, with its mark and its line ends."""
    file = csv(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n"))

    assert run("links", "import", file, *WHY).stdout == (
        "2 links, 2 of them were news\n"
    )
    assert known(journal, "cafe-mx", "1042") == {"rayo_order": "9095"}
    assert known(journal, "artesanias-mx", "77") == {"rayo_order": "9096"}


def test_dry_run_keeps_nothing(
    run: Run, journal: Journal, tmp_path: Path
) -> None:
    """It can be looked at first."""
    result = run("links", "import", csv(tmp_path, GOOD), "--dry-run", *WHY)

    assert "2 links are well" in result.stdout
    assert known(journal, "cafe-mx", "1042") == {}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("cafe,1,rayo-mx,a,1", "ids.csv:2: there is no store 'cafe', did"),
        ("cafe-mx,1,rayo,a,1", "ids.csv:2: there is no target 'rayo', did"),
        ("cafe-mx,,rayo-mx,a,1", "ids.csv:2: the order's id is empty"),
        ("cafe-mx,1,rayo-mx,a", "ids.csv:2: has 4 cells, and 5 are expected"),
        ("cafe-mx,1,rayo-mx,a,", "ids.csv:2: 'a' is no name of a link, or"),
        ("cafe-mx,1,rayo-mx,a b,1", "ids.csv:2: 'a b' is no name of a link"),
        (
            "cafe-mx,1,rayo-mx,a,1\ncafe-mx,1,rayo-mx,a,2",
            "ids.csv:3: the same link stands above with another value",
        ),
    ],
)
def test_file_with_a_wrong_line_is_refused_whole(
    run: Run, journal: Journal, tmp_path: Path, rows: str, words: str
) -> None:
    """Each wrong line is told, and no line of the file is kept."""
    result = run("links", "import", csv(tmp_path, GOOD + rows), *WHY)

    assert result.exit_code != 0
    assert words.replace(":2:", ":4:").replace(":3:", ":5:") in result.stderr
    assert known(journal, "cafe-mx", "1042") == {}


@pytest.mark.parametrize(
    "text",
    ["", "store;order;target;name;value\n", "cafe-mx,1,rayo-mx,a,1\n"],
)
def test_file_without_its_headings_is_refused(
    run: Run, tmp_path: Path, text: str
) -> None:
    """It is said which headings are expected."""
    result = run("links", "import", csv(tmp_path, text), *WHY)

    assert result.exit_code != 0
    assert "`store,order,target,name,value` is expected" in result.stderr
