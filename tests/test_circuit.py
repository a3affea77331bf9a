"""The circuit of a target: when it opens, for how long, and what closes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.circuit import (
    CLOSED,
    FAILURES,
    FIRST,
    LONGEST,
    Circuit,
    after_failure,
    opened_for,
)

circuits = st.builds(
    Circuit,
    failures=st.integers(0, FAILURES - 1),
    trips=st.integers(0, 1_000),
    probing=st.booleans(),
)


@pytest.mark.parametrize("failures", range(FAILURES - 1))
def test_a_few_failures_are_counted(failures: int) -> None:
    """
    Until there are enough in a row nobody is held back.
    """
    found = after_failure(Circuit(failures=failures), is_shut=False)

    assert (Circuit(failures=failures + 1), None) == found


def test_enough_failures_open_it() -> None:
    """
    Then it is open for ten seconds, and probed after that.
    """
    found = after_failure(Circuit(failures=FAILURES - 1), is_shut=False)

    assert (Circuit(trips=1, probing=True), FIRST) == found


@pytest.mark.parametrize("trips", [1, 2, 5, 99])
def test_a_failed_probe_opens_it_for_longer(trips: int) -> None:
    """
    One failure is enough then, and it stays away twice as long, to a limit.
    """
    circuit = Circuit(trips=trips, probing=True)

    after, span = after_failure(circuit, is_shut=False)

    assert Circuit(trips=trips + 1, probing=True) == after
    assert min(LONGEST, FIRST * 2**trips) == span


def test_a_first_probe_that_fails_opens_it() -> None:
    """
    One that is probed for new credentials, or by hand, opens at once.
    """
    found = after_failure(Circuit(probing=True), is_shut=False)

    assert (Circuit(trips=1, probing=True), FIRST) == found


@given(circuits)
def test_what_began_before_tells_nothing_new(circuit: Circuit) -> None:
    """
    A failure while it is open changes nothing.
    """
    assert (circuit, None) == after_failure(circuit, is_shut=True)


@given(circuits)
def test_failures_alone_always_open_it(circuit: Circuit) -> None:
    """
    From wherever it stands, so many more open it, and not for ever.
    """
    spans = []
    for _nth in range(FAILURES):
        circuit, span = after_failure(circuit, is_shut=False)
        spans.append(span)

    opened = [span for span in spans if span is not None]
    assert opened
    assert FIRST <= opened[0] <= LONGEST
    assert circuit.probing
    assert circuit.failures < FAILURES


@given(st.integers(1, 10_000))
def test_it_stays_open_for_longer_and_longer(trips: int) -> None:
    """
    Each time is no shorter than the one before, and none is over the limit.
    """
    assert opened_for(trips) <= opened_for(trips + 1) <= LONGEST


def test_closed_is_as_new() -> None:
    """
    One that is closed has forgotten everything.
    """
    assert Circuit(failures=0, trips=0, probing=False) == CLOSED
