"""How much room there is, and when there is too little to take more in."""

import dataclasses
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bridge.errors import JournalUnavailable
from bridge.journal.connection import sqlite3
from bridge.journal.protocol import Room
from bridge.journal.room import LOOK_EVERY_S, MIB, RESERVE, Intake, room_of
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DeliveryState
from tests.factories import NOW, keep, new_delivery, new_event
from tests.journal.steps import send

PLENTY = Room(
    place="bridge.db",
    free=RESERVE,
    reserve=RESERVE,
    wal=0,
    largest_wal=MIB,
)


class Volume:
    """A volume whose room a test sets, and a clock to look at it."""

    def __init__(self) -> None:
        self.room = PLENTY
        self.looks = 0
        self.seconds = 0.0
        self.intake = Intake(self.look, monotonic=lambda: self.seconds)

    def look(self) -> Room:
        self.looks += 1
        return self.room

    def has(self, **changes: int) -> None:
        self.room = dataclasses.replace(PLENTY, **changes)
        self.seconds += LOOK_EVERY_S


def test_looks_four_times_a_second_at_most() -> None:
    """However many events come, the volume is asked every quarter second."""
    volume = Volume()
    for _ in range(1_000):
        volume.intake.check()
        volume.seconds += 0.001

    assert volume.looks == 4


def test_refuses_below_the_reserve_and_recovers() -> None:
    """Below the reserve nothing is taken in, with figures and advice."""
    volume = Volume()
    volume.has(free=RESERVE - MIB)

    with pytest.raises(JournalUnavailable, match=r"63\.0 MiB .*64\.0 MiB .*"
                       "make room"):  # fmt: skip
        volume.intake.check()

    volume.has(free=RESERVE)
    volume.intake.check()


def test_refuses_while_the_log_is_too_long() -> None:
    """Above its limit nothing is taken in until the log was cut."""
    volume = Volume()
    volume.has(wal=MIB + 1)

    with pytest.raises(JournalUnavailable, match=r"bridge\.db-wal has 1\.0"):
        volume.intake.check()

    volume.has(wal=MIB)
    volume.intake.check()


def test_reserve_of_a_small_volume(tmp_path: Path) -> None:
    """A volume of 32 MB keeps an eighth of it, not all of it twice."""
    whole = os.statvfs(tmp_path)
    size = whole.f_blocks * whole.f_frsize

    assert room_of(tmp_path / "x.db", 10**18).reserve == size // 8
    assert room_of(tmp_path / "x.db", MIB).reserve == MIB


def test_takes_nothing_in_but_records(tmp_path: Path) -> None:
    """Without room events are refused; what a worker does goes on."""
    room = PLENTY
    journal = SQLiteJournal(tmp_path / "x.db", look=lambda *_: room)
    journal.migrate()
    keep(journal, new_delivery())
    room = dataclasses.replace(PLENTY, free=0)

    with pytest.raises(JournalUnavailable, match="make room"):
        journal.append([new_event()])

    after = send(journal, DeliveryState.SUCCEEDED)
    assert after.state is DeliveryState.SUCCEEDED
    journal.beat("w", problems=[], now=NOW)


def test_cuts_the_log_when_its_reader_ends(tmp_path: Path) -> None:
    """A log that grew under a long read is cut without any commit."""
    path = tmp_path / "x.db"
    room = PLENTY
    journal = SQLiteJournal(path, look=lambda *_: room)
    journal.migrate()
    wal = Path(f"{path}-wal")
    with closing(sqlite3.connect(str(path), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM events").fetchall()
        for nth in range(20):
            journal.append([new_event(str(nth), body=b"x" * 500_000)])

        room = dataclasses.replace(PLENTY, wal=PLENTY.largest_wal + 1)
        journal.shorten_log()
        assert wal.stat().st_size > 9 * MIB

    room = dataclasses.replace(PLENTY, wal=PLENTY.largest_wal)
    journal.shorten_log()
    assert wal.stat().st_size > 9 * MIB

    room = dataclasses.replace(PLENTY, wal=PLENTY.largest_wal + 1)
    journal.shorten_log()
    assert wal.stat().st_size == 0
    assert len(journal.unplanned(100)) == 20


def test_log_begins_anew_beside_the_commits(tmp_path: Path) -> None:
    """A log that is looked after is moved by nobody else, and begins anew."""
    path = tmp_path / "x.db"
    journal = SQLiteJournal(path, looked_after=True)
    journal.migrate()
    wal = Path(f"{path}-wal")
    sizes = []
    for looks in (False, False, True, True):
        if looks:
            journal.shorten_log()
        for nth in range(20):
            key = f"{len(sizes)}-{nth}"
            journal.append([new_event(key, body=b"x" * 500_000)])
        sizes.append(wal.stat().st_size)

    assert len(journal.unplanned(100)) == 80
    assert sizes[0] < sizes[1] == sizes[2] == sizes[3]


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A volume of 8 MB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tiny", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("NOT SHOWN: a tmpfs can not be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, left: int) -> Path:
    """Leave so many bytes of a volume free; return what takes the rest."""
    ballast = folder / "ballast"
    stat = os.statvfs(folder)
    size = stat.f_bavail * stat.f_frsize - left
    with ballast.open("wb") as file:
        file.write(b"x" * max(0, size))
    return ballast


def beat_until_it_fails(journal: SQLiteJournal) -> None:
    for nth in range(10_000):
        journal.beat(str(nth), problems=["x" * 500], now=NOW)


def test_real_volume_fills_up(tiny: Path) -> None:
    """
    On a real volume: 503 while outcomes still fit, then a full disk that
    breaks nothing, then all is well by itself.
    """
    path = tiny / "x.db"
    journal = SQLiteJournal(path)
    journal.migrate()
    keep(journal, new_delivery())
    journal.append([new_event("a")])
    ballast = fill(tiny, left=768 * 1024)
    journal._intake._next_look = 0.0  # noqa: SLF001

    with pytest.raises(JournalUnavailable, match="make room"):
        journal.append([new_event("b")])
    send(journal, DeliveryState.SUCCEEDED)

    ballast.unlink()
    fill(tiny, left=0)
    with pytest.raises(JournalUnavailable, match=r"FULL|SHMSIZE"):
        beat_until_it_fails(journal)
    assert journal.unplanned(10)

    ballast.unlink()
    journal._intake._next_look = 0.0  # noqa: SLF001
    journal.append([new_event("b")])
    assert journal.integrity() == []
    journal.check()
    journal.close()


def test_a_log_at_rest_is_left_alone(tmp_path: Path) -> None:
    """
    Nothing is asked of SQLite while its log is as short as it was.

    Whoever looks after it does so ten times a second, day and night.
    """
    path = tmp_path / "x.db"
    looks: list[Path] = []

    def look(path: Path, _reserve: int) -> Room:
        looks.append(path)
        return PLENTY

    journal = SQLiteJournal(path, look=look, looked_after=True)
    journal.migrate()
    journal.append([new_event("a")])
    journal.shorten_log()
    looks.clear()
    journal.shorten_log()
    journal.shorten_log()
    assert looks == []

    journal.append([new_event("b", body=b"x" * 20_000_000)])
    looks.clear()
    journal.shorten_log()
    assert looks
    journal.append([new_event("c")])
    assert Path(f"{path}-wal").stat().st_size < 40_000_000
