import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.places.documents import Document, document, nit_check_digit


@pytest.mark.parametrize(
    ("text", "kind", "number", "verified"),
    [
        ("1020304050", "cedula", "1020304050", False),
        ("1.020.304.050", "cedula", "1020304050", False),
        ("C.C. 52 123 456", "cedula", "52123456", False),
        ("CC: 52123456", "cedula", "52123456", False),
        ("Cédula de ciudadanía 123456", "cedula", "123456", False),
        ("800.191.045-1", "nit", "800191045-1", True),
        ("NIT 800191045-1", "nit", "800191045-1", True),
        ("8001910451", "nit", "800191045-1", True),
        ("800191045", "nit", "800191045", False),
        ("nit: 52123456", "nit", "52123456", False),
    ],
)
def test_colombian(text, kind, number, verified):
    """
    A NIT is told by its word, its check digit or a company's form.
    """
    assert Document(kind=kind, number=number, verified=verified) == (
        document(text, "CO")
    )


@pytest.mark.parametrize(
    ("number", "digit"),
    [("800191045", 1), ("860034313", 7), ("890903938", 8), ("800197268", 4)],
)
def test_check_digit(number, digit):
    """
    The digit is DIAN's; the numbers are of well-known institutions.
    """
    assert digit == nit_check_digit(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("GODE561231GR8", "GODE561231GR8"),
        ("gode-561231-gr8", "GODE561231GR8"),
        ("RFC: XAXX010101000", "XAXX010101000"),
        ("ÑA&990101AB1", "ÑA&990101AB1"),
    ],
)
def test_mexican(text, number):
    """
    An RFC has letters, a date and a homoclave.
    """
    assert Document(kind="rfc", number=number) == document(text, "MX")


@pytest.mark.parametrize(
    ("text", "country"),
    [
        (None, "CO"),
        ("", "CO"),
        ("12345", "CO"),
        ("12345678901", "CO"),
        ("800191045-2", "CO"),
        ("no tengo", "CO"),
        ("1" * 300, "CO"),
        ("GODE561331GR8", "MX"),
        ("GODE561231GRB", "MX"),
        ("1020304050", "MX"),
        ("1020304050", "US"),
        ("1020304050", None),
    ],
)
def test_none(text, country):
    """
    What has another form, or a wrong check digit, is none.
    """
    assert document(text, country) is None


@settings(deadline=None)
@given(st.text(), st.sampled_from(["MX", "CO", "US", None]))
def test_any_text(text, country):
    """
    No text is an error.
    """
    document(text, country)


@settings(deadline=None)
@given(st.integers(min_value=100_000, max_value=9_999_999_999))
def test_any_nit(number):
    """
    A number with its own check digit is verified, with another refused.
    """
    digit = nit_check_digit(str(number))
    other = (digit + 1) % 10

    told = document(f"{number}-{digit}", "CO")
    assert told is not None
    assert told.verified
    assert document(f"{number}-{other}", "CO") is None
