"""
Says of a campaign what was lost, done twice, out of order, too fast, stuck.

    python -m bench.campaign.verifier FOLDER

Reads only what others wrote down: the stores' side, the targets, the
operators (see `histories`). Ends with status 1 on any violation.

The judging functions are pure: a history in, findings out.
"""

import argparse
import itertools
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bench.campaign.histories import (
    ASK,
    ASKED,
    CREATES,
    EXISTS,
    Arrival,
    Decision,
    History,
    Sent,
    Shown,
    read_history,
)

WINDOW_MS = 1000.0
FEW = 3
"""So many examples of each kind are printed."""

OVERDUE_MS = 60_000
"""What is due for so long, and held up by nothing, is stuck."""

WAITING = frozenset({"waiting", "pending", "settling"})
FINAL = frozenset({"succeeded", "cancelled", "superseded", "unchanged"})
SECOND_CHANCES = frozenset({"resend", "redeliver"})
NOT_SURELY_ABSENT = frozenset({"uncertain", "succeeded"})
"""States of a create out of which sending again can make a second one."""


class Kind(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    """Acknowledged, and neither done, nor waiting, nor anywhere to be seen."""
    DUPLICATED = "duplicated"
    """Created twice, and nobody decided so."""
    OUT_OF_ORDER = "out of order"
    """An older state was put over a newer one."""
    OVER_RATE = "over the rate"
    """More requests within a second than the target takes."""
    LIMBO = "limbo"
    """Neither final, nor waiting for a person, nor due."""
    FALSELY_UNCERTAIN = "falsely uncertain"
    """Called uncertain, and no byte of it ever came to the target."""
    DIVERGED = "diverged"
    """The target's last state is not the newest one acknowledged."""
    UNTRUE = "untrue"
    """The bridge says what the target's own record contradicts."""
    UNEXPECTED = "unexpected"
    """At the target, and no webhook ever asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One violation."""

    kind: Kind
    text: str
    order: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """
    What is held against.

    Args:
        limits: requests in any one second, by target.
        forward: statuses that must never go back, the first first, by
            target; of other states only the last one counts.
        false_share: of the uncertain ones, so few may be falsely so …
        false_from: … once there are so many that a share means something.
    """

    limits: Mapping[str, int] = field(default_factory=lambda: {"yuju": 2})
    forward: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {
            "yuju": ("ready_to_ship", "shipped", "delivered", "canceled")
        }
    )
    false_share: float = 0.05
    false_from: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was counted, and what was found."""

    counts: Mapping[str, int]
    findings: Sequence[Finding]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def of(self, kind: Kind) -> list[Finding]:
        """Return the findings of one kind."""
        return [one for one in self.findings if one.kind is kind]


Lane = tuple[str, str]
"""An order and a target."""


class Case:
    """A history, sorted by what the judges ask for."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.sent: dict[str, list[Sent]] = defaultdict(list)
        self.calls: dict[Lane, list[Arrival]] = defaultdict(list)
        self.shown: dict[Lane, list[Shown]] = defaultdict(list)
        self.decided: dict[Lane, list[Decision]] = defaultdict(list)
        for sent in history.sent:
            self.sent[sent.order].append(sent)
        for arrival in history.arrivals:
            if arrival.order is not None:
                self.calls[arrival.order, arrival.target].append(arrival)
        for shown in history.sight.deliveries:
            self.shown[shown.order, shown.target].append(shown)
        for decision in history.decisions:
            self.decided[decision.order, decision.target].append(decision)

    def creates(self, lane: Lane) -> list[Arrival]:
        """Return the applied creates of a lane, in the order they came."""
        return [
            call
            for call in self.calls.get(lane, ())
            if call.applied and call.operation in CREATES
        ]

    def states(self, lane: Lane) -> list[str]:
        """Return the states that were applied in a lane, the first first."""
        return [
            call.state
            for call in self.calls.get(lane, ())
            if call.applied and call.state is not None
        ]

    def versions(self, lane: Lane) -> dict[str, list[float]]:
        """
        Return the versions that want each state of a lane, oldest first.

        What is passed on the way to a version comes a little before it.
        """
        order, target = lane
        found: dict[str, list[float]] = defaultdict(list)
        for sent in self.sent.get(order, ()):
            if target in sent.wants:
                found[sent.wants[target]].append(sent.version)
            if target in sent.passes:
                found[sent.passes[target]].append(sent.version - 0.5)
        return {state: sorted(wanted) for state, wanted in found.items()}

    def waits_visibly(self, lane: Lane) -> bool:
        """Tell whether a person or a time is awaited to go on in a lane."""
        return any(
            shown.operation != ASK
            and (shown.attention or is_due_some_time(shown))
            for shown in self.shown.get(lane, ())
        )


def is_due_some_time(shown: Shown) -> bool:
    """Tell whether a delivery will be tried again by itself."""
    return shown.state in WAITING and shown.due_at is not None


def judge(history: History, bars: Bars | None = None) -> Verdict:
    """Return all that is to be said of *history*."""
    bars = bars or Bars()
    case = Case(history)
    doubts = uncertain(case)
    findings = [
        *lost_events(case),
        *lost_or_diverged(case),
        *duplicated(case),
        *out_of_order(case, bars),
        *over_rate(case, bars),
        *limbo(case),
        *falsely_uncertain(doubts, bars),
        *untrue(case),
        *unexpected(case),
    ]
    return Verdict(counts=counted(case, doubts, bars), findings=findings)


# -------------------------------------------------------------------- lost


def lost_events(case: Case) -> Iterator[Finding]:
    """Find what was acknowledged and is not kept, byte for byte."""
    sight = case.history.sight
    acked = [sent for sent in case.history.sent if sent.acked]
    if sight.shas is None:
        kept = sum(sight.events.values())
        if kept < len(acked):
            text = f"{len(acked)} acknowledged, {kept} events shown"
            yield Finding(kind=Kind.LOST, text=text)
        return
    left = Counter(sight.shas)
    for sent in acked:
        left[sent.sha] -= 1
        if left[sent.sha] < 0:
            text = f"webhook {sent.webhook} ({sent.kind}) is not kept"
            yield Finding(kind=Kind.LOST, order=sent.order, text=text)


def lost_or_diverged(case: Case) -> Iterator[Finding]:
    """
    Find where a target does not have what the newest webhook wants.

    Lost when nothing came of the order at all; diverged when something did.
    What waits for a person or a time, and can be seen to, is neither.
    """
    for order, tellings in case.sent.items():
        newest = newest_acked(tellings)
        if newest is None:
            continue
        for target, want in newest.wants.items():
            lane = (order, target)
            if _is_met(case, lane, newest, want) or case.waits_visibly(lane):
                continue
            states = case.states(lane)
            there = bool(states or case.creates(lane))
            yield Finding(
                kind=Kind.DIVERGED if there else Kind.LOST,
                order=order,
                target=target,
                text=f"version {newest.version} ({newest.kind}) wants "
                f"{want!r}, the target has {_last(states, there=there)}",
            )


def newest_acked(tellings: Sequence[Sent]) -> Sent | None:
    """Return the newest acknowledged telling of an order."""
    acked = [sent for sent in tellings if sent.acked]
    return max(acked, key=lambda sent: sent.version, default=None)


def _is_met(case: Case, lane: Lane, newest: Sent, want: str) -> bool:
    """A newer one that was not acknowledged may have been taken as well."""
    order, target = lane
    wants = {want} | {
        sent.wants.get(target, want)
        for sent in case.sent[order]
        if sent.version > newest.version
    }
    return any(_is_done(case, lane, one) for one in wants)


def _is_done(case: Case, lane: Lane, want: str) -> bool:
    if want == EXISTS:
        return bool(case.creates(lane))
    if want == ASKED:
        asked = any(one.operation == ASK for one in case.shown.get(lane, ()))
        return asked or not case.creates(lane)
    return case.states(lane)[-1:] == [want]


def _last(states: Sequence[str], *, there: bool) -> str:
    if states:
        return repr(states[-1])
    return "it, and was told no state" if there else "nothing"


# -------------------------------------------------------------- duplicated


def duplicated(case: Case) -> Iterator[Finding]:
    """Find second creates that no operator took upon himself."""
    for lane in case.calls:
        creates = case.creates(lane)
        unapproved = len(creates) - 1 - approved(case, lane)
        if unapproved > 0:
            order, target = lane
            yield Finding(
                kind=Kind.DUPLICATED,
                order=order,
                target=target,
                text=f"created {len(creates)} times, "
                f"{unapproved} of them unapproved",
            )


def approved(case: Case, lane: Lane) -> int:
    """Return how many second creates of a lane somebody had decided on."""
    decided = sorted(
        one.at
        for one in case.decided.get(lane, ())
        if one.decision in SECOND_CHANCES
        and one.operation in CREATES
        and one.was in NOT_SURELY_ABSENT
    )
    covered = 0
    for create in case.creates(lane)[1:]:
        if covered < len(decided) and decided[covered] <= create.at:
            covered += 1
    return covered


# ------------------------------------------------------------ out of order


def out_of_order(case: Case, bars: Bars) -> Iterator[Finding]:
    """Find statuses that went back, and older states left standing."""
    for lane in case.calls:
        states = case.states(lane)
        _order, target = lane
        ladder = bars.forward.get(target)
        if ladder is not None:
            found = _step_back(states, ladder)
        else:
            found = _left_standing(states, case.versions(lane))
        if found is not None:
            order, target = lane
            yield Finding(
                kind=Kind.OUT_OF_ORDER, order=order, target=target, text=found
            )


def _step_back(states: Sequence[str], ladder: Sequence[str]) -> str | None:
    known = [state for state in states if state in ladder]
    for before, after in itertools.pairwise(known):
        if ladder.index(after) < ladder.index(before):
            return f"{after!r} was applied after {before!r}"
    return None


def _left_standing(
    states: Sequence[str], versions: Mapping[str, Sequence[float]]
) -> str | None:
    """
    Say whether the last state is older than one before it.

    A state may be wanted by several versions, as a price that went up and
    down again is: each is taken for the oldest that it can be.
    """
    newest, newest_state = -1.0, ""
    found: str | None = None
    for state in states:
        wanted = versions.get(state, ())
        later = [version for version in wanted if version >= newest]
        if later:
            newest, newest_state, found = later[0], state, None
        elif wanted:
            found = f"{state!r} was applied after {newest_state!r}, and stands"
    return found


# --------------------------------------------------------------- over rate


def over_rate(case: Case, bars: Bars) -> Iterator[Finding]:
    """Find seconds of the target's clock with too many requests."""
    for target, limit in bars.limits.items():
        most, at = most_in_a_second(times_at(case, target))
        if most > limit:
            yield Finding(
                kind=Kind.OVER_RATE,
                target=target,
                text=f"{most} requests in the second from t={at:.3f} ms, "
                f"{limit} are let through",
            )


def times_at(case: Case, target: str) -> list[float]:
    """Return when requests came to *target*, by its own clock."""
    return [one.t for one in case.history.arrivals if one.target == target]


def most_in_a_second(times: Sequence[float]) -> tuple[int, float]:
    """
    Return the most requests in any one second, and when that began.

    A second has its beginning and not its end: two requests exactly one
    second apart are not in the same.
    """
    ordered = sorted(times)
    most, began = 0, 0.0
    for place, time in enumerate(ordered):
        within = bisect_left(ordered, time + WINDOW_MS) - place
        if within > most:
            most, began = within, time
    return most, began


# ------------------------------------------------------------------- limbo


def limbo(case: Case) -> Iterator[Finding]:
    """Find what nobody and nothing will ever come back to."""
    for shown in case.history.sight.deliveries:
        why = _stuck(case, shown)
        if why is not None:
            yield Finding(
                kind=Kind.LIMBO,
                order=shown.order,
                target=shown.target,
                text=f"delivery {shown.id} is {shown.state}, {why}",
            )
    stored = case.history.sight.events.get("stored", 0)
    if stored:
        text = f"{stored} events were never planned"
        yield Finding(kind=Kind.LIMBO, text=text)


def _stuck(case: Case, shown: Shown) -> str | None:
    if shown.attention or shown.state in FINAL:
        return None
    if shown.state not in WAITING:
        return "and neither final, nor due, nor for a person"
    if shown.due_at is None:
        return "and has no due time"
    sight = case.history.sight
    if sight.at - shown.due_at <= OVERDUE_MS:
        return None
    if shown.target in sight.paused or _is_held_up(case, shown):
        return None
    return f"and overdue by {(sight.at - shown.due_at) // 1000} s"


def _is_held_up(case: Case, shown: Shown) -> bool:
    """Whether another of the lane waits for a person or for its time."""
    lane = (shown.order, shown.target)
    return any(
        one.operation != ASK
        and one.id != shown.id
        and (one.attention or is_due_some_time(one))
        for one in case.shown[lane]
    )


# --------------------------------------------------------------- uncertain


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One delivery that was uncertain, and whether rightly so."""

    order: str
    target: str
    arrived: bool


def uncertain(case: Case) -> list[Doubt]:
    """Return every doubt that an operator met, decided or still open."""
    doubts: list[Doubt] = []
    for lane, told in case.decided.items():
        doubts += _doubts(case, lane, told)
    for lane, shown in case.shown.items():
        if lane not in case.decided and _open_doubts(shown):
            doubts += _doubts(case, lane, ())
    return doubts


def _open_doubts(shown: Sequence[Shown]) -> list[Shown]:
    return [one for one in shown if one.state == "uncertain"]


def _doubts(
    case: Case, lane: Lane, decided: Sequence[Decision]
) -> Iterator[Doubt]:
    """Judge a lane's doubts, each by what came since the one before."""
    order, target = lane
    met = [
        (one.at, one.operation)
        for one in sorted(decided, key=lambda one: one.at)
        if one.was == "uncertain"
    ]
    met += [
        (case.history.sight.at, one.operation)
        for one in _open_doubts(case.shown.get(lane, ()))
    ]
    since = -1
    for at, operation in met:
        arrived = any(
            since < call.at <= at and call.operation == operation
            for call in case.calls.get(lane, ())
        )
        yield Doubt(order=order, target=target, arrived=arrived)
        since = at


def falsely_uncertain(doubts: Sequence[Doubt], bars: Bars) -> list[Finding]:
    """Find false alarms, when they are more than a small share."""
    false = [doubt for doubt in doubts if not doubt.arrived]
    if len(doubts) < bars.false_from:
        return []
    if len(false) < bars.false_share * len(doubts):
        return []
    return [
        Finding(
            kind=Kind.FALSELY_UNCERTAIN,
            order=doubt.order,
            target=doubt.target,
            text="called uncertain, and no byte of it ever came",
        )
        for doubt in false
    ]


# ------------------------------------------------------ untrue, unexpected


def untrue(case: Case) -> Iterator[Finding]:
    """Find creates that are not as the bridge says they are."""
    for lane, deliveries in case.shown.items():
        order, target = lane
        there = bool(case.creates(lane))
        for shown in deliveries:
            if shown.operation not in CREATES:
                continue
            if shown.state == "succeeded" and not there:
                text = f"delivery {shown.id} succeeded, and nothing is there"
            elif shown.state == "dead" and there:
                text = f"delivery {shown.id} is dead, and the order is there"
            else:
                continue
            yield Finding(
                kind=Kind.UNTRUE, order=order, target=target, text=text
            )


def unexpected(case: Case) -> Iterator[Finding]:
    """Find what was applied at a target, and nobody had asked for."""
    for lane in case.calls:
        order, target = lane
        wanted = case.versions(lane)
        if not wanted and case.creates(lane):
            text = "created, and no webhook asked for it"
            yield Finding(
                kind=Kind.UNEXPECTED, order=order, target=target, text=text
            )
        for state in dict.fromkeys(case.states(lane)):
            if state not in wanted:
                text = f"{state!r} was applied, and no webhook asked for it"
                yield Finding(
                    kind=Kind.UNEXPECTED, order=order, target=target, text=text
                )


# ------------------------------------------------------------------ counts


def counted(case: Case, doubts: Sequence[Doubt], bars: Bars) -> dict[str, int]:
    """Return what there was of everything, right or wrong."""
    history = case.history
    creates = {lane: len(case.creates(lane)) for lane in case.calls}
    return {
        "webhooks": len(history.sent),
        "acknowledged": sum(sent.acked for sent in history.sent),
        "repeats acknowledged": sum(
            max(0, sent.copies - 1) for sent in history.sent if sent.acked
        ),
        "recovered": recovered(case),
        "orders": len(case.sent),
        "requests at targets": len(history.arrivals),
        "applied": sum(one.applied for one in history.arrivals),
        "creates": sum(1 for number in creates.values() if number),
        "second creates, approved": sum(
            approved(case, lane) for lane, n in creates.items() if n > 1
        ),
        "uncertain": len(doubts),
        "uncertain, rightly": sum(doubt.arrived for doubt in doubts),
        "uncertain, falsely": sum(not doubt.arrived for doubt in doubts),
        "decisions": len(history.decisions),
        "waiting for a person": sum(
            shown.attention for shown in history.sight.deliveries
        ),
        **{
            f"most requests in one second at {target}": most_in_a_second(
                times_at(case, target)
            )[0]
            for target in bars.limits
        },
    }


def recovered(case: Case) -> int:
    """Return how many webhooks were taken, though nobody was told so."""
    if case.history.sight.shas is None:
        return 0
    left = Counter(case.history.sight.shas)
    left.subtract(sent.sha for sent in case.history.sent if sent.acked)
    found = 0
    for sent in case.history.sent:
        if not sent.acked and left[sent.sha] > 0:
            left[sent.sha] -= 1
            found += 1
    return found


# ------------------------------------------------------------------- words


def told(verdict: Verdict) -> str:
    """Return the verdict in plain words."""
    lines = [f"{name:42}{n:>10,}" for name, n in verdict.counts.items()]
    lines.append("")
    for kind in Kind:
        found = verdict.of(kind)
        lines.append(f"{kind.value:42}{len(found):>10,}")
        for one in found[:FEW]:
            whose = " ".join(filter(None, (one.target, one.order)))
            lines.append(f"    {whose}: {one.text}".replace("    : ", "    "))
        if len(found) > FEW:
            lines.append(f"    … and {len(found) - FEW:,} more")
    lines += ["", "clean" if verdict.clean else "VIOLATED"]
    return "\n".join(lines)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    wanted = parser.parse_args()
    verdict = judge(read_history(wanted.folder))
    print(told(verdict))
    return 0 if verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main())
