"""The kinds of fault, how often each strikes, and how often each did."""

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What goes wrong, or is done wrong."""

    WEB_CRASH_BEFORE_COMMIT = "web crash before commit"
    WEB_CRASH_AFTER_COMMIT = "web crash after commit, before the answer"
    CRASH_STATEMENT = "worker crash at a statement"
    CRASH_COMMIT = "worker crash after a commit, before the verb returned"
    CRASH_CONNECTING = "worker crash while connecting"
    CRASH_WRITING = "worker crash before or between the bytes"
    CRASH_READING = "worker crash before or after the answer"
    FREEZE = "worker frozen beyond its lease"
    SUPERVISOR = "everything restarted"
    CLOCK_JUMP = "everything restarted, the wall clock set"
    REFUSED = "connection refused"
    UNREACHABLE = "connection never stood"
    RESET = "connection reset after the request"
    RESET_AFTER = "connection reset after applying"
    REQUEST_LOST = "request lost"
    ANSWER_LOST = "answer lost"
    ANSWER_LATE = "answer after the deadline"
    ZOMBIE = "request late, after our deadline"
    REPEATED = "answer repeated on the kept connection"
    REPEATED_AT_ONCE = "answer repeated in one piece"
    REORDERED = "answers of two calls reordered"
    ERROR_AFTER = "5xx after applying"
    ERROR_WITHOUT = "5xx without applying"
    TOO_MANY = "429 with Retry-After"
    CREDENTIALS = "credentials refused for a while"
    TRUNCATED = "answer truncated"
    BROKEN = "answer no JSON"
    NO_ID = "2xx without an id"
    PLAN_LATE = "plan kept late, others committed meanwhile"
    BUSY = "journal busy"
    FULL = "journal's disk full"
    IO_ERROR = "journal's disk fails"
    COMMIT_FAILS = "commit fails"
    HOOK_TWICE = "webhook repeated, same id"
    HOOK_AGAIN = "webhook repeated, fresh id"
    HOOK_LATE = "webhook late"
    HOOKS_REORDERED = "webhooks reordered"
    STORM = "storm of updates"
    CANCEL_EARLY = "cancel before the create"
    CANCEL_DURING = "cancel while the create is under way"
    CANCEL_LATE = "cancel after shipping"
    COMES_BACK = "order comes back after its cancel"
    CHANGED = "order changed after its create"
    IMPORT_LATE = "Every imports the order late"
    RIGHT_EXISTS = "operator, rightly: it exists"
    RIGHT_RESEND = "operator, rightly: send again"
    WRONG_RESEND = "operator, wrongly: send again"
    WRONG_CANCEL = "operator cancels"
    WRONG_DONE = "operator says done"
    HOLD = "operator holds it, and lets it go"
    DOUBLE_CLICK = "operator clicks twice"
    STALE = "operator decides on an old version"
    REDELIVER = "operator redelivers"
    REDELIVER_FORCE = "operator redelivers with force"
    PAUSE = "operator pauses and resumes a target"
    WALL_JUMP = "the wall clock set while all runs"


K = Kind

CHANCES: Mapping[Kind, float] = {
    K.WEB_CRASH_BEFORE_COMMIT: 0.014,
    K.WEB_CRASH_AFTER_COMMIT: 0.06,
    K.CRASH_STATEMENT: 0.001,
    K.CRASH_COMMIT: 0.008,
    K.CRASH_CONNECTING: 0.05,
    K.CRASH_WRITING: 0.05,
    K.CRASH_READING: 0.07,
    K.FREEZE: 0.006,
    K.SUPERVISOR: 0.002,
    K.CLOCK_JUMP: 0.002,
    K.REFUSED: 0.1,
    K.UNREACHABLE: 0.08,
    K.RESET: 0.1,
    K.RESET_AFTER: 0.12,
    K.REQUEST_LOST: 0.12,
    K.ANSWER_LOST: 0.12,
    K.ANSWER_LATE: 0.12,
    K.ZOMBIE: 0.14,
    K.REPEATED: 0.25,
    K.REPEATED_AT_ONCE: 0.24,
    K.REORDERED: 0.8,
    K.ERROR_AFTER: 0.18,
    K.ERROR_WITHOUT: 0.17,
    K.TOO_MANY: 0.15,
    K.CREDENTIALS: 0.16,
    K.TRUNCATED: 0.17,
    K.BROKEN: 0.17,
    K.NO_ID: 0.12,
    K.PLAN_LATE: 0.3,
    K.BUSY: 0.01,
    K.FULL: 0.0015,
    K.IO_ERROR: 0.0015,
    K.COMMIT_FAILS: 0.01,
    K.HOOK_TWICE: 0.15,
    K.HOOK_AGAIN: 0.1,
    K.HOOK_LATE: 0.15,
    K.HOOKS_REORDERED: 0.2,
    K.STORM: 0.35,
    K.CANCEL_EARLY: 0.2,
    K.CANCEL_DURING: 0.35,
    K.CANCEL_LATE: 0.4,
    K.COMES_BACK: 0.25,
    K.CHANGED: 0.3,
    K.IMPORT_LATE: 0.9,
    K.RIGHT_EXISTS: 1.0,
    K.RIGHT_RESEND: 1.0,
    K.WRONG_RESEND: 0.4,
    K.WRONG_CANCEL: 0.13,
    K.WRONG_DONE: 0.19,
    K.HOLD: 0.2,
    K.DOUBLE_CLICK: 0.5,
    K.STALE: 0.5,
    K.REDELIVER: 0.08,
    K.REDELIVER_FORCE: 0.08,
    K.PAUSE: 0.08,
    K.WALL_JUMP: 0.003,
}
"""How likely each strikes where it could, while it is on."""

ALWAYS_ON = frozenset(
    {
        K.NO_ID,  # leaves a create to a person, who is right that it exists
        K.RESET,  # the same, who is right to send it again
        K.REORDERED,  # needs two calls at the same time
        K.RIGHT_EXISTS,
        K.RIGHT_RESEND,
        K.WRONG_RESEND,
        K.WRONG_CANCEL,
        K.WRONG_DONE,
        K.COMES_BACK,
    }
)
SHARE_ON = 0.4
"""So many of the kinds are on in one life; a few at a time go deeper than
all at once."""

FOR_LONGER = frozenset(
    {
        K.NO_ID,
        K.WRONG_RESEND,
        K.WRONG_CANCEL,
        K.WRONG_DONE,
        K.RIGHT_EXISTS,
        K.RIGHT_RESEND,
        K.HOLD,
        K.DOUBLE_CLICK,
        K.STALE,
        K.REDELIVER,
        K.REDELIVER_FORCE,
        K.PAUSE,
    }
)
"""What people do wrong, and what leaves a create to them: they take longer to
come to it."""

MOST: Mapping[Kind, int] = {
    K.WEB_CRASH_BEFORE_COMMIT: 3,
    K.WEB_CRASH_AFTER_COMMIT: 3,
    K.CRASH_STATEMENT: 3,
    K.CRASH_COMMIT: 3,
    K.FREEZE: 3,
    K.SUPERVISOR: 1,
    K.CLOCK_JUMP: 1,
    K.CREDENTIALS: 1,
    K.PAUSE: 2,
    K.WALL_JUMP: 2,
}
"""More of these in one life would leave no life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    Which faults may strike, and how likely.

    Args:
        chances: of the kinds that are on.
        orders: how many orders are placed.
        workers: so many processes send; None draws it.
        apart: whether a process of its own plans for them; else each of
            them plans as well. None draws it.
        crash_at: the number of the one point to crash at, and nothing else
            goes wrong; for the enumeration of crash points.
    """

    chances: Mapping[Kind, float]
    orders: int = 4
    workers: int | None = None
    apart: bool | None = None
    crash_at: int | None = None


QUIET = Plan(chances={})
"""Nothing goes wrong."""


def drawn_plan(dice: random.Random) -> Plan:
    """Return what may go wrong in one life."""
    chances = {
        kind: chance * dice.choice((0.5, 1.0, 2.0))
        for kind, chance in CHANCES.items()
        if dice.random() < SHARE_ON or kind in ALWAYS_ON
    }
    return Plan(chances=chances, orders=dice.randint(1, 4))


class Luck:
    """
    Draws whether a fault strikes, and counts those that did.

    Attributes:
        is_over: nothing breaks any more.
        people_too: nor does anybody err.
    """

    def __init__(self, dice: random.Random, plan: Plan) -> None:
        self.dice = dice
        self._plan = plan
        self.is_over = False
        self.people_too = False
        self.hits: Counter[Kind] = Counter()
        self._misses = {kind: self._drawn(kind) for kind in plan.chances}

    def may(self, kind: Kind) -> bool:
        """Return whether *kind* strikes here; count it with `hit`."""
        misses = self._misses.get(kind)
        if misses is None:
            return False
        if self.is_over and (self.people_too or kind not in FOR_LONGER):
            return False
        if misses:
            self._misses[kind] = misses - 1
            return False
        self._misses[kind] = self._drawn(kind)
        return self.hits[kind] < MOST.get(kind, 1_000)

    def _drawn(self, kind: Kind) -> int:
        """
        Return how often *kind* misses before it strikes.

        Drawn at once for all of them: most places where it could are
        statements, and there are thousands.
        """
        chance = self._plan.chances[kind]
        if chance >= 1:
            return 0
        return int(math.log(1 - self.dice.random()) / math.log(1 - chance))

    def hit(self, kind: Kind) -> None:
        """Count a fault that really struck."""
        self.hits[kind] += 1

    def strikes(self, kind: Kind) -> bool:
        """Draw, and count at once."""
        struck = self.may(kind)
        if struck:
            self.hits[kind] += 1
        return struck

    def among(self, *kinds: Kind) -> Kind | None:
        """Return the first of *kinds* that strikes, counted."""
        return next((kind for kind in kinds if self.strikes(kind)), None)
