"""A journal in a file, the web over it, and who knocks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from tests.web.doors import web


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An empty journal with its schema."""
    journal = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    journal.migrate()
    yield journal
    journal.close()


@pytest.fixture
def client(journal: Journal) -> FlaskClient:
    """Somebody who knocks."""
    return web(journal).test_client()
