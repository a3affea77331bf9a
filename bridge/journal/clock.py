"""
The verb of the clock: one for all processes of a host, that never jumps.

Every time in the log was taken from it. When a person sets the machine's
clock right, and no worker runs, all that is still to come is moved with it
(`move`). Over a reboot nobody can tell how far the clock jumped, or whether
it did; nothing is moved then, but nothing may lie so far ahead that it looks
like a wait that we never make. What a jump ahead brings is due at once, and
leases whose owner went down with the machine end by `take_over` and `reap`.
"""

from collections.abc import Mapping

from typing_extensions import override

from bridge.journal.session import Session, Verbs
from bridge.model import HOUR, MINUTE, Instant, Millis

LONGEST_WAIT = Millis(90 * MINUTE)
"""Nothing of ours waits longer: the longest backoff is an hour, the longest
quarantine some minutes, and what a target asks for is clamped."""

LONGEST_HOLD = Millis(2 * MINUTE)
"""No lease is longer, and no slot of a limit is taken for longer."""

assert LONGEST_WAIT > HOUR


class Clocks(Verbs):
    """Keeps the clock that all times in the log are taken from."""

    @override
    def steady_clock(
        self, boot: str, offset: Millis, *, move: bool, now: Instant
    ) -> Millis:
        with self.writing() as session:
            kept = session.row("clock", boot=boot)
            if kept is None:
                _keep(session, boot, offset, now)
                _clamp(session, now)
                return offset
            before = Millis(kept["shift"])
            if not move or before == offset:
                return before
            _keep(session, boot, offset, now)
            _move(session, offset - before)
            return offset


def _keep(session: Session, boot: str, offset: Millis, now: Instant) -> None:
    session.run("keep_clock", boot=boot, shift=offset, now=now)


def _move(session: Session, by: int) -> None:
    """Move all that is to come: it is as far away as it was."""
    for statement in (
        "move_deliveries",
        "move_orders",
        "move_targets",
        "move_slots",
    ):
        session.run(statement, by=by)


def _clamp(session: Session, now: Instant) -> None:
    bounds: Mapping[str, int] = {
        "wait": now + LONGEST_WAIT,
        "hold": now + LONGEST_HOLD,
    }
    for statement in (
        "clamp_deliveries",
        "clamp_orders",
        "clamp_targets",
        "clamp_slots",
    ):
        session.run(statement, **bounds)
