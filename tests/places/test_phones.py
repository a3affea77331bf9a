import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.places.phones import e164, national


@pytest.mark.parametrize(
    "text",
    [
        "55 5501 0123",
        "(55) 5501-0123",
        "+52 55 5501 0123",
        "+52 1 55 5501 0123",
        "5215555010123",
        "0052 1 5555010123",
        "044 55 5501 0123",
        "045 55 5501 0123",
        "01 55 5501 0123",
        "+52 044 55 5501 0123",
        "Tel. 55 5501 0123",
        "Cel: 5555010123",
        "55 5501 0123 ext. 12",
        "55 5501 0123 x12",
        "55 5501 0123 Ext: 4",
        "55 5501 0123, extensión 12",
        "+52 (1) 55 5501-0123",
        "+521 5555010123",
        "521 (55) 5501-0123",
        "(01 55) 5501 0123",
        "(044) 55 5501 0123",
        "+52 045 5555010123",
        "+52 01 55 5501 0123",
        "55.5501.0123",
        "WhatsApp: 55 5501 0123",
        "\u202a+52 55 5501 0123\u202c",
    ],
)
def test_mexican(text):
    """
    However it is typed, and with relics of old prefixes, it is one number.
    """
    assert "+525555010123" == e164(text, "MX")
    assert "5555010123" == national(text, "MX")


@pytest.mark.parametrize("text", ["310 555 0188", "+57 310 5550188"])
def test_colombian(text):
    """
    Colombian numbers are read with and without their country's code.
    """
    assert "+573105550188" == e164(text, "CO")
    assert "3105550188" == national(text, "CO")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no tengo",
        "12345",
        "5555010123 / 5512345678",
        "5555010123, 5512345678",
        "5555010123 y 5512345678",
        "5555010123 5512345678",
        "55 5501 0123 o 55 1234 5678",
        "044 5555010123 / 045 5512345678",
        "55-COMIDA-1",
        "5" * 300,
    ],
)
def test_no_number(text):
    """
    What is no number, or two, is None.
    """
    assert e164(text, "MX") is None
    assert national(text, "MX") is None


def test_number_of_another_country():
    """
    A foreign number is one, but is not dialled within the country.
    """
    assert "+573105550188" == e164("+57 310 555 0188", "MX")
    assert national("+57 310 555 0188", "MX") is None


@given(st.text(), st.sampled_from(["MX", "CO", "US", "", "ZZ"]))
def test_any_text(text, country):
    """
    No text is an error.
    """
    e164(text, country)
    national(text, country)
