"""
The vocabulary of the bridge: frozen values that every layer may use.

Imports nothing of ours. Times are `Instant`: whole milliseconds since the
epoch, UTC. Spans are `Millis`. Words are DESIGN's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NewType

Instant = NewType("Instant", int)
Millis = NewType("Millis", int)
EventId = NewType("EventId", int)
DeliveryId = NewType("DeliveryId", int)

SECOND = Millis(1_000)
MINUTE = Millis(60_000)
HOUR = Millis(3_600_000)
DAY = Millis(86_400_000)

JSON = Any
"""A JSON value that is passed through and never looked into."""


class EventState(StrEnum):
    """What has become of one webhook."""

    STORED = "stored"
    """On disk; its plan is still to be made."""
    PLANNED = "planned"
    """Read into its order, and the plan was made."""
    IGNORED = "ignored"
    """Understood, and of no concern (a topic without a use, a test)."""
    UNUSABLE = "unusable"
    """Signed but not to be understood; kept, with a reason."""


class DeliveryState(StrEnum):
    """Where a delivery stands; `lifecycle` has every transition."""

    WAITING = "waiting"
    """Needs something not known yet; looked at again when due."""
    PENDING = "pending"
    """May be tried when due; nothing of ours can be under way."""
    CLAIMED = "claimed"
    """A worker holds it; not a byte was written."""
    SENDING = "sending"
    """The intent is on disk; bytes may be on the wire."""
    SETTLING = "settling"
    """May have been applied and may be repeated; waits its quarantine."""
    UNCERTAIN = "uncertain"
    """May have been applied and may not be repeated: a person decides."""
    HELD = "held"
    """Nothing was sent; a person is needed, or a better order or file."""
    SUCCEEDED = "succeeded"
    """Certainly applied."""
    DEAD = "dead"
    """Certainly not applied, and trying again would not help."""
    CANCELLED = "cancelled"
    """Withdrawn before it was sent."""
    SUPERSEDED = "superseded"
    """Never sent: a newer one says it."""
    UNCHANGED = "unchanged"
    """Never sent: the target already has it."""


ATTENTION = frozenset(
    {DeliveryState.HELD, DeliveryState.UNCERTAIN, DeliveryState.DEAD}
)
"""The states that wait for a person."""

IN_FLIGHT = frozenset({DeliveryState.CLAIMED, DeliveryState.SENDING})
"""The states in which a worker holds the delivery."""

UNSENT = frozenset(
    {DeliveryState.WAITING, DeliveryState.PENDING, DeliveryState.HELD}
)
"""The states that the plan may still change at will."""

RESTORED = "restored"
"""Reason of a create that may have been made in a time that the database
does not know of: it was put back from a copy. A person decides."""

LIVE = UNSENT | IN_FLIGHT | {DeliveryState.SETTLING, DeliveryState.UNCERTAIN}
"""The states from which a delivery may yet reach its target by itself, or
may already have done so unknown to us."""


SAVED = frozenset({DeliveryState.SUPERSEDED, DeliveryState.UNCHANGED})
"""The states of calls that turned out to be needless before they were made:
a newer one says it, or the target has it already."""


class Part(StrEnum):
    """What a worker does, or one process of it."""

    PLANS = "plans"
    """Reads events, draws up what is to be done, and tidies up."""
    SENDS = "sends"
    """Makes the calls."""


WHOLE = frozenset(Part)


class Kind(StrEnum):
    """What sort of obligation a delivery is."""

    CALL = "call"
    """A call to the target."""
    ASK = "ask"
    """A question that the mapping puts to a person."""
    CHANGED = "changed"
    """An order changed after its create: a person is asked."""
    COMPLIANCE = "compliance"
    """A platform's legal request: a person is asked, with a date."""


class Certainty(StrEnum):
    """How sure a reading is of what somebody wrote, the least sure first."""

    NONE = "none"
    """Nothing could be read."""
    DOUBTFUL = "doubtful"
    """It could be meant otherwise."""
    LIKELY = "likely"
    """It has a usual form, and nothing speaks against it."""
    SURE = "sure"
    """It can not be meant otherwise, or a person has said so."""

    def reaches(self, needed: "Certainty") -> bool:
        """Return whether it is as sure as *needed*, or surer."""
        ranks = list(Certainty)
        return ranks.index(self) >= ranks.index(needed)


class Moment(StrEnum):
    """A fact about an order that a rule can wait for."""

    PLACED = "placed"
    PAID = "paid"
    READY = "ready"
    SHIPPED = "shipped"
    FULFILLED = "fulfilled"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Repeat(StrEnum):
    """How a target takes the same call twice."""

    IDEMPOTENT = "idempotent"
    """A repeat leaves the target as one call does."""
    BY_LOOKUP = "by_lookup"
    """A repeat makes a second one, but the target can be asked first."""
    NEVER = "never"
    """A repeat makes a second one and nobody can be asked."""


class Finding(StrEnum):
    """What a look-up at the target said of a call that may be applied."""

    FOUND = "found"
    """The target has it."""
    ABSENT = "absent"
    """The target did not show it."""
    UNCLEAR = "unclear"
    """The answer does not tell."""


class Urgency(IntEnum):
    """Within a shop's share of a target, the lower goes first."""

    CANCEL = 0
    """It may still stop a parcel."""
    CREATE = 1
    """Nothing happens before it."""
    STATE = 2
    """Tells of what has happened."""


class Phase(StrEnum):
    """How far an exchange with a target got."""

    PREPARED = "prepared"
    """Not a byte was written: looking up, connecting, TLS."""
    WRITING = "writing"
    """The request's first byte may be on the wire."""
    ANSWERED = "answered"
    """The status line of an answer was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One verified webhook, ready to be appended."""

    store: str
    platform: str
    topic: str
    dedupe_key: str
    body: bytes
    sha256: str
    headers: Mapping[str, str]
    received_at: Instant
    state: EventState = EventState.STORED
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEvent:
    """
    One webhook as the journal keeps it, without its body.

    Args:
        pruned_at: since when its body and headers are gone.
    """

    id: EventId
    store: str
    platform: str
    topic: str
    order_id: str | None
    dedupe_key: str
    sha256: str
    headers: Mapping[str, str]
    received_at: Instant
    state: EventState
    reason: str | None
    pruned_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(ListedEvent):
    """
    One webhook as the journal keeps it, byte for byte.

    Args:
        body: empty once it is pruned.
    """

    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """
    Why something waits, in a code and in words.

    Args:
        code: stable, lower-case, with underscores; what a filter names.
        text: one sentence for a person, without any customer's data.
        where: file, line and field of a mapping, or other coordinates.
    """

    code: str
    text: str = ""
    where: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    One call, rendered, without credentials.

    Args:
        method: upper case.
        path: below the target's address, escaped, with its query.
        body: JSON value, or None where the call has none.
    """

    operation: str
    method: str
    path: str
    body: JSON = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """
    What happened on the wire in one try.

    Args:
        phase: the furthest point that was reached.
        status: of the answer, when its status line was read.
        retry_after: seconds or HTTP date as the header had it.
        answer: the answer's body as far as it was read, capped.
        failure: what broke, as a code: `connect`, `tls`, `dns`, `timeout`,
            `deadline`, `protocol`, `truncated`, `too_large`, ….
    """

    phase: Phase
    status: int | None = None
    retry_after: str | None = None
    answer: bytes = b""
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The target certainly did it. *links* is what the answer taught."""

    answer: JSON = None
    note: Reason | None = None
    """Set when it was applied but the answer lacks what we need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The target certainly did not do it, and would not on a repeat."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Not a byte reached the target: the network, or our own fault."""

    reason: Reason
    pause: bool = False
    """Nobody else should try either until a person looked (a bad
    certificate)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotProcessed:
    """The target said that it did not look at it: limit, credentials."""

    reason: Reason
    wait: Millis | None = None
    """How long the target asked us to stay away, clamped."""
    refused_credentials: bool = False
    pause: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Maybe:
    """Nobody knows whether the target did it."""

    reason: Reason


Outcome = Applied | Rejected | NotSent | NotProcessed | Maybe


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is known of an order at a target, kept for good."""

    store: str
    order_id: str
    target: str
    name: str
    value: str
    source: str
    """`answer`, `lookup`, `attribute`, or `operator:<name>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    The standing obligation: one order, one rule.

    Args:
        place: sorts the lane: file, rule's position, generation.
        repeatable: the operation may be sent again without harm.
        blocks: later places of the lane wait while this one is unsettled.
        skips_dead: but not for one that is dead (`on_dead: skip`).
        lookups: how often the target was asked since it was last sent.
        absences: how often in a row it then did not show it.
        moved: rises with every change of a state, over all deliveries: what
            came first, whatever the clock says.
        in_doubt: a call of it may have been applied, and nothing has told
            since; only in a dossier.
        where: coordinates of the reason; never a customer's data.
        request: what the last attempt sent, as JSON; for kinds that ask,
            what the question is about.
        request_hash: of the request last applied, to know it again.
        forced: an operator wants it sent even if the target has it.
        live_since: when it was first due, or last made due by an operator.
        pruned_at: since when what it said is gone: its request, the words
            of its reason, the answers. It moves no more.
        pruned_hash: stands for the request that is gone.
    """

    id: DeliveryId
    effect_key: str
    generation: int
    kind: Kind
    store: str
    order_id: str
    target: str
    lane: str
    place: str
    mapping: str
    rule: str
    operation: str
    repeatable: bool
    urgency: Urgency
    blocks: bool
    skips_dead: bool
    state: DeliveryState
    reason: str | None
    reason_text: str
    where: Mapping[str, JSON]
    fence: int
    owner: str | None
    lease_until: Instant | None
    due_at: Instant | None
    wait_until: Instant | None
    attempts: int
    claims: int
    lookups: int = 0
    absences: int = 0
    moved: int = field(default=0, compare=False)
    in_doubt: bool = field(default=False, compare=False)
    version: int
    mapping_hash: str | None
    request: JSON
    request_hash: str | None
    forced: bool
    live_since: Instant
    created_at: Instant
    updated_at: Instant
    pruned_at: Instant | None = None
    pruned_hash: str | None = None

    @property
    def attention(self) -> bool:
        """Whether a person is waited for."""
        return self.state in ATTENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try, as it is kept: append-only."""

    delivery_id: DeliveryId
    number: int
    fence: int
    operation: str
    mapping_hash: str | None
    request: JSON
    phase: Phase
    outcome: str | None
    reason: str | None
    status: int | None
    answer: str | None
    started_at: Instant
    ended_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One line of a delivery's history: what it became, append-only.

    Args:
        id: rises with time over all deliveries.
        worker: who held it before or holds it now; None for all else.
    """

    id: int
    at: Instant
    delivery_id: DeliveryId
    version: int
    state: DeliveryState
    reason: str | None
    generation: int
    fence: int
    worker: str | None
    due_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery to add, unless its (effect_key, generation) is there."""

    effect_key: str
    generation: int
    kind: Kind
    store: str
    order_id: str
    target: str
    lane: str
    place: str
    mapping: str
    rule: str
    operation: str
    repeatable: bool
    urgency: Urgency = Urgency.STATE
    blocks: bool
    skips_dead: bool = False
    state: DeliveryState
    reason: Reason | None = None
    due_at: Instant | None = None
    wait_until: Instant | None = None
    mapping_hash: str | None = None
    request: JSON = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """
    A planned change of a delivery that nobody works on.

    Takes effect only while the delivery has *version*. Moving out of
    `claimed` raises the fence, so that its worker writes nothing.

    Args:
        due_at: of the new state; None for those that do not wait.
        request: replaces the kept one unless None.
    """

    id: DeliveryId
    version: int
    state: DeliveryState
    reason: Reason | None = None
    due_at: Instant | None = None
    wait_until: Instant | None = None
    request: JSON = None
