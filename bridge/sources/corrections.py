"""
A person's word about an order, as an event among the store's.

So it is kept for good like a webhook, is folded like one, and whoever reads
the log again comes to the same order.
"""

import hashlib
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json

from bridge.errors import Unusable, WrongCorrection
from bridge.model import Event, Instant, NewEvent
from bridge.orders.corrections import (
    ADDRESSES,
    OF_ADDRESS,
    OF_LINE,
    as_written,
    corrected,
)
from bridge.orders.order import Correction, OrderState, Snapshot
from bridge.places.states import state_code
from bridge.places.text import visible
from bridge.sources.platform import Corrected

PLATFORM = "operator"
"""Stands where the platform of a webhook would: none has this name."""
TOPIC = "orders/corrected"
LONGEST = 300
"""Signs in a corrected value."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    order_id: str
    by: str
    fields: dict[str, str | None]
    basis: dict[str, str]


def correction(
    state: OrderState,
    fields: Mapping[str, str | None],
    *,
    by: str,
    revision: int,
    now: Instant,
) -> NewEvent:
    """
    Return the event that tells what *fields* should have said.

    Args:
        fields: path to value, `{"ship_to.street": "Calle 5"}`; None for
            nothing there.
        revision: of the order that the person looked at.

    Raises:
        WrongCorrection: a path or a value can not be.
    """
    snapshot = state.snapshot
    if snapshot is None:
        message = "No body of this order came yet: nothing can be corrected."
        raise WrongCorrection(message, why="no_body")
    if not fields:
        message = "Nothing is corrected: name a field and its right value."
        raise WrongCorrection(message, why="nothing_changed")
    bases = {path: _basis(snapshot, path) for path in fields}
    shown = corrected(snapshot, state.corrections)
    told = _Body(
        order_id=state.id,
        by=by,
        fields={
            path: _clean(shown, path, value, fields)
            for path, value in fields.items()
        },
        basis=bases,
    )
    body = to_json(told)
    return NewEvent(
        store=state.store,
        platform=PLATFORM,
        topic=TOPIC,
        dedupe_key=f"{PLATFORM}/{state.store}/{state.id}/{revision}",
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        headers={},
        received_at=now,
    )


def read(event: Event) -> Corrected:
    """
    Return what a correction tells.

    Raises:
        Unusable: it was not written by `correction`.
    """
    try:
        told = _Body.model_validate_json(event.body)
        corrections = tuple(
            Correction(
                path=path,
                value=value,
                basis=told.basis[path],
                at=event.received_at,
                by=told.by,
            )
            for path, value in told.fields.items()
        )
    except (KeyError, ValidationError):
        raise Unusable(code="not_json", text="no correction of ours") from None
    return Corrected(order_id=told.order_id, corrections=corrections)


def _basis(snapshot: Snapshot, path: str) -> str:
    try:
        return as_written(snapshot, path)
    except KeyError:
        parts = " and ".join(f"`{name}.…`" for name in ADDRESSES)
        message = (
            f"`{path[:80]}` can not be corrected: {parts} have"
            f" {', '.join(sorted(OF_ADDRESS))}; a line of this order has"
            f" `lines.<its id>.{'|'.join(sorted(OF_LINE))}`."
        )
        raise WrongCorrection(
            message, why="no_such_field", about=path[:80]
        ) from None


def _clean(
    shown: Snapshot,
    path: str,
    value: str | None,
    fields: Mapping[str, str | None],
) -> str | None:
    """Return *value* on one line, checked."""
    text = visible(value) if value is not None else ""
    if len(text) > LONGEST:
        message = f"`{path}` is longer than {LONGEST} characters."
        raise WrongCorrection(message, why="too_long", about=path)
    part, _, name = path.partition(".")
    if part not in ADDRESSES or not text:
        return text or None
    country = fields.get(f"{part}.country") or getattr(shown, part).country
    if name == "country":
        return _country(path, text)
    if name == "state":
        return _state(path, text, country)
    return text


def _country(path: str, text: str) -> str:
    code = text.upper()
    if len(code) != len("MX") or not code.isascii() or not code.isalpha():
        message = f"`{path}` is a country's two letters, as MX."
        raise WrongCorrection(message, why="country")
    return code


def _state(path: str, text: str, country: str | None) -> str:
    code = state_code(country and country.upper(), text, dialect="iso")
    if code is None and country in {"MX", "CO"}:
        message = (
            f"`{path}` is no state of {country}: write its name, or its ISO"
            " code without the country, as JAL."
        )
        raise WrongCorrection(message, why="state")
    return code or text
