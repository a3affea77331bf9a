"""Fields that would be another, as pages show them."""

from dataclasses import dataclass

from bridge.mapping.difference import FieldChange
from bridge.mapping.discretion import place_is_public
from bridge.mapping.document import Mapping
from bridge.web.console.hiding import Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that would be another, its values as the page shows them."""

    place: str
    how: str
    before: str
    after: str


def change_said(
    rule: str,
    change: FieldChange,
    mappings: tuple[Mapping | None, Mapping | None],
    show: Shown,
) -> Change:
    """
    Return a change as a page shows it.

    Args:
        mappings: the texts that the values before and after come from.
    """
    public = [place_is_public(one, rule, change.place) for one in mappings]
    return Change(
        place=change.place,
        how=change.how,
        before=show(change.before, public[0]),
        after=show(change.after, public[1]),
    )
