"""The demo's processes, and what is asked of them while they run."""

import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pydantic_core import from_json, to_json

from bridge.commands.exits import ExitCode, Failed
from bridge.demo.place import Place
from bridge.journal.protocol import DeliveryFilter, EventFilter, Journal
from bridge.model import (
    JSON,
    Delivery,
    DeliveryState,
    EventState,
)
from bridge.supervisor import Process, Program, executing, start

READY_IN_S = 20.0
SETTLED_IN_S = 25.0
ENDS_IN_S = 30.0
LOOK_EVERY_S = 0.05
MOST_DELIVERIES = 1000

MOVING = frozenset(
    {
        DeliveryState.PENDING,
        DeliveryState.CLAIMED,
        DeliveryState.SENDING,
        DeliveryState.SETTLING,
        DeliveryState.WAITING,
    }
)
NEVER_SEEN = "order_not_seen"
"""Why a parcel waits whose order no sample tells of."""

Clock = Callable[[], float]


@contextmanager
def running(place: Place, *, monotonic: Clock) -> Iterator[None]:
    """Run the sandbox and the bridge; both end when the block does."""
    with ExitStack() as stack:
        for name, arguments in (
            ("sandbox", ["sandbox", f"--port={place.sandbox_port}"]),
            ("serve", ["serve"]),
        ):
            stack.enter_context(
                _process(place, name, arguments, monotonic=monotonic)
            )
        _await_ready(place, monotonic)
        yield


@contextmanager
def _process(
    place: Place, name: str, arguments: Sequence[str], *, monotonic: Clock
) -> Iterator[None]:
    with (place.folder / f"{name}.log").open("wb") as log:
        process = start(
            Program(
                name=name,
                main=executing([sys.executable, "-m", "bridge", *arguments]),
                environ=place.environ,
                output=log.fileno(),
            )
        )
        try:
            yield
        finally:
            _end(process, monotonic)


def _end(process: Process, monotonic: Clock) -> None:
    process.send(signal.SIGTERM)
    deadline = monotonic() + ENDS_IN_S
    while process.status() is None and monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    process.send(signal.SIGKILL)
    process.wait()


def _await_ready(place: Place, monotonic: Clock) -> None:
    deadline = monotonic() + READY_IN_S
    while monotonic() < deadline:
        if _is_ready(place):
            return
        time.sleep(LOOK_EVERY_S)
    message = f"the bridge did not start: see {place.folder}/serve.log"
    raise Failed(message, ExitCode.WRONG)


def _is_ready(place: Place) -> bool:
    try:
        ask(f"{place.sandbox_url}/sandbox/faults")
        told = ask(f"{place.url}/readyz")
    except OSError:
        return False
    return bool(told["ready"] and told["sending"])


def ask(url: str, body: JSON = None) -> JSON:
    """
    Return what is answered to a GET, or to a POST of *body*.

    Raises:
        OSError: nobody answers, or not with a 2xx.
    """
    request = urllib.request.Request(  # noqa: S310  on this machine
        url, data=None if body is None else to_json(body)
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        return from_json(answer.read())


def all_deliveries(journal: Journal) -> list[Delivery]:
    """Return every delivery, oldest first."""
    found = journal.deliveries(
        DeliveryFilter(), before=None, limit=MOST_DELIVERIES
    )
    return list(reversed(found))


def await_settled(journal: Journal, *, monotonic: Clock) -> bool:
    """Wait until nothing moves by itself any more; tell whether it is so."""
    deadline = monotonic() + SETTLED_IN_S
    while monotonic() < deadline:
        if not is_moving(journal):
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def is_moving(journal: Journal) -> bool:
    """
    Return whether anything will be done without a person soon.

    What stands behind a question in its lane will not, nor will a parcel
    whose order no sample tells of.
    """
    stored = EventFilter(state=EventState.STORED)
    if journal.events(stored, before=None, limit=1):
        return True
    deliveries = all_deliveries(journal)
    asking = [one for one in deliveries if one.attention and one.blocks]
    return any(
        one.state in MOVING
        and one.reason != NEVER_SEEN
        and not any(_stands_behind(one, other) for other in asking)
        for one in deliveries
    )


def _stands_behind(one: Delivery, other: Delivery) -> bool:
    return one.lane == other.lane and one.place > other.place
