"""How is a server tried on a person's wish: asked for on a page, made where mail leaves from, and kept to be read?

The trial runs as a job: the worker's network and address are those that mail will have, the web server's may differ.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from postroom.domains.senders import alias_domains_by_company
from postroom.errors import AddressError, PostroomError
from postroom.jobs import app, in_own_thread, in_thread
from postroom.rfc.address import parse_mailbox
from postroom.servers.endpoints import endpoint_of
from postroom.servers.identities import Identity, Picture, Use
from postroom.servers.models import ConnectionTest, OutgoingServer
from postroom.servers.probe import Finding, Result, Step, Trial, probe
from postroom.servers.selection import table_with
from postroom.smtp.endpoint import Endpoint
from postroom.workspaces.identity import CaptureModeError, captures
from postroom.workspaces.models import Workspace

KEPT_TESTS = 10
TASK = "servers.try_server"
# Twenty identities at a server that makes each wait; what takes longer was interrupted.
MOST_TIME = timedelta(minutes=15)


@transaction.atomic
def ask_for(server: OutgoingServer, *, recipient: str, by: str) -> ConnectionTest:
    """Have the server tried soon; AddressError for what is no recipient."""
    test = ConnectionTest.objects.create(server=server, recipient=_clean(recipient), by=by)
    kept = server.connection_tests.order_by("-pk").values_list("pk", flat=True)[:KEPT_TESTS]
    server.connection_tests.exclude(pk__in=list(kept)).delete()
    app.configure_task(TASK, queue="chores").defer(test_id=test.pk)
    return test


def newest(server: OutgoingServer) -> ConnectionTest | None:
    return server.connection_tests.order_by("-pk").first()


def is_running(test: ConnectionTest) -> bool:
    """Whether more is to come; a trial whose worker went away is over too."""
    return test.finished_at is None and timezone.now() - test.created_at < MOST_TIME


def usual_recipient(workspace: Workspace) -> str:
    """An address that exists: where answers to the workspace's first company go."""
    domain = next(iter(alias_domains_by_company(workspace).values()))
    return f"{domain.catchall}@{domain.name}"


def prepare(server: OutgoingServer) -> tuple[Endpoint, list[Identity]]:
    """Where to connect and as whom to send; PostroomError when the server is not usable as it is set up."""
    if captures():
        raise CaptureModeError
    table = table_with(server) if server.is_being_set_up else None
    return endpoint_of(server), Picture(server.workspace, table).identities(server)


def tell(trial: Trial) -> dict[str, Any]:
    """The trial as JSON keeps it."""
    return asdict(trial)


def read(told: dict[str, Any]) -> Trial:
    """What `tell` wrote."""
    findings = (Finding(Step(f["step"]), Result(f["result"]), f["words"], f["cause"]) for f in told["findings"])
    return Trial(
        told["address"],
        tuple(map(Use, told["uses"])),
        tuple(findings),
        tuple(told["dialog"]),
        is_over=told["is_over"],
    )


async def run(test_id: int) -> None:
    """Make the trial and keep what it finds as it finds it; one that began before, or is gone, is left alone."""
    if not await in_thread(_begin, test_id):
        return
    test, endpoint, identities = await in_own_thread(_prepare, test_id)  # a provider may be asked for a token
    if endpoint is not None:
        trials = {identity.address: Trial(identity.address, identity.uses, ()) for identity in identities}
        await in_thread(_keep, test_id, trials)
        async for trial in probe(endpoint, identities, recipient=test.recipient):
            trials[trial.address] = trial
            await in_thread(_keep, test_id, trials)
    await in_thread(_finish, test_id)


def _begin(test_id: int) -> bool:
    return ConnectionTest.objects.filter(pk=test_id, started_at=None).update(started_at=Now()) > 0


def _prepare(test_id: int) -> tuple[ConnectionTest, Endpoint | None, list[Identity]]:
    test = ConnectionTest.objects.get(pk=test_id)
    try:
        server = OutgoingServer.objects.select_related("workspace").get(pk=test.server_id)
        endpoint, identities = prepare(server)
    except PostroomError as error:
        test.refusal = error.message
        test.save(update_fields=["refusal"])
        return test, None, []
    test.security = endpoint.security.value
    test.save(update_fields=["security"])
    return test, endpoint, identities


def _keep(test_id: int, trials: dict[str, Trial]) -> None:
    ConnectionTest.objects.filter(pk=test_id).update(trials=[tell(trial) for trial in trials.values()])


def _finish(test_id: int) -> None:
    ConnectionTest.objects.filter(pk=test_id).update(finished_at=Now())


def _clean(recipient: str) -> str:
    try:
        return parse_mailbox(recipient).address
    except AddressError as error:
        raise AddressError(error.message, field="recipient") from error
