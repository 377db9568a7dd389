"""How does a program set up the servers from which mail is fetched, and see how they fare?"""

from datetime import datetime
from typing import Annotated, Any

from django.db.models.functions import Now
from django.http import HttpResponse
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import Name, RequestBody
from postroom.inbound.mailboxes import trial
from postroom.inbound.mailboxes.collect import try_again
from postroom.inbound.mailboxes.mailbox import Step
from postroom.inbound.mailboxes.save import give_account, remove_incoming_server, save_incoming_server, set_fields
from postroom.inbound.models import IncomingServer
from postroom.servers.models import OAuthAccount

router = Router(tags=["inbound"])


class IncomingServerIn(RequestBody):
    """What is absent keeps its value, or the usual one for a new server."""

    protocol: Annotated[IncomingServer.Protocol | None, Field(description="imap at first")] = None
    host: Annotated[str | None, Field(max_length=253)] = None
    port: Annotated[int | None, Field(description="That of protocol and encryption at first")] = None
    encryption: Annotated[IncomingServer.Encryption | None, Field(description="tls at first")] = None
    verifies_certificate: bool | None = None
    ca_certificate: Annotated[
        str | None, Field(max_length=100_000, description="PEM; trusted instead of the system's authorities")
    ] = None
    authentication: Annotated[IncomingServer.Authentication | None, Field(description="login at first")] = None
    username: Annotated[str | None, Field(max_length=320)] = None
    password: Annotated[str | None, Field(max_length=1_000, description="Never shown again")] = None
    account: Annotated[
        str | None, Field(max_length=320, description="The connected OAuth account, where it is not the username")
    ] = None
    folder: Annotated[str | None, Field(max_length=500, description="Of IMAP; INBOX at first")] = None
    afterwards: Annotated[
        IncomingServer.Afterwards | None, Field(description="What is done there with mail that is stored here")
    ] = None
    record_type: Annotated[
        str | None, Field(max_length=100, description="What mail creates that belongs nowhere else")
    ] = None
    poll_seconds: Annotated[int | None, Field(description="Between two visits; 300 at first")] = None
    is_active: Annotated[bool | None, Field(description="Whether it is visited")] = None


class IncomingServerOut(BaseModel):
    """An incoming server and how it fares."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    protocol: IncomingServer.Protocol
    host: str
    port: int
    encryption: IncomingServer.Encryption
    verifies_certificate: bool
    authentication: IncomingServer.Authentication
    account_state: Annotated[
        OAuthAccount.State | None, Field(description="Of the account that it logs in with; null: with a password")
    ]
    username: str
    folder: str
    afterwards: IncomingServer.Afterwards
    record_type: str
    poll_seconds: int
    is_active: bool
    fetched_at: Annotated[datetime | None, Field(description="When all was well for the last time")]
    failures: Annotated[int, Field(description="In a row")]
    last_error: str
    due_at: Annotated[datetime, Field(description="When it is visited next")]


class IncomingServerList(BaseModel):
    """The workspace's incoming servers, by name."""

    servers: list[IncomingServerOut]


class FindingOut(BaseModel):
    """One step of a trial."""

    step: Step
    is_ok: bool
    words: Annotated[str, Field(description="The server's, or ours")]
    hint: Annotated[str, Field(description="What is wrong, where it failed")]


class TrialOut(BaseModel):
    """A trial, up to the first step that failed; nothing is changed on the server."""

    asked_at: datetime
    is_over: bool
    findings: list[FindingOut]


class FetchWish(RequestBody):
    """How to fetch."""

    again: Annotated[bool, Field(description="Try mails again that were given up")] = False


@router.get("", response={200: IncomingServerList, **REFUSED}, summary="List incoming servers")
def list_incoming_servers(request: KeyRequest) -> dict[str, Any]:
    """With how each fares."""
    return {"servers": list(request.auth.workspace.incoming_servers.select_related("oauth_account"))}


@router.put("/{name}", response={200: IncomingServerOut, **REFUSED}, summary="Create or change an incoming server")
def put_incoming_server(request: KeyRequest, name: Name, wanted: IncomingServerIn) -> IncomingServer:
    """It is visited within seconds, and an open connection under older settings ends."""
    workspace = request.auth.workspace
    server = workspace.incoming_servers.filter(name__iexact=name).first()
    server = server or IncomingServer(workspace=workspace, name=name)
    set_fields(server, wanted.model_dump(exclude={"account"}))
    if wanted.account is not None:
        give_account(server, wanted.account)
    return save_incoming_server(server)


@router.delete("/{name}", response={204: None, **REFUSED}, summary="Remove an incoming server")
def delete_incoming_server(request: KeyRequest, name: str) -> HttpResponse:
    """What was fetched stays."""
    remove_incoming_server(_find(request, name))
    return HttpResponse(status=204)


@router.post("/{name}/fetch", response={202: IncomingServerOut, **REFUSED}, summary="Fetch now")
def fetch_incoming_server(request: KeyRequest, name: str, wish: FetchWish) -> Status[IncomingServer]:
    """A worker visits it within seconds."""
    server = _find(request, name)
    if wish.again:
        try_again(server)
    server.due_at = Now()
    server.save(update_fields=["due_at"])
    server.refresh_from_db()
    return Status(202, server)


@router.post("/{name}/test", response={202: TrialOut, **REFUSED}, summary="Try an incoming server")
def post_incoming_trial(request: KeyRequest, name: str) -> Status[dict[str, Any]]:
    """A worker tries every step up to the listing. Ask with GET what it found."""
    server = _find(request, name)
    trial.ask_for_trial(server)
    server.refresh_from_db()
    return Status(202, server.trial)


@router.get("/{name}/test", response={200: TrialOut, **REFUSED}, summary="See the last trial of an incoming server")
def get_incoming_trial(request: KeyRequest, name: str) -> dict[str, Any]:
    """What was found at the last time."""
    told: dict[str, Any] = _find(request, name).trial
    if not told:
        raise NotFoundError("This server was not tried yet; ask for it with POST.")
    return told


def _find(request: KeyRequest, name: str) -> IncomingServer:
    rows = request.auth.workspace.incoming_servers.select_related("workspace")
    server = rows.filter(name__iexact=name).first()
    if server is None:
        raise NotFoundError(f"This workspace has no incoming server “{name[:80]}”.")
    return server
