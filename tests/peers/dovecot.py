"""Does a real mail server accept our tokens, and what do its mailboxes hold? Dovecot, started for a test.

Its authentication asks the provider of the tests about each token (RFC 7662).
"""

import imaplib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.certificates import issue_tls_files
from tests.peers.oauth_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.peers.programs import explain_missing, find, free_port
from tests.peers.waiting import PATIENCE_SECONDS, wait_until

CONFIGURATION = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols =
auth_mechanisms = xoauth2
auth_failure_delay = 0
auth_cache_size = 0
ssl = no
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {directory}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""
MAILBOXES = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = imap pop3 lmtp
listen = 127.0.0.1
auth_mechanisms = plain xoauth2
auth_failure_delay = 0
auth_cache_size = 0
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{tls.certificate}
ssl_key = <{tls.key}
mail_location = maildir:{directory}/mail/%u
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {directory}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={directory}/mail/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@example.com
}}
"""
# Answers every mail, as often as RFC 6131 lets it, where RFC 3834 and RFC 5230 §4.6 do not forbid it.
VACATION = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = lmtp
listen = 127.0.0.1
ssl = no
mail_location = maildir:{directory}/mail/%u
submission_host = 127.0.0.1:{answers_to}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={directory}/mail/%u
}}
service lmtp {{
  inet_listener lmtp {{
    port = {port}
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@example.com
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{directory}/sieve;active={directory}/vacation.sieve
  sieve_extensions = +vacation-seconds
  sieve_vacation_min_period = 0
}}
"""
SCRIPT = """\
require ["vacation", "vacation-seconds"];
vacation :seconds 0 "I am away until Monday.";
"""
_PROTOCOLS = ("/usr/lib/dovecot/imap", "/usr/lib/dovecot/pop3")
PASSWORD = "of-the-tests"
INTROSPECTION = """\
introspection_url = {introspection}
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running one: its ports, and the authority that its certificate for localhost comes from."""

    imap: int
    imaps: int
    pop3: int
    pop3s: int
    lmtp: int  # where a mail server hands over what comes for the mailboxes
    authority: str

    def append(self, raw: bytes, *, user: str = "mary", folder: str = "INBOX") -> None:
        """Put a mail into a mailbox, unread."""
        with self.client(user) as client:
            if folder != "INBOX":
                client.create(folder)
            assert client.append(folder, "", None, raw)[0] == "OK"

    def flags(self, *, user: str = "mary") -> list[set[str]]:
        """Of each mail in the INBOX."""
        with self.client(user) as client:
            client.select("INBOX", readonly=True)
            lines = client.uid("FETCH", "1:*", "(FLAGS)")[1]
        return [set(re.findall(r"\\\w+", str(line, "ascii"))) for line in lines if isinstance(line, bytes)]

    @contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=PATIENCE_SECONDS) as client:
            client.login(user, PASSWORD)
            yield client


@dataclass(frozen=True, slots=True)
class Vacation:
    """Where LMTP takes mail for people who are away, and what became of it."""

    port: int
    log: Path

    @property
    def answers(self) -> int:
        """How many were sent."""
        return self.log.read_text().count("sent vacation response")

    @property
    def stored(self) -> int:
        """How many mails came, answered or not."""
        return self.log.read_text().count("stored mail into mailbox")


def why_unavailable() -> str | None:
    """The sentence for a skipped test when Dovecot is missing or may not run; None when it can."""
    if os.geteuid() != 0:
        return "a Dovecot of our own needs root: its master process changes users; run the tests as root"
    return explain_missing("dovecot", *_PROTOCOLS, "/usr/lib/dovecot/lmtp", "sievec")


@contextmanager
def run_dovecot_auth(provider: Provider) -> Iterator[dict[str, str]]:
    """Start one that believes `provider`; yields the settings with which a Postfix lets it decide on logins."""
    port = free_port()
    with _directory() as directory:
        _write_introspection(directory, provider)
        with _run(directory, CONFIGURATION.format(directory=directory, port=port)):
            yield {
                "smtpd_sasl_auth_enable": "yes",
                "smtpd_sasl_type": "dovecot",
                "smtpd_sasl_path": f"inet:127.0.0.1:{port}",
            }


@contextmanager
def run_dovecot(provider: Provider | None = None) -> Iterator[Dovecot]:
    """Start one with a mailbox for everybody who says PASSWORD, or shows a token of `provider`."""
    ports = {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s", "lmtp")}
    with _directory() as directory:
        tls = issue_tls_files(directory)
        mail = directory / "mail"
        mail.mkdir()
        shutil.chown(mail, "nobody", "nogroup")
        _write_introspection(directory, provider)
        with _run(directory, MAILBOXES.format(directory=directory, tls=tls, password=PASSWORD, **ports)):
            assert wait_until(lambda: all(map(_listens, ports.values()))), (directory / "log").read_text()
            yield Dovecot(**ports, authority=tls.authority.read_text())


@contextmanager
def run_vacation(*, answers_to: int) -> Iterator[Vacation]:
    """Start one whose people are all away, and whose answers go to this port by SMTP."""
    port = free_port()
    with _directory() as directory:
        (directory / "vacation.sieve").write_text(SCRIPT)
        mail = directory / "mail"
        mail.mkdir()
        shutil.chown(mail, "nobody", "nogroup")
        with _run(directory, VACATION.format(directory=directory, port=port, answers_to=answers_to)):
            assert wait_until(lambda: _listens(port)), (directory / "log").read_text()
            yield Vacation(port, directory / "log")


@contextmanager
def _directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="dovecot-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _write_introspection(directory: Path, provider: Provider | None) -> None:
    host = provider.url.removeprefix("http://") if provider else "127.0.0.1:1"
    introspection = f"http://{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '%20')}@{host}/introspect"
    (directory / "oauth2.conf").write_text(INTROSPECTION.format(introspection=introspection))


@contextmanager
def _run(directory: Path, configuration: str) -> Iterator[None]:
    (directory / "dovecot.conf").write_text(configuration)
    command = ["setpriv", "--pdeathsig", "TERM", find("dovecot") or "dovecot", "-F", "-c", directory / "dovecot.conf"]
    with subprocess.Popen(command) as process:
        try:
            door = directory / "run/auth-client"
            assert wait_until(lambda: process.poll() is not None or door.exists())
            assert process.returncode is None, (directory / "log").read_text()
            yield
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
