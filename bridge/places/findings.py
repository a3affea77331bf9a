"""What was found in the lines of an address, gathered piece by piece."""

from dataclasses import dataclass, field

from bridge.model import Certainty
from bridge.places.parts import Parts
from bridge.places.text import folded


@dataclass(slots=True, kw_only=True)
class Findings:
    """
    The parts found so far; filled while the pieces are read.

    Args:
        certainty: the surest that the whole can still be.
        units: what is behind the door, as typed, in order.
        marked: neighbourhoods that are called so.
        unmarked: words on their own that can be one.
    """

    street: str | None = None
    exterior_number: str | None = None
    units: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)
    certainty: Certainty = Certainty.SURE
    doubts: list[str] = field(default_factory=list)

    def doubt(self, code: str) -> None:
        """Note that something could be meant otherwise."""
        if code not in self.doubts:
            self.doubts.append(code)

    def settle(self, *codes: str) -> None:
        """Take back doubts that something else has answered."""
        self.doubts = [code for code in self.doubts if code not in codes]

    def likely(self) -> None:
        """Note that something has no mark, but its usual form."""
        self.certainty = Certainty.LIKELY

    def neighbourhood(self) -> str | None:
        """
        Return the neighbourhood: the marked one, else the unmarked.

        Two different ones, or words beside a marked one, are a doubt.
        """
        names = self.marked or self.unmarked
        if len({folded(name) for name in names}) > 1:
            self.doubt("two_neighbourhoods")
        if not self.marked and self.unmarked:
            self.likely()
        elif self.unmarked:
            self.doubt("left_over")
        return names[0] if names else None

    def parts(
        self, *, interior: str | None, neighbourhood: str | None
    ) -> Parts:
        """Return what was found as parts."""
        found = (self.street, self.exterior_number, interior, neighbourhood)
        certainty = self.certainty
        if not any(found):
            certainty = Certainty.NONE
        elif self.doubts:
            certainty = Certainty.DOUBTFUL
        return Parts(
            street=self.street,
            exterior_number=self.exterior_number,
            interior_number=interior,
            neighbourhood=neighbourhood,
            certainty=certainty,
            doubts=tuple(self.doubts),
        )
