"""The calls that one claim makes at its target: in time, and in turn."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from bridge.journal.protocol import Claim, Lane, Result
from bridge.lifecycle import Step, Tried
from bridge.model import (
    SECOND,
    Instant,
    Millis,
    Phase,
    Request,
)
from bridge.sender import Called, Hook, Sender, TooLate, at_once
from bridge.targets.account import Target
from bridge.targets.contract import Operation
from bridge.targets.outcome import answered
from bridge.throttle import MARGIN, free_after_answer, free_after_silence

SLACK = Millis(20 * SECOND)
"""A worker begins to write within this of its claim, or not at all; the
lease is that and the target's whole timeout."""

ANSWER_KEPT = 4_096  # characters of an answer in the log

WAIT: Callable[[float], object] = threading.Event().wait
"""Waits so many seconds, for an event that never comes."""


def lane_of(target: Target, room: int) -> Lane:
    """Return the lane of *target* that can take on *room* more."""
    limit = target.limit
    if limit is None:
        return Lane(target=target.name, room=room, slot_hold=lease_of(target))
    return Lane(
        target=target.name,
        room=room,
        slots=limit.requests,
        slot_hold=Millis(lease_of(target) + limit.window),
        turn=Millis(limit.window + MARGIN),
    )


def slot_free_at(
    target: Target, phase: Phase, *, started_at: Instant, now: Instant
) -> Instant:
    """Return when the slot of a call that has ended *now* is free again."""
    if target.limit is None or phase is Phase.PREPARED:
        return now
    if phase is Phase.ANSWERED:
        return free_after_answer(now, target.limit.window)
    may_arrive = Millis(now - started_at + target.settle)
    return free_after_silence(
        started_at,
        deadline=max(target.timeout, may_arrive),
        window=target.limit.window,
    )


def lease_of(target: Target) -> Millis:
    """Return how long a claim at *target* holds."""
    return Millis(SLACK + target.timeout)


class Calls:
    """
    What one claim calls, one call after another.

    Each begins while the lease still holds a whole call, and, where the
    target has a limit, when the claim's one slot is free again: a list that
    is read page by page is held to the limit as well.

    Args:
        claimed_at: monotonic seconds, read before the claim was made.
        wait: rests for so many seconds.
    """

    def __init__(
        self,
        claim: Claim,
        sender: Sender,
        *,
        claimed_at: float,
        now: Callable[[], Instant],
        monotonic: Callable[[], float],
        wait: Callable[[float], object] = WAIT,
    ) -> None:
        self._claim = claim
        self._sender = sender
        self._claimed_at = claimed_at
        self._now = now
        self._monotonic = monotonic
        self._wait = wait
        self._slot_free_at = now()
        self._last: Called | None = None
        self.last_ms: int | None = None

    @property
    def target(self) -> Target:
        """The target as it is configured for these calls."""
        return self._sender.target

    def make(
        self,
        operation: Operation,
        request: Request,
        *,
        headers: Mapping[str, str] | None = None,
        before_first_byte: Hook = at_once,
    ) -> Called:
        """
        Make one call, and say what came of it.

        Raises:
            TooLate: it could outlive the lease; nothing was sent.
        """

        def begin(write: Callable[[], None]) -> None:
            self._check_time()
            before_first_byte(write)

        self._await_turn()
        started_at, began = self._now(), self._monotonic()
        called = self._sender.call(
            operation, request, headers=headers, before_first_byte=begin
        )
        self.last_ms = round((self._monotonic() - began) * 1000)
        self._last = called
        self._slot_free_at = max(
            self._slot_free_at,
            slot_free_at(
                self.target,
                called.exchange.phase,
                started_at=started_at,
                now=self._now(),
            ),
        )
        return called

    def tried(self, called: Called, *, repeatable: bool, dice: float) -> Tried:
        """Return what `decide` needs to know of a call that was made."""
        delivery = self._claim.delivery
        return Tried(
            repeatable=repeatable,
            attempts=delivery.attempts,
            since=delivery.live_since,
            now=self._now(),
            settle=self.target.settle,
            dice=dice,
            fresh_credentials=called.fresh_credentials,
        )

    def silent_result(self, step: Step) -> Result:
        """Return what to record when no call is to be told of."""
        limited = self._claim.slot is not None
        result = Result(
            step=step, slot_free_at=self._slot_free_at if limited else None
        )
        last = self._last
        if last is None:
            return result
        return replace(
            result,
            answered=answered(last.outcome, last.exchange),
            credentials=self.target.credentials_mark,
        )

    def result(self, step: Step) -> Result:
        """Return what to record of the last call."""
        result, last = self.silent_result(step), self._last
        if last is None:
            return result
        return replace(
            result,
            phase=last.exchange.phase,
            status=last.exchange.status,
            outcome=type(last.outcome).__name__.lower(),
            answer=kept(last.exchange.answer),
        )

    # -- time and turn

    def _check_time(self, *, more_ms: float = 0) -> None:
        waited = self._monotonic() - self._claimed_at
        if waited * 1000 + more_ms > SLACK:
            raise TooLate

    def _await_turn(self) -> None:
        """Let the slot become free again after a call that was made."""
        self._check_time()
        if self._last is None or self._claim.slot is None:
            return
        rest = self._slot_free_at - self._now()
        if rest > 0:
            self._check_time(more_ms=rest)
            self._wait(rest / 1000)


def kept(answer: bytes) -> str | None:
    """Return what the log keeps of an answer."""
    if not answer:
        return None
    text = answer[: ANSWER_KEPT * 4].decode("utf-8", errors="replace")
    return text[:ANSWER_KEPT]
