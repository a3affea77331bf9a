"""Tables for `lookup` that stand in CSV files beside the mapping."""

from pathlib import Path

import pytest

from bridge.errors import MappingError
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.document import hash_of
from bridge.mapping.tables import (
    LONGEST,
    LONGEST_CELL,
    MOST_ROWS,
    apart,
    read_table,
    rows_of,
    text_with_tables,
)
from bridge.settings import load_sources
from tests.mapping import AROUND, compiled, order
from tests.mapping.test_compiler import YUJU

SKUS = "tienda,rayo\nCAF-500,7501000000011\n"
BY_SKU = YUJU.replace("rules:", "tables:\n  skus: skus.csv\nrules:").replace(
    "= id", "= lookup('skus', 'CAF-500')"
)


def table(text: str, column: str | None = None) -> dict[str, str]:
    """Return the table of a file's text."""
    return read_table(text.split("\n"), file="m/skus.csv", column=column)


def refused(text: str, column: str | None = None) -> str:
    """Return why there is no table."""
    with pytest.raises(MappingError) as caught:
        table(text, column)
    return str(caught.value)


def folder(place: Path, **files: str) -> Path:
    """Write files; `_` stands for the dot before the ending."""
    for name, text in files.items():
        stem, _, end = name.rpartition("_")
        (place / f"{stem}.{end}").write_bytes(text.encode())
    return place


def looked_up(text: str) -> object:
    """Return what a file of `BY_SKU` sends as the order's id."""
    (rule,) = compiled(text).rules
    assert rule.body is not None
    found = rule.body.value(order())
    return found["id_order"]


def test_a_csv_file_beside_the_mapping_is_a_table(tmp_path: Path):
    """
    A key and a value in each line, below headings.
    """
    (source,) = load_sources(folder(tmp_path, a_yaml=BY_SKU, skus_csv=SKUS))

    assert "7501000000011" == looked_up(source.text)


def test_the_kept_text_needs_no_folder(tmp_path: Path):
    """
    What the journal keeps gives the same mapping, wherever it is compiled.
    """
    place = folder(tmp_path, a_yaml=BY_SKU, skus_csv=SKUS)
    (source,) = load_sources(place)

    kept = compile_mapping(
        "a", compiled(source.text).text, file="a", around=AROUND
    )

    assert source.text == kept.text
    assert hash_of(source.text) == kept.hash
    assert looked_up(kept.text) == looked_up(source.text)


def test_another_table_is_another_text(tmp_path: Path):
    """
    So that a changed table comes in force as a changed file does.
    """
    place = folder(tmp_path, a_yaml=BY_SKU, skus_csv=SKUS)
    (before,) = load_sources(place)
    folder(tmp_path, skus_csv=SKUS.replace("7501000000011", "7501000000028"))
    (after,) = load_sources(place)

    assert compiled(before.text).hash != compiled(after.text).hash


def test_a_file_without_tables_is_kept_as_it_is(tmp_path: Path):
    """
    Nothing is put behind it.
    """
    (source,) = load_sources(folder(tmp_path, a_yaml=YUJU, skus_csv=SKUS))

    assert YUJU == source.text


def test_a_kept_text_that_is_put_back_takes_the_file_that_is_there(
    tmp_path: Path,
):
    """
    The table in the folder counts, not the one that a text had before.
    """
    place = folder(tmp_path, a_yaml=BY_SKU, skus_csv=SKUS)
    (kept,) = load_sources(place)
    folder(place, a_yaml=kept.text, skus_csv=SKUS.replace("7501", "8402"))

    (source,) = load_sources(place)

    assert "8402000000011" == looked_up(source.text)
    assert 1 == source.text.count("# ---- table")


def test_a_comment_that_looks_like_a_table_is_a_comment():
    """
    What a person wrote above the rules is not taken for a table.
    """
    text = f"# ---- table skus.csv\n# a,b\n{BY_SKU}"

    assert text == apart(text).yaml


def test_lines_come_back_as_they_were():
    """
    Whatever a table's lines look like.
    """
    rows = ["key,value", "", "#,a", "  b , c", '"x # ---- table y.csv",z']
    text = text_with_tables(
        BY_SKU.rstrip("\n"), lambda _: "\r\n".join(rows), list
    )

    assert rows == apart(text).files["skus.csv"]


@pytest.mark.parametrize(
    ("text", "column", "rows"),
    [
        ("k,v\na,1\nb,2", None, {"a": "1", "b": "2"}),
        ("k,v\n a , 1 \n", None, {"a": "1"}),
        ('k,v\n"Vela, par",VELA\n"5"" x 4",T\n', None,
         {"Vela, par": "VELA", '5" x 4': "T"}),
        ("k,v\n\n,\na,1\n,,\n".replace(",,\n", ""), None, {"a": "1"}),
        ("k,v\na,\nb,2", None, {"b": "2"}),
        ("k,v\n0123,1\nNO,2", None, {"0123": "1", "NO": "2"}),
        ("k,rayo,every\na,1,x", "rayo", {"a": "1"}),
        ("k,rayo,every\na,1,x", "every", {"a": "x"}),
        ("k,v", None, {}),
        # as an order has them: composed, without marks that nobody sees
        ("k,v\nCAFE\u0301,1\n\u200bB\u00a0,2", None, {"CAFÉ": "1", "B": "2"}),
    ],
)  # fmt: skip
def test_what_a_table_holds(
    text: str, column: str | None, rows: dict[str, str]
):
    """
    Text by text; empty lines and empty values say nothing.
    """
    assert rows == table(text, column)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", None, ("m/skus.csv:1:1: is empty: a line with headings is "
         "expected, such as `key,value`, and below it a line for each key")),
        ("k;v\na;1", None, ("m/skus.csv:1:1: semicolons stand between the "
         "columns, and commas are expected: save the file as CSV with commas")),
        ("k\tv\na\t1", None, ("m/skus.csv:1:1: tabs stand between the "
         "columns, and commas are expected: save the file as CSV with commas")),
        ("k\na", None, ("m/skus.csv:1:1: has one column only: a key and a "
         "value are expected, `key,value`")),
        ("k,v\na", None, ("m/skus.csv:2:1: has 1 cell, and 2 are expected: is "
         "a comma missing?")),
        ("k,v\na,1,2", None, ("m/skus.csv:2:1: has 3 cells, and 2 are "
         'expected: put "…" around a cell with a comma')),
        ("k,v\na,1\n\na,2", None, ("m/skus.csv:4:1: 'a' stands in line 2 "
         "already: one of the two has to go")),
        ("k,v\n,1", None, "m/skus.csv:2:1: 'k' is empty"),
        ("k,v\na,Caf\ufffd", None, ("m/skus.csv:2:6: is not UTF-8: save the "
         "file as `CSV UTF-8`")),
        ("k,v\n\ufeffa,1", None, ("m/skus.csv:2:1: a byte order mark stands "
         "inside the file, as when two files are joined: take it out")),
        ('k,v\n"a,1', None, ('m/skus.csv:2:1: a " is not closed: a cell ends '
         "on its own line")),
        ("k,v\na,1.5E+12", None, ("m/skus.csv:2:1: '1.5E+12' is a number that "
         "the spreadsheet rounded: make the column text there, and enter it "
         "again")),
        ("k,v\na,\0", None, ("m/skus.csv:2:1: is no text: save the file as "
         "CSV")),
        (f"k,v\na,{'x' * 300}", None, ("m/skus.csv:2:1: a cell is longer than "
         f"{LONGEST_CELL} characters")),
        ("k,v\n" + "a,1\n" * MOST_ROWS, None, ("m/skus.csv: has more than "
         f"{MOST_ROWS} lines")),
        ("k" * LONGEST + ",v", None, ("m/skus.csv: is longer than "
         f"{LONGEST} characters")),
        ("k,v,w\na,1,2", None, ("m/skus.csv:1:1: has 3 columns, k, v, w: say "
         "which one holds the values, as skus.csv#v")),
        ("k,v\na,1", "rayo", ("m/skus.csv:1:1: has no column 'rayo': there "
         "are k, v")),
        ("k,v,v\na,1,2", "v", ("m/skus.csv:1:1: two columns are called 'v': "
         "rename one")),
        ("sep=,\nk,v\na,1", None, ("m/skus.csv:1:1: sep= is for a spreadsheet "
         "only: take this line out")),
        (f"k,v\na,{'x' * 200_000}", None, ("m/skus.csv:2:1: is longer than "
         "65536 characters: is it a CSV?")),
        ("k,v,\na,1,", "v", ("m/skus.csv:1:1: column 3 has no heading: "
         "give it one, or take the commas at the ends of the lines out")),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_table_is_told_with_its_line(
    text: str, column: str | None, message: str
):
    """
    Which line of which file it is, and what to do.
    """
    assert message == refused(text, column)


def test_rows_have_the_numbers_of_their_lines():
    """
    Other CSV files are read alike: cells without blanks, no empty lines.
    """
    assert [(1, ["a", "b"]), (4, ["c, d", ""])] == list(
        rows_of(["a , b", "", ",", '"c, d",'], file="x.csv")
    )


def test_a_table_that_nobody_has_is_told_with_the_nearest(tmp_path: Path):
    """
    The folder's own files are what may have been meant.
    """
    place = folder(
        tmp_path,
        a_yaml=BY_SKU.replace("skus: skus.csv", "skus: sku.csv"),
        skus_csv=SKUS,
    )
    (source,) = load_sources(place)

    with pytest.raises(MappingError) as caught:
        compiled(source.text)

    assert (
        "test.yaml:4:9: there is no file sku.csv beside this one, did you "
        "mean 'skus.csv'?"
    ) == str(caught.value)


@pytest.mark.parametrize(
    "name", ["../skus.csv", "/etc/passwd", "skus.xlsx", "a/b.csv", ".csv"]
)
def test_a_table_stands_in_the_folder_itself(tmp_path: Path, name: str):
    """
    No mapping reads what lies elsewhere.
    """
    text = BY_SKU.replace("skus: skus.csv", f"skus: {name}")
    (source,) = load_sources(folder(tmp_path, a_yaml=text, skus_csv=SKUS))

    with pytest.raises(MappingError, match=r"or the name of a CSV file"):
        compiled(source.text)


def test_two_tables_may_be_two_columns_of_one_file(tmp_path: Path):
    """
    `skus.csv#rayo` and `skus.csv#every` are told apart.
    """
    text = BY_SKU.replace(
        "  skus: skus.csv", "  skus: skus.csv#rayo\n  other: skus.csv#every"
    ).replace("'skus', ", "'other', ")
    place = folder(
        tmp_path, a_yaml=text, skus_csv="sku,rayo,every\nCAF-500,1,2\n"
    )
    (source,) = load_sources(place)

    assert "2" == looked_up(source.text)
    assert 1 == source.text.count("# ---- table skus.csv")
