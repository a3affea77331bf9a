"""What the admin API gives of explanations and of differences, as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field as Noted

from bridge.hindsight import Past
from bridge.mapping.difference import Report, Turn
from bridge.mapping.explain import Explanation, Verdict
from bridge.model import DeliveryState, Moment
from bridge.standings import Standing, State
from bridge.web.shapes import Shape, When

# ------------------------------------------------------------ explanations


class RequestItem(Shape):
    """One call."""

    method: str
    path: str
    body: Any


class OriginItem(Shape):
    """One field of a path or body, and where it comes from."""

    place: str
    value: Any
    given: bool = Noted(description="false when it is left out")
    source: str = Noted(description="file, order or call")
    expression: str
    reads: Sequence[str] = Noted(description="paths in the order")
    line: int
    corrected: Sequence[str]
    fault: str


class PartItem(Shape):
    """One part of an `if`; of each item, where it filters a list."""

    text: str
    holds: int
    of: int | None


class ReasonItem(Shape):
    """Why there is no request."""

    code: str
    text: str
    where: Mapping[str, Any]


class RuleItem(Shape):
    """What one rule makes of the order."""

    rule: str
    line: int
    when: Moment
    call: str
    verdict: Verdict
    wanted: bool
    why: str
    condition: str
    parts: Sequence[PartItem]
    request: RequestItem | None
    question: str
    fields: Sequence[OriginItem]
    reason: ReasonItem | None
    delivery: int | None
    delivery_state: DeliveryState | None


class ChangeItem(Shape):
    """One field that is another."""

    place: str
    how: str
    before: Any
    after: Any


class PastItem(Shape):
    """How the delivery came by what it sent."""

    delivery: int
    attempt: int | None
    at: When | None
    sent: RequestItem | None
    exact: bool = Noted(
        description="the explanation gives just what was sent; else the order"
        " or its links were others then"
    )
    in_force: bool = Noted(description="the text of then is today's")
    today: Sequence[ChangeItem] = Noted(
        description="what today's text would send otherwise"
    )
    today_reason: str


class OrderExplained(Shape):
    """What one mapping makes of one order; holds a customer's data."""

    mapping: str
    file: str
    hash: str
    store: str
    order_id: str
    target: str
    order: Mapping[str, Any]
    links: Mapping[str, str]
    rules: Sequence[RuleItem]
    changed: str
    past: PastItem | None = None


def order_explained(
    explanation: Explanation, past: Past | None = None
) -> OrderExplained:
    """Return an explanation, of now or of a delivery."""
    bare = OrderExplained.model_validate(explanation)
    return bare.model_copy(update={"past": past and _past_item(past)})


def _past_item(past: Past) -> PastItem:
    attempt = past.attempt
    return PastItem.model_validate(
        {
            "delivery": past.delivery.id,
            "attempt": attempt.number if attempt else None,
            "at": attempt.started_at if attempt else None,
            "sent": past.sent,
            "exact": past.exact,
            "in_force": past.in_force,
            "today": past.today,
            "today_reason": past.today_reason,
        }
    )


# ------------------------------------------------------------- differences


class GroupItem(Shape):
    """One difference over all orders that have it."""

    turn: Turn
    rule: str
    place: str
    how: str
    count: int
    orders: Sequence[str] = Noted(description="ids of some of them")
    before: Any = Noted(description="of the first order")
    after: Any
    always: bool = Noted(description="whether all have these very values")
    code: str
    text: str


class MappingDiff(Shape):
    """What another text would change; holds a customer's data."""

    name: str
    before: str | None = Noted(description="the hash of the text in force")
    after: str | None = Noted(description="the hash of the file")
    orders: int
    differing: int
    requests: Mapping[str, int] = Noted(description="by turn")
    groups: Sequence[GroupItem]
    problems: Sequence[str] = ()


def mapping_diff(standing: Standing, report: Report) -> MappingDiff:
    """Return a report of one mapping."""
    return MappingDiff.model_validate(
        {
            "name": standing.name,
            "before": standing.in_force,
            "after": standing.hash,
            "orders": report.orders,
            "differing": report.differing,
            "requests": report.requests,
            "groups": report.groups,
            "problems": standing.problems,
        }
    )


# ------------------------------------------------------------------- files


class MappingItem(Shape):
    """One mapping file, and the text of it that is in force."""

    name: str
    file: str | None
    hash: str | None = Noted(description="of the file; null when it is wrong")
    in_force: str | None = Noted(description="the hash of the text in force")
    state: State
    since: When | None = Noted(description="the text in force is, since then")
    problems: Sequence[str]
    forced_by: str | None = None


class Mappings(Shape):
    """All mappings."""

    items: Sequence[MappingItem]
    next: None = None


class MappingForced(Shape):
    """The text that comes in force in a moment."""

    name: str
    hash: str


def mapping_item(standing: Standing) -> MappingItem:
    """Return how a mapping stands."""
    refusal = standing.refusal
    bare = MappingItem.model_validate(standing)
    forced_by = refusal.forced_by if refusal else None
    return bare.model_copy(update={"forced_by": forced_by})
