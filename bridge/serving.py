"""
What the processes of a bridge run: gunicorn with the web, and the workers.

Whoever imports this has imported all that they need: `serve` does so before
it forks them, `web` and `worker` run alone.

The socket that webhooks come to belongs to `serve`: while a web process is
replaced, connections wait in it for a moment and none is refused. gunicorn's
own worker ends with its master, frozen or not, so that it holds neither the
socket nor a lock when another master begins.
"""

import gc
import os
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker as GunicornWorker
from typing_extensions import override

import bridge.journal.sqlite  # noqa: F401  not only once a process needs it
from bridge.compose import served
from bridge.errors import SettingsError
from bridge.greenlets import Greenlets, GreenletWorker
from bridge.settings import Settings
from bridge.supervisor import end_with
from bridge.web.factory import LARGEST_FORM
from bridge.web.together import Waits

WEB_CONNECTIONS = 800
"""
At once; further ones wait to be accepted. Each is a descriptor, of which a
process often has 1,024.
"""

WEB_ENDS_IN_S = 10
"""For requests under way, which take milliseconds, once it is to end."""

WEB_STALLS_S = 5
"""
Without a sign of life for so long gunicorn takes its worker for frozen; it
looks every second, and kills at the second look. The sign comes every second
from the thread of the greenlets, however long requests wait for others.
"""

BACKLOG = 2_048
"""So many connections wait while there is no web process; gunicorn's own."""

_IN_MEMORY = Path("/dev/shm")  # noqa: S108  gunicorn makes its file safely


class Gunicorn(BaseApplication):  # type: ignore[misc]
    """gunicorn with one worker of greenlets, set up as we need it."""

    def __init__(
        self, options: Mapping[str, object], begin: Callable[[], Flask]
    ) -> None:
        self._options = options
        self._begin = begin
        super().__init__()

    @override
    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    @override
    def load(self) -> object:
        """Return the web application; called in gunicorn's worker."""
        return served(self._begin)


def waits() -> Waits:
    """Return how requests wait in gunicorn's worker."""
    return Greenlets(largest_body=LARGEST_FORM)


def run_web(
    settings: Settings,
    begin: Callable[[], Flask],
    listening: int | None = None,
) -> None:
    """
    Run gunicorn in this process, until it is told to end.

    Args:
        begin: called in gunicorn's worker: what `web_ahead` made before.
        listening: the socket's descriptor; None to listen as *settings* say.
    """
    gc.collect()
    gc.freeze()  # what is shared with the worker stays shared
    Gunicorn(web_options(settings, listening), begin).run()


def web_options(
    settings: Settings, listening: int | None = None
) -> Mapping[str, object]:
    """Return how gunicorn is set up."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"{host}:{settings.port}"
    return {
        "bind": address if listening is None else f"fd://{listening}",
        "worker_class": GreenletWorker,
        "workers": 1,
        "worker_connections": WEB_CONNECTIONS,
        "timeout": WEB_STALLS_S,
        "graceful_timeout": WEB_ENDS_IN_S,
        # a sign of life is not to wait for a disk
        "worker_tmp_dir": str(_IN_MEMORY) if _is_writable() else None,
        "control_socket_disable": True,
        "loglevel": "warning",
        "post_fork": _end_with_master,
    }


def _is_writable() -> bool:
    return _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK)


def _end_with_master(_master: Arbiter, worker: GunicornWorker) -> None:
    """At once: a master that lives ends its worker in good order."""
    end_with(worker.ppid, signal.SIGKILL)


def listening_at(settings: Settings) -> int:
    """
    Return the descriptor of a socket that listens where *settings* say.

    Raises:
        SettingsError: somebody else listens there, or it is not ours.
    """
    is_v6 = ":" in settings.host
    try:
        return socket.create_server(
            (settings.host, settings.port),
            family=socket.AF_INET6 if is_v6 else socket.AF_INET,
            dualstack_ipv6=is_v6 and socket.has_dualstack_ipv6(),
            backlog=BACKLOG,
        ).detach()
    except OSError as error:
        message = (
            f"{settings.host}:{settings.port} can not be listened on"
            f" ({error.strerror}): set BRIDGE_HOST and BRIDGE_PORT"
        )
        raise SettingsError(message) from None
