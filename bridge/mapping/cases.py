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
      done: []
      expect:
        - rule: create
          request: POST /api/rest/orders
          partly: {servicio_rayo: NACIONAL}

`links` are known, and the rules under `done` were applied, before the
webhooks came. An expectation has one of `request` (with `body`, exact, or
`partly`), `waits` (the link's name), `held` (the reason's code) and `asks`
(a part of the question). In `partly`, null means that the field is not
there, and a list has as many items as the request's. `expect: []` means
nothing at all.
"""

import hashlib
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, from_json, to_json

from bridge.errors import MappingError, Problem, Unusable
from bridge.mapping.document import Mapping
from bridge.mapping.form import missing, no_key
from bridge.mapping.preview import Foreseen, foresee
from bridge.mapping.text import Node, read_yaml
from bridge.mapping.words import expected, nearest
from bridge.model import (
    JSON,
    Event,
    EventId,
    EventState,
    Instant,
    Reason,
)
from bridge.orders.order import OrderState
from bridge.saying import Foreign, Kept, Said, said, together
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
    line: int = 0
    """Where the case begins, from 1; 0 where *message* says it."""


class NothingTold(LookupError):
    """None of the webhooks tells of an order."""


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

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        given = [self.request, self.waits, self.held, self.asks]
        if sum(map(bool, given)) != 1:
            message = said("one of request, waits, held and asks is expected")
            raise ValueError(message)
        told = {"body", "partly"} & self.model_fields_set
        if told and not self.request:
            message = said("body and partly belong to a request")
            raise ValueError(message)
        return self


class CaseForm(_Form):
    """One case."""

    case: str
    given: Annotated[list[GivenForm], Field(min_length=1)]
    links: dict[str, str] = {}
    done: list[str] = []
    expect: list[ExpectForm]


_SHOWN = 200  # characters of a value in a message
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
        cases, lines = _read_cases(text, file)
    except MappingError as error:
        (problem,) = error.problems
        message = together(problem.place, problem.message, between=": ")
        return [CaseResult(file=file, name="", ok=False, message=message)]
    found = []
    for case, line in zip(cases, lines, strict=True):
        try:
            events = [_event(given, store, sample) for given in case.given]
            message = _run(case, events, mapping, store, platform)
        except Unusable as error:
            reason = error.reason
            kept = Kept(reason.text, reason.code, reason.where)
            message = _told(replace(reason, text=kept))
        except LookupError as error:
            message = str(error)
        found.append(
            CaseResult(
                file=file,
                name=case.case,
                ok=not message,
                message=message,
                line=line,
            )
        )
    return found


def _run(
    case: CaseForm,
    events: Sequence[Event],
    mapping: Mapping,
    store: Store,
    platform: Platform,
) -> str:
    """Return what is not as the case expects, or nothing."""
    try:
        state = told_by(events, store=store, platform=platform)
    except NothingTold:
        if not case.expect:
            return ""
        raise
    for name in case.done:
        if mapping.rule(name) is None:
            rules = (rule.name for rule in mapping.rules)
            return said(
                "done: there is no rule %(name)r%(hint)s",
                name=name,
                hint=nearest(name, rules),
            )
    links = {*mapping.links} | {
        name for rule in mapping.rules for name, _ in rule.remember
    }
    for name in case.links:
        hint = "" if name in links else nearest(name, links)
        if hint:
            return said(
                "links: nothing here sets %(name)r%(hint)s",
                name=name,
                hint=hint,
            )
    found = foresee(
        mapping,
        state,
        links=case.links,
        raw=raw_of(mapping, state, events),
        done=case.done,
    )
    return _differs(case, found)


def raw_of(
    mapping: Mapping, state: OrderState, events: Sequence[Event]
) -> JSON:
    """Return the newest body, where the mapping's expressions read it."""
    if not mapping.reads_raw or state.snapshot is None:
        return None
    digest = state.snapshot.digest
    body = next(
        (
            one.body
            for one in events
            if one.sha256 == digest and one.pruned_at is None
        ),
        None,
    )
    return None if body is None else from_json(body)


def _read_cases(text: str, file: str) -> tuple[list[CaseForm], list[int]]:
    """Return the cases, and the line in which each begins."""
    root = read_yaml(text, file=file)
    nodes = root.value if isinstance(root.value, list) else []
    try:
        cases = _CASES.validate_python(root.data() or [])
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        # a key that was misspelt is missing as well
        fault = min(faults, key=lambda one: one["type"] != "extra_forbidden")
        raise MappingError([_form_problem(fault, root, file)]) from None
    return cases, [node.line for node in nodes]


def _form_problem(fault: ErrorDetails, root: Node, file: str) -> Problem:
    path = fault["loc"]
    line, column = root.at(path)
    word = next(
        (str(one) for one in reversed(path) if isinstance(one, str)), ""
    )
    of_word = f"{word!r}: " if word else ""
    message = together(of_word, expected(fault))
    if not path:
        message = said("cases are expected, each after '- '")
    if fault["type"] == "value_error":
        message = expected(fault)
    if fault["type"] == "missing":
        message = missing(word)
    if fault["type"] == "extra_forbidden":
        words = (
            (*GivenForm.model_fields, *ExpectForm.model_fields)
            if len(path) > len(("number", "key"))
            else tuple(CaseForm.model_fields)
        )
        message = no_key(word, nearest(word, iter(words)))
    return Problem(file=file, line=line, column=column, message=message)


def told_by(
    events: Sequence[Event], *, store: Store, platform: Platform
) -> OrderState:
    """
    Return the order that *events* tell of, all of one order.

    Raises:
        Unusable: a body can not be understood.
        NothingTold: none of them tells of an order.
        LookupError: they tell of two.
    """
    state: OrderState | None = None
    for event in events:
        reading = platform.read(event, store)
        if isinstance(reading, Ignored | Duty):
            continue
        order_id = order_told_of(reading)
        state = state or untold(store, platform, order_id)
        if state.id != order_id:
            message = said(
                "two orders are told of: %(one)s and %(other)s",
                one=state.id,
                other=order_id,
            )
            raise LookupError(message)
        state = fold_reading(state, reading, received_at=event.received_at)
    if state is None:
        message = said("none of the webhooks tells of an order")
        raise NothingTold(message)
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
        try:
            told = from_json(body)
        except ValueError as error:
            message = said(
                "the sample %(name)r is no JSON: %(error)s",
                name=given.sample,
                error=Foreign(error),
            )
            raise LookupError(message) from None
        body = to_json(_merged(told, given.change))
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
        return said(
            "expected the rules %(wanted)s, and %(got)s would act",
            wanted=str(wanted),
            got=str(got),
        )
    for expect, foreseen in zip(case.expect, found, strict=True):
        fault = _fault(expect, foreseen)
        if fault:
            return together(expect.rule, fault, between=": ")
    return ""


def _fault(expect: ExpectForm, found: Foreseen) -> str:
    if found.request is None:
        return _reason_fault(expect, found.reason)
    line = f"{found.request.method} {found.request.path}"
    if expect.request != line:
        if not expect.request:
            return said("expected no request, got %(got)s", got=line)
        return _instead(expect.request, line)
    if "body" in expect.model_fields_set:
        return _body_fault(expect.body, found.request.body)
    if expect.partly is None:
        return ""
    return _body_fault(expect.partly, found.request.body, partly=True)


def _reason_fault(expect: ExpectForm, reason: Reason | None) -> str:
    if reason is None:
        return said("nothing would be done")
    fits = {
        "link_missing": bool(expect.waits)
        and expect.waits == reason.where.get("link"),
        "asked": bool(expect.asks) and expect.asks in reason.text,
    }.get(reason.code, bool(expect.held) and expect.held == reason.code)
    if fits:
        return ""
    if expect.request:
        return said("no request, but %(reason)s", reason=_told(reason))
    wanted = expect.held or expect.waits or expect.asks
    return _instead(repr(wanted), _told(reason))


def _told(reason: Reason) -> str:
    return Said(
        "%(code)s: %(text)s", {"code": reason.code, "text": reason.text}
    )


def _instead(wanted: str, got: str) -> str:
    return said("expected %(wanted)s, got %(got)s", wanted=wanted, got=got)


def _both(wanted: JSON, given: JSON) -> str:
    """Return both of two values, cut where they are long."""
    shown = [
        text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        for text in map(repr, (wanted, given))
    ]
    return _instead(*shown)


def _body_fault(
    wanted: JSON, given: JSON, path: str = "body", *, partly: bool = False
) -> str:
    """Return the first place at which the bodies differ, or nothing."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        keys = wanted if partly else {**wanted, **given}
        faults = (
            _body_fault(
                wanted.get(key),
                given.get(key),
                f"{path}.{key}",
                partly=partly,
            )
            for key in keys
        )
    elif isinstance(wanted, list) and isinstance(given, list):
        if len(wanted) != len(given):
            return said(
                "%(path)s: expected %(wanted)s items, got %(got)s",
                path=path,
                wanted=len(wanted),
                got=len(given),
            )
        faults = (
            _body_fault(one, other, f"{path}.{index}", partly=partly)
            for index, (one, other) in enumerate(
                zip(wanted, given, strict=True)
            )
        )
    else:
        same = type(wanted) is type(given) and wanted == given
        return "" if same else together(f"{path}: ", _both(wanted, given))
    return next((fault for fault in faults if fault), "")
