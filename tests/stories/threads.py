"""How do stories use conversations: an application by the HTTP API, and people by mail?"""

import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, TypeVar
from uuid import uuid4

from tests.peers.waiting import PATIENCE_SECONDS
from tests.stories.office import Office

POLL_SECONDS = 0.1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Application:
    """What keeps leads in an office's Postroom."""

    office: Office
    domain: str

    @classmethod
    def of(cls, office: Office, *, port: int, domain: str | None = None) -> "Application":
        """With an alias domain and an outgoing server for it at this port."""
        name = domain or f"{office.slug}.mx.example"
        office.add_domain(name)
        office.add_server("Company mail", "--from-filter", name, port=port)
        application = cls(office, name)
        application.call("/record-types", {"key": "crm.lead", "label": "Lead"})
        return application

    def call(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.office.call("POST", path, body)
        assert answer.status == 200, answer
        return answer.body

    def ask(self, path: str) -> dict[str, Any]:
        answer = self.office.call("GET", path)
        assert answer.status == 200, answer
        return answer.body

    def add_lead(self, name: str = "Roof") -> int:
        record = {"type": "crm.lead", "external_id": uuid4().hex, "name": name}
        return int(self.call("/records", record)["id"])

    def add_user(self, name: str, *, way: str = "email") -> str:
        """The new member's address, in a mailbox of the test's Postfix."""
        address = f"{name.lower()}-{self.office.slug}@other.example.com"
        run = self.office.postroom.run
        run("user", "add", address, "--workspace", self.office.slug, "--name", name)
        run("user", "prefer", address, way)
        return address

    def follow(self, lead: int, **who: str) -> None:
        self.call(f"/records/{lead}/followers", who)

    def add_alias(self, local_part: str = "info", **fields: Any) -> None:
        self.call("/aliases", {"local_part": local_part, "domains": [self.domain], "record_type": "crm.lead", **fields})

    def posts(self, lead: int) -> list[dict[str, Any]]:
        """Oldest first."""
        listed: list[dict[str, Any]] = self.ask(f"/records/{lead}/posts?limit=200")["posts"]
        return listed[::-1]

    def lead_named(self, name: str) -> int:
        """Waits until there is one."""

        def find() -> list[int]:
            return [row["id"] for row in self.ask("/records?limit=1000")["records"] if row["name"] == name]

        return eventually(find, what=f"a lead {name}")[0]

    def wait_for_posts(self, lead: int, count: int) -> list[dict[str, Any]]:
        posts = eventually(lambda: found if len(found := self.posts(lead)) >= count else None, what=f"{count} posts")
        return list(posts)

    def desk(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.ask("/inbound/desk")["messages"]
        return listed


def eventually(look: Callable[[], T | None], *, what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` finds; AssertionError when it finds nothing in this time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds} seconds in vain for {what}"
        time.sleep(POLL_SECONDS)
    return found


def write(from_: str, to: str, subject: str, text: str = "How are you?", **fields: str) -> EmailMessage:
    """A mail of a person's program; `in_reply_to` is written In-Reply-To."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = from_, to, subject
    mail["Message-ID"] = f"<{uuid4().hex}@mail.example>"
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def answer(mail: EmailMessage, from_: str, text: str, *, to: str | None = None) -> EmailMessage:
    """As a mail program answers: to the Reply-To, or `to`, with In-Reply-To and References, the mail quoted below."""
    body = mail.get_body(("plain",))
    assert body
    quoted = "".join(f"> {line}\n" for line in body.get_content().splitlines())
    return write(
        from_,
        to or str(mail["Reply-To"]),
        f"Re: {mail['Subject'].removeprefix('Re: ')}",
        f"{text}\n\nOn Monday, somebody wrote:\n{quoted}",
        In_Reply_To=str(mail["Message-ID"]),
        References=f"{mail['References'] or ''} {mail['Message-ID']}".strip(),
    )


def hand_over(mail: EmailMessage, port: int, *, recipient: str | None = None, return_path: str | None = None) -> None:
    """To a server on this machine."""
    to = recipient or mail["To"].addresses[0].addr_spec
    sender = mail["From"].addresses[0].addr_spec if return_path is None else return_path
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_SECONDS) as client:
        client.sendmail(sender, [to], mail.as_bytes())
