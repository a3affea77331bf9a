"""The stores' door behind a real gunicorn: what only a socket can do."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from bridge.journal.opening import open_journal
from bridge.journal.protocol import EventFilter, Journal
from tests.factories import STORE
from tests.web.doors import SLOW_S, signed

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
LIMIT = 1024
"""`doors.served` has it so."""


def free_port() -> int:
    """Return a port of loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


GREENLETS, GTHREAD = "greenlets", "gthread"


@pytest.fixture(scope="module", params=[GREENLETS, GTHREAD])
def kind(request: pytest.FixtureRequest) -> str:
    """The server: ours, or another one of threads."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server has its journal."""
    return tmp_path_factory.mktemp(kind)


@pytest.fixture(scope="module")
def journal(folder: Path) -> Iterator[Journal]:
    """The journal that the server keeps."""
    journal = open_journal(f"sqlite:///{folder / 'bridge.db'}")
    journal.migrate()
    yield journal
    journal.close()


@pytest.fixture(scope="module")
def port(journal: Journal, folder: Path, kind: str) -> Iterator[int]:
    """The port of a gunicorn over that journal."""
    port = free_port()
    threads = [
        "-m", "gunicorn", "--no-control-socket",
        "--worker-class", "gthread", "--threads", "8",
        "--bind", f"127.0.0.1:{port}", "--log-level", "error",
        f"tests.web.doors:served({str(folder)!r})",
    ]  # fmt: skip
    ours = f"from tests.web.doors import serve; serve({str(folder)!r}, {port})"
    server = subprocess.Popen(
        [sys.executable, *(threads if kind == GTHREAD else ["-c", ours])],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    _wait_for(port)
    yield port
    server.terminate()
    server.wait(20)


@pytest.fixture
def greenlets(kind: str, port: int) -> int:
    """The port of our own server."""
    if kind != GREENLETS:
        pytest.skip("a server of threads does not promise this")
    return port


def _wait_for(port: int) -> None:
    """Wait for an answer: gunicorn listens before its worker is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            asked.request("GET", "/healthz")
            asked.getresponse()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            asked.close()
    raise AssertionError("gunicorn did not start")


def say(port: int, *lines: str, body: bytes, ends: bool = False) -> str:
    """Return the status that a request gets, written byte for byte."""
    head = "\r\n".join(
        [f"POST /webhooks/{STORE} HTTP/1.1", "Host: bridge", *lines, "", ""]
    )
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        wire.sendall(head.encode() + body)
        if ends:
            wire.shutdown(socket.SHUT_WR)
        answer = wire.makefile("rb").readline().decode()
    return answer.split(" ")[1]


def headers(body: bytes, webhook_id: str) -> list[str]:
    """Return the lines of a signed webhook's head."""
    signature = signed(body, webhook_id=webhook_id)
    return [f"{name}: {value}" for name, value in signature.items()]


def chunk(data: bytes) -> bytes:
    """Return one chunk."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def number_kept(journal: Journal) -> int:
    """Return how many events there are."""
    return len(journal.events(EventFilter(), before=None, limit=200))


CHUNKED = "Transfer-Encoding: chunked"


def test_chunked_is_taken(port: int, journal: Journal) -> None:
    """
    A body in chunks is taken whole.
    """
    body = b"x" * LIMIT
    before = number_kept(journal)
    parts = chunk(body[:100]) + chunk(body[100:]) + chunk(b"")
    status = say(port, CHUNKED, *headers(body, "chunked"), body=parts)
    assert ("200", before + 1) == (status, number_kept(journal))


def test_chunked_over_the_limit_is_413(port: int, journal: Journal) -> None:
    """
    A body in chunks is not cut at the limit and taken for whole.
    """
    kept = b"x" * LIMIT
    before = number_kept(journal)
    parts = chunk(kept) + chunk(b"y") + chunk(b"")
    status = say(port, CHUNKED, *headers(kept, "large"), body=parts)
    assert ("413", before) == (status, number_kept(journal))


def test_broken_chunk_is_400(port: int) -> None:
    """
    A chunk that is none is the caller's fault.
    """
    parts = chunk(b"{}") + b"zz\r\n"
    status = say(port, CHUNKED, *headers(b"{}", "broken"), body=parts)
    assert "400" == status


def test_short_body_is_400(port: int, journal: Journal) -> None:
    """
    A body that ends early is refused, even when what came is signed.
    """
    before = number_kept(journal)
    lines = ["Content-Length: 100", *headers(b"{}", "short")]
    status = say(port, *lines, body=b"{}", ends=True)
    assert ("400", before) == (status, number_kept(journal))


def test_too_large_is_413_at_once(port: int) -> None:
    """
    A gigabyte that is announced is refused before it is sent.
    """
    lines = ["Content-Length: 1073741824", *headers(b"{}", "giga")]
    assert "413" == say(port, *lines, body=b"")


def test_no_body_at_all_is_an_empty_one(port: int) -> None:
    """
    A request without length or chunks has an empty body, here signed.
    """
    assert "200" == say(port, *headers(b"", "empty"), body=b"")


def test_http_1_0_is_taken(port: int) -> None:
    """
    WooCommerce speaks HTTP/1.0.
    """
    lines = "\r\n".join(["Content-Length: 2", *headers(b"{}", "old")])
    head = f"POST /webhooks/{STORE} HTTP/1.0\r\n{lines}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        wire.sendall(head.encode() + b"{}")
        answer = wire.makefile("rb").read()
    assert b" 200 " in answer.splitlines()[0]


def test_underscore_twin_is_ignored(port: int) -> None:
    """
    `X_Shopify_Hmac_Sha256` does not stand in for the real header.
    """
    lines = [
        line.replace("X-Shopify-Hmac-Sha256", "X_Shopify_Hmac_Sha256")
        for line in headers(b"{}", "twin")
    ]
    assert "200" != say(port, "Content-Length: 2", *lines, body=b"{}")


def test_fifty_at_once_over_the_wire(port: int, journal: Journal) -> None:
    """
    Fifty arrivals at once over sockets make one row and fifty 200.
    """
    before = number_kept(journal)
    lines = ["Content-Length: 2", *headers(b"{}", "fifty")]

    def bring(_nth: int) -> str:
        return say(port, *lines, body=b"{}")

    with ThreadPoolExecutor(10) as threads:
        statuses = list(threads.map(bring, range(50)))
    assert ["200"] * 50 == statuses
    assert before + 1 == number_kept(journal)


def test_slow_clients_hold_up_nobody(greenlets: int, journal: Journal) -> None:
    """
    A webhook is taken at once while a hundred others drip in.
    """
    before = number_kept(journal)
    head = "\r\n".join(
        [f"POST /webhooks/{STORE} HTTP/1.1", "Host: bridge",
         "Content-Length: 1000", "", "{"]
    )  # fmt: skip
    with ExitStack() as slow:
        for _ in range(100):
            wire = socket.create_connection(("127.0.0.1", greenlets), 10)
            slow.enter_context(wire).sendall(head.encode())
        lines = ["Content-Length: 2", *headers(b"{}", "not-slow")]
        status = say(greenlets, *lines, body=b"{}")
    assert ("200", before + 1) == (status, number_kept(journal))


def test_slow_pages_hold_up_no_webhook(greenlets: int) -> None:
    """
    A webhook is taken at once while more pages are asked for than are made
    at a time, and each takes long.
    """
    page = b"GET /slow HTTP/1.1\r\nHost: bridge\r\n\r\n"
    with ExitStack() as slow:
        for _ in range(20):
            wire = socket.create_connection(("127.0.0.1", greenlets), 30)
            slow.enter_context(wire).sendall(page)
        began = time.monotonic()
        lines = ["Content-Length: 2", *headers(b"{}", "beside-pages")]
        status = say(greenlets, *lines, body=b"{}")
        took = time.monotonic() - began
    assert "200" == status
    assert took < SLOW_S


@pytest.mark.parametrize(
    ("size", "status"), [(60_000, "401"), (100_000, "413")]
)
def test_forms_have_a_limit(port: int, size: int, status: str) -> None:
    """
    What people send is read whole, and refused when it is too large.
    """
    body = b"token=" + b"x" * size
    head = "\r\n".join(
        ["POST /console/login HTTP/1.1", "Host: bridge",
         "Content-Type: application/x-www-form-urlencoded",
         f"Content-Length: {len(body)}", "", ""]
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        wire.sendall(head.encode() + body)
        answer = wire.makefile("rb").readline().decode()
    assert status == answer.split(" ")[1]


def test_form_that_breaks_off_is_not_looked_at(greenlets: int) -> None:
    """
    A form in chunks of which one is none is the caller's fault.
    """
    head = (
        f"POST /console/login HTTP/1.1\r\nHost: bridge\r\n{CHUNKED}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", greenlets), 10) as wire:
        wire.sendall(head.encode() + chunk(b"token=x") + b"zz\r\n")
        answer = wire.makefile("rb").readline().decode()
    assert "400" == answer.split(" ")[1]
