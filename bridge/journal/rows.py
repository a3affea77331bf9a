"""Rows into values, and values into a statement's parameters."""

import json
from typing import Any

from pydantic_core import from_json

from bridge.journal.packing import (
    packed_text,
    unpacked,
    unpacked_text,
)
from bridge.journal.protocol import (
    AuditEntry,
    Beat,
    Claim,
    MappingText,
    OrderRow,
    Result,
    TargetRow,
)
from bridge.model import (
    JSON,
    Attempt,
    Change,
    Delivery,
    DeliveryState,
    Event,
    EventState,
    Instant,
    Kind,
    Link,
    ListedEvent,
    NewDelivery,
    NewEvent,
    Part,
    Phase,
    Request,
    Urgency,
)

_AS_THE_DELIVERY = "="
"""In the place of an attempt's request: `open_attempt` puts it there."""

Row = dict[str, Any]
Values = dict[str, Any]

_encoded = json.JSONEncoder(separators=(",", ":")).encode
_KINDS = {kind.value: kind for kind in Kind}
_STATES = {state.value: state for state in DeliveryState}
_URGENCIES = {urgency.value: urgency for urgency in Urgency}


def pack(value: JSON) -> str | None:
    """Return a JSON value as text; None stays None. Pure ASCII."""
    if value is None:
        return None
    return _encoded(value)


def unpack(text: str | None) -> JSON:
    """Return what `pack` had packed."""
    return None if text is None else from_json(text)


def pack_long(value: JSON) -> str | bytes | None:
    """Return a JSON value as `pack` does, packed when it is long."""
    text = pack(value)
    return None if text is None else packed_text(text)


def unpack_long(kept: str | bytes | None) -> JSON:
    """Return what `pack_long` had packed."""
    return None if kept is None else from_json(unpacked_text(kept))


def event_values(event: NewEvent) -> Values:
    """Return the parameters of `append_event`."""
    return {
        "store": event.store,
        "platform": event.platform,
        "topic": event.topic,
        "dedupe_key": event.dedupe_key,
        "sha256": event.sha256,
        "received_at": event.received_at,
        "state": event.state.value,
        "reason": event.reason,
        "headers": pack(dict(event.headers)),
    }


def listed_event(row: Row) -> ListedEvent:
    """Return a row of `events`."""
    return ListedEvent(**_event_values(row))


def event(row: Row) -> Event:
    """Return a row of `events`, with its body as `whole`."""
    values = dict(row)
    body = unpacked(bytes(values.pop("whole")))
    return Event(**_event_values(values), body=body)


def _event_values(row: Row) -> dict[str, Any]:
    values = dict(row)
    del values["body"]  # where it was before it stood apart
    return values | {
        "headers": unpack(row["headers"]),
        "state": EventState(row["state"]),
    }


def order(row: Row) -> OrderRow:
    """Return a row of `orders`."""
    values = dict(row)
    del values["kept_since"]
    return OrderRow(**values | {"state": unpacked_text(row["state"])})


def delivery(row: Row) -> Delivery:
    """Return a row of `deliveries`."""
    values = dict(row)
    where = values.pop("reason_where")
    request, is_pruned = unpack_long(row["request"]), row["pruned_at"]
    return Delivery(
        **values
        | {
            "kind": _KINDS[row["kind"]],
            "state": _STATES[row["state"]],
            "where": unpack(where) if where != "{}" else {},
            "request": None if is_pruned else request,
            "pruned_hash": request if is_pruned else None,
            "repeatable": bool(row["repeatable"]),
            "urgency": _URGENCIES[row["urgency"]],
            "blocks": bool(row["blocks"]),
            "skips_dead": bool(row["skips_dead"]),
            "in_doubt": bool(row.get("in_doubt")),
            "forced": bool(row["forced"]),
        }
    )


def delivery_values(after: Delivery, *, request: JSON) -> Values:
    """
    Return the parameters of `save_delivery`, but for `seen_version`.

    Args:
        request: None where the one that is kept is to stay.
    """
    return {
        "id": after.id,
        "generation": after.generation,
        "place": after.place,
        "state": after.state.value,
        "reason": after.reason,
        "reason_text": after.reason_text,
        "reason_where": pack(dict(after.where)) if after.where else "{}",
        "fence": after.fence,
        "owner": after.owner,
        "lease_until": after.lease_until,
        "due_at": after.due_at,
        "wait_until": after.wait_until,
        "attempts": after.attempts,
        "claims": after.claims,
        "lookups": after.lookups,
        "absences": after.absences,
        "version": after.version,
        "mapping_hash": after.mapping_hash,
        "request_hash": after.request_hash,
        "forced": int(after.forced),
        "live_since": after.live_since,
        "updated_at": after.updated_at,
        "request": pack_long(request),
    }


def new_delivery_values(new: NewDelivery) -> Values:
    """Return the parameters of `insert_delivery`, but for the times."""
    return {
        "effect_key": new.effect_key,
        "generation": new.generation,
        "kind": new.kind.value,
        "store": new.store,
        "order_id": new.order_id,
        "target": new.target,
        "lane": new.lane,
        "place": new.place,
        "mapping": new.mapping,
        "rule": new.rule,
        "operation": new.operation,
        "repeatable": int(new.repeatable),
        "urgency": new.urgency.value,
        "blocks": int(new.blocks),
        "skips_dead": int(new.skips_dead),
        "state": new.state.value,
        "reason": None if new.reason is None else new.reason.code,
        "reason_text": "" if new.reason is None else new.reason.text,
        "reason_where": pack(dict(new.reason.where) if new.reason else {}),
        "wait_until": new.wait_until,
        "mapping_hash": new.mapping_hash,
        "request": pack_long(new.request),
    }


def attempt(row: Row) -> Attempt:
    """Return a row of `attempts`, with what its delivery says (`said`)."""
    values = dict(row)
    said, answer = values.pop("said"), row["answer"]
    request = said if row["request"] == _AS_THE_DELIVERY else row["request"]
    return Attempt(
        **values
        | {
            "phase": Phase(row["phase"]),
            "request": unpack_long(request),
            "answer": None if answer is None else unpacked_text(answer),
        }
    )


def change(row: Row) -> Change:
    """Return a row of `history`."""
    return Change(**row | {"state": DeliveryState(row["state"])})


def request_text(request: Request) -> str | bytes | None:
    """Return a request as the journal keeps it: method, path and body."""
    return pack_long(
        {
            "method": request.method,
            "path": request.path,
            "body": request.body,
        }
    )


def link(row: Row) -> Link:
    """Return a row of `links`."""
    return Link(**row)


def link_values(link: Link) -> Values:
    """Return the parameters of `keep_link`."""
    return {
        "store": link.store,
        "order_id": link.order_id,
        "target": link.target,
        "name": link.name,
        "value": link.value,
        "source": link.source,
    }


def target(row: Row) -> TargetRow:
    """Return a row of `targets`."""
    values = dict(row)
    times = (values.pop("circuit_until"), values["closed_until"])
    del values["probe_until"]
    return TargetRow(
        **values
        | {
            "closed_until": max(
                (at for at in times if at is not None), default=None
            ),
            "probing": bool(row["probing"]),
        }
    )


def mapping_text(row: Row) -> MappingText:
    """Return a row of `mappings`."""
    return MappingText(
        name=row["name"],
        hash=row["hash"],
        text=row["text"],
        since=row["since"],
        until=row["until"],
    )


def audit(row: Row) -> AuditEntry:
    """Return a row of `audit`."""
    return AuditEntry(**row | {"detail": unpack(row["detail"])})


def beat(row: Row) -> Beat:
    """Return a row of `beats`."""
    does = {Part.PLANS: row["plans"], Part.SENDS: row["sends"]}
    return Beat(
        worker=row["worker"],
        at=row["at"],
        problems=unpack(row["problems"]),
        parts=frozenset(part for part, is_done in does.items() if is_done),
    )


def attempt_begin(claim: Claim, result: Result, now: Instant) -> Values:
    """Return the parameters of `open_attempt` for what `intend` did not."""
    return {
        "delivery_id": claim.delivery.id,
        "fence": claim.delivery.fence,
        "operation": result.operation or claim.delivery.operation,
        "mapping_hash": result.mapping_hash,
        "phase": result.phase.value,
        "started_at": now,
        "request": pack_long(result.request),
    }


def attempt_end(claim: Claim, result: Result, now: Instant) -> Values:
    """Return the parameters of `close_attempt`, but for the number."""
    reason, finding = result.step.reason, result.finding
    return {
        "delivery_id": claim.delivery.id,
        "fence": claim.delivery.fence,
        "phase": result.phase.value,
        "outcome": result.outcome if finding is None else finding.value,
        "reason": None if reason is None else reason.code,
        "status": result.status,
        "answer": None
        if result.answer is None
        else packed_text(result.answer),
        "ended_at": now,
    }
