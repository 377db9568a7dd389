"""What does a real Postfix do with our mail? Runs Debian's on loopback, with its own settings, queue and maildir."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.peers.certificates import TlsFiles
from tests.peers.programs import explain_missing, find, free_port
from tests.peers.waiting import PATIENCE_SECONDS, greets, wait_until

MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup    unix n - n -   0 cleanup
qmgr       unix n - n 300 1 qmgr
rewrite    unix - - n -   - trivial-rewrite
tlsmgr     unix - - n 300 1 tlsmgr
bounce     unix - - n -   0 bounce
defer      unix - - n -   0 bounce
trace      unix - - n -   0 bounce
verify     unix - - n -   1 verify
flush      unix n - n 300 0 flush
proxymap   unix - - n -   - proxymap
anvil      unix - - n -   1 anvil
scache     unix - - n -   1 scache
error      unix - - n -   - error
retry      unix - - n -   - error
smtp       unix - - n -   - smtp
virtual    unix - n n -   - virtual
lmtp       unix - - n -   - lmtp
postlog    unix-dgram n - n - 1 postlogd
"""

# owner: folders. `postfix check` would make the queue's, in two seconds.
FOLDERS = {
    "root": "etc etc/sasl queue queue/pid",
    "postfix": "data queue/active queue/bounce queue/corrupt queue/defer queue/deferred queue/flush queue/hold "
    "queue/incoming queue/maildrop queue/private queue/public queue/saved queue/trace",
    "nobody": "mail",
}


class Postfix:
    """A running Postfix that accepts every local part of its domains; made by `run_postfix`."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, *, port: int, domains: Collection[str]) -> None:
        self.directory = directory
        self.port = port
        self.domains = tuple(domains)

    def messages(self, address: str, *, count: int = 1, timeout: float = PATIENCE_SECONDS) -> list[bytes]:
        """All messages delivered to `address` (compared without case), oldest first, with CRLF line ends.

        Waits until at least `count` are there and the queue is empty: whatever was answered 250 before the call is
        in the list, so a duplicate shows. The first fields are Postfix's own: Return-Path holds the envelope sender,
        X-Original-To the envelope recipient. Raises AssertionError with the end of the log when time is up.
        """
        found: list[bytes] = []

        def has_settled() -> bool:
            nonlocal found
            if self._is_busy():
                return False
            found = [message for message in self._delivered() if _recipient(message) == address.lower()]
            return len(found) >= count

        if not wait_until(has_settled, timeout):
            raise AssertionError(f"{len(found)} of {count} messages for {address} after {timeout} s\n{self.log()}")
        return found

    def log(self, lines: int = 30) -> str:
        """The end of this instance's mail log."""
        file = self.directory / "log"
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.exists() else "(no log)"

    def _is_busy(self) -> bool:
        queue = self.directory / "queue"
        return any(any((queue / name).iterdir()) for name in ("maildrop", "incoming", "active"))

    def _delivered(self) -> list[bytes]:
        files = sorted((self.directory / "mail" / "new").glob("*"), key=lambda file: (file.stat().st_mtime_ns, file))
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]


@contextmanager
def run_postfix(
    *domains: str,
    tls: TlsFiles | None = None,
    replies: Mapping[str, str] | None = None,
    accounts: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    pipes: Mapping[str, str] | None = None,
) -> Iterator[Postfix]:
    """Start a Postfix of its own for these domains; stop it and remove its files at the end.

    tls: offer STARTTLS with this certificate. replies: answers to RCPT by recipient address, such as
    `{"gone@customer.example.com": "550 5.1.1 User unknown"}`. accounts: passwords by user; AUTH is then offered under
    TLS. settings: further lines of main.cf, for example
    `{"smtpd_milters": "inet:127.0.0.1:8891"}`. pipes: commands by the name of their transport, run by the
    user nobody. Raises RuntimeError when Postfix cannot run here; mail for other domains is refused, so nothing leaves
    the machine.
    """
    if why := why_unavailable():
        raise RuntimeError(why)
    # The system's own temporary folder, not pytest's long one: socket paths are limited to 108 bytes.
    directory = Path(tempfile.mkdtemp(prefix="postfix-"))
    try:
        peer = Postfix(directory, port=free_port(), domains=domains)
        _write_configuration(peer, tls, replies or {}, {**(_sasl_settings() if accounts else {}), **(settings or {})})
        _add_pipes(peer, pipes or {})
        _write_accounts(peer, accounts or {})
        with _master(peer):
            yield peer
    finally:
        shutil.rmtree(directory)


def why_unavailable() -> str | None:
    """The sentence for a skipped test when Postfix is missing or may not run; None when it can."""
    if os.geteuid() != 0:
        return "a Postfix of our own needs root: its master process changes users; run the tests as root"
    return explain_missing("postfix")


def _write_configuration(
    peer: Postfix, tls: TlsFiles | None, replies: Mapping[str, str], settings: Mapping[str, str]
) -> None:
    directory = peer.directory
    directory.chmod(0o755)
    for owner, names in FOLDERS.items():
        for name in names.split():
            (directory / name).mkdir()
            shutil.chown(directory / name, owner)
    (directory / "etc/master.cf").write_text(MASTER_CF.format(port=peer.port))
    (directory / "etc/replies").write_text("".join(f"{address} {reply}\n" for address, reply in replies.items()))
    lines = {**_main_cf(peer), **(_tls_settings(tls) if tls else {}), **settings}
    (directory / "etc/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
    for file in (directory / "etc").iterdir():
        os.utime(file, (0, 0))  # Postfix waits two seconds over a newer file, in case it is still being written


def _add_pipes(peer: Postfix, commands: Mapping[str, str]) -> None:
    master_cf = peer.directory / "etc/master.cf"
    with master_cf.open("a") as file:
        for name, command in commands.items():
            file.write(f"{name} unix - n n - - pipe flags=Rq user=nobody argv={command}\n")
    os.utime(master_cf, (0, 0))


def _main_cf(peer: Postfix) -> dict[str, str]:
    directory, nobody = peer.directory, pwd.getpwnam("nobody")
    return {
        "compatibility_level": "3.6",
        "queue_directory": f"{directory}/queue",
        "data_directory": f"{directory}/data",
        "maillog_file": f"{directory}/log",
        "maillog_file_prefixes": str(directory),
        "myhostname": "mx.peer.example",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "",
        "mydestination": "",
        # Add no missing Date, From or Message-ID: what arrives is what we sent.
        "local_header_rewrite_clients": "",
        "alias_maps": "",
        "default_transport": "error:5.4.4 this test server delivers to its own domains only",
        "virtual_mailbox_domains": " ".join(peer.domains),
        # Everyone shares one maildir; X-Original-To tells whose a message is. (virtual(8) refuses tables that
        # compute a path from the address.)
        "virtual_mailbox_base": f"{directory}/mail",
        "virtual_mailbox_maps": "static:./",
        "virtual_mailbox_limit": "0",
        "virtual_destination_recipient_limit": "1",
        "virtual_uid_maps": f"static:{nobody.pw_uid}",
        "virtual_gid_maps": f"static:{nobody.pw_gid}",
        "smtpd_relay_restrictions": "reject_unauth_destination",
        "smtpd_recipient_restrictions": f"check_recipient_access texthash:{directory}/etc/replies",
        # Postfix slows clients that err or hurry; a test does both on purpose.
        "smtpd_error_sleep_time": "0",
        "smtpd_client_connection_count_limit": "0",
        "in_flow_delay": "0",
        "message_size_limit": "52428800",
    }


def _tls_settings(tls: TlsFiles) -> dict[str, str]:
    return {
        "smtpd_tls_security_level": "may",
        "smtpd_tls_cert_file": str(tls.certificate),
        "smtpd_tls_key_file": str(tls.key),
        "smtpd_tls_received_header": "yes",  # so that a test can see what was negotiated
    }


def _sasl_settings() -> dict[str, str]:
    return {
        "smtpd_sasl_auth_enable": "yes",
        "smtpd_tls_auth_only": "yes",
        "smtpd_sasl_local_domain": "$myhostname",
    }


def _write_accounts(peer: Postfix, accounts: Mapping[str, str]) -> None:
    """For Cyrus SASL, which keeps a file of passwords of its own."""
    file = peer.directory / "etc/sasldb2"
    for user, password in accounts.items():
        command = [find("saslpasswd2") or "saslpasswd2", "-c", "-p", "-f", str(file), "-u", "mx.peer.example", user]
        subprocess.run(command, input=password.encode(), check=True)
        shutil.chown(file, "postfix")
    (peer.directory / "etc/sasl/smtpd.conf").write_text(  # beside main.cf, where Debian's Postfix looks for it
        f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {file}\nmech_list: PLAIN LOGIN CRAM-MD5\n"
    )


@contextmanager
def _master(peer: Postfix) -> Iterator[None]:
    """Run the master process as our child, so that its pid is known and it ends even if the test process is killed.

    `postfix start-fg` would do all this but put a shell between us and the master.
    """
    configuration = str(peer.directory / "etc")
    postconf = [find("postconf") or "postconf", "-c", configuration, "-h", "daemon_directory"]
    master = subprocess.check_output(postconf, text=True).strip() + "/master"
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", master, "-c", configuration, "-s"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            if not wait_until(lambda: process.poll() is not None or greets(peer.host, peer.port)) or process.returncode:
                # Without a terminal Postfix tells the system's log alone what it dislikes in main.cf.
                main_cf = (peer.directory / "etc/main.cf").read_text()
                raise RuntimeError(f"Postfix did not start\n{peer.log()}\nmain.cf:\n{main_cf}")
            yield
        finally:
            process.terminate()


def _recipient(message: bytes) -> str:
    field = re.search(rb"^X-Original-To: (.*)\r\n", message, re.MULTILINE)
    assert field, "virtual(8) adds the field to every message"
    return field[1].decode().lower()
