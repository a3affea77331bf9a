import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.places.municipalities import BadLine, Municipalities, location
from bridge.places.postal import DANE

CSV = Path(__file__).with_name("municipalities.csv").read_text("utf-8")
TABLE = Municipalities.from_csv(CSV)


@pytest.mark.parametrize(
    ("department", "city", "code"),
    [
        ("DC", "Bogotá", "11001"),
        ("DC", "BOGOTA D.C.", "11001"),
        ("DC", "Bogotá, D.C.", "11001"),
        ("DC", "bogota dc", "11001"),
        ("DC", "Bogotá Distrito Capital", "11001"),
        ("DC", "Santa Fe de Bogotá", "11001"),
        ("BOL", "Cartagena", "13001"),
        ("BOL", "cartagena de indias", "13001"),
        ("NSA", "Cúcuta", "54001"),
        ("NSA", "San José de Cúcuta", "54001"),
        ("VAC", "Santiago de Cali", "76001"),
        ("VAC", "Buga", "76111"),
        ("NAR", "San Juan de Pasto", "52001"),
        ("GUV", "San José del Guaviare", "95001"),
        ("SAP", "San Andrés", "88001"),
        ("SAP", "San Andrés Isla", "88001"),
        ("ANT", "Armenia", "05059"),
        ("QUI", "Armenia", "63001"),
        (None, "Armenia", None),
        (None, "Medellin", "05001"),
        ("ANT", "Itagui", "05360"),
        ("CUN", "Bogotá", None),
        ("ANT", "Narnia", None),
        ("ANT", "", None),
        ("ANT", None, None),
    ],
)
def test_code(department, city, code):
    """
    A municipality is found as customers write it, in its department.
    """
    assert code == TABLE.code(department, city)


def test_location():
    """
    Every names a municipality's seat with eight digits.
    """
    assert "CO-11001000" == location("11001")


def test_table():
    """
    The test's table has each department's capital, and no bad line.
    """
    codes = {code for code, *_ in csv.reader(CSV.splitlines())}
    without = {number for number in DANE if f"{number}001" not in codes}

    assert () == TABLE.bad_lines
    assert {"25"} == without  # whose capital is Bogotá
    assert len(TABLE) == len(codes) - 1 >= 44


@pytest.mark.parametrize(
    "text",
    [
        "code,department,municipality\n05001,Antioquia,Medellín\n",
        "\ufeffCOD_MPIO;DPTO;NOM_MPIO\r\n5001;ANTIOQUIA;MEDELLÍN\r\n",
        (
            "Código Departamento\tNombre Departamento\tCódigo Municipio\t"
            "Nombre Municipio\n05\tAntioquia\t05001\tMedellín\n"
        ),
        (
            "CÓDIGO DANE DEL DEPARTAMENTO,DEPARTAMENTO,CÓDIGO DANE DEL "
            'MUNICIPIO,MUNICIPIO\n5,Antioquia,"5,001",Medellín\n'
        ),
        "c_digo_dane_del_municipio,municipio\n5.001,Medellín\n",
    ],
)
def test_official_forms(text):
    """
    The official table is read in the forms in which it can be had.
    """
    table = Municipalities.from_csv(text)

    assert () == table.bad_lines
    assert "05001" == table.code("ANT", "medellin")


def test_bad_lines():
    """
    A line that can not be used is told by its number; the others stand.
    """
    table = Municipalities.from_csv(
        "code,department,municipality\n"
        "05001,Antioquia,Medellín\n"
        "\n"
        "x,Antioquia,Bello\n"
        "500100,Antioquia,Bello\n"
        "01001,Antioquia,Bello\n"
        "05088,Atlántico,Bello\n"
        "05088,Antioquia,\n"
        "05088\n"
        "05266,,Envigado\n"
    )

    assert (
        BadLine(number=4, reason="the code is no number"),
        BadLine(number=5, reason="the code has not five digits"),
        BadLine(number=6, reason="the code is of no department"),
        BadLine(number=7, reason="code and department do not agree"),
        BadLine(number=8, reason="the name is missing"),
        BadLine(number=9, reason="columns are missing"),
    ) == table.bad_lines
    assert ("05001", "05266") == (
        table.code("ANT", "Medellín"),
        table.code("ANT", "Envigado"),
    )


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "code\n05001\n"])
def test_no_table(text):
    """
    Without its columns it is no table.
    """
    table = Municipalities.from_csv(text)

    assert [1] == [line.number for line in table.bad_lines]
    assert 0 == len(table)


def test_two_of_one_name():
    """
    A name that two municipalities of a department have finds neither.
    """
    table = Municipalities.from_csv("code,municipality\n05001,A\n05002,A\n")

    assert table.code("ANT", "A") is None


def test_official_name_first():
    """
    A short name goes to the municipality that has it officially.
    """
    table = Municipalities.from_csv(
        "code,municipality\n05001,Santiago de Abc\n05002,Abc\n"
    )

    assert ("05001", "05002") == (
        table.code("ANT", "Santiago de Abc"),
        table.code("ANT", "Abc"),
    )


@settings(deadline=None)
@given(st.text())
def test_any_text(text):
    """
    No text is an error.
    """
    Municipalities.from_csv(text)
    Municipalities.from_csv(f"code,municipality\n{text}").code("ANT", text)
    TABLE.code("ANT", text)
