"""
When the disk fails: full, slow, and without power; under load, then verified.

    python -m bench.campaign.disks [--only full slow power] [--losses 5]

- full: a tmpfs of a few MB fills up and is made larger again;
- slow: an ext4 whose device makes so many writes a second and no more;
- power: an ext4 that is shut down as it stands, so that whatever was not
  flushed is gone, and is mounted again.

These need root, loop devices and cgroups; what can not be made here is
skipped loudly, and counted. Everything that is mounted is unmounted again.
"""

import argparse
import fcntl
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.campaign.chaos import pids, send, waited
from bench.campaign.histories import read_history
from bench.campaign.lives import campaign_files
from bench.campaign.people import Operator, Watch
from bench.campaign.processes import is_settled, write_sight
from bench.campaign.stores import UNDER_WAY, Stores
from bench.campaign.verifier import Verdict, judge, told
from bench.processes import Processes, remove, status_of, wait_for

SMALL_MB, LARGE_MB = 4, 256
WRITES_PER_S = 40
SLOW_S = 20.0
LOADED_S = (1.5, 4.0)
"""Between two losses of power."""

FULL_S = 2.0
"""So long nothing is taken before the disk counts as full."""

AFTER_S = 2.0
GIVE_UP_S = 90.0
COMMAND_S = 60

FS_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32), linux/fs.h
NO_LOG_FLUSH = 2
"""As if the power went: what the file system's log has not is gone."""

BLKIO = Path("/sys/fs/cgroup/blkio")


class Skipped(Exception):
    """It can not be made here; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a disk's trouble is made in."""

    disk: Path
    device: str
    bridge: "Bridge"
    stores: Stores
    dice: random.Random

    def load(self, seconds: float) -> int:
        """Let the stores send for a while; return how much was taken."""
        before = self.stores.acked
        time.sleep(seconds)
        return self.stores.acked - before

    def accepts_again(self) -> float:
        """Return after how many seconds a webhook was taken again."""
        at = time.monotonic()
        return waited(at, lambda: self.stores.taken_begun_at > at, GIVE_UP_S)


class Bridge:
    """`serve` on a disk, to be killed with all that it started."""

    def __init__(self, processes: Processes, cgroup: Path | None) -> None:
        self._processes = processes
        self._cgroup = cgroup
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self._child = self._processes.start("serve")
        if self._cgroup is not None:
            procs = self._cgroup / "cgroup.procs"
            procs.write_text(str(self._child.pid))
        port = self._processes.port
        wait_for(lambda: status_of(port, "/readyz") == 200, seconds=60)

    def kill(self) -> None:
        """End all of it at once, and wait until it is gone."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        found = {pid for part in pids(child.pid).values() for pid in part}
        for pid in [child.pid, *found]:
            send(pid, signal.SIGKILL)
        child.wait()
        gone = [Path(f"/proc/{pid}") for pid in found]
        wait_for(lambda: not any(path.exists() for path in gone))


# --------------------------------------------------------------- the disks


@contextmanager
def small_tmpfs(folder: Path) -> Iterator[tuple[Path, str]]:
    """Mount a tmpfs of a few MB."""
    disk = _made(folder)
    _run("mount", "-t", "tmpfs", "-o", f"size={SMALL_MB}m", "none", str(disk))
    try:
        yield disk, ""
    finally:
        _unmount(disk)


@contextmanager
def ext4(folder: Path) -> Iterator[tuple[Path, str]]:
    """Mount an ext4 on a loop device of its own."""
    disk, image = _made(folder), folder / "image"
    with image.open("wb") as opened:
        opened.truncate(LARGE_MB * 1024 * 1024)
    device = _run("losetup", "--find", "--show", str(image)).strip()
    try:
        _run("mkfs.ext4", "-q", device)
        _run("mount", device, str(disk))
        try:
            yield disk, device
        finally:
            _unmount(disk)
    finally:
        _run("losetup", "--detach", device)


@contextmanager
def slow_group(device: str) -> Iterator[Path]:
    """Make a cgroup that lets only so many writes to *device* through."""
    group = BLKIO / f"bridge-campaign-{os.getpid()}"
    limit = "blkio.throttle.write_iops_device"
    if not (BLKIO / limit).exists() and not BLKIO.is_dir():
        message = "there is no cgroup (version 1) for block devices"
        raise Skipped(message)
    number = Path(device).stat().st_rdev
    named = f"{os.major(number)}:{os.minor(number)}"
    try:
        group.mkdir()
        (group / limit).write_text(f"{named} {WRITES_PER_S}")
    except OSError as error:
        message = f"the cgroup can not be made: {error.strerror}"
        raise Skipped(message) from None
    try:
        yield group
    finally:
        _empty(group)


def _empty(group: Path) -> None:
    """Move its processes out and take it away; it may be gone already."""
    if not group.exists():
        return
    for pid in (group / "cgroup.procs").read_text().split():
        with suppress(OSError):
            (BLKIO / "cgroup.procs").write_text(pid)
    with suppress(OSError):
        group.rmdir()


def lose_power(disk: Path) -> None:
    """
    Shut the file system down as it stands.

    For some milliseconds more it may say of a flush that it succeeded, of
    which nothing is kept (Linux 6; seen with a program that only appends and
    flushes, 3 of 288 files under load, and of none before the call): a
    machine without power tells nobody, so let nobody listen.
    """
    opened = os.open(disk, os.O_RDONLY)
    try:
        flags = struct.pack("I", NO_LOG_FLUSH)
        fcntl.ioctl(opened, FS_IOC_SHUTDOWN, flags)
    except OSError as error:
        message = f"this ext4 can not be shut down: {error.strerror}"
        raise Skipped(message) from None
    finally:
        os.close(opened)


def _made(folder: Path) -> Path:
    if os.geteuid() != 0:
        message = "only root may mount"
        raise Skipped(message)
    disk = folder / "disk"
    disk.mkdir()
    return disk


def _run(*command: str) -> str:
    try:
        return subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
        ).stdout
    except FileNotFoundError:
        message = f"there is no {command[0]}"
        raise Skipped(message) from None
    except subprocess.CalledProcessError as error:
        message = f"{' '.join(command)}: {error.stderr.strip()}"
        raise Skipped(message) from None


def _unmount(disk: Path) -> None:
    for _ in range(50):
        done = subprocess.run(
            ["umount", str(disk)], check=False, capture_output=True
        )
        if done.returncode == 0 or not disk.is_mount():
            return
        time.sleep(0.1)
    subprocess.run(["umount", "--lazy", str(disk)], check=False)


# ------------------------------------------------------------ what befalls


def fill_up(scene: Scene) -> list[str]:
    """Let it fill up; then there is room again."""
    ends = time.monotonic() + GIVE_UP_S
    taken = 1
    while taken and time.monotonic() < ends:
        taken = scene.load(FULL_S)
    if taken:
        message = f"a disk of {SMALL_MB} MB did not fill up"
        raise RuntimeError(message)
    acked = scene.stores.acked
    refused = scene.stores.refused
    _run("mount", "-o", f"remount,size={LARGE_MB}m", "none", str(scene.disk))
    again = scene.accepts_again()
    scene.load(AFTER_S)
    return [
        f"full after {acked:,} acknowledged, {refused:,} sendings not taken",
        f"accepting again {again:.2f} s after there was room",
    ]


def go_slowly(scene: Scene) -> list[str]:
    """Let the stores send while writing is slow."""
    taken = scene.load(SLOW_S)
    return [f"{taken:,} acknowledged in {SLOW_S:.0f} s of slow writing"]


def losing_power(losses: int) -> Callable[[Scene], list[str]]:
    """Return a trouble: the power goes so many times."""

    def befall(scene: Scene) -> list[str]:
        times = []
        for _ in range(losses):
            scene.load(scene.dice.uniform(*LOADED_S))
            scene.stores.is_cut_off = True
            lose_power(scene.disk)
            scene.bridge.kill()
            _unmount(scene.disk)
            scene.stores.is_cut_off = False
            _run("mount", scene.device, str(scene.disk))
            scene.bridge.start()
            times.append(scene.accepts_again())
        scene.load(AFTER_S)
        return [
            f"{losses} losses of power",
            f"{scene.stores.acked:,} acknowledged",
            f"accepting again at most {max(times):.2f} s after it was ready",
        ]

    return befall


# --------------------------------------------------------------------- run


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of one disk's trouble."""

    lines: list[str]
    stalled: int
    verdict: Verdict

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong, and no worker was called stuck."""
        return self.verdict.clean and not self.stalled


def full(folder: Path, *, seed: int, under_way: int = UNDER_WAY) -> Report:
    """Run the campaign of the full disk."""
    with small_tmpfs(folder) as (disk, device):
        return _under_load(
            folder, disk, device, fill_up, seed=seed, under_way=under_way
        )


def slow(folder: Path, *, seed: int) -> Report:
    """Run the campaign of the slow disk."""
    with ext4(folder) as (disk, device), slow_group(device) as group:
        return _under_load(
            folder, disk, device, go_slowly, seed=seed, cgroup=group
        )


def power(
    folder: Path, *, seed: int, losses: int = 5, under_way: int = UNDER_WAY
) -> Report:
    """Run the campaign of the lost power."""
    with ext4(folder) as (disk, device):
        return _under_load(
            folder,
            disk,
            device,
            losing_power(losses),
            seed=seed,
            under_way=under_way,
        )


def _under_load(
    folder: Path,
    disk: Path,
    device: str,
    befall: Callable[[Scene], list[str]],
    *,
    seed: int,
    cgroup: Path | None = None,
    under_way: int = UNDER_WAY,
) -> Report:
    """Run a bridge on *disk* under load while something befalls it."""
    processes = Processes(
        folder, files=campaign_files, database=disk / "bridge.db"
    )
    bridge = Bridge(processes, cgroup)
    try:
        processes.start_sandbox()
        bridge.start()
        stores = Stores(processes.port, folder, seed=seed, under_way=under_way)
        operator = Operator(processes, Watch(processes.record))
        operator.start()
        scene = Scene(
            disk=disk,
            device=device,
            bridge=bridge,
            stores=stores,
            dice=random.Random(seed),
        )
        try:
            lines = befall(scene)
        finally:
            stores.stop()
            if cgroup is not None:
                _empty(cgroup)
        waited(time.monotonic(), lambda: is_settled(processes), GIVE_UP_S)
        operator.leave()
        write_sight(processes)
    finally:
        processes.stop()
        bridge.kill()
    log = (folder / "serve.log").read_text(errors="replace")
    return Report(
        lines=lines,
        stalled=log.count('"process.stalled"'),
        verdict=judge(read_history(folder)),
    )


def _last_words(folder: Path) -> list[str]:
    log = folder / "serve.log"
    return log.read_text().splitlines()[-5:] if log.exists() else []


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=("full", "slow", "power"))
    parser.add_argument("--losses", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    wanted = parser.parse_args()
    troubles: Mapping[str, Callable[[Path], Report]] = {
        "full": lambda folder: full(folder, seed=wanted.seed),
        "slow": lambda folder: slow(folder, seed=wanted.seed),
        "power": lambda folder: power(
            folder, seed=wanted.seed, losses=wanted.losses
        ),
    }
    failed, skipped = 0, 0
    for name in wanted.only or troubles:
        folder = Path(tempfile.mkdtemp(prefix=f"bridge-disk-{name}-"))
        print(f"== {name}", flush=True)
        try:
            report = troubles[name](folder)
        except Skipped as reason:
            print(f"SKIPPED: {reason}", flush=True)
            skipped += 1
        except (TimeoutError, RuntimeError) as error:
            print(f"FAILED: {error}", *_last_words(folder), sep="\n")
            failed += 1
        else:
            print("\n".join([*report.lines, told(report.verdict)]))
            if report.stalled:
                print(f"VIOLATED: {report.stalled} workers called stuck")
            failed += not report.clean
        finally:
            if not wanted.keep:
                remove(folder)
    print(f"{failed} failed, {skipped} SKIPPED")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
