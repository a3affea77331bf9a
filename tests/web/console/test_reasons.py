"""Every reason of a delivery in plain words."""

import re
from pathlib import Path

import pytest

from bridge.journal.protocol import Journal
from bridge.mapping.addresses import _CODES
from bridge.mapping.plan import TEXTS
from bridge.targets.outcome import PREPARED_TEXTS, UNREAD_TEXTS
from bridge.web.console.reasons import told
from tests.web.doors import web

OF_DELIVERIES = [
    "journal", "lifecycle.py", "mapping/plan.py", "mapping/render.py",
    "targets", "drafting.py", "delivering.py", "doubts.py", "sender.py",
]  # fmt: skip
OF_OTHERS = {"woocommerce_error"}


def codes() -> set[str]:
    """Return every code that the source gives to a delivery."""
    found = {*TEXTS, *_CODES.values(), *PREPARED_TEXTS, *UNREAD_TEXTS}
    for name in OF_DELIVERIES:
        place = Path("bridge") / name
        for file in [place, *place.rglob("*.py")]:
            if file.is_file():
                text = file.read_text("utf-8")
                found |= {*re.findall(r'code="([a-z_]+)"', text)}
    return found - OF_OTHERS


@pytest.mark.parametrize("code", sorted(codes()))
def test_has_plain_words(code: str, journal: Journal) -> None:
    """
    Each has a title and what to do, in both languages.
    """
    one = told(code)
    assert one is not None

    texts = {}
    app = web(journal)
    for language in ("es", "en"):
        headers = {"Accept-Language": language}
        with app.test_request_context("/console/", headers=headers):
            texts[language] = (str(one.title), str(one.advice))
            assert all(texts[language])
    assert texts["es"][0] != texts["en"][0]
