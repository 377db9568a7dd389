"""What do the tests of conversations work with: an application with its records, users, and the mail that leaves?"""

import email
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.outbound.models import MessageContent
from postroom.policy.notification import Way
from postroom.servers.models import OutgoingServer
from postroom.servers.save import save_server
from postroom.threads.inbox import prefer
from postroom.threads.models import Record
from postroom.workspaces.create import create_workspace
from postroom.workspaces.keys import create_key
from postroom.workspaces.models import Membership, User, Workspace
from tests.api.conftest import Caller
from tests.outbound.office import Courier, Mailbox, lane_of

MARY = '"Mary" <mary@customer.example.com>'


@dataclass
class Desk:
    """The workspace company-name, its application with the record type crm.lead, and its users."""

    workspace: Workspace = field(default_factory=lambda: create_workspace("company-name", company="My Company"))
    domain: AliasDomain = field(init=False)
    app: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.domain = save_alias_domain(AliasDomain(workspace=self.workspace, name="company-name.com"))
        self.app = Caller(create_key(self.workspace, name="crm"))
        stages = {"key": "stage", "label": "Stage changed", "default": False}
        self.call("/record-types", {"key": "crm.lead", "label": "Lead", "subtypes": [stages]})

    def add_user(self, name: str, *, way: Way = Way.EMAIL) -> User:
        user = User.objects.create_user(f"{name.lower()}@company-name.com", None, name=name)
        Membership.objects.create(workspace=self.workspace, user=user, role="member")
        prefer(user, way)
        return user

    def add_server(self, port: int = 1) -> OutgoingServer:
        return save_server(
            OutgoingServer(
                workspace=self.workspace, name="Company mail", host="127.0.0.1", port=port, encryption="none",
                from_filter="company-name.com", max_connections=1,
            )
        )  # fmt: skip

    def add_record(self, name: str = "Roof of Mary's house", **fields: Any) -> int:
        record = {"type": "crm.lead", "external_id": name, "name": name, **fields}
        return int(self.call("/records", record)["id"])

    def record(self, record_id: int) -> Record:
        return Record.objects.select_related("type__workspace", "company__workspace", "workspace").get(pk=record_id)

    def follow(self, record: int, person: User | str, **fields: Any) -> None:
        who = {"user": person.email} if isinstance(person, User) else {"contact": person}
        self.call(f"/records/{record}/followers", {**who, **fields})

    def write(self, record: int, author: User | str | None = None, **fields: Any) -> dict[str, Any]:
        """A post by the API, in the name of a user, a contact or the system."""
        who = {"user": author.email} if isinstance(author, User) else author and {"contact": author}
        return self.call(f"/records/{record}/posts", {"author": who, "text": "Hello", **fields})

    def posts(self, record: int) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.ask(f"/records/{record}/posts")["posts"]
        return listed

    def call(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.app.post(path, body)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def ask(self, path: str) -> dict[str, Any]:
        answer = self.app.get(path)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    @contextmanager
    def delivering(self, courier: Courier, **replies: str) -> Iterator[Mailbox]:
        """A server that takes mail; at the end of the block a worker has brought it what waited."""
        with courier.mailbox(**replies) as mailbox:
            server = self.add_server(mailbox.port)
            yield mailbox
            courier.drain(lane_of(server))


def received(mailbox: Mailbox) -> dict[str, EmailMessage]:
    """What came, by envelope recipient."""
    return {
        recipient: parse(content) for _return_path, recipients, content in mailbox.received for recipient in recipients
    }


def waiting() -> list[EmailMessage]:
    """What waits to leave, oldest first, as its author wrote it."""
    rows = MessageContent.objects.order_by("pk").values_list("head", "body")
    return [parse(bytes(head) + b"\r\n" + bytes(body)) for head, body in rows]


def parse(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, subtype: str = "plain") -> str:
    part = message.get_body((subtype,))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text


def told(post: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Way and envelope of everybody who was told of a post."""
    return {row["user"] or row["contact"]: (row["way"], row["envelope"]) for row in post["notifications"]}
