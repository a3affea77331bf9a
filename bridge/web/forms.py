"""What the admin API takes: queries and bodies, checked."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError, from_json, to_json
from typing_extensions import override

from bridge.journal.protocol import DeliveryFilter, EventFilter
from bridge.model import DeliveryId, DeliveryState, EventId, EventState
from bridge.model import Instant as At
from bridge.sources.platform import instant_of

LARGEST = 2**63 - 1
DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200
LARGEST_BATCH = 500

Id = Annotated[int, Field(ge=1, le=LARGEST)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Because = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]*$",
    ),
    Field(description="why; kept in the audit"),
]
LinkName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
]
LinkValue = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]*$",
    ),
]


def _instant(text: object) -> At:
    try:
        if isinstance(text, str):
            return instant_of(text, naive_is_utc=True)
    except (ValueError, OverflowError):
        pass
    code = "time_unread"
    message = "a time in ISO 8601 is expected, as 2026-11-21T00:04:33Z"
    raise PydanticCustomError(code, message)


Time = Annotated[
    At,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


# ---------------------------------------------------------------- cursors


def cursor_of(*place: object) -> str:
    """Return an opaque cursor that stands after *place*."""
    return urlsafe_b64encode(to_json(place)).rstrip(b"=").decode()


def _place(cursor: object) -> object:
    text = cursor if isinstance(cursor, str) else ""
    try:
        return from_json(urlsafe_b64decode(f"{text}==="))
    except ValueError:
        code = "cursor_foreign"
        message = "no cursor of ours: take `next` of the page before"
        raise PydanticCustomError(code, message) from None


_OPAQUE = (BeforeValidator(_place), WithJsonSchema({"type": "string"}))
_Row = tuple[Annotated[int, Field(ge=0, le=LARGEST)]]
_OrderRow = tuple[Annotated[At, Field(ge=0, le=LARGEST)], str, str]

RowCursor = Annotated[_Row, *_OPAQUE]
OrderCursor = Annotated[_OrderRow, *_OPAQUE]


# ---------------------------------------------------------------- queries


class Form(BaseModel):
    """What came from outside: a word that we do not know is an error."""

    model_config = ConfigDict(extra="forbid", use_enum_values=True)


class PageForm(Form):
    """How much of a list is shown at once."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT


class EventQuery(PageForm):
    """Which events are listed."""

    cursor: RowCursor | None = None
    store: Word | None = None
    topic: Word | None = None
    order: Word | None = Field(None, description="the store's id of it")
    state: EventState | None = None
    since: Time | None = None
    until: Time | None = None

    @property
    def filter(self) -> EventFilter:
        """The journal's words for it."""
        return EventFilter(**self.model_dump(exclude={"limit", "cursor"}))

    @property
    def before(self) -> EventId | None:
        """The event that the page before ended with."""
        return EventId(self.cursor[0]) if self.cursor else None


_FILTERS = {*DeliveryFilter.__dataclass_fields__} - {"reason"}
"""The reason that stands in a form is why a person does something."""


class DeliveryForm(Form):
    """Which deliveries are meant; times are of their making."""

    cursor: RowCursor | None = None
    store: Word | None = None
    target: Word | None = None
    state: DeliveryState | None = None
    attention: bool | None = None
    order: Word | None = Field(None, description="the store's id of it")
    since: Time | None = None
    until: Time | None = None

    @property
    def filter(self) -> DeliveryFilter:
        """The journal's words for it."""
        return DeliveryFilter(**self.model_dump(include=_FILTERS))

    @property
    def before(self) -> DeliveryId | None:
        """The delivery that the page before ended with."""
        return DeliveryId(self.cursor[0]) if self.cursor else None


class DeliveryQuery(DeliveryForm, PageForm):
    """Which deliveries are listed."""

    reason: Word | None = Field(None, description="the code of their reason")

    @property
    @override
    def filter(self) -> DeliveryFilter:
        """The journal's words for it."""
        return replace(super().filter, reason=self.reason)


class OrderQuery(PageForm):
    """Which orders are listed."""

    cursor: OrderCursor | None = None
    store: Word | None = None


class BodyQuery(Form):
    """Whether the body is wanted: it is a customer's data."""

    body: bool = False


class AuditQuery(Form):
    """Whose audit is wanted."""

    delivery: Id


class IdPath(BaseModel):
    """A row's number."""

    id: Id


class OrderPath(BaseModel):
    """An order, by the store's own id."""

    store: str
    order_id: str


class TargetPath(BaseModel):
    """A target's name."""

    name: str


class IfMatch(BaseModel):
    """The version that the operator looked at, as the ETag had it."""

    if_match: str | None = Field(None, alias="If-Match")


# ----------------------------------------------------------------- bodies


class ReasonBody(Form):
    """Why something is done."""

    reason: Because


class RedeliverBody(ReasonBody):
    """Send it again."""

    force: bool = Field(
        default=False, description="even if it makes a second one"
    )


class BatchBody(DeliveryForm, RedeliverBody):
    """Send all of these again, 500 at most."""

    dry_run: bool = Field(
        default=False,
        description="only say what would happen",
        validate_default=True,
    )

    @field_validator("dry_run")
    @classmethod
    def _all_needs_a_look(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        said = (info.data.get(n) for n in _FILTERS)
        if not value and all(one is None for one in said):
            message = "without a filter only a dry run is taken"
            raise ValueError(message)
        return value


class CorrectBody(ReasonBody):
    """What an order should have said."""

    fields: Annotated[
        dict[Word, Annotated[str, StringConstraints(max_length=500)] | None],
        Field(
            min_length=1,
            max_length=50,
            description="path to the right value, null for nothing:"
            " `ship_to.street`, `lines.<id>.sku`",
        ),
    ]


class LinksBody(ReasonBody):
    """What a target calls an order."""

    target: Word
    links: Annotated[
        dict[LinkName, LinkValue], Field(min_length=1, max_length=20)
    ]


class ResolveBody(ReasonBody):
    """What an operator found out, or wants."""

    decision: Literal["exists", "done", "resend", "cancel", "hold", "release"]
    until: Time | None = Field(
        None,
        description="with `hold`: it is let go then; without it, by `release`",
    )
    links: Annotated[dict[LinkName, LinkValue], Field(max_length=20)] = {}

    @field_validator("until")
    @classmethod
    def _only_of_a_hold(
        cls, until: At | None, info: ValidationInfo
    ) -> At | None:
        if until is not None and info.data.get("decision") != "hold":
            message = "a time goes with the decision `hold` only"
            raise ValueError(message)
        return until

    @field_validator("links")
    @classmethod
    def _only_of_what_exists(
        cls, links: dict[str, str], info: ValidationInfo
    ) -> dict[str, str]:
        if links and info.data.get("decision") not in {"exists", None}:
            message = "links go with the decision `exists` only"
            raise ValueError(message)
        return links
