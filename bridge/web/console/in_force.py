"""The mappings in force, compiled once for many pages."""

from collections.abc import Mapping

from bridge.errors import MappingError
from bridge.journal.protocol import MappingText
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.document import Surroundings
from bridge.model import Delivery
from bridge.settings import surroundings
from bridge.web.parts import Parts


class InForce:
    """Knows what the mappings in force say."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._around: Surroundings | None = None
        self._by_hash: dict[str, MappingInForce] = {}

    def mappings(self) -> Mapping[str, MappingInForce]:
        """Return them by name, but for those of a store or target gone."""
        around = surroundings(self._parts.stores(), self._parts.targets())
        texts = self._parts.journal.in_force()
        if around != self._around:
            self._around, self._by_hash = around, {}
        found = {text.name: self._compiled(text, around) for text in texts}
        self._by_hash = {one.hash: one for one in found.values() if one}
        return {name: one for name, one in found.items() if one}

    def _compiled(
        self, text: MappingText, around: Surroundings
    ) -> MappingInForce | None:
        known = self._by_hash.get(text.hash)
        if known is not None and known.name == text.name:
            return known
        try:
            return compile_mapping(
                text.name, text.text, file=f"{text.name}.yaml", around=around
            )
        except MappingError:  # of a store or target that is gone
            return None


def names_for(
    mappings: Mapping[str, MappingInForce], delivery: Delivery
) -> tuple[str, ...]:
    """Return the names of the ids that a delivery's answer would tell."""
    mapping = mappings.get(delivery.mapping)
    rule = mapping.rule(delivery.rule) if mapping else None
    return tuple(name for name, _value in rule.remember) if rule else ()
