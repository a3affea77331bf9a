"""How pages show times, numbers, money and JSON."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal
from flask import Flask, g
from markupsafe import Markup

from bridge.model import SECOND, Instant
from bridge.web import shapes
from bridge.web.console import times
from bridge.web.console.choices import locale


def add_filters(app: Flask) -> None:
    """Let templates show values as people there write them."""
    for show in (when, as_written, clock, span, number, money, pretty):
        app.add_template_filter(show, show.__name__)


def when(instant: Instant | None) -> Markup | str:
    """Return an instant in the page's zone, with the zone's short name."""
    if instant is None:
        return ""
    there = _there(instant)
    told = format_datetime(there, "d MMM y, HH:mm:ss", locale=locale())
    return _time(instant, f"{told} {zone_name(there)}")


def as_written(instant: Instant | None) -> str:
    """Return an instant as a field for date and time has it."""
    return times.as_written(instant, g.zone)


def clock(instant: Instant | None) -> Markup | str:
    """Return the time of day alone."""
    if instant is None:
        return ""
    return _time(instant, f"{_there(instant):%H:%M}")


def span(milliseconds: int | None) -> str:
    """Return how long something takes, in its largest unit."""
    if milliseconds is None:
        return "–"
    if milliseconds < SECOND:
        return f"{number(milliseconds)} ms"
    told: str = format_timedelta(
        timedelta(milliseconds=milliseconds),
        threshold=1.5,
        format="short",
        locale=locale(),
    )
    return told


def number(value: float) -> str:
    """Return a number with the separators that are usual there."""
    told: str = format_decimal(value, locale=locale())
    return told


def money(amount: str | None, currency: str | None) -> str:
    """Return an amount as it is written in the shop's country."""
    if amount is None:
        return ""
    try:
        told: str = format_currency(
            Decimal(amount), currency or "", locale=locale()
        )
    except (InvalidOperation, ValueError):
        return f"{amount} {currency or ''}".strip()
    return told


def pretty(value: object) -> str:
    """Return a JSON value over several lines."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def zone_name(there: datetime) -> str:
    """Return the short name of a zone: `CST`, or `UTC-5` where it has none."""
    name = there.tzname() or "UTC"
    if name[0] not in "+-":
        return name
    hours, minutes = name[:3], name[3:]
    whole = f"UTC{hours[0]}{int(hours[1:])}"
    return f"{whole}:{minutes}" if minutes.strip("0") else whole


def _there(instant: Instant) -> datetime:
    zone: ZoneInfo = g.zone
    return datetime.fromtimestamp(instant / 1_000, tz=UTC).astimezone(zone)


def _time(instant: Instant, told: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(
        shapes.iso(instant), told
    )
