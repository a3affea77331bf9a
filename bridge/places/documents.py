"""
Identity numbers: cédula and NIT of Colombia, RFC of Mexico.

Only the form is checked, and a NIT's check digit where it is told; whether
somebody has the number, only the authorities know.
"""

import re
from dataclasses import dataclass
from typing import Literal

DocumentKind = Literal["cedula", "nit", "rfc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    An identity number.

    Args:
        number: without dots and blanks; a NIT with a dash before its check
            digit, when that was told and is right.
        verified: a check digit was there and agrees.
    """

    kind: DocumentKind
    number: str
    verified: bool = False


_NIT_WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)
"""
By a digit's place, from the right.

Source: DIAN, Orden Administrativa 4 of 1989, as in es.wikipedia.org "Número
de Identificación Tributaria" and softcanon.com/node/15; read 2026-11-22.
"""

_LABEL = re.compile(
    r"^(?:c\.?\s?c\.?|c[eé]dula(?:\s+de\s+ciudadan[ií]a)?|nit|rfc)"
    r"(?![a-zñ])[\s.:#-]*",
    re.IGNORECASE,
)
_SAYS_NIT = re.compile(r"^nit(?![a-zñ])", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{6,10}")
_COMPANY = re.compile(r"[89][0-9]{8}")
"""A company's NIT has nine digits and begins with 8 or 9."""
_WITH_CHECK = re.compile(r"([0-9]{6,10})-([0-9])")
_RFC = re.compile(
    r"[A-ZÑ&]{3,4}[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"[A-Z0-9]{2}[0-9A]"
)
"""
Three letters of a company or four of a person, a date, a homoclave.
Source: es.stackoverflow.com/questions/31713 on SAT's algorithm, read
2026-11-22.
"""
_LONGEST = 60


def document(text: str | None, country: str | None) -> Document | None:
    """
    Return the identity number that *text* is, or None when it is none.

    Args:
        country: two letters; `CO` knows cédula and NIT, `MX` the RFC.
    """
    if not text or len(text) > _LONGEST:
        return None
    match country:
        case "CO":
            return _colombian(text.strip())
        case "MX":
            return _rfc(text.strip())
        case _:
            return None


def nit_check_digit(number: str) -> int:
    """
    Return the check digit of a NIT's *number*, which is digits only.

    The digits are weighted from the right and summed, modulo 11; the
    remainder itself when it is 0 or 1, else 11 less it.
    """
    digits = reversed([int(digit) for digit in number])
    total = sum(
        digit * weight
        for digit, weight in zip(digits, _NIT_WEIGHTS, strict=False)
    )
    rest = total % 11
    return rest if rest in {0, 1} else 11 - rest


def _colombian(text: str) -> Document | None:
    """
    Return a NIT or a cédula.

    It is a NIT when it is called so, has its check digit or a company's
    form.
    A person's NIT is the cédula with a check digit. Without the word or the
    dash ten digits are a cédula, unless they are a company's with its digit.
    """
    bare = re.sub(r"[\s.,]", "", _LABEL.sub("", text))
    if with_check := _WITH_CHECK.fullmatch(bare):
        return _checked(with_check[1], int(with_check[2]))
    if not _NUMBER.fullmatch(bare):
        return None
    body, last = bare[:-1], int(bare[-1])
    called_so = _SAYS_NIT.match(text) is not None
    if _COMPANY.fullmatch(body) and nit_check_digit(body) == last:
        return _checked(body, last)
    if called_so or _COMPANY.fullmatch(bare):
        return Document(kind="nit", number=bare)
    return Document(kind="cedula", number=bare)


def _checked(number: str, digit: int) -> Document | None:
    """Return a NIT with its check digit; None when that is wrong."""
    if nit_check_digit(number) != digit:
        return None
    return Document(kind="nit", number=f"{number}-{digit}", verified=True)


def _rfc(text: str) -> Document | None:
    bare = re.sub(r"[\s.-]", "", _LABEL.sub("", text)).upper()
    if not _RFC.fullmatch(bare):
        return None
    return Document(kind="rfc", number=bare)
