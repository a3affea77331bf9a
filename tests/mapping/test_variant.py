import pytest

from bridge.mapping.compiler import compile_mapping
from bridge.settings import load_stores, load_targets, surroundings
from tests.mapping import FOLDER

INTRODUCTION = "# Where Every does not import"


@pytest.mark.parametrize("name", ["chocolate-co-every", "calzado-co-every"])
def test_commented_create_is_right(name: str) -> None:
    """
    The create that stands as a comment in Every's files compiles once it is
    put in the place of `links` and `confirm`, as the comment says.
    """
    shipped = (FOLDER / f"{name}.yaml").read_text()
    file, comment = shipped.split(INTRODUCTION, 1)
    lines = [line.removeprefix("# ") for line in comment.splitlines()]
    create = "\n".join(line for line in lines if line != "#")
    variant = (
        file[: file.index("links:")]
        + "rules:\n"
        + create[create.index("  create:") :]
        + "\n"
        + file[file.index("  fulfilled:") :]
    )

    mapping = compile_mapping(
        name,
        variant,
        file=name,
        around=surroundings(
            load_stores(FOLDER, lambda _: "-"),
            load_targets(FOLDER, lambda _: "-"),
        ),
    )

    assert mapping.rules[0].operation is not None
    assert mapping.rules[0].operation.name == "create_order"
