"""
A server of raw sockets on loopback that does as a test tells it.

Each connection is given to a script, in order; the last script takes all
that follow. A script is a function of its `Peer`; when it returns, the
connection is closed.
"""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

ENOUGH_S = 5.0  # seconds after which a script gives up on its client


class Peer:
    """
    One connection, as the server sees it.

    Args:
        received: every byte that was read so far.
        ended: set when the server goes down.
    """

    def __init__(self, sock: socket.socket, ended: threading.Event) -> None:
        self._sock = sock
        self.received = b""
        self.ended = ended
        self.closed = threading.Event()

    def read(self, size: int = 65_536) -> bytes:
        """Return what comes next, nothing when the client is gone."""
        chunk = self._sock.recv(size)
        self.received += chunk
        return chunk

    def read_head(self) -> bytes:
        """Return what comes up to a request's empty line."""
        begin = len(self.received)
        while b"\r\n\r\n" not in self.received[begin:]:
            if not self.read():
                return b""
        return self.received[begin:]

    def read_request(self) -> bytes:
        """Return one whole request, nothing when the client is gone."""
        begin = len(self.received)
        head, _, body = self.read_head().partition(b"\r\n\r\n")
        if not head:
            return b""
        left = _length(head) - len(body)
        while left > 0:
            left -= len(self.read())
        return self.received[begin:]

    def send(self, *parts: bytes) -> None:
        """Send bytes."""
        self._sock.sendall(b"".join(parts))

    def reset(self) -> None:
        """End the connection with an RST."""
        linger = struct.pack("ii", 1, 0)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()

    def close(self) -> None:
        """End the connection: with a FIN when all was read."""
        self._sock.close()
        self.closed.set()

    def hold(self, seconds: float = ENOUGH_S) -> None:
        """Do nothing for so long, or until the server goes down."""
        self.ended.wait(seconds)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on over TLS."""
        self._sock = context.wrap_socket(self._sock, server_side=True)


Script = Callable[[Peer], None]


class RawServer:
    """
    A listener on loopback with its scripts.

    Args:
        peers: the connections, in the order in which they came.
        accepted: set with the first of them.
    """

    def __init__(self, *scripts: Script, scheme: str = "http") -> None:
        self._scripts = list(scripts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()
        self.peers: list[Peer] = []
        self.accepted = threading.Event()
        port = self._listener.getsockname()[1]
        self.base_url = f"{scheme}://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all connections and threads."""
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self.peers:
            with suppress(OSError):
                peer._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001
        for thread in self._threads:
            thread.join(ENOUGH_S)

    @property
    def received(self) -> bytes:
        """All bytes that were read, of all connections."""
        return b"".join(peer.received for peer in self.peers)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(ENOUGH_S)
            peer = Peer(sock, self._ended)
            more = len(self._scripts) > 1
            script = self._scripts.pop(0) if more else self._scripts[0]
            self.peers.append(peer)
            self.accepted.set()
            self._start(_run, script, peer)


def _run(script: Script, peer: Peer) -> None:
    with suppress(OSError, ValueError):  # the client is gone, or we are
        script(peer)
    peer.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


def refusing() -> str:
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def answer(
    status: int = 200,
    body: Any = b"",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return an answer's bytes; its body is JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Length": str(len(raw)), **(headers or {})}
    lines = [f"HTTP/1.1 {status} X", *(f"{k}: {v}" for k, v in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def answering(*answers: bytes) -> Script:
    """Return a script that keeps the connection; the last answer stays."""
    left = list(answers)

    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.send(left.pop(0) if len(left) > 1 else left[0])

    return script
