"""
What the bridge says of itself: a JSON line, and numbers, from one call.

    observe("webhook.answered", store="cafe-mx", answer="stored", ms=4)

The line goes to standard error; `METRICS` says which numbers an event moves.
Names are dotted and stable. Values are ids, codes, counts and sizes: never a
body, a secret or a customer's data, and never an exception's text, which may
quote one.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

Scalar = str | int | float | bool | None
Level = Literal["info", "warning", "error"]

REGISTRY = CollectorRegistry()
"""The numbers of this process."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def observe(name: str, /, *, level: Level = "info", **fields: Scalar) -> None:
    """Say that *name* happened, in the log and in the numbers."""
    for metric in METRICS.get(name, ()):
        metric.take(fields)
    _write(level, name, fields)


def observe_broken(error: BaseException, *, endpoint: str | None) -> None:
    """Say of what broke only its kind and its place."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    observe(
        "web.failed",
        level="error",
        error=type(error).__name__,
        file=trace.tb_frame.f_code.co_filename if trace else None,
        line=trace.tb_lineno if trace else None,
        endpoint=endpoint,
    )


def metrics_text(*collectors: Collector) -> bytes:
    """
    Return all numbers, in Prometheus's text form.

    Those of all processes that share `PROMETHEUS_MULTIPROC_DIR`, where it
    is set; else those of this one.

    Args:
        collectors: more numbers, counted when asked for.
    """
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)


def share_numbers(folder: Path) -> None:
    """
    Share the numbers of this process and its children in *folder*.

    To be said before anything is counted: numbers counted until then are
    not shared. Source: prometheus_client/values.py, 0.26, which decides by
    the environment when it is imported, and gives each process its files.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


# ---------------------------------------------------------------- numbers


class Metric(Protocol):
    """Something that an event moves."""

    def take(self, fields: Mapping[str, Scalar]) -> None:
        """Count, or measure, what *fields* say."""
        ...


@dataclass(frozen=True, slots=True)
class _Count(Metric):
    """Counts events by some of their fields; so many as *by* says, if set."""

    counter: Counter
    labels: tuple[str, ...]
    by: str | None = None
    seen: dict[tuple[str, ...], Counter] = field(default_factory=dict)

    @override
    def take(self, fields: Mapping[str, Scalar]) -> None:
        texts = _texts(fields, self.labels)
        labelled = self.seen.get(texts)
        if labelled is None:
            labelled = self.seen[texts] = self.counter.labels(*texts)
        number = fields.get(self.by) if self.by else 1
        labelled.inc(number if isinstance(number, int) else 0)


@dataclass(frozen=True, slots=True)
class _Span(Metric):
    """Measures the field `ms`, in seconds."""

    histogram: Histogram
    labels: tuple[str, ...]
    seen: dict[tuple[str, ...], Histogram] = field(default_factory=dict)

    @override
    def take(self, fields: Mapping[str, Scalar]) -> None:
        span = fields.get("ms")
        if not isinstance(span, int | float):
            return
        texts = _texts(fields, self.labels)
        labelled = self.seen.get(texts)
        if labelled is None:
            labelled = self.seen[texts] = self.histogram.labels(*texts)
        labelled.observe(span / 1_000)


def _texts(
    fields: Mapping[str, Scalar], labels: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple([str(fields.get(label) or "") for label in labels])


def _count(
    name: str, help: str, *labels: str, by: str | None = None
) -> Metric:
    counter = Counter(name, help, labels, registry=REGISTRY)
    return _Count(counter, labels, by)


def _span(name: str, help: str, *labels: str) -> Metric:
    histogram = Histogram(
        name, help, labels, registry=REGISTRY, buckets=_SECONDS
    )
    return _Span(histogram, labels)


METRICS: Mapping[str, tuple[Metric, ...]] = {
    "webhook.answered": (
        _count(
            "bridge_webhooks", "Webhooks by their answer.", "store", "answer"
        ),
        _span("bridge_webhook_seconds", "Time to an answer.", "answer"),
    ),
    "delivery.recorded": (
        _count(
            "bridge_tries",
            "Tries by what came of them.",
            "target",
            "operation",
            "outcome",
        ),
        _span(
            "bridge_call_seconds",
            "Time of a call to a target.",
            "target",
            "operation",
        ),
    ),
    "order.planned": (
        _count(
            "bridge_webhooks_planned",
            "Webhooks by whether their plan brought changes, or nothing.",
            "store",
            "brought",
            by="events",
        ),
    ),
    "delivery.failed": (
        _count("bridge_delivery_failures", "Tries that broke.", "error"),
    ),
    "operator.acted": (
        _count("bridge_operator_actions", "What operators did.", "action"),
    ),
    "web.failed": (
        _count("bridge_web_failures", "Answers that broke.", "error"),
    ),
    "log.dropped": (
        _count("bridge_log_lines_dropped", "Lines that no disk took.", "why"),
    ),
}
"""
Which numbers an event moves.

No label has values that a customer makes. Each has a label: without one its
file would be opened on import, before a server forks.
"""


# ------------------------------------------------------------------ lines

_text = json.JSONEncoder().encode
"""Made once: `json.dumps` makes one for each line, which takes longer."""


def _write(level: Level, name: str, fields: Mapping[str, Scalar]) -> None:
    """Write a line; a full disk costs the line, not the work."""
    at = datetime.now(UTC).replace(tzinfo=None).isoformat()
    entry = {"event": name, "level": level, **fields, "at": f"{at}Z"}
    try:
        sys.stderr.write(f"{_text(entry)}\n")
    except (OSError, ValueError) as error:
        for metric in METRICS["log.dropped"]:
            metric.take({"why": type(error).__name__})
