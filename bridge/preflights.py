"""
What a rule wants looked at before its call is made.

The target is asked what only it knows (is the product known, is the move
allowed), and a person is shown what would go wrong, before anything is sent.
What an answer allowed is believed for a while by the deliveries that follow;
what it did not allow is always asked once more.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

from bridge.calls import Calls
from bridge.looking_up import Unread, read
from bridge.model import JSON, Millis, Reason, Request
from bridge.targets.address import values_in
from bridge.targets.contract import Ask, Preflight, SentCall

MOST_KEPT = 2_000
"""So many answers are kept; then all are forgotten."""

Key = tuple[str, str, tuple[tuple[str, str], ...]]


class NotAnswered(Exception):
    """The target could not be asked; *unread* says what came instead."""

    def __init__(self, operation: str, unread: Unread) -> None:
        self.operation = operation
        self.unread = unread
        super().__init__(operation)


class Answers:
    """
    What targets answered to preflights; safe to share between threads.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[Key, tuple[float, JSON]] = {}
        self._lock = threading.Lock()

    def find(self, key: Key, life: Millis) -> tuple[JSON] | None:
        """Return an answer that is not older than *life*, if there is one."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or (self._now() - kept[0]) * 1_000 >= life:
            return None
        return (kept[1],)

    def keep(self, key: Key, answer: JSON) -> None:
        """Keep an answer for those that follow."""
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (self._now(), answer)


def doubt_before(
    preflights: Sequence[Preflight],
    calls: Calls,
    request: Request,
    order: Mapping[str, JSON],
    *,
    answers: Answers,
) -> Reason | None:
    """
    Return why a person is needed before *request* is sent, or None.

    Raises:
        NotAnswered: the target could not be asked.
        TooLate: there was no time to ask.
    """
    operation = calls.target.contract.operations[request.operation]
    values = values_in(operation, request.path) or {}
    sent = SentCall(values=values, body=request.body)
    for preflight in preflights:
        asks = preflight.asks(sent)
        kept = [answers.find(_key(calls, ask), preflight.life) for ask in asks]
        told = [
            one[0] if one is not None else _asked(calls, ask, answers)
            for ask, one in zip(asks, kept, strict=True)
        ]
        reason = preflight.judge(sent, told, order)
        if reason is not None and any(kept):
            told = [_asked(calls, ask, answers) for ask in asks]
            reason = preflight.judge(sent, told, order)
        if reason is not None:
            return reason
    return None


def _asked(calls: Calls, ask: Ask, answers: Answers) -> JSON:
    operation = calls.target.contract.operations[ask.operation]
    try:
        answer = read(calls, operation, ask.values)
    except Unread as unread:
        raise NotAnswered(ask.operation, unread) from None
    answers.keep(_key(calls, ask), answer)
    return answer


def _key(calls: Calls, ask: Ask) -> Key:
    return calls.target.name, ask.operation, tuple(sorted(ask.values.items()))
