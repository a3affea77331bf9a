"""
How sure an address must be that a request takes apart.

A rule whose path or body reads a street, a number or a neighbourhood needs
that address' `certainty`; one that reads a state, a city or a postal code
needs its `place_certainty`. What an address is like stands in the order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.mapping.template import Computed, Template
from bridge.model import JSON, Certainty, Reason
from bridge.places.parts import DOUBTS
from bridge.saying import said, together

_ADDRESSES = {
    "ship_to": said("the shipping address"),
    "bill_to": said("the billing address"),
}
_MARKS = {
    "certainty": frozenset(
        {"street", "exterior_number", "interior_number", "neighbourhood"}
    ),
    "place_certainty": frozenset({"state", "city", "postal_code"}),
}
_OF_PLACE = ("city", "state", "postal")
"""Words in the codes of doubts that are about state, city, postal code."""
_CODES = {"certainty": "address_unsure", "place_certainty": "place_unsure"}
_ENOUGH: Mapping[Certainty, frozenset[str]] = {
    needed: frozenset(one.value for one in Certainty if one.reaches(needed))
    for needed in Certainty
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRead:
    """
    The first place of a rule's request that reads such a part.

    Args:
        address: `ship_to` or `bill_to`.
        mark: the field of the address that says how sure it is.
        line: of the file, from 1.
        field: of the request.
    """

    address: str
    mark: str
    line: int
    field: str


def address_reads(*templates: Template | None) -> tuple[AddressRead, ...]:
    """Return what a request's path and body read of addresses."""
    found: dict[tuple[str, str], AddressRead] = {}
    for template in templates:
        for field, part in template.computed("") if template else ():
            for address, mark in _needed(part):
                read = AddressRead(
                    address=address, mark=mark, line=part.line, field=field
                )
                found.setdefault((address, mark), read)
    return tuple(found.values())


def unsure(
    reads: tuple[AddressRead, ...],
    document: Mapping[str, JSON],
    needed: Certainty,
) -> tuple[AddressRead, Reason] | None:
    """
    Return the first read of an address that is not as sure as *needed*.

    With the reason in words, which show nothing of what was written.
    """
    enough = _ENOUGH[needed]
    for read in reads:
        address = document.get(read.address) or {}
        if address.get(read.mark) not in enough:
            return read, _reason(read, address, needed)
    return None


def _needed(part: Computed) -> Iterator[tuple[str, str]]:
    for path in sorted(part.expression.reads):
        address, _, field = path.partition(".")
        if address in _ADDRESSES:
            for mark, fields in _MARKS.items():
                if not field or field in fields:
                    yield address, mark


def _reason(
    read: AddressRead, address: Mapping[str, JSON], needed: Certainty
) -> Reason:
    of_place = read.mark == "place_certainty"
    doubts: list[JSON] = [
        code
        for code in address.get("doubts") or ()
        if code in DOUBTS and of_place == any(w in code for w in _OF_PLACE)
    ]
    told = together(*(DOUBTS[str(code)] for code in doubts), between="; ")
    if address.get(read.mark) == Certainty.NONE and not doubts:
        doubts, told = ["nothing_read"], said("nothing could be read of it")
    told = told or said("it can be read in more than one way")
    return Reason(
        code=_CODES[read.mark],
        text=said(
            "%(address)s is not clear: %(doubts)s. `addresses: %(needed)s` is "
            "asked for; the console shows the address as it was written "
            "beside our reading",
            address=_ADDRESSES[read.address],
            doubts=told,
            needed=needed.value,
        ),
        where={"address": read.address, "doubts": doubts},
    )
