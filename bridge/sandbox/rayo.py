"""A simulated Rayo. It never refuses a second create of the same order."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping

from pydantic_core import to_json
from typing_extensions import override

from bridge.model import JSON, MINUTE, SECOND, Instant
from bridge.sandbox.simulator import (
    CREDENTIALS,
    Answer,
    Call,
    Simulator,
    iso,
    part,
    picked,
)
from bridge.targets import rayo
from bridge.targets.contract import jwt_expiry

UNKNOWN_SKU = "UNKNOWN-"
"""Products that begin so are not known; all others are."""
NO_STOCK = "AGOTADO-"
"""Of products that begin so there are none; of all others there are
`PLENTY`."""
PLENTY = 1_000

PRODUCT_ID = "00000000-0000-4000-8000-000000000000"

TOKEN_LIFE = 30 * MINUTE


class SimulatedRayo(Simulator):
    """Orders by `ordenRef`; tokens that it signed itself."""

    contract = rayo.CONTRACT

    def __init__(self, *, random_uuid: Callable[[], str]) -> None:
        self._random_uuid = random_uuid
        self._orders: dict[str, dict[str, JSON]] = {}
        self._asked: set[str] = set()

    @override
    def refuse(self, status: int, code: str, text: str) -> Answer:
        body = {"error": text, "code": code, "path": "$"}
        return Answer(status=status, body=body)

    @override
    def refuse_token(self) -> Answer:
        text = "Could not verify JWT: JWTExpired"
        return self.refuse(400, "invalid-jwt", text)

    @override
    def lets_in(self, call: Call) -> bool:
        if call.operation == "auth":
            key = call.headers.get("x-api-key", "")
            return key == CREDENTIALS["rayo"]["api_key"]
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and _is_valid(token, now=call.now)

    @override
    def keys(self, call: Call) -> Mapping[str, JSON]:
        products = part(call.body, "productos") or []
        return {
            **call.values,
            **({"skus": _skus(products)} if products else {}),
            **picked(part(call.body, "rastreo"), "rastreo_numero"),
        }

    @override
    def apply(self, call: Call) -> Answer:
        match call.operation:
            case "auth":
                token = _issue(self._random_uuid(), now=call.now)
                return _ok({"AuthWithAPIkey": {"accessToken": token}})
            case "create_order":
                return self._create(call)
            case "update_delivery":
                return self._update(call)
            case "get_order":
                order = self._orders.get(call.values["rayoOrderId"])
                return _ok({"orden": order and order["shown"]})
            case "find_product":
                self._asked.add(call.values["productIdentifier"])
                return _ok({"producto": _found(call)})
            case _:
                return _ok({"inventario": [*map(_stocked, self._asked)]})

    def _create(self, call: Call) -> Answer:
        skus = _skus(call.body["productos"])
        if any(sku.startswith(UNKNOWN_SKU) for sku in skus):
            text = "a product is not registered"
            return self.refuse(400, "constraint-violation", text)
        reference = self._random_uuid()
        since = {"estado_orden": "WAITING", "timestamp": iso(call.now)}
        shown = {
            "id": reference,
            "tipo_servicio": call.body.get("servicio_rayo", "NACIONAL"),
            "estados_orden": [since],
            "consumidor": call.body["consumidor_destino"],
        }
        self._orders[reference] = {"body": call.body, "shown": shown}
        return _applied({"orden": {"ordenRef": reference}}, made=reference)

    def _update(self, call: Call) -> Answer:
        order = self._orders.get(call.values["orderId"])
        if order is None:
            return _ok({"orden": None})
        order["shown"].update(call.body["rastreo"])
        tracking = picked(order["shown"], *rayo.Tracking.model_fields)
        return _applied({"orden": {"id": order["shown"]["id"], **tracking}})

    @override
    def state(self) -> JSON:
        return {"orders": self._orders}

    @override
    def clear(self) -> None:
        self._orders.clear()
        self._asked.clear()


def _ok(body: JSON) -> Answer:
    return Answer(status=200, body=body)


def _applied(body: JSON, *, made: str | None = None) -> Answer:
    return Answer(status=200, body=body, applied=True, made=made)


def _skus(products: JSON) -> list[str]:
    listed = products if isinstance(products, list) else []
    return [str(part(product, "identificador")) for product in listed]


def _found(call: Call) -> list[JSON]:
    """Return the product: any is known, but those that say they are not."""
    sku = call.values["productIdentifier"]
    if sku.startswith(UNKNOWN_SKU):
        return []
    name = f"Producto {sku}"
    return [{"id": PRODUCT_ID, "nombre": name, "sku": sku, "upc": None}]


def _stocked(sku: str) -> JSON:
    """Return a product's stock: there is enough, but of what says not."""
    free = 0 if sku.startswith(NO_STOCK) else PLENTY
    name = f"Producto {sku}"
    return {
        "sku": sku, "nombre": name, "disponibles": free, "en_inventario": free
    }  # fmt: skip


def _issue(id: str, *, now: Instant) -> str:
    """Return a JWT that ends in half an hour."""
    claims = {"jti": id, "exp": (now + TOKEN_LIFE) // SECOND}
    head = _encoded(to_json({"alg": "HS256", "typ": "JWT"}))
    unsigned = f"{head}.{_encoded(to_json(claims))}"
    return f"{unsigned}.{_signature(unsigned)}"


def _is_valid(token: str, *, now: Instant) -> bool:
    unsigned, _, signature = token.rpartition(".")
    expiry = jwt_expiry(token)
    return (
        hmac.compare_digest(signature.encode(), _signature(unsigned).encode())
        and expiry is not None
        and now < expiry * SECOND
    )


def _signature(unsigned: str) -> str:
    key = CREDENTIALS["rayo"]["api_key"].encode()
    return _encoded(hmac.digest(key, unsigned.encode(), hashlib.sha256))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
