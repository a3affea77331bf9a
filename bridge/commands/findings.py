"""What `doctor` found, one thing after the other."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How one thing was found."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One thing that was looked at.

    Args:
        advice: what to do, where something is to be done.
    """

    subject: str
    verdict: Verdict
    text: str
    advice: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether nothing is to be done."""
        return self.verdict is Verdict.OK


def ok(subject: str, text: str) -> Line:
    """Return that all is well."""
    return Line(subject=subject, verdict=Verdict.OK, text=text)


def warn(subject: str, text: str, advice: str) -> Line:
    """Return that a person should look at it some time."""
    return Line(
        subject=subject, verdict=Verdict.WARN, text=text, advice=advice
    )


def bad(subject: str, text: str, advice: str) -> Line:
    """Return that a person has to do something."""
    return Line(subject=subject, verdict=Verdict.BAD, text=text, advice=advice)
