"""The cases of mapping files, run once for many pages."""

from collections.abc import Sequence
from pathlib import Path

from bridge.checks import case_results
from bridge.mapping.cases import CaseResult
from bridge.mapping.document import Mapping
from bridge.settings import load_cases
from bridge.web.parts import Parts

_Stamp = tuple[object, ...]


class Casework:
    """Knows how the cases of each file went."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._kept: dict[str, tuple[_Stamp, Sequence[CaseResult]]] = {}

    def results(self, mapping: Mapping) -> Sequence[CaseResult]:
        """Return how the cases of a file went, by its text of now."""
        stores = self._parts.stores()
        if mapping.store not in stores:
            return ()
        folder = self._parts.settings.mappings
        stamp = (mapping.hash, stores[mapping.store], _stamp(folder))
        known = self._kept.get(mapping.name)
        if known is not None and known[0] == stamp:
            return known[1]
        found = [*case_results(folder, [mapping], stores)]
        self._kept[mapping.name] = (stamp, found)
        return found

    def has_cases(self, name: str) -> bool:
        """Return whether there is a file of cases for a mapping."""
        return name in load_cases(self._parts.settings.mappings)


def _stamp(folder: Path) -> _Stamp:
    """Return what is another once a case or a sample is."""
    files = [*folder.glob("*.cases.yaml"), *folder.glob("samples/*.json")]
    return tuple(
        (str(one), one.stat().st_mtime_ns, one.stat().st_size)
        for one in sorted(files)
        if one.is_file()
    )
