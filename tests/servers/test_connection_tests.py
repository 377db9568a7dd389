"""Is a server tried when a person asks for it, by the job, and is all that was found kept?"""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.errors import AddressError
from postroom.servers import connection_tests
from postroom.servers.models import ConnectionTest, OutgoingServer
from postroom.servers.probe import Step
from postroom.servers.save import save_server
from postroom.servers.tasks import try_server
from postroom.workspaces.create import create_workspace
from tests.peers.aiosmtpd_server import Aiosmtpd, run_aiosmtpd
from tests.peers.certificates import TlsFiles

RECIPIENT = "probe@customer.example.com"


@pytest.fixture(scope="module")
def peer(tls_files: TlsFiles) -> Iterator[Aiosmtpd]:
    with run_aiosmtpd(tls=tls_files, replies={}, accounts={}, max_message_bytes=10_000, max_recipients=10) as server:
        yield server


@pytest.fixture
def server(transactional_db: None, peer: Aiosmtpd) -> OutgoingServer:
    workspace = create_workspace("company-name", company="My Company")
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    new = OutgoingServer(
        workspace=workspace, name="Company mail", host=peer.host, port=peer.port, encryption="none",
        from_filter="company-name.com",
    )  # fmt: skip
    return save_server(new)


def ask(server: OutgoingServer) -> ConnectionTest:
    return connection_tests.ask_for(server, recipient=RECIPIENT, by="mary@company-name.com")


def run(test: ConnectionTest) -> ConnectionTest:
    asyncio.run(try_server(test_id=test.pk))
    test.refresh_from_db()
    return test


def test_a_worker_is_asked_to_try_and_keeps_every_identity(server: OutgoingServer, peer: Aiosmtpd) -> None:
    test = ask(server)
    job = ProcrastinateJob.objects.get(task_name=connection_tests.TASK)
    assert job.args == {"test_id": test.pk}
    assert connection_tests.is_running(test)
    trials = [connection_tests.read(told) for told in run(test).trials]
    assert {trial.address for trial in trials} == {"bounce@company-name.com", "notifications@company-name.com"}
    assert all(trial.is_over and trial.fault is None for trial in trials)
    assert all([finding.step for finding in trial.findings] == list(Step) for trial in trials)
    assert not connection_tests.is_running(test)
    assert peer.messages(RECIPIENT, count=0) == []


def test_what_is_told_is_read_again_as_it_was(server: OutgoingServer) -> None:
    for told in run(ask(server)).trials:
        assert json.loads(json.dumps(connection_tests.tell(connection_tests.read(told)))) == told


def test_a_job_that_runs_twice_tries_once(server: OutgoingServer) -> None:
    test = run(ask(server))
    finished_at = test.finished_at
    assert run(test).finished_at == finished_at


def test_a_server_that_cannot_be_used_as_it_is_says_why(server: OutgoingServer) -> None:
    OutgoingServer.objects.update(authentication="gmail")
    test = run(ask(server))
    assert "not connected yet" in test.refusal
    assert (test.trials, connection_tests.is_running(test)) == ([], False)


def test_a_test_whose_worker_went_away_is_over_some_day(server: OutgoingServer) -> None:
    test = ask(server)
    test.created_at = timezone.now() - connection_tests.MOST_TIME - timedelta(seconds=1)
    assert not connection_tests.is_running(test)


def test_only_the_newest_are_kept(server: OutgoingServer) -> None:
    tests = [ask(server) for _ in range(connection_tests.KEPT_TESTS + 2)]
    assert ConnectionTest.objects.count() == connection_tests.KEPT_TESTS
    assert connection_tests.newest(server) == tests[-1]


def test_a_recipient_that_is_no_address_is_refused(server: OutgoingServer) -> None:
    with pytest.raises(AddressError):
        connection_tests.ask_for(server, recipient="nobody", by="mary")
    assert not ConnectionTest.objects.exists()
