"""Under which names the ids are kept that a target gives."""

from collections.abc import Mapping

from bridge.errors import MappingError
from bridge.journal.protocol import MappingText
from bridge.mapping.compiler import compile_mapping
from bridge.model import Delivery
from bridge.settings import surroundings
from bridge.web.parts import Parts

Names = Mapping[str, tuple[str, ...]]
"""By rule."""


class Remembered:
    """Knows what the mappings in force remember of answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._by_hash: dict[str, Names] = {}

    def names(self) -> Mapping[str, Names]:
        """Return the names by mapping and rule."""
        return {
            text.name: self._of(text)
            for text in self._parts.journal.in_force()
        }

    def _of(self, text: MappingText) -> Names:
        if text.hash not in self._by_hash:
            around = surroundings(self._parts.stores(), self._parts.targets())
            file = f"{text.name}.yaml"
            try:
                mapping = compile_mapping(
                    text.name, text.text, file=file, around=around
                )
            except MappingError:  # of a store or target that is gone
                return {}
            self._by_hash[text.hash] = {
                rule.name: tuple(name for name, _value in rule.remember)
                for rule in mapping.rules
            }
        return self._by_hash[text.hash]


def names_for(
    names: Mapping[str, Names], delivery: Delivery
) -> tuple[str, ...]:
    """Return the names of the ids that a delivery's answer would tell."""
    return names.get(delivery.mapping, {}).get(delivery.rule, ())
