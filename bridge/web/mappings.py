"""The admin API's views of mappings: what they make, and would make."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field

from bridge.errors import NotFound
from bridge.hindsight import (
    case_in,
    compared,
    past_of,
    texts_in_force,
    versions_of,
)
from bridge.mapping.catalog import Source
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.document import Surroundings
from bridge.mapping.explain import explain
from bridge.model import DeliveryId
from bridge.observe import observe
from bridge.settings import load_sources, surroundings
from bridge.standings import force, standing_of, standings
from bridge.web.auth import operator
from bridge.web.explained import (
    MappingForced,
    Mappings,
    mapping_diff,
    mapping_item,
    order_explained,
)
from bridge.web.forms import Form, Id, OrderPath, ReasonBody, Word
from bridge.web.parts import Parts
from bridge.web.shapes import answered

LARGEST_LOOK = 2_000
"""So many orders a request may look at; more is for `bridge diff`."""


class ExplainQuery(Form):
    """By which mapping an order is explained, or which delivery of it."""

    mapping: Word | None = None
    delivery: Id | None = Field(
        None, description="explain what it sent, by the text of then"
    )


class MappingPath(BaseModel):
    """A mapping's name: its file's, without `.yaml`."""

    name: str


class DiffQuery(Form):
    """On how many orders a file is tried."""

    last: Annotated[int, Field(ge=1, le=LARGEST_LOOK)] = 200


class ForceBody(ReasonBody):
    """Which text is to come in force whatever it breaks, and why."""

    hash: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """The mapping files as they are now, and what they refer to."""

    sources: list[Source]
    around: Surroundings


class MappingViews:
    """Shows what mappings make of orders; forces a text on request."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal

    def explain(self, path: OrderPath, query: ExplainQuery) -> Response:
        """Show the way from an order's webhooks to its requests."""
        around = self._around()
        in_force = texts_in_force(self._journal, around)
        observe(
            "order.explained",
            operator=operator(),
            store=path.store,
            delivery_id=query.delivery,
        )
        if query.delivery is not None:
            return self._past(path, query.delivery, around, in_force)
        mapping = in_force.get(query.mapping or "")
        if mapping is None or mapping.store != path.store:
            message = f"No such mapping from {path.store} is in force."
            raise NotFound(message)
        case = case_in(
            self._journal,
            mapping,
            path.order_id,
            version=versions_of(self._journal, around),
            now=self._parts.now(),
        )
        return answered(order_explained(explain(case)))

    def _past(
        self,
        path: OrderPath,
        id: int,
        around: Surroundings,
        in_force: Mapping[str, MappingInForce],
    ) -> Response:
        past = past_of(
            self._journal,
            DeliveryId(id),
            store=self._parts.stores().get,
            version=versions_of(self._journal, around),
            today=in_force.get,
        )
        told = (past.delivery.store, past.delivery.order_id)
        if told != (path.store, path.order_id):
            message = f"Delivery {id} is not of this order."
            raise NotFound(message)
        return answered(order_explained(past.explanation, past))

    def mappings(self) -> Response:
        """List all mapping files: in force, new, refused or off."""
        files = self._files()
        found = standings(self._journal, files.sources, files.around)
        return answered(Mappings(items=[mapping_item(one) for one in found]))

    def diff(self, path: MappingPath, query: DiffQuery) -> Response:
        """Show what the file would change over the store's last orders."""
        files = self._files()
        standing = standing_of(
            self._journal, files.sources, files.around, path.name
        )
        report = compared(
            self._journal, standing.before, standing.after, last=query.last
        )
        observe(
            "mapping.compared",
            operator=operator(),
            mapping=path.name,
            orders=report.orders,
        )
        return answered(mapping_diff(standing, report))

    def force(self, path: MappingPath, body: ForceBody) -> Response:
        """Let a text come in force whatever it breaks: this one, no other."""
        files = self._files()
        standing = standing_of(
            self._journal, files.sources, files.around, path.name
        )
        forced = force(
            self._journal,
            standing,
            hash=body.hash,
            actor=operator(),
            reason=body.reason,
            now=self._parts.now(),
        )
        observe(
            "operator.acted",
            operator=operator(),
            action="force_mapping",
            mapping=path.name,
            hash=forced,
        )
        return answered(MappingForced(name=path.name, hash=forced))

    def _around(self) -> Surroundings:
        return surroundings(self._parts.stores(), self._parts.targets())

    def _files(self) -> _Files:
        folder = self._parts.settings.mappings
        return _Files(sources=load_sources(folder), around=self._around())
