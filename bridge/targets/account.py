"""A configured account at one of the three APIs."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from bridge.model import SECOND, Millis
from bridge.targets.contract import Contract, Limit

TIMEOUT = Millis(20 * SECOND)
SETTLE = Millis(30 * SECOND)
PARALLEL = 8
PAGES_PER_HOUR = 240
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Mode(StrEnum):
    """Whether what is sent reaches vendors."""

    SANDBOX = "SANDBOX"
    """No target is a vendor's."""
    MIXED = "MIXED"
    """Some targets are a vendor's, and some answer on this machine."""
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    One account, with all that its vendor leaves open.

    Args:
        contract: with the account's own paths and statuses put in.
        base_url: https, or http on loopback; without a slash at its end.
        authorization: template of the header, `{token}` replaced.
        limit: None where there is none.
        timeout: total, from the first byte of connecting to the last of
            the answer.
        settle: how long a request whose answer was lost may still arrive.
        parallel: how many requests may be under way at once, at most.
        pages_per_hour: of lists that are walked for links, at most.
        proves_absence: operations of which the vendor has confirmed that
            what their look-up does not show is not there.
    """

    name: str
    contract: Contract
    base_url: str
    credentials: Mapping[str, str] = field(repr=False)
    authorization: str
    limit: Limit | None = None
    timeout: Millis = TIMEOUT
    settle: Millis = SETTLE
    parallel: int = PARALLEL
    pages_per_hour: int = PAGES_PER_HOUR
    proves_absence: frozenset[str] = frozenset()

    @property
    def host(self) -> str:
        """The host and port that ids and links belong to."""
        return urlsplit(self.base_url).netloc

    @property
    def credentials_mark(self) -> str:
        """What tells these credentials from others, and nothing of them."""
        told = "\0".join(
            f"{k}={v}" for k, v in sorted(self.credentials.items())
        )
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    @property
    def is_sandbox(self) -> bool:
        """Whether it answers on this very machine."""
        return urlsplit(self.base_url).hostname in LOOPBACK


def mode_of(targets: Iterable[Target]) -> Mode:
    """Return whether what is sent to *targets* reaches vendors."""
    kinds = {target.is_sandbox for target in targets}
    if kinds == {True, False}:
        return Mode.MIXED
    return Mode.SANDBOX if True in kinds else Mode.LIVE
