"""Phone numbers as customers type them, to the forms that targets want."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

_LABEL = re.compile(r"^(?:tel|cel|m[oó]v|whats)[^\W\d_]*[.:]*", re.IGNORECASE)
_EXTENSION = re.compile(
    r"[\s,;]*(?:ext|extensi[oó]n|x)\.?[\s:]*\d{1,6}$", re.IGNORECASE
)
_LONGEST = 60
"""Signs in a phone field; what is longer is not one number."""

_RELICS = re.compile(
    r"""
    (?: (?P<abroad>\+|00)? 52 (?: 1 | 01 | 044 | 045 )?   # +52 1 55 …
      | 044 | 045 | 01                                    # 044 55 …
    )
    (?P<number>\d{10})
    """,
    re.VERBOSE,
)


def e164(text: str, country: str) -> str | None:
    """
    Return *text* as `+525555010123`, or None when it is no valid number.

    Args:
        country: two letters; of numbers without a country code.
    """
    number = _parsed(text, country)
    if number is None:
        return None
    form = phonenumbers.PhoneNumberFormat.E164
    return phonenumbers.format_number(number, form)


def national(text: str, country: str) -> str | None:
    """
    Return the digits that are dialled within *country*: `5555010123`.

    None when *text* is no valid number, or one of another country.
    """
    number = _parsed(text, country)
    if number is None:
        return None
    if number.country_code != phonenumbers.country_code_for_region(country):
        return None
    return phonenumbers.national_significant_number(number)


@lru_cache(maxsize=512)
def _parsed(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(_bare(text, country), country)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _bare(text: str, country: str) -> str:
    """
    Return *text* without label, extension and Mexican relics.

    Mexico dropped the prefixes 01, 044, 045 and the 1 after +52 in 2019;
    people, and numbers kept from before, still have them.

    Source: IFT, Plan Técnico Fundamental de Numeración, in force since
    2019-08-03; `phonenumbers` does not know them.
    """
    if len(text) > _LONGEST:
        return ""
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = _EXTENSION.sub("", _LABEL.sub("", plain))
    if any(sign.isalpha() for sign in plain):
        return ""
    relics = _RELICS.fullmatch(re.sub(r"[^\d+]", "", plain))
    if relics and (relics["abroad"] or country == "MX"):
        return f"+52{relics['number']}"
    return plain
