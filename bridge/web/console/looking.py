"""
Who looked at a customer's data.

It is hidden until somebody asks for it, and that she did stands in the
journal's audit, in the order's story, and in the log without the data.
"""

from bridge.model import JSON, DeliveryId
from bridge.observe import observe
from bridge.web.auth import operator
from bridge.web.console.hiding import HIDDEN
from bridge.web.parts import Parts


def note_look(
    parts: Parts,
    store: str,
    order_id: str | None,
    *,
    page: str,
    delivery_id: DeliveryId | None = None,
) -> None:
    """
    Note that somebody is shown an order's data.

    Args:
        order_id: None where nobody knows yet which order it is about.
        page: where: `story`, `compare`, `mend`, `delivery`, `event`,
            `explain`, `playground` or `difference`.
    """
    if order_id is not None:
        parts.journal.note_look(
            store,
            order_id,
            page=page,
            delivery_id=delivery_id,
            actor=operator(),
            now=parts.now(),
        )
    observe(
        "order.shown",
        operator=operator(),
        store=store,
        delivery_id=delivery_id,
        page=page,
    )


def shown_whole(value: JSON) -> JSON:
    """Return *value* as it is."""
    return value


def hidden(value: JSON) -> JSON:
    """Return *value* with nothing in it but its form."""
    if isinstance(value, dict):
        return {name: hidden(part) for name, part in value.items()}
    if isinstance(value, list):
        return [hidden(part) for part in value]
    return value if value is None or isinstance(value, bool) else HIDDEN
