"""Which programs do the tests need beyond Python, and what is a person told when one is missing?"""

import os
import shutil
import socket
import subprocess
from random import SystemRandom

# program or Perl module: the Debian package that brings it. `make test` installs these where it may.
PACKAGES = {
    "postfix": "postfix",
    "opendkim": "opendkim",
    "opendkim-genkey": "opendkim-tools",
    "swaks": "swaks",
    "Net::SSLeay": "libnet-ssleay-perl",  # swaks' TLS
    "msmtp": "msmtp",
    "curl": "curl",
}

# Below Linux's ephemeral range (32768 and up): no outgoing connection can take a port between choosing and binding it.
LISTENING_PORTS = range(20_000, 32_000)


def find(program: str) -> str | None:
    """The program's path, looked for in the sbin folders too: an ordinary user's PATH lacks them on Debian."""
    return shutil.which(program, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin")


def explain_missing(*names: str) -> str | None:
    """One sentence that names what is not installed and how to install it; None when all is there."""
    missing = [name for name in names if not _is_installed(name)]
    if not missing:
        return None
    packages = " ".join(PACKAGES.get(name, name) for name in missing)
    return f"{', '.join(missing)} not installed; on Debian: apt-get install {packages}"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now; random, so that parallel test processes rarely meet."""
    for port in SystemRandom().sample(LISTENING_PORTS, k=200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 20000 and 32000 on 127.0.0.1")


def _is_installed(name: str) -> bool:
    if "::" not in name:
        return find(name) is not None
    perl = find("perl")
    return perl is not None and subprocess.call([perl, f"-M{name}", "-e", "1"], stderr=subprocess.DEVNULL) == 0
