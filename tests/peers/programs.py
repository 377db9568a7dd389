"""Which programs do the tests need beyond Python, and what is a person told when one is missing?"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import SystemRandom

# program, Perl module or file: the Debian package that brings it. `make test` installs these where it may.
PACKAGES = {
    "postfix": "postfix",
    "saslpasswd2": "sasl2-bin",  # the passwords of Postfix's AUTH, and its mechanisms
    "/usr/lib/*/sasl2/libcrammd5.so": "libsasl2-modules",
    "nsd": "nsd",
    "dovecot": "dovecot-core",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/pop3": "dovecot-pop3d",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    "sievec": "dovecot-sieve",
    "opendkim": "opendkim",
    "opendkim-genkey": "opendkim-tools",
    "swaks": "swaks",
    "Net::SSLeay": "libnet-ssleay-perl",  # swaks' TLS
    "msmtp": "msmtp",
    "curl": "curl",
    "chromium": "chromium",
}
# A second mail server cannot be installed beside Postfix, as both are Debian's mail-transport-agent: `make test`
# unpacks it into a folder of ours, with the libraries that are missing.
UNPACKED_PACKAGES = {"exim4": "exim4-daemon-light"}
UNPACKED = Path(__file__).parents[2] / ".tools/debian"
EXIM_USER = "Debian-exim"  # compiled into Debian's Exim, which does not start where there is none

# Below Linux's ephemeral range (32768 and up): no outgoing connection can take a port between choosing and binding it.
LISTENING_PORTS = range(20_000, 32_000)


def find(program: str) -> str | None:
    """The program's path, looked for in the sbin folders too: an ordinary user's PATH lacks them on Debian."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(program, path=f"{path}:/usr/sbin:/usr/local/sbin:{UNPACKED / 'usr/sbin'}")


def explain_missing(*names: str) -> str | None:
    """One sentence that names what is not installed and how to install it; None when all is there."""
    missing = [name for name in names if not _is_installed(name)]
    if not missing:
        return None
    if set(missing) <= set(UNPACKED_PACKAGES):
        return f"{', '.join(missing)} not installed; `make test`, run by root on Debian, brings it"
    packages = " ".join(PACKAGES.get(name, name) for name in missing)
    return f"{', '.join(missing)} not installed; on Debian: apt-get install {packages}"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now, and that nobody else in this test run is given."""
    for port in _ports():
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 20000 and 32000 on 127.0.0.1")


@cache
def _ports() -> Iterator[int]:
    """This process's share, each port once; in random order, as another test run may be at work beside this one."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = LISTENING_PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    return iter(SystemRandom().sample(share, k=len(share)))


def _is_installed(name: str) -> bool:
    if name.startswith("/"):
        return any(Path("/").glob(name[1:]))
    if "::" not in name:
        return find(name) is not None
    perl = find("perl")
    return perl is not None and subprocess.call([perl, f"-M{name}", "-e", "1"], stderr=subprocess.DEVNULL) == 0
