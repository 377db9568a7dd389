"""Which JSON does the API take and give? The OpenAPI description is made from these."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from postroom.api.validation import InvalidValueError, write_path
from postroom.outbound.models import MAX_TAG_LENGTH, MAX_TAGS, Stream
from postroom.outbound.submit import PRIORITIES
from postroom.policy.status import Status

MAX_BATCH = 1_000
# Usually a slip of the keyboard or of a unit.
MAX_AHEAD = timedelta(days=366)
# RFC 3339 §5.6, and no more of ISO 8601 than that.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?P<offset>[Zz]|[+-]\d\d:\d\d)?", re.ASCII)

_ADDRESS = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"name": {"type": "string"}, "email": {"type": "string"}},
            "required": ["email"],
            "additionalProperties": False,
        },
    ]
}
# Read by policy.composition, which says better than a union of types could what is wrong with an address.
Address = Annotated[Any, WithJsonSchema({**_ADDRESS, "examples": ['"Mary" <mary@customer.example.com>']})]
Addresses = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [*_ADDRESS["anyOf"], {"type": "array", "items": _ADDRESS}],
            "examples": [["mary@customer.example.com"]],
        }
    ),
]
Language = Literal["en", "fr"]
# PostgreSQL stores no U+0000, and no other control character belongs into a name.
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
_HALF = re.compile(r"[\ud800-\udfff]")
Path = tuple[str | int, ...]
MAX_ID = 2**63 - 1
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TAG_LENGTH, pattern=_PRINTABLE)]


def _read_instant(value: object) -> object:
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if value is None:
        return None
    if match is None:
        raise _refuse_instant("cannot be read")
    if match["offset"] is None:
        raise _refuse_instant("has no offset from UTC")
    try:
        instant = datetime.fromisoformat(match[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refuse_instant("is in no calendar") from None
    if instant > datetime.now(UTC) + MAX_AHEAD:
        raise _refuse_instant("is more than a year ahead")
    return instant


def _refuse_instant(why: str) -> InvalidValueError:
    message = f"scheduled_at {why}; write a moment as 2026-11-22T10:00:00+01:00 (RFC 3339)."
    return InvalidValueError(message, field="scheduled_at")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is in no calendar") from None


Instant = Annotated[datetime, BeforeValidator(_read_instant)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class RequestBody(BaseModel):
    """What a client sends: a field that nobody knows is a mistake that must be told."""

    model_config = ConfigDict(extra="forbid")


class Storable(BaseModel):
    """What is stored, or looked for, as it is said: PostgreSQL has neither U+0000 nor half of a surrogate pair."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unfit(cls, given: Any) -> Any:
        path = next(_unfit_places(given), None)
        if path is not None:
            field = write_path(path)
            message = f"{field} holds a character that cannot be stored (U+0000, or half of a surrogate pair)."
            raise InvalidValueError(message, field=field)
        return given


class StoredBody(Storable, RequestBody):
    """A request body that is stored as it is said."""


def _unfit_places(given: object, path: Path = ()) -> Iterator[Path]:
    if isinstance(given, str) and ("\x00" in given or _HALF.search(given)):
        yield path
    elif isinstance(given, dict):
        for name, value in given.items():
            yield from _unfit_places(name, path)
            yield from _unfit_places(value, (*path, str(name)))
    elif isinstance(given, list):
        for number, value in enumerate(given):
            yield from _unfit_places(value, (*path, number))


class AttachmentIn(RequestBody):
    """A file to send along."""

    filename: str
    content: Annotated[str, Field(description="In base64 (RFC 4648 §4)", json_schema_extra={"format": "byte"})]
    content_type: Annotated[str | None, Field(description="Absent: application/octet-stream")] = None
    content_id: Annotated[str | None, Field(description="For an image that the html shows by “cid:content_id”")] = None


class Sending(RequestBody):
    """What routing is decided by; null is as good as absent, as everywhere."""

    from_: Annotated[Address, Field(alias="from", description="The author; absent or empty: the system speaks")] = None
    company: Annotated[Name | None, Field(description="In whose name; absent: the workspace's first company")] = None
    stream: Annotated[
        Stream | None, Field(description="Mass mail takes the dedicated server; absent: transactional")
    ] = None
    server: Annotated[Name | None, Field(description="An outgoing server's name: use it whatever the From")] = None


class MessageIn(Sending):
    """A message to send; null is as good as absent."""

    to: Annotated[Addresses, Field(description="Recipients; one of to, cc and bcc must name somebody")] = None
    cc: Addresses = None
    bcc: Annotated[Addresses, Field(description="Recipients that the others do not see")] = None
    reply_to: Annotated[Addresses, Field(description="Where answers go; absent: the company's catchall address")] = None
    subject: str | None = None
    html: str | None = None
    text: str | None = None
    attachments: list[AttachmentIn] | None = None
    headers: Annotated[dict[str, str] | None, Field(description="Further header fields, by name")] = None
    scheduled_at: Annotated[Instant | None, Field(description="Not before this moment (RFC 3339); absent: now")] = None
    priority: Annotated[
        int | None,
        Field(ge=PRIORITIES[0], le=PRIORITIES[-1], description="Lower leaves first, among its stream; absent: 5"),
    ] = None
    campaign: Annotated[
        Name | None, Field(description="Of mass mail: campaigns take turns, so that none waits for another to end")
    ] = None
    tags: Annotated[list[Tag] | None, Field(max_length=MAX_TAGS, description="Your words to find the message by")] = (
        None
    )


class BatchIn(RequestBody):
    """Messages to send in one transaction; each is judged by itself."""

    # Each is validated on its own: a faulty one must not refuse the others.
    messages: Annotated[list[SkipValidation[MessageIn]], Field(min_length=1, max_length=MAX_BATCH)]


class Step(BaseModel):
    """One criterion of routing that was tried."""

    criterion: str
    matched: bool
    why: str


class Dmarc(BaseModel):
    """Whether receivers that check DMARC (RFC 7489) will find From and envelope or signature aligned."""

    spf: bool
    dkim: bool
    why: str


class Trace(BaseModel):
    """Why the message leaves as it does."""

    server: str
    steps: list[Step]
    warnings: list[str]
    dmarc: Dmarc


class Route(BaseModel):
    """How a message leaves."""

    model_config = ConfigDict(populate_by_name=True)

    server: Annotated[str | None, Field(description="Name of the outgoing server; null: the default server")]
    from_: Annotated[str, Field(alias="from", description="The From that recipients see")]
    from_address: Annotated[str, Field(description="Its address alone")]
    from_rewritten: Annotated[bool, Field(description="Whether it is another address than the author's")]
    return_path: Annotated[str, Field(description="Where delivery errors go: the envelope sender (RFC 5321 §4.4)")]
    reply_to: Annotated[str | None, Field(description="Reply-To that is set when the message brings none")]
    trace: Trace


class DnsStanding(BaseModel):
    """What the last check of the From's domain says of mail through that server."""

    dmarc: Annotated[str, Field(description="pass, fail or unclear")]
    words: Annotated[str, Field(description="What receivers will do with it")]
    faults: Annotated[int, Field(description="Records of the domain that must change; GET /domains/{name}/check")]
    checked_at: datetime


class Rehearsal(Route):
    """How a message would leave, and how it would fare."""

    dns: Annotated[DnsStanding | None, Field(description="null: its domain was not checked for that server")]


class Accepted(Route):
    """A message that was stored, routed and queued."""

    id: UUID
    message_id: Annotated[str, Field(description="Message-ID header, with its angle brackets")]
    status: Status
    leaves_at: Annotated[datetime | None, Field(description="Not before; until then it can be canceled; null: never")]


class ErrorDetail(BaseModel):
    """What was refused, and why."""

    code: Annotated[str, Field(description="Stable, for programs")]
    message: Annotated[str, Field(description="For people; may change")]
    field: Annotated[str | None, Field(description="The input that is wrong, where it is one")] = None


class ImpactOut(BaseModel):
    """An address that would be given up, and who still uses it. What comes to it is routed as before."""

    address: str
    use: str
    threads: Annotated[int, Field(description="Open threads whose mail names it, or that got mail by it")]
    unsent: Annotated[int, Field(description="Messages that have not left")]
    words: str


class ImpactList(BaseModel):
    """Empty: no address would be given up."""

    impact: list[ImpactOut]


class Refusal(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class BatchAccepted(Accepted):
    """What became of one message of a batch."""

    index: Annotated[int, Field(description="Position in the request, from 0")]


class BatchRefused(Refusal):
    """Why one message of a batch was not queued."""

    index: int


class BatchOut(BaseModel):
    """One result for each message of the batch, in its order."""

    results: list[BatchAccepted | BatchRefused]


class DeliveryOut(BaseModel):
    """The message on its way to one recipient."""

    recipient: str
    status: Status
    reply: Annotated[str | None, Field(description="What the server said last, with its code")]
    reason: Annotated[str | None, Field(description="Why it is in this state, in plain words")]
    attempts: int
    next_attempt_at: datetime | None


class MessageSummary(BaseModel):
    """A message as it is listed."""

    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    message_id: str
    status: Annotated[Status, Field(description="Of the delivery that needs attention most")]
    server: str | None
    from_: Annotated[str, Field(alias="from")]
    subject: str
    company: str
    stream: Stream
    tags: list[str]
    created_at: datetime
    scheduled_at: datetime | None


class MessageOut(MessageSummary, Accepted):
    """A message with its routing and its deliveries."""

    deliveries: list[DeliveryOut]


class Listing(BaseModel):
    """Which messages to list."""

    before: Annotated[UUID | None, Field(description="Only messages older than this one")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="From 1 to 200; absent: 50")] = 50
    status: Annotated[Status | None, Field(description="Only messages with a delivery in this state")] = None
    tag: Annotated[Tag | None, Field(description="Only messages with this tag")] = None


class MessageList(BaseModel):
    """A page of messages, newest first."""

    messages: list[MessageSummary]
    next_before: Annotated[UUID | None, Field(description="Pass it as “before” for the next page; null: the last page")]
