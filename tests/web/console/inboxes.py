"""An inbox with something in it, and who fills in its forms."""

import html
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.journal.protocol import Journal
from bridge.model import Delivery, DeliveryState, Instant, Reason
from bridge.orders.order import (
    Address,
    Line,
    OrderState,
    Snapshot,
    dump_state,
)
from tests.factories import NOW, ORDER, STORE, keep, new_delivery

WHY = "looked it up"


def told(order_id: str = ORDER, **changes: Any) -> str:
    """Return the state of an order of one line, as the journal keeps it."""
    values: dict[str, Any] = {
        "id": order_id,
        "version": Instant(5),
        "digest": "a",
        "name": f"#{order_id}",
        "created_at": Instant(1),
        "ship_to": Address(
            name="Rosa Paz", address1="Secreta 12", street="Secreta",
            city="Puebla", country="MX",
        ),
        "lines": (Line(id="7", sku="TAZA-1", name="Taza", quantity=1),),
    }  # fmt: skip
    return dump_state(
        OrderState(
            store=STORE,
            platform="shopify",
            id=order_id,
            snapshot=Snapshot(**values | changes),
        )
    )


def waits(
    journal: Journal,
    code: str = "address_unsure",
    *,
    state: DeliveryState = DeliveryState.HELD,
    order_id: str = ORDER,
    order: str | None = None,
    now: Instant = NOW,
    text: str = "It is not clear.",
    **changes: Any,
) -> Delivery:
    """Let a delivery wait for a person; return it."""
    values: dict[str, Any] = {
        "state": state,
        "reason": Reason(code=code, text=text),
        "due_at": None,
        "order_id": order_id,
    }
    kept = keep(
        journal,
        new_delivery(**values | changes),
        state=order or told(order_id),
        now=now,
    )
    return kept[-1]


def fields_of(text: str, action: str) -> dict[str, str]:
    """Return what the form of a page that leads to *action* has in it."""
    form = re.search(
        rf'<form method="post" action="{re.escape(action)}".*?</form>',
        text,
        re.DOTALL,
    )
    assert form is not None, action
    inputs = re.findall(r"<input[^>]*>", form[0])
    found = {}
    for one in inputs:
        name = re.search(r'name="([^"]*)"', one)
        value = re.search(r'value="([^"]*)"', one)
        if name:
            found[name[1]] = html.unescape(value[1]) if value else ""
    return found


def fill(
    browser: FlaskClient, page: str, action: str, **fields: Any
) -> TestResponse:
    """Fill in a form of a page, and send it."""
    text = browser.get(page).text
    return browser.post(action, data=fields_of(text, action) | fields)
