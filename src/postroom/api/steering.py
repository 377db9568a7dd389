"""How does a program step in on mail that is on its way?"""

from typing import Annotated
from uuid import UUID

from ninja import Router
from pydantic import BaseModel, Field

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED
from postroom.api.schemas import Moment, Name, RequestBody, Tag
from postroom.outbound.models import Stream
from postroom.outbound.steer import Action, Choice, steer
from postroom.policy.status import Status

router = Router(tags=["messages"])


class ChoiceIn(RequestBody):
    """Which deliveries are meant; what is absent or null does not narrow, and nothing may be empty but `server`."""

    messages: Annotated[list[UUID] | None, Field(min_length=1, max_length=1_000, description="Of these messages")] = (
        None
    )
    status: Annotated[list[Status] | None, Field(min_length=1, description="In one of these states")] = None
    server: Annotated[str | None, Field(description="Through this outgoing server; empty: the default server")] = None
    stream: Stream | None = None
    recipient: Annotated[Name | None, Field(description="To this address, or to all of a domain: @example.com")] = None
    tag: Tag | None = None
    submitted_before: Annotated[Moment | None, Field(description="That were to leave before this moment")] = None


class Steered(BaseModel):
    """What an action did."""

    changed: Annotated[int, Field(description="How many deliveries it changed")]


@router.post("/{action}", response={200: Steered, **REFUSED}, summary="Step in on many deliveries")
def steer_deliveries(request: KeyRequest, action: Action, choice: ChoiceIn) -> dict[str, int]:
    """Retry, hold, release, cancel or restore all that fits, in one statement; other states stay as they are."""
    wanted = Choice(
        messages=choice.messages or (),
        statuses=frozenset(choice.status or ()),
        server=choice.server,
        stream=choice.stream,
        recipient=choice.recipient,
        tag=choice.tag,
        submitted_before=choice.submitted_before,
    )
    return {"changed": steer(request.auth.workspace, action, wanted)}
