"""The stores, targets and mapping files of a folder, and what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bridge.errors import MappingError, Problem, SettingsError
from bridge.mapping.catalog import Catalog, build_catalog
from bridge.settings import (
    STORES,
    TARGETS,
    ReadSecret,
    load_sources,
    load_stores,
    load_targets,
    read_settings,
    secrets_from,
    surroundings,
)
from bridge.sources.platform import Store
from bridge.targets.account import Target

STAND_IN = "not-set"
"""Stands for a secret that is not there, where none is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """
    What a folder holds, as far as it can be read.

    Args:
        problems: everything that is wrong, in any of the files.
        missing: secrets that are not to be had, one sentence each.
    """

    stores: Mapping[str, Store]
    targets: Mapping[str, Target]
    catalog: Catalog = field(default_factory=Catalog)
    problems: tuple[Problem, ...] = ()
    missing: tuple[str, ...] = ()


def look_at(folder: Path, environ: Mapping[str, str]) -> Files:
    """Return what *folder* holds; a missing secret is only noted."""
    missing: dict[str, None] = {}
    secret = _lenient(secrets_from(environ), missing)
    problems: list[Problem] = []
    stores = _loaded(load_stores, folder / STORES, secret, problems)
    targets = _loaded(load_targets, folder / TARGETS, secret, problems)
    catalog = Catalog()
    if not problems:  # else every file would seem wrong
        around = surroundings(stores, targets)
        catalog = build_catalog(load_sources(folder), around, last_good={})
        problems += catalog.problems
    return Files(
        stores=stores,
        targets=targets,
        catalog=catalog,
        problems=tuple(problems),
        missing=tuple(missing),
    )


def known_targets(environ: Mapping[str, str]) -> Mapping[str, Target]:
    """Return the targets, none of them where their file is wrong."""
    file = read_settings(environ).mappings / TARGETS
    return _loaded(load_targets, file, lambda _name: STAND_IN, [])


def _lenient(secret: ReadSecret, missing: dict[str, None]) -> ReadSecret:
    def read(name: str) -> str:
        try:
            return secret(name)
        except SettingsError as error:
            missing[str(error)] = None
            return STAND_IN

    return read


V = TypeVar("V", Store, Target)


def _loaded(
    load: Callable[[Path, ReadSecret], dict[str, V]],
    file: Path,
    secret: ReadSecret,
    problems: list[Problem],
) -> dict[str, V]:
    try:
        return load(file.parent, secret)
    except MappingError as error:
        problems += error.problems
    except SettingsError as error:
        problems.append(Problem(file=str(file), message=str(error)))
    return {}
