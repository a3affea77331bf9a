"""What an outsider, or a page of elsewhere, tries at the console."""

import io
import re
from itertools import product
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import Journal
from tests.factories import keep, new_event
from tests.web.console.inboxes import WHY, fields_of, fill, waits
from tests.web.console.test_inbox import INBOX, browser_of
from tests.web.console.test_pages import held, logged_in
from tests.web.doors import TOKEN, web

COOKIE = "bridge_console"
ELSEWHERE = [
    "https://evil.example/", "//evil.example", "/\\evil.example",
    "/console/\\evil.example", "/console/../../evil", "/consoleevil",
    "/console/\r\nSet-Cookie: a=b", "/console/\x00", "/console/\t//evil",
    "javascript:alert(1)", "/console/?next=//evil.example", "\t/console/",
    "/console/%0d%0aSet-Cookie:%20a=b", "/console/..//evil.example",
    "/console/.//..//..///evil.example", "/console/\u2028x", "/console//[",
]  # fmt: skip
"""Ways back that lead elsewhere, or seem to."""


@pytest.fixture
def ana(journal: Journal) -> FlaskClient:
    """Ana's browser."""
    return browser_of(journal)


def test_session_is_never_one_that_was_brought_along(
    journal: Journal,
) -> None:
    """
    Whoever plants a cookie before the login does not know the session after.
    """
    app = web(journal)
    thief = logged_in(app)
    planted = thief.get_cookie(COOKIE, path="/console")
    assert planted is not None
    for value in (planted.value, "x", "a.b.c", "é", "x" * 3_000):
        victim = app.test_client()
        victim.set_cookie(COOKIE, quote(value, safe=".-_"), path="/console")
        victim.post("/console/login", data={"token": TOKEN})
        own = victim.get_cookie(COOKIE, path="/console")
        assert own is not None
        assert planted.value != own.value
        assert 200 == victim.get("/console/").status_code


def test_cookie_can_not_be_made(journal: Journal) -> None:
    """
    A cookie of which one letter is another is worth nothing.
    """
    app = web(journal)
    cookie = logged_in(app).get_cookie(COOKIE, path="/console")
    assert cookie is not None
    value = cookie.value
    for at in range(0, len(value) - 1, 5):
        other = "A" if value[at] != "A" else "B"
        browser = app.test_client()
        forged = value[:at] + other + value[at + 1 :]
        browser.set_cookie(COOKIE, forged, path="/console")
        assert 303 == browser.get("/console/").status_code


def test_cookie_is_for_nobody_else(journal: Journal) -> None:
    """
    Scripts do not see it, and no other site has it sent along.
    """
    answer = (
        web(journal)
        .test_client()
        .post("/console/login", data={"token": TOKEN})
    )
    said = answer.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Strict", "Path=/console"):
        assert word in said


@pytest.mark.parametrize("back", ELSEWHERE)
def test_no_way_back_leads_elsewhere(
    ana: FlaskClient, journal: Journal, back: str
) -> None:
    """
    After a choice, a decision or a look one stays in the console.
    """
    kept = waits(journal)
    action = f"{INBOX}/{kept.id}"
    mend = fill(ana, INBOX, f"{action}/mend", back=back)
    links = re.findall(r'href="([^"]*)"', mend.text)
    assert all(one.startswith(("/console/", "#")) for one in links)
    for answer in (
        ana.post("/console/choose", data={"theme": "dark", "back": back}),
        fill(ana, INBOX, action, decision="done", reason=WHY, back=back),
    ):
        assert 303 == answer.status_code
        assert re.fullmatch(r"/console/[!-~]*", answer.location)
        assert "Set-Cookie: a=b" not in str(answer.headers)
        assert not re.search(r"/\.\./|//", answer.location.partition("?")[0])


@pytest.mark.parametrize(
    "number", ["0", "-1", "1e3", "%EF%BC%91", "1%00", "9" * 18, "9" * 40, "x"]
)
@pytest.mark.parametrize(
    "path", ["events/{}", "deliveries/{}", "attention/{}"]
)
def test_what_is_no_number_is_not_found(
    ana: FlaskClient, path: str, number: str
) -> None:
    """
    Nothing but the number of a row leads to one.
    """
    answer = ana.get(f"/console/{path.format(number)}")
    assert 404 == answer.status_code


@pytest.mark.parametrize(
    "path",
    [
        "events.csv/../../auth.py", "deliveries.csv%0d%0aX-A: b",
        "..%2f..%2fetc%2fpasswd", "static/x/..%2f..%2fauth.py",
        "static/x/%2e%2e/auth.py", "orders/cafe-mx/..%2f..", "%00",
    ],
)  # fmt: skip
def test_paths_lead_to_no_file(ana: FlaskClient, path: str) -> None:
    """
    No trick with dots or breaks finds anything.
    """
    answer = ana.get(f"/console/{path}")
    assert 404 == answer.status_code
    assert "X-A" not in answer.headers


def test_names_of_files_are_ours(ana: FlaskClient, journal: Journal) -> None:
    """
    What is asked for never comes into the name that a file is saved by.
    """
    journal.append([new_event()])
    query = {"store": '"\r\nX-A: b; filename="x.exe'}
    for name in ("events", "deliveries"):
        answer = ana.get(f"/console/{name}.csv", query_string=query)
        answer.close()
        said = answer.headers["Content-Disposition"]
        assert f'attachment; filename="{name}.csv"' == said
        assert "X-A" not in answer.headers


def test_large_form_is_refused(ana: FlaskClient, journal: Journal) -> None:
    """
    What no person writes is not read: too long, or of too many parts.
    """
    kept = waits(journal)
    form = fields_of(ana.get(INBOX).text, f"{INBOX}/{kept.id}")
    long = {**form, "decision": "done", "reason": "x" * 70_000}
    assert 413 == ana.post(f"{INBOX}/{kept.id}", data=long).status_code
    many = {
        **form,
        **{f"x{nth}": (io.BytesIO(b"y"), "y") for nth in range(1_100)},
    }
    answer = ana.post(
        f"{INBOX}/{kept.id}", data=many, content_type="multipart/form-data"
    )
    assert 413 == answer.status_code
    chosen = {**fields_of(ana.get(INBOX).text, f"{INBOX}/preview")}
    ticked: dict[str, object] = {**chosen, "decision": "done"}
    ticked["chosen"] = [f"{kept.id}:{nth}" for nth in range(900)]
    assert 200 == ana.post(f"{INBOX}/preview", data=ticked).status_code
    assert kept == journal.delivery(kept.id)


@pytest.mark.parametrize(
    "chosen",
    ["", ":", "x:1", "1", "1:", "1:x", "-1:1", "1:1:1", "1:" + "9" * 40],
)
def test_ticks_are_numbers(
    ana: FlaskClient, journal: Journal, chosen: str
) -> None:
    """
    What was not ticked on a page of ours is no row.
    """
    kept = waits(journal)
    form: dict[str, object] = {
        **fields_of(ana.get(INBOX).text, f"{INBOX}/preview"),
        "decision": "done",
        "reason": WHY,
        "chosen": [chosen],
    }
    for path in ("preview", "together"):
        assert 404 == ana.post(f"{INBOX}/{path}", data=form).status_code
    assert kept == journal.delivery(kept.id)


@pytest.mark.parametrize(
    "cursor",
    ["x", "é", "W10", "WzFd" * 200, "bnVsbA", "W251bGxd", "Wy0xXQ",
     "WzFlOTldIA", "W1tbW1tbW11dXV1dXV0", "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd"],
)  # fmt: skip
def test_cursor_is_one_of_ours(ana: FlaskClient, cursor: str) -> None:
    """
    A place in a list that we did not give is refused, whatever it holds.
    """
    for path in ("events", "deliveries", "attention?reason=asked"):
        sign = "&" if "?" in path else "?"
        answer = ana.get(f"/console/{path}{sign}cursor={quote(cursor)}")
        assert 422 == answer.status_code


def test_odd_cookies_do_no_harm(journal: Journal) -> None:
    """
    A choice that is none of ours is as none at all.
    """
    app = web(journal)
    names = ("bridge_language", "bridge_theme", "bridge_zone", COOKIE)
    values = ("../../etc/passwd", '"><script>', "x" * 3_000, "%00", "=;")
    for name, value in product(names, values):
        browser = app.test_client()
        browser.set_cookie(name, value, path="/console")
        answer = browser.get("/console/login")
        assert 200 == answer.status_code
        assert "passwd" not in answer.text
        assert '"><script>' not in answer.text


def test_host_that_is_odd_is_only_text(ana: FlaskClient) -> None:
    """
    The address that a store is told is shown; what it holds does not run.
    """
    for host in ('x"><script>alert(1)</script>', "evil.example", "a b"):
        answer = ana.get("/console/stores", headers={"Host": host})
        assert answer.status_code in {200, 303, 400}
        assert "<script>alert" not in answer.text


def test_customers_data_is_kept_by_no_browser(
    ana: FlaskClient, journal: Journal
) -> None:
    """
    Pages, files and refusals say that nobody may keep them.
    """
    (kept,) = keep(journal, held())
    journal.append([new_event()])
    token = fields_of(ana.get("/console/").text, "/console/logout")
    for answer in (
        ana.get("/console/"),
        ana.get("/console/deliveries.csv"),
        ana.get("/console/nothing"),
        ana.get(f"/console/deliveries/{kept.id}"),
        ana.post("/console/events/1/reveal", data=token),
        ana.post("/console/events/1/reveal"),
        ana.get("/console/login"),
        ana.get("/console/fragments/day.json"),
    ):
        assert "no-store" == answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "word",
    ["a\x00b", "\ud800".encode("utf-8", "replace").decode(), "\u202e" * 50],
)
def test_odd_letters_do_no_harm(
    ana: FlaskClient, journal: Journal, word: str
) -> None:
    """
    Zero bytes and the like are refused or kept as text, and break nothing.
    """
    kept = waits(journal)
    for path in ("search?q=", "events?topic=", "deliveries?order="):
        answer = ana.get(f"/console/{path}{quote(word)}")
        assert answer.status_code in {200, 422}
    answer = fill(
        ana, INBOX, f"{INBOX}/{kept.id}", decision="done", reason=word
    )
    assert answer.status_code in {303, 422}
