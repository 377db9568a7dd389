"""How does an ordinary mail program fare with us? Runs swaks, msmtp and curl as a user would."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.peers.programs import find
from tests.peers.waiting import PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: its exit code, and what it wrote to standard output and error, in that order."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class Account:
    """A submission account. With `authority` (PEM file) the client insists on STARTTLS and verifies against it."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    authority: Path | None = None


def swaks(account: Account, *options: str) -> Ran:
    """Run swaks against the account; the rest is swaks' own options, `--from`, `--to`, `--header` and so on.

    swaks exits with 24 when a recipient and with 26 when the data is refused; the output is the whole dialog.
    """
    command = ["swaks", "--server", account.host, "--port", str(account.port), "--timeout", str(PATIENCE_SECONDS)]
    if account.authority:
        command += ["--tls", "--tls-verify", "--tls-ca-path", str(account.authority)]
    if account.user:
        command += ["--auth-user", account.user, "--auth-password", account.password or ""]
    return _run([*command, *options])


def msmtp(account: Account, message: bytes, *options: str) -> Ran:
    """Give msmtp a message as a mail program would; options such as `-t` (recipients from the header) or addresses."""
    with tempfile.TemporaryDirectory() as directory:
        configuration = Path(directory, "msmtprc")
        configuration.touch(mode=0o600)  # msmtp refuses a configuration with a password that others may read
        configuration.write_text(_msmtprc(account))
        return _run(["msmtp", "--file", str(configuration), *options], stdin=message)


def curl(*options: str) -> Ran:
    """Run curl; the output is the answer's body (add `--include` for its head). HTTP errors do not make it fail."""
    return _run(["curl", "--silent", "--show-error", "--max-time", str(PATIENCE_SECONDS), *options])


def _msmtprc(account: Account) -> str:
    lines = ["defaults", "account test", f"host {account.host}", f"port {account.port}", f"timeout {PATIENCE_SECONDS}"]
    if account.authority:
        lines += ["tls on", "tls_starttls on", f"tls_trust_file {account.authority}"]
    if account.user:
        lines += ["auth on", f"user {account.user}", f'password "{account.password}"']
    return "\n".join([*lines, "account default : test", ""])


def _run(command: list[str], *, stdin: bytes = b"") -> Ran:
    program = find(command[0])
    if program is None:
        raise FileNotFoundError(command[0])
    done = subprocess.run([program, *command[1:]], input=stdin, capture_output=True, check=False)
    return Ran(done.returncode, (done.stdout + done.stderr).decode(errors="replace"))
