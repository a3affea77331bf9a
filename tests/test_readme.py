"""What the README says that the code could change under it."""

import re
import sys
import textwrap
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

import click
import pytest

from bridge import lifecycle
from bridge.cli import cli
from bridge.lifecycle import TRANSITIONS, WAYS
from bridge.model import DeliveryState

S = DeliveryState

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MARKED = re.compile(
    r"(<!-- transitions -->\n).*?(<!-- /transitions -->)", re.DOTALL
)


WORDS = re.compile(
    r"^    (\w+) +((?:\w+ )*\w+)\n((?: {15}.*\n)*)", re.MULTILINE
)


def transitions() -> str:
    """Return every way as a row of a table."""
    rows = [
        f"| {_states(way.out_of)} | {_states(way.to)} | `{way.by}` |"
        f" {way.when} |"
        for way in WAYS
    ]
    head = ["| from | to | by | when |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _states(states: Iterable[DeliveryState]) -> str:
    return ", ".join(f"`{state}`" for state in states)


def _picture(text: str) -> list[str]:
    """Return the lines of the picture of states, without their margin."""
    lines = textwrap.dedent(text).splitlines()
    first = next(n for n, one in enumerate(lines) if "──claim──▶" in one)
    picture = [*takewhile(str.strip, lines[first:])]
    return [line.strip() for line in picture if line != "```"]


def test_readme_has_every_way() -> None:
    """
    The README's table is the code's own (`python -m tests.test_readme`
    writes it).
    """
    text = README.read_text()

    assert MARKED.sub(rf"\g<1>{transitions()}\g<2>", text) == text


def test_both_pictures_are_one() -> None:
    """The picture in the README is the one of the module, line by line."""
    drawn = _picture(lifecycle.__doc__ or "")

    assert _picture(README.read_text()) == drawn
    assert len(drawn) > 10


def test_module_lists_every_transition() -> None:
    """The list in the module's words is exactly what the code allows."""
    listed = {
        state: frozenset(f"{first} {more}".split())
        for state, first, more in WORDS.findall(lifecycle.__doc__ or "")
    }

    assert listed == TRANSITIONS


def test_picture_names_every_state_on_its_way() -> None:
    """No state that a delivery goes through by itself is missing in it."""
    text = "\n".join(_picture(lifecycle.__doc__ or ""))
    never_sent = {S.HELD, S.CANCELLED, S.SUPERSEDED, S.UNCHANGED}

    assert {s for s in S if s.value not in text} == never_sent


def test_picture_shows_no_way_that_there_is_not() -> None:
    """Its arrows to the right are ways of the table."""
    text = lifecycle.__doc__ or ""
    drawn = re.findall(r"(\w+) ──\w+──▶ (\w+)", text)

    assert drawn
    for before, after in drawn:
        assert S(after) in TRANSITIONS[S(before)]


PAGES = (README, ROOT / "docs" / "guarantees.md")
COMMANDS = sorted(
    {
        (page.name, command)
        for page in PAGES
        for command in re.findall(
            r"`(?:\.venv/bin/)?(pytest [^`]+|python -m bench[^`]+)`",
            page.read_text(),
        )
    }
)


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_commands_that_prove_something_are_there(
    page: str, command: str
) -> None:
    """What a page says to run exists: its tests, or its module."""
    del page
    words = command.split()
    if words[0] == "pytest":
        missing = [path for path in words[1:] if not (ROOT / path).exists()]
    else:
        missing = [words[2]] if find_spec(words[2]) is None else []

    assert missing == []


SPANISH = ROOT / "docs" / "empezar.md"
SAID = sorted(
    {
        " ".join(words.split()[:2])
        for words in re.findall(
            r"python -m bridge ([a-z][^`#\n]*)", SPANISH.read_text()
        )
    }
    | set(
        re.findall(
            r"^\| [^|]+\| `([a-z]+ ?[a-z]*)[^`]*` \|$",
            SPANISH.read_text(),
            re.MULTILINE,
        )
    )
)


@pytest.mark.parametrize("said", SAID)
def test_spanish_page_names_commands_that_there_are(said: str) -> None:
    """Whoever types what the page says is not told of an unknown command."""
    command: click.Command = cli
    for word in said.split():
        if not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), word)
        assert found is not None, f"{word} in {said}"
        command = found


def test_spanish_page_names_settings_that_there_are() -> None:
    """Its variables are those of the README's table."""
    named = set(re.findall(r"BRIDGE_[A-Z_]+", SPANISH.read_text()))

    assert named
    assert named <= set(re.findall(r"BRIDGE_[A-Z_]+", README.read_text()))


if __name__ == "__main__":
    before = README.read_text()
    README.write_text(MARKED.sub(rf"\g<1>{transitions()}\g<2>", before))
    sys.exit(0)
