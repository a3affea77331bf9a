"""What the README says of speed is what was measured last."""

import json
from xml.etree import ElementTree as ET

from bench.picture import FIGURES, PICTURE, README, bars, picture, with_table

FOUND = json.loads(FIGURES.read_text())


def test_picture_is_drawn_from_the_figures() -> None:
    """`python -m bench.picture` draws it anew."""
    assert picture(FOUND) == PICTURE.read_text()


def test_table_is_written_from_the_figures() -> None:
    """`python -m bench.picture` writes it anew."""
    text = README.read_text()

    assert with_table(text, FOUND) == text


def test_picture_is_sound_and_has_every_way() -> None:
    """It is XML, and names each way of delivering with its figure."""
    root = ET.fromstring(picture(FOUND))
    told = [element.text or "" for element in root.iter()]

    for bar in bars(FOUND):
        assert bar.name in told
        assert any(f"{bar.ratio:.1f} ×" in text for text in told)
