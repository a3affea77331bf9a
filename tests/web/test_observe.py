"""What the bridge says of itself."""

import contextlib
import io
import json

import pytest
from typing_extensions import override

from bridge.observe import metrics_text, observe


def test_says_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """
    An event is one line of JSON, whatever its values have in them.
    """
    observe("test.said", level="warning", name="a\nb\x1b[31m\u2028", n=1)
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert ("test.said", "warning", "a\nb\x1b[31m\u2028", 1) == (
        said["event"], said["level"], said["name"], said["n"],
    )  # fmt: skip
    assert said["at"].endswith("Z")


class FullDisk(io.StringIO):
    """A file that takes no more."""

    @override
    def write(self, text: str, /) -> int:
        raise OSError("no space left on device")


def test_full_disk_costs_the_line_only() -> None:
    """
    Where the log can not be written, work goes on and the loss is counted.
    """
    line = 'bridge_log_lines_dropped_total{why="OSError"}'
    with contextlib.redirect_stderr(FullDisk()):
        observe("test.said")
    assert line in metrics_text().decode()


def test_measures_seconds() -> None:
    """
    A span in milliseconds is measured in seconds; one that is not said
    is not measured.
    """
    for ms in (None, 250):
        observe(
            "delivery.recorded",
            target="t-1",
            operation="o",
            outcome="applied",
            ms=ms,
        )
    text = metrics_text().decode()
    labels = 'operation="o",target="t-1"'
    assert f"bridge_call_seconds_sum{{{labels}}} 0.25" in text
    assert f"bridge_call_seconds_count{{{labels}}} 1.0" in text
    assert f'outcome="applied",{labels.split(",")[1]}}} 2.0' in text
