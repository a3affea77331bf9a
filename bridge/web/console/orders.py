"""Orders found by what a person knows of them."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge.observe import observe
from bridge.web import shapes
from bridge.web.auth import operator
from bridge.web.parts import Parts

MOST = 50
LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a search shows at most."""

    orders: list[shapes.OrderItem]
    more: bool


class OrderPages:
    """Finds orders."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def search(self) -> str | AnyResponse:
        """List the orders that a person means; go to the one if it is one."""
        text = request.args.get("q", "").strip()[:LONGEST]
        found = self._found(text) if text else None
        if found and len(found.orders) == 1:
            (one,) = found.orders
            return redirect(
                url_for(
                    "console.order", store=one.store, order_id=one.order_id
                ),
                HTTPStatus.SEE_OTHER,
            )
        return render_template("search.html", text=text, found=found)

    def _found(self, text: str) -> _Found:
        rows = self._journal.find_orders(text, stores=None, limit=MOST + 1)
        observe("orders.searched", operator=operator(), found=len(rows))
        return _Found(
            orders=[shapes.order_item(row) for row in rows[:MOST]],
            more=len(rows) > MOST,
        )
