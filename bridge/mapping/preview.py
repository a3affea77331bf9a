"""
What a mapping would do about an order that nothing was done about yet.

The same plan and the same rendering as in life, without a journal: for
cases, for `explain`, `diff`, and for tests.
"""

from collections.abc import Collection
from collections.abc import Mapping as Dict
from dataclasses import dataclass

from bridge.errors import Unrenderable
from bridge.mapping.document import Mapping, Rule
from bridge.mapping.plan import (
    AFTER_CANCEL,
    Case,
    delivery_of,
    plan_mapping,
)
from bridge.mapping.render import (
    condition_holds,
    known_links,
    render,
    request_hash,
    with_links,
)
from bridge.model import (
    JSON,
    Delivery,
    DeliveryId,
    DeliveryState,
    Instant,
    Moment,
    NewDelivery,
    Reason,
    Request,
)
from bridge.orders.document import document
from bridge.orders.order import OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """
    What would become of one rule.

    Args:
        request: set when a call would be made.
        reason: set when a person, a link or nothing is needed; its code is
            `asked`, `link_missing`, `nothing_to_send`, `value_missing`, ….
    """

    rule: str
    request: Request | None = None
    reason: Reason | None = None


def foresee(
    mapping: Mapping,
    state: OrderState,
    *,
    links: Dict[str, str] | None = None,
    raw: JSON = None,
    done: Collection[str] = (),
) -> list[Foreseen]:
    """
    Return what would be done about the order, in the lane's order.

    What is withdrawn as soon as it is planned is not among it.

    Args:
        links: what is known, as if answers and look-ups had told it.
        done: rules whose calls the target has had, as they are today.
    """
    known = dict(links or {})
    scene = document(state, links=known, raw=raw)
    case = Case(
        state=state,
        mapping=mapping,
        since=mapping.since or Instant(0),
        deliveries=[
            _applied(rule, mapping, state, scene)
            for rule in mapping.rules
            if rule.name in done
        ],
        links=known,
        now=Instant(0),
        raw=raw,
    )
    adds = sorted(plan_mapping(case).adds, key=lambda add: add.place)
    return [
        _foreseen(mapping, add, scene)
        for add in adds
        if add.state is not DeliveryState.CANCELLED
    ]


def _applied(
    rule: Rule, mapping: Mapping, state: OrderState, scene: dict[str, JSON]
) -> Delivery:
    """Return the delivery of a rule that the target has had."""
    planned = delivery_of(rule, mapping, state, generation=1)
    shared = {
        name: getattr(planned, name)
        for name in NewDelivery.__dataclass_fields__
        if name not in {"state", "reason"}
    }
    try:
        told = request_hash(rendered(mapping, rule, scene))
    except (Unrenderable, ValueError):
        told = None
    return Delivery(
        **shared,
        id=DeliveryId(rule.position),
        state=DeliveryState.SUCCEEDED,
        reason=None,
        reason_text="",
        where={},
        fence=1,
        owner=None,
        lease_until=None,
        attempts=1,
        claims=1,
        version=1,
        request_hash=told,
        forced=False,
        live_since=Instant(0),
        created_at=Instant(0),
        updated_at=Instant(0),
        moved=rule.position,
    )


def _foreseen(
    mapping: Mapping, add: NewDelivery, scene: dict[str, JSON]
) -> Foreseen:
    rule = mapping.rule(add.rule)
    if rule is None or add.state is not DeliveryState.PENDING:
        return Foreseen(rule=add.rule, reason=add.reason)
    try:
        return Foreseen(rule=rule.name, request=rendered(mapping, rule, scene))
    except Unrenderable as error:
        return Foreseen(rule=rule.name, reason=error.reason)


def moment_holds(rule: Rule, scene: Dict[str, JSON]) -> bool:
    """Return whether the order is what *rule* waits for."""
    if scene[Moment.CANCELLED.value] and rule.when not in AFTER_CANCEL:
        return False
    return bool(scene[rule.when.value])


def says(
    mapping: Mapping, rule: Rule, scene: dict[str, JSON]
) -> Foreseen | None:
    """
    Return what *rule* would say of the order now, whatever was done before.

    None when the order does not ask for it.

    Args:
        scene: the order as expressions see it, with the links that are known.
    """
    if not moment_holds(rule, scene):
        return None
    try:
        if not condition_holds(mapping, rule, scene):
            return None
        if rule.question is not None:
            text = rule.question.text(scene)
            return Foreseen(
                rule=rule.name, reason=Reason(code="asked", text=text)
            )
        return Foreseen(
            rule=rule.name, request=_with_told_links(mapping, rule, scene)
        )
    except Unrenderable as error:
        return Foreseen(rule=rule.name, reason=error.reason)


def rendered(mapping: Mapping, rule: Rule, scene: dict[str, JSON]) -> Request:
    """
    Return the request of *rule*, with the links that the order tells.

    Raises:
        LinkMissing, NothingToSend, Unrenderable: as `render` does.
    """
    condition_holds(mapping, rule, scene)
    return _with_told_links(mapping, rule, scene)


def _with_told_links(
    mapping: Mapping, rule: Rule, scene: dict[str, JSON]
) -> Request:
    told = known_links(mapping, rule, scene)
    return render(mapping, rule, with_links(scene, told))
