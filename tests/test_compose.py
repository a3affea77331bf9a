"""The clock of everything that is kept."""

from pathlib import Path

from bridge.compose import SteadyClock
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.model import HOUR, SECOND
from tests.factories import NOW

BOOTED = 5 * HOUR


class Machine:
    """A machine whose clocks a test sets."""

    def __init__(self) -> None:
        self.wall = int(NOW)
        self.since_boot = BOOTED

    def clock(self, boot: str | None = "boot-1") -> SteadyClock:
        """Return the clock of a process that starts now."""
        return SteadyClock(
            boot, since_boot=lambda: self.since_boot, wall=lambda: self.wall
        )

    def live(self, span: int) -> None:
        """Let time pass."""
        self.wall += span
        self.since_boot += span


def journal_in(folder: Path) -> Journal:
    """Return an empty journal."""
    journal = open_journal(f"sqlite:///{folder / 'bridge.db'}")
    journal.migrate()
    return journal


def test_clock_that_nobody_agreed_on() -> None:
    """
    Before there is a journal it shows what the wall clock showed at first.
    """
    machine = Machine()
    clock = machine.clock()
    machine.live(SECOND)
    machine.wall += HOUR

    assert NOW + SECOND == clock()


def test_wall_clock_that_is_set(tmp_path: Path) -> None:
    """
    Setting the wall clock moves no running process, nor one that starts
    beside it, until `serve` starts anew.
    """
    machine, journal = Machine(), journal_in(tmp_path)
    serve, worker, web = (machine.clock() for _ in range(3))
    serve.agree(journal, move=True)
    worker.agree(journal)
    machine.wall += HOUR
    machine.live(SECOND)
    web.agree(journal)
    before = [serve(), worker(), web()]
    anew, cli = machine.clock(), machine.clock()
    anew.agree(journal, move=True)
    cli.agree(journal)
    journal.close()

    assert [NOW + SECOND] * 3 == before
    assert [NOW + HOUR + SECOND] * 2 == [anew(), cli()]


def test_machine_that_was_started_anew(tmp_path: Path) -> None:
    """
    After a boot the first one to start says what time it is.
    """
    machine, journal = Machine(), journal_in(tmp_path)
    machine.clock().agree(journal, move=True)
    machine.live(HOUR)
    machine.since_boot = 0
    clock = machine.clock("boot-2")
    clock.agree(journal)
    journal.close()

    assert NOW + HOUR == clock()


def test_system_that_does_not_name_its_boots(tmp_path: Path) -> None:
    """
    Elsewhere than on Linux it is the wall clock, jumps and all.
    """
    machine, journal = Machine(), journal_in(tmp_path)
    clock = machine.clock(None)
    clock.agree(journal, move=True)
    machine.wall += HOUR
    journal.close()

    assert NOW + HOUR == clock()
