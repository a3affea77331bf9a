"""`places`: the municipalities of Colombia, for Every's locations."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import cli
from bridge.mapping.expression import Language, compile_expression
from bridge.mapping.tables import read_table
from bridge.orders.document import FIELDS
from tests.commands.conftest import Run
from tests.mapping import FOLDER

TABLE = Path(__file__).parents[1] / "places" / "municipalities.csv"


@pytest.fixture
def mappings(tmp_path: Path, environ: dict[str, str]) -> Path:
    """A folder of mapping files that may be written to."""
    folder = tmp_path / "mappings"
    shutil.copytree(FOLDER, folder)
    environ["BRIDGE_MAPPINGS"] = str(folder)
    return folder


def looked_up(mappings: Path, expression: str, **ship_to: str) -> object:
    """Return an expression's value with the table that was imported."""
    lines = (mappings / "municipios.csv").read_text().splitlines()
    rows = read_table(lines, file="municipios.csv", column=None)
    language = Language.with_tables({"municipios": rows})
    found = compile_expression(expression, language, FIELDS)
    return found.value({"ship_to": ship_to})


@pytest.mark.parametrize(
    ("city", "state", "expected"),
    [
        ("Medellín", "ANT", "CO-05001000"),
        ("MEDELLIN ", "ANT", "CO-05001000"),
        ("Bogotá D.C.", "DC", "CO-11001000"),
        ("Santiago de Cali", "VAC", "CO-76001000"),
        ("Medellín", "CUN", None),
        ("Macondo", "MAG", None),
    ],
)
def test_imported_table_names_locations(
    run: Run, mappings: Path, city: str, state: str, expected: str | None
) -> None:
    """What customers write is found in the table that the command made."""
    done = run("places", "import", str(TABLE))
    expression = "location('municipios', ship_to.city, ship_to.state)"

    assert done.exit_code == 0, done.output
    assert expected == looked_up(mappings, expression, city=city, state=state)


def test_mapping_file_with_the_table_is_right(
    run: Run, mappings: Path
) -> None:
    """
    A connection to Every may say where an order goes: the shipped cases see
    the location that they did not expect, and nothing else is wrong.
    """
    run("places", "import", str(TABLE))
    path = mappings / "chocolate-co-every.yaml"
    text = path.read_text()
    place = (
        "        recipient:\n          location: = join('/', ['locations', "
        "location('municipios', ship_to.city, ship_to.state)])\n"
    )
    head, confirmed, rest = text.partition("        status: CONFIRMED\n")
    path.write_text(
        f"tables:\n  municipios: municipios.csv\n{head}{confirmed}{place}"
        f"{rest}"
    )
    checked = run("check")

    assert "0 problems, 1 cases failed" in checked.output, checked.output
    assert "got {'location': 'locations/CO-11001000'}" in checked.output


def test_wrong_lines_are_told_and_left_out(
    run: Run, mappings: Path, tmp_path: Path
) -> None:
    """Each line that can not be used is named with its reason."""
    file = tmp_path / "divipola.csv"
    file.write_text(
        "code,department,municipality\n05001,Antioquia,Medellín\nx,Y,Z\n"
    )
    done = run("places", "import", str(file), "--as", "lugares.csv")

    assert "divipola.csv:3: the code is no number" in done.output
    assert "1 municipalities" in done.output
    assert (mappings / "lugares.csv").exists()


def test_file_of_something_else_changes_nothing(
    run: Run, mappings: Path, tmp_path: Path
) -> None:
    """Without its columns nothing is written, and it is said what is missing."""
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    done = run("places", "import", str(file))

    assert done.exit_code != 0
    assert "DIVIPOLA" in f"{done.output}{done.exception}"
    assert not (mappings / "municipios.csv").exists()


def test_name_is_no_path(run: Run, mappings: Path) -> None:
    """A table is written beside the mapping files, and nowhere else."""
    for name in ("../x.csv", "x.txt"):
        done = run("places", "import", str(TABLE), "--as", name)
        assert done.exit_code == 2
    assert not (mappings.parent / "x.csv").exists()


def test_unknown_table_is_told() -> None:
    """`check` knows which tables a file has."""
    with pytest.raises(ValueError, match="municipio"):
        compile_expression(
            "location('municipio', ship_to.city)",
            Language.with_tables({"municipios": {}}),
            FIELDS,
        )


def test_help_says_what_is_expected() -> None:
    """The command says where the table comes from."""
    told = CliRunner().invoke(cli, ["places", "import", "--help"])

    assert "DIVIPOLA" in told.output
