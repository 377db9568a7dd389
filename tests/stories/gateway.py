"""Which mail servers of others stand before the Postroom of the stories, and how do they hand mail on?"""

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests import database
from tests.installation import command_line
from tests.peers import forwarder
from tests.peers.postfix import Postfix, run_postfix
from tests.stories.office import Postroom

SRS = "SRS0=ab=cd=customer.example.com=$$1@own.example.com"
FORWARDED = "info@forwarded.example.com"


@contextmanager
def run_gateway(postroom: Postroom, inner: Postfix) -> Iterator[Postfix]:
    """A company's own mail server, which hands over what comes for its domains in each way there is.

    Customers' mail it hands to the `inner` server. As postsrsd does, it puts an address of its own into the envelope
    of what customers wrote.
    """
    to_us = f"smtp:[127.0.0.1]:{postroom.installation.port('MX')}"
    transports = {
        "customer.example.com": f"smtp:[127.0.0.1]:{inner.port}",
        ".mx.example": to_us,
        ".lmtp.example": f"lmtp:inet:127.0.0.1:{postroom.installation.port('LMTP')}",
        ".pipe.example": "pipe:",
        **{f".{style}.example": "forwarder:" for style in forwarder.STYLES},
    }
    redirections = {
        "info@redirected.example.com": "info@redirect.mx.example",
        FORWARDED: "catchall@redirect.mx.example",
    }
    settings = {
        "relay_domains": " ".join(name.removeprefix(".") for name in transports),
        "parent_domain_matches_subdomains": "relay_domains",
        "transport_maps": inline(transports),
        "virtual_alias_domains": "redirected.example.com forwarded.example.com",
        "virtual_alias_maps": inline(redirections),
        "sender_canonical_classes": "envelope_sender",
        "sender_canonical_maps": f"regexp:{{{{ /^(.*)@customer\\.example\\.com$$/ {SRS} }}}}",
        "pipe_destination_recipient_limit": "1",
        "forwarder_destination_recipient_limit": "1",
    }
    pipes = {"pipe": _gate(postroom), "forwarder": _forwarder(postroom)}
    with run_postfix("own.example.com", settings=settings, pipes=pipes) as server:
        yield server


def inline(table: Mapping[str, str]) -> str:
    """A table of Postfix in one line of main.cf."""
    return "inline:{" + ", ".join(f"{{{name} = {value}}}" for name, value in table.items()) + "}"


def _forwarder(postroom: Postroom) -> str:
    port = str(postroom.installation.port("MX"))
    return f"{sys.executable} {forwarder.__file__} {port} ${{recipient}}"


def _gate(postroom: Postroom) -> str:
    """`postroom mailgate` as the user nobody may run it: with a home of its own, and the way to the database open."""
    home = Path(mkdtemp(prefix="gate-", dir=database.run_directory()))  # each process of the run has its own
    script = home / "mailgate"
    environ = {**postroom.installation.environ, "POSTROOM_HOME": str(home)}
    lines = [f"export {name}='{value}'" for name, value in environ.items() if name.startswith("POSTROOM_")]
    command = f'exec {" ".join(command_line("mailgate"))} "$@"'
    script.write_text("\n".join(["#!/bin/sh", f"cd {Path.cwd()}", *lines, command, ""]))
    script.chmod(0o755)
    shutil.chown(home, "nobody")
    # The socket of the tests' own PostgreSQL lies in these, which stay open: other processes may have a gate as well.
    for folder in (home.parent, home.parent / "postgresql"):
        if folder.exists():
            folder.chmod(0o711)
    return f"{script} -f ${{sender}} ${{recipient}}"
