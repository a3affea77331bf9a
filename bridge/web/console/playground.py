"""The page on which an expression is tried on a real order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import render_template, request

from bridge.errors import Conflict
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.expression import BUILT_IN
from bridge.mapping.playground import LONGEST, Tried, try_out
from bridge.mapping.reference import called, known_fields, known_functions
from bridge.observe import observe
from bridge.orders.document import document
from bridge.web.auth import operator
from bridge.web.console.choices import shown_at
from bridge.web.console.explaining import Chosen, ExplainPages
from bridge.web.console.hiding import showing, told
from bridge.web.console.looking import note_look
from bridge.web.console.refusals import refused as why_refused
from bridge.web.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSaid:
    """One step, its value as the page shows it."""

    text: str
    value: str
    item: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of what was typed, as the page shows it."""

    tried: Tried
    value: str
    steps: Sequence[StepSaid]

    @property
    def hides(self) -> bool:
        """Whether something in it may be a customer's."""
        public = [self.tried.public, *(one.public for one in self.tried.steps)]
        return not all(public)


class PlaygroundPages:
    """Tries expressions and parts of bodies on orders."""

    def __init__(self, parts: Parts, explaining: ExplainPages) -> None:
        self._parts = parts
        self._explaining = explaining

    def playground(self) -> str:
        """Show the form, and what may stand in an expression."""
        return self._page(self._explaining.chosen(request.args), "", None, "")

    def try_it(self) -> str:
        """Show what came of it."""
        said: Mapping[str, str] = request.form
        chosen = self._explaining.chosen(said)
        text = said.get("text", "").replace("\r\n", "\n")
        shown = said.get("shown") == "true"
        came, refused = None, ""
        if chosen.mapping is not None and chosen.meant.order_id is not None:
            order_id = chosen.meant.order_id
            shown_at(self._parts, chosen.mapping.store)
            try:
                came = self._came(chosen.mapping, order_id, text, shown=shown)
            except Conflict as error:
                refused = why_refused(error)
        return self._page(chosen, text, came, refused, shown=shown)

    def _came(
        self,
        mapping: MappingInForce,
        order_id: str,
        text: str,
        *,
        shown: bool,
    ) -> Came:
        whole = replace(mapping, reads_raw=True)
        case = self._explaining.case(whole, order_id)
        scene = document(case.state, links=case.links, raw=case.raw)
        tried = try_out(mapping, text, scene)
        observe("expression.tried", operator=operator(), mapping=mapping.name)
        if shown:
            note_look(self._parts, mapping.store, order_id, page="playground")
        show = showing(all_of_it=shown)
        return Came(
            tried=tried,
            value=show(tried.value, tried.public),
            steps=[
                StepSaid(
                    text=one.text,
                    value=show(one.value, one.public),
                    item=one.item,
                )
                for one in tried.steps
            ],
        )

    def _page(
        self,
        chosen: Chosen,
        text: str,
        came: Came | None,
        refused: str,
        *,
        shown: bool = False,
    ) -> str:
        mapping = chosen.mapping
        return render_template(
            "playground.html",
            names=self._explaining.names(),
            chosen=chosen,
            text=text,
            came=came,
            refused=refused,
            shown=shown,
            longest=LONGEST,
            told=told,
            functions=[(called(one), one) for one in known_functions()],
            built_ins=sorted(BUILT_IN),
            fields=known_fields(),
            named=sorted(mapping.named) if mapping else (),
            links=sorted(_links(mapping)) if mapping else (),
        )


def _links(mapping: MappingInForce) -> set[str]:
    remembered = {
        name for rule in mapping.rules for name, _value in rule.remember
    }
    return {*mapping.links} | remembered
