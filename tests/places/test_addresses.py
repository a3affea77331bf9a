import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.places.addresses import split_address
from bridge.places.parts import UNKNOWN, Parts
from bridge.places.text import folded, visible, visible_lines

NOTHING = (None, None, None, None)


def split(country, address1, address2=None, **given):
    parts = split_address(country, address1, address2, given=Parts(**given))
    return (
        parts.street,
        parts.exterior_number,
        parts.interior_number,
        parts.neighbourhood,
    )


@pytest.mark.parametrize(
    ("address1", "address2", "parts"),
    [
        (
            "Av. Álvaro Obregón \u2060151",
            "Int. 4B \u2060Roma Norte",
            ("Av. Álvaro Obregón", "151", "4B", "Roma Norte"),
        ),
        (
            "Calzada de Tlalpan \u20604585",
            "\u2060Toriello Guerra",
            ("Calzada de Tlalpan", "4585", None, "Toriello Guerra"),
        ),
        ("Calle 60 \u2060#491", "", ("Calle 60", "491", None, None)),
        ("Calle 5 \u206012", "4B \u2060", ("Calle 5", "12", "4B", None)),
        (
            "Calle 5 \u206012",
            "puerta 3, verde \u2060Roma",
            (None, None, None, "Roma"),
        ),
        ("Calle Juárez \u2060", "", NOTHING),
    ],
)
def test_separate_fields(address1, address2, parts):
    """
    Shopify's separate fields are taken as the customer filled them in.
    """
    assert parts == split("MX", address1, address2)


@pytest.mark.parametrize(
    ("address1", "address2", "parts"),
    [
        (
            "Calle Hidalgo Ote. 401 Int. 7",
            "Col. Centro",
            ("Calle Hidalgo Ote.", "401", "7", "Centro"),
        ),
        (
            "Calle Independencia 1020",
            "Col. Centro, entre Liceo y Pedro Loza",
            ("Calle Independencia", "1020", None, "Centro"),
        ),
        (
            "Av. Eugenio Garza Sada 2501 Sur",
            "Depto. 12-C, Col. Tecnológico",
            ("Av. Eugenio Garza Sada", "2501 Sur", "12-C", "Tecnológico"),
        ),
        (
            "C. 60 núm. 491 x 57 y 59",
            "Local 3, Centro",
            ("C. 60", "491", "Local 3", None),
        ),
        ("Calle 60 491", "", ("Calle 60", "491", None, None)),
        ("Oriente 172 45", "", ("Oriente 172", "45", None, None)),
        ("Juárez#12", "", ("Juárez", "12", None, None)),
        ("Av. Juárez No.12-A Int 3", "", ("Av. Juárez", "12-A", "3", None)),
        (
            "Juárez S/N",
            "Fracc. Las Palmas",
            ("Juárez", "S/N", None, "Las Palmas"),
        ),
        ("5 de Mayo 12", "", ("5 de Mayo", "12", None, None)),
        (
            "Paseo de la Reforma 222",
            "Torre 1 Piso 5, Col. Juárez C.P. 06600",
            ("Paseo de la Reforma", "222", "Torre 1 Piso 5", "Juárez"),
        ),
        (
            "Av. Juárez 120 Col. 20 de Noviembre",
            "",
            ("Av. Juárez", "120", None, "20 de Noviembre"),
        ),
        ("Juárez 120 esq. Morelos", "", ("Juárez", "120", None, None)),
        (
            "Juárez 120",
            "Barrio de Santiago",
            ("Juárez", "120", None, "Barrio de Santiago"),
        ),
        ("Juárez 120", "Centro", ("Juárez", "120", None, None)),
    ],
)
def test_mexican(address1, address2, parts):
    """
    What is marked, or can not be meant otherwise, is split.
    """
    assert parts == split("MX", address1, address2)


@pytest.mark.parametrize(
    "address1",
    [
        None,
        "",
        "12",
        "Calle 60",
        "Calle 10 Sur",
        "Oriente 172",
        "Av. 5 de Mayo",
        "Juárez",
        "Juárez 12 3",
        "Juárez 12-3",
        "Juárez 120 B",
        "Mz 4 Lt 12",
        "Carretera Federal 57",
        "Carretera a Toluca km 12",
        "Calle No. 12",
        "Calle Colonia del Valle 12",
        "x" * 100_000,
        "Calle " + "1 " * 5000,
        "Calle 5 12 " + "Int 1 " * 45 + "!",
    ],
)
def test_mexican_unsure(address1):
    """
    What could be meant otherwise is not split at all.
    """
    assert NOTHING == split("MX", address1)


def test_mexican_unmarked_number_in_line_two():
    """
    A number without a mark could be the flat: nothing is sure but the rest.
    """
    assert (None, None, None, "Centro") == split(
        "MX", "Juárez 120", "4B, Col. Centro"
    )


@pytest.mark.parametrize(
    ("address1", "street"),
    [
        ("Calle Hidalgo Ote. 401 Int. 7", "Calle Hidalgo Ote."),
        ("Calle Hidalgo Ote.", "Calle Hidalgo Ote."),
        ("Calle 60", "Calle 60"),
        ("5 de Mayo", "5 de Mayo"),
    ],
)
def test_mexican_given(address1, street):
    """
    Numbers from fields of their own go with the street that is left.
    """
    parts = split("MX", address1, exterior_number="401", interior_number="7")

    assert (street, "401", "7", None) == parts


@pytest.mark.parametrize(
    "address1", ["Hidalgo 402", "Hidalgo 15 B", "", "Mz 4"]
)
def test_mexican_given_contradicted(address1):
    """
    A line that names another number, or no street, makes neither sure.
    """
    assert NOTHING == split("MX", address1, exterior_number="401")


@pytest.mark.parametrize(
    ("address1", "address2", "parts"),
    [
        (
            "Cra. 7 # 72-41",
            "Apto 502 Torre 3, barrio Chapinero",
            ("Cra. 7 # 72-41", None, "Apto 502 Torre 3", "Chapinero"),
        ),
        (
            "Calle 10 Sur # 50FF-28",
            "Interior 301, Unidad Los Búcaros",
            (
                "Calle 10 Sur # 50FF-28",
                None,
                "Interior 301, Unidad Los Búcaros",
                None,
            ),
        ),
        (
            "Carrera 15 # 93A - 62",
            None,
            ("Carrera 15 # 93A - 62", None, None, None),
        ),
        (
            "Cra 7 No. 72-41 Apto 502",
            None,
            ("Cra 7 No. 72-41", None, "Apto 502", None),
        ),
        (
            "Vereda El Salitre km 3",
            "barrio 20 de Julio",
            ("Vereda El Salitre km 3", None, None, "20 de Julio"),
        ),
        (
            "Calle 1 # 2-3",
            "barrio Galán apto 2",
            ("Calle 1 # 2-3", None, "barrio Galán apto 2", None),
        ),
        (
            "Calle 1 # 2-3",
            "Apto 4 \u2060Galán",
            ("Calle 1 # 2-3", None, "Apto 4", "Galán"),
        ),
        (None, None, NOTHING),
    ],
)
def test_colombian(address1, address2, parts):
    """
    The nomenclature stays whole; the rest is the complement.
    """
    assert parts == split("CO", address1, address2)


def test_elsewhere():
    """
    Of other countries' addresses nothing is sure but what was given.
    """
    assert UNKNOWN == split_address("US", "1 Main St", None)


@settings(deadline=None)
@given(st.text(), st.text(), st.sampled_from(["MX", "CO", "US", None]))
def test_any_text(address1, address2, country):
    """
    In Mexico street and number are both sure or neither is.
    """
    parts = split_address(country, address1, address2)

    if country == "MX":
        assert (parts.street is None) == (parts.exterior_number is None)


def test_visible():
    """
    Invisible marks go, accents are composed, blanks are single.
    """
    text = "\ufeffMe\u0301rida\u2060 \u202e\0 \u00a0Centro\n"

    assert "Mérida Centro" == visible(text)
    assert "a b\nc" == visible_lines("a \t b\r\nc\u200b\n")


def test_folded():
    """
    Case, accents, blanks and punctuation make no other word.
    """
    assert folded("Edo. de México") == folded("EDO DE MEXICO")
