"""
gevent, whose one home this is: a connection costs a greenlet, not a thread.

So clients that let their bodies drip hold up nobody. Nothing is patched:
only the server's sockets are gevent's. Whatever else waits or works does so
in a thread as anywhere, and a request waits for it by a signal. What runs in
a greenlet must not block: that is the stores' door up to its append, and
nothing else.
"""

import io
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gevent import get_hub, sleep, socket
from gevent.hub import Waiter
from gunicorn.workers.base_async import AsyncWorker
from gunicorn.workers.ggevent import GeventWorker
from typing_extensions import override

from bridge.web.together import WSGI, Signal, Waits

THREADS = 8
"""
For all that is no webhook: people's pages, and machines that ask how it is.
They look things up in the journal for milliseconds, a slow search for
seconds; some of those at once still leave threads for the machines.
"""

TURN_S = 0.000_2
"""
So long a thread keeps the others from going on, once one wants to. Python's
own 5 ms are an eternity for the one that has just made a webhook durable, and
waits for its turn to say so: that was the larger part of the slowest answers.
"""

IDLE_S = 30.0
"""So long a client may send nothing in the middle of a body."""


class Greenlets(Waits):
    """
    For a server of greenlets, all in one thread.

    Args:
        largest_body: bytes; of what is called apart, more is not read.
    """

    def __init__(self, *, largest_body: int) -> None:
        self._largest_body = largest_body
        self._thread = ThreadPoolExecutor(1, "append")
        self._threads = ThreadPoolExecutor(THREADS, "apart")
        self._loop: Any = None

    @override
    def signal(self) -> Signal:
        self._loop = get_hub().loop
        return _Signal()

    @override
    def soon(self, work: Callable[[], object]) -> None:
        self._loop.run_callback_threadsafe(work)

    @override
    def start(self, work: Callable[[], object]) -> None:
        self._thread.submit(work)

    @override
    def apart(self, app: WSGI) -> WSGI:
        return partial(self._apart, app)

    def _apart(
        self,
        app: WSGI,
        environ: dict[str, Any],
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        """Call *app* in a thread; its body was read, its answer is whole."""
        try:
            environ["wsgi.input"] = io.BytesIO(self._body(environ))
        except Exception:  # noqa: BLE001  it broke off; gunicorn's names
            start_response("400 BAD REQUEST", [("Content-Length", "0")])
            return []
        done = self.signal()
        called = self._threads.submit(_called, app, environ)
        called.add_done_callback(lambda _called: self.soon(done.set))
        done.wait()
        told, parts = called.result()
        start_response(*told)
        return parts

    def _body(self, environ: dict[str, Any]) -> bytes:
        """Return the body, or so much that it is seen to be too large."""
        if int(environ.get("CONTENT_LENGTH") or 0) > self._largest_body:
            return b""
        body: bytes = environ["wsgi.input"].read(self._largest_body + 1)
        return body


class _Signal(Signal):
    """What one greenlet waits for; set in the hub only."""

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: Any = Waiter()

    @override
    def wait(self) -> None:
        self._waiter.get()

    @override
    def set(self) -> None:
        self._waiter.switch(None)


def _called(
    app: WSGI, environ: dict[str, Any]
) -> tuple[tuple[Any, ...], Sequence[bytes]]:
    """Return what *app* told `start_response`, and its whole answer."""
    told: list[tuple[Any, ...]] = []
    answer = app(environ, lambda *args: told.append(args))
    try:
        parts = [*answer]
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
    return told[-1], parts


class GreenletWorker(GeventWorker):  # type: ignore[misc]
    """gunicorn's worker, which leaves all but its own sockets as it is."""

    sockets: list[Any]

    @override
    def patch(self) -> None:
        self.sockets = [
            socket.socket(one.FAMILY, socket.SOCK_STREAM, fileno=one.detach())
            for one in self.sockets
        ]

    @override
    def run(self) -> None:
        sys.setswitchinterval(TURN_S)
        super().run()

    @override
    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        client.settimeout(IDLE_S)
        AsyncWorker.handle(self, listener, client, addr)

    @override
    def handle_request(
        self, listener_name: Any, req: Any, sock: Any, addr: Any
    ) -> None:
        super().handle_request(listener_name, req, sock, addr)
        sleep(0)  # a client that asks without pause takes turns with others
