"""Crash points: counted, survived, and noticed where something is broken."""

import pytest

from bench.campaign import crashes
from bench.campaign.crashes import (
    BY_NAME,
    CREATED,
    PAID,
    SHIPPED,
    Happened,
    Scenario,
    ran,
    run,
    sells,
)
from bench.campaign.simulation.faults import Kind
from bench.campaign.simulation.operators import Operator
from bench.campaign.simulation.sites import Asked
from bench.campaign.simulation.world import World

DOSES = {"create": 29, "tracking after create": 97, "cancel before create": 41}
HOUR_MS = 3_600_000


@pytest.mark.parametrize("name", BY_NAME)
def test_every_scenario_ends_well_by_itself(name: str) -> None:
    """Without a crash each story keeps its promises, and is the same twice."""
    one, again = ran(name, 0), ran(name, 0)

    assert [] == one.findings
    assert one.where == again.where
    assert 100 < one.last <= len(one.where)


@pytest.mark.parametrize(("name", "dose"), DOSES.items())
def test_crash_points(name: str, dose: int) -> None:
    """A crash at any of the points taken breaks nothing."""
    counted = ran(name, 0)

    runs = [ran(name, at) for at in range(1, counted.last + 1, dose)]

    assert [] == [finding for run in runs for finding in run.findings]


def test_points_are_of_all_sorts() -> None:
    """Statements, commits and each phase of an exchange are points."""
    where = set(ran("create", 0).where)

    assert {
        "web append_event",
        "web COMMIT",
        "web committed",
        "worker0 intend",
        "worker0 connect",
        "worker0 connected",
        "worker0 tls",
        "worker0 write",
        "worker0 written",
        "worker0 read",
        "worker0 answered",
    } <= where


# ------------------------------------------------- what the simulation found


def test_comes_back_after_the_clock_was_set_back() -> None:
    """
    A person is asked before an order that came back is told of, also when
    the clock was set back between what was told and its cancel.
    """
    cancelled: Happened = ("-", 100_000, {"cancelled": True})
    back: Happened = ("-", 100_000, {"cancelled": False})

    def play(world: World, operator: Operator) -> None:
        sells(PAID, cancelled, back, store="artesanias-mx")(world, operator)
        world.at(5_000, lambda: world.restart_all(error=-HOUR_MS))

    assert [] == run(Scenario(name="-", play=play)).findings


def test_question_after_a_resent_create() -> None:
    """
    An order that was cancelled while its create was uncertain is asked
    about once a person had it sent again, and it was done.
    """
    cancelled: Happened = ("orders/cancelled", 5_000, {"cancelled": True})
    lost: list[Asked] = []

    def script(_site: str, asked: Asked) -> Kind | None:
        is_create = asked.method == "POST" and b"productos" in asked.body
        if not is_create or lost:
            return None
        lost.append(asked)
        return Kind.REQUEST_LOST

    def play(world: World, operator: Operator) -> None:
        world.script = script
        sells(PAID, cancelled)(world, operator)

    assert [] == run(Scenario(name="-", play=play)).findings


def test_answer_that_is_repeated() -> None:
    """An answer that comes twice is not taken for that of the next call."""
    several = [(SHIPPED, 300, {"guides": (f"G{n}",)}) for n in range(3)]

    def script(site: str, asked: Asked) -> Kind | None:
        if site != "yuju-mx":
            return None
        first = b"ready_to_ship" in asked.body
        return Kind.REPEATED_AT_ONCE if first else Kind.ERROR_WITHOUT

    def play(world: World, operator: Operator) -> None:
        world.script = script
        sells(PAID, *several)(world, operator)
        world.at(60_000, lambda: setattr(world, "script", _calm))

    assert [] == run(Scenario(name="-", play=play)).findings


@pytest.mark.parametrize("seed", range(1, 13))
def test_answer_that_is_repeated_late(seed: int) -> None:
    """
    An answer to a look-up that comes again while the next call is under
    way is not taken for that call's.
    """

    def script(site: str, asked: Asked) -> Kind | None:
        if site != "every-co":
            return None
        return Kind.REPEATED if asked.method == "GET" else Kind.ERROR_WITHOUT

    def play(world: World, operator: Operator) -> None:
        world.script = script
        sells(CREATED, PAID, store="chocolate-co")(world, operator)
        world.at(60_000, lambda: setattr(world, "script", _calm))

    assert [] == run(Scenario(name="-", play=play), seed=seed).findings


def _calm(_site: str, _asked: Asked) -> None:
    return None


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the points of each scenario and their sum."""
    code = crashes.main(["--dose", "60", "create", "cancel before create"])

    printed = capsys.readouterr().out
    assert code == 0
    assert "0 violations: create" in printed
    assert "points in 2 scenarios, 0 violations" in printed
