"""One measurement as a command of its own."""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from bench.processes import remove

Dose = TypeVar("Dose")


def run_alone(
    measure: Callable[[Path, Dose], dict[str, Any]],
    *,
    whole: Dose,
    quick: Dose,
    told: str | None,
) -> int:
    """
    Measure as the command line says; print what was found as JSON.

    Args:
        whole, quick: how much is measured; dataclasses of numbers, each of
            which is an option.
        told: what the command says of itself.
    """
    parser = argparse.ArgumentParser(description=told)
    parser.add_argument("--quick", action="store_true")
    known: Any = whole
    for field in fields(known):
        default = getattr(known, field.name)
        parser.add_argument(f"--{field.name}", type=type(default))
    wanted = vars(parser.parse_args())
    dose: Any = quick if wanted.pop("quick") else whole
    dose = replace(
        dose, **{name: one for name, one in wanted.items() if one is not None}
    )
    folder = Path(tempfile.mkdtemp(prefix="bridge-bench-"))
    try:
        found = measure(folder, dose)
    finally:
        remove(folder)
    print(json.dumps(found, indent=2))
    return 0
