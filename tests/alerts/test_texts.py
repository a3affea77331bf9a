"""What is told is plain, in two languages, and nobody's data."""

import pytest

from bridge.alert_settings import AlertSettings, Form
from bridge.alerts.texts import TEST, notice, page_of, text_of
from bridge.journal.seeing import Alert
from bridge.model import DAY, HOUR, MINUTE
from tests.factories import NOW, later

CAUSES = {
    "attention:rayo-mx": later(-90 * MINUTE),
    "paused:yuju-mx": later(-MINUTE),
    "silent:cafe-mx": later(-3 * HOUR),
    "backlog:yuju-mx": 1200,
    "backlog:": 5000,
    "disk:": 700 * 1024 * 1024,
    "token:every-co": later(2 * DAY),
    TEST: NOW,
}


def alert(cause: str, *, is_over: bool = False) -> Alert:
    """Return an alert with a usual figure."""
    return Alert(
        id=1,
        cause=cause,
        figure=CAUSES[cause],
        since=NOW,
        told_at=NOW if is_over else None,
        over_at=NOW if is_over else None,
    )


@pytest.mark.parametrize(
    ("cause", "language", "text"),
    [
        (
            "attention:rayo-mx",
            "es",
            "Hay envíos a rayo-mx que te esperan desde hace 1 hora.",
        ),
        (
            "paused:yuju-mx",
            "en",
            "yuju-mx has been paused for 1 minute. Nothing is sent there.",
        ),
        (
            "backlog:yuju-mx",
            "es",
            "Hay 1,200 pendientes por enviar a yuju-mx.",
        ),
        (
            "token:every-co",
            "es",
            "El token de every-co vence en 2 días. Pide uno nuevo.",
        ),
        (
            "disk:",
            "en",
            "The disk is nearly full: 700 MB are free. Make room.",
        ),
    ],
)
def test_texts(cause: str, language: str, text: str) -> None:
    """They say what it is, since when, and what to do."""
    assert text_of(alert(cause), language, NOW) == text


def test_a_token_that_has_ended_is_told_so() -> None:
    """Not that it ends in no time."""
    text = text_of(alert("token:every-co"), "en", later(3 * DAY))

    assert text == "The token of every-co has ended. Ask for a new one."


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_its_texts(cause: str, language: str) -> None:
    """When it comes up, and when it is over."""
    texts = {text_of(alert(cause), language, NOW)}
    if cause != TEST:
        texts.add(text_of(alert(cause, is_over=True), language, NOW))
        assert len(texts) == 2
    assert all("{" not in text for text in texts)


def test_forms() -> None:
    """JSON for programs, and the one line that Slack takes."""
    settings = AlertSettings(console="https://puente.example.mx")
    told = notice(alert("attention:rayo-mx"), settings, NOW)

    assert told.body(Form.JSON) == {
        "event": "alert",
        "kind": "attention",
        "subject": "rayo-mx",
        "text": told.text,
        "since": "2026-09-21T14:13:20Z",
        "url": "https://puente.example.mx/console/attention?target=rayo-mx",
    }
    assert told.body(Form.SLACK) == {"text": f"{told.text} <{told.url}>"}
    assert (
        notice(alert("disk:", is_over=True), settings, NOW).event == "resolved"
    )


def test_a_name_breaks_out_of_no_address() -> None:
    """Whatever a target is called."""
    one = Alert(id=1, cause="attention:a&b=<c>", figure=0, since=NOW)

    assert page_of(one) == "/console/attention?target=a%26b%3D%3Cc%3E"
    told = notice(one, AlertSettings(), NOW).body(Form.SLACK)["text"]
    assert "a&amp;b=&lt;c&gt;" in told
