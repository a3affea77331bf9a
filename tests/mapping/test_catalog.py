"""The mappings in force: a bad file never replaces a good one."""

from bridge.mapping.catalog import Catalog, Source, build_catalog
from tests.mapping import AROUND, compiled
from tests.mapping.test_compiler import RAYO, YUJU

BAD = YUJU.replace("call: set_status", "call: nope")
OTHER = YUJU.replace("  ready:", "  sent:").replace(
    "status: ready_to_ship", "status: shipped"
)


def source(name: str, text: str) -> Source:
    """Return the text of a file."""
    return Source(name=name, file=f"mappings/{name}.yaml", text=text)


def catalog(
    files: dict[str, str], last_good: dict[str, str] | None = None
) -> Catalog:
    """Return the catalog of some texts by name."""
    return build_catalog(
        [source(name, text) for name, text in files.items()],
        AROUND,
        last_good=last_good or {},
    )


def problems(found: Catalog) -> list[str]:
    """Return the problems as one line each."""
    return [str(problem) for problem in found.problems]


def test_good_files_are_in_force():
    """
    Each is found by its name, and by the store that it is from.
    """
    found = catalog({"b": YUJU, "a": RAYO})

    assert {"a", "b"} == set(found.mappings)
    assert ["a", "b"] == [m.name for m in found.of_store("cafe-mx")]
    assert [] == found.of_store("calzado-co")
    assert found.mapping("a") is found.mappings["a"]
    assert found.mapping("c") is None
    assert (frozenset(), ()) == (found.off, found.problems)


def test_a_bad_file_keeps_its_last_good_text():
    """
    What was in force goes on, and the problem is told.
    """
    found = catalog({"a": BAD}, last_good={"a": YUJU})

    assert compiled(YUJU).hash == found.mappings["a"].hash
    assert frozenset() == found.off
    assert ["mappings/a.yaml:6:11: yuju has no operation 'nope'"] == problems(
        found
    )


def test_a_bad_file_that_was_never_good_is_off():
    """
    Its orders wait, and other files are not touched by it.
    """
    found = catalog({"a": BAD, "b": YUJU})

    assert ({"b"}, frozenset({"a"})) == (set(found.mappings), found.off)
    assert 1 == len(found.problems)


def test_a_last_good_text_that_fits_no_more_is_off():
    """
    When its store or target is gone, the old text is wrong as well.
    """
    gone = YUJU.replace("to: yuju-mx", "to: yuju-co")
    found = catalog({"a": BAD}, last_good={"a": gone})

    assert ({}, frozenset({"a"})) == (found.mappings, found.off)


def test_a_better_file_takes_over():
    """
    The newest text that is right is in force.
    """
    found = catalog({"a": OTHER}, last_good={"a": YUJU})

    assert compiled(OTHER).hash == found.mappings["a"].hash


def test_a_file_that_is_gone_is_not_kept():
    """
    Only files that are there are in force.
    """
    assert {} == catalog({}, last_good={"a": YUJU}).mappings


def test_two_files_with_the_same_effect_clash():
    """
    One order would be created twice: the second file is off.
    """
    again = RAYO.replace("  create:", "  make:").replace(
        "  cancelled:", "  stopped:"
    )
    again = again.replace("  tracking:", "  guides:")
    found = catalog({"a": RAYO, "b": again})

    assert ({"a"}, frozenset({"b"})) == (set(found.mappings), found.off)
    assert [
        (
            "mappings/b.yaml:4: mappings/a.yaml has this already: create_order "
            "of cafe-mx at rayo-mx; one of the two has to go"
        )
    ] == problems(found)


def test_a_repeatable_call_clashes_only_under_the_same_name():
    """
    Two rules of different names are two effects.
    """
    assert {"a", "b"} == set(catalog({"a": YUJU, "b": OTHER}).mappings)
    assert {"a"} == set(catalog({"a": YUJU, "b": YUJU}).mappings)


def test_files_of_different_stores_or_targets_do_not_clash():
    """
    An effect is one store's at one target.
    """
    other = YUJU.replace("from: cafe-mx", "from: calzado-co")

    assert {"a", "b"} == set(catalog({"a": YUJU, "b": other}).mappings)


def test_a_new_file_that_clashes_does_not_put_out_the_one_in_force():
    """
    What was in force stays, whatever the new file is called.
    """
    found = catalog({"a": YUJU, "z": YUJU}, last_good={"z": YUJU})

    assert ({"z"}, frozenset({"a"})) == (set(found.mappings), found.off)


def test_an_edit_that_clashes_keeps_the_last_good_text():
    """
    Both files go on as they were.
    """
    found = catalog({"a": YUJU, "z": YUJU}, last_good={"a": OTHER, "z": YUJU})

    assert compiled(OTHER).hash == found.mappings["a"].hash
    assert compiled(YUJU).hash == found.mappings["z"].hash
    assert (frozenset(), 1) == (found.off, len(found.problems))
