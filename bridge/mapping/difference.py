"""
What another text of a mapping would change, request by request.

`differences` looks at one order by two texts of one mapping: what each rule
would say of the order as it stands, as if nothing had been done yet. A
`Tally` puts equal differences of many orders together: one change over 500
orders is one entry, with a count and some of the orders.

A text that can not be rendered for an order that the one before could be is
told as `breaks`: that is what keeps it from coming in force by itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from enum import StrEnum
from re import compile as pattern
from typing import Final

from typing_extensions import override

from bridge.mapping.document import Mapping, Rule
from bridge.mapping.plan import effect_key
from bridge.mapping.preview import Foreseen, says
from bridge.model import JSON, Instant, Reason, Request
from bridge.orders.document import became_ours_at, document
from bridge.orders.order import OrderState
from bridge.saying import Said

EXAMPLES = 5
"""So many orders are named of each group."""

_ABSENT: Final = object()
_NTH = pattern(r"(?<=[a-z_])\.\d+(?=[.,\s]|$)")
"""Which item of a list a reason is about: `productos.0.cantidad`."""
_WAITS = "link_missing"
_NOTHING = "nothing_to_send"
_ASKED = "asked"


class Turn(StrEnum):
    """How what becomes of a rule would be another."""

    BREAKS = "breaks"
    """It was sent or asked, and can not be rendered any more."""
    FAILS = "fails"
    """The order did not ask for it; now it does, and it is held."""
    DIFFERS = "differs"
    """It says something else."""
    SENDS = "sends"
    """It was not sent, and is now."""
    STOPS = "stops"
    """It was sent, and is no longer."""
    WAITS = "waits"
    """It was sent, and waits for a link now."""
    MENDS = "mends"
    """It could not be rendered, and is no longer held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """
    One field of a request that is another.

    Args:
        place: `request` (method and path) or a path in the body, with `[]`
            for the items of a list: `body.productos[].cantidad`.
        how: `changed`, `added` or `removed`.
        before, after: None where there is nothing.
    """

    place: str
    how: str
    before: JSON = None
    after: JSON = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    What would be another for one order by one rule.

    Args:
        fields: what differs, where both say something.
        reason: why it fails or waits, now or before.
    """

    turn: Turn
    rule: str
    fields: tuple[FieldChange, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """
    One order as it stands.

    Args:
        links: known of it, by target, then by name.
        raw: the newest body, where one of the texts reads it.
    """

    state: OrderState
    links: Dict[str, Dict[str, str]] = field(default_factory=dict)
    raw: JSON = None


def differences(
    before: Mapping | None,
    after: Mapping | None,
    sight: Sight,
    *,
    first_in_force: Instant = Instant(0),
) -> list[Difference]:
    """
    Return what would be another for one order, in the rules' order.

    Rules are the same when they have the same effect (`plan.effect_key`):
    a create that is only called otherwise is no difference.

    Args:
        before, after: None where there is no such text.
        first_in_force: what stands for a `since` that a text has not.
    """
    scenes: dict[str, dict[str, JSON]] = {}
    old = _said(before, sight, scenes, first_in_force)
    new = _said(after, sight, scenes, first_in_force)
    found = []
    for key in dict.fromkeys([*old, *new]):
        one = _difference(old.get(key), new.get(key))
        if one is not None:
            found.append(one)
    return found


def _said(
    mapping: Mapping | None,
    sight: Sight,
    scenes: dict[str, dict[str, JSON]],
    first_in_force: Instant,
) -> dict[str, Foreseen]:
    """Return what each rule that the order asks for says, by its effect."""
    if mapping is None:
        return {}
    ours_at = became_ours_at(sight.state)
    since = first_in_force if mapping.since is None else mapping.since
    if sight.state.snapshot is None or ours_at is None or ours_at < since:
        return {}
    scene = scenes.get(mapping.target)
    if scene is None:
        links = sight.links.get(mapping.target, {})
        scene = document(sight.state, links=links, raw=sight.raw)
        scenes[mapping.target] = scene
    return {
        _effect(rule, mapping): one
        for rule in mapping.rules
        if (one := says(mapping, rule, scene)) is not None
    }


def _effect(rule: Rule, mapping: Mapping) -> str:
    return effect_key(rule, mapping, "")


def _difference(
    before: Foreseen | None, after: Foreseen | None
) -> Difference | None:
    was, now = _standing(before), _standing(after)
    rule = (after or before or Foreseen(rule="")).rule
    turn = _TURNS.get((was, now))
    if turn is None and was == now:
        fields = tuple(_fields(before, after))
        if fields:
            return Difference(turn=Turn.DIFFERS, rule=rule, fields=fields)
    if turn is None:
        return None
    told = after if turn in _TOLD_AFTER else before
    reason = told.reason if told else None
    return Difference(turn=turn, rule=rule, reason=reason)


_OFF, _GOES, _HELD, _AWAITS = "off", "goes", "held", "awaits"

_TURNS: Dict[tuple[str, str], Turn] = {
    (_OFF, _GOES): Turn.SENDS,
    (_OFF, _HELD): Turn.FAILS,
    (_OFF, _AWAITS): Turn.WAITS,
    (_GOES, _OFF): Turn.STOPS,
    (_GOES, _HELD): Turn.BREAKS,
    (_GOES, _AWAITS): Turn.WAITS,
    (_HELD, _OFF): Turn.MENDS,
    (_HELD, _GOES): Turn.MENDS,
    (_HELD, _AWAITS): Turn.MENDS,
    (_AWAITS, _OFF): Turn.STOPS,
    (_AWAITS, _GOES): Turn.SENDS,
    (_AWAITS, _HELD): Turn.FAILS,
}
_TOLD_AFTER = frozenset({Turn.BREAKS, Turn.FAILS, Turn.WAITS})


def _standing(one: Foreseen | None) -> str:
    if one is None:
        return _OFF
    if one.request is not None or one.reason is None:
        return _GOES
    return {_ASKED: _GOES, _WAITS: _AWAITS, _NOTHING: _OFF}.get(
        one.reason.code, _HELD
    )


def _fields(
    before: Foreseen | None, after: Foreseen | None
) -> Iterator[FieldChange]:
    if before is None or after is None:
        return
    if before.request is not None and after.request is not None:
        yield from changed_fields(before.request, after.request)
        return
    yield from _changes(_gist(before), _gist(after), "")


def _gist(one: Foreseen) -> JSON:
    if one.request is not None:
        return {"request": f"{one.request.method} {one.request.path}"}
    reason = one.reason or Reason(code="")
    if reason.code == _ASKED:
        return {"question": reason.text}
    return {"reason": f"{reason.code}: {reason.text}"}


def changed_fields(before: Request, after: Request) -> list[FieldChange]:
    """Return what is another in the second of two requests."""
    return [
        *_changes(
            f"{before.method} {before.path}",
            f"{after.method} {after.path}",
            "request",
        ),
        *_changes(before.body, after.body, "body"),
    ]


def _changes(before: object, after: object, place: str) -> list[FieldChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            change
            for key in {**before, **after}
            for change in _changes(
                before.get(key, _ABSENT),
                after.get(key, _ABSENT),
                f"{place}.{key}" if place else str(key),
            )
        ]
    if isinstance(before, list) and isinstance(after, list):
        return [
            change
            for index in range(max(len(before), len(after)))
            for change in _changes(
                before[index] if index < len(before) else _ABSENT,
                after[index] if index < len(after) else _ABSENT,
                f"{place}[]",
            )
        ]
    if before is _ABSENT:
        return [FieldChange(place=place, how="added", after=after)]
    if after is _ABSENT:
        return [FieldChange(place=place, how="removed", before=before)]
    if type(before) is type(after) and before == after:
        return []
    return [
        FieldChange(place=place, how="changed", before=before, after=after)
    ]


# ------------------------------------------------------------ many orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """
    One difference over all orders that have it.

    Args:
        place, how: of a field that differs; empty for the other turns.
        count: of orders.
        orders: some of their ids.
        before, after: of the first order.
        always: whether they are the same for all.
        code, text: of the reason; never a customer's data.
    """

    turn: Turn
    rule: str
    place: str = ""
    how: str = ""
    count: int = 0
    orders: tuple[str, ...] = ()
    before: JSON = None
    after: JSON = None
    always: bool = True
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What another text would change over many orders.

    Args:
        orders: how many were looked at.
        differing: how many of them would see anything else.
        requests: how many requests, by turn.
        groups: what breaks first, then by how many orders have it.
    """

    orders: int
    differing: int
    requests: Dict[Turn, int]
    groups: Sequence[Group]

    def count(self, turn: Turn) -> int:
        """Return how many requests would turn so."""
        return self.requests.get(turn, 0)

    @property
    def breaks(self) -> int:
        """How many requests could not be rendered any more."""
        return self.count(Turn.BREAKS)


class _Heap:
    """A group while it is counted."""

    def __init__(self, turn: Turn, rule: str) -> None:
        self.turn, self.rule = turn, rule
        self.change: FieldChange | None = None
        self.reason: Reason | None = None
        self.count = 0
        self.orders: list[str] = []
        self.always = True

    def take(
        self,
        order_id: str,
        changes: Sequence[FieldChange],
        reason: Reason | None,
    ) -> None:
        """Count one order."""
        self.change = self.change or next(iter(changes), None)
        self.reason = self.reason or reason
        self.always = self.always and all(
            one == self.change for one in changes
        )
        self.count += 1
        if len(self.orders) < EXAMPLES:
            self.orders.append(order_id)

    def group(self) -> Group:
        """Return what was counted."""
        change = self.change or FieldChange(place="", how="")
        reason = self.reason or Reason(code="")
        asked = reason.code == _ASKED  # its words may name a customer's
        return Group(
            turn=self.turn,
            rule=self.rule,
            place=change.place,
            how=change.how,
            count=self.count,
            orders=tuple(self.orders),
            before=change.before,
            after=change.after,
            always=self.always,
            code=reason.code,
            text="" if asked else _of_any_item(reason.text),
        )


_ORDER = tuple(Turn)


class Tally:
    """Counts the differences of many orders."""

    def __init__(self) -> None:
        self._heaps: dict[tuple[str, ...], _Heap] = {}
        self._requests: Counter[Turn] = Counter()
        self._orders = 0
        self._differing = 0

    def add(self, order_id: str, found: Iterable[Difference]) -> None:
        """Count one order with what differs."""
        self._orders += 1
        any_found = False
        for one in found:
            any_found = True
            self._requests[one.turn] += 1
            for key, changes in _keys(one):
                heap = self._heaps.get(key)
                if heap is None:
                    heap = self._heaps[key] = _Heap(one.turn, one.rule)
                heap.take(order_id, changes, one.reason)
        self._differing += any_found

    def report(self) -> Report:
        """Return what was counted so far."""
        groups = [heap.group() for heap in self._heaps.values()]
        groups.sort(key=lambda one: (_ORDER.index(one.turn), -one.count))
        return Report(
            orders=self._orders,
            differing=self._differing,
            requests=dict(self._requests),
            groups=groups,
        )


class Remembering(Tally):
    """
    Remembers, of the first orders that differ, what is another for each.

    Args:
        most: of so many orders.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.orders: dict[str, Sequence[Difference]] = {}

    @override
    def add(self, order_id: str, found: Iterable[Difference]) -> None:
        all_of_it = [*found]
        if all_of_it and len(self.orders) < self._most:
            self.orders[order_id] = all_of_it
        super().add(order_id, all_of_it)


def _of_any_item(text: str) -> str:
    def change(part: str) -> str:
        return _NTH.sub("[]", part)

    return text.changed(change) if isinstance(text, Said) else change(text)


def _keys(
    one: Difference,
) -> Iterator[tuple[tuple[str, ...], Sequence[FieldChange]]]:
    """Yield what it is counted under: each place once for an order."""
    if not one.fields:
        code = one.reason.code if one.reason else ""
        told = one.reason is not None and code != _ASKED
        text = _of_any_item(one.reason.text) if one.reason and told else ""
        yield (one.turn, one.rule, code, text), ()
        return
    places: dict[tuple[str, str], list[FieldChange]] = {}
    for change in one.fields:
        places.setdefault((change.place, change.how), []).append(change)
    for (place, how), changes in places.items():
        yield (one.turn, one.rule, place, how), changes
