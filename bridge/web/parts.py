"""What every door stands on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.journal.protocol import Journal
from bridge.model import Delivery, Instant
from bridge.settings import Settings
from bridge.sources.platform import Store
from bridge.targets.account import Target
from bridge.web.estimates import Estimates, estimates
from bridge.web.signers import Signers


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """
    The parts that `compose` hands to the web.

    Args:
        stores, targets: as the files say now; asked anew for each request.
        now: the clock.
        signers: which secrets this process saw sign.
    """

    settings: Settings
    stores: Callable[[], Mapping[str, Store]]
    targets: Callable[[], Mapping[str, Target]]
    journal: Journal
    now: Callable[[], Instant]
    signers: Signers = field(default_factory=Signers)

    def estimates(self, deliveries: Sequence[Delivery]) -> Estimates:
        """Return when those of a page that wait will probably be sent."""
        return estimates(self.journal, self.targets(), deliveries, self.now())
