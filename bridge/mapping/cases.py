"""
Cases: given these webhooks, expect these requests.

A `<name>.cases.yaml` beside a mapping is a list. Each case names the
webhooks that came (samples of the folder `samples/`, changed where it says
so) and all that the mapping is to do about the order then, in order:

    - case: a paid order is created at Rayo
      given:
        - sample: shopify-mx-orders-paid-multiline
          change: {note: null}
      links: {rayo_order: 909521d0-e398-4701-b393-ddfd07ce24f9}
      expect:
        - rule: create
          request: POST /api/rest/orders
          partly: {servicio_rayo: NACIONAL}

An expectation has one of `request` (with `body`, exact, or `partly`),
`waits` (the link's name), `held` (the reason's code) and `asks` (a part of
the question).
"""

import hashlib
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from bridge.errors import MappingError, Unusable
from bridge.mapping.document import Mapping
from bridge.mapping.preview import Foreseen, foresee
from bridge.mapping.text import read_yaml
from bridge.model import (
    JSON,
    Event,
    EventId,
    EventState,
    Instant,
    Reason,
)
from bridge.orders.order import OrderState
from bridge.sources.folding import fold_reading, order_told_of, untold
from bridge.sources.platform import Duty, Ignored, Platform, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A body as it came, and the headers it came with."""

    body: bytes
    headers: Dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """How one case went; *message* says what differs."""

    file: str
    name: str
    ok: bool
    message: str = ""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class GivenForm(_Form):
    """One webhook."""

    sample: str
    topic: str = ""
    change: dict[str, Any] = {}


class ExpectForm(_Form):
    """What one rule is to do."""

    rule: str
    request: str = ""
    body: Any = None
    partly: Any = None
    waits: str = ""
    held: str = ""
    asks: str = ""


class CaseForm(_Form):
    """One case."""

    case: str
    given: Annotated[list[GivenForm], Field(min_length=1)]
    links: dict[str, str] = {}
    expect: list[ExpectForm]


_CASES = TypeAdapter(list[CaseForm])


def run_cases(
    text: str,
    *,
    file: str,
    mapping: Mapping,
    store: Store,
    platform: Platform,
    sample: Callable[[str], Sample],
) -> list[CaseResult]:
    """
    Run all cases of one file.

    Args:
        sample: gives a sample by name; raises `LookupError`.
    """
    try:
        cases = _CASES.validate_python(read_yaml(text, file=file).data() or [])
    except MappingError as error:
        return [CaseResult(file=file, name="", ok=False, message=str(error))]
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        message = f"{place}: {fault['msg']}"
        return [CaseResult(file=file, name="", ok=False, message=message)]
    found = []
    for case in cases:
        try:
            state = told_by(
                [_event(given, store, sample) for given in case.given],
                store=store,
                platform=platform,
            )
            message = _differs(case, foresee(mapping, state, links=case.links))
        except (LookupError, Unusable) as error:
            message = f"{type(error).__name__}: {error}"
        found.append(
            CaseResult(
                file=file, name=case.case, ok=not message, message=message
            )
        )
    return found


def told_by(
    events: Sequence[Event], *, store: Store, platform: Platform
) -> OrderState:
    """
    Return the order that *events* tell of, all of one order.

    Raises:
        Unusable: a body can not be understood.
        LookupError: none of them tells of an order.
    """
    state: OrderState | None = None
    for event in events:
        reading = platform.read(event, store)
        if isinstance(reading, Ignored | Duty):
            continue
        state = state or untold(store, platform, order_told_of(reading))
        state = fold_reading(state, reading, received_at=event.received_at)
    if state is None:
        message = "none of the webhooks tells of an order"
        raise LookupError(message)
    return state


def event_of(
    sample: Sample, store: Store, *, topic: str = "", body: bytes = b""
) -> Event:
    """Return the event that a sample would be, received now and then."""
    body = body or sample.body
    headers = {name.lower(): value for name, value in sample.headers.items()}
    told = headers.get("x-shopify-topic") or headers.get("x-wc-webhook-topic")
    return Event(
        id=EventId(0),
        store=store.name,
        platform=store.platform,
        topic=topic or told or "",
        order_id=None,
        dedupe_key="",
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        headers=headers,
        received_at=Instant(2**45),
        state=EventState.STORED,
        reason=None,
    )


def _event(
    given: GivenForm, store: Store, sample: Callable[[str], Sample]
) -> Event:
    found = sample(given.sample)
    body = found.body
    if given.change:
        changed = _merged(from_json(body), given.change)
        body = to_json(changed)
    return event_of(found, store, topic=given.topic, body=body)


def _merged(value: JSON, change: JSON) -> JSON:
    """Return *value* with the keys of *change* put in; null is a value."""
    if isinstance(value, dict) and isinstance(change, dict):
        kept = {key: value[key] for key in value if key not in change}
        new = {key: _merged(value.get(key), change[key]) for key in change}
        return {**kept, **new}
    return change


def _differs(case: CaseForm, found: Sequence[Foreseen]) -> str:
    """Return what is not as the case expects, or nothing."""
    wanted = [expect.rule for expect in case.expect]
    got = [foreseen.rule for foreseen in found]
    if wanted != got:
        return f"expected the rules {wanted}, and {got} would act"
    for expect, foreseen in zip(case.expect, found, strict=True):
        fault = _fault(expect, foreseen)
        if fault:
            return f"{expect.rule}: {fault}"
    return ""


def _fault(expect: ExpectForm, found: Foreseen) -> str:
    if found.request is None:
        return _reason_fault(expect, found.reason)
    line = f"{found.request.method} {found.request.path}"
    if expect.request != line:
        return f"expected {expect.request or 'no request'}, got {line}"
    if expect.body is not None and expect.body != found.request.body:
        return f"the body is {found.request.body}"
    return _part_fault(expect.partly, found.request.body)


def _reason_fault(expect: ExpectForm, reason: Reason | None) -> str:
    if reason is None:
        return "nothing would be done"
    fits = {
        "link_missing": bool(expect.waits)
        and expect.waits == reason.where.get("link"),
        "asked": bool(expect.asks) and expect.asks in reason.text,
    }.get(reason.code, bool(expect.held) and expect.held == reason.code)
    return "" if fits else f"no request, but {reason.code}: {reason.text}"


def _part_fault(part: JSON, whole: JSON, path: str = "body") -> str:
    if isinstance(part, dict) and isinstance(whole, dict):
        for key, value in part.items():
            fault = _part_fault(value, whole.get(key), f"{path}.{key}")
            if fault:
                return fault
        return ""
    if part is None or part == whole:
        return ""
    return f"{path}: expected {part!r}, got {whole!r}"
