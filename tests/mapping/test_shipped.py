"""
The six shipped mappings by every sample body: the exact requests.

Each body is read as if it had come to the mapping's own store, and the
links that answers and look-ups would have taught are known. What is expected
was worked out by hand from the bodies; see `mappings/samples`.
"""

import json
import timeit
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bridge.errors import Unusable
from bridge.mapping.cases import event_of, told_by
from bridge.mapping.catalog import Catalog, build_catalog
from bridge.mapping.preview import Foreseen, foresee
from bridge.mapping.render import render
from bridge.orders.document import document
from bridge.settings import (
    load_cases,
    load_sources,
    load_stores,
    load_targets,
    sample_reader,
    surroundings,
)
from bridge.sources.register import PLATFORMS
from tests.apis import problems
from tests.mapping import CREATED, FOLDER

STORES = load_stores(FOLDER, lambda _: "x" * 32)
TARGETS = load_targets(FOLDER, lambda _: "x" * 32)
CATALOG: Catalog = build_catalog(
    load_sources(FOLDER), surroundings(STORES, TARGETS), last_good={}
)
SAMPLE = sample_reader(FOLDER)
SAMPLES = sorted(
    path.stem
    for path in (FOLDER / "samples").glob("*.json")
    if not path.stem.startswith("_")
)
PLATFORM = {"shopify": "shopify", "woo": "woocommerce"}

RAYO = {"rayo_order": CREATED}
EVERY = {"every_order": "665f1c2ab7e4d90012345678"}
DELIVERY = f"PATCH /api/rest/order/{CREATED}/delivery"
CREATE = "POST /api/rest/orders"
ORDER = "PATCH /v1/orders/665f1c2ab7e4d90012345678"
STATUS = "PUT /orders/status"

# ---------------------------------------------------------------- Rayo

JOSE = {
    "servicio_rayo": "NACIONAL",
    "productos": [
        {"identificador": "CAF-CHIS-500", "cantidad": 2},
        {"identificador": "TAZ-BN-01", "cantidad": 1},
        # it has no SKU in the shop: the file's table knows Rayo's
        {"identificador": "FIL-PAP-4", "cantidad": 3},
    ],
    "consumidor_destino": {
        "nombre": "José María Núñez Ávila",
        "telefono": "5555010123",
        # Shopify's separate fields, the word joiner taken out
        "calle": "Av. Álvaro Obregón",
        "no_exterior": "151",
        "no_interior": "4B",
        "colonia": "Roma Norte",
        "ciudad": "Ciudad de México",
        "estado": "Ciudad de México",
        "codigo_postal": "06700",
        "pais": "mexico",
    },
}
JOSES_PARCELS = {
    "rastreo": {
        "rastreo_numero": "8015551234567890123456, 5501234567, 5501234568",
        "rastreo_paqueteria": "DHL Express",
        "rastreo_url": "https://www.dhl.com/mx-es/home/tracking.html"
        "?tracking-id=5501234567",
    }
}
RECEPTION = {
    "servicio_rayo": "NACIONAL",
    "productos": [
        {"identificador": "REB-SED-IND", "cantidad": 1},
        {"identificador": "VELA-ABEJA-2", "cantidad": 3},
    ],
    "consumidor_destino": {
        # the receiver's, not the buyer's: name, phone, address, colonia
        "nombre": "Recepción Oficina 4º piso",
        "telefono": "8115550200",
        "calle": "Calle Hidalgo Ote.",
        "no_exterior": "401",
        "no_interior": "7",
        "colonia": "Centro",
        "ciudad": "San Pedro Garza García",
        "estado": "Nuevo León",
        "codigo_postal": "66230",
        "pais": "mexico",
    },
}
XIMENAS_PARCELS = {
    "rastreo": {
        "rastreo_numero": "3055551234567890123456, TG 0012345",
        "rastreo_paqueteria": "Paquetería Tres Guerras",
        "rastreo_url": "https://rastreo.ejemplo.mx/?talon=TG%200012345",
    }
}

# --------------------------------------------------------- Every and Yuju


def confirm(total: int, on_delivery: int) -> dict[str, Any]:
    """Return Every's confirmation; amounts are hundredths."""
    return {
        "order": {
            "status": "CONFIRMED",
            "sellingPriceCents": total,
            "cashOnDeliveryRequestCents": on_delivery,
        },
        "updateMask": [
            "status",
            "sellingPriceCents",
            "cashOnDeliveryRequestCents",
        ],
    }


CANCEL = {"order": {"status": "CANCELLED"}, "updateMask": ["status"]}


def status(id: str, word: str, channel: int, **more: str) -> dict[str, Any]:
    """Return Yuju's change of state."""
    return {"id_order": id, "id_channel": channel, "status": word, **more}


Told = list[tuple[Any, ...]]

TABLE: dict[str, dict[str, Told]] = {
    "cafe-mx-rayo": {
        "shopify-mx-orders-paid-multiline": [("create", CREATE, JOSE)],
        "shopify-mx-orders-fulfilled-two-shipments": [
            ("create", CREATE, JOSE),
            ("tracking", DELIVERY, JOSES_PARCELS),
        ],
        # a parcel whose order was never seen waits for it
        "shopify-mx-fulfillments-create": [("tracking", "order_not_seen")],
        # a Colombian address can not go to Rayo: no phone, no number, …
        "shopify-co-orders-create-cod-no-phone": [
            ("create", "value_missing", "consumidor_destino.telefono")
        ],
        "shopify-co-orders-cancelled-refunded": [],
    },
    "artesanias-mx-rayo": {
        "woo-mx-order-updated-processing-paid": [
            ("create", CREATE, RECEPTION)
        ],
        # the hook's product was deleted: WooCommerce tells no SKU any more
        "woo-mx-order-updated-completed-tracking-partial-refund": [
            ("create", "value_missing", "productos.1.identificador"),
            ("tracking", DELIVERY, XIMENAS_PARCELS),
        ],
        "woo-co-order-created-processing-cod-no-phone": [
            ("create", "value_missing", "consumidor_destino.telefono")
        ],
        "woo-order-deleted": [],
    },
    "chocolate-co-every": {
        "shopify-co-orders-create-cod-no-phone": [
            ("confirm", ORDER, confirm(148830000, 148830000))
        ],
        "shopify-co-orders-cancelled-refunded": [("cancelled", ORDER, CANCEL)],
        "shopify-mx-orders-paid-multiline": [
            ("confirm", ORDER, confirm(117705, 0))
        ],
        "shopify-mx-orders-fulfilled-two-shipments": [
            ("confirm", ORDER, confirm(117705, 0)),
            ("fulfilled", "asked", "#1042"),
        ],
        "shopify-mx-fulfillments-create": [],
    },
    "calzado-co-every": {
        "woo-co-order-created-processing-cod-no-phone": [
            ("confirm", ORDER, confirm(24770000, 24770000))
        ],
        "woo-mx-order-updated-processing-paid": [
            ("confirm", ORDER, confirm(149999, 0))
        ],
        "woo-mx-order-updated-completed-tracking-partial-refund": [
            ("confirm", ORDER, confirm(401479, 0)),
            ("fulfilled", "asked", "PED-2026-000731"),
        ],
        "woo-order-deleted": [],
    },
    "cafe-mx-yuju": {
        "shopify-mx-orders-paid-multiline": [
            ("ready", STATUS, status("6301458923713", "ready_to_ship", 1901))
        ],
        "shopify-mx-orders-fulfilled-two-shipments": [
            ("ready", STATUS, status("6301458923713", "ready_to_ship", 1901)),
            (
                "shipped",
                STATUS,
                status(
                    "6301458923713", "shipped", 1901, carrier="DHL Express"
                ),
            ),
        ],
        "shopify-mx-fulfillments-create": [("shipped", "order_not_seen")],
        "shopify-co-orders-create-cod-no-phone": [
            ("ready", STATUS, status("6412569034824", "ready_to_ship", 1901))
        ],
        "shopify-co-orders-cancelled-refunded": [
            ("cancelled", STATUS, status("6413670145935", "canceled", 1901))
        ],
    },
    "artesanias-mx-yuju": {
        "woo-mx-order-updated-processing-paid": [
            ("ready", STATUS, status("51877", "ready_to_ship", 1))
        ],
        "woo-mx-order-updated-completed-tracking-partial-refund": [
            ("ready", STATUS, status("51902", "ready_to_ship", 1)),
            (
                "shipped",
                STATUS,
                status(
                    "51902", "shipped", 1, carrier="Paquetería Tres Guerras"
                ),
            ),
        ],
        "woo-co-order-created-processing-cod-no-phone": [
            ("ready", STATUS, status("10455", "ready_to_ship", 1))
        ],
        "woo-order-deleted": [],
    },
}

EVERYTHING = [(name, sample) for name in TABLE for sample in SAMPLES]


def foreseen(
    name: str, sample: str, links: dict[str, str] | None = None
) -> Sequence[Foreseen]:
    """Return what mapping *name* would do about *sample*, as it came."""
    mapping = CATALOG.mappings[name]
    store = STORES[mapping.store]
    try:
        state = told_by(
            [event_of(SAMPLE(sample), store)],
            store=store,
            platform=PLATFORMS[store.platform],
        )
    except (Unusable, LookupError):  # kept and shown; nothing is sent
        return []
    known = {**RAYO, **EVERY} if links is None else links
    return foresee(mapping, state, links=known)


def told(found: Foreseen) -> tuple[Any, ...]:
    """Return what was foreseen as the table writes it."""
    request, reason = found.request, found.reason
    if request is not None:
        line = f"{request.method} {request.path}"
        return (found.rule, line, request.body)
    assert reason is not None
    if reason.code == "asked":
        name = reason.text.split()[1]
        return (found.rule, reason.code, name)
    field = reason.where.get("field") or reason.where.get("link")
    return (found.rule, reason.code, *([field] if field else []))


def test_all_six_are_in_force():
    """
    The shipped files are right.
    """
    assert () == CATALOG.problems
    assert set(TABLE) == set(CATALOG.mappings)


def test_rendering_costs_little():
    """
    A create costs less than six times what reading its webhook costs.
    """
    name = "shopify-mx-orders-paid-multiline"
    mapping = CATALOG.mappings["cafe-mx-rayo"]
    store, sample = STORES[mapping.store], SAMPLE(name)
    state = told_by(
        [event_of(sample, store)],
        store=store,
        platform=PLATFORMS[store.platform],
    )
    scene = document(state)

    read = _best(lambda: json.loads(sample.body))
    made = _best(lambda: render(mapping, mapping.rules[0], scene))

    assert made < 6 * read


def _best(work: Callable[[], object]) -> float:
    """Return the seconds of the quickest of some rounds of *work*."""
    return min(timeit.repeat(work, number=20, repeat=15))


def test_each_has_its_cases():
    """
    Every shipped mapping has a file of cases beside it.
    """
    assert set(TABLE) == set(load_cases(FOLDER))


@pytest.mark.parametrize(("name", "sample"), EVERYTHING)
def test_what_a_sample_becomes(name: str, sample: str):
    """
    The exact requests, or nothing, or why a person or an order is needed.
    """
    expected = TABLE[name].get(sample, [])

    assert expected == [told(one) for one in foreseen(name, sample)]


@pytest.mark.parametrize(("name", "sample"), EVERYTHING)
def test_each_request_is_as_the_vendor_describes_it(name: str, sample: str):
    """
    Bodies validate against the vendors' contracts.
    """
    contract = CATALOG.mappings[name].contract
    for found in foreseen(name, sample):
        request = found.request
        if request is None:
            continue
        operation = contract.operations[request.operation]
        assert [] == problems(
            request.body,
            api=contract.name,
            method=request.method,
            path=operation.path,
        )


@pytest.mark.parametrize(("name", "sample"), EVERYTHING)
def test_a_sample_of_the_other_platform_is_nothing(name: str, sample: str):
    """
    The table names each sample of the mapping's own platform, no other.
    """
    own = STORES[CATALOG.mappings[name].store].platform
    is_error = sample.startswith("woo-error")
    listed = PLATFORM[sample.split("-", maxsplit=1)[0]] == own and not is_error

    assert listed == (sample in TABLE[name])


@pytest.mark.parametrize(("name", "sample"), EVERYTHING)
def test_without_its_link_a_call_waits(name: str, sample: str):
    """
    What needs an id that nobody knows yet says which; all else is the same.
    """
    needs = {
        rule.name: sorted(rule.links) for rule in CATALOG.mappings[name].rules
    }
    expected = [
        (rule, "link_missing", *needs[rule])
        if needs[rule] and " /" in rest[0]
        else (rule, *rest)
        for rule, *rest in TABLE[name].get(sample, [])
    ]

    assert expected == [told(one) for one in foreseen(name, sample, {})]


@pytest.mark.parametrize(("name", "sample"), EVERYTHING)
def test_no_reason_shows_a_customer(name: str, sample: str):
    """
    Names, streets, phones and addresses of the samples stay in the bodies.
    """
    words = (
        "José", "Núñez", "Obregón", "Ximena", "Ángela", "Ordóñez", "Íñigo",
        "Guadalupe", "555", "example.com", "1020304050", "Cra", "Carrera",
    )  # fmt: skip
    for found in foreseen(name, sample, {}):
        if found.reason is not None:
            shown = f"{found.reason.text} {found.reason.where}"
            assert [] == [word for word in words if word in shown]
