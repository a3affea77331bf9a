"""A person's word about an order, from the API, the console or a terminal."""

from bridge.errors import NotFound
from bridge.journal.protocol import Journal
from bridge.model import EventId, Instant
from bridge.orders.order import load_state
from bridge.sources.corrections import correction
from bridge.web.forms import CorrectBody


def keep_correction(
    journal: Journal,
    store: str,
    order_id: str,
    body: CorrectBody,
    *,
    by: str,
    if_revision: int | None,
    now: Instant,
) -> EventId:
    """
    Keep what an order should have said; it is planned in a moment.

    Args:
        if_revision: of the order that the person looked at, if it is told.

    Raises:
        NotFound: there is no such order.
        VersionMismatch: it has changed since.
        WrongCorrection: a path or a value can not be.
    """
    order = journal.dossier(store, order_id).order
    if order is None:
        message = f"Nothing was ever told of an order {order_id} of {store}."
        raise NotFound(message)
    event = correction(
        load_state(order.state),
        body.fields,
        by=by,
        revision=order.revision,
        now=now,
    )
    return journal.correct(
        event,
        order_id=order_id,
        fields=sorted(body.fields),
        actor=by,
        reason=body.reason,
        if_revision=order.revision if if_revision is None else if_revision,
        now=now,
    )
