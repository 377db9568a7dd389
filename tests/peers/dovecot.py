"""Does a real mail server accept our tokens? Dovecot's authentication asks the provider (RFC 7662)."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.oauth_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.peers.programs import explain_missing, find, free_port
from tests.peers.waiting import wait_until

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
INTROSPECTION = """\
introspection_url = {introspection}
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
"""


def why_unavailable() -> str | None:
    """The sentence for a skipped test when Dovecot is missing or may not run; None when it can."""
    if os.geteuid() != 0:
        return "a Dovecot of our own needs root: its master process changes users; run the tests as root"
    return explain_missing("dovecot")


@contextmanager
def run_dovecot_auth(provider: Provider) -> Iterator[dict[str, str]]:
    """Start one that believes `provider`; yields the settings with which a Postfix lets it decide on logins."""
    directory = Path(tempfile.mkdtemp(prefix="dovecot-"))
    directory.chmod(0o755)
    port = free_port()
    host = provider.url.removeprefix("http://")
    introspection = f"http://{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '%20')}@{host}/introspect"
    (directory / "dovecot.conf").write_text(CONFIGURATION.format(directory=directory, port=port))
    (directory / "oauth2.conf").write_text(INTROSPECTION.format(introspection=introspection))
    try:
        with subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", find("dovecot") or "dovecot", "-F", "-c", directory / "dovecot.conf"]
        ) as process:
            try:
                socket = directory / "run/auth-client"
                assert wait_until(lambda: process.poll() is not None or socket.exists(), 10)
                assert process.returncode is None, (directory / "log").read_text()
                yield {
                    "smtpd_sasl_auth_enable": "yes",
                    "smtpd_sasl_type": "dovecot",
                    "smtpd_sasl_path": f"inet:127.0.0.1:{port}",
                }
            finally:
                process.terminate()
    finally:
        shutil.rmtree(directory)
