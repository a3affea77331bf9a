"""Text as people typed it: what is seen, and what is compared."""

import re
import unicodedata
from functools import lru_cache

WORD_JOINER = "\u2060"
"""What Shopify puts between the parts of an address line; nobody sees it.
Source: github.com/Shopify/worldwide, pull request 221, read 2026-11."""

LONGEST_LINE = 300
"""Signs in an address line; in a longer one nothing is looked for."""

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls but for tabs and line ends
    "\xad\u061c\u180e"  # soft hyphen and other single marks
    "\u200b-\u200f\u202a-\u202e"  # zero width, writing direction
    "\u2060-\u206f\ufeff\ufff9-\ufffb"  # word joiner, isolates, byte order
    "]"
)

_DIGIT = re.compile(r"\d")
_DIGITS_OF_A_PHONE = 7  # at least
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


def visible(text: str) -> str:
    """
    Return *text* on one line, composed (NFC), without invisible marks.

    Runs of white space, line ends among them, become one blank.
    """
    if text.isprintable():  # as nearly all is: no mark, and blanks alone
        plain = unicodedata.normalize("NFC", text)
        if "  " not in plain:
            return plain.strip()
    return " ".join(_composed(text).split())


def visible_lines(text: str) -> str:
    """Return *text* like `visible`, but with its line ends."""
    if text.isprintable():  # then it has none
        return visible(text)
    lines = _composed(text).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines).strip()


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """
    Return the letters and digits of *text*, without accents and case.

    Two texts that fold alike are the same word to a person:
    `Edo. de México` and `EDO DE MEXICO`.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _NEITHER_LETTER_NOR_DIGIT.sub("", decomposed)


def has_digit(text: str) -> bool:
    """Return whether any digit is in *text*."""
    return _DIGIT.search(text) is not None


def has_word(text: str) -> bool:
    """Return whether two letters stand together anywhere in *text*."""
    return _TWO_LETTERS.search(text) is not None


def has_phone(text: str) -> bool:
    """Return whether *text* has as many digits as a phone number."""
    return len(_DIGIT.findall(text)) >= _DIGITS_OF_A_PHONE


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
