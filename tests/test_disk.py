"""What `doctor` and `restore` say when the disk, or somebody, failed us."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import cli
from bridge.commands.disk import kind_of, on_disk
from bridge.commands.findings import Line, Verdict
from bridge.compose import served, web
from bridge.journal.mark import mark_of
from bridge.journal.protocol import Room
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import RESTORED, DeliveryState
from bridge.settings import Settings, read_settings
from bridge.spill import SpillFolder
from bridge.supervisor import Program, Supervisor, executing
from tests.factories import NOW, keep, new_delivery, new_event
from tests.journal.steps import claim_one, intend, result

ROOM = Room(place="x.db", free=2**40, reserve=2**26, wal=0, largest_wal=2**30)

Told = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
def journal(path: Path) -> SQLiteJournal:
    journal = SQLiteJournal(path)
    journal.migrate()
    return journal


@pytest.fixture
def environ(path: Path) -> dict[str, str]:
    return {
        "BRIDGE_DATABASE": f"sqlite:///{path}",
        "BRIDGE_MAPPINGS": str(path.parent / "none"),
    }


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., Result]:
    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, words, env=environ)

    return run


@pytest.fixture
def told(run: Callable[..., Result]) -> Told:
    """What `doctor` says, by subject."""

    def told() -> dict[str, dict[str, str]]:
        lines = json.loads(run("doctor", "--json").stdout)["lines"]
        return {line["subject"]: line for line in lines}

    return told


def end(journal: SQLiteJournal) -> None:
    """Close a database, as the end of its process does."""
    journal._connections._process._writer().close()  # noqa: SLF001
    journal.close()


def settings(environ: dict[str, str]) -> Settings:
    return read_settings(environ)


# ---------------------------------------------------------------- doctor


def test_all_is_well(journal: SQLiteJournal, told: Told) -> None:
    """Of a sound file on a good disk there is nothing to say."""
    lines = told()

    for subject in ("rights", "file system", "WAL", "spill", "mark",
                    "schema", "integrity"):  # fmt: skip
        assert "ok" == lines[subject]["verdict"], lines[subject]


@pytest.mark.parametrize(
    ("has", "subject", "verdict", "advice"),
    [
        ({}, "disk", "ok", ""),
        ({"free": 2**29}, "disk", "warn", "make room soon"),
        ({"free": 2**25}, "disk", "bad", "webhooks are refused"),
        ({"wal": 2**29}, "WAL", "warn", "something reads for long"),
        ({"wal": 2**31}, "WAL", "bad", "something reads for long"),
    ],
)
def test_tells_of_room(
    environ: dict[str, str],
    *,
    has: dict[str, int],
    subject: str,
    verdict: str,
    advice: str,
) -> None:
    """Space and the log's length, with figures and what to do."""
    room = replace(ROOM, **has)
    journal = SQLiteJournal(Path("x.db"), look=lambda *_: room)
    (line,) = [
        line
        for line in on_disk(settings(environ), journal)
        if line.subject == subject
    ]

    assert verdict == line.verdict
    assert "MiB" in line.text
    assert advice in line.advice


def test_tells_of_the_note(
    journal: SQLiteJournal, path: Path, told: Told
) -> None:
    """A suspect file is told with its error, and looked at all the same."""
    Path(f"{path}.suspect").write_text('{"error": "SQLITE_IOERR_FSYNC"}')
    lines = told()

    assert "bad" == lines["suspect"]["verdict"]
    assert "SQLITE_IOERR_FSYNC" in lines["suspect"]["text"]
    assert "start `serve`" in lines["suspect"]["advice"]
    assert "ok" == lines["integrity"]["verdict"]


def test_tells_of_damage(
    journal: SQLiteJournal, path: Path, told: Told
) -> None:
    """A damaged page is found, and the way back is told."""
    for nth in range(200):
        journal.append([new_event(str(nth), body=b"x" * 2_000)])
    journal._connections.write_log_anew()  # noqa: SLF001
    with path.open("r+b") as file:
        file.seek(4096 * 40)
        file.write(b"\xaa" * 4096 * 30)
    lines = told()

    assert "bad" == lines["integrity"]["verdict"]
    assert "put back the last backup" in lines["integrity"]["advice"]


def test_tells_of_a_delivery_without_its_history(
    journal: SQLiteJournal, told: Told
) -> None:
    """A delivery that somebody changed by hand is not what it was."""
    keep(journal, new_delivery())
    with journal.writing() as session:
        database = session._database  # type: ignore[attr-defined]  # noqa: SLF001
        database.execute("DROP TRIGGER deliveries_go_on")
        database.execute("UPDATE deliveries SET state = 'succeeded'")
    line = told()["integrity"]

    assert "bad" == line["verdict"]
    assert "its history ends as pending" in line["text"]


def test_tells_of_an_older_copy(
    journal: SQLiteJournal, path: Path, told: Told
) -> None:
    """A database that has seen less than its mark is told with a way out."""
    mark = mark_of(path)
    mark.write_text(mark.read_text().replace('"event":0', '"event":7'))
    lines = told()

    assert "bad" == lines["copy"]["verdict"]
    assert "7 events" in lines["copy"]["text"]
    assert "restore" in lines["copy"]["advice"]
    assert "ok" == lines["integrity"]["verdict"]


def test_tells_of_a_missing_mark(
    journal: SQLiteJournal, path: Path, told: Told
) -> None:
    """Without a mark nobody would notice an older copy."""
    mark_of(path).unlink()

    assert "warn" == told()["mark"]["verdict"]


def test_tells_of_what_waits(
    journal: SQLiteJournal, path: Path, told: Told
) -> None:
    """Outcomes that the journal could not take are counted."""
    keep(journal, new_delivery())
    claim = claim_one(journal)
    number = intend(journal, claim)
    spill = SpillFolder(Path(f"{path}.spill"), "w", size=64 * 1024)
    spill.keep(claim, result(DeliveryState.SUCCEEDED, number=number), NOW)
    lines = told()

    assert "1 outcomes wait" in lines["spill"]["text"]
    assert "worker" in lines["spill"]["advice"]


def test_tells_of_a_strange_owner(
    journal: SQLiteJournal, path: Path, told: Told
) -> None:
    """A file beside the database that is another user's is named."""
    journal.append([new_event()])
    if os.geteuid():
        pytest.skip("NOT SHOWN: only root gives files away")
    os.chown(f"{path}-wal", 65534, 65534)
    line = told()["rights"]

    assert "bad" == line["verdict"]
    assert "bridge.db-wal is nobody's" in line["text"]
    assert "chown" in line["advice"]


@pytest.mark.processes
def test_tells_of_a_read_only_disk(tmp_path: Path) -> None:
    """What can not be written is named, with its owner."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tiny", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("NOT SHOWN: a tmpfs can not be mounted here")
    try:
        environ = {"BRIDGE_DATABASE": f"sqlite:///{folder}/x.db"}
        command = [sys.executable, "-m", "bridge", "migrate"]
        subprocess.run(command, env=environ, check=True)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        journal = SQLiteJournal(folder / "x.db")
        lines = [*on_disk(settings(environ), journal)]
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    wrong = [x.text for x in lines if (x.subject, x.verdict) == BAD_RIGHTS]
    for path in (folder, folder / "x.db"):
        assert [f"{path} can not be written by root"] == [
            text for text in wrong if text.startswith(f"{path} ")
        ]


BAD_RIGHTS = ("rights", Verdict.BAD)

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/x /data nfs4 rw 0 0
tmpfs /data/local tmpfs rw 0 0
me@host: /home/my\\040files fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/bridge.db", "ext4"),
        ("/data/bridge.db", "nfs4"),
        ("/data/local/bridge.db", "tmpfs"),
        ("/database/bridge.db", "ext4"),
        ("/home/my files/bridge.db", "fuse.sshfs"),
    ],
)
def test_knows_the_kind_of_file_system(path: str, kind: str) -> None:
    """The deepest mount that holds the file says what it lies on."""
    assert kind == kind_of(Path(path), MOUNTS)


# --------------------------------------------------------------- restore


def older(journal: SQLiteJournal, path: Path) -> None:
    """Let a copy be put back that lacks an event and a create's end."""
    keep(journal, new_delivery())
    copy = path.parent / "copy.db"
    journal.backup(str(copy))
    journal.append([new_event()])
    journal.keep_mark()
    end(journal)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    shutil.copy(copy, path)


def test_every_command_refuses_an_older_copy(
    journal: SQLiteJournal, path: Path, run: Callable[..., Result]
) -> None:
    """They end with a status of their own, in one line."""
    older(journal, path)
    for words in (("deliveries", "list"), ("migrate",), ("web",)):
        ended = run(*words)
        if words == ("web",):  # it wants its stores first
            continue
        assert 6 == ended.exit_code
        assert "older copy" in ended.stderr
        assert 1 == len(ended.stderr.splitlines())


def test_restore_asks(
    journal: SQLiteJournal, path: Path, run: Callable[..., Result]
) -> None:
    """It says how many creates become uncertain, and needs a yes."""
    older(journal, path)
    asked = run("restore")

    assert 2 == asked.exit_code
    assert "1 creates uncertain?" in asked.stderr
    assert "older copy" in asked.stdout
    assert 6 == run("deliveries", "list").exit_code


def test_restore_goes_on(
    journal: SQLiteJournal, path: Path, run: Callable[..., Result]
) -> None:
    """With a yes the creates are uncertain, and everything starts again."""
    older(journal, path)
    done = run("restore", "--yes")

    assert (0, "") == (done.exit_code, done.stderr)
    assert "1 creates are uncertain now" in done.stdout
    found: Any = json.loads(run("deliveries", "list", "--json").stdout)
    (item,) = found["items"]
    assert ("uncertain", RESTORED) == (item["state"], item["reason"])


def test_restore_without_need(
    journal: SQLiteJournal, run: Callable[..., Result]
) -> None:
    """On another machine nothing tells of a copy: a person does."""
    done = run("restore", "--yes")

    assert 0 == done.exit_code
    assert "Nothing says that it is older" in done.stdout


def test_restore_needs_a_sound_file(
    journal: SQLiteJournal, path: Path, run: Callable[..., Result]
) -> None:
    """A sound file with a note is cleared of it on the way."""
    end(journal)
    note = Path(f"{path}.suspect")
    note.write_text('{"error": "SQLITE_IOERR_FSYNC"}')

    assert 6 == run("deliveries", "list").exit_code
    assert 0 == run("restore", "--yes").exit_code
    assert not note.exists()


def test_lines_know_whether_all_is_well() -> None:
    """Only `ok` asks nothing of anybody."""
    assert Line(subject="x", verdict=Verdict.OK, text="").is_ok
    assert not Line(subject="x", verdict=Verdict.WARN, text="").is_ok


@pytest.mark.processes
def test_doubt_ends_all_that_is_supervised() -> None:
    """
    A child that ends with a status of doubt is not brought back, the others
    are ended, and its status is the supervisor's.
    """
    python = [sys.executable, "-c"]
    sleeps = Program(
        name="sleeps",
        main=executing([*python, "import time; time.sleep(60)"]),
        environ={},
    )
    doubts = Program(
        name="doubts",
        main=executing([*python, "import sys; sys.exit(6)"]),
        environ={},
        ends_all=frozenset({6}),
    )
    supervisor = Supervisor(
        [sleeps, doubts], monotonic=time.monotonic, sleep=time.sleep
    )
    began = time.monotonic()

    assert 6 == supervisor.run()
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(("in_doubt", "status"), [(True, 4), (False, 3)])
def test_gunicorn_is_ended(
    journal: SQLiteJournal,
    path: Path,
    environ: dict[str, str],
    *,
    in_doubt: bool,
    status: int,
) -> None:
    """
    A web process that can not start does not start again and again; only
    a journal in doubt ends everything else with it.
    """
    if in_doubt:
        Path(f"{path}.suspect").write_text('{"error": "SQLITE_IOERR"}')
    else:
        mark_of(path).unlink()
        path.rename(path.with_suffix(".moved"))

    (path.parent / "none").mkdir()
    (path.parent / "none" / "stores.yaml").write_text("{}\n")

    with pytest.raises(SystemExit) as ended:
        served(partial(web, environ))
    assert status == ended.value.code
