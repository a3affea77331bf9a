"""
What a person says an order should have said.

A correction is told like a webhook and folded like one. It holds only while
the customer's own words are those that the person looked at: an address
that is changed in the shop afterwards is read anew, and asked about anew.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bridge.model import Certainty
from bridge.orders.order import Address, Correction, Line, Snapshot

ADDRESSES = ("ship_to", "bill_to")
_STREET = frozenset(
    {"street", "exterior_number", "interior_number", "neighbourhood"}
)
_PLACE = frozenset({"city", "state", "postal_code", "country"})
_OTHERS = frozenset({"name", "company", "phone", "address1", "address2"})
OF_ADDRESS = _STREET | _PLACE | _OTHERS
"""What can be corrected of an address."""
OF_LINE = frozenset({"sku"})
"""What can be corrected of a line: `lines.<its id>.sku`."""


def as_written(snapshot: Snapshot, path: str) -> str:
    """
    Return what stands for the customer's own words behind *path*.

    Raises:
        KeyError: there is no such field, or no such line.
    """
    part, _, name = path.partition(".")
    line_id, _, field = name.rpartition(".")
    if part in ADDRESSES and name in OF_ADDRESS:
        address: Address = getattr(snapshot, part)
        words: object = [
            address.name, address.company, address.phone, address.address1,
            address.address2, address.city, address.postal_code,
            address.country,
        ]  # fmt: skip
    elif part == "lines" and field in OF_LINE:
        line = {line.id: line for line in snapshot.lines}[line_id]
        words = [line.sku, line.name, line.variant]
    else:
        raise KeyError(path)
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]


def stands(snapshot: Snapshot, correction: Correction) -> bool:
    """Return whether the customer's words are still those it was made of."""
    try:
        return as_written(snapshot, correction.path) == correction.basis
    except KeyError:
        return False  # the line is gone


def corrected(
    snapshot: Snapshot, corrections: Iterable[Correction]
) -> Snapshot:
    """Return *snapshot* as people say that it should be."""
    values = {
        one.path: one.value
        for one in corrections
        if not one.pruned and stands(snapshot, one)
    }
    if not values:
        return snapshot
    return replace(
        snapshot,
        ship_to=_address(snapshot.ship_to, _below("ship_to", values)),
        bill_to=_address(snapshot.bill_to, _below("bill_to", values)),
        lines=tuple(_line(line, values) for line in snapshot.lines),
    )


def _below(
    part: str, values: Mapping[str, str | None]
) -> dict[str, str | None]:
    return {
        path.removeprefix(f"{part}."): value
        for path, value in values.items()
        if path.startswith(f"{part}.")
    }


def _address(address: Address, values: Mapping[str, str | None]) -> Address:
    """Return *address* with *values*: who corrects it has read it all."""
    if not values:
        return address
    return replace(
        address,
        **values,
        certainty=Certainty.SURE if _STREET & values.keys()
        else address.certainty,
        place_certainty=Certainty.SURE if _PLACE & values.keys()
        else address.place_certainty,
        doubts=(),
    )  # fmt: skip


def _line(line: Line, values: Mapping[str, str | None]) -> Line:
    path = f"lines.{line.id}.sku"
    return replace(line, sku=values[path]) if path in values else line
