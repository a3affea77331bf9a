"""When what waits will probably be sent, for all doors."""

from collections.abc import Mapping, Sequence

from bridge.estimate import Estimate, Pace, Remark, estimate
from bridge.journal.protocol import Journal
from bridge.model import Delivery, DeliveryId, Instant, Millis
from bridge.targets.account import Target

Estimates = Mapping[DeliveryId, Estimate]


def estimates(
    journal: Journal,
    targets: Mapping[str, Target],
    deliveries: Sequence[Delivery],
    now: Instant,
) -> Estimates:
    """
    Return when those that wait will probably be sent.

    Those that wait for nothing, or for a person alone, are left out.

    Args:
        deliveries: of one page, or of one order.
    """
    waits = journal.waits(deliveries, now)
    found = {}
    for one in deliveries:
        wait = waits.get(one.id)
        if wait is None:
            continue
        target = targets.get(one.target)
        found[one.id] = (
            Estimate(at=None, remark=Remark.NO_FILE, about=(one.target,))
            if target is None
            else estimate(one, wait, _pace(target), now)
        )
    return found


def _pace(target: Target) -> Pace:
    limit = target.limit
    return Pace(
        parallel=target.parallel,
        requests=limit.requests if limit else None,
        window=limit.window if limit else Millis(0),
    )
