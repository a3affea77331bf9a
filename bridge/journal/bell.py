"""
Who commits rings, and who has nothing to do hears it: within the host.

Each listener has a pipe with a name in a folder beside the database; a ring
is one byte into each. Nobody polls, and nothing is lost when a ring is: a
listener looks for itself every second as well.
"""

import os
import select
import threading
import time
from contextlib import suppress
from pathlib import Path

DEAF_NAP_S = 0.05
"""How often one looks for itself where no pipe can be made."""

_MUCH = 65_536  # what a pipe holds


class Ears:
    """
    One listener.

    Args:
        pipe: None where none could be made.
        file: the open pipe.
    """

    def __init__(self, pipe: Path | None, file: int = -1) -> None:
        self._pipe = pipe
        self._file = file

    def wait(self, seconds: float) -> bool:
        """Return once somebody rings, or after *seconds*; whether one did."""
        if self._pipe is None:
            time.sleep(min(seconds, DEAF_NAP_S))
            return True
        poll = select.poll()  # `select` takes no descriptor above 1,023
        poll.register(self._file, select.POLLIN)
        if not poll.poll(max(0.0, seconds) * 1_000):
            return False
        with suppress(BlockingIOError):
            os.read(self._file, _MUCH)
        return True

    def ring(self) -> None:
        """Let `wait` return, in whatever thread it is called."""
        if self._pipe is not None:
            with suppress(BlockingIOError):
                os.write(self._file, b".")

    def close(self) -> None:
        """Hear no more."""
        if self._pipe is not None:
            self._pipe.unlink(missing_ok=True)
            os.close(self._file)
            self._pipe = None


class Bell:
    """Rings for all who listen in *folder*; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = 0
        self._pipes: list[int] = []
        self._lock = threading.Lock()
        self._pid = 0

    def ring(self) -> None:
        """Wake all who listen; who is deaf or gone is passed by."""
        with self._lock, suppress(OSError):
            self._look()
            for pipe in self._pipes:
                with suppress(OSError):  # full: it was rung for already
                    os.write(pipe, b".")

    def listen(self, name: str) -> Ears:
        """Return the ears of a listener; *name* is its own on this host."""
        pipe = self._folder / name.replace("/", "_")
        begun = pipe.with_name(f".{pipe.name}")  # which nobody rings or sweeps
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._sweep()
            begun.unlink(missing_ok=True)
            os.mkfifo(begun, 0o600)
            # For writing as well: without a writer it is always ready.
            file = os.open(begun, os.O_RDWR | os.O_NONBLOCK)
            begun.rename(pipe)
        except OSError:
            return Ears(None)
        return Ears(pipe, file)

    def close(self) -> None:
        """Let go of the pipes."""
        with self._lock:
            self._let_go()

    def _look(self) -> None:
        """Open the pipes that are there, if those have changed."""
        changed = self._folder.stat().st_mtime_ns
        if changed == self._seen and self._pid == os.getpid():
            return
        self._let_go()
        self._seen, self._pid = changed, os.getpid()
        for pipe in self._named():
            with suppress(OSError):  # nobody reads it
                self._pipes.append(_to(pipe))

    def _let_go(self) -> None:
        if self._pid == os.getpid():
            for pipe in self._pipes:
                os.close(pipe)
        self._pipes = []
        self._seen = 0

    def _sweep(self) -> None:
        """Take away what nobody reads any more: its listener crashed."""
        for pipe in self._named():
            try:
                os.close(_to(pipe))
            except OSError:
                pipe.unlink(missing_ok=True)

    def _named(self) -> list[Path]:
        return [
            pipe
            for pipe in self._folder.iterdir()
            if not pipe.name.startswith(".")
        ]


def _to(pipe: Path) -> int:
    return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
