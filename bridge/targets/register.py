"""The APIs that the bridge knows, by the name that `targets.yaml` says."""

from collections.abc import Mapping

from bridge.targets import every, rayo, yuju
from bridge.targets.contract import Contract

CONTRACTS: Mapping[str, Contract] = {
    "rayo": rayo.CONTRACT,
    "every": every.CONTRACT,
    "yuju": yuju.CONTRACT,
}
