"""What does a real Exim do with our mail? Runs Debian's on loopback, with its own settings, spool and maildir."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.peers.certificates import TlsFiles
from tests.peers.programs import EXIM_USER, UNPACKED, explain_missing, find, free_port
from tests.peers.waiting import PATIENCE_SECONDS, greets, wait_until

# Words in capitals are macros, set above this.
CONFIGURATION = r"""
primary_hostname = mx.exim.example
spool_directory = DIRECTORY/spool
log_file_path = DIRECTORY/log/%s
pid_file_path = DIRECTORY/exim.pid
exim_path = DIRECTORY/exim4
keep_environment = LD_LIBRARY_PATH
deliver_drop_privilege
daemon_smtp_ports = PORT
local_interfaces = 127.0.0.1
message_size_limit = MAX_BYTES
recipients_max = MAX_RECIPIENTS
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = DIRECTORY/server.pem
auth_advertise_hosts = ${if def:tls_in_cipher{*}}
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
acl_smtp_rcpt = check_recipient

begin acl
check_recipient:
  defer
    local_parts = lsearch;DIRECTORY/replies
    condition = ${if match{$local_part_data}{^4}}
    message = $local_part_data
  deny
    local_parts = lsearch;DIRECTORY/replies
    message = $local_part_data
  accept
    domains = DOMAINS
  deny
    message = 550 5.7.1 this test server takes mail for its own domains only

begin routers
everyone:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = DIRECTORY/mail
  envelope_to_add
  return_path_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{DIRECTORY/accounts}}}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if eq{$auth2}{${lookup{$auth1}lsearch{DIRECTORY/accounts}}}}
cram_md5:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${lookup{$auth1}lsearch{DIRECTORY/accounts}{$value}fail}
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = ${if match{$auth1}{\N^user=(.+)\x01auth=Bearer (.+)\x01\x01$\N} \
    {${if eq{$2}{${lookup{$1}lsearch{DIRECTORY/accounts}}}}}}
"""


class Exim:
    """A running Exim that accepts every local part of its domains; made by `run_exim`."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, *, port: int) -> None:
        self.directory = directory
        self.port = port

    def messages(self, address: str, *, count: int = 1, timeout: float = PATIENCE_SECONDS) -> list[bytes]:
        """All messages delivered to `address`, oldest first, with CRLF line ends; waits for `count` of them.

        The first fields are Exim's own: Return-path, Envelope-to and Received. Raises AssertionError with the log when
        time is up.
        """
        found: list[bytes] = []

        def has_settled() -> bool:
            nonlocal found
            found = [message for message in self._delivered() if _recipient(message) == address]
            return len(found) >= count and not any((self.directory / "spool/input").glob("*-D"))

        if not wait_until(has_settled, timeout):
            raise AssertionError(f"{len(found)} of {count} messages for {address} after {timeout} s\n{self.log()}")
        return found

    def log(self) -> str:
        """What this instance has logged."""
        return "\n".join(file.read_text(errors="replace") for file in (self.directory / "log").glob("*"))

    def _delivered(self) -> list[bytes]:
        files = sorted((self.directory / "mail/new").glob("*"), key=lambda file: (file.stat().st_mtime_ns, file))
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]


@contextmanager
def run_exim(
    *domains: str,
    tls: TlsFiles,
    replies: Mapping[str, str] | None = None,
    accounts: Mapping[str, str] | None = None,
    macros: Mapping[str, int] | None = None,
) -> Iterator[Exim]:
    """Start an Exim of its own for these domains; stop it and remove its files at the end.

    replies: answers to RCPT by local part, such as `{"gone": "550 5.1.1 User unknown"}`. accounts: passwords (access
    tokens too) by user; AUTH is offered under TLS. macros: MAX_BYTES and MAX_RECIPIENTS of a message. Raises
    RuntimeError when Exim cannot run here; mail for other domains is refused.
    """
    if why := why_unavailable():
        raise RuntimeError(why)
    directory = Path(tempfile.mkdtemp(prefix="exim-"))
    try:
        peer = Exim(directory, port=free_port())
        settings = {"DOMAINS": " : ".join(domains), **_macros(peer), **(macros or {})}
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        _copy_program(directory)
        (directory / "exim.conf").write_text(lines + CONFIGURATION)
        (directory / "server.pem").write_bytes(tls.key.read_bytes() + tls.certificate.read_bytes())
        _write_table(directory / "replies", replies or {})
        _write_table(directory / "accounts", accounts or {})
        with _daemon(peer):
            yield peer
    finally:
        shutil.rmtree(directory, ignore_errors=True)  # deliveries end by themselves and tidy up too


def why_unavailable() -> str | None:
    """The sentence for a skipped test when Exim is missing or may not run; None when it can."""
    if os.geteuid() != 0:
        return "an Exim of our own needs root, to become the user that Debian's Exim insists on; run the tests as root"
    if why := explain_missing("exim4"):
        return why
    if EXIM_USER not in (user.pw_name for user in pwd.getpwall()):
        return f"Debian's Exim does not start without a user {EXIM_USER}; `make test`, run by root, adds it"
    return None


def _macros(peer: Exim) -> dict[str, object]:
    return {
        "DIRECTORY": peer.directory,
        "PORT": peer.port,
        "MAX_BYTES": 52_428_800,
        "MAX_RECIPIENTS": 1000,
    }


def _copy_program(directory: Path) -> None:
    """To where Exim's user can reach it: the checkout may lie in a home that others cannot enter."""
    shutil.copy(str(find("exim4")), directory / "exim4")
    (directory / "lib").mkdir()
    for library in UNPACKED.glob("**/*.so*"):
        shutil.copy(library, directory / "lib")


def _write_table(file: Path, rows: Mapping[str, str]) -> None:
    """For Exim's lsearch: keys and values, each quoted by its own rules."""
    file.write_text("".join(f'"{key}": {value}\n' for key, value in rows.items()))


@contextmanager
def _daemon(peer: Exim) -> Iterator[None]:
    """Run Exim as its user and our child, so that its pid is known and it ends even if the test process is killed."""
    for name in ("spool", "log", "mail"):
        (peer.directory / name).mkdir()
    for path in (peer.directory, *peer.directory.iterdir()):
        shutil.chown(path, EXIM_USER, EXIM_USER)
    as_its_user = ["setpriv", f"--reuid={EXIM_USER}", f"--regid={EXIM_USER}", "--clear-groups", "--pdeathsig", "TERM"]
    program, configuration = peer.directory / "exim4", peer.directory / "exim.conf"
    with subprocess.Popen(
        [*as_its_user, program, "-C", configuration, "-bdf"],
        env={"PATH": os.defpath, "LD_LIBRARY_PATH": str(peer.directory / "lib")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            is_ready = wait_until(lambda: process.poll() is not None or greets(peer.host, peer.port))
            if not is_ready or process.returncode is not None:
                process.kill()
                said = process.stdout.read().decode(errors="replace") if process.stdout else ""
                raise RuntimeError(f"Exim did not start\n{said}\n{peer.log()}")
            yield
        finally:
            process.terminate()


def _recipient(message: bytes) -> str:
    field = re.search(rb"^Envelope-to: (.*)\r\n", message, re.MULTILINE)
    assert field, "the transport adds the field to every message"
    return field[1].decode()
