"""
What a mapping would do about an order that nothing was done about yet.

The same plan and the same rendering as in life, without a journal: for
cases, for `explain`, and for tests.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass

from bridge.errors import Unrenderable
from bridge.mapping.document import Mapping, Rule
from bridge.mapping.plan import Case, plan_mapping
from bridge.mapping.render import (
    condition_holds,
    known_links,
    render,
    with_links,
)
from bridge.model import (
    JSON,
    DeliveryState,
    Instant,
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
) -> list[Foreseen]:
    """
    Return what would be done about the order, in the lane's order.

    Args:
        links: what is known, as if answers and look-ups had told it.
    """
    known = dict(links or {})
    case = Case(
        state=state,
        mapping=mapping,
        since=mapping.since or Instant(0),
        deliveries=(),
        links=known,
        now=Instant(0),
        raw=raw,
    )
    adds = sorted(plan_mapping(case).adds, key=lambda add: add.place)
    scene = document(state, links=known, raw=raw)
    return [_foreseen(mapping, add, scene) for add in adds]


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


def rendered(mapping: Mapping, rule: Rule, scene: dict[str, JSON]) -> Request:
    """
    Return the request of *rule*, with the links that the order tells.

    Raises:
        LinkMissing, NothingToSend, Unrenderable: as `render` does.
    """
    condition_holds(mapping, rule, scene)
    told = known_links(mapping, rule, scene)
    return render(mapping, rule, with_links(scene, told))
