"""Sentences that know what they were made of."""

import copy
import json
import pickle

from bridge.saying import Kept, Said, either, said, together

FIELD = "<b>ship_to</b>"


def test_a_sentence_is_its_english_text():
    """
    Whoever compares, prints or keeps it has just the text.
    """
    sentence = said("there is no field %(name)r", name=FIELD)

    assert sentence == f"there is no field {FIELD!r}"
    assert json.dumps(sentence) == json.dumps(f"there is no field {FIELD!r}")
    assert {sentence} == {f"there is no field {FIELD!r}"}
    assert type(f"{sentence}.") is str


def test_a_sentence_goes_through_an_exception():
    """
    `str(error)` is the sentence, template and all; a copy of it, too.
    """
    sentence = said("needs %(n)s", n=2)

    for one in (
        str(ValueError(sentence)),
        copy.deepcopy(sentence),
        pickle.loads(pickle.dumps(sentence)),
    ):
        assert isinstance(one, Said)
        assert ("needs %(n)s", {"n": 2}) == (one.template, one.parts)


def test_a_template_without_parts_is_not_filled_in():
    """
    A percent sign in it is one.
    """
    assert "such as `%d/%m`" == said("such as `%d/%m`")


def test_texts_are_put_together_as_sentences():
    """
    With something between; what is empty is left, and one is itself.
    """
    first, last = said("one"), said("two")

    both = together(first, "", last, between=" % ")

    assert "one % two" == both
    assert isinstance(both, Said)
    assert [first, last] == [*both.parts.values()]
    assert together("", first) is first
    assert "" == together()


def test_choices_are_told_as_a_sentence():
    """
    However many there are.
    """
    assert "'a' or 'b' or 'c'" == either(["'a'", "'b'", "'c'"])
    assert "'a'" == either(["'a'"])


def test_what_was_put_in_is_changed():
    """
    Also in the sentences that were put in; what is no text stays.
    """
    inner = said("of %(what)s", what="a.0")
    sentence = said("%(n)s %(inner)s", n=1, inner=inner)
    assert isinstance(sentence, Said)

    changed = sentence.changed(lambda text: text.replace(".0", "[]"))

    assert "1 of a[]" == changed
    assert "%(n)s %(inner)s" == changed.template


def test_a_kept_reason_is_copied_with_its_code():
    """
    As everything else in a sentence.
    """
    kept = copy.copy(Kept("no stock", "out_of_stock", {"skus": ["A"]}))

    assert ("no stock", "out_of_stock", {"skus": ["A"]}) == (
        kept,
        kept.code,
        kept.where,
    )
