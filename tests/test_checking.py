"""`python -m bridge check`: everything at once, errors and warnings."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import cli
from tests.mapping import FOLDER

Check = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped files, to be changed."""
    return Path(shutil.copytree(FOLDER, tmp_path / "mappings"))


@pytest.fixture
def check(folder: Path) -> Check:
    """Run `check` over the folder."""

    def run(*flags: str) -> Result:
        env = {"BRIDGE_MAPPINGS": str(folder)}
        return CliRunner().invoke(cli, ["check", *flags], env=env)

    return run


def problems(result: Result) -> list[dict[str, Any]]:
    """Return the problems that `--json` told."""
    found: list[dict[str, Any]] = json.loads(result.stdout)["problems"]
    return found


def test_warnings_stop_nothing(folder: Path, check: Check):
    """
    What is hardly meant is told, and the status is 0.
    """
    file = folder / "cafe-mx-rayo.yaml"
    text = file.read_text("utf-8")
    file.write_text(text[: text.index("  cancelled:")], "utf-8")
    (folder / "cafe-mx-rayo.cases.yaml").unlink()

    result = check()

    line = 1 + text[: text.index("  create:")].count("\n")
    assert 0 == result.exit_code, result.output
    assert (
        f"warning: {file}:{line}:3: nobody is told when an order is cancelled"
    ) in result.stdout
    assert f"warning: {file}: has no cases: write" in result.stdout
    assert ["warning", "warning"] == [
        problem["severity"] for problem in problems(check("--json"))
    ]


def test_a_file_that_is_not_read_is_warned_of(folder: Path, check: Check):
    """
    `.yml` is no mapping, and cases need one.
    """
    (folder / "cafe-mx-every.yml").write_text("from: cafe-mx\n", "utf-8")
    cases = folder / "cafe-mx-ray.cases.yaml"
    cases.write_text("[]\n", "utf-8")

    result = check()

    assert 0 == result.exit_code
    assert (
        f"warning: {folder / 'cafe-mx-every.yml'}: is not read: name it "
        "cafe-mx-every.yaml"
    ) in result.stdout
    assert (
        f"warning: {cases}: there is no mapping cafe-mx-ray.yaml, whose cases "
        "these would be, did you mean 'cafe-mx-rayo'?"
    ) in result.stdout


def test_a_wrong_table_is_told_by_its_own_name(folder: Path, check: Check):
    """
    A CSV file beside a mapping is checked with it.
    """
    file = folder / "artesanias-mx-rayo.yaml"
    text = file.read_text("utf-8")
    begin, end = text.index("  skus:"), text.index("rules:")
    file.write_text(f"{text[:begin]}  skus: skus.csv\n\n{text[end:]}", "utf-8")
    table = folder / "skus.csv"
    table.write_text("tienda,rayo\nA,1\nA,2\n", "utf-8")

    result = check("--json")

    assert 1 == result.exit_code
    assert [
        {
            "file": str(table),
            "line": 3,
            "column": 1,
            "text": "",
            "severity": "error",
            "message": (
                "'A' stands in line 2 already: one of the two has to go"
            ),
        }
    ] == problems(result)


def test_every_error_of_every_file_is_told_at_once(folder: Path, check: Check):
    """
    With file, line, column, the text, and the nearest right word.
    """
    for name in ("cafe-mx-rayo", "artesanias-mx-rayo"):
        file = folder / f"{name}.yaml"
        text = file.read_text("utf-8")
        text = text.replace("ship_to.city", "ship_to.citty")
        file.write_text(text.replace("= quantity", "= quantty"), "utf-8")

    found = problems(check("--json"))

    assert ["artesanias-mx-rayo.yaml"] * 2 + ["cafe-mx-rayo.yaml"] * 2 == [
        Path(problem["file"]).name for problem in found
    ]
    assert {
        ("= quantty", "there is no field 'quantty', did you mean 'quantity'?"),
        ("= ship_to.citty", "there is no field 'citty', did you mean 'city'?"),
    } == {(problem["text"], problem["message"]) for problem in found}
