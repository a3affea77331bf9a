"""
What mappings make, or made, of the orders in the journal.

Nothing here changes anything: for `explain` and `diff`, for the admin API,
and for the worker, which looks before it puts an edited file in force. The
thinking is done in `bridge.mapping`; this reads what that needs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError
from pydantic_core import from_json

from bridge.errors import (
    MappingError,
    NotFound,
    Pruned,
    Unrenderable,
    Unusable,
)
from bridge.journal.protocol import (
    Journal,
    OrderSeen,
)
from bridge.mapping.cases import raw_of
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.difference import (
    FieldChange,
    Report,
    Sight,
    Tally,
    Turn,
    changed_fields,
    differences,
)
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.document import Surroundings
from bridge.mapping.explain import Explanation, case_of, explain
from bridge.mapping.plan import Case
from bridge.mapping.preview import rendered
from bridge.mapping.render import kept_request
from bridge.model import (
    Attempt,
    Delivery,
    DeliveryId,
    Event,
    EventState,
    Instant,
    Request,
)
from bridge.observe import observe
from bridge.orders.document import document
from bridge.orders.order import OrderState, load_state
from bridge.orders.pruning import is_pruned
from bridge.planner import read_raw
from bridge.saying import Code, Said, said
from bridge.sources.folding import fold_reading, untold
from bridge.sources.platform import Duty, Ignored, Store
from bridge.sources.register import PLATFORMS, read_event

BATCH = 500
"""So many orders are read at once."""

MOST_REASONS = 3

Version = Callable[[str], MappingInForce | None]
"""Gives the mapping of a hash that was ever in force."""


def versions_of(journal: Journal, around: Surroundings) -> Version:
    """Return what compiles the texts that were ever in force."""

    def version(hash: str) -> MappingInForce | None:
        kept = journal.mapping_text(hash)
        if kept is None:
            return None
        try:
            return compile_mapping(
                kept.name, kept.text, file=f"{kept.name}.yaml", around=around
            )
        except MappingError:  # of a store or target that is gone
            return None

    return version


def texts_in_force(
    journal: Journal, around: Surroundings
) -> dict[str, MappingInForce]:
    """Return the mappings in force, by name, as the journal has them."""
    found = {}
    for text in journal.in_force():
        try:
            found[text.name] = compile_mapping(
                text.name, text.text, file=f"{text.name}.yaml", around=around
            )
        except MappingError:  # of a store or target that is gone
            continue
    return found


# ---------------------------------------------------------------- one order


def case_in(
    journal: Journal,
    mapping: MappingInForce,
    order_id: str,
    *,
    version: Version,
    now: Instant,
) -> Case:
    """
    Return all that a plan would look at now.

    Raises:
        NotFound: nothing was ever told of the order.
    """
    dossier = journal.dossier(mapping.store, order_id)
    if dossier.order is None:
        message = f"Nothing was ever told of an order {order_id}."
        raise NotFound(message)
    state = load_state(dossier.order.state)
    if is_pruned(state):
        message = (
            f"The order {order_id} is pruned: save it in the shop once more, and"
            " what it says then can be explained."
        )
        raise Pruned(message)
    case = case_of(
        mapping,
        state,
        links=dossier.links.get(mapping.target, {}),
        raw=read_raw(journal, mapping, dossier.order.body_event),
        deliveries=dossier.deliveries,
        since=journal.first_in_force(mapping.name),
        now=now,
    )
    unseen = journal.unseen()
    return replace(
        case, version=version, unseen_until=unseen[1] if unseen else None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """
    How a delivery came by what it sent, or by its reason.

    Args:
        attempt: the last one that rendered a request.
        explanation: by the text of then, of the order as it was then.
        sent: what was sent, as it is kept; None when nothing was.
        exact: the explanation gives just that. Else links, corrections or
            webhooks came in between, and what was sent is the truth.
        in_force: the text of then is today's.
        today: what today's text would send otherwise.
        today_reason: why it would send nothing, as a code and a sentence.
    """

    delivery: Delivery
    attempt: Attempt | None
    explanation: Explanation
    sent: Request | None
    exact: bool
    in_force: bool
    today: tuple[FieldChange, ...] = ()
    today_reason: str = ""


def past_of(
    journal: Journal,
    id: DeliveryId,
    *,
    store: Callable[[str], Store | None],
    version: Version,
    today: Callable[[str], MappingInForce | None],
) -> Past:
    """
    Return how delivery *id* came by its request.

    Args:
        today: gives the mapping of a name as it is now.

    Raises:
        NotFound: there is no such delivery, or its text or store is gone.
    """
    delivery = journal.delivery(id)
    if delivery is None:
        message = f"There is no delivery {id}."
        raise NotFound(message)
    if delivery.pruned_at is not None:
        message = (
            f"Delivery {id} is pruned: what it was made of and what it said"
            " are gone. Its moments, hashes and links are there."
        )
        raise Pruned(message)
    attempt = _last_rendered(delivery, journal.attempts(id))
    text = (attempt and attempt.mapping_hash) or delivery.mapping_hash
    mapping = version(text) if text else None
    shop = store(delivery.store)
    if mapping is None or shop is None:
        message = f"The mapping or store of delivery {id} is gone."
        raise NotFound(message)
    sent = kept_request(
        delivery.operation, attempt.request if attempt else None
    )
    at = attempt.started_at if attempt else delivery.updated_at
    scenes = _scenes(journal, mapping, delivery, shop, at)
    chosen = next(
        (case for case in scenes if sent and _renders(case, delivery, sent)),
        None,
    )
    case = chosen or scenes[0]
    now = today(delivery.mapping)
    changes, reason = _by_today(case, delivery, sent, now)
    return Past(
        delivery=delivery,
        attempt=attempt,
        explanation=explain(case),
        sent=sent,
        exact=chosen is not None or sent is None,
        in_force=now is not None and now.hash == mapping.hash,
        today=changes,
        today_reason=reason,
    )


def _last_rendered(
    delivery: Delivery, attempts: Sequence[Attempt]
) -> Attempt | None:
    """Return the last attempt that made the delivery's own call."""
    made = [
        one
        for one in attempts
        if one.operation == delivery.operation and one.mapping_hash
    ]
    return made[-1] if made else None


def _scenes(
    journal: Journal,
    mapping: MappingInForce,
    delivery: Delivery,
    store: Store,
    at: Instant,
) -> list[Case]:
    """Return the order as it was then, and as it is now."""
    story = journal.story(delivery.store, delivery.order_id)
    if story is None:
        message = "Nothing was ever told of this order."
        raise NotFound(message)
    links = {
        link.name: link.value
        for link in story.links
        if link.target == mapping.target
    }
    told = [event for event in story.events if event.received_at <= at]
    states = [
        folded(told, store, delivery.order_id),
        load_state(story.order.state),
    ]
    return [
        case_of(
            mapping,
            state,
            links=links,
            raw=raw_of(mapping, state, story.events),
        )
        for state in states
    ]


def folded(events: Sequence[Event], store: Store, order_id: str) -> OrderState:
    """Return the order that *events* tell of; what is unusable is left."""
    state = untold(store, PLATFORMS[store.platform], order_id)
    for event in events:
        if event.state is EventState.UNUSABLE or event.pruned_at:
            continue
        try:
            reading = read_event(event, store)
        except Unusable:
            continue
        if not isinstance(reading, Ignored | Duty):
            state = fold_reading(state, reading, received_at=event.received_at)
    return state


def _rendered(case: Case, delivery: Delivery) -> Request | str | None:
    """Return what *case* makes of the delivery's rule; why not as text."""
    rule = case.mapping.rule(delivery.rule)
    if rule is None or rule.operation is None:
        return None
    scene = document(case.state, links=case.links, raw=case.raw)
    try:
        return rendered(case.mapping, rule, scene)
    except Unrenderable as error:
        return Said(
            "%(code)s: %(text)s",
            {"code": Code(error.reason.code), "text": str(error)},
        )


def _renders(case: Case, delivery: Delivery, sent: Request) -> bool:
    made = _rendered(case, delivery)
    return isinstance(made, Request) and not changed_fields(sent, made)


def _by_today(
    case: Case,
    delivery: Delivery,
    sent: Request | None,
    today: MappingInForce | None,
) -> tuple[tuple[FieldChange, ...], str]:
    """Return what today's text would say otherwise of the same order."""
    if today is None or today.rule(delivery.rule) is None:
        return (), said("the rule is no longer in the file")
    made = _rendered(replace(case, mapping=today), delivery)
    if isinstance(made, str):
        return (), made
    then = sent or _rendered(case, delivery)
    if not isinstance(then, Request) or made is None:
        return (), ""
    return tuple(changed_fields(then, made)), ""


# -------------------------------------------------------------- many orders


def compared(
    journal: Journal,
    before: MappingInForce | None,
    after: MappingInForce | None,
    *,
    last: int,
    go_on: Callable[[], bool] = lambda: True,
    looked: Callable[[], object] = lambda: None,
    tally: Tally | None = None,
) -> Report:
    """
    Return what *after* would change over the newest orders of its store.

    Args:
        last: how many orders are looked at, at most.
        go_on: asked before each order; False ends it early.
        looked: called after each order.
        tally: to count in, for who wants to see how far it came.
    """
    tally = tally or Tally()
    mapping = after or before
    if mapping is None:
        return tally.report()
    raw = any(one.reads_raw for one in (before, after) if one is not None)
    first = journal.first_in_force(mapping.name) or Instant(0)
    for seen in orders_of(journal, mapping.store, last=last, bodies=raw):
        if not go_on():
            break
        sight = _sight(seen, raw=raw)
        if sight is not None:
            tally.add(
                seen.order.order_id,
                differences(before, after, sight, first_in_force=first),
            )
        looked()
    return tally.report()


def orders_of(
    journal: Journal, store: str, *, last: int, bodies: bool = False
) -> Iterator[OrderSeen]:
    """Yield the newest *last* orders of a store, newest first."""
    left, before = last, None
    while left > 0:
        page = journal.orders_seen(
            store, before=before, limit=min(left, BATCH), bodies=bodies
        )
        yield from page
        if len(page) < min(left, BATCH):
            return
        left -= len(page)
        row = page[-1].order
        before = (row.version, row.store, row.order_id)


def _sight(seen: OrderSeen, *, raw: bool) -> Sight | None:
    try:
        state = load_state(seen.order.state)
    except ValidationError:  # an order of another program's journal
        return None
    if is_pruned(state):
        return None
    body = seen.body if raw else None
    return Sight(
        state=state,
        links=seen.links,
        raw=None if body is None else from_json(body),
    )


def weighed(
    journal: Journal,
    before: MappingInForce,
    after: MappingInForce,
    *,
    last: int,
    go_on: Callable[[], bool],
) -> Report:
    """
    Return what *after* would change, and say how much in the log.

    An order over which our own program stumbles ends it: what was seen until
    then is told.
    """
    tally = Tally()
    stumbled = ""
    try:
        report = compared(
            journal, before, after, last=last, go_on=go_on, tally=tally
        )
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        report, stumbled = tally.report(), type(error).__name__
    observe(
        "mapping.weighed",
        mapping=after.name,
        hash=after.hash,
        orders=report.orders,
        differing=report.differing,
        error=stumbled or None,
        breaks=report.count(Turn.BREAKS),
        fails=report.count(Turn.FAILS),
        differs=report.count(Turn.DIFFERS),
        sends=report.count(Turn.SENDS),
        stops=report.count(Turn.STOPS),
    )
    return report


def objection_text(report: Report) -> str:
    """Return what breaks, in one line without a customer's data."""
    broken = [one for one in report.groups if one.turn is Turn.BREAKS]
    reasons = "; ".join(
        f"{one.rule}: {one.code}: {one.text} ({one.count})"
        for one in broken[:MOST_REASONS]
    )
    more = len(broken) - MOST_REASONS
    rest = f"; and {more} other reasons" if more > 0 else ""
    return (
        f"{report.breaks} requests of the last {report.orders} orders, which "
        f"can be made today, could not be: {reasons}{rest}"
    )
