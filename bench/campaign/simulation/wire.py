"""
The simulated network: real HTTP bytes between the sender and the targets.

A connection belongs to one process. A request is on its way once its last
byte is written; what becomes of it and of its answer is drawn then, and
happens even when the process that wrote it is gone.
"""

import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import h11
import httpcore
from pydantic_core import to_json
from typing_extensions import override

from bench.campaign.simulation.faults import Kind, Luck
from bench.campaign.simulation.sites import Asked, Site
from bridge.sandbox.faults import too_many
from bridge.sandbox.simulator import Answer, Simulator

K = Kind

TIMEOUT_MS, SETTLE_MS = 20_000, 30_000
"""Of `targets.yaml`, by default: a request may arrive so late and no later."""

_FATES = (
    K.REQUEST_LOST,
    K.ANSWER_LOST,
    K.RESET,
    K.RESET_AFTER,
    K.ANSWER_LATE,
    K.ZOMBIE,
    K.CREDENTIALS,
    K.TOO_MANY,
    K.ERROR_AFTER,
    K.ERROR_WITHOUT,
    K.TRUNCATED,
    K.BROKEN,
    K.NO_ID,
    K.REPEATED,
    K.REPEATED_AT_ONCE,
)


_OF_CREATES = (
    K.ANSWER_LOST,
    K.RESET_AFTER,
    K.ERROR_AFTER,
    K.TRUNCATED,
    K.NO_ID,
)
"""What leaves a create in doubt though it is there; drawn five times more."""

_BEFORE_CREATES = (K.REQUEST_LOST, K.RESET)
"""What leaves it in doubt though it is not there; drawn first, and
eight times more."""


class Scene(Protocol):
    """What the network needs of the world."""

    luck: Luck
    sites: Mapping[str, Site]

    @property
    def now(self) -> int:
        """True milliseconds."""

    def at(self, ms: int, what: Callable[[], None]) -> None:
        """Let something happen at a time."""

    def point(self, name: str, crash: Kind) -> None:
        """A place of an exchange where the process may die."""

    def pause(
        self, until: int = 0, woken: Callable[[], bool] | None = None
    ) -> None:
        """Let others go on."""

    def tell(self, *words: object) -> None:
        """Write a line of the trace."""

    def next_request(self) -> int:
        """Return the number of the next request."""

    def scripted(self, site: str, asked: Asked) -> Kind | None:
        """Return what a scenario wants to become of a request."""


class Network(httpcore.NetworkBackend):
    """
    Opens connections to the simulated targets.

    Args:
        hosts: target by host name.
    """

    def __init__(self, scene: Scene, hosts: Mapping[str, str]) -> None:
        self._scene = scene
        self._hosts = hosts

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        scene, name = self._scene, self._hosts[host]
        scene.point("connect", K.CRASH_CONNECTING)
        scene.pause(scene.now + scene.luck.dice.randint(1, 20))
        fate = scene.luck.among(K.REFUSED, K.UNREACHABLE)
        if fate is K.REFUSED:
            raise httpcore.ConnectError
        if fate is K.UNREACHABLE:
            scene.pause(scene.now + int((timeout or 20) * 1_000))
            raise httpcore.ConnectTimeout
        scene.point("connected", K.CRASH_CONNECTING)
        return Stream(scene, scene.sites[name])


class Stream(httpcore.NetworkStream):
    """
    One connection.

    Args:
        inbox: bytes that came and were not read.
        ended: what reading gives once the inbox is empty: nothing for an
            end, an error for a reset; None while it stands.
    """

    def __init__(self, scene: Scene, site: Site) -> None:
        self._scene = scene
        self._site = site
        self._server = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body = b""
        self._asked: Asked | None = None
        self.inbox = b""
        self.ended: Exception | bytes | None = None
        self.open = True

    # -- the client's side

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        self._scene.point("tls", K.CRASH_CONNECTING)
        return self

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Nothing may come between the sender's look at its deadline and
        # these bytes, but the end: that is the one window that is known.
        self._scene.point("write", K.CRASH_WRITING)
        if self.ended is not None:
            raise httpcore.WriteError
        self._receive(buffer)
        self._scene.point("written", K.CRASH_WRITING)
        self._scene.pause()

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        scene = self._scene
        scene.point("read", K.CRASH_READING)
        ends = scene.now + int((timeout or 0) * 1_000) + 1
        if not self._readable():
            scene.pause(ends, self._readable)
        if not self._readable():
            raise httpcore.ReadTimeout
        scene.point("answered", K.CRASH_READING)
        if self.inbox:
            data, self.inbox = self.inbox[:max_bytes], self.inbox[max_bytes:]
            return data
        if isinstance(self.ended, Exception):
            raise self.ended
        return b""

    @override
    def close(self) -> None:
        self.open = False

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._readable() if info == "is_readable" else None

    def _readable(self) -> bool:
        return bool(self.inbox) or self.ended is not None

    # -- the target's side

    def _receive(self, buffer: bytes) -> None:
        self._server.receive_data(buffer)
        while True:
            event = self._server.next_event()
            match event:
                case h11.Request():
                    self._head, self._body = event, b""
                case h11.Data():
                    self._body += bytes(event.data)
                case h11.EndOfMessage():
                    self._send(self._whole())
                case _:
                    return

    def _whole(self) -> Asked:
        assert self._head is not None
        # The simulated answer is not made by h11: begin a new cycle.
        self._server = h11.Connection(h11.SERVER)
        return Asked(
            number=self._scene.next_request(),
            method=self._head.method.decode(),
            target=self._head.target.decode(),
            headers={
                name.decode().lower(): value.decode()
                for name, value in self._head.headers
            },
            body=self._body,
            written_at=self._scene.now,
        )

    def _send(self, asked: Asked) -> None:
        scene = self._scene
        fate = scene.scripted(self._site.name, asked)
        if fate is None:
            fate = scene.luck.among(*_FATES)
        if fate is None and self._site.created(asked):
            fate = scene.luck.among(*_BEFORE_CREATES * 8, *_OF_CREATES * 5)
        if fate is None and scene.luck.may(K.REORDERED):
            fate = K.REORDERED
        scene.tell("sent", self._site.name, asked.number, asked.method,
                   asked.target, fate)  # fmt: skip
        transit = scene.luck.dice.randint(2, 40)
        self._site.begin(asked, TIMEOUT_MS)
        if fate is K.REQUEST_LOST:
            return
        if fate is K.ZOMBIE:
            transit = scene.luck.dice.randint(TIMEOUT_MS, SETTLE_MS - 100)
        if fate is K.RESET:
            self._end(scene.now + transit, httpcore.ReadError("reset"))
            return
        scene.at(scene.now + transit, lambda: self._arrive(asked, fate))

    def _arrive(self, asked: Asked, fate: Kind | None) -> None:
        scene, site = self._scene, self._site
        if fate is K.CREDENTIALS:
            span = scene.luck.dice.randint(1_000, 120_000)
            site.refuses_until = scene.now + span
        seconds = scene.luck.dice.choice((1, 2, 5, 30))
        answer = site.take(
            asked, now=scene.now, instead=_instead(fate, seconds)
        )
        scene.tell("arrived", site.name, asked.number, answer.status,
                   "applied" if answer.applied else "-")  # fmt: skip
        if fate not in {K.ANSWER_LOST, K.ZOMBIE}:
            self._answer(asked, fate, _changed(fate, site, answer))

    def _answer(self, asked: Asked, fate: Kind | None, answer: Answer) -> None:
        scene = self._scene
        back = scene.now + scene.luck.dice.randint(2, 60)
        self._site.end(asked, back)
        whole = _bytes_of(answer)
        match fate:
            case K.RESET_AFTER:
                self._end(back, httpcore.ReadError("reset"))
            case K.ANSWER_LATE:
                late = asked.written_at + TIMEOUT_MS
                self._give(late + scene.luck.dice.randint(10, 5_000), whole)
            case K.TRUNCATED:
                self._give(back, whole[: len(whole) - len(whole) // 6 - 2])
                self._end(back, b"")
            case K.REORDERED:
                self._hold(asked, back, whole)
            case K.REPEATED_AT_ONCE:
                self._give(back, whole + whole)
            case K.REPEATED:
                self._give(back, whole)
                self._give(back + scene.luck.dice.randint(1, 80), whole)
            case _:
                self._give(back, whole)

    def _give(self, ms: int, data: bytes) -> None:
        def give() -> None:
            self.inbox += data
            self._site.answers += 1

        self._scene.at(ms, give)

    def _hold(self, asked: Asked, ms: int, data: bytes) -> None:
        """Let an answer wait until a later request got its own."""
        site, scene = self._site, self._scene
        before, ends = site.answers, asked.written_at + TIMEOUT_MS - 500

        def give() -> None:
            overtaken = site.answers > before
            if not overtaken and scene.now < ends:
                scene.at(scene.now + 200, give)
                return
            if overtaken:
                scene.luck.hit(K.REORDERED)
            self.inbox += data

        scene.at(ms, give)

    def _end(self, ms: int, how: Exception | bytes) -> None:
        def end() -> None:
            self.ended = how

        self._scene.at(ms, end)


def _instead(
    fate: Kind | None, seconds: int
) -> Callable[[Simulator], Answer] | None:
    match fate:
        case K.TOO_MANY:
            return lambda simulator: too_many(simulator, seconds=seconds)
        case K.ERROR_WITHOUT:
            return lambda simulator: simulator.refuse(503, "unexpected", "no")
        case _:
            return None


def _changed(fate: Kind | None, site: Site, answer: Answer) -> Answer:
    """Return the answer as it leaves a target that fails afterwards."""
    match fate:
        case K.ERROR_AFTER:
            failed = site.simulator.refuse(500, "unexpected", "failed")
            return Answer(status=500, body=failed.body, applied=answer.applied)
        case K.NO_ID if answer.status < 300:
            return Answer(status=200, body={}, applied=answer.applied)
        case K.BROKEN if answer.status < 300:
            return Answer(status=200, body=None, applied=answer.applied)
        case _:
            return answer


def _bytes_of(answer: Answer) -> bytes:
    body = b'{"orden": {"ord' if answer.body is None else to_json(answer.body)
    lines = [
        f"HTTP/1.1 {answer.status} -",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
