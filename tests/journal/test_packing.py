"""What is packed reads as it was, and the dictionaries name nobody."""

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.journal.packing import (
    MARK,
    TEXTS,
    WORDS,
    packed_text,
    smaller,
    unpacked,
    unpacked_text,
    words_of,
)

SAMPLES = Path(__file__).parents[2] / "mappings" / "samples"
STATE = (
    '{"store":"s","platform":"shopify","id":"7","snapshot":{"id":"7",'
    '"version":1790000000000,"name":"#7","created_at":1790000000000}}'
)
STATUS = (
    '{"method":"PUT","path":"/orders/status","body":{"id_order":"51877",'
    '"id_channel":1,"status":"ready_to_ship"}}'
)
UPDATE = (
    '{"method":"PATCH","path":"/v1/orders/665f1c2ab7e4d90012345678","body":'
    '{"order":{"status":"CONFIRMED","sellingPriceCents":1000,'
    '"cashOnDeliveryRequestCents":0},"updateMask":["status",'
    '"sellingPriceCents","cashOnDeliveryRequestCents"]}}'
)


def packed_with(words: bytes, plain: bytes, **settings: int) -> bytes:
    """Return *plain* as zlib packs it with a dictionary."""
    packing = zlib.compressobj(zdict=words, **settings)
    return packing.compress(plain) + packing.flush()


def test_dictionaries_never_change() -> None:
    """
    What was packed with one needs it, byte for byte. A better one is another
    file, behind those that there are.
    """
    told = [hashlib.sha256(words).hexdigest() for words in (*WORDS, *TEXTS)]

    assert told == [
        "e0c5afcf54b69a7f1380b0c4e104a75e61e0c1192d997bb346459a7566e5edf0",
        "42519a4f27926f0fb91cbfaab5378ceabfa8a065b78a4a680eafcd9fa23b6cb4",
        "89d966608c7e12ebb7f6926d9724efeba3de98ba44512e287678e81f1d93b4b5",
    ]


@pytest.mark.parametrize("words", WORDS)
def test_reads_bodies_of_every_dictionary(words: bytes) -> None:
    """A body of before reads as ever."""
    body = b'{"id":1,"admin_graphql_api_id":"gid://shopify/Order/1"}' * 9

    assert unpacked(MARK + packed_with(words, body)) == body


def test_reads_what_was_packed_without_a_dictionary() -> None:
    """Bodies of before are read as ever."""
    assert unpacked(MARK + zlib.compress(b"before")) == b"before"


@pytest.mark.parametrize(
    "text",
    ["", "{}", "ñ" * 5_000, STATE, json.dumps({"path": "/orders/status"})],
)
def test_texts_read_as_they_were(text: str) -> None:
    """Long or short, packed or not."""
    assert unpacked_text(packed_text(text)) == text


@pytest.mark.parametrize("level", [1, 6, 9])
def test_reads_texts_packed_without_a_dictionary(level: int) -> None:
    """So long texts were kept before there was one."""
    assert unpacked_text(zlib.compress(STATE.encode(), level)) == STATE


@pytest.mark.parametrize("words", TEXTS)
def test_reads_texts_of_every_dictionary(words: bytes) -> None:
    """Whatever the settings were with which they were packed."""
    assert unpacked_text(packed_with(words, STATE.encode(), wbits=12)) == STATE


def test_equal_texts_are_packed_alike() -> None:
    """The same request is known by its bytes, and stands once."""
    first = packed_text(STATE)
    packed_text(STATE[::-1])

    assert packed_text(STATE) == first


@pytest.mark.parametrize(
    ("text", "share"), [(STATE, 0.5), (STATUS, 0.5), (UPDATE, 0.3)]
)
def test_short_texts_are_packed(text: str, share: float) -> None:
    """Most of a state or request are words that the dictionary has."""
    assert len(packed_text(text)) < share * len(text)


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"no stream",
        b"x\xbb",
        packed_with(b"unknown words", STATE.encode()),
        zlib.compress(STATE.encode())[:-1],
        bytes(packed_text(STATE)[:-1]),  # type: ignore[arg-type]
    ],
)
def test_what_is_not_whole_is_no_text(kept: bytes) -> None:
    """Nothing is read that was not packed, and no half of what was."""
    with pytest.raises(zlib.error):
        unpacked_text(kept)


def test_streams_say_which_dictionary_they_need() -> None:
    """A new one takes nothing from those before."""
    body = smaller(b"words " * 200)[len(MARK) :]
    text = packed_text(STATE)

    assert isinstance(text, bytes)
    assert (words_of(body), words_of(text)) == (WORDS[-1], TEXTS[-1])
    assert words_of(zlib.compress(b"none")) == b""


_PERSONAL = {
    "first_name", "last_name", "company", "email", "contact_email", "phone",
    "address1", "address2", "address_1", "address_2", "zip", "postcode",
    "browser_ip", "customer_ip_address", "note", "customer_note",
    "latitude", "longitude", "value", "sku", "token", "order_key", "code",
    "title", "product_title", "vendor", "confirmation_number",
}  # fmt: skip
"""What they hold is a person's or a shop's, but for the words below."""

_NOBODYS = {
    # of streets and flats, whoever lives there; Hidalgo is a state, too
    "Apto", "Calle", "Calzada", "Carrera", "Centro", "Depto", "Edificio",
    "Hidalgo", "Interior", "Norte", "Oficina", "Torre", "barrio",
    # of states, which products are named after
    "Chiapas", "Oaxaca",
    # of ways of sending
    "Envío", "contra", "días", "entrega", "estándar", "hábiles", "nacional",
    # of settings that shops' plugins keep, of links and of errors
    "2026", "admin", "error", "facebook", "true",
}  # fmt: skip


def _personal(value: Any) -> Iterator[str]:
    """Return the texts that are somebody's, wherever they stand."""
    if isinstance(value, list):
        for one in value:
            yield from _personal(one)
    if isinstance(value, dict):
        for name, one in value.items():
            if name in _PERSONAL and isinstance(one, str | float):
                yield str(one)
            yield from _personal(one)


def _words_of_people() -> set[str]:
    """Return the words of what is somebody's in the shipped samples."""
    told = [json.loads(one.read_bytes()) for one in SAMPLES.glob("*.json")]
    return {
        word
        for text in _personal(told)
        for word in re.findall(r"\w{4,}", text)
    }


def test_dictionaries_name_nobody() -> None:
    """
    No name, street, phone, address of mail or document of the samples, no
    shop's products, and no number that could be anybody's.
    """
    people = _words_of_people()
    assert {"Núñez", "Obregón", "525555010123"} <= people
    for words in (WORDS[-1], *TEXTS):
        text = words.decode() + words.decode("raw_unicode_escape")
        named = {one for one in people if re.search(rf"\b{one}\b", text)}

        assert named - _NOBODYS == set()
        assert re.findall(r"[\w.+-]+@|\+?\d{7,}", text) == []
        for shop in ("jacaranda", "chocolate", "artesanias", "calzado"):
            assert shop not in text
