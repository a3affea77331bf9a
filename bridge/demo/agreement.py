"""
Whether all is as it should be: by the journal, by the sandbox's own record.

The sandbox knows nothing of the journal. What it says was applied must be
what the journal says was done, call for call.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bridge.demo.running import NEVER_SEEN
from bridge.journal.protocol import Journal
from bridge.model import JSON, Delivery, DeliveryState

S = DeliveryState

KNOWN = frozenset(
    {
        # a candle that is sold without a SKU and in no table
        ("artesanias-mx", "51902", "value_missing"),
        # created, then the shop's owner deleted the order
        ("artesanias-mx", "51877", "asked"),
        # the parcel of an order that no sample tells of
        ("cafe-mx", "6302569034824", NEVER_SEEN),
    }
)
"""What the samples leave open: store, order, reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    text: str


def findings(
    journal: Journal,
    deliveries: Sequence[Delivery],
    record: Mapping[str, JSON],
    apis: Mapping[str, str],
) -> list[Finding]:
    """
    Return what was found.

    Args:
        record: the sandbox's, of what arrived and what it holds.
        apis: the API of each target.
    """
    applied = _applied_there(record)
    return [
        _as_known(deliveries),
        _same_calls(_applied_here(journal, deliveries, apis), applied),
        *_creates(journal, deliveries, record),
        _within_limits(record),
    ]


def _as_known(deliveries: Sequence[Delivery]) -> Finding:
    left_open = {
        (one.store, one.order_id, one.reason or "")
        for one in deliveries
        if one.attention or one.reason == NEVER_SEEN
    }
    other = sorted({" ".join(key) for key in left_open ^ KNOWN})
    text = f"{len(left_open)} orders are left open, as the samples want it"
    if other:
        text = f"left open, or not, unlike what is known: {'; '.join(other)}"
    return Finding(ok=not other, text=text)


def _applied_here(
    journal: Journal,
    deliveries: Sequence[Delivery],
    apis: Mapping[str, str],
) -> Counter[str]:
    return Counter(
        f"{apis[one.target]} {attempt.operation}"
        for one in deliveries
        for attempt in journal.attempts(one.id)
        if attempt.outcome == "applied"
    )


def _applied_there(record: Mapping[str, JSON]) -> Counter[str]:
    return Counter(
        f"{arrival['api']} {arrival['operation']}"
        for arrival in record["arrivals"]
        if arrival["applied"]
    )


def _same_calls(here: Counter[str], there: Counter[str]) -> Finding:
    listed = ", ".join(f"{n} {call}" for call, n in sorted(there.items()))
    if here == there:
        text = f"the sandbox applied what the journal says: {listed}"
        return Finding(ok=True, text=text)
    ours = ", ".join(f"{n} {call}" for call, n in sorted(here.items()))
    text = f"the sandbox applied {listed}, and the journal says {ours}"
    return Finding(ok=False, text=text)


def _creates(
    journal: Journal,
    deliveries: Sequence[Delivery],
    record: Mapping[str, JSON],
) -> Iterator[Finding]:
    """Each create that succeeded is there, once, and no other is."""
    done = [
        one
        for one in deliveries
        if one.operation == "create_order" and one.state is S.SUCCEEDED
    ]
    known = [_rayo_order(journal, one) for one in done]
    there = sorted(record["applied"]["rayo"]["orders"])
    same = sorted(known) == there
    text = f"Rayo's simulator holds {len(there)} orders: each create once"
    if not same:
        text = f"creates here: {sorted(known)}; orders at Rayo: {there}"
    yield Finding(ok=same and bool(there), text=text)


def _rayo_order(journal: Journal, delivery: Delivery) -> str:
    links = journal.dossier(delivery.store, delivery.order_id).links
    return links.get(delivery.target, {}).get("rayo_order", "none")


def _within_limits(record: Mapping[str, JSON]) -> Finding:
    over = len(record["violations"])
    text = "no request came sooner than a target's limit allows"
    return Finding(
        ok=not over, text=f"{over} requests over a limit" if over else text
    )
