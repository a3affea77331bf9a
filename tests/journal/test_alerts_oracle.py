"""Alerts in the journal, against a dictionary of what is on."""

import shutil
import tempfile
from dataclasses import dataclass

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)
from typing_extensions import override

from bridge.journal.seeing import Alert
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import Instant
from tests.factories import NOW, later
from tests.journal.test_oracle import _fresh_file

CAUSES = ("paused:rayo-mx", "silent:cafe-mx", "attention:")


@dataclass
class Known:
    """One time that a cause came up."""

    cause: str
    figure: int | None
    since: Instant
    told: Instant | None = None
    over: Instant | None = None
    over_told: Instant | None = None
    tries: int = 0
    again: Instant = Instant(0)
    problem: str | None = None

    def is_shown(self) -> bool:
        """Return whether it is on, or its end is still to be told."""
        untold = self.told is not None and self.over_told is None
        return self.over is None or untold

    def is_to_tell(self) -> bool:
        """Return whether somebody is to be told of it, or of its end."""
        if self.over is None:
            return self.told is None
        return self.told is not None and self.over_told is None


class AlertsAndOracle(RuleBasedStateMachine):
    """Lets causes come and go, and several workers tell of them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="alerts-")
        self.journal = SQLiteJournal(_fresh_file(self.folder))
        self.known: dict[int, Known] = {}
        self.now = NOW
        self.seen: list[Alert] = []

    @override
    def teardown(self) -> None:
        """Leave no file behind."""
        self.journal.close()
        shutil.rmtree(self.folder)

    @rule(span=st.sampled_from([1, 500, 60_000]))
    def wait(self, span: int) -> None:
        """Time goes by."""
        self.now = later(span, self.now)

    @rule(
        begun=st.dictionaries(
            st.sampled_from(CAUSES), st.none() | st.integers(0, 9), max_size=3
        ),
        data=st.data(),
    )
    def keep(self, begun: dict[str, int | None], data: st.DataObject) -> None:
        """What is on already begins no second time; what is over stays so."""
        ended = data.draw(st.sets(st.sampled_from([*self.known, 99])))
        self.journal.keep_alerts(begun, ended, self.now)
        for one in ended & self.known.keys():
            known = self.known[one]
            if known.over is None:
                known.over, known.problem = self.now, None
                known.tries, known.again = 0, Instant(0)
        on = {one.cause for one in self.known.values() if one.over is None}
        new = {one.id: one for one in self.journal.alerts()}
        for cause in begun.keys() - on:
            (number,) = [
                one.id
                for one in new.values()
                if one.cause == cause and one.id not in self.known
            ]
            self.known[number] = Known(cause, begun[cause], self.now)

    @rule()
    def look(self) -> None:
        """A worker looks at what there is to tell, and may be slow."""
        self.seen = list(self.journal.alerts())

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), span=st.sampled_from([100, 30_000]))
    def claim(self, data: st.DataObject, span: int) -> None:
        """One of those who looked may tell it, and only when it is time."""
        one = data.draw(st.sampled_from(self.seen))
        known = self.known[one.id]
        until = later(span, self.now)
        taken = self.journal.claim_alert(one, until=until, now=self.now)
        assert taken == (
            known.is_to_tell()
            and known.tries == one.tries
            and known.again <= self.now
        )
        if taken:
            known.tries, known.again = known.tries + 1, until

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), problem=st.sampled_from([None, None, "http_500"]))
    def tell(self, data: st.DataObject, problem: str | None) -> None:
        """Somebody was told, or was not to be reached."""
        one = data.draw(st.sampled_from(self.seen))
        known = self.known[one.id]
        again = later(700, self.now)
        self.journal.keep_told(
            one, problem=problem, again_at=again, now=self.now
        )
        if problem is not None:
            known.problem, known.again = problem, again
            return
        known.told = known.told or self.now
        if one.over_at is not None:
            known.over_told = self.now
        known.tries, known.again, known.problem = 0, Instant(0), None

    @invariant()
    def alerts_are_the_same(self) -> None:
        """All that is on, and all whose end nobody was told yet."""
        assert list(self.journal.alerts()) == [
            Alert(
                id=number,
                cause=one.cause,
                figure=one.figure,
                since=one.since,
                told_at=one.told,
                over_at=one.over,
                over_told_at=one.over_told,
                tries=one.tries,
                again_at=one.again,
                problem=one.problem,
            )
            for number, one in sorted(self.known.items())
            if one.is_shown()
        ]


AlertsAndOracle.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TestAlertsAndOracle = AlertsAndOracle.TestCase
