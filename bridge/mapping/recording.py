"""
A case made of a real order: masked webhooks, and what is made of them.

The bodies are masked (`masking`), in the order in which they came; what is
expected is what the mapping makes of the masked ones, so that a case never
has a value that a customer wrote.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass

from pydantic_core import from_json

from bridge.errors import Unusable
from bridge.mapping.cases import Sample, event_of, raw_of, told_by
from bridge.mapping.document import Mapping
from bridge.mapping.masking import Mask
from bridge.mapping.preview import Foreseen, foresee
from bridge.model import JSON, Event, Moment, Reason
from bridge.orders.document import moments
from bridge.orders.order import Address, OrderState
from bridge.sources.platform import Platform, Store

_IDS = frozenset(
    {"x-shopify-webhook-id", "x-shopify-event-id", "x-wc-webhook-delivery-id"}
)
"""Headers that name one webhook."""
_LITERAL = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
_PARTS = (
    "street", "exterior_number", "interior_number", "neighbourhood", "city",
    "state", "postal_code", "certainty", "doubts",
)  # fmt: skip
_PLAIN = re.compile(r"[^\W\d](?:[\w .,/-]*[\w.])?")
"""Text that YAML takes for text without quotes."""
_NOT_PLAIN = frozenset({"null", "true", "false", "yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedWebhooks:
    """
    The webhooks of one order, without what is personal.

    Args:
        samples: by name, in the order in which they came.
        replaced: paths of the fields in which something was, sorted.
        links: by target, then by name: ids of others'.
        reads_alike: every address still is read as it was, part by part.
    """

    samples: Dict[str, Sample]
    replaced: Sequence[str]
    links: Dict[str, Dict[str, str]]
    reads_alike: bool


def masked_webhooks(
    events: Sequence[Event],
    *,
    store: Store,
    platform: Platform,
    prefix: str,
    links: Dict[str, Dict[str, str]],
    texts: Iterable[str],
) -> MaskedWebhooks:
    """
    Return the webhooks of an order as samples.

    Args:
        events: all of one order, each with a body in JSON.
        prefix: of the samples' names.
        texts: of the mapping files, which may compare with a value.

    Raises:
        Revealing: something personal would still be there.
    """
    bodies = [from_json(event.body) for event in events]
    literals = {
        one or other for text in texts for one, other in _LITERAL.findall(text)
    }
    mask = Mask(
        bodies,
        country=store.country,
        keep=literals | {*store.cash_on_delivery},
        site=store.identity,
    )
    samples = {
        _sample_name(prefix, number, event): Sample(
            body=_dumped(mask.body(body)),
            headers=_headers(event, store, mask),
        )
        for number, (event, body) in enumerate(
            zip(events, bodies, strict=True), start=1
        )
    }
    return MaskedWebhooks(
        samples=samples,
        replaced=sorted(mask.replaced),
        links={
            target: {name: mask.code(value) for name, value in known.items()}
            for target, known in links.items()
        },
        reads_alike=_reads_alike(events, samples, store, platform),
    )


def _dumped(body: JSON) -> bytes:
    return (json.dumps(body, ensure_ascii=False, indent=2) + "\n").encode()


def _sample_name(prefix: str, number: int, event: Event) -> str:
    topic = re.sub(r"[^a-z0-9]+", "-", event.topic.lower()).strip("-")
    return f"{prefix}-{number}-{topic or 'webhook'}"


def _headers(event: Event, store: Store, mask: Mask) -> dict[str, str]:
    """Return the headers, spelled as the platform does."""
    shopify = store.platform == "shopify"
    found = {"Content-Type": "application/json"}
    for name, value in event.headers.items():
        if not name.lower().startswith("x-"):
            continue
        known = mask.code(value) if name.lower() in _IDS else value
        found[_spelled(name)] = known
    if shopify:
        found.setdefault("X-Shopify-Topic", event.topic)
        found.setdefault("X-Shopify-Shop-Domain", store.identity)
    else:
        found.setdefault("X-WC-Webhook-Topic", event.topic)
        found.setdefault("X-WC-Webhook-Source", f"{store.identity}/")
    return found


def _spelled(name: str) -> str:
    words = name.lower().split("-")
    ours = {"wc": "WC", "api": "API"}
    if "wc" in words:
        ours["id"] = "ID"
    return "-".join(ours.get(word, word.capitalize()) for word in words)


def _reads_alike(
    events: Sequence[Event],
    samples: Dict[str, Sample],
    store: Store,
    platform: Platform,
) -> bool:
    try:
        before = told_by(events, store=store, platform=platform)
        after = told_by(
            [event_of(one, store) for one in samples.values()],
            store=store,
            platform=platform,
        )
    except (LookupError, Unusable):
        return False
    return _read(before) == _read(after)


def _read(state: OrderState) -> list[object]:
    """Return which parts of the addresses could be read, and how surely."""
    snapshot = state.snapshot
    if snapshot is None:
        return []
    return [
        _part(address, name)
        for address in (snapshot.ship_to, snapshot.bill_to)
        for name in _PARTS
    ]


def _part(address: Address, name: str) -> object:
    value = getattr(address, name, None)
    sure = name in {"city", "state", "postal_code", "certainty", "doubts"}
    return value if sure else value is not None


# ------------------------------------------------------------------- a case


def case_text(
    name: str,
    mapping: Mapping,
    webhooks: MaskedWebhooks,
    *,
    store: Store,
    platform: Platform,
    sent: Iterable[str],
) -> str:
    """
    Return the case, as it is written below the others of its file.

    Args:
        sent: rules of calls that may not be repeated, which were applied.

    Raises:
        Unusable, LookupError: the webhooks tell of no order, or of two.
    """
    events = [event_of(one, store) for one in webhooks.samples.values()]
    state = told_by(events, store=store, platform=platform)
    links = webhooks.links.get(mapping.target, {})
    cancelled = moments(state)[Moment.CANCELLED]
    done = sorted(sent) if cancelled else []
    found = foresee(
        mapping,
        state,
        links=links,
        raw=raw_of(mapping, state, events),
        done=done,
    )
    lines = [f"- case: {_scalar(name)}", "  given:"]
    lines += [f"    - sample: {_scalar(one)}" for one in webhooks.samples]
    if done:
        lines.append(f"  done: [{', '.join(map(_scalar, done))}]")
    if links:
        lines += ["  links:", *_block(dict(links), 4)]
    if not found:
        return "\n".join([*lines, "  expect: []", ""])
    lines.append("  expect:")
    for one in found:
        lines += _expectation(one)
    return "\n".join([*lines, ""])


def _expectation(one: Foreseen) -> Iterator[str]:
    yield f"    - rule: {_scalar(one.rule)}"
    if one.request is None:
        yield f"      {_outcome(one.reason or Reason(code='nothing'))}"
        return
    line = f"{one.request.method} {one.request.path}"
    yield f"      request: {_scalar(line)}"
    if one.request.body is not None:
        yield "      body:"
        yield from _block(one.request.body, 8)


def _outcome(reason: Reason) -> str:
    match reason.code:
        case "link_missing":
            return f"waits: {_scalar(str(reason.where.get('link')))}"
        case "asked":
            return f"asks: {_scalar(reason.text)}"
        case code:
            return f"held: {_scalar(code)}"


def _block(value: JSON, indent: int) -> Iterator[str]:
    """Yield the lines of a value in block style."""
    pad = " " * indent
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _entry(f"{pad}{_scalar(key)}:", part, indent)
    elif isinstance(value, list) and value:
        for part in value:
            first, *others = _block(part, indent + 2)
            yield f"{pad}- {first.strip()}"
            yield from others
    else:
        yield f"{pad}{_scalar(value)}"


def _entry(head: str, part: JSON, indent: int) -> Iterator[str]:
    if isinstance(part, dict | list) and part:
        yield head
        yield from _block(part, indent + 2)
    else:
        yield f"{head} {_scalar(part)}"


def _scalar(value: JSON) -> str:
    """Return a value as YAML's text-first form has it, quoted if need be."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
