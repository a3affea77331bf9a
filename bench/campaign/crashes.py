"""
Crash at every point of named scenarios, restart, drain, judge.

    python -m bench.campaign.crashes [--dose N] [--jobs 2] [NAME …]

A point is a statement, a commit that is durable while its verb has not
returned, or a phase of an exchange. Each scenario runs once to count them,
then once for each with a crash just there, of the process that stands there.
`--dose N` takes every N-th. Ends with status 1 when a promise was broken.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from bench.campaign.simulation import stage
from bench.campaign.simulation.faults import Kind, Plan
from bench.campaign.simulation.judge import Finding, judged, shown
from bench.campaign.simulation.lives import settled
from bench.campaign.simulation.operators import Operator
from bench.campaign.simulation.shops import Facts, Order, Version
from bench.campaign.simulation.sites import Asked
from bench.campaign.simulation.world import World
from bench.campaign.verifier import Kind as Wrong
from bridge.mapping.catalog import Catalog, Source
from bridge.settings import load_sources

K = Kind

SEED = 7
ALONE = Plan(chances={}, workers=1, apart=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """
    One story that is crashed into.

    Args:
        play: sets it up; the world then runs until all is quiet.
        clean: nothing may wait for a person in the end.
    """

    name: str
    play: Callable[[World, Operator], None]
    clean: bool = False


@dataclass(slots=True, kw_only=True)
class Ran:
    """
    What came of one run.

    Args:
        at: the point of the crash; 0 for none.
        last: the last point at which anything was changed.
        where: the points' names, in a run without a crash.
    """

    scenario: str
    at: int
    last: int
    findings: list[Finding]
    where: list[str]


# --------------------------------------------------------------- scenarios


Happened = tuple[str, int, Mapping[str, object]]
"""A topic, how many milliseconds after the last, and what changed."""


def _life(*told: Happened) -> list[Version]:
    """Return the versions of an order."""
    facts, versions = Facts(), []
    for number, (topic, after, change) in enumerate(told, start=1):
        facts = replace(facts, **change)  # type: ignore[arg-type]
        versions.append(
            Version(number=number, topic=topic, facts=facts, after=after)
        )
    return versions


CREATED: Happened = ("orders/create", 0, {})
PAID: Happened = ("orders/paid", 0, {"paid": True})
SHIPPED = "orders/fulfilled"
CANCELLED: Happened = ("orders/cancelled", 2_000, {"cancelled": True})
GUIDE: dict[str, object] = {"guides": ("G1A",), "fulfilled": True}


def sells(
    *told: Happened, store: str = "cafe-mx"
) -> Callable[[World, Operator], None]:
    """Return what lets one order of *store* live so."""

    def play(world: World, _operator: Operator) -> None:
        versions = _life(*told)
        if store not in {"cafe-mx", "chocolate-co", "fincas-co"}:
            versions = [replace(v, topic="order.updated") for v in versions]
        world.sell(Order(store=store, number=1, versions=versions), begins=10)

    return play


def _first_create_is(kind: Kind) -> Callable[[str, Asked], Kind | None]:
    struck: list[Asked] = []

    def script(_site: str, asked: Asked) -> Kind | None:
        is_create = asked.method == "POST" and asked.target.endswith("orders")
        if not is_create or struck:
            return None
        struck.append(asked)
        return kind

    return script


def _lost_answer(world: World, operator: Operator) -> None:
    world.script = _first_create_is(K.RESET_AFTER)
    sells(PAID, (SHIPPED, 300, GUIDE))(world, operator)


def _lost_answer_at_every(world: World, operator: Operator) -> None:
    world.script = _first_create_is(K.RESET_AFTER)
    sells(PAID, CANCELLED, store="fincas-co")(world, operator)


def _cancelled_during(world: World, operator: Operator) -> None:
    sells(PAID)(world, operator)
    world.orders[0].cancels = True


def _force(world: World, operator: Operator) -> None:
    sells(PAID, (SHIPPED, 20_000, GUIDE))(world, operator)
    world.at(5_000, lambda: operator.force("create_order"))


def _token(world: World, operator: Operator) -> None:
    sells(PAID, (SHIPPED, 5_000, GUIDE))(world, operator)

    def expire() -> None:
        world.sites["rayo-mx"].refuses = 1

    world.at(4_000, expire)


def _reload(world: World, operator: Operator) -> None:
    files = stage.files()
    good = files.catalog
    before = _holding()
    world.files_catalog = before
    world.reloads = True
    world.use(before)
    sells(PAID)(world, operator)

    def reload() -> None:
        world.files_catalog = good
        for working in world.workers.values():
            if working.watches:
                world.strands.start(
                    working.process,
                    "watch",
                    partial(working.switch, before, good),
                )

    world.at(4_000, reload)


def _holding() -> Catalog:
    """Return the mappings with a create that lacks what is required."""
    if not _HOLDING:
        sources = [
            Source(
                name=source.name,
                file=source.file,
                text=source.text.replace(
                    "calle: = ship_to.street", "calle: = ship_to.company"
                ),
            )
            if source.name == "cafe-mx-rayo"
            else source
            for source in load_sources(stage.SHIPPED)
        ]
        files = stage.files()
        _HOLDING.append(stage.catalog(sources, files.stores, files.targets))
    return _HOLDING[0]


_HOLDING: list[Catalog] = []

_TAGS: list[Happened] = [
    ("orders/updated", 100, {"tag": tag}) for tag in range(1, 9)
]

SCENARIOS = (
    Scenario(name="create", play=sells(CREATED, PAID)),
    Scenario(
        name="tracking after create",
        play=sells(PAID, (SHIPPED, 2_000, GUIDE)),
    ),
    Scenario(name="lost answer, decided by a person", play=_lost_answer),
    Scenario(
        name="lost answer of a create that can be looked up",
        play=_lost_answer_at_every,
    ),
    Scenario(
        name="cancel before create",
        play=sells(
            CREATED, ("orders/cancelled", 5, {"cancelled": True}), PAID
        ),
    ),
    Scenario(
        name="cancel while the create is under way", play=_cancelled_during
    ),
    Scenario(
        name="cancel after shipping",
        play=sells(PAID, (SHIPPED, 2_000, GUIDE), CANCELLED),
    ),
    Scenario(name="storm of updates", play=sells(PAID, *_TAGS)),
    Scenario(
        name="order that comes back",
        play=sells(
            PAID,
            CANCELLED,
            ("orders/paid", 2_000, {"cancelled": False}),
            store="artesanias-mx",
        ),
    ),
    Scenario(
        name="changed after create",
        play=sells(PAID, ("orders/updated", 2_000, {"house": 77})),
    ),
    Scenario(name="redelivery with force", play=_force),
    Scenario(name="token expired in the middle", play=_token, clean=True),
    Scenario(
        name="reload that releases what was held", play=_reload, clean=True
    ),
    Scenario(
        name="order that the target imported",
        play=sells(CREATED, PAID, CANCELLED, store="chocolate-co"),
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


# ------------------------------------------------------------------ running


def ran(name: str, at: int) -> Ran:
    """Run a scenario, with a crash at a point; 0 is none."""
    return run(BY_NAME[name], at)


def run(scenario: Scenario, at: int = 0, *, seed: int = SEED) -> Ran:
    """Run any scenario, with a crash at a point; 0 is none."""
    world = World(seed, replace(ALONE, crash_at=at or None))
    world.points_seen = [] if at == 0 else None
    with stage.standing_in(world.observed):
        try:
            return _run(world, scenario, at)
        finally:
            world.close()


def _run(world: World, scenario: Scenario, at: int) -> Ran:
    operator = Operator(world)
    world.luck.is_over = world.luck.people_too = True
    world.begin()
    scenario.play(world, operator)
    operator.begin()
    quiet = settled(world, operator)
    findings = list(judged(world, operator))
    if not quiet:
        findings.append(
            Finding(Wrong.LIMBO, f"not quiet after {world.now} ms")
        )
    if scenario.clean and not world.crashes_in_sending:
        findings += [
            Finding(Wrong.DIVERGED, f"{place} waits for a person")
            for place in sorted(shown(world).attention)
        ]
    return Ran(
        scenario=scenario.name,
        at=at,
        last=world.last_change,
        findings=findings,
        where=world.points_seen or [],
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Enumerate, print, judge."""
    parser = argparse.ArgumentParser(prog="bench.campaign.crashes")
    parser.add_argument("--dose", type=int, default=1,
                        help="take every N-th point")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("names", nargs="*", metavar="NAME")
    told = parser.parse_args(arguments)
    chosen = [name for name in BY_NAME if name in (told.names or BY_NAME)]
    began, total, bad = time.monotonic(), 0, 0
    with ProcessPoolExecutor(told.jobs) as processes:
        for name in chosen:
            counted = ran(name, 0)
            points = range(1, counted.last + 1, told.dose)
            runs = processes.map(partial(ran, name), points, chunksize=8)
            found = _told_of(counted, runs)
            total, bad = total + len(points), bad + found
            print(f"{len(points):6} of {counted.last:6} points, {found}"
                  f" violations: {name}", flush=True)  # fmt: skip
    seconds = time.monotonic() - began
    print(f"{total:6} points in {len(chosen)} scenarios, {bad} violations,"
          f" {seconds:.0f} s")  # fmt: skip
    return 1 if bad else 0


def _told_of(counted: Ran, runs: Iterable[Ran]) -> int:
    """Print what was found; return how many runs broke a promise."""
    bad = 0
    for one in chain([counted], runs):
        bad += bool(one.findings)
        where = counted.where[one.at - 1] if one.at else "no crash"
        for finding in one.findings:
            print(f"{one.scenario} at {one.at} ({where}): {finding}")
    return bad


if __name__ == "__main__":
    sys.exit(main())
