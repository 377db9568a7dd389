"""On which ports this installation listens, and whether they are free."""

import errno
import socket
from dataclasses import dataclass

from postroom.config.env import Environment
from postroom.errors import PostroomError


class PortTakenError(PostroomError):
    """A port that Postroom listens on is taken by another program."""

    code = "port_taken"


@dataclass(frozen=True, slots=True)
class Port:
    """One listening port and the setting that moves it."""

    part: str
    host: str
    number: int

    @property
    def setting(self) -> str:
        return f"POSTROOM_{'HTTP' if self.part == 'web' else self.part.upper()}_PORT"


def ports(env: Environment) -> tuple[Port, ...]:
    return (
        Port("web", env.http_host, env.http_port),
        Port("submission", env.submission_host, env.submission_port),
        Port("capture", env.capture_host, env.capture_port),
        Port("mx", env.mx_host, env.mx_port),
        Port("lmtp", env.lmtp_host, env.lmtp_port),
    )


def why_unusable(port: Port) -> str | None:
    """A sentence when a server could not listen there now; None when it could."""
    try:
        _bind(port)
    except OSError as error:
        return _explain(port, error)
    return None


def require_free(*wanted: Port) -> None:
    """PortTakenError with a sentence for each of `wanted` that cannot be listened on."""
    if complaints := [why for port in wanted if (why := why_unusable(port))]:
        raise PortTakenError("\n".join(complaints))


def _bind(port: Port) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        port.host, port.number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: a port that only has connections in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)  # another socket bound with SO_REUSEADDR shows itself only here


def _explain(port: Port, error: OSError) -> str:
    where = f"Port {port.number} on {port.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken by another program, or another Postroom: stop it or set {port.setting}."
    if error.errno == errno.EACCES:
        return f"{where} may not be used by this account: set {port.setting} to a number above 1023."
    host_setting = port.setting.removesuffix("PORT") + "HOST"
    return f"{where} cannot be listened on ({error.strerror or error}): correct {host_setting}."
