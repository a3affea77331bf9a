"""What machines ask: alive, ready, how much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic_core import to_json
from typing_extensions import override

from bridge.errors import JournalError
from bridge.journal.protocol import Beat, Counts, Room
from bridge.model import SAVED, SECOND, Instant, Millis, Part
from bridge.observe import metrics_text
from bridge.targets.account import Mode, mode_of
from bridge.web.parts import Parts

FRESH = Millis(15 * SECOND)
"""A worker whose last sign of life is older is taken for dead."""


def health(parts: Parts) -> Blueprint:
    """Return the pages for machines."""
    blueprint = Blueprint("health", __name__)

    def healthz() -> Response:
        """Say that the process answers; nothing else is looked at."""
        return _json({"alive": True})

    def readyz() -> Response:
        report = readiness(parts)
        return _json(report, 200 if report.ready else 503)

    def metrics() -> Response:
        text = metrics_text(_JournalNumbers(parts))
        return Response(text, content_type=CONTENT_TYPE_LATEST)

    for view in (healthz, readyz, metrics):
        blueprint.add_url_rule(f"/{view.__name__}", view_func=view)
    return blueprint


def _json(value: object, status: int = 200) -> Response:
    return Response(to_json(value), status, mimetype="application/json")


# -------------------------------------------------------------- readiness


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that is not as it should be."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """
    Whether webhooks can be taken, and whether calls can be made.

    Args:
        ready: webhooks can be taken. A bridge that can not send goes on
            taking, so that no store is turned away.
        sending: calls can be made, as far as is known.
        sandbox: nothing reaches a vendor.
        reasons: why it is not ready.
        warnings: what else a person should look at.
    """

    ready: bool
    sending: bool
    sandbox: bool
    mode: Mode
    reasons: Sequence[Remark] = ()
    warnings: Sequence[Remark] = field(default_factory=list)


def readiness(parts: Parts) -> Readiness:
    """Look, and report."""
    mode = mode_of(parts.targets().values())
    try:
        parts.journal.check()
        reasons = list(_room(parts))
        warnings = [*_workers(parts), *_gates(parts), *_files(parts)]
    except JournalError as error:
        reason = Remark(code="journal", text=str(error))
        return Readiness(
            ready=False,
            sending=False,
            sandbox=mode is Mode.SANDBOX,
            mode=mode,
            reasons=[reason],
        )
    return Readiness(
        ready=not reasons,
        sending=all(one.code not in _STOPS_SENDING for one in warnings),
        sandbox=mode is Mode.SANDBOX,
        mode=mode,
        reasons=reasons,
        warnings=warnings,
    )


def _room(parts: Parts) -> Iterable[Remark]:
    room = parts.journal.room()
    if room is not None and room.lacks is not None:
        yield Remark(code="no_room", text=room.lacks)


_STOPS_SENDING = frozenset({"no_worker", "no_planner", "target_paused"})


def _workers(parts: Parts) -> Iterable[Remark]:
    beats, now = parts.journal.beats(), parts.now()
    fresh = _fresh(beats, now)
    if not is_done(Part.SENDS, beats, now):
        yield Remark(
            code="no_worker",
            text=f"No worker was seen for {FRESH // SECOND} seconds.",
        )
    elif not is_done(Part.PLANS, beats, now):
        yield Remark(
            code="no_planner",
            text=f"Nobody has planned for {FRESH // SECOND} seconds: what"
            " comes in is kept, and waits.",
        )
    for problem in dict.fromkeys(p for beat in fresh for p in beat.problems):
        yield Remark(code="mapping", text=problem)


def is_done(part: Part, beats: Iterable[Beat], now: Instant) -> bool:
    """Return whether somebody was seen lately who does *part*."""
    return any(part in beat.parts for beat in _fresh(beats, now))


def _fresh(beats: Iterable[Beat], now: Instant) -> list[Beat]:
    return [beat for beat in beats if now - beat.at <= FRESH]


def _gates(parts: Parts) -> Iterable[Remark]:
    targets = parts.targets()
    for row in parts.journal.targets():
        if row.paused and row.name in targets:
            yield Remark(
                code="target_paused",
                text=f"{row.name} is paused: {row.paused}.",
            )


def _files(parts: Parts) -> Iterable[Remark]:
    if not parts.stores():
        yield Remark(code="no_store", text="No store is configured.")


# ---------------------------------------------------------------- numbers


class _JournalNumbers(Collector):
    """Counts what the journal holds at the moment it is asked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @override
    def collect(self) -> Iterable[Metric]:
        now = self._parts.now()
        up = GaugeMetricFamily("bridge_journal_up", "The journal answers.")
        try:
            counts = self._parts.journal.counts(now)
            paused = {
                row.name: row.paused is not None
                for row in self._parts.journal.targets()
            }
            room = self._parts.journal.room()
        except JournalError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from _amounts(counts)
        yield from _ages(counts, now)
        yield _paused(paused)
        if room is not None:
            yield from _bytes(room)


def _amounts(counts: Counts) -> Iterable[Metric]:
    events = GaugeMetricFamily(
        "bridge_events", "Events by state.", labels=["state"]
    )
    for event_state, number in counts.events.items():
        events.add_metric([event_state], number)
    yield events
    deliveries = GaugeMetricFamily(
        "bridge_deliveries",
        "Deliveries by target and state.",
        labels=["target", "state"],
    )
    for (target, state), number in counts.deliveries.items():
        deliveries.add_metric([target, state], number)
    yield deliveries
    saved = GaugeMetricFamily(
        "bridge_calls_saved",
        "Calls that were planned and not needed: superseded by a newer one,"
        " or unchanged, as the target has it.",
        labels=["target", "why"],
    )
    for (target, state), number in counts.deliveries.items():
        if state in SAVED:
            saved.add_metric([target, state], number)
    yield saved
    yield GaugeMetricFamily(
        "bridge_attention",
        "Deliveries that wait for a person.",
        value=counts.attention,
    )


def _ages(counts: Counts, now: Instant) -> Iterable[Metric]:
    """Yield how long the oldest of a kind waits; 0 when none does."""
    for name, told, since in (
        (
            "stored",
            "The oldest event without a plan.",
            counts.oldest_stored_at,
        ),
        ("due", "The oldest delivery that is due.", counts.oldest_due_at),
    ):
        age = 0 if since is None else max(0, now - since) / SECOND
        yield GaugeMetricFamily(
            f"bridge_oldest_{name}_age_seconds", told, value=age
        )


def _bytes(room: Room) -> Iterable[Metric]:
    for name, told, size in (
        ("disk_free", "Free where the journal lies.", room.free),
        ("disk_reserve", "Below it no webhook is taken.", room.reserve),
        ("wal", "Of SQLite's own log.", room.wal),
    ):
        yield GaugeMetricFamily(f"bridge_{name}_bytes", told, value=size)


def _paused(paused: dict[str, bool]) -> Metric:
    family = GaugeMetricFamily(
        "bridge_target_paused", "Nobody may call.", labels=["target"]
    )
    for target, is_paused in paused.items():
        family.add_metric([target], int(is_paused))
    return family
