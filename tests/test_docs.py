"""`mappings/README.md` says what is true."""

import re
from pathlib import Path

import pytest

from bridge.mapping.cases import run_cases
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.functions import EXAMPLE_TABLES, REGISTER, of_tables
from bridge.mapping.reference import PARTS, filled
from bridge.model import Moment
from bridge.orders.document import FIELDS
from bridge.settings import (
    load_sources,
    load_stores,
    load_targets,
    sample_reader,
    surroundings,
)
from bridge.sources.register import PLATFORMS
from bridge.targets.register import CONTRACTS
from tests.mapping import FOLDER

README = FOLDER / "README.md"
PAGE = README.read_text(encoding="utf-8")
BLOCKS = [
    re.sub(r"(?m)^   ", "", block) if indent else block
    for indent, block in re.findall(r"(?ms)^( *)```yaml\n(.*?)```", PAGE)
]
TABLES = "\n".join(part() for part in PARTS.values())


def block(first: str) -> str:
    """Return the example that begins with that line."""
    (found,) = (text for text in BLOCKS if text.startswith(first))
    return found


def folder_of(place: Path) -> Path:
    """Write the page's stores and targets into *place*."""
    (place / "stores.yaml").write_text(block("# stores.yaml"), "utf-8")
    (place / "targets.yaml").write_text(block("# targets.yaml"), "utf-8")
    return place


def test_the_tables_are_as_the_code_has_them():
    """
    `python -m tests.test_docs` writes them.
    """
    assert filled(PAGE) == PAGE


@pytest.mark.parametrize("name", sorted(PARTS))
def test_every_table_is_in_the_page(name: str):
    """
    None is made for nobody.
    """
    assert 1 == PAGE.count(f"<!-- generated: {name} -->")


def test_a_marker_without_a_table_is_a_mistake():
    """
    A slip in a marker's name does not go unnoticed.
    """
    with pytest.raises(KeyError):
        filled("<!-- generated: function -->\n<!-- /generated -->")


def test_every_function_field_and_operation_is_there():
    """
    Whatever can be written can be looked up.
    """
    words = [
        *REGISTER,
        *of_tables(EXAMPLE_TABLES),
        *FIELDS,
        *FIELDS["lines"][0],
        *FIELDS["parcels"][0],
        *FIELDS["ship_to"],
        *(name for c in CONTRACTS.values() for name in c.operations),
    ]

    assert [] == [
        word for word in words if not re.search(rf"`{word}[`(\[]", TABLES)
    ]


def test_every_moment_is_explained():
    """
    `when:` can be chosen from the page.
    """
    told = re.findall(r"(?m)^\| `(\w+)` \|", PAGE)

    assert {moment.value for moment in Moment} <= set(told)


def test_every_setting_of_stores_and_targets_is_there(tmp_path: Path):
    """
    The examples of the two files have each key once, and can be read.
    """
    folder = folder_of(tmp_path)
    uncommented = re.sub(r"(?m)^  # (\w+:)", r"  \1", block("# targets.yaml"))
    (folder / "targets.yaml").write_text(uncommented, encoding="utf-8")

    store = load_stores(folder, lambda _: "x")["tienda-mx"]
    target = load_targets(folder, lambda _: "x")["rayo-mx"]

    assert "https://tienda.example.mx" == store.identity
    assert {"enviado": "completed"} == store.statuses
    assert 423 in target.contract.not_processed_statuses


def test_the_example_is_right_and_its_cases_hold(tmp_path: Path):
    """
    What the page shows can be copied and works.
    """
    folder = folder_of(tmp_path)
    text = block("# tienda-mx-rayo.yaml")
    (table,) = re.findall(r"(?ms)^```csv\n(.*?)```", PAGE)
    (folder / "tienda-mx-rayo.yaml").write_text(text, "utf-8")
    (folder / "skus.csv").write_text(table, "utf-8")
    (source,) = load_sources(folder)
    stores = load_stores(folder, lambda _: "x")
    targets = load_targets(folder, lambda _: "x")
    mapping = compile_mapping(
        source.name,
        source.text,
        file=source.file,
        around=surroundings(stores, targets),
    )
    store = stores[mapping.store]

    results = run_cases(
        block("# tienda-mx-rayo.cases.yaml"),
        file="tienda-mx-rayo.cases.yaml",
        mapping=mapping,
        store=store,
        platform=PLATFORMS[store.platform],
        sample=sample_reader(FOLDER),
    )

    assert [""] * 3 == [result.message for result in results]
    assert () == mapping.warnings


def test_the_example_of_links_is_right(tmp_path: Path):
    """
    A look-up as the page shows it can be compiled.
    """
    folder = folder_of(tmp_path)
    text = (
        "from: tienda-mx\nto: every\n"
        f"{block('links:')}"
        "rules:\n  confirm:\n    when: ready\n    call: update_order\n"
        '    path: {id: "= links.every_order"}\n'
        "    body: {order: {status: CONFIRMED}}\n"
    )  # fmt: skip
    stores = load_stores(folder, lambda _: "x")
    around = surroundings(stores, {})
    around = type(around)(
        stores=around.stores, contracts={"every": CONTRACTS["every"]}
    )

    assert compile_mapping("x", text, file="x.yaml", around=around)


if __name__ == "__main__":
    README.write_text(filled(PAGE), encoding="utf-8")
