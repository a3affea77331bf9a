"""The table of addresses, each read from a webhook's body on."""

import pytest

from bench.addresses import SHARE, Reading, miss, read, report, rows
from bridge.places.parts import DOUBTS


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    return [read(row) for row in rows()]


def test_clean_rows(readings):
    """
    What a careful person reads in one way is read so, and relied on.
    """
    clean = [reading for reading in readings if reading.row.clean]
    good = sum(reading.good for reading in clean)

    assert good >= SHARE * len(clean), "\n".join(report(readings))


def test_nothing_silently_wrong(readings):
    """
    A wrong reading, of a clean row or a doubtful one, is never relied on.
    """
    wrong = [miss(reading) for reading in readings if reading.silently_wrong]

    assert not wrong


def test_doubts_are_known(readings):
    """
    Every doubt has words for a person, and makes the reading doubtful.
    """
    doubts = {
        doubt for reading in readings for doubt in reading.address.doubts
    }

    assert doubts <= set(DOUBTS)


def test_table():
    """
    The table is as large and as even as it was meant to be.
    """
    table = rows()
    forms = [row.form for row in table]

    assert len(table) >= 320
    assert len(set(forms)) >= 12
    assert all(forms.count(form) >= 15 for form in forms)
    assert {"clean", "doubtful"} == {row.judgement for row in table}
