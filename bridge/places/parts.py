"""The parts of a street address that carriers want one by one."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model import Certainty
from bridge.saying import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """
    A street address, read.

    Args:
        certainty: how sure all of it is together.
        doubts: codes of what is not clear, of `DOUBTS`.
        street: with its kind (`Calle Hidalgo Ote.`); in Colombia with the
            whole nomenclature (`Cra. 7 # 72-41`).
        exterior_number: of the house; None where `street` holds it.
        interior_number: flat, office, tower: what is behind the door.
        neighbourhood: colonia, barrio, fraccionamiento.
    """

    street: str | None = None
    exterior_number: str | None = None
    interior_number: str | None = None
    neighbourhood: str | None = None
    certainty: Certainty = Certainty.NONE
    doubts: tuple[str, ...] = ()


UNKNOWN = Parts()
"""Nothing could be read."""

DOUBTS: Mapping[str, str] = {
    "no_street": said("no street"),
    "no_number": said("no house number"),
    "no_barrio": said("a block and a house, but not of which barrio"),
    "no_signs": said("numbers without # and -"),
    "number_or_name": said("a number that may be the street's name"),
    "second_number": said("a second number without a mark"),
    "two_streets": said("more than one street"),
    "two_neighbourhoods": said("more than one neighbourhood"),
    "unmarked": said(
        "words without a mark, taken for the neighbourhood or flat"
    ),
    "left_over": said("words that fit nowhere"),
    "landmark": said("the house is told by what stands near it"),
    "fields_disagree": said("the shop's own fields and the lines disagree"),
    "too_long": said("a line too long to be an address"),
    "no_city": said("no city"),
    "no_state": said("no state"),
    "state_unknown": said("a state that is none of the country's"),
    "no_postal_code": said("no postal code"),
    "postal_code_malformed": said("no postal code of this country"),
    "postal_code_elsewhere": said("a postal code of another state"),
}
"""Code of what is not clear, and how a person is told; none names a value."""
