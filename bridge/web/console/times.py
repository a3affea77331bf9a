"""Times as people write them in filters, and as addresses keep them."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bridge.model import Instant

NAMES = ("since", "until")
"""Of the filters that take a time."""


def with_zone(said: Mapping[str, str], zone: ZoneInfo) -> dict[str, str]:
    """
    Return what was asked, with a zone at each time that has none.

    A time without one is as the clocks of *zone* show it. What is no time
    stays as it is.
    """
    return {
        name: _zoned(text, zone) if name in NAMES else text
        for name, text in said.items()
    }


def as_written(instant: Instant | None, zone: ZoneInfo) -> str:
    """Return *instant* as a browser's field for date and time has it."""
    if instant is None:
        return ""
    try:
        moment = datetime.fromtimestamp(instant / 1_000, tz=UTC)
        return _short(moment.astimezone(zone).replace(tzinfo=None))
    except (ValueError, OverflowError):  # past the year 9999
        return ""


def _zoned(text: str, zone: ZoneInfo) -> str:
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            return _short(moment.replace(tzinfo=zone))
    return text


def _short(moment: datetime) -> str:
    """Return a time without the seconds that it has not."""
    spec = "seconds" if moment.second else "minutes"
    return moment.isoformat(
        timespec="milliseconds" if moment.microsecond else spec
    )
