"""The console's words, in each of its languages."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TypeGuard

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bridge.mapping.reference import known_functions

PROGRAM = Path("bridge")
WEB = PROGRAM / "web"
SPANISH = WEB / "translations/es/messages.po"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "lazy_gettext": None, "ngettext": (1, 2)}
SENTENCES = {"said", "to_say"}
"""What makes the sentences that are English everywhere but on pages."""


def said() -> Catalog:
    """Return all that the code and the templates say."""
    found = Catalog()
    for _file, _line, text, comments, context in extract_from_dir(
        WEB, METHODS, keywords=KEYWORDS
    ):
        found.add(text, auto_comments=comments, context=context)
    for text in sentences():
        found.add(text)
    for function in known_functions():
        found.add(function.description)  # a docstring's first line
    return found


def sentences() -> Iterator[str]:
    """Yield the templates of sentences, wherever in a call they stand."""
    for file in speaking():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if is_sentence(node):
                (template,) = node.args
                assert isinstance(template, ast.Constant), (file, node.lineno)
                yield str(template.value)


def speaking() -> list[Path]:
    """Return the modules that make sentences."""
    return [
        file
        for file in sorted(PROGRAM.rglob("*.py"))
        if file.stem == "saying"
        or "from bridge.saying import" in file.read_text("utf-8")
    ]


def is_sentence(node: ast.AST) -> TypeGuard[ast.Call]:
    """Return whether *node* makes a sentence, or marks a template."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in SENTENCES
    )


def spanish() -> Catalog:
    """Return the Spanish catalog as it is kept."""
    return read_po(BytesIO(SPANISH.read_bytes()), locale="es")


def places(text: object) -> list[str]:
    """Return what is to be put into a text."""
    return sorted(re.findall(r"%\(\w+\)[sr]|%%", str(text)))


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
