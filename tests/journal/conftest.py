"""A journal of each backend: another one is one more entry in `BACKENDS`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal


def _sqlite(folder: Path) -> Journal:
    return open_journal(f"sqlite:///{folder / 'bridge.db'}")


BACKENDS: dict[str, Callable[[Path], Journal]] = {"sqlite": _sqlite}


@pytest.fixture(params=BACKENDS)
def journal(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Journal]:
    """An empty journal with its schema."""
    journal = BACKENDS[request.param](tmp_path)
    journal.migrate()
    yield journal
    journal.close()
