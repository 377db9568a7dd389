"""How does the queue of each server stand, and when will it have left?"""

from datetime import datetime
from typing import Annotated, Any

from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import RequestBody
from postroom.outbound.stand import ServerStand, stands
from postroom.policy.failure import SENTENCES
from postroom.servers import connection_tests
from postroom.servers.identities import Use
from postroom.servers.models import ConnectionTest, OutgoingServer
from postroom.servers.probe import Result, Step, Trial
from postroom.servers.selection import server_named

router = Router(tags=["servers"], by_alias=True)


class LimitInForce(BaseModel):
    """At most so many messages in any so many seconds."""

    model_config = ConfigDict(from_attributes=True)

    messages: int
    seconds: float
    used: int
    learned: Annotated[bool, Field(description="By the server's refusals; it is unlearned with time")]
    starts_anew_at: Annotated[
        datetime | None, Field(description="Of a daily limit: counted by UTC days, anew from then; null: at any time")
    ]


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


class TrialWish(RequestBody):
    """How to try a server."""

    recipient: Annotated[
        str | None, Field(description="Whom RCPT TO names; nothing is sent to them. Absent: the catchall address")
    ] = None


class StepOut(BaseModel):
    """One step of a trial, up to the first that failed."""

    step: Step
    result: Annotated[Result, Field(description="unused: the server is set up without it")]
    words: Annotated[str, Field(description="The server's own")]
    cause: Annotated[str, Field(description="Of a fault: a stable word")]
    hint: Annotated[str, Field(description="Of a fault: what to do")]


class TrialOut(BaseModel):
    """An address that the server will be given, tried on a connection of its own up to DATA's 354."""

    address: str
    uses: list[Use]
    steps: list[StepOut]
    passed: Annotated[
        bool | None, Field(description="null: not over, or not tried because no connection could be made")
    ]


class ConnectionTestOut(BaseModel):
    """A connection test; that it passed does not prove that mail arrives."""

    server: str
    recipient: str
    created_at: datetime
    running: Annotated[bool, Field(description="More is to come: ask again")]
    refusal: Annotated[str, Field(description="Why it could not even begin")]
    trials: list[TrialOut]


@router.get("", response={200: ServerQueues, **REFUSED}, summary="See what waits for each server")
def get_servers(request: KeyRequest) -> dict[str, list[ServerStand]]:
    """What is due and what waits for later, limits with their use, faults, and the forecast."""
    return {"servers": stands(request.auth.workspace)}


@router.post("/{name}/test", response={202: ConnectionTestOut, **REFUSED}, summary="Try a server")
def post_test(request: KeyRequest, name: str, wish: TrialWish) -> Status[dict[str, Any]]:
    """A worker tries each address the server will be given, up to the message, which is never sent.

    Ask with GET what it found; it takes some seconds.
    """
    server = _find(request, name)
    recipient = wish.recipient or connection_tests.usual_recipient(server.workspace)
    test = connection_tests.ask_for(server, recipient=recipient, by=f"API key {request.auth.name}")
    return Status(202, _tell(test))


@router.get("/{name}/test", response={200: ConnectionTestOut, **REFUSED}, summary="See the last trial of a server")
def get_test(request: KeyRequest, name: str) -> dict[str, Any]:
    """What was found so far, or at the last time."""
    test = connection_tests.newest(_find(request, name))
    if test is None:
        raise NotFoundError("This server was not tried yet; ask for it with POST.")
    return _tell(test)


def _find(request: KeyRequest, name: str) -> OutgoingServer:
    key = server_named(request.auth.workspace, name)
    return OutgoingServer.objects.defer("password", "client_key").select_related("workspace").get(pk=key)


def _tell(test: ConnectionTest) -> dict[str, Any]:
    return {
        "server": test.server.name,
        "recipient": test.recipient,
        "created_at": test.created_at,
        "running": connection_tests.is_running(test),
        "refusal": test.refusal,
        "trials": [_tell_trial(connection_tests.read(told)) for told in test.trials],
    }


def _tell_trial(trial: Trial) -> dict[str, Any]:
    return {
        "address": trial.address,
        "uses": trial.uses,
        "steps": [
            {
                "step": finding.step,
                "result": finding.result,
                "words": finding.words,
                "cause": finding.cause,
                "hint": SENTENCES.get(finding.cause, ""),
            }
            for finding in trial.findings
        ],
        "passed": trial.fault is None if trial.is_over else None,
    }
