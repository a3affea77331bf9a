"""The parts of a street address that carriers want one by one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """
    What is sure of a street address; what is not sure is None.

    Args:
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


UNKNOWN = Parts()
"""Nothing is sure."""
