"""
What was measured, for people: a picture and a table in the README.

    python -m bench.run --full --out docs/speed.json
    python -m bench.picture

Reads `docs/speed.json`, writes `docs/speed.svg` and the README's table. A
test checks that they say the same.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from bench.processes import ROOT

FIGURES = ROOT / "docs" / "speed.json"
PICTURE = ROOT / "docs" / "speed.svg"
README = ROOT / "README.md"

PROCESSES = ("web", "planner", "worker")

_MARKED = re.compile(r"(<!-- speed -->\n).*(<!-- /speed -->)", re.DOTALL)

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """
    One way of delivering.

    Args:
        ratio: deliveries a second, to those of a Flask route that calls the
            target itself, on the same machine.
        lost: what `kill -9` of everything lost of what was acknowledged.
    """

    name: str
    ratio: float
    lost: str
    is_ours: bool = False


PEERS = (
    Bar("Node-RED, memory only", 2_054 / 785, "6 of 4,119 lost"),
    Bar("Flask calls the target inline", 1.0, "nothing; the store waits"),
    Bar("Flask, Celery, Redis", 723 / 785, "2,145 of 2,758 lost"),
    Bar("Flask, huey on SQLite", 631 / 785, "nothing lost"),
    Bar("n8n, tuned", 81 / 785, "2 lost; interrupted runs never end"),
)
"""
Seen once, on two cores that the load shared, with signed orders of 8 KB and
a target that answers at once; each divided by the inline route of that day.
"""


def bars(found: Found) -> list[Bar]:
    """Return all ways of delivering, the fastest first."""
    ours = Bar(
        "The bridge",
        found["sending"]["delivered"]["ratio"],
        "nothing lost",
        is_ours=True,
    )
    return sorted([ours, *PEERS], key=lambda bar: -bar.ratio)


WIDTH, LABEL, ROW, TOP = 760, 210, 34, 44


def picture(found: Found) -> str:
    """Return the picture, as SVG that reads on light and on dark."""
    shown = bars(found)
    scale = (WIDTH - LABEL - 250) / max(bar.ratio for bar in shown)
    height = TOP + ROW * len(shown) + 12
    rows = "\n".join(
        _row(bar, TOP + ROW * number, scale)
        for number, bar in enumerate(shown)
    )
    title = "Delivered a second, to a Flask route that calls the target inline"
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" \
role="img" aria-label="{escape(title)}">
<style>
  text {{ font: 14px system-ui, sans-serif; fill: #24292f; }}
  .title {{ font-weight: 600; }}
  .said {{ fill: #57606a; font-size: 12px; }}
  .bar {{ fill: #8c959f; }}
  .ours {{ fill: #1a7f37; }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #e6edf3; }}
    .said {{ fill: #9da7b3; }}
    .bar {{ fill: #6e7681; }}
    .ours {{ fill: #3fb950; }}
  }}
</style>
<text class="title" x="0" y="18">{escape(title)}</text>
{rows}
</svg>
"""


def _row(bar: Bar, y: int, scale: float) -> str:
    width = max(2, round(bar.ratio * scale))
    kind = "bar ours" if bar.is_ours else "bar"
    ends = LABEL + width + 8
    said = f"{bar.ratio:.1f} ×  ·  {bar.lost}"
    return (
        f'<text x="0" y="{y + 16}">{escape(bar.name)}</text>\n'
        f'<rect class="{kind}" x="{LABEL}" y="{y + 2}" width="{width}"'
        f' height="18" rx="3"/>\n'
        f'<text class="said" x="{ends}" y="{y + 16}">{escape(said)}</text>'
    )


# ------------------------------------------------------------------- table


def table(found: Found) -> str:
    """Return the README's table, in Markdown."""
    lines = ["| what | seen | wanted |", "|---|---|---|"]
    lines += [
        f"| {what} | {seen} | {want} |" for what, seen, want in _rows(found)
    ]
    machine = found["machine"]
    lines += [
        "",
        (
            f"{machine['cores']} cores that the load shared, Python"
            f" {machine['python']}, SQLite {machine['sqlite']}; medians of"
            " rounds in turn with the yardstick. `make bench` has a small dose"
            " of all, `make bench-full` the whole."
        ),
    ]
    return "\n".join(lines) + "\n"


def _rows(found: Found) -> Iterator[tuple[str, str, str]]:
    taking, sending = found["taking"], found["sending"]
    growth, rendering = found["growth"], found["rendering"]
    full = taking["saturation"]
    yield (
        (
            "webhooks acknowledged a second, on disk, to a Flask route that does"
            " nothing"
        ),
        f"{full['ratio']:.2f} ({full['bridge']['per_second']:,.0f} a second)",
        "≥ 0.80",
    )
    yield (
        "their p99 at 300 a second · at 1,000 · at saturation, to that route",
        _times(
            taking[load]["p99_ratio"]
            for load in ("at 300/s", "at 1000/s", "saturation")
        ),
        "≤ 3 ×",
    )
    yield (
        "… with 200 slow clients, to without",
        _times(
            taking[f"{load}, slow clients"]["p99_to_itself"]
            for load in ("at 300/s", "at 1000/s", "saturation")
        ),
        "≤ 2 ×",
    )
    slowed = taking["slowed"]
    if isinstance(slowed, dict):
        yield (
            "3 ms more for each flush: to a commit each · to unslowed",
            f"{slowed['to a commit each']:.1f} · {slowed['to unslowed']:.2f}",
            "≥ 10 · ≥ 0.5",
        )
    yield (
        "delivered a second, to a Flask route that calls the target inline",
        (
            f"{sending['delivered']['ratio']:.2f}"
            f" ({sending['delivered']['bridge']:,.0f} a second)"
        ),
        "≥ 3",
    )
    yield (
        (
            "processor time of a delivery, planning included, to a bare `httpx`"
            " POST"
        ),
        f"{sending['cpu_us']['ratio']:.1f} ×",
        "≤ 1.5 ×",
    )
    yield (
        "a target that takes 300 ms, 32 at once: to the ceiling",
        f"{sending['slow target']['ratio']:.2f}",
        "≥ 0.95",
    )
    one = sending["one by one"]
    yield (
        "from a webhook to the request, idle: p50 · p99",
        f"{one['p50_ms']:.0f} ms · {one['p99_ms']:.0f} ms",
        "≤ 10 · ≤ 40 ms",
    )
    backlog = sending["backlog"]
    yield (
        f"a backlog of {backlog['orders']:,}: to the rate of an empty system",
        f"{backlog['ratio']:.2f}",
        "≥ 0.9",
    )
    idle = sending["idle"]
    yield (
        "idle: web · planner · worker, of a core",
        " · ".join(f"{idle[name]:.1f} %" for name in PROCESSES),
        "< 0.5 %",
    )
    yield from (
        (
            f"memory after {memory['events']:,} events: web · planner and worker",
            f"{memory['web']:.0f} · {memory['planner'] + memory['worker']:.0f} MB",
            "≤ 90 · ≤ 120 MB",
        )
        for memory in map(sending["memory_mb"].get, ("before", "after"))
    )
    yield ("start to the first webhook", f"{taking['start_s']:.1f} s", "≤ 2 s")
    yield (
        (
            f"a log of {growth['whole']:,} whole and {growth['pruned']:,} pruned"
            " orders, to an empty one: taking · delivering · start"
        ),
        " · ".join(
            f"{growth['ratios'][part]['ratio']:.2f}"
            for part in ("append", "plan_claim_intend_record", "start")
        ),
        "≥ 0.9",
    )
    sizes = growth["bytes_per_order"]
    yield (
        "disk of an order: whole · pruned",
        (
            f"{sizes['whole']['file'] / 1000:.1f} ·"
            f" {sizes['pruned']['file'] / 1000:.1f} KB"
        ),
        "≤ 6 KB",
    )
    yield (
        "rendering a request, to `json.loads` of the webhook",
        f"{rendering['ratio']:.1f} ×",
        "≤ 6 ×",
    )


def _times(ratios: Iterator[float] | Sequence[float]) -> str:
    return " · ".join(f"{ratio:.1f}" for ratio in ratios) + " ×"


def with_table(readme: str, found: Found) -> str:
    """Return the README with the table in its place."""
    return _MARKED.sub(lambda m: f"{m[1]}{table(found)}{m[2]}", readme)


def main() -> int:
    """Run from the command line."""
    found = json.loads(FIGURES.read_text())
    PICTURE.write_text(picture(found))
    README.write_text(with_table(README.read_text(), found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
