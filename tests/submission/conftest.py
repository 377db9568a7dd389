"""What do the tests of the submission server find ready: the server, a workspace, and a key of it?"""

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from postroom.domains.alias_domains import create_company, save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.outbound import queue
from postroom.smtp.self_signed import server_context
from postroom.submission.server import SubmissionServer
from postroom.workspaces.create import create_workspace
from postroom.workspaces.keys import create_key
from postroom.workspaces.models import Workspace
from tests.peers.certificates import TlsFiles
from tests.peers.clients import Account
from tests.smtp.listening import Background

MAX_MESSAGE_BYTES = 100_000


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    """Has My Company, which comes first, and Second Company."""
    queue._lanes.clear()  # known from before the database was emptied
    workspace = create_workspace("company-name", company="My Company")
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    create_company(workspace, "Second Company")
    return workspace


@dataclass(frozen=True)
class Entrance:
    """Where to hand in mail, and with which key."""

    port: int
    key: str

    def connect(self) -> smtplib.SMTP:
        """Authenticated, in clear: over loopback that is allowed."""
        client = smtplib.SMTP("127.0.0.1", self.port)
        client.login("company-name", self.key)
        return client

    def account(self, **fields: object) -> Account:
        return Account("127.0.0.1", self.port, **{"user": "company-name", "password": self.key, **fields})  # type: ignore[arg-type]


@pytest.fixture
def entrance(workspace: Workspace, tls_files: TlsFiles) -> Iterator[Entrance]:
    background = Background()
    tls = server_context(tls_files.certificate, tls_files.key)
    server = SubmissionServer("127.0.0.1", 0, tls=tls, max_message_bytes=MAX_MESSAGE_BYTES)
    background.run(server.start())
    yield Entrance(server.port, create_key(workspace, name="tests"))
    background.run(server.stop(patience_seconds=1))
    background.close()


@pytest.fixture
def client(entrance: Entrance) -> Iterator[smtplib.SMTP]:
    with entrance.connect() as client:
        yield client
