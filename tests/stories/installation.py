"""What does a person have after `make run`? A running Postroom, driven only by commands, HTTP and SMTP."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.peers.clients import Account
from tests.peers.programs import free_port

FINAL = {"sent", "bounced", "expired", "canceled", "held", "unknown"}
START_SECONDS = 60
STOP_SECONDS = 35
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Installation:
    """A `postroom serve` with its database; `environment` is what its commands are run with."""

    environment: dict[str, str]
    shell: "subprocess.Popen[str]"  # tests/stories/shell.py

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['POSTROOM_HTTP_PORT']}"

    @property
    def submission_port(self) -> int:
        return int(self.environment["POSTROOM_SUBMISSION_PORT"])

    @property
    def capture_port(self) -> int:
        return int(self.environment["POSTROOM_CAPTURE_PORT"])

    def postroom(self, *arguments: str) -> str:
        """Run a command; its output. AssertionError when it fails."""
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        self.shell.stdin.write(json.dumps(arguments) + "\n")
        self.shell.stdin.flush()
        answer = json.loads(self.shell.stdout.readline())
        assert answer["code"] == 0, answer["output"]
        return str(answer["output"])

    def new_workspace(self, slug: str) -> "Office":
        self.postroom("workspace", "add", slug, "--company", "My Company")
        return Office(self, slug, self.postroom("workspace", "key", "tests", "--workspace", slug).strip())


@dataclass(frozen=True, slots=True)
class Answer:
    """What the HTTP API answered."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Office:
    """A workspace, and the key to send for it."""

    installation: Installation
    slug: str
    key: str

    @property
    def account(self) -> Account:
        """Its login at the submission server."""
        return Account("127.0.0.1", self.installation.submission_port, user=self.slug, password=self.key)

    def add_domain(self, name: str, *options: str) -> None:
        self.installation.postroom("domain", "add", name, "--workspace", self.slug, *options)

    def add_server(self, name: str, *options: str, port: int) -> None:
        place = ("--host", "127.0.0.1", "--port", str(port), "--encryption", "none")
        self.installation.postroom("server", "add", name, "--workspace", self.slug, *place, *options)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = Request(f"{self.installation.url}/api/v1{path}", data=data, method=method)
        names = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        for name, value in names.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urlopen(request, timeout=30) as response:
                return Answer(response.status, json.load(response), dict(response.headers))
        except HTTPError as error:
            return Answer(error.code, json.load(error), dict(error.headers))

    def post(self, **message: Any) -> dict[str, Any]:
        """Send a message over HTTP; the answer of its 202."""
        if "from_" in message:
            message["from"] = message.pop("from_")
        answer = self.call("POST", "/messages", {"subject": "Quotation", "text": "Hello", **message})
        assert answer.status == 202, answer
        return answer.body

    def settled(self, message_id: str, *, seconds: float = 20) -> dict[str, Any]:
        """The message once each of its deliveries has its last state; AssertionError when that takes too long."""
        return self.wait(message_id, lambda message: all(d["status"] in FINAL for d in message["deliveries"]), seconds)

    def wait(self, message_id: str, condition: Any, seconds: float = 20) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            message = self.call("GET", f"/messages/{message_id}").body
            if condition(message):
                return message
            assert time.monotonic() < deadline, message
            time.sleep(0.05)


@contextmanager
def run_installation(database_url: str, home: Path, **settings: str) -> Iterator[Installation]:
    """Migrate, serve and wait until healthy; stopped with SIGTERM at the end, which must be clean."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("POSTROOM_", "DJANGO_"))}
    ports = {f"POSTROOM_{name}_PORT": str(free_port()) for name in ("HTTP", "SUBMISSION", "CAPTURE")}
    environment |= {"POSTROOM_HOME": str(home), "POSTROOM_DATABASE_URL": database_url, **ports, **settings}
    with _shell(environment) as shell:
        installation = Installation(environment, shell)
        installation.postroom("migrate")
        with _serving(installation, home / "serve.log"):
            yield installation


@contextmanager
def _shell(environment: dict[str, str]) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "tests.stories.shell"]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as shell:
        yield shell
        assert shell.stdin is not None
        shell.stdin.close()


@contextmanager
def _serving(installation: Installation, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        serve = subprocess.Popen(
            [sys.executable, "-m", "postroom", "serve"], env=installation.environment, stdout=output, stderr=output
        )
    try:
        _wait_until_healthy(installation, serve, log)
        yield
    finally:
        serve.terminate()
        try:
            code = serve.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            serve.kill()
            raise
    assert code == 0, log.read_text(errors="replace")[-5000:]


def _wait_until_healthy(installation: Installation, serve: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert serve.poll() is None, log.read_text(errors="replace")[-5000:]
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-5000:]
        try:
            with urlopen(f"{installation.url}/healthz", timeout=5) as response:
                if response.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.1)
