"""What does a real name server say of these zones? Runs Debian's NSD on loopback, and odd ones beside it."""

import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.query

from tests.peers.programs import find, free_port
from tests.peers.waiting import PATIENCE_SECONDS

CONFIGURATION = """\
server:
    ip-address: 127.0.0.1@{port}
    port: {port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{directory}"
    database: ""
    pidfile: "{directory}/nsd.pid"
    xfrdfile: "{directory}/xfrd.state"
    zonelistfile: "{directory}/zone.list"
    xfrdir: "{directory}"
    logfile: "{directory}/log"
    hide-version: yes
    rrl-ratelimit: 0
remote-control:
    control-enable: no
"""
ZONE = 'zone:\n    name: "{name}"\n    zonefile: "{file}"\n'
HEAD = """\
$ORIGIN {name}.
$TTL 60
@ SOA ns.{name}. hostmaster.{name}. {serial} 3600 600 86400 60
@ NS ns.{name}.
ns A 127.0.0.1
"""


@dataclass
class Nsd:
    """A running name server, made by `run_changing_nsd`, at the UDP and TCP `port`."""

    directory: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    serials: dict[str, int] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        """The zone file of `name`; none for the text "broken"."""
        file = self.directory / f"{name}.zone"
        self.serials[name] = self.serials.get(name, 0) + 1
        if text != "broken":
            file.write_text(HEAD.format(name=name, serial=self.serials[name]) + text)
        return file

    def publish(self, name: str, text: str) -> None:
        """Replace the zone `name`, and wait until the server answers from it."""
        assert self.process is not None
        self.write(name, text)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._serial_of(name) != self.serials[name]:
            assert time.monotonic() < deadline, (self.directory / "log").read_text()
            self.process.send_signal(signal.SIGHUP)
            time.sleep(0.1)

    def _serial_of(self, name: str) -> int | None:
        answer = dns.query.udp(dns.message.make_query(name, "SOA"), "127.0.0.1", PATIENCE_SECONDS, self.port)
        return answer.answer[0][0].serial if answer.answer else None


@contextmanager
def run_nsd(zones: Mapping[str, str]) -> Iterator[int]:
    """The UDP and TCP port of a name server for `zones`: name to the lines of a zone file (relative names).

    A zone whose text is "broken" has no zone file: the server answers SERVFAIL for it. Other names are refused.
    """
    with run_changing_nsd(zones) as server:
        yield server.port


@contextmanager
def run_changing_nsd(zones: Mapping[str, str]) -> Iterator[Nsd]:
    """As `run_nsd`, whose zones can be published anew."""
    with tempfile.TemporaryDirectory(prefix="nsd-") as folder:
        server = Nsd(Path(folder), free_port())
        configuration = CONFIGURATION.format(port=server.port, directory=folder)
        configuration += "".join(ZONE.format(name=name, file=server.write(name, text)) for name, text in zones.items())
        (server.directory / "nsd.conf").write_text(configuration)
        server.process = subprocess.Popen([find("nsd") or "nsd", "-d", "-c", str(server.directory / "nsd.conf")])
        try:
            _wait_until_it_answers(server.process, server.port, server.directory / "log")
            yield server
        finally:
            server.process.terminate()
            server.process.wait(timeout=PATIENCE_SECONDS)


@contextmanager
def run_odd_server(reply: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """The UDP port of a server that answers each query as `reply` does; None is silence."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.1)
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                try:
                    query, client = listening.recvfrom(4096)
                except TimeoutError:
                    continue
                answer = reply(query)
                if answer is not None:
                    listening.sendto(answer, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stopped.set()
            thread.join()


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS).close()
        except OSError:
            time.sleep(0.02)
            continue
        return
    raise AssertionError(f"NSD did not start: {log.read_text() if log.exists() else 'no log'}")
