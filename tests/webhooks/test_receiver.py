"""Does a post reach what it should, nothing else, and come to an end?"""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from postroom.webhooks import receiver as receiver_module
from postroom.webhooks.receiver import Answer, Receiver
from tests.peers.waiting import PATIENCE_SECONDS
from tests.webhooks.conftest import Listener


def post(url: str, *, may_be_private: bool = True) -> Answer:
    with Receiver(url, may_be_private=may_be_private) as receiver:
        return receiver.post(b"{}", {})


def test_a_connection_is_kept_and_renewed_when_the_receiver_has_closed_it(listener: Listener) -> None:
    with Receiver(listener.url, may_be_private=True) as receiver:
        assert [receiver.post(b"{}", {}).status for _ in range(3)] == [200] * 3
        assert listener.connections == 1
        kept = receiver._connection.sock
        kept.shutdown(socket.SHUT_RDWR)
        assert receiver.post(b"{}", {}).status == 200
    assert listener.connections == 2


def test_a_redirect_is_an_answer_and_not_followed(listener: Listener) -> None:
    listener.answers = [302]
    assert post(listener.url) == Answer(302, "HTTP 302 Found")
    assert len(listener.posts) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_a_hosted_installation_does_not_reach_its_own_network(listener: Listener, host: str) -> None:
    answer = post(f"http://{host}:{listener.port}/", may_be_private=False)
    assert answer.status is None
    assert "leads into a private network" in answer.words
    assert listener.connections == 0


def test_a_refused_connection_and_a_host_that_is_none_are_answers(closed_port: int) -> None:
    assert "refused" in post(f"http://127.0.0.1:{closed_port}/").words
    assert post("http://no-such-host.invalid/").status is None
    assert post(f"http://{'a' * 70}.example/").status is None


@pytest.fixture
def dripping() -> Iterator[int]:
    """The port of a server that answers a header field every 50 ms, until nobody listens."""
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listening.accept()
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"A: b\r\n")
                time.sleep(0.05)
        except OSError:
            return
        finally:
            connection.close()

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    yield listening.getsockname()[1]
    dripping.join(PATIENCE_SECONDS)
    assert not dripping.is_alive()
    listening.close()


def test_an_answer_in_drops_is_cut_off(dripping: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver_module, "POST_SECONDS", 0.3)
    post(f"http://127.0.0.1:{dripping}/")  # comes back, though the drops never end


def test_a_large_answer_is_not_read_to_its_end(listener: Listener) -> None:
    """As many octets as fit, then the connection is given up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def pour() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            try:
                while True:
                    connection.sendall(b"x" * 65_536)
            except OSError:
                return

    threading.Thread(target=pour, daemon=True).start()
    assert post(f"http://127.0.0.1:{listening.getsockname()[1]}/").status == 200
    listening.close()
