"""What is known of calls whose worker died."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from bridge.first_bytes import NOTHING_KNOWN, SLOTS, Page, page_of
from bridge.journal.protocol import Claim
from tests.end_to_end.rig import ROOT

OWNER = "host/serve-0"


def claim(delivery: int, fence: int = 1) -> Claim:
    """Return as much of a claim as a page looks at."""

    class Known:
        id = delivery

    known = cast("Any", Known())
    known.fence = fence
    found = cast("Any", Known())
    found.delivery = known
    return cast("Claim", found)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.db"
    path.touch()
    return path


def page(database: Path, owner: str = OWNER) -> Page:
    found = page_of(owner, database, folder=database.parent)
    assert isinstance(found, Page)
    return found


def dead(page: Page) -> None:
    """Let go of a page as the end of its process does."""
    page._memory.close()  # noqa: SLF001
    os.close(page._file)  # noqa: SLF001


def pages(database: Path) -> list[Path]:
    return sorted(database.parent.glob("bridge-*"))


DIES = """
import os, signal, sys
from pathlib import Path
from bridge.first_bytes import page_of
from tests.test_first_bytes import OWNER, claim
database = Path(sys.argv[1])
page = page_of(OWNER, database, folder=database.parent)
begin = page.ahead(claim(1))
page.ahead(claim(2, fence=7))
begin()
page.ahead(claim(3))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_next_of_its_name_knows_what_a_killed_one_had_not_written(
    database: Path,
) -> None:
    """What was ahead when the process was killed was not written."""
    ended = subprocess.run(
        [sys.executable, "-c", DIES, str(database)], cwd=ROOT, check=False
    )
    assert ended.returncode == -signal.SIGKILL

    after = page(database)

    assert after.unwritten() == {(2, 7), (3, 1)}
    after.forget()
    assert after.unwritten() == frozenset()


def test_nothing_is_known_while_the_one_before_may_write(
    database: Path,
) -> None:
    """One that is frozen holds its page; no other one believes it."""
    living = page(database)
    living.ahead(claim(1))

    assert page_of(OWNER, database, folder=database.parent) is NOTHING_KNOWN
    dead(living)
    assert page(database).unwritten() == {(1, 1)}


def test_each_name_and_each_file_has_its_own(database: Path) -> None:
    """Another worker's calls, and those of another database, are not ours."""
    page(database).ahead(claim(1))
    other = page(database, "host/serve-1")
    put_back = database.parent / "copy.db"
    put_back.touch()
    put_back.replace(database)

    assert other.unwritten() == frozenset()
    assert page(database).unwritten() == frozenset()


def test_more_calls_than_there_are_slots_are_in_doubt(database: Path) -> None:
    """Without a slot nothing is known; one that is free again is used."""
    found = page(database)
    begins = [found.ahead(claim(n)) for n in range(1, SLOTS + 2)]
    assert found.unwritten() == {(n, 1) for n in range(1, SLOTS + 1)}

    begins[-1]()
    begins[0]()
    found.ahead(claim(999))

    assert (999, 1) in found.unwritten()
    assert (1, 1) not in found.unwritten()


def test_page_that_is_not_ours_is_not_believed(database: Path) -> None:
    """Whoever else could have written it might lie."""
    first = page(database)
    first.ahead(claim(1))
    dead(first)
    (path,) = pages(database)
    path.chmod(0o666)

    assert page_of(OWNER, database, folder=database.parent) is NOTHING_KNOWN


def test_page_that_was_cut_off_tells_nothing(database: Path) -> None:
    """A file of another size is of no worker of ours."""
    first = page(database)
    first.ahead(claim(1))
    dead(first)
    (path,) = pages(database)
    os.truncate(path, 10)

    assert page(database).unwritten() == frozenset()


@pytest.mark.parametrize("missing", ["folder", "database"])
def test_without_a_place_nothing_is_known(
    database: Path, missing: str
) -> None:
    """A system without such a folder goes on, in doubt more often."""
    folder = database.parent
    if missing == "folder":
        folder /= "none"
    else:
        database.unlink()

    found = page_of(OWNER, database, folder=folder)
    found.ahead(claim(1))()

    assert found is NOTHING_KNOWN
    assert found.unwritten() == frozenset()


def test_worker_that_ends_leaves_nothing(database: Path) -> None:
    """The file goes with the worker."""
    found = page(database)
    found.ahead(claim(1))()
    found.close()

    assert pages(database) == []
