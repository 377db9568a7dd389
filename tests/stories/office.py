"""Who uses a running Postroom in the stories? Offices, by commands, HTTP and SMTP: nothing of its inside is touched."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from postroom.smtp.self_signed import FILE_NAME
from tests.installation import Installation
from tests.peers.clients import Account
from tests.peers.waiting import PATIENCE_SECONDS
from tests.stories.shell import Shell

# What becomes of mail without anybody's doing. `held` and `unknown` wait for a person.
SETTLED = {"sent", "bounced", "expired", "canceled", "held", "unknown"}

Report = dict[str, Any]  # of a message, as the API gives it


@dataclass(frozen=True, slots=True)
class Postroom:
    """A running installation, and a shell for its commands."""

    installation: Installation
    shell: Shell

    @property
    def capture_port(self) -> int:
        return self.installation.port("CAPTURE")

    @property
    def submission_port(self) -> int:
        return self.installation.port("SUBMISSION")

    def run(self, *arguments: str) -> str:
        """Run a command; its output. AssertionError when it fails."""
        code, output = self.shell.run(*arguments)
        assert code == 0, output
        return output

    def new_workspace(self, slug: str) -> "Office":
        self.run("workspace", "add", slug, "--company", "My Company")
        return Office(self, slug, self.run("workspace", "key", "tests", "--workspace", slug).strip())


@dataclass(frozen=True, slots=True)
class Answer:
    """What the HTTP API answered."""

    status: int
    body: dict[str, Any]
    headers: Message  # names in any case


@dataclass(frozen=True, slots=True)
class Office:
    """A workspace, and the key to send for it."""

    postroom: Postroom
    slug: str
    key: str

    @property
    def account(self) -> Account:
        """Its login at the submission server."""
        return Account("127.0.0.1", self.postroom.submission_port, user=self.slug, password=self.key)

    @property
    def tls_account(self) -> Account:
        """The same, for a client that insists on STARTTLS and trusts the certificate that Postroom made."""
        return replace(self.account, authority=self.postroom.installation.home / "tls" / FILE_NAME)

    def add_domain(self, name: str, *options: str) -> None:
        self.postroom.run("domain", "add", name, "--workspace", self.slug, *options)

    def add_server(self, name: str, *options: str, port: int) -> None:
        place = ("--host", "127.0.0.1", "--port", str(port), "--encryption", "none")
        self.postroom.run("server", "add", name, "--workspace", self.slug, *place, *options)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask the API; `body` is sent as JSON, bytes as they are."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = Request(f"{self.postroom.installation.url}/api/v1{path}", data=content, method=method)
        names = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        for name, value in names.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urlopen(request, timeout=PATIENCE_SECONDS) as response:
                return Answer(response.status, json.load(response), response.headers)
        except HTTPError as error:
            return Answer(error.code, json.load(error), error.headers)

    def post(self, **message: Any) -> Report:
        """Send a message over HTTP; the answer of its 202."""
        if "from_" in message:
            message["from"] = message.pop("from_")
        answer = self.call("POST", "/messages", {"subject": "Quotation", "text": "Hello", **message})
        assert answer.status == 202, answer
        return answer.body

    def messages(self) -> list[Report]:
        """Its messages, newest first; not more than a page."""
        listed: list[Report] = self.call("GET", "/messages?limit=200").body["messages"]
        return listed

    def settled(self, message_id: str, *, seconds: float = PATIENCE_SECONDS) -> Report:
        """The message once each of its deliveries has come to its end; AssertionError when that takes too long."""
        return self.wait(message_id, lambda message: set(statuses(message).values()) <= SETTLED, seconds=seconds)

    def wait(self, message_id: str, is_so: Callable[[Report], Any], *, seconds: float = PATIENCE_SECONDS) -> Report:
        deadline = time.monotonic() + seconds
        while True:
            message = self.call("GET", f"/messages/{message_id}").body
            if is_so(message):
                return message
            assert time.monotonic() < deadline, message
            time.sleep(0.05)


def statuses(message: Report) -> dict[str, str]:
    """The state of each delivery, by recipient."""
    return {delivery["recipient"]: delivery["status"] for delivery in message["deliveries"]}


def replies(message: Report) -> dict[str, str | None]:
    """What the server said last of each delivery, by recipient."""
    return {delivery["recipient"]: delivery["reply"] for delivery in message["deliveries"]}
