"""What a folder of mapping files is checked for beside its texts: cases."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bridge.errors import Problem
from bridge.mapping.cases import CaseResult, run_cases
from bridge.mapping.document import Mapping as MappingOfFile
from bridge.mapping.words import nearest
from bridge.saying import said
from bridge.settings import load_cases, load_sources, sample_reader
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS


def case_results(
    folder: Path,
    mappings: Iterable[MappingOfFile],
    stores: Mapping[str, Store],
) -> Iterator[CaseResult]:
    """Run the cases of *mappings*, each over its own store."""
    texts = load_cases(folder)
    for mapping in mappings:
        cases = texts.get(mapping.name)
        if cases is None:
            continue
        store = stores[mapping.store]
        yield from run_cases(
            cases.text,
            file=cases.file,
            mapping=mapping,
            store=store,
            platform=PLATFORMS[store.platform],
            sample=sample_reader(folder),
        )


def warnings_of(
    folder: Path, mappings: Iterable[MappingOfFile]
) -> Iterator[Problem]:
    """Yield what stops nothing, and is hardly meant."""
    names = {source.name for source in load_sources(folder)}
    all_cases = load_cases(folder)
    for mapping in mappings:
        yield from mapping.warnings
        if mapping.name not in all_cases:
            message = said(
                "has no cases: write %(name)s.cases.yaml, or take one of a real order "
                "with `cases record`",
                name=mapping.name,
            )
            yield Problem(
                file=mapping.file, message=message, severity="warning"
            )
    for name, cases in all_cases.items():
        if name not in names:
            message = said(
                "there is no mapping %(name)s.yaml, whose cases these would be"
                "%(hint)s",
                name=name,
                hint=nearest(name, names),
            )
            yield Problem(file=cases.file, message=message, severity="warning")
    for path in sorted(folder.glob("*.yml")):
        message = said("is not read: name it %(name)s.yaml", name=path.stem)
        yield Problem(file=str(path), message=message, severity="warning")
