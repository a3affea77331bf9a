"""
What a campaign leaves behind: four histories, as values and as JSON lines.

    sent.jsonl       what the stores sent, and whether it was acknowledged
    arrivals.jsonl   what came to the targets: the sandbox's own record
    decisions.jsonl  what operators decided
    visible.jsonl    what the admin API showed an operator in the end

None of them is the bridge's own journal: what is judged has no say in it.
Times named `at` are milliseconds since the epoch, on one clock.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic_core import from_json, to_json

EXISTS = "exists"
"""A want: the order is to be there."""

ASKED = "asked"
"""A want: if the order is there, a person is to be asked about it."""

CREATES = frozenset({"create_order"})
"""The operations that must not be repeated."""

ASK = "ask"
"""The operation of a delivery that only asks a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """
    One webhook, however often it was sent.

    Args:
        webhook: its id; two with one id are one event.
        order: the store's id of the order, unique over all stores.
        kind: `placed`, `paid`, `updated`, `fulfilled`, `cancelled`, …
        version: the store's own time of the order; the higher is newer.
        copies: how many of its sendings were acknowledged.
        wants: what each target is to be told once this is the newest: a
            state, `EXISTS` or `ASKED`.
        passes: what each target may be told on the way there.
    """

    webhook: str
    order: str
    kind: str
    version: int
    sha: str
    acked: bool
    at: int = 0
    acked_at: int | None = None
    copies: int = 1
    store: str = ""
    wants: Mapping[str, str] = field(default_factory=dict)
    passes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """
    One request, as it came to a target.

    Args:
        t: milliseconds of the target's own monotonic clock.
        order: whose it is; None for one that concerns no single order.
        state: what it tells the target; None for what tells nothing.
        applied: the target did what it was asked.
        made: the id of what was created.
    """

    target: str
    operation: str | None
    t: float
    at: int = 0
    order: str | None = None
    state: str | None = None
    applied: bool = False
    made: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    What an operator decided about one delivery.

    Args:
        was: the delivery's state before.
        decision: `exists`, `done`, `resend`, `cancel` or `redeliver`.
    """

    order: str
    target: str
    operation: str
    was: str
    decision: str
    at: int = 0
    delivery: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One delivery as the admin API showed it."""

    id: int
    order: str
    target: str
    operation: str
    state: str
    reason: str | None = None
    attention: bool = False
    due_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """
    All that an operator could see in the end.

    Args:
        at: when that was.
        events: how many there were, by state.
        shas: of every event shown; None where they were not listed.
        paused: targets that a person has to let go on.
    """

    at: int = 0
    deliveries: Sequence[Shown] = ()
    events: Mapping[str, int] = field(default_factory=dict)
    shas: Sequence[str] | None = None
    paused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """
    The four of them.

    Args:
        arrivals: in the order in which the targets took them.
    """

    sent: Sequence[Sent] = ()
    arrivals: Sequence[Arrival] = ()
    decisions: Sequence[Decision] = ()
    sight: Sight = field(default_factory=Sight)


# ------------------------------------------------------------------- files

SENT, ARRIVALS, DECISIONS, VISIBLE = (
    "sent.jsonl",
    "arrivals.jsonl",
    "decisions.jsonl",
    "visible.jsonl",
)

T = TypeVar("T")


def read_history(folder: Path) -> History:
    """
    Return the histories in *folder*.

    Raises:
        FileNotFoundError: one of them is missing. None is optional: a
            campaign without a decision leaves an empty file.
    """
    return History(
        sent=_of(folder / SENT, _sent),
        arrivals=list(read_arrivals(lines_of(folder / ARRIVALS))),
        decisions=_of(folder / DECISIONS, lambda line: Decision(**line)),
        sight=_sight(lines_of(folder / VISIBLE)),
    )


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the values of a file of JSON lines."""
    with path.open("rb") as lines:
        for line in lines:
            yield from_json(line)


def line_of(value: Any) -> bytes:
    """Return one of the values above as a line."""
    return to_json(asdict(value)) + b"\n"


def sight_lines(sight: Sight) -> Iterator[bytes]:
    """Yield the lines of `visible.jsonl`."""
    head = {
        "what": "sight",
        "at": sight.at,
        "events": sight.events,
        "paused": sorted(sight.paused),
        "shas": sight.shas is not None,
    }
    yield to_json(head) + b"\n"
    for shown in sight.deliveries:
        yield to_json({"what": "delivery", **asdict(shown)}) + b"\n"
    for sha in sight.shas or ():
        yield to_json({"what": "event", "sha": sha}) + b"\n"


def _of(path: Path, made: Callable[[dict[str, Any]], T]) -> list[T]:
    return [made(line) for line in lines_of(path)]


def _sent(line: dict[str, Any]) -> Sent:
    return Sent(**line)


def _sight(lines: Iterable[dict[str, Any]]) -> Sight:
    deliveries, shas, head = [], [], dict[str, Any]()
    for line in lines:
        match line.pop("what"):
            case "delivery":
                deliveries.append(Shown(**line))
            case "event":
                shas.append(line["sha"])
            case _:
                head = line
    return Sight(
        at=head["at"],
        deliveries=deliveries,
        events=head["events"],
        shas=shas if head["shas"] else None,
        paused=frozenset(head["paused"]),
    )


def instant(text: str | None) -> int | None:
    """Return a time as the admin API writes it, in milliseconds."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return round(moment.timestamp() * 1000)


# ------------------------------------------------------ the sandbox's record

SKU = "SKU-"
"""What the campaigns' only SKU of an order begins with; the id follows."""


def read_arrivals(
    lines: Iterable[Mapping[str, Any]],
) -> Iterator[Arrival]:
    """
    Yield the sandbox's record in the words of this page.

    What an order is called at a target is learned from the calls that made
    it there.
    """
    orders: dict[tuple[str, str], str] = {}
    for line in lines:
        order, state = _told(line, orders)
        made = line.get("made")
        if made is not None and order is not None:
            orders[line["api"], made] = order
        yield Arrival(
            target=line["api"],
            operation=line["operation"],
            t=line["t"],
            at=line["at"],
            order=order,
            state=state,
            applied=line["applied"],
            made=made,
        )


def _told(
    line: Mapping[str, Any], orders: Mapping[tuple[str, str], str]
) -> tuple[str | None, str | None]:
    """Return whose the call is, and the state that it tells."""
    api, keys = line["api"], line["keys"]
    match api, line["operation"]:
        case "rayo", "create_order":
            (sku,) = keys.get("skus") or [""]
            return sku.removeprefix(SKU) or None, None
        case "rayo", "update_delivery":
            known = orders.get((api, keys["orderId"]))
            return known, keys.get("rastreo_numero")
        case "every", "create_order":
            return keys.get("referenceId"), _every_state(keys)
        case "every", "update_order":
            return orders.get((api, keys["id"])), _every_state(keys)
        case "yuju", "set_status":
            return keys.get("id_order"), keys.get("status")
        case _:
            return None, None


def _every_state(keys: Mapping[str, Any]) -> str:
    return f"{keys.get('status')} {keys.get('sellingPriceCents')}"
