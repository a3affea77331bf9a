"""The console's words, in each of its languages."""

import re
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

WEB = Path("bridge/web")
SPANISH = WEB / "translations/es/messages.po"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "lazy_gettext": None, "ngettext": (1, 2)}


def said() -> Catalog:
    """Return all that the code and the templates say."""
    found = Catalog()
    for _file, _line, text, comments, context in extract_from_dir(
        WEB, METHODS, keywords=KEYWORDS
    ):
        found.add(text, auto_comments=comments, context=context)
    return found


def spanish() -> Catalog:
    """Return the Spanish catalog as it is kept."""
    return read_po(BytesIO(SPANISH.read_bytes()), locale="es")


def places(text: object) -> list[str]:
    """Return what is to be put into a text."""
    return sorted(re.findall(r"%\(\w+\)s|%%", str(text)))


def test_all_is_said_in_spanish():
    """
    Nothing is left in English, nothing is doubtful, nothing is left over.

    `make texts` gathers what is new.
    """
    kept = {one.id: one for one in spanish() if one.id}
    wanted = {one.id for one in said() if one.id}
    assert wanted == kept.keys()

    assert [] == [text for text, one in kept.items() if not one.string]
    assert [] == [text for text, one in kept.items() if one.fuzzy]


def test_what_is_put_in_is_put_in_in_spanish():
    """
    A Spanish text has the same places as the English one.
    """
    for one in spanish():
        if one.id:
            assert places(one.id) == places(one.string)


def gather() -> None:
    """Add what is new to the catalog, and take out what is gone."""
    kept = spanish() if SPANISH.exists() else Catalog(locale="es")
    kept.update(said(), no_fuzzy_matching=True)
    kept.obsolete.clear()
    out = BytesIO()
    write_po(
        out, kept, no_location=True, omit_header=False,
        sort_output=True, ignore_obsolete=True, width=79,
    )  # fmt: skip
    text = re.sub(
        r'"(POT-Creation|PO-Revision)-Date.*\n', "", out.getvalue().decode()
    )
    SPANISH.write_text(text, "utf-8")


if __name__ == "__main__":
    gather()
