"""Mapping files: what each part of the language does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.errors import MappingError
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.document import Mapping as Compiled
from bridge.mapping.document import Rule, Surroundings
from bridge.model import JSON, Instant
from bridge.orders.document import document
from bridge.orders.order import (
    Address,
    Line,
    OrderState,
    Parcel,
    Payment,
    Snapshot,
)
from bridge.targets.register import CONTRACTS

FOLDER = Path(__file__).parents[2] / "mappings"
CREATED = "909521d0-e398-4701-b393-ddfd07ce24f9"
"""An id as Rayo gives it."""
CANARY = "Xochitl-Quetzal"
"""What a customer wrote, and no message may repeat."""

AROUND = Surroundings(
    stores=frozenset({"cafe-mx", "calzado-co"}),
    contracts={
        "rayo-mx": CONTRACTS["rayo"],
        "every-co": CONTRACTS["every"],
        "yuju-mx": CONTRACTS["yuju"],
    },
)


def compiled(text: str, name: str = "test") -> Compiled:
    """Return the mapping of *text*."""
    return compile_mapping(name, text, file=f"{name}.yaml", around=AROUND)


def complaints(text: str) -> list[str]:
    """Return what is wrong with *text*, each with line and column."""
    try:
        compiled(text)
    except MappingError as error:
        return [str(problem) for problem in error.problems]
    return []


def only_rule(mapping: Compiled) -> Rule:
    """Return the mapping's one rule."""
    (rule,) = mapping.rules
    return rule


def state_of(**changes: Any) -> OrderState:
    """Return a paid order of two pieces, ready to be sent."""
    values: dict[str, Any] = {
        "id": "1042",
        "version": Instant(1_795_000_000_000),
        "digest": "",
        "name": "#1042",
        "created_at": Instant(1_795_000_000_000),
        "payment": Payment.PAID,
        "total": "1177.05",
        "outstanding": "0.00",
        "currency": "MXN",
        "ship_to": Address(
            name="José Núñez",
            phone="+525555010123",
            street="Av. Álvaro Obregón",
            exterior_number="151",
            neighbourhood="Roma Norte",
            city="Ciudad de México",
            state="CMX",
            postal_code="06700",
            country="MX",
        ),
        "lines": (
            Line(id="1", sku="CAF-500", name="Café", quantity=2, ships=True),
            Line(id="2", sku="GIFT-50", name="Regalo", quantity=1),
        ),
        "parcels": (
            Parcel(id="p1", tracking_number="T-1", carrier="DHL"),
            Parcel(id="p2", tracking_number=None, carrier="Estafeta"),
        ),
    }
    return OrderState(
        store="cafe-mx",
        platform="shopify",
        id="1042",
        snapshot=Snapshot(**values | changes),
    )


def order(
    links: Mapping[str, str] | None = None, **changes: Any
) -> dict[str, JSON]:
    """Return such an order as expressions see it."""
    return document(state_of(**changes), links=links)
