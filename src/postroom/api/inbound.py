"""How does a program or a provider's webhook hand over mail that came in?"""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Annotated, Any

from ninja import Query, Router, Status
from pydantic import BaseModel, Field, StringConstraints

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import RequestBody
from postroom.errors import Base64FaultError
from postroom.inbound.models import IncomingContent, Source
from postroom.inbound.receive import Arrival, receive

MAX_RECIPIENTS = 1_000
Address = Annotated[str, StringConstraints(max_length=1_000)]
Recipients = Annotated[list[Address], Field(max_length=MAX_RECIPIENTS)]

router = Router(tags=["inbound"])


class Envelope(BaseModel):
    """The envelope of a raw message, where it is known."""

    recipient: Annotated[Recipients, Field(default_factory=list, description="Absent: those of the header")]
    return_path: Annotated[Address | None, Field(description="Empty: the null one")] = None


class IncomingIn(RequestBody):
    """A mail in JSON, as webhooks send it."""

    raw: Annotated[str, Field(description="The mail as it arrived, in base64")]
    recipients: Annotated[Recipients | None, Field(description="Of the envelope; absent: those of the header")] = None
    return_path: Annotated[Address | None, Field(description="Of the envelope; empty: the null one")] = None


class Received(BaseModel):
    """What was stored."""

    ids: Annotated[list[int], Field(description="One for each recipient")]


class ProofOut(BaseModel):
    """One way of proving it."""

    result: Annotated[str, Field(description="In the words of RFC 8601 §2.7")]
    domain: Annotated[str, Field(description="Whom it proves; empty where nobody can tell")]
    reason: Annotated[str, Field(description="What decided, or what is wrong")]


class DmarcOut(ProofOut):
    """Whether the From belongs to whoever sent it."""

    policy: Annotated[str, Field(description="What the domain wants done with mail that fails; empty: it has none")]


class AuthenticationOut(BaseModel):
    """What proves who sent a mail."""

    sentence: str
    spf: Annotated[ProofOut | None, Field(description="null: it came by a way that hides the sender's server")]
    dkim: Annotated[list[ProofOut], Field(description="Of each signature, from top to bottom")]
    dmarc: DmarcOut


@router.post(
    "",
    response={202: Received, **REFUSED},
    summary="Hand over mail that came in",
)
def receive_message(request: KeyRequest, envelope: Query[Envelope]) -> Status[dict[str, list[int]]]:
    """The body is the mail as it arrived, the envelope stands in the query. Answered once the mail is stored."""
    return _receive(request, request.body, tuple(envelope.recipient), envelope.return_path)


@router.post("/json", response={202: Received, **REFUSED}, summary="Hand over mail that came in, as JSON")
def receive_json(request: KeyRequest, mail: IncomingIn) -> Status[dict[str, list[int]]]:
    """The same for webhooks that speak JSON."""
    return _receive(request, _decode(mail.raw), tuple(mail.recipients or ()), mail.return_path)


@router.get("/{int:number}/authentication", response={200: AuthenticationOut, **REFUSED}, summary="See who sent it")
def get_authentication(request: KeyRequest, number: int) -> dict[str, Any]:
    """SPF, DKIM and DMARC of the mail, as DNS had it when the mail came in; known seconds after that."""
    rows = IncomingContent.objects.filter(messages=number, messages__workspace=request.auth.workspace)
    found = rows.values_list("authentication", flat=True).first()
    if found is None:
        raise NotFoundError("There is no such mail, or its sender was not examined yet.")
    told: dict[str, Any] = found
    return told


def _receive(
    request: KeyRequest, raw: bytes, recipients: tuple[str, ...], return_path: str | None
) -> Status[dict[str, list[int]]]:
    arrival = Arrival(
        raw=raw,
        source=Source.HTTP,
        recipients=recipients,
        return_path=return_path,
        workspace=request.auth.workspace_id,
    )
    return Status(202, {"ids": list(receive(arrival))})


def _decode(encoded: str) -> bytes:
    try:
        return b64decode("".join(encoded.split()), validate=True)
    except (Base64Error, ValueError) as error:
        raise Base64FaultError("raw is not base64 (RFC 4648 §4).", field="raw") from error
