"""
The demo's own place: folder, database, ports and secrets.

Nothing of the real settings is used or touched, and nothing that the demo
makes could reach a vendor: every target stands on this machine.
"""

import os
import re
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.sandbox.simulator import CREDENTIALS
from bridge.settings import STORES, TARGETS, load_targets
from bridge.targets.account import Target

HOST = "127.0.0.1"
OPERATOR = "demo"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    Where one demo runs.

    Args:
        environ: of the bridge's processes; the demo's secrets among it.
        token: lets the operator `demo` into the console.
    """

    folder: Path
    port: int
    sandbox_port: int
    token: str = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)

    @property
    def mappings(self) -> Path:
        """The demo's copy of the mapping files."""
        return self.folder / "mappings"

    @property
    def url(self) -> str:
        """The bridge's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """The sandbox's address."""
        return f"http://{HOST}:{self.sandbox_port}"


def make_place(
    folder: Path, shipped: Path, *, random_secret: Callable[[], str]
) -> Place:
    """
    Empty *folder* and put the demo's files into it.

    Args:
        shipped: the mapping files to copy.
    """
    shutil.rmtree(folder, ignore_errors=True)
    mappings = folder / "mappings"
    shutil.copytree(shipped, mappings)
    port, sandbox_port = _free_ports(2)
    targets = load_targets(shipped, lambda _name: "-")
    (mappings / TARGETS).write_text(
        "# Every target is the SANDBOX of the demo.\n"
        + "".join(
            _target_entry(target, sandbox_port) for target in targets.values()
        )
    )
    token = random_secret()
    store_secrets = _REFERENCE.findall((mappings / STORES).read_text("utf-8"))
    return Place(
        folder=folder,
        port=port,
        sandbox_port=sandbox_port,
        token=token,
        environ={
            **_inherited(),
            **{name: random_secret() for name in store_secrets},
            **_credentials(targets.values()),
            "BRIDGE_DATABASE": f"sqlite:///{folder / 'bridge.db'}",
            "BRIDGE_MAPPINGS": str(mappings),
            "BRIDGE_ADMIN_TOKENS": f"{OPERATOR}:{token}",
            "BRIDGE_HOST": HOST,
            "BRIDGE_PORT": str(port),
        },
    )


def _inherited() -> dict[str, str]:
    """Return our environment without any setting of a real bridge."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BRIDGE_")
    }


def _variable(target: Target, credential: str) -> str:
    name = target.name.replace("-", "_")
    return f"DEMO_{name}_{credential}".upper()


def _credentials(targets: Iterable[Target]) -> dict[str, str]:
    return {
        _variable(target, name): value
        for target in targets
        for name, value in CREDENTIALS[target.contract.name].items()
    }


def _target_entry(target: Target, sandbox_port: int) -> str:
    api = target.contract.name
    credentials = "".join(
        f'    {name}: "${{{_variable(target, name)}}}"\n'
        for name in CREDENTIALS[api]
    )
    return (
        f"{target.name}:\n"
        f"  api: {api}\n"
        f'  base_url: "http://{HOST}:{sandbox_port}/{api}"\n'
        f"  credentials:\n{credentials}"
    )


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listened on a moment ago."""
    taken = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in taken]
    for server in taken:
        server.close()
    return ports
