"""Pages of targets and stores: how they stand, pause and resume."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import abort, redirect, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from bridge.alerts.watching import token_ends
from bridge.lifecycle import Gate
from bridge.model import MINUTE, Instant
from bridge.observe import observe
from bridge.web import shapes
from bridge.web.auth import operator
from bridge.web.console.flow import LATELY, share_used
from bridge.web.console.start import Silences
from bridge.web.forms import ReasonBody
from bridge.web.parts import Parts

FAILED = 5
"""So many of the last tries that went wrong are shown of each target."""


class TargetPages:
    """Shows targets and stores; pauses and resumes a target."""

    def __init__(self, parts: Parts, silences: Silences) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._silences = silences

    def targets(self) -> str:
        """Show every target: its gate, limit, credentials, what people did."""
        return self._page(refused=None)

    def pause(self, name: str) -> str | AnyResponse:
        """Send nothing to a target until somebody resumes."""
        return self._gate(name, Gate(pause="operator"))

    def resume(self, name: str) -> str | AnyResponse:
        """Send to a target again."""
        return self._gate(name, None)

    def stores(self) -> str:
        """Show every store, and the address that its webhooks go to."""
        return render_template(
            "stores.html",
            stores=sorted(self._parts.stores().items()),
            heard=self._journal.last_heard(),
            silent=self._silences.at(self._parts.now()),
            signed=self._journal.last_signed(),
            strangers=self._parts.signers.strangers(),
            root=request.url_root.rstrip("/"),
        )

    def _gate(self, name: str, gate: Gate | None) -> str | AnyResponse:
        try:
            body = ReasonBody(reason=request.form.get("reason", ""))
        except ValidationError:
            return self._page(refused=name)
        if name not in {row.name for row in self._journal.targets()}:
            abort(HTTPStatus.NOT_FOUND)
        self._journal.set_gate(
            name,
            gate,
            actor=operator(),
            reason=body.reason,
            now=self._parts.now(),
        )
        observe(
            "operator.acted",
            operator=operator(),
            action="pause" if gate else "resume",
            target=name,
        )
        return redirect(url_for("console.targets"), HTTPStatus.SEE_OTHER)

    def _used(self, now: Instant) -> Mapping[str, float]:
        """Return how much of each limit was used in the last minutes."""
        lately = self._journal.minutes(Instant(now - LATELY * MINUTE), now)
        found = {}
        for name, target in self._parts.targets().items():
            ours = [one for one in lately if one.target == name]
            used = share_used(target, sum(one.delivered for one in ours))
            if used is not None:
                found[name] = used
        return found

    def _page(self, *, refused: str | None) -> str:
        now = self._parts.now()
        targets = self._parts.targets()
        rows = self._journal.targets()
        items = shapes.target_items(
            targets, rows, self._journal.counts(None).deliveries
        )
        return render_template(
            "targets.html",
            items=items,
            configured=targets,
            rows={row.name: row for row in rows},
            ends=token_ends(targets),
            failed=self._journal.failed_lately(most=FAILED),
            used=self._used(now),
            now=now,
            audit={
                item.name: self._journal.audit_of_target(item.name)[-5:]
                for item in items
            },
            refused=refused,
        )
