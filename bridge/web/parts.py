"""What every door stands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.journal.protocol import Journal
from bridge.model import Instant
from bridge.settings import Settings
from bridge.sources.platform import Store
from bridge.targets.account import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """
    The parts that `compose` hands to the web.

    Args:
        stores, targets: as the files say now; asked anew for each request.
        now: the clock.
    """

    settings: Settings
    stores: Callable[[], Mapping[str, Store]]
    targets: Callable[[], Mapping[str, Target]]
    journal: Journal
    now: Callable[[], Instant]
