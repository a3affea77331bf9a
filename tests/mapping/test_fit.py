"""Whether a template fits an operation, before any order is known."""

import pytest

from tests.mapping import complaints
from tests.mapping.test_compiler import EVERY, RAYO, YUJU

PRODUCTS = """\
      productos:
        each: = lines[?ships]
        item:
          identificador: = sku
          cantidad: = quantity
"""
CREATE = """\
      status: CONFIRMED
      contentDescription: ropa
      sellingPriceCents: = cents(total)
"""
EVERY_CREATE = EVERY[: EVERY.index("    path:")].replace(
    "update_order", "create_order"
) + ("    body:\n" + CREATE)

MISFITS = [
    # names that the contract lacks
    (RAYO, "          identificador: = sku", "          identificado: = sku",
     ("13:11: create_order body has no field 'productos.identificado', did "
     "you mean 'identificador'?")),
    (RAYO, "      consumidor_destino:", "      consumidor_destin:",
     ("15:7: create_order body has no field 'consumidor_destin', did you mean "
     "'consumidor_destino'?")),
    (RAYO, "      servicio_rayo: NACIONAL", "      referencia: = name",
     "9:7: create_order body has no field 'referencia'"),
    (RAYO, "        colonia: = ship_to", ("        no_interio: = ship_to.name\n"
     "        colonia: = ship_to"),
     ("20:9: create_order body has no field 'consumidor_destino.no_interio', "
     "did you mean 'no_interior'?")),
    (RAYO, "      orderId:", "      orderID:",
     ("31:7: update_delivery path has no field 'orderID', did you mean "
     "'orderId'?")),
    (RAYO, "        rastreo_numero:", "        rastreo_num:",
     ("34:9: update_delivery body has no field 'rastreo.rastreo_num', did you "
     "mean 'rastreo_numero'?")),
    (EVERY, "sellingPriceCents:", "sellingPrice:",
     ("18:9: update_order body has no field 'order.sellingPrice', did you "
     "mean 'sellingPriceCents'?")),
    (EVERY, "      order:\n        status: CONFIRMED\n        selling",
     "      updateMask: [status]\n      order:\n        selling",
     "16:7: update_order body has no field 'updateMask'"),
    (YUJU, "      status:", "      tracking: = name\n      status:",
     "10:7: set_status body has no field 'tracking'"),
    # names that it requires
    (RAYO, "        pais: mexico\n", "",
     "16:9: create_order body requires 'consumidor_destino.pais'"),
    (RAYO, PRODUCTS, "", "9:7: create_order body requires 'productos'"),
    (RAYO, "    path:\n      orderId: = links.rayo_order\n", "",
     "27:3: update_delivery path requires 'orderId'"),
    (YUJU, "      id_channel: 13\n", "",
     "8:7: set_status body requires 'id_channel'"),
    (YUJU, YUJU[YUJU.index("    body:") :], "",
     ("4:3: set_status body requires 'id_order' + 4:3: set_status body "
     "requires 'id_channel' + 4:3: set_status body requires 'status'")),
    # parts that there are none of
    (YUJU, "    body:", "    path:\n      id: 1\n    body:",
     "8:7: set_status path: there is none"),
    (RAYO, "call: update_delivery", "call: get_order",
     ("31:7: get_order path has no field 'orderId', did you mean "
     "'rayoOrderId'? + 33:7: get_order body: there is none")),
    # literals
    (RAYO, "NACIONAL", "NATIONAL", ("9:22: servicio_rayo: one of NACIONAL, "
     "EXPRESS, PROGRAMADA is expected, did you mean 'NACIONAL'?")),
    (YUJU, "ready_to_ship", "cancelled", ("10:15: status: one of "
     "ready_to_ship, shipped, delivered, canceled is expected, did you mean "
     "'canceled'?")),
    (EVERY, "CONFIRMED", "confirmed", ("17:17: order.status: one of NEW, "
     "CONFIRMED, READY, IN_PROGRESS, CANCELLED, DELIVERED, RETURN is "
     "expected")),
    (RAYO, "codigo_postal: = ship_to.postal_code", "codigo_postal: 44100",
     ("23:24: consumidor_destino.codigo_postal: text is expected: put it in "
     "quotes")),
    (RAYO, "pais: mexico", "pais: true", ("24:15: consumidor_destino.pais: "
     "text is expected: put it in quotes")),
    (RAYO, "pais: mexico", "pais: null",
     "24:15: consumidor_destino.pais: null is not taken"),
    (RAYO, "pais: mexico", "pais:",
     "24:9: consumidor_destino.pais: null is not taken"),
    (RAYO, "pais: mexico", "pais: ''", ("24:15: consumidor_destino.pais: at "
     "least 1 characters are expected")),
    (RAYO, "pais: mexico", "pais: [mexico]",
     "24:15: consumidor_destino.pais: text is expected"),
    (RAYO, "pais: mexico", "pais: {a: b}",
     "24:15: consumidor_destino.pais: text is expected"),
    (RAYO, "cantidad: = quantity", "cantidad: 0",
     "14:21: productos.cantidad: at least 1 is expected"),
    (RAYO, "cantidad: = quantity", "cantidad: dos",
     "14:21: productos.cantidad: a whole number is expected"),
    (RAYO, PRODUCTS, "      productos: []\n",
     "10:18: productos: an item is expected"),
    (RAYO, PRODUCTS, "      productos: ninguno\n",
     "10:18: productos: a list is expected"),
    (RAYO, "= links.rayo_order", "909521d0", ("31:16: orderId: the form "
     "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$ is expected")),
    (YUJU, "id_channel: 13", "id_channel: '13'",
     "9:19: id_channel: a whole number is expected: take the quotes off"),
    (YUJU, "id_channel: 13", "id_channel: true",
     "9:19: id_channel: a whole number is expected"),
    (EVERY_CREATE, "contentDescription: ropa", "contentDescription: ya",
     "15:27: contentDescription: at least 3 characters are expected"),
    (EVERY_CREATE, "contentDescription: ropa",
     f"contentDescription: {'ropa' * 33}",
     "15:27: contentDescription: at most 128 characters are expected"),
    (EVERY_CREATE, "status: CONFIRMED", "status: READY",
     "14:15: status: one of NEW, CONFIRMED is expected"),
    (EVERY, "= cents(total)", "-5",
     "18:28: order.sellingPriceCents: at least 0 is expected"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "right", "slip", "messages"), MISFITS)
def test_what_does_not_fit_the_contract_is_found_at_load(
    text: str, right: str, slip: str, messages: str
):
    """
    Names, types, choices and lengths are told with line and column.
    """
    assert right in text
    expected = [f"test.yaml:{message}" for message in messages.split(" + ")]

    assert expected == complaints(text.replace(right, slip, 1))


@pytest.mark.parametrize(
    ("text", "right", "other"),
    [
        # Rayo takes further keys of a destination
        (RAYO, "pais: mexico", "pais: mexico\n        referencias: = note"),
        (RAYO, "pais: mexico", "pais: mexico\n        no_interior: null"),
        (RAYO, "servicio_rayo: NACIONAL", "servicio_rayo: = note"),
        (RAYO, "pais: mexico", "pais: '52'"),
        (
            RAYO,
            PRODUCTS,
            ("      productos:\n        - identificador: A\n"
            "          cantidad: 1\n"),
        ),
        (RAYO, PRODUCTS, "      productos: = attributes.productos\n"),
        (RAYO, "rastreo_numero: = parcels[-1].tracking_number", "{}"),
        (EVERY_CREATE, "status: CONFIRMED", "status: NEW"),
        (YUJU, "status: ready_to_ship", ("id_items: [a, b]\n      status: "
         "shipped")),
    ],
)  # fmt: skip
def test_what_fits_is_not_complained_about(text: str, right: str, other: str):
    """
    What an expression will give is checked when it is rendered.
    """
    assert right in text
    changed = text.replace(right, other, 1)

    assert [] == complaints(changed)
