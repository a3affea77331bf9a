"""
The idempotency log, in the domain's words.

One transaction per verb. A verb that moves a delivery checks the state it
moves from (and, for a worker's verbs, the fence) in the statement itself:
no row changed means somebody else was faster, and nothing happens. Every
change of a delivery also raises its order's `revision`, so that a plan made
of what was read before is refused and made again; only `intend` raises no
more than the delivery's `version`, which guards the plan's moves.
Times are passed in.
Implementations differ only in their dialect; `tests/journal` has the suite
that each must pass.
"""

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from typing import Protocol

from bridge.estimate import Wait
from bridge.journal.seeing import (
    Alert,
    AttentionGroup,
    AttentionItem,
    FailedTry,
    Learned,
    Minute,
    Question,
    Signed,
    Stretch,
    Taken,
)
from bridge.lifecycle import Gate, Step
from bridge.model import (
    JSON,
    WHOLE,
    Attempt,
    Change,
    Delivery,
    DeliveryId,
    Event,
    EventId,
    EventState,
    Finding,
    Instant,
    Link,
    ListedEvent,
    Millis,
    Move,
    NewDelivery,
    NewEvent,
    Part,
    Phase,
    Request,
)

SETTLE = Millis(30_000)
"""How long the request of a lost worker may still arrive at its target."""

Unwritten = frozenset[tuple[DeliveryId, int]]
"""Deliveries with their fences, of which it is known that their intent was
kept and not a byte written."""

# ---------------------------------------------------------------- taking


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The event's id, and whether it had been there before."""

    id: EventId
    repeated: bool


# -------------------------------------------------------------- planning


@dataclass(frozen=True, slots=True, kw_only=True)
class EventVerdict:
    """What planning made of one stored event."""

    id: EventId
    state: EventState
    reason: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """
    One order as it stands.

    Args:
        state: JSON text, `bridge.orders.order.dump_state`'s.
        version: the store's own `updated_at`, 0 while no body was seen.
        revision: raised by every change of the order or its deliveries.
        body_event: the event whose body is the newest snapshot, if any.
        plan_due: when it is to be planned again without an event.
        pruned_at: when it was pruned last, if ever; what was told since is
            there.
    """

    store: str
    order_id: str
    state: str
    version: Instant
    revision: int
    body_event: EventId | None = None
    plan_due: Instant | None = None
    pruned_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """
    All that planning needs to know of one order.

    Args:
        order: None when nothing was ever told of it.
        deliveries: all of them, oldest first.
        links: by target, then by name.
    """

    order: OrderRow | None
    deliveries: Sequence[Delivery] = ()
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlan:
    """
    What planning decided for one order: one transaction.

    Args:
        seen_revision: of the row it was made of, or None when there was
            none; another one now means the plan is refused.
        links: learned from the order's own attributes.
    """

    store: str
    order_id: str
    seen_revision: int | None
    state: str
    version: Instant
    body_event: EventId | None
    plan_due: Instant | None
    events: Sequence[EventVerdict] = ()
    adds: Sequence[NewDelivery] = ()
    moves: Sequence[Move] = ()
    links: Sequence[Link] = ()


# --------------------------------------------------------------- sending


class Ears(Protocol):
    """What a process listens with while it has nothing to do."""

    def wait(self, seconds: float) -> bool:
        """Return once somebody commits, or after *seconds*; whether."""
        ...

    def ring(self) -> None:
        """Let `wait` return, in whatever thread it is called."""
        ...

    def close(self) -> None:
        """Hear no more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """
    What a worker may claim of one target.

    Args:
        room: how many more it can take on.
        slots: the target's limit, as slots; 0 where there is no limit.
        slot_hold: how long a slot is taken when its worker never returns.
        turn: how long a slot rests after an answer.
    """

    target: str
    room: int
    slots: int = 0
    slot_hold: Millis = Millis(0)
    turn: Millis = Millis(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    A delivery that is this worker's until `delivery.lease_until`.

    One that is `uncertain` is handed out to be looked up, no more: it stays
    `uncertain`, without a lease, and falls due again by itself.

    Args:
        delivery: as it stands after the claim.
        in_doubt: its last call may have been applied, and no look-up has
            told since: look first, where the target can be asked.
        order: the order row, read in the same transaction.
        links: of this order at this target.
        applied_hash: of the request that was last applied in this lane by
            this operation: what the target has now.
        slot: of the target's limit, to be given back; None without one.
        probe: the one call at a time that a probed target gets; the next
            may go once this one is recorded, or its lease has ended.
    """

    delivery: Delivery
    order: OrderRow
    links: Mapping[str, str]
    in_doubt: bool = False
    applied_hash: str | None = None
    slot: int | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    What a worker records of one try.

    Args:
        step: where the delivery goes.
        number: of the attempt that `intend` opened; None when none was.
        phase, status, outcome, answer: of the exchange; *outcome* is the
            outcome's class in lower case (`applied`), *answer* is capped.
        links: learned from the answer or a look-up.
        request_hash: of the request, kept when it was applied.
        slot_free_at: when the limit's slot may be taken again; None leaves
            it as it is, or frees it when nothing was sent.
        wait_until: for `waiting`: when it becomes `held` at last.
        finding: of a look-up; the attempt is kept under *operation*.
        operation: that was called, when it was not the delivery's own.
        answered: whether the target answered at all; None when it was not
            called, or what went wrong says nothing of it.
        credentials: the mark of those that were used
            (`Target.credentials_mark`).
    """

    step: Step
    number: int | None = None
    phase: Phase = Phase.PREPARED
    status: int | None = None
    outcome: str | None = None
    answer: str | None = None
    links: Sequence[Link] = ()
    mapping_hash: str | None = None
    request: JSON = None
    request_hash: str | None = None
    slot_free_at: Instant | None = None
    wait_until: Instant | None = None
    finding: Finding | None = None
    operation: str | None = None
    answered: bool | None = None
    credentials: str | None = None


# -------------------------------------------------------------- operators


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events a list shows; None means all. *order* is an id."""

    store: str | None = None
    topic: str | None = None
    order: str | None = None
    state: str | None = None
    since: Instant | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries a list shows; times are of creation."""

    store: str | None = None
    target: str | None = None
    state: str | None = None
    attention: bool | None = None
    order: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which delivery, target or order, when and why."""

    id: int
    at: Instant
    actor: str
    action: str
    delivery_id: DeliveryId | None
    target: str | None
    reason: str
    detail: JSON
    store: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """
    A target's gate.

    Args:
        host: that its links and ids came from.
        paused: the reason's code (`operator`, `credentials_refused`, …).
        closed_until: nobody calls before then.
        failures: calls in a row that got no answer.
        trips: how often in a row its circuit was opened.
        probing: one call at a time, until one is answered.
        refused: the mark of the credentials that it refused last.
    """

    name: str
    host: str
    paused: str | None
    paused_at: Instant | None
    closed_until: Instant | None
    failures: int = 0
    trips: int = 0
    probing: bool = False
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingText:
    """A mapping's text that was or is in force."""

    name: str
    hash: str
    text: str
    since: Instant
    until: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """
    A mapping's text that was not put in force when it was seen.

    Args:
        at: when it was refused last, or forced without that.
        reason: counts, rules and codes; empty when it never was refused.
        forced_at, forced_by, why: who wants it in force all the same.
    """

    name: str
    hash: str
    at: Instant
    reason: str
    forced_at: Instant | None = None
    forced_by: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The whole story of one order."""

    order: OrderRow
    links: Sequence[Link]
    events: Sequence[Event]
    deliveries: Sequence[Delivery]
    attempts: Sequence[Attempt]
    audit: Sequence[AuditEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """
    One order, and what is known of it at the targets.

    Args:
        links: by target, then by name.
        body: the newest one, as it came, where it was asked for.
    """

    order: OrderRow
    links: Mapping[str, Mapping[str, str]]
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much of everything there is, for pages and metrics."""

    events: Mapping[str, int]
    deliveries: Mapping[tuple[str, str], int]
    """By (target, state)."""
    attention: int
    oldest_stored_at: Instant | None
    oldest_due_at: Instant | None
    """Of what could be sent right now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """
    A worker's sign of life.

    Args:
        parts: what it does; the others of its bridge do the rest.
        problems: what is wrong with the files it reads, one line each.
    """

    worker: str
    at: Instant
    problems: Sequence[str]
    parts: frozenset[Part] = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """
    How much room there is where the log lies, in bytes.

    Args:
        place: the file, as it is named in the settings.
        free: for us, on its volume.
        reserve: kept for outcomes; below it no event is taken in.
        wal: of the database's own log; above *largest_wal* none is, either.
    """

    place: str
    free: int
    reserve: int
    wal: int
    largest_wal: int

    @property
    def lacks(self) -> str | None:
        """What is wrong, with figures, and what to do; None when nothing."""
        if self.free < self.reserve:
            return (
                f"{_mib(self.free)} are free where {self.place} lies, and"
                f" {_mib(self.reserve)} are kept for outcomes: make room"
            )
        if self.wal > self.largest_wal:
            return (
                f"{self.place}-wal has {_mib(self.wal)}: something reads for"
                " long; end it, or restart the bridge"
            )
        return None


def _mib(size: int) -> str:
    return f"{size / 1024**2:,.1f} MiB"


class Journal(Protocol):
    """The idempotency log. Safe to share between threads."""

    # -- schema, by `serve` and `migrate` only

    def migrate(self) -> Sequence[str]:
        """Bring the schema up to date; return the steps taken."""
        ...

    def check(self) -> None:
        """
        Refuse a schema that is not this program's.

        Raises:
            SchemaMismatch: saying which of the two is newer.
            OlderCopy: it has seen less than the one that was here.
            JournalGone: it is not there, and it was.
            Suspect: the disk failed under it, and nobody has looked since.
        """
        ...

    def recheck(self) -> None:
        """
        Look at the file, if the disk failed under it, before it is used.

        When it is sound all of it is written to the disk once more, and it
        is suspect no longer. Only while nobody else uses it.

        Raises:
            Suspect: it is not sound; says what to do.
        """
        ...

    def keep_mark(self) -> None:
        """
        Leave a note beside the file of how much it has seen.

        A copy from before is then known as one. Cheap when nothing is new.
        """
        ...

    def accept_copy(self, *, actor: str, now: Instant) -> int:
        """
        Go on with a database that was put back from a copy.

        Every create that the copy has not seen the end of may have been
        made since: it becomes `uncertain`. One that is planned later for an
        order that was due before now is `held`. Also brings the schema up
        to date. Returns how many were moved.

        Raises:
            Suspect: the disk failed under it, and nobody has looked since.
        """
        ...

    def unfinished_creates(self) -> int:
        """Return how many deliveries `accept_copy` would move."""
        ...

    def unseen(self) -> tuple[Instant, Instant] | None:
        """
        Return the time that an accepted copy has not seen, if there is one.

        From the copy's last event to its acceptance.
        """
        ...

    def steady_clock(
        self, boot: str, offset: Millis, *, move: bool, now: Instant
    ) -> Millis:
        """
        Agree with all processes of this host on one clock that never jumps.

        It is the time since the boot, plus an offset that the journal keeps.

        Args:
            boot: names this boot of the machine.
            offset: what the wall clock says now, minus the time since boot.
            move: take it for everybody, and move every due time, lease, gate
                and slot by as much as it differs from the one before; only
                while no worker runs. Otherwise only the first one of a boot
                is taken; then nothing is moved, but no due time may lie
                more than an hour and a half ahead, and no lease or slot
                more than two minutes.
            now: what *offset* makes of the time since the boot.

        Returns:
            The offset that is in force.
        """
        ...

    def close(self) -> None:
        """Close the calling thread's connection."""
        ...

    def backup(self, path: str) -> None:
        """
        Write a whole copy to *path*, safe while others write.

        Raises:
            JournalUnavailable: there is no room or no place for it.
            JournalBroken: pages of the file are damaged; it is found here
                even when nobody had read them.
            JournalError: there is something at *path* already.
        """
        ...

    def integrity(self) -> Sequence[str]:
        """Return what is wrong with the file; empty when it is sound."""
        ...

    def room(self) -> Room | None:
        """
        Return how much room there is; None where nobody can tell.

        Raises:
            JournalUnavailable: its volume can not be asked.
        """
        ...

    def shorten_log(self) -> bool:
        """
        Bring what the database's own log holds to where it belongs.

        Return whether it had changed since the last time.

        And cut it, where it has grown too long to take more in. It may take
        seconds, and does less while somebody reads what stands there: to be
        called off the way of webhooks, a few times a second.
        """
        ...

    def listen(self, name: str) -> Ears:
        """
        Return what hears at once when another process of this host commits.

        Args:
            name: of the listener; nobody else's.
        """
        ...

    def ring(self) -> None:
        """
        Let the others of this host look about.

        Who listens does not ring by its commits, most of which are nobody
        else's business: what is, it says.
        """
        ...

    # -- taking

    def append(self, events: Sequence[NewEvent]) -> Sequence[Appended]:
        """
        Keep *events*; on return they survive power loss.

        An event whose dedupe key is there already is not kept again.

        Raises:
            JournalUnavailable: nothing was kept; the store is told 503.
        """
        ...

    # -- planning

    def unplanned(self, limit: int) -> Sequence[Event]:
        """Return stored events, oldest first."""
        ...

    def orders_due(
        self, now: Instant, limit: int
    ) -> Sequence[tuple[str, str]]:
        """Return (store, order id) of orders whose `plan_due` has come."""
        ...

    def dossier(self, store: str, order_id: str) -> Dossier:
        """Return all that planning needs of one order."""
        ...

    def orders_at(
        self, keys: Iterable[tuple[str, str]]
    ) -> Mapping[tuple[str, str], OrderRow]:
        """Return those that there are of the orders (store, id) of *keys*."""
        ...

    def dossiers(self, orders: Iterable[tuple[str, str]]) -> Sequence[Dossier]:
        """Return what planning needs of each of *orders*, as of one moment."""
        ...

    def plan(self, plans: Sequence[OrderPlan], now: Instant) -> Sequence[bool]:
        """
        Keep plans, each of them whole or not at all.

        Events become planned, the order is stored, deliveries are added
        and moved, links are kept.

        Returns:
            For each plan, False when its order, or a delivery to be moved,
            had changed since; nothing of it was kept.

        Raises:
            ValueError: a move that `TRANSITIONS` has not, or of a delivery
                that is sending, settling, uncertain or succeeded.
        """
        ...

    def set_aside(self, verdicts: Sequence[EventVerdict]) -> None:
        """Close events that belong to no order: ignored, unusable."""
        ...

    def replan(self, store: str, order_id: str, now: Instant) -> None:
        """Make the order due for planning now."""
        ...

    # -- sending

    def claim(
        self,
        lanes: Sequence[Lane],
        *,
        owner: str,
        now: Instant,
        lease: Millis,
    ) -> Sequence[Claim]:
        """
        Take due deliveries: `waiting`, `pending`, `settling` → `claimed`.

        Only the head of a lane is taken: none with an earlier place in the
        same lane may be blocking (`blocks` and in a state of `LIVE`, or
        `dead` without `skips_dead`), and none of the lane may be in flight.
        Only targets whose gate is open and, where *slots* is not 0, only
        with a free slot, which is then taken. Raises the fence; sets the
        lease. Raises the order's revision: a plan of a newer order that was
        made before would take the call for one that will still say it.

        Stores take turns at each target. Of one store the most urgent goes
        first, and of those the oldest due.

        An `uncertain` delivery whose look-up is due is handed out, too, and
        before all others: its fence rises, its state stays, and it falls
        due again when the lease would have ended.

        A target that is probed gets one call at a time: a look-up if one is
        due, else one that may be repeated, else any.
        """
        ...

    def intend(
        self,
        claim: Claim,
        request: Request,
        *,
        mapping_hash: str,
        now: Instant,
        then: Callable[[], None] | None = None,
    ) -> int:
        """
        `claimed` → `sending`: the first byte is about to be written.

        Opens an attempt and returns its number, from 1.

        Args:
            then: writes, at once when the intent is durable, in whatever
                thread; raises nothing. What dies between the two is called
                uncertain without need.

        Raises:
            LeaseLost: it is no longer ours; write nothing.
        """
        ...

    def record(self, claim: Claim, result: Result, now: Instant) -> bool:
        """
        Keep what came of a claim: `claimed` or `sending` → *result*'s.

        Return whether its order is to be planned again, now.

        Of a look-up that was made for an `uncertain` one: `uncertain` →
        *result*'s, if nobody decided meanwhile.

        Also closes the attempt, keeps links, sets the target's gate, gives
        the slot back, makes `waiting` deliveries of the order at this
        target due when links were learned, and makes the order due for
        planning when the delivery came to rest. A try that has an outcome
        but did not get to `intend` is kept as an attempt of its own. A
        result that leaves open whether it was applied makes the journal
        forget which request was applied last for the effect.

        The target's circuit is opened, probed and closed by what is
        *answered*; a pause for refused credentials remembers which.

        A definite result that comes late, of the last request that was
        sent, still settles an `uncertain` or `settling` delivery
        (`succeeded`, `dead`). One that shows a create that was applied
        behind our back (it was withdrawn, or sent again) leaves a `held`
        question, `applied_after_all` or `possible_duplicate`.

        Raises:
            LeaseLost: the delivery has moved on, and this settles nothing:
                it is kept as a late attempt, with its gate and slot only.
            ValueError: a step that `TRANSITIONS` has not.
        """
        ...

    def reap(self, now: Instant, *, settle: Millis = SETTLE) -> int:
        """
        End leases that ran out (`lifecycle.after_lost_lease`).

        `claimed` → `pending`, at the third time in a row `dead`;
        `sending` → `settling` for *settle*, or `uncertain`, to be looked
        up after *settle*. Raises the fence. Returns how many.
        """
        ...

    def take_over(
        self,
        owner: str,
        now: Instant,
        *,
        settle: Millis = SETTLE,
        unwritten: Unwritten = frozenset(),
    ) -> int:
        """
        End all leases of *owner*, whose process is known to be dead.

        As `reap`; but *unwritten* ones: `sending` → `pending`, due at once.
        Their attempts end as `notsent`.
        """
        ...

    def next_due(self, now: Instant) -> Instant | None:
        """
        Return when something will be due next, after *now*, if anything will.

        Deliveries, plans, leases, gates and slots count; what is due
        already does not.
        """
        ...

    # -- pruning

    def pack(self, limit: int, *, patient: bool = True) -> int | None:
        """
        Make the bodies of at most *limit* events small, the oldest first.

        Return how many there were; None while events wait for their plan or
        calls are under way, if it is *patient*: there is better to do.
        """
        ...

    def prune(
        self, now: Instant, *, before: Instant, limit: int
    ) -> int | None:
        """
        Take from what has long been settled what it said, step by step.

        An order is settled when none of its deliveries can still move or
        waits for a person, and its last change was not after *before*.
        Bodies, requests, answers, the words of reasons and the personal
        part of the folded order go, and all lines of the history but each
        delivery's last. What stays (keys, hashes, moments, links) sees to
        it that nothing is created twice. Events that were set aside go by
        their age alone.

        Nothing is taken while an event waits for its plan: it may be of
        any order.

        Args:
            limit: so many orders, and events set aside, are looked at.

        Returns:
            how many were looked at, 0 when nothing is old enough; None
            while events wait for their plan.
        """
        ...

    def give_back(self, pages: int) -> int:
        """
        Give pages of the file that nothing stands on back to the disk.

        Return how many are left; 0, too, where the file can not shrink by
        steps (`compact` lets it).
        """
        ...

    def shrinks(self) -> bool:
        """Return whether `give_back` can do anything with this file."""
        ...

    def compact(self) -> None:
        """
        Write the whole file anew, without what nothing stands on.

        It can shrink by steps afterwards. Only while nobody else uses it,
        and with as much room beside it as it has.
        """
        ...

    # -- targets

    def pin_target(self, name: str, host: str) -> None:
        """
        Remember the target's host, or check it.

        Raises:
            TargetMoved: it was another one before.
        """
        ...

    def adopt_target(
        self, name: str, host: str, *, actor: str, now: Instant
    ) -> None:
        """Accept another host for a target; an operator's decision."""
        ...

    def targets(self) -> Sequence[TargetRow]:
        """Return every target's gate."""
        ...

    def set_gate(
        self,
        name: str,
        gate: Gate | None,
        *,
        actor: str,
        reason: str,
        now: Instant,
    ) -> None:
        """
        Pause a target (`Gate(pause="operator")`) or, with None, open it.

        One that was paused by what it did, not by a person, is opened to a
        probe.

        Raises:
            NotFound: no such target.
        """
        ...

    def try_credentials(self, name: str, mark: str, now: Instant) -> bool:
        """
        Let one call try credentials that are not the refused ones.

        Opens a target that is paused as `credentials_refused` to a single
        probe when *mark* is not the mark that was refused. Returns whether
        it did.
        """
        ...

    # -- workers

    def beat(
        self,
        worker: str,
        *,
        parts: frozenset[Part] = WHOLE,
        problems: Sequence[str],
        now: Instant,
    ) -> None:
        """Leave a sign of life, replacing this worker's last one."""
        ...

    def beats(self) -> Sequence[Beat]:
        """Return the last sign of life of every worker."""
        ...

    # -- mapping texts

    def put_in_force(
        self, name: str, hash: str, text: str, now: Instant
    ) -> bool:
        """
        Keep *text* as the one in force.

        Who renders with it says `render_anew` once it has switched. Returns
        whether that is still to be said: the text is new, or whoever put it
        in force ended before.
        """
        ...

    def render_anew(self, name: str, now: Instant) -> int:
        """
        Let another text of a mapping have its go: `held` calls → `pending`.

        Not those that wait for a person's word whatever the text says
        (`came_back`, `operator`, `restored`, `on_hold`). Returns how many.
        """
        ...

    def retire(self, name: str, now: Instant) -> None:
        """The file is gone: no text of that name is in force."""
        ...

    def in_force(self) -> Sequence[MappingText]:
        """Return the texts in force, by name."""
        ...

    def mapping_text(self, hash: str) -> MappingText | None:
        """Return a text that was ever in force."""
        ...

    def mapping_texts(self, name: str, limit: int) -> Sequence[MappingText]:
        """
        Return the texts of a mapping that ever were in force, newest first.

        One that came back is there twice, each time with its own times.
        """
        ...

    def refuse_text(
        self, name: str, hash: str, reason: str, now: Instant
    ) -> None:
        """Keep that a text was not put in force, and why."""
        ...

    def force_text(
        self, name: str, hash: str, *, actor: str, reason: str, now: Instant
    ) -> None:
        """
        Let a text come in force whatever it breaks: this one, no other.

        It holds for good: also when the text comes back later.
        """
        ...

    def refusals(self, name: str | None = None) -> Sequence[Refusal]:
        """Return the texts that were refused or forced, newest first."""
        ...

    def first_in_force(self, name: str) -> Instant | None:
        """Return when a mapping of that name first came in force."""
        ...

    # -- operators

    def events(
        self, filter: EventFilter, *, before: EventId | None, limit: int
    ) -> Sequence[ListedEvent]:
        """Return events, newest first, with ids under *before*."""
        ...

    def event(self, id: EventId) -> Event | None:
        """Return one event, with its body."""
        ...

    def orders(
        self,
        *,
        store: str | None,
        before: tuple[Instant, str, str] | None,
        limit: int,
    ) -> Sequence[OrderRow]:
        """
        Return orders, newest version first.

        *before* is (version, store, order id) of the last one shown.
        """
        ...

    def orders_seen(
        self,
        store: str,
        *,
        before: tuple[Instant, str, str] | None,
        limit: int,
        bodies: bool,
    ) -> Sequence[OrderSeen]:
        """
        Return orders of a store with their links, newest version first.

        Args:
            before: as of `orders`.
            bodies: with the newest body of each.
        """
        ...

    def deliveries(
        self,
        filter: DeliveryFilter,
        *,
        before: DeliveryId | None,
        limit: int,
    ) -> Sequence[Delivery]:
        """Return deliveries, newest first, with ids under *before*."""
        ...

    def delivery(self, id: DeliveryId) -> Delivery | None:
        """Return one delivery."""
        ...

    def attempts(self, id: DeliveryId) -> Sequence[Attempt]:
        """Return a delivery's attempts, oldest first."""
        ...

    def history(self, id: DeliveryId) -> Sequence[Change]:
        """Return what a delivery went through, oldest first."""
        ...

    def replay(self) -> Sequence[str]:
        """
        Return where the deliveries are not what their history says.

        The last line of a delivery's history must be the delivery, and each
        step from one line to the next must be one of `TRANSITIONS`.
        """
        ...

    def audit(self, id: DeliveryId) -> Sequence[AuditEntry]:
        """Return what operators did to a delivery, oldest first."""
        ...

    def audit_of_target(self, name: str) -> Sequence[AuditEntry]:
        """Return what operators did to a target, oldest first."""
        ...

    def story(self, store: str, order_id: str) -> Story | None:
        """Return the whole story of one order."""
        ...

    def waits(
        self, deliveries: Sequence[Delivery], now: Instant
    ) -> Mapping[DeliveryId, Wait]:
        """
        Return what stands before those that go on by themselves.

        Those in other states are left out. Of one page at most: each costs
        a look into its lane.
        """
        ...

    def counts(self, now: Instant | None) -> Counts:
        """
        Return how much of everything there is.

        Args:
            now: None when the oldest are of no interest: they take longest.
        """
        ...

    # -- the console

    def attention_groups(self) -> Sequence[AttentionGroup]:
        """
        Return what waits for a person, by state, reason and target.

        The group that has waited longest is the first.
        """
        ...

    def attention_list(
        self, filter: DeliveryFilter, *, after: int | None, limit: int
    ) -> Sequence[AttentionItem]:
        """
        Return deliveries that wait for a person, oldest first.

        Args:
            filter: its *attention* says nothing here.
            after: the place of the last one shown.
        """
        ...

    def attention_oldest(
        self, filter: DeliveryFilter, *, each: int
    ) -> Sequence[AttentionItem]:
        """
        Return the oldest *each* of every state, reason, store and target.

        As `attention_list` has them, but none is passed over because others
        have waited longer.
        """
        ...

    def oldest_waiting(self) -> Mapping[str, Delivery]:
        """Return by target the oldest of those that go on by themselves."""
        ...

    def find_orders(
        self, text: str, *, stores: Collection[str] | None, limit: int
    ) -> Sequence[OrderRow]:
        """
        Return orders that a person means by *text*, newest first.

        By their number, words of the customer's name or their beginnings,
        the phone's last digits (four or more), a tracking number, the
        store's own id, or an id that a target gave. Of several words all
        must fit.

        Args:
            stores: only of these; None for all.
        """
        ...

    def minutes(self, since: Instant, until: Instant) -> Sequence[Minute]:
        """
        Return what happened, minute by minute, oldest first.

        *since* is in the first of them, *until* in none. What happened in
        the last seconds may not have been counted yet (`tally`).
        """
        ...

    def stretches(
        self, since: Instant, until: Instant, *, span: Millis
    ) -> Sequence[Stretch]:
        """
        Return what happened at all stores and targets, span by span.

        As `minutes` has it, but for spans in which no minute was kept: they
        are left out.
        """
        ...

    def accepted(self, store: str, since: Instant, until: Instant) -> int:
        """Return how many webhooks of a store were kept, by its minutes."""
        ...

    def last_heard(self) -> Mapping[str, Instant]:
        """Return by store when its newest webhook came, as far as counted."""
        ...

    def last_signed(self) -> Mapping[str, Signed]:
        """Return by store which secret signed last, as far as kept."""
        ...

    def keep_signed(self, signed: Mapping[str, Signed]) -> None:
        """Keep by store which secret signed last; what is older is not."""
        ...

    def failed_lately(self, *, most: int) -> Mapping[str, Sequence[FailedTry]]:
        """
        Return by target the last tries that went wrong, newest first.

        Only of what changed lately; at most *most* of each.
        """
        ...

    # -- what the console reads is kept up to date off the way of orders

    def tally(self, now: Instant, limit: int) -> int:
        """
        Count what happened since the last time into minutes.

        And note in which blocks of ids which stores, topics, targets and
        states are, so that lists look nowhere else. Looks at *limit*
        changes at most; returns how many there were.
        """
        ...

    def index_orders(self, now: Instant, limit: int) -> int:
        """
        Let what orders say now be found; return how many were looked at.

        The longest changed first, *limit* at most.
        """
        ...

    def unindexed_since(self, now: Instant) -> Instant | None:
        """Return when the oldest change was that is not found yet."""
        ...

    # -- alerts

    def alerts(self) -> Sequence[Alert]:
        """Return what is on, or not told to be over yet, oldest first."""
        ...

    def keep_alerts(
        self,
        begun: Mapping[str, int | None],
        ended: Collection[int],
        now: Instant,
    ) -> None:
        """
        Keep what came up, by cause, with its figure, and what is over.

        A cause that is on already is not kept again. One that is over
        before anybody was told is told to nobody.
        """
        ...

    def claim_alert(self, one: Alert, *, until: Instant, now: Instant) -> bool:
        """
        Take it upon us to tell of *one*; return whether nobody else did.

        Somebody else may from *until* on.
        """
        ...

    def keep_told(
        self,
        one: Alert,
        *,
        problem: str | None,
        again_at: Instant,
        now: Instant,
    ) -> None:
        """Keep that somebody was told, or why not, and when to try again."""
        ...

    # -- questions to targets

    def ask(
        self,
        target: str,
        *,
        about: DeliveryId | None = None,
        said: str | None = None,
        actor: str,
        until: Instant,
        now: Instant,
    ) -> int:
        """
        Leave a question to a target for a worker; return its number.

        Args:
            about: the delivery that is looked for; None for a test call.
            said: what it is called there, as a person says.
            until: nobody asks after that.

        Raises:
            TooManyQuestions: so many wait that it is not kept.
        """
        ...

    def question(self, id: int) -> Question | None:
        """Return a question with what was learned; kept for an hour."""
        ...

    def take_question(
        self, lanes: Sequence[Lane], now: Instant
    ) -> Taken | None:
        """
        Take the oldest question to one of *lanes*, with a turn of a slot.

        One whose target is paused or left alone is answered with that.
        """
        ...

    def answer_question(
        self,
        taken: Taken,
        learned: Learned,
        *,
        slot_free_at: Instant | None,
        now: Instant,
    ) -> None:
        """Keep what was learned, and give the slot back; None: it is free."""
        ...

    # -- sessions of the console

    def end_session(self, id: str, *, until: Instant, now: Instant) -> None:
        """Keep that a session was ended; its cookie dies at *until*."""
        ...

    def is_ended(self, id: str) -> bool:
        """Return whether somebody ended that session."""
        ...

    # -- operators' decisions

    def redeliver(
        self,
        id: DeliveryId,
        *,
        actor: str,
        reason: str,
        force: bool,
        if_version: int | None = None,
        now: Instant,
    ) -> Delivery:
        """
        Make a finished or waiting delivery due now, with a new generation.

        It is sent even if the target already has it.

        Raises:
            NotFound: no such delivery, or a newer generation replaced it.
            VersionMismatch: *if_version* is given and not its version.
            InFlight: it is claimed, sending or settling.
            ForceNeeded: it succeeded, or may have, and may not be
                repeated; without *force*.
            NotDecidable: it is a question, not a call, or `uncertain`
                (that is `resolve`'s).
            CorrectionUnread: a correction of its order waits for its plan.
            OnHold: a person holds it.
        """
        ...

    def correct(
        self,
        event: NewEvent,
        *,
        order_id: str,
        fields: Sequence[str],
        actor: str,
        reason: str,
        if_revision: int | None,
        now: Instant,
    ) -> EventId:
        """
        Keep what a person says that an order should have said.

        It is planned like a webhook. Raises the order's revision.

        Args:
            event: of `bridge.sources.corrections`.
            fields: which ones it is about, for the audit.

        Raises:
            NotFound: there is no such order.
            VersionMismatch: *if_revision* is given and not the order's.
        """
        ...

    def teach(
        self, links: Sequence[Link], *, actor: str, reason: str, now: Instant
    ) -> Sequence[Link]:
        """
        Keep links that a person knows; what waits for them goes on.

        Orders of which nothing was told yet may be among them. Returns
        those that were news. One audit entry for all.
        """
        ...

    def note_look(
        self,
        store: str,
        order_id: str,
        *,
        page: str,
        delivery_id: DeliveryId | None,
        actor: str,
        now: Instant,
    ) -> None:
        """Keep in the order's audit that somebody was shown its data."""
        ...

    def foresee_redelivery(self, id: DeliveryId, *, force: bool) -> None:
        """
        Change nothing, and refuse what `redeliver` would refuse now.

        Raises:
            Conflict: as `redeliver` does.
        """
        ...

    def resolve(
        self,
        id: DeliveryId,
        *,
        decision: str,
        links: Mapping[str, str],
        actor: str,
        reason: str,
        if_version: int | None,
        now: Instant,
        until: Instant | None = None,
    ) -> Delivery:
        """
        An operator's decision on `uncertain`, `held` or `dead`.

        `exists` (with *links*, kept) and `done` → `succeeded`; `resend` →
        `pending`, generation raised, sent even if unchanged; `cancel` →
        `cancelled`. A question can not be resent (`NotDecidable`) but for
        the reason `came_back`.

        `hold` → `held` with the reason `on_hold` (one that is `uncertain`
        stays so): nothing is sent of it, nor later ones of its lane, before
        `release`, which makes it what it was; a held call that may be
        rendered anew is `pending` then.

        Raises:
            NotFound: no such delivery.
            VersionMismatch: *if_version* is given and not its version.
            InFlight: a worker holds it.
            NotDecidable: the decision does not fit the state.
            CorrectionUnread: `resend` or `release`, and a correction of its
                order waits for its plan.
            OnHold: `resend`, and a person holds it.

        Args:
            until: with `hold`: planning lets it go then.
        """
        ...
