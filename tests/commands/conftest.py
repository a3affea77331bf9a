"""A folder of files, a journal, and commands that are run in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import cli
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from tests.mapping import FOLDER

Run = Callable[..., Result]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The shipped files, and a database that is this test's."""
    return {
        "BRIDGE_DATABASE": f"sqlite:///{tmp_path / 'bridge.db'}",
        "BRIDGE_MAPPINGS": str(FOLDER),
    }


@pytest.fixture
def journal(environ: dict[str, str]) -> Iterator[Journal]:
    """An empty journal, where the commands will look for it."""
    journal = open_journal(environ["BRIDGE_DATABASE"])
    journal.migrate()
    yield journal
    journal.close()


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    """Run a command."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=environ)

    return run
