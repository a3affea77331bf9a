"""What `doctor` says of the disk: room, rights, and what lies beside it."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from bridge.commands.findings import Line, bad, ok, warn
from bridge.errors import BridgeError, JournalBroken, OlderCopy, Suspect
from bridge.journal.mark import read_mark
from bridge.journal.protocol import Journal
from bridge.orders.document import iso
from bridge.settings import Settings
from bridge.spill import count_waiting

LITTLE_SPACE = 1024 * 1024 * 1024
LARGE_WAL = 256 * 1024 * 1024
MOST_TOLD = 5

MOUNTS = Path("/proc/self/mounts")

REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "gluster", "fuse.")
"""Kinds of file systems on which SQLite's locks can not be trusted."""


def on_disk(settings: Settings, journal: Journal) -> Iterator[Line]:
    """Yield what can be seen without opening the database."""
    scheme, _colon, path = settings.database.partition(":///")
    if scheme != "sqlite":
        return
    file = Path(path)
    yield from _rights(file)
    yield from _kind(file)
    yield from _room(journal)
    yield from _spill(settings.spill)
    yield from _mark(file)


def is_usable(journal: Journal) -> Iterator[Line]:
    """Yield why the bridge would not start, or that it would."""
    try:
        journal.check()
    except Suspect as error:
        advice = (
            "stop the bridge and start `serve`, which looks at it first; if"
            " it is not sound, copy it aside with its -wal and -shm, put a"
            " backup in their place, and say `restore`"
        )
        yield bad("suspect", str(error), advice)
    except OlderCopy as error:
        advice = "put the right file back, or say `python -m bridge restore`"
        yield bad("copy", str(error), advice)
    except JournalBroken as error:
        yield bad("suspect", str(error), "stop the bridge: see `integrity`")
    except BridgeError as error:
        yield bad("journal", str(error), "do as it says, then look again")
    else:
        yield ok("schema", "is this program's")
        if not journal.shrinks():
            yield warn(
                "file",
                "was made by an older program and never gets smaller",
                "once, with the bridge stopped: `migrate --compact`; it needs"
                " as much room again",
            )


def is_sound(journal: Journal) -> Iterator[Line]:
    """Yield what is wrong inside the file."""
    wrong = journal.integrity()
    for text in wrong[:MOST_TOLD]:
        advice = (
            "stop, copy the file aside with its -wal and -shm, put back the"
            " last backup, and say `restore`"
        )
        yield bad("integrity", text, advice)
    if not wrong:
        text = "the file is sound, each delivery what its history says"
        yield ok("integrity", text)


# ------------------------------------------------------------- the volume


def _room(journal: Journal) -> Iterator[Line]:
    try:
        room = journal.room()
    except BridgeError as error:
        yield bad("disk", str(error), "see that the folder is there")
        return
    if room is None:
        return
    text = (
        f"{size(room.free)} free where {room.place} lies,"
        f" {size(room.reserve)} kept for outcomes"
    )
    if room.free < room.reserve:
        yield bad("disk", text, "make room now: webhooks are refused")
    elif room.free < max(LITTLE_SPACE, 2 * room.reserve):
        yield warn("disk", text, "make room soon")
    else:
        yield ok("disk", text)
    advice = "something reads for long: end it, or restart the bridge"
    if room.wal > room.largest_wal:
        text = f"{size(room.wal)}: webhooks are refused"
        yield bad("WAL", text, advice)
    elif room.wal > LARGE_WAL:
        yield warn("WAL", size(room.wal), advice)
    else:
        yield ok("WAL", size(room.wal))


def _kind(file: Path) -> Iterator[Line]:
    try:
        mounts = MOUNTS.read_text()
    except OSError:  # another system than Linux
        return
    kind = kind_of(file.absolute(), mounts)
    if kind.startswith(REMOTE):
        text = f"{file} lies on {kind}"
        advice = "move it to a local disk: locks may fail over a network"
        yield warn("file system", text, advice)
    else:
        yield ok("file system", kind or "unknown")


def kind_of(path: Path, mounts: str) -> str:
    """Return the kind of file system that *path* is on; "" when unknown."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        _device, place, found, *_rest = line.split()
        place = place.replace("\\040", " ")
        if path.is_relative_to(place) and len(place) >= best:
            best, kind = len(place), found
    return kind


def _rights(file: Path) -> Iterator[Line]:
    there = [file, *(Path(f"{file}{end}") for end in ("-wal", "-shm"))]
    there = [path for path in there if path.exists()]
    wrong = [
        path
        for path in (file.parent, *there)
        if path.exists() and not os.access(path, os.W_OK)
    ]
    for path in wrong:
        text = f"{path} can not be written by {_name(os.geteuid())}"
        advice = f"it belongs to {_owner(path)}: run as that, or mount it rw"
        yield bad("rights", text, advice)
    owners = {_owner(path) for path in there}
    if len(owners) > 1:
        text = ", ".join(f"{path} is {_owner(path)}'s" for path in there)
        yield bad("rights", text, f"let them be one user's: chown {file}*")
    elif not wrong:
        yield ok("rights", f"{file} can be written")


def _owner(path: Path) -> str:
    return _name(path.stat().st_uid)


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a container's user without a name
        return str(user)


# -------------------------------------------------------- what lies beside


def _spill(folder: Path) -> Iterator[Line]:
    waiting = count_waiting(folder)
    if waiting:
        text = f"{waiting} outcomes wait in {folder}"
        advice = "make room, and let a worker run: it brings them back"
        yield warn("spill", text, advice)
    else:
        yield ok("spill", "no outcome waits for the journal")


def _mark(file: Path) -> Iterator[Line]:
    mark = read_mark(file)
    if mark is None:
        text = "there is none: an older copy would not be noticed"
        yield warn("mark", text, "start `python -m bridge serve`")
    else:
        until = (iso(mark.at) if mark.at else None) or "its beginning"
        yield ok("mark", f"{mark.event} events were seen, until {until}")


def size(number: int) -> str:
    """Return so many bytes, as people read them."""
    return f"{number / 1024**2:,.1f} MiB"
