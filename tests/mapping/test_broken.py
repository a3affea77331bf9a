"""
Mistakes of a Tuesday: a file each, and the one message that it gets.

Each file of `broken/` begins with `# expect: <line>:<column> <message>`, with
the CSV file's name before it where that is wrong, with `warning` before it
where the file is taken all the same, or just `nothing`. What is expected of
files that can hold no comment stands in `broken/index.txt`.
"""

import time
from pathlib import Path

import pytest

from bridge.errors import MappingError, Problem
from bridge.mapping import tables
from bridge.mapping.catalog import Source
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.expression import LONGEST as LONGEST_EXPRESSION
from bridge.mapping.text import DEEPEST, LONGEST
from bridge.settings import load_sources
from tests.mapping import AROUND, CANARY
from tests.mapping.test_compiler import RAYO

FOLDER = Path(__file__).parent / "broken"
SOURCES = load_sources(FOLDER)
INDEX = dict(
    row.split(".yaml: ", 1)
    for row in (FOLDER / "index.txt").read_text("utf-8").splitlines()
    if not row.startswith("#")
)
MARK = "# expect: "
PATIENCE_S = 5
"""Of the processor, for one file."""


def problems_of(source: Source) -> tuple[Problem, ...]:
    """Return the errors of a file, or its warnings where it has none."""
    try:
        mapping = compile_mapping(
            source.name, source.text, file=source.file, around=AROUND
        )
    except MappingError as error:
        return error.problems
    return mapping.warnings


def told(source: Source, problem: Problem) -> str:
    """Return a problem as the files' first lines have it."""
    own = problem.file == source.file
    file = "" if own else f"{Path(problem.file).name}:"
    severity = "warning " if problem.severity == "warning" else ""
    place = f"{problem.line}:{problem.column}"
    return f"{severity}{file}{place} {problem.message}"


def expected(source: Source) -> list[str]:
    """Return what a file's first line, or the index, asks for."""
    first = source.text.removeprefix("\ufeff").partition("\n")[0]
    found = INDEX.get(source.name) or first.removeprefix(MARK)
    return [] if found == "nothing" else [found]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_mistake_has_one_message_at_its_place(source: Source):
    """
    One message for each mistake: what is wrong, where, and what to do.
    """
    began = time.process_time()

    found = problems_of(source)

    assert expected(source) == [told(source, problem) for problem in found]
    assert time.process_time() - began < PATIENCE_S


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_no_message_has_what_stands_elsewhere_in_the_file(source: Source):
    """
    A name in a literal or a table is nobody's business but the file's.
    """
    shown = "".join(str(problem) for problem in problems_of(source))

    assert CANARY not in shown


def test_there_are_enough_of_them():
    """
    The folder keeps its size, and each file says what it is for.
    """
    assert len(SOURCES) >= 60
    assert [] == [
        source.name
        for source in SOURCES
        if source.name not in INDEX
        and not source.text.removeprefix("\ufeff").startswith(MARK)
    ]


HUGE_TABLE = "tienda,rayo\n" + "\n".join(f"SKU-{n},{n}" for n in range(10**6))
LONG = "first(" + "name, " * 2000 + "name)"
HUGE = {
    "file": (
        f"{RAYO}#{'x' * LONGEST}\n",
        f"0:0 is longer than {LONGEST} characters",
    ),
    "depth": (
        RAYO.replace("pais: mexico", f"pais: {'[' * 1000}{']' * 1000}"),
        f"24:34 is nested deeper than {DEEPEST}",
    ),
    "bomb": (
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
        "1:4 anchors and aliases are not taken: write it out",
    ),
    "expression": (
        RAYO.replace("= ship_to.name", f"= {LONG}"),
        f"16:17 is longer than {LONGEST_EXPRESSION} characters",
    ),
    "nesting": (
        RAYO.replace("= ship_to.name", f"= {'(' * 900}name{')' * 900}"),
        "16:17 is nested deeper than 64",
    ),
    "keys": (
        "from: cafe-mx\nto: rayo-mx\nrules:\n"
        + "".join(f"  r{n}: {{when: paid, ask: x}}\n" for n in range(5000)),
        "3:1 'rules' has more than 99 entries",
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_what_is_without_measure_is_refused_quickly(name: str):
    """
    Size and depth end a file, not the process.
    """
    text, message = HUGE[name]
    source = Source(name=name, file=f"{name}.yaml", text=text)
    began = time.process_time()

    found = problems_of(source)

    assert [message] == [told(source, problem) for problem in found]
    assert time.process_time() - began < PATIENCE_S


def test_a_table_of_a_million_rows_is_refused_quickly(tmp_path: Path):
    """
    It is not even read to its end.
    """
    text = RAYO.replace("rules:", "tables: {skus: skus.csv}\nrules:")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "skus.csv").write_text(HUGE_TABLE, encoding="utf-8")
    began = time.process_time()

    (source,) = load_sources(tmp_path)
    found = problems_of(source)

    assert [f"skus.csv:0:0 is longer than {tables.LONGEST} characters"] == [
        told(source, problem) for problem in found
    ]
    assert len(source.text) < 3 * tables.LONGEST
    assert time.process_time() - began < PATIENCE_S
