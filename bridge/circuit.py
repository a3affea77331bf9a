"""
When a target fails again and again, nobody calls it; then one call asks.

    closed ──5 failures in a row──▶ open ──its time is over──▶ probing
       ▲                             ▲                           │
       │                             └───── it failed again ─────┤
       └──────────────────── any answer ─────────────────────────┘

It is asked once a minute at the least: one call costs nothing, and whoever
watches a backlog after an outage should not wait for us.

While it is open nothing is tried, so nothing is burnt and no create becomes
uncertain for nothing; while it probes, one call at a time is under way.
"""

from dataclasses import dataclass

from bridge.model import MINUTE, SECOND, Millis

FAILURES = 5
"""So many calls in a row without an answer open it."""

FIRST = Millis(10 * SECOND)
LONGEST = MINUTE

_STEPS = 10  # beyond it the exponent only overflows


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """
    What is kept of one target's health.

    Args:
        failures: calls in a row that got no answer.
        trips: how often in a row it was opened.
        probing: once it is no longer shut, one call at a time.
    """

    failures: int = 0
    trips: int = 0
    probing: bool = False


CLOSED = Circuit()


def opened_for(trips: int) -> Millis:
    """
    Return how long a circuit stays open.

    Args:
        trips: how often in a row it was opened, this time counted.

    >>> [opened_for(trips) // 1000 for trips in (1, 2, 3, 6, 99)]
    [10, 20, 40, 60, 60]
    """
    return min(LONGEST, Millis(FIRST * 2 ** min(trips - 1, _STEPS)))


def after_failure(
    circuit: Circuit, *, is_shut: bool
) -> tuple[Circuit, Millis | None]:
    """
    Return the circuit after a call without an answer.

    Args:
        is_shut: the call had begun before the circuit was opened; it tells
            nothing new.

    Returns:
        The circuit, and for how long it is to be shut, if it is.
    """
    if is_shut:
        return circuit, None
    failures = circuit.failures + 1
    if failures < FAILURES and not circuit.probing:
        return Circuit(failures=failures, trips=circuit.trips), None
    trips = circuit.trips + 1
    return Circuit(trips=trips, probing=True), opened_for(trips)
