"""
The delivery's life as data: states, transitions, and `decide`.

    waiting ──claim──▶ claimed ◀──claim── pending     settling
       ▲                │ │ ▲ │              ▲         │    ▲
       └─ link missing ─┘ │ │ └─ not sent ───┤         │    │
                          │ └────── claim ───┼─────────┘    │
                   intent │                  │ not          │ maybe,
                          ▼                  │ processed    │ repeatable
                       sending ──────────────┴──────────────┘
                          │ applied ──▶ succeeded
                          │ rejected ─▶ dead
                          └ maybe, not repeatable ─▶ uncertain ─ look-up ┐
                                                         ▲ ▲ not known   │
                                                         │ └─────────────┤
                                          person: done ◀─┘   found: done ┘

`WAYS` is the whole of it, with who may do it and when:

    waiting    claimed cancelled held pending superseded uncertain
    pending    claimed cancelled held pending superseded unchanged uncertain
    claimed    sending cancelled dead held pending succeeded superseded
               unchanged waiting uncertain
    sending    succeeded dead pending settling uncertain
    settling   claimed succeeded dead
    uncertain  succeeded cancelled dead pending uncertain
    held       pending cancelled dead held succeeded superseded uncertain
    dead       pending cancelled held succeeded superseded
    succeeded  pending
    cancelled  pending
    superseded pending
    unchanged  pending
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from bridge.backoff import HORIZON, LEAST_TRIES, RETRY_AFTER_DEFAULT, backoff
from bridge.model import (
    HOUR,
    JSON,
    SECOND,
    Applied,
    DeliveryState,
    Finding,
    Instant,
    Maybe,
    Millis,
    NotProcessed,
    NotSent,
    Outcome,
    Reason,
    Rejected,
)

S = DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """
    How deliveries get from one state to others.

    Args:
        by: the journal's verb that does it.
        when: what must hold; the verb's statement checks it.
    """

    out_of: tuple[DeliveryState, ...]
    to: tuple[DeliveryState, ...]
    by: str
    when: str


WAYS = (
    Way(
        out_of=(S.WAITING, S.PENDING, S.SETTLING),
        to=(S.CLAIMED,),
        by="claim",
        when="due, first in its lane and none of the lane in flight, the "
        "target's gate open, a slot of its limit free; the fence rises",
    ),
    Way(
        out_of=(S.UNCERTAIN,),
        to=(S.UNCERTAIN,),
        by="claim",
        when="its look-up is due, the target's gate open, a slot free; the "
        "fence rises, and it falls due again by itself",
    ),
    Way(
        out_of=(S.CLAIMED,),
        to=(S.SENDING,),
        by="intend",
        when="the worker's fence, the connection stands, time is left",
    ),
    Way(
        out_of=(S.CLAIMED,),
        to=(S.PENDING,),
        by="record",
        when="not a byte was sent, or a look-up did not find it",
    ),
    Way(
        out_of=(S.CLAIMED,),
        to=(S.WAITING,),
        by="record",
        when="it needs a link that is not known yet",
    ),
    Way(
        out_of=(S.CLAIMED,),
        to=(S.HELD,),
        by="record",
        when="it can not be rendered, or waited too long for a link",
    ),
    Way(
        out_of=(S.CLAIMED,),
        to=(S.UNCHANGED, S.CANCELLED),
        by="record",
        when="the target has it already; the order no longer asks for it",
    ),
    Way(
        out_of=(S.CLAIMED,),
        to=(S.DEAD,),
        by="record",
        when="no connection can carry it, or it was tried for three days",
    ),
    Way(
        out_of=(S.CLAIMED,),
        to=(S.SUCCEEDED,),
        by="record",
        when="it was in doubt, and a look-up found it at the target",
    ),
    Way(
        out_of=(S.SENDING,),
        to=(S.SUCCEEDED, S.DEAD, S.PENDING),
        by="record",
        when="the worker's fence; applied, rejected, not processed",
    ),
    Way(
        out_of=(S.SENDING,),
        to=(S.SETTLING, S.UNCERTAIN),
        by="record",
        when="the worker's fence; maybe applied: may be repeated, or not",
    ),
    Way(
        out_of=(S.CLAIMED,),
        to=(S.PENDING, S.DEAD),
        by="reap",
        when="the lease ran out, or its owner is known to be dead "
        "(`take_over`); `dead` at the third time in a row",
    ),
    Way(
        out_of=(S.SENDING,),
        to=(S.SETTLING, S.UNCERTAIN),
        by="reap",
        when="the lease ran out, or its owner is known to be dead "
        "(`take_over`): may be repeated, or not",
    ),
    Way(
        out_of=(S.SENDING,),
        to=(S.PENDING,),
        by="take_over",
        when="its owner is known to be dead, and not to have begun to write",
    ),
    Way(
        out_of=(S.SETTLING, S.UNCERTAIN),
        to=(S.SUCCEEDED, S.DEAD),
        by="record",
        when="late evidence: definite, and of the last request that was sent",
    ),
    Way(
        out_of=(S.UNCERTAIN,),
        to=(S.SUCCEEDED, S.PENDING, S.UNCERTAIN),
        by="record",
        when="a look-up found it, proved its absence, or told neither",
    ),
    Way(
        out_of=(S.WAITING, S.PENDING, S.HELD, S.CLAIMED, S.DEAD),
        to=(S.CANCELLED, S.SUPERSEDED),
        by="plan",
        when="its version; the order no longer asks, or a newer one says it",
    ),
    Way(
        out_of=(S.PENDING,),
        to=(S.UNCHANGED,),
        by="plan",
        when="its version; what it would say is what the target has",
    ),
    Way(
        out_of=(S.WAITING, S.PENDING, S.HELD),
        to=(S.HELD,),
        by="plan",
        when="its version; a person is needed first",
    ),
    Way(
        out_of=(
            S.WAITING,
            S.HELD,
            S.DEAD,
            S.CANCELLED,
            S.SUPERSEDED,
            S.UNCHANGED,
        ),
        to=(S.PENDING,),
        by="plan",
        when="its version; the order asks for it again",
    ),
    Way(
        out_of=(S.HELD,),
        to=(S.PENDING,),
        by="render_anew",
        when="another text of its mapping came in force",
    ),
    Way(
        out_of=(S.HELD,),
        to=(S.PENDING,),
        by="teach",
        when="a person told what the target calls its order",
    ),
    Way(
        out_of=(S.HELD, S.UNCERTAIN, S.DEAD),
        to=(S.SUCCEEDED, S.PENDING, S.CANCELLED),
        by="resolve",
        when="an operator's decision, on the version that was seen",
    ),
    Way(
        out_of=(S.HELD, S.DEAD),
        to=(S.HELD,),
        by="resolve",
        when="a person holds it: nothing is sent until it is let go",
    ),
    Way(
        out_of=(S.UNCERTAIN,),
        to=(S.UNCERTAIN,),
        by="resolve",
        when="a person holds it, or lets it go; meanwhile it is not asked for",
    ),
    Way(
        out_of=(S.HELD,),
        to=(S.HELD, S.DEAD),
        by="resolve",
        when="it is let go, and is what it was before it was held",
    ),
    Way(
        out_of=(
            S.WAITING,
            S.PENDING,
            S.HELD,
            S.DEAD,
            S.SUCCEEDED,
            S.CANCELLED,
            S.SUPERSEDED,
            S.UNCHANGED,
        ),
        to=(S.PENDING,),
        by="redeliver",
        when="an operator's decision, on the version that was seen; a create "
        "that may be there needs `force`; the generation rises",
    ),
    Way(
        out_of=(S.WAITING, S.PENDING, S.HELD, S.CLAIMED, S.SENDING),
        to=(S.UNCERTAIN,),
        by="accept_copy",
        when="a create, and the database was put back from a copy",
    ),
)
"""Every way there is; the journal refuses any other."""


def ways_by(
    *verbs: str,
) -> Mapping[DeliveryState, frozenset[DeliveryState]]:
    """Return where each state may go by these verbs; by all, without any."""
    found: dict[DeliveryState, set[DeliveryState]] = {s: set() for s in S}
    for way in WAYS:
        if not verbs or way.by in verbs:
            for state in way.out_of:
                found[state].update(way.to)
    return {state: frozenset(to) for state, to in found.items()}


TRANSITIONS = ways_by()
"""Where each state may go."""

POISON_CLAIMS = 3
"""So many lost claims in a row without a byte sent, and it is dead."""


CREDENTIALS_REFUSED = "credentials_refused"
"""Why a target is paused that other credentials may open again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """
    What an outcome means for the target as a whole.

    Args:
        closed_until: nobody calls before then.
        pause: nobody calls until a person resumes; the reason's code.
    """

    closed_until: Instant | None = None
    pause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    Where a delivery goes next.

    Args:
        due_at: set for the states that are tried again by themselves.
        counts: whether the try counts towards backoff and giving up.
        gate: set when the whole target is concerned.
    """

    state: DeliveryState
    reason: Reason | None = None
    due_at: Instant | None = None
    counts: bool = True
    gate: Gate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """
    What `decide` needs to know of the delivery and the moment.

    Args:
        attempts: tries that counted, this one not among them.
        since: when the delivery was first due.
        settle: how long a request of unknown fate may still arrive.
        dice: a uniform random number in [0, 1).
        fresh_credentials: what was refused had only just been renewed, or
            can not be renewed.
        asks: the target can be asked whether it has it.
    """

    repeatable: bool
    attempts: int
    since: Instant
    now: Instant
    settle: Millis
    dice: float
    fresh_credentials: bool = True
    asks: bool = False


LOOKUPS = 12
"""So often an uncertain delivery is looked up before only a person can
tell; the last of them comes some hours after the call."""

LOOK_AGAIN = Millis(30 * SECOND)
"""So long after a look-up that failed it is tried again, at the least."""

ABSENCES = 3
"""So often in a row the target must not show it before it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """
    What `decide_lookup` needs to know of the delivery and the moment.

    Args:
        lookups: since it was last sent, this one not counted.
        absences: of those, the last ones in a row that did not show it.
        proves_absence: the vendor has confirmed that what its answer does
            not show is not there.
        after: the code of what had left it in doubt.
        settle: how long its request may still arrive.
    """

    repeatable: bool
    lookups: int
    absences: int
    proves_absence: bool
    after: str
    now: Instant
    settle: Millis


def decide(outcome: Outcome, tried: Tried) -> Step:
    """Return the step that follows from *outcome*; pure."""
    match outcome:
        case Applied():
            return Step(state=S.SUCCEEDED, reason=outcome.note)
        case Rejected():
            return Step(state=S.DEAD, reason=outcome.reason)
        case Maybe():
            return _unknown(outcome.reason, tried)
        case NotSent():
            return _not_sent(outcome, tried)
        case NotProcessed():
            return _not_processed(outcome, tried)
        case _:
            assert_never(outcome)


def _unknown(reason: Reason, tried: Tried) -> Step:
    if not tried.repeatable:
        ask_at = Instant(tried.now + tried.settle) if tried.asks else None
        return Step(state=S.UNCERTAIN, reason=reason, due_at=ask_at)
    if _given_up(tried):
        return Step(state=S.DEAD, reason=_gave_up(reason))
    wait = tried.settle + backoff(tried.attempts + 1, tried.dice)
    return Step(
        state=S.SETTLING, reason=reason, due_at=Instant(tried.now + wait)
    )


def _not_sent(outcome: NotSent, tried: Tried) -> Step:
    gate = Gate(pause=outcome.reason.code) if outcome.pause else None
    if _given_up(tried) and gate is None:
        return Step(state=S.DEAD, reason=_gave_up(outcome.reason))
    wait = backoff(tried.attempts + 1, tried.dice)
    return Step(
        state=S.PENDING,
        reason=outcome.reason,
        due_at=Instant(tried.now + wait),
        counts=gate is None,
        gate=gate,
    )


def _not_processed(outcome: NotProcessed, tried: Tried) -> Step:
    """Never counts: it is the target's state, not the delivery's fault."""
    if outcome.refused_credentials and not tried.fresh_credentials:
        return Step(
            state=S.PENDING,
            reason=outcome.reason,
            due_at=tried.now,
            counts=False,
        )
    if outcome.refused_credentials or outcome.pause:
        gate = Gate(pause=outcome.reason.code)
        due_at = tried.now
    else:
        wait = RETRY_AFTER_DEFAULT if outcome.wait is None else outcome.wait
        due_at = Instant(tried.now + wait)
        gate = Gate(closed_until=due_at)
    return Step(
        state=S.PENDING,
        reason=outcome.reason,
        due_at=due_at,
        counts=False,
        gate=gate,
    )


def _given_up(tried: Tried) -> bool:
    tries = tried.attempts + 1
    return tries >= LEAST_TRIES and tried.now - tried.since > HORIZON


def _gave_up(reason: Reason) -> Reason:
    return Reason(
        code="gave_up",
        text=f"Tried for three days; last: {reason.text or reason.code}",
        where={"last": reason.code},
    )


def decide_lookup(finding: Finding, looked: Looked) -> Step:
    """
    Return what follows from a look-up of a delivery in doubt; pure.

    One that may be repeated is sent again unless it was found. One that may
    not stays uncertain, and is asked for again more and more rarely, unless
    its absence is proved.
    """
    where = {"after": looked.after, "looked_up": looked.lookups + 1}
    if finding is Finding.FOUND:
        reason = Reason(
            code="found",
            text="Its answer was lost; the target was asked and has it.",
            where=where,
        )
        return Step(state=S.SUCCEEDED, reason=reason, counts=False)
    reason = _not_found(finding, where)
    proved = (
        finding is Finding.ABSENT
        and looked.proves_absence
        and looked.absences + 1 >= ABSENCES
    )
    if looked.repeatable or proved:
        return Step(
            state=S.PENDING, reason=reason, due_at=looked.now, counts=False
        )
    return Step(
        state=S.UNCERTAIN,
        reason=reason,
        due_at=_ask_again_at(looked),
        counts=False,
    )


def _not_found(finding: Finding, where: dict[str, JSON]) -> Reason:
    if finding is Finding.ABSENT:
        text = (
            "The call may have arrived, and its answer was lost; the target"
            " was asked and does not show it (yet)."
        )
        return Reason(code="not_found", text=text, where=where)
    text = (
        "The call may have arrived, and its answer was lost; the target was"
        " asked, and what it says does not tell."
    )
    return Reason(code="lookup_unclear", text=text, where=where)


def decide_unread(outcome: Outcome, tried: Tried, *, after: str = "") -> Step:
    """
    Return what follows when the target could not be asked; pure.

    Reading leaves nothing to settle, so it is tried again as a call that
    may be repeated. One that may not stays uncertain, and nothing is
    counted.

    Args:
        after: the code of what had left it in doubt.
    """
    step = decide(outcome, replace(tried, repeatable=True))
    if tried.repeatable:
        settles = step.state is S.SETTLING
        return replace(step, state=S.PENDING) if settles else step
    due_at = max(step.due_at or tried.now, tried.now + LOOK_AGAIN)
    why = step.reason.code if step.reason else ""
    reason = Reason(
        code="not_looked_up",
        text="The call may have arrived, and its answer was lost; the target"
        " could not be asked yet.",
        where={"after": after, "last": why},
    )
    return replace(
        step,
        state=S.UNCERTAIN,
        reason=reason,
        due_at=Instant(due_at),
        counts=False,
    )


def _ask_again_at(looked: Looked) -> Instant | None:
    """Return when to ask next: sooner at first, None when often enough."""
    asked = looked.lookups + 1
    if asked >= LOOKUPS:
        return None
    wait = min(HOUR, max(looked.settle, 5 * SECOND) * 2 ** (asked - 1))
    return Instant(looked.now + wait)


def after_lost_lease(
    *, state: DeliveryState, repeatable: bool, claims: int
) -> DeliveryState:
    """
    Return where a delivery goes whose worker died or froze.

    Args:
        claims: leases lost in a row without a byte sent, this one counted.
    """
    if state is S.CLAIMED:
        return S.DEAD if claims >= POISON_CLAIMS else S.PENDING
    return S.SETTLING if repeatable else S.UNCERTAIN
