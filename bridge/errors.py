"""
Every error that the bridge raises on purpose, split by who can act.

    BridgeError
    ├── SettingsError            a file or a variable is to be mended
    │   └── MappingError         … a mapping file; carries its problems
    ├── Refusal                  a webhook is answered with a 4xx
    │   ├── UnknownStore  SignatureMismatch  BodyTooLarge
    │   └── ShortBody  EncodedBody
    ├── Unusable                 a body is kept and shown, not understood
    ├── Unrenderable             a delivery is held; where and why
    │   ├── LinkMissing          … it waits for a link
    │   └── NothingToSend        … there is nothing to say
    ├── JournalError             the log is not to be had
    │   ├── JournalUnavailable   … now; answer 503
    │   │   └── JournalBroken    … and not before this process ended
    │   ├── UnsafeSQLite  SchemaMismatch  TargetMoved   … do not start
    │   ├── OlderCopy  JournalGone  Suspect             … do not start
    │   └── LeaseLost            another worker, or the plan, took it
    └── Conflict                 an operator's action does not fit
        ├── NotFound  InFlight  VersionMismatch  CorrectionUnread
        ├── ForceNeeded  NotDecidable  OnHold  Pruned
        └── TooManyQuestions
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from bridge.model import Reason


class BridgeError(Exception):
    """The root of all that the bridge raises on purpose."""


class SettingsError(BridgeError):
    """A setting, a store, a target or a file is wrong; says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    One thing that is wrong in a file.

    Args:
        line: starts at 1; 0 when the whole file is meant.
        column: starts at 1; 0 when the whole line is meant.
        text: the offending text, as the file has it.
        message: what is wrong, what was expected, what to do.
        severity: `error`, or `warning` for what is loaded all the same.
    """

    file: str
    line: int = 0
    column: int = 0
    message: str
    text: str = ""
    severity: str = "error"

    @property
    def place(self) -> str:
        """Where it is: `file:line:column`."""
        return ":".join(
            str(part) for part in (self.file, self.line, self.column) if part
        )

    @override
    def __str__(self) -> str:
        """Return `file:line:column: message`."""
        return f"{self.place}: {self.message}"


class MappingError(SettingsError):
    """A mapping file can not be put in force."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class Refusal(BridgeError):
    """A webhook is turned away; *status* is the answer's."""

    status = 400
    code = "refused"


class UnknownStore(Refusal):
    """No such store is configured."""

    status = 404
    code = "unknown_store"


class SignatureMismatch(Refusal):
    """The body was not signed with any secret of this store."""

    status = 401
    code = "signature"


class BodyTooLarge(Refusal):
    """The body is over the limit."""

    status = 413
    code = "too_large"


class ShortBody(Refusal):
    """The connection ended before the announced length was read."""

    status = 400
    code = "short_body"


class EncodedBody(Refusal):
    """Compressed bodies are not taken."""

    status = 415
    code = "content_encoding"


class Unusable(BridgeError):
    """A body that is kept and shown but can not be understood."""

    def __init__(self, code: str, text: str = "") -> None:
        self.reason = Reason(code=code, text=text)
        super().__init__(code)


class Unrenderable(BridgeError):
    """A request can not be made of this order; a person is needed."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.text or reason.code)


class LinkMissing(Unrenderable):
    """The request needs a link that is not known yet."""

    def __init__(self, name: str, reason: Reason) -> None:
        self.name = name
        super().__init__(reason)


class NothingToSend(Unrenderable):
    """Nothing is left of the request once the empty fields are out."""


class JournalError(BridgeError):
    """The log can not be used as asked."""


class JournalUnavailable(JournalError):
    """Nothing can be made durable now."""


class JournalBroken(JournalUnavailable):
    """
    The disk failed under it: what was written last is in doubt.

    Nothing is acknowledged any more, and the process ends without closing
    its files; the next start looks at the file before it is used.
    """


class OlderCopy(JournalError):
    """The database has seen less than the one that was here before."""


class JournalGone(JournalError):
    """There was a database here, and there is none now."""


class Suspect(JournalError):
    """The disk failed under it, or it is damaged: not before it is sound."""


class UnsafeSQLite(JournalError):
    """The SQLite library in this process can lose commits."""


class SchemaMismatch(JournalError):
    """The database has another schema than this program."""


class TargetMoved(JournalError):
    """A target has another host than the one its ids came from."""


class LeaseLost(JournalError):
    """The delivery is no longer this worker's."""


class Conflict(BridgeError):
    """
    An operator's action does not fit what is there.

    Args:
        why: says it more exactly than the class, for pages in any language.
        about: the field or name that it is about.
    """

    status = 409
    code = "conflict"

    def __init__(
        self, message: str = "", *, why: str | None = None, about: str = ""
    ) -> None:
        self.why = why or self.code
        self.about = about
        super().__init__(message)


class NotFound(Conflict):
    """There is nothing by that name or number."""

    status = 404
    code = "not_found"


class InFlight(Conflict):
    """A worker is at it right now; try again in a moment."""

    code = "in_flight"


class CorrectionUnread(Conflict):
    """What was corrected of its order is not planned yet; in a moment."""

    code = "correction_unread"


class WrongCorrection(Conflict):
    """What an order is said to should have said can not be."""

    status = 422
    code = "wrong_correction"


class VersionMismatch(Conflict):
    """Somebody changed it since you looked."""

    status = 412
    code = "version_mismatch"


class ForceNeeded(Conflict):
    """It would create a second one: say `force` if that is wanted."""

    code = "force_needed"


class NotDecidable(Conflict):
    """This decision does not fit the delivery's state."""

    code = "not_decidable"


class OnHold(Conflict):
    """A person holds it: nothing is sent before she, or somebody, lets go."""

    code = "on_hold"


class TooManyQuestions(Conflict):
    """So much is asked of targets that nothing more is taken for now."""

    status = 429
    code = "too_many_questions"


class Pruned(Conflict):
    """What it said is gone, after the time that `BRIDGE_RETENTION` says."""

    code = "pruned"
