"""The bugs that are put in on purpose, and whether anybody notices."""

from pathlib import Path

import pytest

from bench.campaign.sabotage import ROOT, apply, tried
from bench.campaign.sabotages import SABOTAGES, Sabotage

ALLOWED_AT_LEAST = 30

NOTICED = Sabotage(
    name="adds where it should multiply",
    file="bridge/backoff.py",
    before="FIRST * 2 ** min",
    after="FIRST + 2 ** min",
    tests=("tests/test_backoff.py",),
)


def test_there_are_enough_of_them() -> None:
    """There are at least thirty, each with a name of its own."""
    names = {sabotage.name for sabotage in SABOTAGES}

    assert len(names) == len(SABOTAGES) >= ALLOWED_AT_LEAST


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda one: one.name)
def test_each_fits_the_code(sabotage: Sabotage) -> None:
    """Its text stands in the code just once, and it changes something."""
    text = (ROOT / sabotage.file).read_text()

    assert 1 == text.count(sabotage.before)
    assert sabotage.before != sabotage.after


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda one: one.name)
def test_each_is_shown_to_tests_that_are_there(sabotage: Sabotage) -> None:
    """The tests that should notice it exist."""
    paths = [ROOT / test.partition("::")[0] for test in sabotage.tests]

    assert [] == [path for path in paths if not path.exists()]


def test_refuses_a_text_that_is_gone(tmp_path: Path) -> None:
    """A bug that no longer fits the code is an error, not a survivor."""
    (tmp_path / "bridge").mkdir()
    (tmp_path / NOTICED.file).write_text("nothing of the kind\n")

    with pytest.raises(ValueError, match="0 times"):
        apply(NOTICED, tmp_path)


def test_tells_which_test_noticed() -> None:
    """A bug that a test notices is told with that test's name."""
    verdict = tried(NOTICED)

    assert (verdict.noticed_by or "").startswith("tests/test_backoff.py")
