"""What do the tests of webhooks find ready: a program that listens for them over HTTP?"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.outbound.conftest import busy_office, courier
from tests.outbound.office import Office

__all__ = ["busy_office", "courier", "listener", "office"]


@dataclass
class Listener:
    """Takes posts; `answers` says what the next ones are answered (200 when empty)."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0
    before_answer: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?shop=1"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.posts]


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            listener.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            listener.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            listener.before_answer()
            status = listener.answers.pop(0) if listener.answers else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{listener.url}&elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            return

    return Handler


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(listener)) as server:
        listener.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield listener
        server.shutdown()


@pytest.fixture
def office(busy_office: Office) -> Office:
    """Its changes are seen by other connections."""
    return busy_office
