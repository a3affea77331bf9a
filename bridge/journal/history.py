"""The verbs that look back: what deliveries went through, and is it so."""

from collections.abc import Iterator, Sequence

from typing_extensions import override

from bridge.journal import rows
from bridge.journal.session import Session, Verbs
from bridge.lifecycle import TRANSITIONS
from bridge.model import Change, DeliveryId, DeliveryState

_SHOWN = 20
"""So many deliveries are named that are not what their history says."""


class Histories(Verbs):
    """Reads what triggers wrote down at every change of a delivery."""

    @override
    def history(self, id: DeliveryId) -> Sequence[Change]:
        with self.reading() as session:
            found = session.rows("history", id=id)
        return [rows.change(row) for row in found]

    @override
    def replay(self) -> Sequence[str]:
        with self.reading() as session:
            return [*_other_ends(session), *_wrong_steps(session)]


def _other_ends(session: Session) -> Iterator[str]:
    for row in session.rows("other_ends", limit=_SHOWN):
        yield (
            f"delivery {row['id']} is {row['state']}, version"
            f" {row['version']}; its history ends as"
            f" {row['told_state'] or 'nothing'},"
            f" version {row['told_version'] or 0}, or differs in its counts"
            " or times"
        )


def _wrong_steps(session: Session) -> Iterator[str]:
    """At most one line for each pair of states, however long it is."""
    for row in session.rows("steps"):
        was, state = DeliveryState(row["was"]), DeliveryState(row["state"])
        if was is not state and state not in TRANSITIONS[was]:
            yield (
                f"delivery {row['delivery_id']} went from {was} to {state},"
                f" for which there is no way; {row['times']} such steps"
            )
        if row["fell"] is not None:
            yield f"delivery {row['fell']}: its fence or its version fell"
