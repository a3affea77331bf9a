"""The order that a person means, of one store."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.journal.protocol import Journal
from bridge.web.shapes import name_of

MOST = 10
LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """
    What a person typed, and what it may mean.

    Args:
        order_id: of the one order that is meant; None where there is none.
        name: what people call it.
        choices: ids and names, where several may be meant.
    """

    text: str
    order_id: str | None = None
    name: str = ""
    choices: Sequence[tuple[str, str]] = ()


def order_meant(journal: Journal, store: str, text: str) -> Meant:
    """Return the order of *store* that a number, id or name means."""
    text = text.strip()[:LONGEST]
    if not text:
        return Meant(text="")
    known = journal.dossier(store, text).order
    rows = [known] if known else [
        *journal.find_orders(text, stores={store}, limit=MOST)
    ]  # fmt: skip
    found = [(row.order_id, name_of(row)) for row in rows]
    exact = [one for one in found if one[1].lstrip("#") == text.lstrip("#")]
    chosen = exact if len(exact) == 1 else found
    if len(chosen) == 1:
        ((order_id, name),) = chosen
        return Meant(text=text, order_id=order_id, name=name)
    return Meant(text=text, choices=found)
