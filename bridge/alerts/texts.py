"""What somebody is told of an alert, in Spanish and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bridge.alert_settings import AlertSettings, Form
from bridge.journal.seeing import Alert
from bridge.model import DAY, HOUR, MINUTE, Instant
from bridge.orders.document import iso

TEST = "test:"
"""The cause of an alert that only shows that alerts arrive."""

_MIB = 1024 * 1024

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "es": {
        "attention": "Hay envíos a {subject} que te esperan desde hace {ago}.",
        "attention over": "Ya nadie te espera de más en {subject}.",
        "paused": "{subject} está en pausa desde hace {ago}. No se le envía"
        " nada.",
        "paused over": "{subject} ya no está en pausa.",
        "silent": "{subject} no ha avisado de nada desde hace {ago}, y a esta"
        " hora es raro. Revisa sus webhooks.",
        "silent over": "{subject} volvió a avisar.",
        "backlog": "Hay {count} pendientes por enviar a {subject}.",
        "backlog over": "Ya no hay tantos pendientes en {subject}.",
        "backlog of events": "Hay {count} avisos de las tiendas sin leer.",
        "backlog of events over": "Los avisos de las tiendas van al día.",
        "disk": "Queda poco espacio en el disco: {mib} MB libres. Haz lugar.",
        "disk over": "Ya hay espacio en el disco.",
        "token": "El token de {subject} vence en {until}. Pide uno nuevo.",
        "token ended": "El token de {subject} ya venció. Pide uno nuevo.",
        "token over": "El token de {subject} ya está renovado.",
        "test": "Prueba: las alertas del puente sí llegan.",
    },
    "en": {
        "attention": "Calls to {subject} have waited for you for {ago}.",
        "attention over": "Nothing at {subject} waits too long any more.",
        "paused": "{subject} has been paused for {ago}. Nothing is sent"
        " there.",
        "paused over": "{subject} is no longer paused.",
        "silent": "{subject} has said nothing for {ago}, which is unusual at"
        " this hour. Look at its webhooks.",
        "silent over": "{subject} is heard again.",
        "backlog": "{count} wait to be sent to {subject}.",
        "backlog over": "The line at {subject} is short again.",
        "backlog of events": "{count} webhooks of the stores are not read.",
        "backlog of events over": "The stores' webhooks are read again.",
        "disk": "The disk is nearly full: {mib} MB are free. Make room.",
        "disk over": "There is room on the disk again.",
        "token": "The token of {subject} ends in {until}. Ask for a new one.",
        "token ended": "The token of {subject} has ended. Ask for a new one.",
        "token over": "The token of {subject} was renewed.",
        "test": "A test: alerts of the bridge arrive.",
    },
}

_SPANS: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "es": {DAY: ("día", "días"), HOUR: ("hora", "horas"),
           MINUTE: ("minuto", "minutos")},
    "en": {DAY: ("day", "days"), HOUR: ("hour", "hours"),
           MINUTE: ("minute", "minutes")},
}  # fmt: skip

_PAGES: Mapping[str, str] = {
    "attention": "/console/attention?target={subject}",
    "paused": "/console/targets",
    "backlog": "/console/targets",
    "token": "/console/targets",
    "silent": "/console/stores",
}
"""Where the console shows what to do; its first page for all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told: *text* for people, the others for programs."""

    event: str
    """`alert`, `resolved` or `test`."""
    kind: str
    subject: str
    text: str
    since: Instant
    url: str

    def body(self, form: Form) -> dict[str, str]:
        """Return it as it is sent."""
        if form is Form.SLACK:
            return {"text": f"{_escaped(self.text)} <{self.url}>"}
        return {
            "event": self.event,
            "kind": self.kind,
            "subject": self.subject,
            "text": self.text,
            "since": iso(self.since) or "",
            "url": self.url,
        }


def notice(one: Alert, settings: AlertSettings, now: Instant) -> Notice:
    """Return what is told of an alert: that it is on, or over."""
    event = "alert" if one.over_at is None else "resolved"
    return Notice(
        event="test" if one.cause == TEST else event,
        kind=one.kind,
        subject=one.subject,
        text=text_of(one, settings.language, now),
        since=one.since,
        url=settings.console + page_of(one),
    )


def page_of(one: Alert) -> str:
    """Return where the console shows what to do, below its address."""
    subject = quote(one.subject, safe="")
    return _PAGES.get(one.kind, "/console/").format(subject=subject)


def text_of(one: Alert, language: str, now: Instant) -> str:
    """Return an alert in one or two sentences."""
    figure = one.since if one.figure is None else one.figure
    return _TEXTS[language][_name_of(one, figure, now)].format(
        subject=one.subject,
        ago=_span(now - figure, language),
        until=_span(figure - now, language),
        count=f"{figure:,}",
        mib=f"{figure // _MIB:,}",
    )


def _name_of(one: Alert, figure: int, now: Instant) -> str:
    name = one.kind
    if name == "backlog" and not one.subject:
        name = "backlog of events"
    if one.over_at is not None:
        return f"{name} over"
    return "token ended" if name == "token" and figure <= now else name


def _span(milliseconds: int, language: str) -> str:
    """Return `3 horas` for a little more than that."""
    for unit, (single, many) in _SPANS[language].items():
        count = milliseconds // unit
        if count >= 1:
            return f"{count} {single if count == 1 else many}"
    return f"1 {_SPANS[language][MINUTE][0]}"


def _escaped(text: str) -> str:
    """
    Return *text* with the three signs that Slack reads escaped.

    Source: https://docs.slack.dev/messaging/formatting-message-text, 2026-11
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
