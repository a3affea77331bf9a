"""The parts of a street address that carriers want one by one."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model import Certainty


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
    "no_number": "no house number",
}
"""Code of what is not clear, and how a person is told; none names a value."""
