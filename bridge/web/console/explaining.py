"""The page that explains what a mapping makes of an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import abort, render_template, request

from bridge.errors import Conflict
from bridge.hindsight import Past, case_in, past_of, versions_of
from bridge.mapping.discretion import path_is_public, place_is_public
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.explain import Explanation, RuleExplained, explain, facts
from bridge.mapping.origin import Origin
from bridge.mapping.plan import Case
from bridge.model import DeliveryId, Moment
from bridge.settings import surroundings
from bridge.web.console.asked import number_of
from bridge.web.console.changes import Change, change_said
from bridge.web.console.choices import shown_at
from bridge.web.console.hiding import Shown, showing
from bridge.web.console.in_force import InForce
from bridge.web.console.looking import note_look
from bridge.web.console.meant import Meant, order_meant
from bridge.web.console.refusals import refused as why_refused
from bridge.web.console.stories import VERDICTS
from bridge.web.parts import Parts

MOST_FIELDS = 300
"""Of a rule: an order with more lines than that is cut on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSaid:
    """One field of a request, its value as the page shows it."""

    origin: Origin
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSaid:
    """What one rule makes of the order; *call* is its method and address."""

    rule: RuleExplained
    call: str
    fields: Sequence[FieldSaid]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The mapping and the order that a form names."""

    mapping: MappingInForce | None
    meant: Meant


class ExplainPages:
    """Explains orders by the mappings in force."""

    def __init__(self, parts: Parts, in_force: InForce) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._in_force = in_force

    def explain(self) -> str:
        """Explain an order without the customer's data."""
        return self._page(request.args, all_of_it=False)

    def explain_all(self) -> str:
        """Explain it with the customer's data; that is noted."""
        return self._page(request.form, all_of_it=True)

    def chosen(self, said: Mapping[str, str]) -> Chosen:
        """Return what a form names."""
        name = said.get("mapping", "")
        mapping = self._in_force.mappings().get(name)
        if name and mapping is None:
            abort(404)
        if mapping is None:
            return Chosen(mapping=None, meant=Meant(text=""))
        text = said.get("order", "")
        meant = order_meant(self._journal, mapping.store, text)
        return Chosen(mapping=mapping, meant=meant)

    def case(self, mapping: MappingInForce, order_id: str) -> Case:
        """
        Return all that is known of an order.

        Raises:
            Conflict: it is pruned, or nothing was told of it.
        """
        around = surroundings(self._parts.stores(), self._parts.targets())
        return case_in(
            self._journal,
            mapping,
            order_id,
            version=versions_of(self._journal, around),
            now=self._parts.now(),
        )

    def names(self) -> Sequence[str]:
        """Return the names of the mappings in force."""
        return sorted(self._in_force.mappings())

    def _page(self, said: Mapping[str, str], *, all_of_it: bool) -> str:
        if said.get("delivery"):
            return self._past(number_of(said["delivery"]), all_of_it=all_of_it)
        chosen = self.chosen(said)
        mapping, order_id = chosen.mapping, chosen.meant.order_id
        found, refused = None, ""
        if mapping is not None and order_id is not None:
            shown_at(self._parts, mapping.store)
            try:
                found = explain(self.case(mapping, order_id))
            except Conflict as error:
                refused = why_refused(error)
        return self._told(
            chosen, mapping, found, refused=refused, all_of_it=all_of_it
        )

    def _past(self, id: int, *, all_of_it: bool) -> str:
        """Explain what a delivery sent, by the text of then."""
        around = surroundings(self._parts.stores(), self._parts.targets())
        version = versions_of(self._journal, around)
        today = self._in_force.mappings()
        past = past_of(
            self._journal,
            DeliveryId(id),
            store=self._parts.stores().get,
            version=version,
            today=today.get,
        )
        found = past.explanation
        shown_at(self._parts, found.store)
        meant = order_meant(self._journal, found.store, found.order_id)
        now = today.get(found.mapping)
        return self._told(
            Chosen(mapping=now, meant=meant),
            version(found.hash),
            found,
            past=past,
            all_of_it=all_of_it,
        )

    def _told(
        self,
        chosen: Chosen,
        mapping: MappingInForce | None,
        found: Explanation | None,
        *,
        past: Past | None = None,
        refused: str = "",
        all_of_it: bool,
    ) -> str:
        if found and all_of_it:
            note_look(self._parts, found.store, found.order_id, page="explain")
        show = showing(all_of_it=all_of_it)
        return render_template(
            "explain.html",
            names=self.names(),
            chosen=chosen,
            found=found,
            past=past,
            today=_by_today(past, (mapping, chosen.mapping), show),
            refused=refused,
            shown=all_of_it,
            facts=_facts(found, show) if found else (),
            rules=_rules(found, mapping, show) if found else (),
            moments=_moments(found) if found else (),
            verdicts=VERDICTS,
        )


def _by_today(
    past: Past | None,
    mappings: tuple[MappingInForce | None, MappingInForce | None],
    show: Shown,
) -> list[Change]:
    """Return what today's text would send otherwise than that of then."""
    rule = past.delivery.rule if past else ""
    return [
        change_said(rule, one, mappings, show)
        for one in (past.today if past else ())
    ]


def _moments(found: Explanation) -> list[str]:
    return [one.value for one in Moment if found.order.get(one.value)]


def _facts(found: Explanation, show: Shown) -> list[tuple[str, str]]:
    return [
        (path, show(value, path_is_public(path)))
        for path, value in facts(found)
    ]


def _rules(
    found: Explanation, mapping: MappingInForce | None, show: Shown
) -> list[RuleSaid]:
    return [
        RuleSaid(
            rule=rule,
            call=_call(rule, mapping, show),
            fields=[
                FieldSaid(
                    origin=one,
                    value=show(
                        one.value,
                        one.source == "file"
                        or place_is_public(mapping, rule.rule, one.place),
                    ),
                )
                for one in rule.fields[:MOST_FIELDS]
            ],
            left_out=max(0, len(rule.fields) - MOST_FIELDS),
        )
        for rule in found.rules
    ]


def _call(
    rule: RuleExplained, mapping: MappingInForce | None, show: Shown
) -> str:
    if rule.request is None:
        return ""
    public = place_is_public(mapping, rule.rule, "request")
    return f"{rule.request.method} {show(rule.request.path, public)}"
