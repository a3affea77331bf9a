"""Which of a store's secrets signs, so that one can be changed in peace."""

import threading
from dataclasses import replace
from typing import cast

from flask.testing import FlaskClient

from bridge.journal.protocol import Journal
from bridge.journal.seeing import Signed
from bridge.web.factory import create_web
from bridge.web.signers import KEEP_EVERY, Signers
from tests.factories import NOW, STORE, later
from tests.web.doors import STORES, TARGETS, TOKEN, post, settings, signed


def browser(journal: Journal, signers: Signers) -> FlaskClient:
    """Return the web that notes in *signers*; Ana is logged in."""
    client = create_web(
        settings=settings(),
        stores=lambda: STORES,
        targets=lambda: TARGETS,
        journal=journal,
        now=lambda: NOW,
        signers=signers,
    ).test_client()
    client.post("/console/login", data={"token": TOKEN})
    return client


def test_stores_page_tells_which_secret_signed_last(
    journal: Journal,
) -> None:
    """
    By its place in the file and never its value; a forged one is not noted.
    """
    signers = Signers()
    client = browser(journal, signers)
    assert "signed last" not in client.get("/console/stores").text
    for secret in ("old-secret", "new-secret", "forged"):
        headers = signed(b"{}", webhook_id=secret, secret=secret)
        post(client, headers=headers)
    signers.keep(journal)

    assert {STORE: Signed(position=1, of=2, at=NOW)} == journal.last_signed()
    text = client.get("/console/stores").text
    assert "number 2 of 2 signed last" in text
    assert "-secret" not in text


def test_stores_page_tells_of_webhooks_that_no_secret_signed(
    journal: Journal,
) -> None:
    """
    How many since the start, and when last; nothing of them is written.
    """
    client = browser(journal, Signers())
    assert "Turned away" not in client.get("/console/stores").text
    for name in ("one", "two"):
        headers = signed(b"{}", webhook_id=name, secret="forged")
        assert post(client, headers=headers).status_code == 401

    text = client.get("/console/stores").text
    assert "none of its secrets signed them: 2; the last one" in text
    assert journal.last_signed() == {}


def test_stranger_waits_for_no_journal() -> None:
    """
    Webhooks go on while what was seen is being kept, however slow that is.
    """
    signers = Signers()
    signers.note(STORE, 0, 1, NOW)
    counted: list[bool] = []

    class Slow:
        """A journal that writes until a stranger was counted."""

        def keep_signed(self, _signed: object) -> None:
            stranger = threading.Thread(
                target=signers.note_stranger, args=(STORE, NOW), daemon=True
            )
            stranger.start()
            stranger.join(timeout=5)
            counted.append(not stranger.is_alive())

    signers.keep(cast("Journal", Slow()))

    assert [True] == counted
    assert signers.strangers()[STORE].count == 1


def test_is_kept_when_it_is_another_one_or_much_newer(
    journal: Journal,
) -> None:
    """
    A busy store costs the journal one line a minute.
    """
    signers = Signers()
    for position, at, kept in (
        (0, NOW, NOW),
        (0, later(1_000), NOW),
        (1, later(2_000), later(2_000)),
        (1, later(2_000 + KEEP_EVERY), later(2_000 + KEEP_EVERY)),
    ):
        signers.note(STORE, position, 2, at)
        signers.keep(journal)
        assert kept == journal.last_signed()[STORE].at


def test_older_note_of_another_process_changes_nothing(
    journal: Journal,
) -> None:
    """
    The newest webhook counts, whoever took it.
    """
    newest = Signed(position=1, of=2, at=later(5))
    journal.keep_signed({STORE: newest})
    journal.keep_signed({STORE: replace(newest, position=0, at=NOW)})
    assert newest == journal.last_signed()[STORE]
