"""What `check`, cases, explanations and functions say, on Spanish pages."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from bridge.mapping.catalog import Source
from bridge.mapping.reference import known_fields, known_functions
from bridge.model import DeliveryState, Instant
from bridge.saying import Code, Foreign, Kept, Said, said
from bridge.web.console.words import WORDS
from tests.mapping import compiled, state_of
from tests.mapping.test_broken import SOURCES, problems_of
from tests.mapping.test_cases import FORMS, WRONG, case, message_of
from tests.mapping.test_explain import WHOLE, done
from tests.mapping.test_explain import told as explain_told
from tests.web.console.test_spanish import Spoken, english
from tests.web.console.test_texts import is_sentence
from tests.web.doors import web

SPEAKING = [*Path("bridge/mapping").glob("*.py"), Path("bridge/checks.py")]
SAY_NOTHING = {
    "countries", "discretion", "masking", "recording", "reference", "schema",
    "stand_ins",
}  # fmt: skip
"""Modules of the mapping language whose words no page shows as sentences."""
TWO_WORDS = re.compile(r"[a-z]{2,} [a-z]{2,}")
NO_SENTENCES = {
    # of YAML's and pydantic's own messages, to know them by
    "Unknown token", "Value error, ", "cannot start any token",
    "could not find expected ':'", "end of stream", "expected <block end>",
    "indentation indicators", "mapping values are not",
    "mapping values are not allowed", "unexpected end of stream",
    "unknown escape character",
    # words of functions and forms
    "cut('dos rebozos de seda', `12`)", "dos rebozos", "es or en",
    "time zone", "time zone?",
    # kinds, compared with those that are said
    "a whole number", "an object", "true or false",
    # a bug of ours; an answer in a question that the journal keeps
    "(not known)", "a question has no request",
    # a mark of ours in a text
    "# ---- no table; there are:",
}  # fmt: skip
QUESTION = "Rayo has no cancel call."
"""Of a mapping, in its own words."""
MADE_OF = {
    "error",
    "failed",
    "fault",
    "hint",
    "message",
    "more",
    "text",
    "why",
}
"""What holds sentences, by the names of variables and parameters."""


@pytest.fixture(scope="module")
def app() -> Flask:
    """The console; nothing is asked of its journal."""
    return web(journal=None)  # type: ignore[arg-type]


def told(app: Flask, text: str, language: str = "es") -> str:
    """Return a sentence as a page of that language shows it."""
    headers = {"Accept-Language": language}
    with app.test_request_context("/console/", headers=headers):
        return str(WORDS["sentence"](text))


def left_english(page: str) -> list[str]:
    """Return what is English of a piece of a page, but for what it quotes."""
    spoken = Spoken()
    spoken.feed(page)
    spoken.texts = [
        re.sub(r"'[^']*'|`[^`]*`|\"[^\"]*\"", "", text)
        for text in spoken.texts
    ]
    return english(spoken) + re.findall(r'lang="en".*', page)


# ------------------------------------------------- nothing is said otherwise


def test_no_sentence_stands_outside_of_said() -> None:
    """
    What is written in plain quotes could be shown in English only.
    """
    found = [
        (str(file), node.lineno, text)
        for file in SPEAKING
        if file.stem not in SAY_NOTHING
        for node, text in plain_sentences(file)
        if text not in NO_SENTENCES
    ]
    assert [] == found


def plain_sentences(file: Path) -> Iterator[tuple[ast.expr, str]]:
    """Yield the texts of some words that are no docstring and not `said`."""
    ahead: list[ast.AST] = [ast.parse(file.read_text("utf-8"))]
    while ahead:
        node = ahead.pop()
        is_docstring = isinstance(node, ast.Expr) and isinstance(
            node.value, ast.Constant
        )
        if is_docstring or is_sentence(node):
            continue
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and TWO_WORDS.search(node.value)
        ):
            yield node, node.value
        ahead += ast.iter_child_nodes(node)


def test_no_sentence_is_pasted_together() -> None:
    """
    An f-string, `+`, `%` or `join` forgets what it was made of.
    """
    found = [
        (str(file), value.lineno, ast.unparse(value))
        for file in SPEAKING
        if file.stem not in SAY_NOTHING
        for name, value in made(ast.parse(file.read_text("utf-8")))
        if name in MADE_OF and is_pasted(value)
    ]
    assert [] == found


def made(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield what is given to variables, parameters and errors, by name."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                yield name, value
            case ast.keyword(arg=str(name), value=value):
                yield name, value
            case ast.Raise(exc=ast.Call(args=[value, *_])):
                yield "error", value
            case _:
                pass


def is_pasted(value: ast.expr) -> bool:
    """Return whether *value* is a text that is made of others."""
    match value:
        case ast.JoinedStr():
            return True
        case ast.BinOp(left=left, right=right):
            return is_pasted(left) or is_pasted(right)
        case ast.IfExp(body=body, orelse=orelse):
            return is_pasted(body) or is_pasted(orelse)
        case ast.Call(func=ast.Attribute(attr="join" | "format")):
            return True
        case _:
            return False


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_mistake_is_told_in_spanish(app: Flask, source: Source) -> None:
    """
    Each message of the collected mistakes, whole.
    """
    for problem in problems_of(source):
        page = told(app, problem.message)
        assert [] == left_english(page), page
        assert "%(" not in page


@pytest.mark.parametrize(
    "text",
    [
        *(case(expect, **given) for expect, given, _message in WRONG),
        *(text for text, _message in FORMS),
    ],
)
def test_a_case_that_fails_is_told_in_spanish(app: Flask, text: str) -> None:
    """
    What differs, or what is wrong with the file.
    """
    page = told(app, message_of(text)).partition(QUESTION)[0]
    assert [] == left_english(page), page


def test_why_a_rule_does_not_act_is_told_in_spanish(app: Flask) -> None:
    """
    Whatever keeps it: the order, its mapping, or what was done before.
    """
    mapping = compiled(WHOLE)
    waits = replace(
        done(mapping, "create", DeliveryState.HELD),
        reason="out_of_stock",
        reason_text="Rayo has too few of A",
        where={"skus": ["A"]},
    )
    empty = replace(state_of().snapshot, lines=())  # type: ignore[type-var]
    explained = [
        explain_told(links={}),
        explain_told(since=Instant(2**45)),
        explain_told(replace(state_of(), snapshot=None)),
        explain_told(replace(state_of(), snapshot=empty)),
        explain_told(deliveries=[waits]),
        explain_told(deliveries=[done(mapping, "create")]),
    ]
    pages = {
        told(app, one.why)
        for found in explained
        for one in found.rules
        if one.why
    }
    assert len(pages) > 5
    for page in pages:
        assert [] == left_english(page), page
    assert (
        "envío 7: detenido, te espera: Rayo no tiene suficientes A." in pages
    )


@pytest.mark.parametrize(
    "text", ["a: b\n- c\n", "a: [}\n", "a: |x\n", "a: & b\n"]
)
def test_what_yaml_says_itself_is_told_in_spanish(
    app: Flask, text: str
) -> None:
    """
    Where a mistake is so odd that we have no words of our own.
    """
    source = Source(name="odd", file="odd.yaml", text=text)
    (problem,) = problems_of(source)
    page = told(app, problem.message)
    assert [] == left_english(page), page


def test_what_may_stand_in_an_expression_is_told_in_spanish(
    app: Flask,
) -> None:
    """
    Each function says what it gives, each field what it is.
    """
    texts = [one.description for one in known_functions()]
    texts += [kind for _path, kind in known_fields()]
    for text in texts:
        page = told(app, text)
        assert [] == left_english(page)
        assert page != told(app, text, "en")


# -------------------------------------------------------- how a page tells it


def test_english_pages_have_the_sentence_itself(app: Flask) -> None:
    """
    Whatever it is made of.
    """
    kept = Kept("no stock at all", "out_of_stock", {"skus": ["A"]})
    sentence = said("%(one)s or %(other)s", one=kept, other=Code("timeout"))

    assert "no stock at all or timeout" == told(app, sentence, "en")


def test_what_is_no_sentence_is_marked_as_english(app: Flask) -> None:
    """
    What came through the database, or is a library's.
    """
    assert '<span lang="en">It is so.</span>' == told(app, "It is so.")
    assert "" == told(app, "")
    sentence = said("%(file)s is no JSON: %(error)s", file="a", error=Foreign("the end"))  # fmt: skip
    assert 'a no es JSON: <span lang="en">the end</span>' == told(
        app, sentence
    )


def test_a_kept_reason_is_told_by_its_code(app: Flask) -> None:
    """
    With what it is about; its own words stand beside where they say more.
    """

    def page(text: str, code: str, **where: object) -> str:
        return told(app, Said("%(kept)s", {"kept": Kept(text, code, where)}))

    assert "Rayo no conoce A." == page("It is", "sku_unknown", skus=["A"])
    assert "su contenido no se puede leer" == page("It is", "json")
    assert '<span lang="en">It is</span>' == page("It is", "of_a_vendor")
    assert "El mapeo pregunta: ¿Ya?" == page("¿Ya?", "asked")
    assert page("It is", "value_wrong").endswith(
        '<span lang="en">It is</span>'
    )


def test_what_a_file_says_is_text(app: Flask) -> None:
    """
    In quotes or not, and in a sentence within a sentence.
    """
    hostile = "<script>alert('%(x)s')</script>"
    inner = said("there is no field %(name)r%(hint)s", name=hostile, hint=hostile)  # fmt: skip
    for language in ("es", "en"):
        page = told(app, said("%(one)s or %(other)s", one=hostile, other=inner), language)  # fmt: skip
        assert "<" not in page
        assert 3 == page.count("&lt;script&gt;")
