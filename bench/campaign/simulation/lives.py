"""One life from its seed to its verdict."""

import gc
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.campaign.simulation import stage
from bench.campaign.simulation.faults import Kind, Plan, drawn_plan
from bench.campaign.simulation.judge import (
    Doubt,
    Finding,
    doubt,
    is_at_rest,
    judged,
    shown,
)
from bench.campaign.simulation.operators import Operator
from bench.campaign.simulation.sites import CREATES
from bench.campaign.simulation.world import DAY_MS, Parts, World
from bench.campaign.verifier import Kind as Wrong

K = Kind

STEPS = 300
MOST_STEPS = 60_000
LONGEST_MS = 8 * DAY_MS
"""Once the faults are over, all must be quiet by then."""

CALM_MS = 240_000
"""Quiet is: nothing changed for so long, and nothing could have."""

ERRING_MS = 400_000
"""Decisions are made a minute after somebody saw what is to be decided."""

LOOK_EVERY = 20  # steps between two looks at whether all is quiet


@dataclass(slots=True, kw_only=True)
class Life:
    """
    What came of one seed.

    Args:
        created: how many creates were applied.
    """

    seed: int
    digest: str
    steps: int
    points: int
    hits: Counter[Kind]
    findings: list[Finding]
    doubt: Doubt
    created: int
    lines: list[str] = field(default_factory=list)


def life(
    seed: int,
    *,
    steps: int = STEPS,
    keep: bool = False,
    parts: Parts | None = None,
    plan: Plan | None = None,
) -> Life:
    """
    Play one life.

    Args:
        steps: turns of the scheduler for which faults strike.
        keep: whether the lines of the trace are kept.
        parts: stand in for parts of the bridge.
    """
    dice = random.Random(f"plan {seed}")
    world = World(seed, plan or drawn_plan(dice), keep=keep, parts=parts)
    with (
        _no_collector(),
        stage.standing_in(world.observed),
    ):
        try:
            return _played(world, steps)
        finally:
            world.close()


@contextmanager
def _no_collector() -> Iterator[None]:
    """
    Collect garbage in circles before one life is played, and not meanwhile.

    It is little, and looking for it is a sixth of what a life costs; but
    the files of processes that were killed are open as long.
    """
    gc.collect(0)
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _played(world: World, steps: int) -> Life:
    operator = Operator(world)
    world.begin()
    world.open_shops()
    operator.begin()
    for _ in range(steps):
        _disturb(world)
        world.step()
    world.luck.is_over = True
    _let_people_err(world)
    world.luck.people_too = True
    operator.diligent = world.dice.random() < 0.5
    world.tell("faults are over")
    findings = [] if settled(world, operator) else [_restless(world)]
    findings += judged(world, operator)
    for finding in findings:
        world.tell(finding)
    return Life(
        seed=world.seed,
        digest=world.digest,
        steps=world.steps,
        points=world.points,
        hits=world.luck.hits,
        findings=findings,
        doubt=doubt(world, shown(world)),
        created=sum(
            arrival.applied and arrival.operation in CREATES
            for site in world.sites.values()
            for arrival in site.arrivals
        ),
        lines=world.lines or [],
    )


def _let_people_err(world: World) -> None:
    """Nothing breaks any more; who decides has time to do so wrongly."""
    ends = world.now + ERRING_MS
    looked_at = -1
    for turn in range(MOST_STEPS):
        if world.now > ends:
            return
        looks = turn % LOOK_EVERY == 0 and not world.unsent
        if looks and world.commits != looked_at:
            looked_at = world.commits
            if _nobody_decides(world):
                return
        world.step()


def _nobody_decides(world: World) -> bool:
    """Return whether all is at rest, and nothing waits for a person."""
    seen = shown(world)
    return is_at_rest(seen) and not seen.attention


def _disturb(world: World) -> None:
    """Let strike what strikes whatever runs."""
    luck = world.luck
    if luck.strikes(K.SUPERVISOR):
        world.restart_all(error=world.clock.error)
    elif luck.strikes(K.CLOCK_JUMP):
        world.restart_all(error=_another_error(world))
    elif luck.strikes(K.WALL_JUMP):
        world.clock.error = _another_error(world)
        world.tell("WALL", world.clock.error)


def _another_error(world: World) -> int:
    return world.dice.choice((-1, 1)) * world.dice.randint(60_000, DAY_MS)


def settled(world: World, operator: Operator) -> bool:
    """Let time run until all is quiet; return whether it ever was."""
    ends = world.now + LONGEST_MS
    before: object = None
    since = world.now
    for turn in range(MOST_STEPS):
        if world.now > ends:
            return False
        if turn % LOOK_EVERY == 0:
            mark = _mark(world, operator)
            if mark is None or mark != before:
                before, since = mark, world.now
            elif world.now - since >= CALM_MS:
                return True
        world.step()
    return False


def _mark(world: World, operator: Operator) -> object:
    """Return what stays the same while all is quiet; None when it is not."""
    if world.unsent or operator.acting:
        return None
    seen = shown(world)
    if not is_at_rest(seen):
        return None
    return [(one.id, one.version) for one in seen.deliveries]


def _restless(world: World) -> Finding:
    return Finding(Wrong.LIMBO, f"not quiet after {world.now} ms")
