"""Outcomes that the journal could not take, and how they come back."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import JournalUnavailable
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Claim, Journal, Result
from bridge.model import DeliveryState, Phase, Reason
from bridge.spill import (
    NO_SPILL,
    Spilled,
    SpillFolder,
    count_waiting,
    from_lines,
    to_line,
)
from tests.factories import NOW, keep, later, link, new_delivery
from tests.journal.steps import claim_one, intend, result, row

S = DeliveryState
SIZE = 64 * 1024


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    journal.migrate()
    yield journal
    journal.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spill"


def sent(journal: Journal, order_id: str = "1") -> tuple[Claim, Result]:
    """Return a create that was sent and applied, and is to be recorded."""
    keep(journal, new_delivery(order_id=order_id))
    claim = claim_one(journal)
    number = intend(journal, claim)
    return claim, result(
        S.SUCCEEDED,
        number=number,
        outcome="applied",
        phase=Phase.ANSWERED,
        status=200,
        answer='{"orden": "9095"}',
        links=[link(order_id=order_id)],
    )


def spill_in(folder: Path, owner: str = "host/serve-0") -> SpillFolder:
    return SpillFolder(folder, owner, size=SIZE)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Full:
    """A journal without room for outcomes."""

    def __init__(self, journal: Journal) -> None:
        self.attempts = journal.attempts
        self.delivery = journal.delivery

    def record(self, *_what: object) -> None:
        raise JournalUnavailable("database or disk is full (SQLITE_FULL)")


# ------------------------------------------------------------------ format


def test_a_line_says_all_that_is_recorded(journal: Journal) -> None:
    """What comes back is what was spilled, but for the customer's order."""
    claim, outcome = sent(journal)
    line = to_line(Spilled(at=NOW, claim=claim, result=outcome))
    (back,) = from_lines(line)

    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert (NOW, outcome) == (back.at, back.result)
    assert back.claim.delivery == claim.delivery
    assert back.claim.order.revision == claim.order.revision
    assert back.claim.order.state == "{}"


def test_a_reason_survives(journal: Journal) -> None:
    """A step with a reason and its coordinates is whole, too."""
    claim, _outcome = sent(journal)
    reason = Reason(code="timeout", text="No answer.", where={"after": 3})
    unknown = result(S.UNCERTAIN, reason=reason, due_at=later(5), number=1)
    line = to_line(Spilled(at=NOW, claim=claim, result=unknown))

    assert [unknown.step] == [back.result.step for back in from_lines(line)]


def test_a_torn_line_is_passed_over(journal: Journal) -> None:
    """The last line of a power loss is no outcome; those before it are."""
    claim, outcome = sent(journal)
    line = to_line(Spilled(at=NOW, claim=claim, result=outcome))
    torn = line + line[: len(line) // 2]

    assert 1 == len([*from_lines(torn + bytes(100))])
    hole = line[:40] + bytes(10) + line[50:]
    assert [] == [*from_lines(hole)]


# -------------------------------------------------------------------- file


def test_has_its_room_from_the_start(folder: Path) -> None:
    """The file is written to its full size before anything is in it."""
    spill = spill_in(folder)
    (path,) = folder.iterdir()

    assert SIZE == path.stat().st_size
    assert path.stat().st_blocks * 512 >= SIZE
    assert path.stat().st_mode & 0o077 == 0
    spill.close()
    assert [] == names(folder)


def test_comes_back_when_there_is_room(journal: Journal, folder: Path) -> None:
    """An outcome waits while the journal is full, and is then recorded."""
    claim, outcome = sent(journal)
    spill = spill_in(folder)
    assert spill.keep(claim, outcome, NOW)
    with pytest.raises(JournalUnavailable):
        spill.bring_back(Full(journal), NOW)  # type: ignore[arg-type]

    assert 1 == count_waiting(folder)
    assert 1 == spill.bring_back(journal, later(1))
    assert 0 == spill.bring_back(journal, later(2)) == count_waiting(folder)
    after = row(journal, claim.delivery)
    assert S.SUCCEEDED is after.state
    (attempt,) = journal.attempts(after.id)
    assert ("applied", None) == (attempt.outcome, attempt.reason)


def test_late_outcome_settles_doubt(journal: Journal, folder: Path) -> None:
    """After its lease it is late evidence, which settles what is unknown."""
    claim, outcome = sent(journal)
    spill = spill_in(folder)
    spill.keep(claim, outcome, NOW)
    journal.reap(later(60_000))
    assert S.UNCERTAIN is row(journal, claim.delivery).state

    spill.bring_back(journal, later(60_001))
    assert S.SUCCEEDED is row(journal, claim.delivery).state


def test_comes_back_once(journal: Journal, folder: Path) -> None:
    """A worker that died after recording and before erasing does no harm."""
    claim, outcome = sent(journal)
    journal.record(claim, outcome, NOW)
    before = row(journal, claim.delivery)
    spill = spill_in(folder)
    spill.keep(claim, outcome, NOW)
    spill.bring_back(journal, later(1))

    assert before == row(journal, claim.delivery)
    assert [None] == [x.reason for x in journal.attempts(before.id)]


def test_lost_lease_is_no_obstacle(journal: Journal, folder: Path) -> None:
    """What settles nothing any more is kept as a late attempt."""
    first, outcome = sent(journal, "1")
    journal.reap(later(60_000))
    journal.resolve(
        first.delivery.id, decision="cancel", links={}, actor="ana",
        reason="so", if_version=None, now=later(60_001),
    )  # fmt: skip
    spill = spill_in(folder)
    spill.keep(first, outcome, NOW)

    assert 1 == spill.bring_back(journal, later(60_002))
    assert S.CANCELLED is row(journal, first.delivery).state
    assert 0 == count_waiting(folder)


def test_not_of_this_journal(
    journal: Journal, folder: Path, tmp_path: Path
) -> None:
    """
    After an older copy was put back a number may be another order's: its
    outcome is not taken for that one's.
    """
    claim, outcome = sent(journal, "1")
    spill = spill_in(folder)
    spill.keep(claim, outcome, NOW)
    older = open_journal(f"sqlite:///{tmp_path / 'older.db'}")
    older.migrate()
    other, _outcome = sent(older, "2")
    older.reap(later(60_000))
    assert other.delivery.id == claim.delivery.id

    spill.bring_back(older, later(60_001))
    assert S.UNCERTAIN is row(older, other.delivery).state
    older.close()


def test_many_wait_in_order(journal: Journal, folder: Path) -> None:
    """Several outcomes are kept one after the other, and over again."""
    spill = spill_in(folder)
    for turn in range(3):
        claims = [sent(journal, f"{turn}-{nth}") for nth in range(5)]
        for claim, outcome in claims:
            assert spill.keep(claim, outcome, NOW)
        assert 5 == count_waiting(folder)
        assert 5 == spill.bring_back(journal, NOW)
        for claim, _outcome in claims:
            assert S.SUCCEEDED is row(journal, claim.delivery).state


def test_full_file_is_told(journal: Journal, folder: Path) -> None:
    """What does not fit is refused, and what is there stays whole."""
    claim, outcome = sent(journal)
    spill = spill_in(folder)
    kept = 0
    while spill.keep(claim, outcome, NOW):
        kept += 1

    assert kept > 5
    assert kept == count_waiting(folder)


# ------------------------------------------------------------------ owners


def test_the_next_of_its_name_brings_it_back(
    journal: Journal, folder: Path
) -> None:
    """A worker that is started again finds what it left."""
    claim, outcome = sent(journal)
    before = spill_in(folder)
    before.keep(claim, outcome, NOW)
    before.close()
    after = spill_in(folder)

    assert ["host%2Fserve-0"] == names(folder)
    assert 1 == after.bring_back(journal, NOW)
    assert S.SUCCEEDED is row(journal, claim.delivery).state


def test_whoever_comes_takes_what_the_dead_left(
    journal: Journal, folder: Path
) -> None:
    """A file whose owner is dead is read and removed."""
    claim, outcome = sent(journal)
    dead = spill_in(folder, "host/17")
    dead.keep(claim, outcome, NOW)
    dead.close()

    assert 1 == spill_in(folder, "host/18").bring_back(journal, NOW)
    assert ["host%2F18"] == names(folder)
    assert S.SUCCEEDED is row(journal, claim.delivery).state


def test_the_living_keep_theirs(journal: Journal, folder: Path) -> None:
    """What a living worker has is left to it, also under the same name."""
    claim, outcome = sent(journal)
    living = spill_in(folder)
    living.keep(claim, outcome, NOW)
    other = spill_in(folder)

    assert 0 == other.bring_back(journal, NOW)
    assert ["host%2Fserve-0", "host%2Fserve-0~2"] == names(folder)
    assert 1 == living.bring_back(journal, NOW)


def test_no_place_is_told(journal: Journal, tmp_path: Path) -> None:
    """Without a place for the file an outcome is refused, not lost quietly."""
    claim, outcome = sent(journal)
    (tmp_path / "file").touch()
    spill = spill_in(tmp_path / "file" / "spill")

    assert not spill.keep(claim, outcome, NOW)
    assert (
        0
        == spill.bring_back(journal, NOW)
        == NO_SPILL.bring_back(journal, NOW)
    )
    assert not NO_SPILL.keep(claim, outcome, NOW)
    spill.close()


def test_survives_kill(journal: Journal, folder: Path) -> None:
    """Once kept it is on the disk: a killed worker's is found by the next."""
    claim, outcome = sent(journal)
    if not (child := os.fork()):
        spill_in(folder).keep(claim, outcome, NOW)
        os._exit(9)
    os.waitpid(child, 0)

    assert 1 == spill_in(folder).bring_back(journal, NOW)
    assert S.SUCCEEDED is row(journal, claim.delivery).state
