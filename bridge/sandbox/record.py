"""What arrived at the sandbox, and when: the receiver's side of the story."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic_core import to_json

from bridge.model import JSON, Instant
from bridge.targets.contract import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """
    One request as it arrived, and what was made of it.

    Args:
        at: the wall clock, for people and for other records.
        t: milliseconds of the clock that nobody sets, with decimals; the
            times between arrivals are told by it.
        operation: None when no operation has such an address.
        keys: ids and SKUs to know it by; nothing personal.
        sha256: of the body, in hex: two creates of the same order are equal.
        status: of the answer, None when it was withheld.
        made: the id that the target gave to what this call created.
        over_limit: it came sooner than the API's limit allows.
    """

    at: Instant
    t: float = 0.0
    api: str
    operation: str | None
    method: str
    path: str
    keys: Mapping[str, JSON] = field(default_factory=dict)
    sha256: str
    status: int | None
    applied: bool = False
    made: str | None = None
    fault: str | None = None
    over_limit: bool = False


class Record:
    """
    All arrivals, in memory and, where *path* is given, as JSON lines.

    A line is handed to the system before its answer is sent, so that it
    outlives a killed process.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._arrivals: list[Arrival] = []
        self._path = path

    def add(self, arrival: Arrival) -> None:
        """Keep *arrival*."""
        self._arrivals.append(arrival)
        if self._path is not None:
            with self._path.open("ab") as lines:
                lines.write(to_json(asdict(arrival)) + b"\n")

    def arrivals(self) -> list[dict[str, JSON]]:
        """Return all of them, the first first."""
        return [asdict(arrival) for arrival in self._arrivals]

    def clear(self) -> None:
        """Forget them in memory; the file keeps its lines."""
        self._arrivals.clear()


class Gate:
    """Counts what arrives at one API against its limit."""

    def __init__(self, limit: Limit | None) -> None:
        self._limit = limit
        self._recent: deque[Instant] = deque()

    def over_limit(self, now: Instant) -> bool:
        """Count an arrival; tell whether it is one too many."""
        if self._limit is None:
            return False
        while self._recent and self._recent[0] <= now - self._limit.window:
            self._recent.popleft()
        self._recent.append(now)
        return len(self._recent) > self._limit.requests

    def clear(self) -> None:
        """Forget what arrived."""
        self._recent.clear()
