"""Bodies without what is personal in them."""

import json
from typing import Any

import pytest

from bridge.mapping.masking import Mask
from bridge.mapping.stand_ins import StandIns
from bridge.places import phones
from bridge.places.addresses import split_address

PHONES = [
    ("MX", "+525555010123"),
    ("MX", "55 5501 0123"),
    ("MX", "(33) 1555-0147"),
    ("MX", "+52 1 81 1555 0199"),
    ("MX", "044 55 5501 0123"),
    ("MX", "Tel. 55 5501 0123 ext. 12"),
    ("CO", "310 555 0188"),
    ("CO", "+57 310 555 0188"),
    ("MX", "+1 212 555 0123"),
]
ADDRESSES = [
    ("MX", "Av. Álvaro Obregón ⁠151", "Int. 4B ⁠Roma Norte"),
    ("MX", "C. 60 núm. 491 x 57 y 59", "Local 3, Centro"),
    ("MX", "Calle Hidalgo Ote. 401 Int. 7", "Col. Centro"),
    ("MX", "Juárez 12", "Depto. 12-C, Col. Tecnológico"),
    ("MX", "Av. Eugenio Garza Sada 2501 Sur", ""),
    ("MX", "Mz 4 Lt 2", "Fracc. Las Palmas"),
    ("MX", "16 de Septiembre S/N", ""),
    ("CO", "Cra. 7 # 72-41", "Apto 502 Torre 3, barrio Chapinero"),
    ("CO", "Calle 10 Sur # 50FF-28", "Interior 301, Unidad Los Búcaros"),
    ("CO", "Carrera 15 # 93A - 62", "Oficina 301 Edificio Chicó"),
    ("CO", "Vereda El Salitre km 3", ""),
]


def masked(body: Any, **given: Any) -> Any:
    """Return *body*, masked alone."""
    return Mask([body], **{"country": "MX", **given}).body(body)


@pytest.mark.parametrize(("country", "text"), PHONES)
def test_a_phone_stays_a_phone_of_its_country(country: str, text: str) -> None:
    """
    Another number, valid where it was, typed with the same marks.
    """
    made = StandIns(country).phone(text)
    before, after = phones.e164(text, country), phones.e164(made, country)

    assert before is not None
    assert after is not None
    assert before != after
    assert before[:5] == after[:5]
    assert [c for c in text if not c.isdigit()] == [
        c for c in made if not c.isdigit()
    ]


def test_one_phone_is_replaced_by_one_however_it_is_typed() -> None:
    """
    Who billed and who receives can still be told to be the same.
    """
    stand_ins = StandIns("MX")
    typed = ("+525555010123", "55 5501 0123", "044 55 5501 0123")

    assert 1 == len(
        {phones.e164(stand_ins.phone(text), "MX") for text in typed}
    )
    assert phones.e164(stand_ins.phone("55 5501 0124"), "MX") != (
        phones.e164(stand_ins.phone(typed[0]), "MX")
    )


@pytest.mark.parametrize("text", ["12345", "0000000000", "no tengo", "55-1"])
def test_what_is_no_phone_stays_none(text: str) -> None:
    """
    A mapping holds such an order: its case does, too.
    """
    made = StandIns("MX").phone(text)

    assert phones.e164(made, "MX") is None
    assert len(made) == len(text)


@pytest.mark.parametrize(("country", "first", "second"), ADDRESSES)
def test_an_address_is_read_as_before(
    country: str, first: str, second: str
) -> None:
    """
    The same parts are found and the same are missing; none is the same.
    """
    stand_ins = StandIns(country)
    before = split_address(country, first, second)
    after = split_address(
        country, stand_ins.street(first), stand_ins.street(second)
    )
    names = ("street", "exterior_number", "interior_number", "neighbourhood")

    assert [getattr(before, n) is None for n in names] == [
        getattr(after, n) is None for n in names
    ]
    assert before.street is None or before.street != after.street


def test_the_same_name_gets_the_same_stand_in_everywhere() -> None:
    """
    First, last and full name; in a product's name, too.
    """
    body = {
        "customer": {
            "first_name": "Zyxwilda",
            "last_name": "Qwervantes",
            "name": "Zyxwilda Qwervantes",
        },
        "line_items": [{"name": "Taza para ZYXWILDA", "sku": "TAZ-1"}],
    }

    made = masked(body)
    customer = made["customer"]

    assert customer["name"] == (
        f"{customer['first_name']} {customer['last_name']}"
    )
    assert (
        customer["first_name"].upper() in made["line_items"][0]["name"].upper()
    )
    assert "TAZ-1" == made["line_items"][0]["sku"]


def test_an_earlier_webhook_knows_a_later_ones_names() -> None:
    """
    What only the second body tells is found in the first.
    """
    first = {"line_items": [{"name": "Taza para Zyxwilda"}]}
    second = {"customer": {"first_name": "Zyxwilda"}}
    mask = Mask([first, second], country="MX")

    assert "Zyxwilda" not in json.dumps(mask.body(first))


def test_json_within_text_is_masked_too() -> None:
    """
    Plugins keep whole objects as text.
    """
    nested = json.dumps({"who": {"email": "a@b.mx", "n": ["Gruntaldo"]}})
    body = {"meta_data": [{"key": "_x", "value": nested}]}

    (entry,) = masked(body)["meta_data"]
    inner = json.loads(entry["value"])

    assert "_x" == entry["key"]
    assert "@example.com" in inner["who"]["email"]
    assert "Gruntaldo" not in entry["value"]


def test_what_the_mapping_compares_with_stays() -> None:
    """
    A tag or an attribute that a rule looks for is none of the customer's.
    """
    body = {
        "tags": "vip, amiga de Zyxwilda",
        "note_attributes": [{"name": "envio", "value": "recoger en tienda"}],
    }

    made = masked(body, keep={"vip", "recoger en tienda"})

    assert made["tags"].startswith("vip, ")
    assert "Zyxwilda" not in made["tags"]
    assert "recoger en tienda" == made["note_attributes"][0]["value"]


def test_what_is_nobodys_stays() -> None:
    """
    Amounts, times, statuses, towns, postal codes and the order's number.
    """
    body = {
        "id": 1,
        "name": "#1042",
        "total_price": "1177.05",
        "created_at": "2026-11-20T18:04:27-06:00",
        "financial_status": "paid",
        "shipping_address": {
            "city": "Monterrey",
            "zip": "64000",
            "address1": "Monterrey 12",
            "province_code": "NLE",
        },
        "phone": None,
        "note": "",
    }

    made = masked(body)

    assert {**body, "shipping_address": made["shipping_address"]} == made
    assert ("Monterrey", "64000") == (
        made["shipping_address"]["city"], made["shipping_address"]["zip"],
    )  # fmt: skip


def test_links_and_tokens_lose_their_keys() -> None:
    """
    A link that lets its holder in lets nobody in.
    """
    body = {
        "token": "7f3a9c0dfeedfacecafebabe01020304",
        "order_status_url": (
            "https://cafe.myshopify.com/1/orders/"
            "7f3a9c0dfeedfacecafebabe01020304/authenticate?key=deadc0de1771"
        ),
        "tracking_url": "https://dhl.com/?guia=121234567890&k=abc123def456",
        "tracking_number": "121234567890",
    }

    made = masked(body, site="cafe.myshopify.com")

    text = json.dumps(made)
    for secret in ("7f3a9c0d", "deadc0de", "121234567890", "abc123def"):
        assert secret not in text
    assert made["tracking_number"] in made["tracking_url"]
    assert made["token"] in made["order_status_url"]
