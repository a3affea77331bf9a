"""How the sandbox is told to fail, asked what arrived, and explained."""

from typing import Any

from flask import Blueprint, Response, render_template_string, request
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from bridge.model import JSON
from bridge.sandbox.every import Imported
from bridge.sandbox.faults import Fault, FaultKind
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.simulator import CREDENTIALS

ONE_OR_MORE_FAULTS = TypeAdapter[Fault | list[Fault]](Fault | list[Fault])
ONE_OR_MORE_ORDERS = TypeAdapter[Imported | list[Imported]](
    Imported | list[Imported]
)

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>SANDBOX</title>
<style>body {font: 1rem/1.5 system-ui; max-width: 45rem; margin: 2rem auto;
padding: 0 1rem} table {border-collapse: collapse} td, th {text-align: left;
padding: .2rem 1rem .2rem 0}</style>
<h1>SANDBOX</h1>
<p>Nothing here is real. This server stands in for Rayo, Every and Yuju, so
that the bridge can be tried without an order being sent to anyone.</p>
<h2>What it simulates</h2>
{% for api, simulator in simulators.items() %}
<h3><code>/{{ api }}</code> {{ simulator.contract.summary }}</h3>
<p>Credentials: {% for name, value in credentials[api].items() %}
<code>{{ name }}: {{ value }}</code>{% endfor %}</p>
<table>
{% for operation in simulator.contract.operations.values() %}
<tr><td><code>{{ operation.method }}</code>
<td><code>{{ operation.path }}</code><td>{{ operation.summary }}
{% endfor %}
</table>
{% endfor %}
<p>It checks credentials and bodies against the same contracts that the
bridge sends by, holds Yuju's limit of two requests a second, and answers in
the vendors' shapes. Rayo knows every product but those whose SKU begins with
<code>UNKNOWN-</code>.</p>
<h2>What it does not do</h2>
<ul>
<li>It keeps nothing: orders are gone when it stops.
<li>No stock, no coverage, no couriers, no prices, no webhooks back.
<li>Yuju knows every order it is asked about. Every and Yuju take any change
of status.
<li>What the vendors do not publish (Every's errors, Yuju's answer over the
limit) is made up.
<li>It refuses more than Rayo, which takes any text as
<code>servicio_rayo</code>.
</ul>
<h2>What arrived</h2>
<p><a href="/sandbox/record">The record</a>: every request, and what each API
holds now. <a href="/sandbox/faults">The faults</a> that are yet to strike:
post <code>{"api": "rayo", "operation": "create_order", "fault":
"drop_answer_after_apply"}</code> there. Faults:
{% for kind in kinds %}<code>{{ kind.value }}</code>{{ ", " if not loop.last
else "." }}{% endfor %}</p>
"""


def pages(sandbox: Sandbox) -> Blueprint:
    """Return the pages and the control API of *sandbox*."""
    blueprint = Blueprint("control", __name__)
    views = _Views(sandbox)
    for method, path, view in (
        ("GET", "/", views.index),
        ("GET", "/sandbox/record", views.record),
        ("GET", "/sandbox/faults", views.faults),
        ("POST", "/sandbox/faults", views.add_faults),
        ("DELETE", "/sandbox/faults", views.clear_faults),
        ("POST", "/sandbox/every/orders", views.import_orders),
        ("POST", "/sandbox/reset", views.reset),
    ):
        blueprint.add_url_rule(path, view_func=view, methods=[method])
    blueprint.register_error_handler(ValidationError, _unfit)
    return blueprint


class _Views:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def index(self) -> str:
        return render_template_string(
            PAGE,
            simulators=self._sandbox.simulators,
            credentials=CREDENTIALS,
            kinds=tuple(FaultKind),
        )

    def record(self) -> Response:
        with self._sandbox.lock:
            arrivals = self._sandbox.record.arrivals()
            return _json(
                {
                    "arrivals": arrivals,
                    "violations": [a for a in arrivals if a["over_limit"]],
                    "applied": {
                        api: simulator.state()
                        for api, simulator in self._sandbox.simulators.items()
                    },
                }
            )

    def faults(self) -> Response:
        with self._sandbox.lock:
            return _json({"faults": self._sandbox.faults.all()})

    def add_faults(self) -> Response:
        told = ONE_OR_MORE_FAULTS.validate_json(request.get_data())
        with self._sandbox.lock:
            for fault in told if isinstance(told, list) else [told]:
                self._sandbox.faults.add(fault)
            return _json({"faults": self._sandbox.faults.all()}, status=201)

    def clear_faults(self) -> Response:
        with self._sandbox.lock:
            self._sandbox.faults.clear()
        return _json({"faults": []})

    def import_orders(self) -> Response:
        told = ONE_OR_MORE_ORDERS.validate_json(request.get_data())
        with self._sandbox.lock:
            orders = [
                self._sandbox.every.add(
                    order.model_dump(exclude_unset=True),
                    now=self._sandbox.now(),
                )
                for order in (told if isinstance(told, list) else [told])
            ]
            return _json({"orders": orders}, status=201)

    def reset(self) -> Response:
        with self._sandbox.lock:
            self._sandbox.clear()
        return _json({"ok": True})


def _json(body: JSON, *, status: int = 200) -> Response:
    return Response(to_json(body), status=status, mimetype="application/json")


def _unfit(error: Any) -> Response:
    problems = error.errors(include_url=False, include_input=False)
    return _json({"problems": problems}, status=400)
