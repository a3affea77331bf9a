"""YAML, text first, with the place of every word."""

import time

import pytest

from bridge.errors import MappingError
from bridge.mapping.text import DEEPEST, LONGEST, read_yaml


def read(text: str) -> object:
    """Return the bare value of *text*."""
    return read_yaml(text, file="f.yaml").data()


def refused(text: str) -> str:
    """Return how *text* is refused."""
    with pytest.raises(MappingError) as caught:
        read_yaml(text, file="f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    "word",
    [
        "01000", "NO", "no", "on", "off", "yes", "y", "2026-01-01",
        "2026-01-01T10:00:00Z", "1_000", "12:30", "1.0", "1.50", ".inf",
        ".nan", "1e3", "0x1F", "0o17", "00", "+5", "~", "Null", "NULL",
        "True", "TRUE", "False", "-a", "1 000", "1,000",
        "12345678901234567890123",
    ],
)  # fmt: skip
def test_a_word_is_text_whatever_yaml_1_1_makes_of_it(word: str):
    """
    Postal codes, countries, dates and amounts are what was typed.
    """
    assert {"a": word} == read(f"a: {word}")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("null", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("7", 7),
        ("-12", -12),
        ("123456789012345678", 123456789012345678),
        ("", None),
    ],
)
def test_null_truth_and_whole_numbers_are_values(word: str, value: object):
    """
    Only null, true, false and integers without a leading zero are values.
    """
    assert {"a": value} == read(f"a: {word}")


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("word", ["null", "true", "7", "", "= x"])
def test_quotes_make_text_of_every_value(word: str, quote: str):
    """
    What stands in quotes is text.
    """
    assert {"a": word} == read(f"a: {quote}{word}{quote}")


def test_keys_are_text():
    """
    A key is never a number, a truth or null.
    """
    assert {"1": 1, "null": 2, "on": 3, "true": 4} == read(
        "1: 1\nnull: 2\non: 3\ntrue: 4\n"
    )


def test_nothing_is_null():
    """
    An empty file is read as null.
    """
    assert read("") is None
    assert read("# only a comment\n") is None


def test_a_byte_order_mark_is_no_word():
    """
    Editors of Windows may begin a file with a byte order mark.
    """
    assert {"a": 1} == read("\ufeffa: 1")


def test_places_start_at_one_and_fall_on_the_word():
    """
    A node knows its line and column, and where each key stands.
    """
    root = read_yaml("a: x\nb:\n  - {c: y}\n", file="f")

    assert (3, 6) == root.at(("b", 0, "c", "x"))
    assert (3, 6) == root.at(("b", 0, "c"))
    assert (2, 1) == root.at(("b",))
    assert (1, 1) == root.at(("nowhere",))


CUT = (
    "an expression with ': ' in it is cut by YAML: put quotes around the "
    "whole, beginning with the '='"
)
REFUSED = [
    ("a: 1\nb: 2\na: 3", "f.yaml:3:1: the key 'a' stands here twice"),
    ("a:\n  b: 1\n  b: 1", "f.yaml:3:3: the key 'b' stands here twice"),
    (
        "a: &x 1",
        "f.yaml:1:4: anchors and aliases are not taken: write it out",
    ),
    (
        "a: &x\n  b: 1",
        "f.yaml:1:4: anchors and aliases are not taken: write it out",
    ),
    (
        "a: *x",
        "f.yaml:1:4: anchors and aliases are not taken: write it out",
    ),
    ("&x a: 1", "f.yaml:1:1: a key must be a plain word"),
    (
        "<<: {a: 1}",
        "f.yaml:1:1: merge keys are not taken: write it out",
    ),
    ("a: !!int '1'", "f.yaml:1:4: tags are not taken"),
    ("a: !secret x", "f.yaml:1:4: tags are not taken"),
    (
        "a: !!python/object/apply:os.system [x]",
        "f.yaml:1:4: tags are not taken",
    ),
    ("!!str a: 1", "f.yaml:1:1: a key must be a plain word"),
    ("? [a]\n: 1", "f.yaml:1:3: a key must be a plain word"),
    (
        "a: 1\n---\nb: 1",
        "f.yaml:2:1: one file holds one document: a second begins here",
    ),
    ("a:\n\tb: 1", "f.yaml:2:1: a tab stands where only spaces may"),
    (
        "a: [= sku]",
        "f.yaml:1:5: put quotes around an expression inside [ ] or { }",
    ),
    (
        "a: {b: [{c: = sku}]}",
        "f.yaml:1:13: put quotes around an expression inside [ ] or { }",
    ),
    (
        "a: = if(x, 'ref: 1', y)",
        f"f.yaml:1:16: {CUT}",
    ),
    (
        "- = words('a: ', b)",
        f"f.yaml:1:15: {CUT}",
    ),
    (
        "a: = x\n b: = y",
        (
            "f.yaml:2:2: is indented further than line 1, which has its value "
            "already: indent the lines of one level alike"
        ),
    ),
    (
        "a: Calle 5: 2",
        "f.yaml:1:11: text with ': ' in it needs quotes around the whole",
    ),
    ("a:b\nc: 2", "f.yaml:1:3: a blank is missing after the ':'"),
    (
        "a: 'b 'c' d'",
        (
            "f.yaml:1:8: the text ends at the ' before this: put \" around the "
            "whole"
        ),
    ),
    ("a: @x", "f.yaml:1:4: text that begins like this needs quotes"),
    ("a: `1`", "f.yaml:1:4: text that begins like this needs quotes"),
    ("a: 'x\nb: 2", "f.yaml:1:4: a quote is not closed"),
    (
        "a: [1, 2\nb: 3",
        "f.yaml:2:2: a [ or { is not closed, or a comma is missing",
    ),
    ("a:\n   b: 1\n  c: 2", "f.yaml:3:3: indent the lines of one level alike"),
    ("a: 1\nb\nc: 2", "f.yaml:2:1: a key needs ': ' and its value"),
    ("a: x\x00y", "f.yaml:1:5: a sign stands here that no text can hold"),
    (
        "a: 1\nb: Caf\ufffd",
        "f.yaml:2:7: is not UTF-8: save the file in that encoding",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_would_surprise_is_refused_with_its_place(
    text: str, message: str
):
    """
    Each thing that is not taken is one line: file, line, column, what to do.
    """
    assert message == refused(text)


def test_an_expression_that_a_hash_cut_is_known():
    """
    A ` #` begins a comment: the node tells that something followed.
    """
    root = read_yaml("a: = join(' # ', tags)\nb: = sku  # why\nc: x", file="f")
    assert isinstance(root.value, dict)

    assert ("= join('", True) == (root.value["a"].value, root.value["a"].cut)
    assert ("= sku", True) == (root.value["b"].value, root.value["b"].cut)
    assert ("x", False) == (root.value["c"].value, root.value["c"].cut)


@pytest.mark.parametrize(
    "text",
    ["a: Bodega #4", "a: = join(' #', tags)", "- Bodega #4", "a:\n  b #c"],
)
def test_text_that_a_glued_hash_cuts_is_refused(text: str):
    """
    Whoever writes ` #4` means the number, whoever writes ` # ` a comment.
    """
    assert refused(text).endswith(
        "' #' begins a comment and cuts the text here: put quotes around the "
        "whole, or a blank after the # of a comment"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: x # why", "x"),
        ("a: x  #why", "x"),
        ("a: x ## why", "x"),
        ("a: x#1", "x#1"),
        ("a: 'x' #why", "x"),
        ("a: #why\n", None),
    ],
)
def test_a_comment_after_a_text_is_a_comment(text: str, value: str | None):
    """
    With a blank behind its #, after two blanks, or after quotes.
    """
    assert {"a": value} == read(text)


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("a: = name.citty", "citty", (1, 11)),
        ("a: '= name.citty'", "citty", (1, 12)),
        ("a: '= f(''x'', citty)'", "citty", (1, 16)),
        ("a: \"= f('x', citty)\"", "citty", (1, 14)),
        ('a: "= f(\\"x\\", citty)"', "citty", (1, 16)),
        ("a: = f(name,\n     citty)", "citty", (2, 6)),
        ("a: >-\n  = f(name,\n  citty)\n", "citty", (3, 3)),
        ("a: |\n  = f(name,\n    citty)\n", "citty", (3, 5)),
        ('b: x\na: ["= citty"]', "citty", (2, 8)),
    ],
)
def test_a_word_inside_a_text_has_its_place(
    text: str, word: str, place: tuple[int, int]
):
    """
    Whatever quotes, escapes and lines the text is written with.
    """
    node = read_yaml(text, file="f").value
    assert isinstance(node, dict)
    scalar = node["a"]
    if isinstance(scalar.value, list):
        (scalar,) = scalar.value

    assert place == scalar.place_of(str(scalar.value).index(word))


def test_a_text_that_is_not_found_again_has_the_place_of_the_whole():
    """
    An escape that stands for another sign is not looked through.
    """
    root = read_yaml('a: "\\x41bc"', file="f").value
    assert isinstance(root, dict)

    assert (1, 4) == root["a"].place_of(0)


def test_quoted_text_is_never_cut():
    """
    Within quotes a ` #` is text.
    """
    assert {"a": "= join(' #', tags)"} == read("a: \"= join(' #', tags)\"")


def test_an_alias_bomb_ends_at_its_first_anchor():
    """
    A file that would grow to a billion nodes is refused at once.
    """
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)
    ]
    began = time.perf_counter()

    message = refused("\n".join(rows))

    assert message.startswith("f.yaml:1:5: anchors and aliases are not taken")
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_what_is_nested_without_end_is_refused_quickly(opening: str):
    """
    A hundred thousand levels are refused at the first one too many.
    """
    began = time.perf_counter()

    message = refused((opening * 100_000)[: LONGEST - 1])

    assert f"is nested deeper than {DEEPEST}" in message
    assert time.perf_counter() - began < 5


def test_a_file_that_is_too_long_is_not_looked_at():
    """
    A file of megabytes is no mapping.
    """
    text = "a: " + "x" * LONGEST

    assert f"f.yaml: is longer than {LONGEST} characters" == refused(text)
