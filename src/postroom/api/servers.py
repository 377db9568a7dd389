"""How does the queue of each server stand, and when will it have left?"""

from datetime import datetime
from typing import Annotated

from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED
from postroom.outbound.stand import ServerStand, stands

router = Router(tags=["servers"], by_alias=True)


class LimitInForce(BaseModel):
    """At most so many messages in any so many seconds."""

    model_config = ConfigDict(from_attributes=True)

    messages: int
    seconds: float
    used: int
    learned: Annotated[bool, Field(description="By the server's refusals; it is unlearned with time")]


class ServerQueue(BaseModel):
    """One server's queue, in messages by stream."""

    model_config = ConfigDict(from_attributes=True)

    server: str
    due: Annotated[dict[str, int], Field(description="Leaves as soon as it is its turn")]
    later: Annotated[dict[str, int], Field(description="Scheduled, or waiting for another attempt")]
    limits: list[LimitInForce]
    closed_until: Annotated[datetime | None, Field(description="A fault keeps it closed until then")]
    fault: str
    fallback: Annotated[str, Field(description="What becomes of its mail meanwhile")]
    lesson: Annotated[str, Field(description="The server's words that made us slow down")]
    last_leaves_at: Annotated[
        datetime | None, Field(description="When limits will have let go all that is due; null: they do not hold it up")
    ]


class ServerQueues(BaseModel):
    """Every server that has a queue."""

    servers: list[ServerQueue]


@router.get("", response={200: ServerQueues, **REFUSED}, summary="See what waits for each server")
def get_servers(request: KeyRequest) -> dict[str, list[ServerStand]]:
    """What is due and what waits for later, limits with their use, faults, and the forecast."""
    return {"servers": stands(request.auth.workspace)}
