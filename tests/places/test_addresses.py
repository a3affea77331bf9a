"""Readings rule by rule; the table of addresses is `test_table.py`."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model import Certainty
from bridge.places.addresses import split_address
from bridge.places.beside import Beside
from bridge.places.parts import DOUBTS, UNKNOWN, Parts
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


def certainty(country, address1, address2=None, **given):
    parts = split_address(country, address1, address2, given=Parts(**given))
    return parts.certainty


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
        ("Calle 5 \u2060s/n", "\u2060Roma", ("Calle 5", "S/N", None, "Roma")),
        (
            "Calle 5 \u2060Lt 7",
            "\u2060Roma",
            ("Calle 5", "Lt 7", None, "Roma"),
        ),
    ],
)
def test_separate_fields(address1, address2, parts):
    """
    Shopify's separate fields are taken as the customer filled them in.
    """
    assert parts == split("MX", address1, address2)
    assert Certainty.SURE is certainty("MX", address1, address2)


@pytest.mark.parametrize(
    ("address1", "address2", "parts"),
    [
        (
            "Calle 5 \u206012",
            "puerta 3, verde \u2060Roma",
            ("Calle 5", "12", None, "Roma"),
        ),
        ("Calle Juárez \u2060", "", ("Calle Juárez", None, None, None)),
        ("Juárez \u2060doce", "", ("Juárez", "doce", None, None)),
        ("Juárez 45 \u206045", "", ("Juárez", "45", None, None)),
    ],
)
def test_separate_fields_doubtful(address1, address2, parts):
    """
    A separate field that holds something else is doubtful.
    """
    assert Certainty.DOUBTFUL is certainty("MX", address1, address2)
    street, *others = split("MX", address1, address2)
    assert street.startswith(parts[0])
    assert list(parts[1:]) == others


def test_separate_neighbourhood_alone():
    """
    A colonia of its own field goes with a first line that has none.
    """
    assert ("Juárez", "12", None, "Roma") == split(
        "MX", "Juárez #12", "\u2060Roma"
    )


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
            ("C. 60", "491", "Local 3", "Centro"),
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
        ("Juárez 120", "Centro", ("Juárez", "120", None, "Centro")),
    ],
)
def test_mexican(address1, address2, parts):
    """
    What is marked, or has its usual form, is likely at least.
    """
    assert parts == split("MX", address1, address2)
    assert certainty("MX", address1, address2).reaches(Certainty.LIKELY)


@pytest.mark.parametrize(
    ("address1", "parts", "doubt"),
    [
        ("Calle 60", ("Calle 60", None, None, None), "number_or_name"),
        ("Oriente 172", ("Oriente 172", None, None, None), "number_or_name"),
        ("Juárez", ("Juárez", None, None, None), "no_number"),
        ("Juárez 12 3", ("Juárez", "12", "3", None), "unmarked"),
        ("Juárez 12-3", ("Juárez", "12", "3", None), "second_number"),
        ("Juárez #12-3", ("Juárez", "12", "3", None), "second_number"),
        ("Juárez 120 B", ("Juárez", "120", "B", None), "unmarked"),
        ("Morelos 45 #3", ("Morelos", "45", "3", None), "second_number"),
        ("Juárez 12 S/N", ("Juárez 12", "S/N", None, None), "second_number"),
        ("Mz 4 Lt 12", (None, "Mz 4 Lt 12", None, None), "no_street"),
        ("Calle 4 Mz 5", ("Calle 4", "Mz 5", None, None), "no_number"),
        (
            "Carretera Federal 57",
            ("Carretera Federal", "57", None, None),
            "number_or_name",
        ),
        ("Km 12", ("Km 12", "S/N", None, None), "no_street"),
        (
            "Carr. Nacional km 12 500",
            ("Carr. Nacional km 12 500", "S/N", None, None),
            "second_number",
        ),
        ("Villas del Sol 3", ("Villas del Sol", "3", None, None), "no_street"),
        ("Calle Pino 03100", ("Calle Pino", "03100", None, None), None),
        ("Pino N. 5", ("Pino N.", "5", None, None), "number_or_name"),
        ("Domicilio conocido", (None, "S/N", None, None), "no_street"),
        ("Juárez 5, Pino 6", ("Juárez", "5", None, None), "left_over"),
        ("Juárez 5, Calle Pino 6", ("Juárez", "5", None, None), "two_streets"),
        ("Juárez 5, Plaza Sol", ("Juárez", "5", None, None), "left_over"),
        ("Juárez 5, Sol, Luna", ("Juárez", "5", None, "Sol"), None),
        ("Juárez 5, Col. Sol, Luna", ("Juárez", "5", None, "Sol"), None),
        ("Juárez 5 x 7 y 9 Sol", ("Juárez", "5", None, "Sol"), "unmarked"),
        ("Juárez 5, Col. Sol 4", ("Juárez", "5", None, "Sol 4"), "left_over"),
        (
            "Juárez 5, frente al 7",
            ("Juárez", "5", None, None),
            "left_over",
        ),
        (
            "Juárez 5, C.P. 06000 Narnia",
            ("Juárez", "5", None, None),
            "left_over",
        ),
        ("Juárez frente al 12", ("Juárez frente al", "12", None, None), None),
        ("#12", (None, None, None, None), "no_street"),
    ],
)
def test_mexican_doubtful(address1, parts, doubt):
    """
    What could be meant otherwise has its likeliest reading, and a doubt.
    """
    read = split_address("MX", address1, None)

    assert parts == split("MX", address1)
    assert not read.certainty.reaches(Certainty.LIKELY)
    assert doubt is None or doubt in read.doubts
    assert set(read.doubts) <= set(DOUBTS)


@pytest.mark.parametrize(
    ("address1", "address2", "number", "sure"),
    [
        ("Calle 60", "#12", "12", Certainty.LIKELY),
        ("Calle 60", "12", None, Certainty.DOUBTFUL),
        ("Juárez", "12", "12", Certainty.DOUBTFUL),
        ("Calle 60", "Mz 4 Lt 5", "Mz 4 Lt 5", Certainty.LIKELY),
    ],
)
def test_mexican_number_in_line_two(address1, address2, number, sure):
    """
    A marked number may stand in the second line; a bare one may be a flat's.
    """
    parts = split_address("MX", address1, address2)

    assert (address1, number) == (parts.street, parts.exterior_number)
    assert sure is parts.certainty


@pytest.mark.parametrize("country", ["MX", "CO"])
def test_empty(country):
    """
    Nothing is read where nothing is written.
    """
    assert UNKNOWN == split_address(country, None, "")


@pytest.mark.parametrize("country", ["MX", "CO"])
def test_too_long(country):
    """
    A line too long to be an address is told, and not looked into.
    """
    parts = split_address(country, "x" * 100_000, None)

    assert Certainty.NONE is parts.certainty
    assert ("too_long",) == parts.doubts


def test_mexican_repeated():
    """
    City, state, postal code and the receiver's name are not read again.
    """
    beside = Beside(
        city="Saltillo", state="COA", postal_code="25016", names=("Ana Gil",)
    )
    parts = split_address(
        "MX",
        "Juárez 5, Mirasierra, 25016 Saltillo, Coah., México",
        "Ana Gil",
        beside=beside,
    )

    assert ("Juárez", "5", None, "Mirasierra") == (
        parts.street,
        parts.exterior_number,
        parts.interior_number,
        parts.neighbourhood,
    )
    assert Certainty.LIKELY is parts.certainty


@pytest.mark.parametrize("country", ["MX", "CO"])
@pytest.mark.parametrize("odd", ["-", ".", "\U0001f389", " ", "\u0301"])
def test_nothing_but_signs_beside(country, odd):
    """
    A company or city without any letter or digit is as good as none.
    """
    lines = ("Calle Juárez \u2060100", "\u2060Barrio Sur")

    assert split_address(
        country, *lines, beside=Beside(city=odd, names=("Ana Gil", odd))
    ) == split_address(country, *lines, beside=Beside(names=("Ana Gil",)))


def test_mexican_colonia_with_a_city_in_its_name():
    """
    A colonia named after its city keeps the city's name.
    """
    parts = split_address(
        "MX", "Juárez 5, Lomas de León", None, beside=Beside(city="León")
    )

    assert "Lomas de León" == parts.neighbourhood


def test_mexican_unmarked_number_in_line_two():
    """
    A number without a mark could be the flat: it is doubtful.
    """
    assert ("Juárez", "120", "4B", "Centro") == split(
        "MX", "Juárez 120", "4B, Col. Centro"
    )
    assert Certainty.DOUBTFUL is certainty(
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
    ("address1", "given", "doubt"),
    [
        ("Hidalgo 402", {"exterior_number": "401"}, "fields_disagree"),
        ("Calle 15", {"exterior_number": "15"}, "number_or_name"),
        ("Hidalgo 15 B", {"exterior_number": "401"}, "fields_disagree"),
        ("5", {"exterior_number": "401"}, "no_street"),
        ("Lomas 2da 3ra", {"exterior_number": "401"}, "second_number"),
        ("Hidalgo 4 Int 2", {"interior_number": "3"}, "fields_disagree"),
        ("Hidalgo 4 Col. A", {"neighbourhood": "B"}, "fields_disagree"),
    ],
)
def test_mexican_given_contradicted(address1, given, doubt):
    """
    What was asked for wins; a line that says another thing is a doubt.
    """
    parts = split_address("MX", address1, None, given=Parts(**given))

    assert Certainty.DOUBTFUL is parts.certainty
    assert doubt in parts.doubts
    assert (
        given.items()
        <= {
            "exterior_number": parts.exterior_number,
            "interior_number": parts.interior_number,
            "neighbourhood": parts.neighbourhood,
        }.items()
    )


def test_mexican_given_street():
    """
    A street in a field of its own does for an empty line.
    """
    parts = ("Av. Hidalgo", "5", None, "Centro")

    assert parts == split(
        "MX",
        "",
        street="Av. Hidalgo",
        exterior_number="#5",
        interior_number="N/A",
        neighbourhood="Col. Centro",
    )


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
            ("Calle 1 # 2-3", None, "apto 2", "Galán"),
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


@pytest.mark.parametrize(
    ("address1", "street", "sure"),
    [
        ("Calle 100 No. 8A-49", "Calle 100 No. 8A-49", Certainty.SURE),
        ("Calle 45 23-67", "Calle 45 23-67", Certainty.LIKELY),
        ("Calle 45 # 23 67", "Calle 45 # 23 67", Certainty.LIKELY),
        ("CRA7#72-41", "CRA7#72-41", Certainty.SURE),
        ("Cll5 No12-34", "Cll5 No12-34", Certainty.SURE),
        ("Calle 45 23 67", "Calle 45 23 67", Certainty.DOUBTFUL),
        ("Calle 45", "Calle 45", Certainty.DOUBTFUL),
        ("Vereda Fagua", "Vereda Fagua", Certainty.LIKELY),
        ("Km 5", "Km 5", Certainty.DOUBTFUL),
        ("Mz 4 Casa 5, B/ Cuba", "Mz 4 Casa 5", Certainty.LIKELY),
        ("Mz 4 Casa 5", "Mz 4 Casa 5", Certainty.DOUBTFUL),
        ("Mz 4", "Mz 4", Certainty.DOUBTFUL),
        ("Edificio Avianca", None, Certainty.DOUBTFUL),
    ],
)
def test_colombian_certainty(address1, street, sure):
    """
    The signs make a nomenclature sure, its dash alone likely.
    """
    parts = split_address("CO", address1, None)

    assert (street, sure) == (parts.street, parts.certainty)


@pytest.mark.parametrize(
    ("address1", "doubt"),
    [
        ("Calle 5 # 12-34-301", "second_number"),
        ("Calle 5 # 12-34 Calle 8 # 15-20", "two_streets"),
        ("Ana Gil Calle 5 # 12-34", "left_over"),
        ("Calle 5 # 12-34 apto 2 Sol", "left_over"),
        ("Calle 5 # 12-34, barrio Sol 4", "left_over"),
        ("Calle 5 # 12-34, 110231 Narnia", "left_over"),
        ("Calle 5 # 12-34, C.P. 110231 Narnia", "left_over"),
        ("Calle 5 # 12-34, Torres de Sol", "unmarked"),
        ("Calle 5 # 12-34, Sol 4", "left_over"),
        ("Calle 5 # 12-34, 301", "unmarked"),
        ("Mz 5 Casa 3 etapa 2 barrio Sol", "left_over"),
        ("Ana Mz 5 Casa 3, barrio Sol", "left_over"),
        ("Vereda Sol, junto a la escuela", "landmark"),
        ("Vereda Sol lote 4", "left_over"),
    ],
)
def test_colombian_doubtful(address1, doubt):
    """
    What could be meant otherwise is doubtful.
    """
    parts = split_address("CO", address1, None)

    assert Certainty.DOUBTFUL is parts.certainty
    assert doubt in parts.doubts
    assert set(parts.doubts) <= set(DOUBTS)


def test_colombian_given():
    """
    What was asked for wins; a line that says another thing is a doubt.
    """
    parts = split_address(
        "CO",
        "Calle 5 # 12-34 apto 2",
        "barrio Sol",
        given=Parts(
            interior_number="apto 3",
            exterior_number="99",
            neighbourhood="barrio Luna",
        ),
    )

    assert ("Calle 5 # 12-34", "99", "apto 3", "Luna") == (
        parts.street,
        parts.exterior_number,
        parts.interior_number,
        parts.neighbourhood,
    )
    assert ("fields_disagree",) == parts.doubts


def test_colombian_given_agrees():
    """
    A barrio of its own field makes a block and a house likely.
    """
    parts = split_address(
        "CO",
        "Mz 4 Casa 5",
        None,
        given=Parts(neighbourhood="Cuba", exterior_number="5"),
    )

    assert Certainty.LIKELY is parts.certainty
    assert parts.exterior_number is None


def test_elsewhere():
    """
    Of other countries' addresses nothing is sure but what was given.
    """
    assert UNKNOWN == split_address("US", "1 Main St", None)


PLACES = st.sampled_from(["MX", "CO", "US", None])
LIKE_AN_ADDRESS = st.lists(
    st.sampled_from(
        [
            "Calle",
            "Cra",
            "#",
            "-",
            "12",
            "5",
            "A",
            "B",
            ",",
            ".",
            "/",
            "Int",
            "Apto",
            "Col.",
            "Mz",
            "Lt",
            "Km",
            "S/N",
            "Juárez",
            "barrio",
            "Torre",
            "Edif.",
            "x",
            "y",
            "entre",
            "Sur",
            "bis",
            "No.",
            "Vereda",
            "\u2060",
            "\n",
            "(",
            ")",
        ]
    ),
    max_size=40,
).map(" ".join)
LINES = st.text() | LIKE_AN_ADDRESS
BESIDE = st.builds(Beside, city=LINES, names=st.tuples(LINES, st.none()))


@settings(deadline=None)
@given(LINES, LINES, PLACES, LIKE_AN_ADDRESS, BESIDE)
def test_any_text(address1, address2, country, asked, beside):
    """
    No text is an error, and no word is invented but S/N.
    """
    given = Parts(neighbourhood=visible(asked) or None)
    parts = split_address(
        country, address1, address2, given=given, beside=beside
    )

    whole = f"{address1} {address2} {asked}"
    seen = visible(whole) + visible(whole.replace("\u2060", " "))
    for part in (
        parts.street,
        parts.exterior_number,
        parts.interior_number,
        parts.neighbourhood,
    ):
        told = "" if part in {None, "S/N"} else part
        assert [word for word in told.split() if word.strip(",") in seen] == (
            told.split()
        )
    assert set(parts.doubts) <= set(DOUBTS)
    if country in {"MX", "CO"} and parts.doubts:
        assert not parts.certainty.reaches(Certainty.LIKELY)


@pytest.mark.parametrize("country", ["MX", "CO"])
@pytest.mark.parametrize(
    "sign",
    [
        "1 ",
        "# ",
        "#1 ",
        ", ",
        "a,",
        "- ",
        "Int 1 ",
        "Calle ",
        "Calle 1 ",
        "Cl 5 # 1 ",
        "Cl 5 # 1-",
        "Mz ",
        "Mz 1 Lt ",
        "Km 1 ",
        "Col. ",
        "barrio a ",
        "x 1 y ",
        "torre a ",
        "torre las a ",
        "primer piso ",
        "Sur ",
        "1 Sur ",
        "1 de ",
        "s / n ",
        "No. ",
        "06000 ",
    ],
)
def test_hostile_lines(country, sign):
    """
    Reading time grows with a line's length, not with its possibilities.

    Backtracking that doubles with each word would take years at 300 signs;
    what grows by the square takes four times as long for twice as much.
    """
    half, whole = (
        _cost(country, (sign * length)[:length]) for length in (150, 300)
    )

    assert whole < max(20 * half, 0.5)


def _cost(country, line):
    started = time.process_time()
    split_address(country, line, line)
    return time.process_time() - started


def test_visible():
    """
    Invisible marks go, accents are composed, blanks are single.
    """
    text = "\ufeffMe\u0301rida\u2060 \u202e\0 \u00a0Centro\n"

    assert "Mérida Centro" == visible(text)
    assert "a b\nc" == visible_lines("a \t b\r\nc\u200b\n")


SIGNS = st.characters(codec="utf-8") | st.sampled_from(
    " é\u0301\u212b\n\u2060"
)


@given(st.text(SIGNS))
def test_visible_however_plain(text):
    """
    A text reads as it does with a mark in it that nobody sees.
    """
    assert visible(f"{text}\u2060") == visible(text)
    assert visible_lines(f"{text}\u2060") == visible_lines(text)


def test_folded():
    """
    Case, accents, blanks and punctuation make no other word.
    """
    assert folded("Edo. de México") == folded("EDO DE MEXICO")
