"""What the README says that the code could change under it."""

import re
import sys
from pathlib import Path

from bridge import lifecycle
from bridge.lifecycle import TRANSITIONS
from bridge.model import DeliveryState

README = Path(__file__).parents[1] / "README.md"
MARKED = re.compile(
    r"(<!-- transitions -->\n).*?(<!-- /transitions -->)", re.DOTALL
)


def transitions() -> str:
    rows = [
        f"| `{state}` | {', '.join(f'`{to}`' for to in sorted(ways))} |"
        for state, ways in TRANSITIONS.items()
    ]
    return "\n".join(["| from | to |", "|---|---|", *rows, ""])


def test_readme_has_every_transition() -> None:
    """
    The README's table is the code's own (`python -m tests.test_readme`
    writes it).
    """
    text = README.read_text()

    assert MARKED.sub(rf"\g<1>{transitions()}\g<2>", text) == text


def test_both_pictures_are_one() -> None:
    """The picture in the README is the one of the module."""
    picture = [
        line.strip()
        for line in (lifecycle.__doc__ or "").splitlines()
        if re.search(r"[─│▼▲]", line) and "·" not in line
    ][:9]
    readme = [line.strip() for line in README.read_text().splitlines()]

    assert [line for line in picture if line not in readme] == []


def test_picture_names_every_state() -> None:
    """No state is missing from the module's picture."""
    text = lifecycle.__doc__ or ""

    assert [s.value for s in DeliveryState if s.value not in text] == []


if __name__ == "__main__":
    before = README.read_text()
    README.write_text(MARKED.sub(rf"\g<1>{transitions()}\g<2>", before))
    sys.exit(0)
