"""The verbs of mapping texts: which is in force, and which ever was."""

from collections.abc import Sequence

from typing_extensions import override

from bridge.journal import rows
from bridge.journal.protocol import MappingText, Refusal
from bridge.journal.session import Verbs, release
from bridge.model import Instant


class Texts(Verbs):
    """Keeps every mapping text that was ever in force."""

    @override
    def put_in_force(
        self, name: str, hash: str, text: str, now: Instant
    ) -> bool:
        with self.writing() as session:
            before = session.row("mapping_in_force", name=name)
            if before is not None and before["hash"] == hash:
                return not before["let_go"]
            session.run("retire_mapping", name=name, now=now)
            session.run(
                "insert_mapping", name=name, hash=hash, text=text, now=now
            )
            return True

    @override
    def render_anew(self, name: str, now: Instant) -> int:
        with self.writing() as session:
            held = session.rows("held_calls", mapping=name)
            for row in held:
                release(session, rows.delivery(row), now)
            session.run("let_go", name=name)
        return len(held)

    @override
    def retire(self, name: str, now: Instant) -> None:
        with self.writing() as session:
            session.run("retire_mapping", name=name, now=now)

    @override
    def in_force(self) -> Sequence[MappingText]:
        with self.reading() as session:
            found = session.rows("mappings_in_force")
        return [rows.mapping_text(row) for row in found]

    @override
    def mapping_text(self, hash: str) -> MappingText | None:
        with self.reading() as session:
            row = session.row("mapping_text", hash=hash)
        return None if row is None else rows.mapping_text(row)

    @override
    def mapping_texts(self, name: str, limit: int) -> Sequence[MappingText]:
        with self.reading() as session:
            found = session.rows("mapping_texts", name=name, limit=limit)
        return [rows.mapping_text(row) for row in found]

    @override
    def refuse_text(
        self, name: str, hash: str, reason: str, now: Instant
    ) -> None:
        with self.writing() as session:
            session.run(
                "refuse_text", name=name, hash=hash, reason=reason, now=now
            )

    @override
    def force_text(
        self, name: str, hash: str, *, actor: str, reason: str, now: Instant
    ) -> None:
        with self.writing() as session:
            session.run(
                "force_text",
                name=name,
                hash=hash,
                actor=actor,
                why=reason,
                now=now,
            )
            session.run(
                "note",
                at=now,
                actor=actor,
                action="force_mapping",
                delivery_id=None,
                target=None,
                reason=reason,
                detail=rows.pack({"mapping": name, "hash": hash}),
            )

    @override
    def refusals(self, name: str | None = None) -> Sequence[Refusal]:
        with self.reading() as session:
            found = session.rows("refusals", name=name)
        return [Refusal(**row) for row in found]

    @override
    def first_in_force(self, name: str) -> Instant | None:
        with self.reading() as session:
            (row,) = session.rows("first_in_force", name=name)
        return None if row["since"] is None else Instant(row["since"])
