"""What the console reads of the journal, as values."""

from dataclasses import dataclass

from bridge.minutes import NO_WAITS
from bridge.model import Delivery, DeliveryId, DeliveryState, Instant

LOOK = "look"
"""What somebody did, for the audit, who was shown an order's data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionGroup:
    """
    Deliveries that wait for a person for one reason, at one target.

    Args:
        count: how many.
        since: when the oldest of them came to wait.
        oldest: that one.
    """

    state: DeliveryState
    reason: str | None
    target: str
    count: int
    since: Instant
    oldest: DeliveryId


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionItem:
    """
    One delivery that waits for a person.

    Args:
        since: when it came to wait.
        place: in the list of all, oldest first; the next page begins
            after it.
    """

    delivery: Delivery
    since: Instant
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """
    What happened in one minute at one store, at one target, or between.

    What is accepted is told by store alone (*target* is empty), what waits
    by target alone (*store* is empty), what was delivered or failed by both.

    Args:
        at: when the minute began.
        accepted: webhooks that were kept.
        delivered: deliveries that succeeded.
        failed: deliveries that came to wait for a person.
        waiting: deliveries that go on by themselves, at its end; None where
            nobody counted.
        attention: deliveries that waited for a person, at its end.
        waits: of those delivered, how long after their webhook, counted by
            `bridge.minutes.BOUNDS`.
    """

    at: Instant
    store: str = ""
    target: str = ""
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    waiting: int | None = None
    attention: int | None = None
    waits: tuple[int, ...] = NO_WAITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """
    What happened in a span of time at all stores and targets.

    Args:
        at: when it began.
        waiting: deliveries that went on by themselves, in its last minute
            of which that is known; None where nobody counted.
        waits: as of a `Minute`.
    """

    at: Instant
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    waiting: int | None = None
    waits: tuple[int, ...] = NO_WAITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """
    A cause that is, or was, worth telling somebody.

    Args:
        id: of this time that it came up.
        cause: names what it is about, such as `paused:yuju-mx`.
        kind, subject: the cause's two parts.
        figure: how much or since when, as its kind has it.
        since: when it came up.
        told_at: when somebody was told; None while nobody was.
        over_at: when it was over.
        over_told_at: when somebody was told that.
        tries: of telling, for what is to be told now.
        again_at: not tried before.
        problem: why the last try told nobody.
    """

    id: int
    cause: str
    figure: int | None
    since: Instant
    told_at: Instant | None = None
    over_at: Instant | None = None
    over_told_at: Instant | None = None
    tries: int = 0
    again_at: Instant = Instant(0)
    problem: str | None = None

    @property
    def kind(self) -> str:
        """What sort of cause it is."""
        return self.cause.partition(":")[0]

    @property
    def subject(self) -> str:
        """The store, target or token that it is about; may be empty."""
        return self.cause.partition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """
    Which of a store's secrets signed its newest webhook.

    Args:
        position: in the file, from 0.
        of: so many secrets there were.
    """

    position: int
    of: int
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTry:
    """A try at a target that went wrong."""

    target: str
    delivery_id: DeliveryId
    number: int
    operation: str
    outcome: str
    reason: str | None
    status: int | None
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """
    What came of a question.

    Args:
        outcome: of a look `found`, `other` (there, and not known to be
            ours), `absent` or `unclear`; of a test `answers`; of both
            `paused`, `closed`, `no_way` (nobody can ask for it), or the
            class of what went wrong, in lower case (`notsent`).
        reason: its code.
        ms: how long the call took.
    """

    outcome: str
    reason: str | None = None
    status: int | None = None
    ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    What a person wants to know of a target.

    Args:
        about: the delivery that is looked for; None for a test call.
        said: what it is called there, as the person says.
        until: nobody asks after that.
    """

    id: int
    asked_at: Instant
    actor: str
    target: str
    about: DeliveryId | None
    said: str | None
    until: Instant
    learned: Learned | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """
    A question that this worker asks, not before *begins_at*.

    Args:
        slot: of the target's limit; None where there is none.
    """

    question: Question
    slot: int | None
    begins_at: Instant
