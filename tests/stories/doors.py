"""By which doors do the stories bring mail into a running Postroom? Each takes a mail, its recipient and its sender."""

import smtplib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tests.installation import command_line
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.stories.office import Postroom
from tests.stories.threads import Application

HandIn = Callable[[bytes, str, str], None]
MAILBOXES = ("imap", "pop3")
DOORS = ("MX", "LMTP", "HTTP", "pipe", *MAILBOXES)


def door(way: str, app: Application) -> HandIn:
    """One of DOORS by which mail is pushed; the mail's recipient and return path are those of the envelope."""
    postroom = app.office.postroom
    doors: dict[str, HandIn] = {
        "HTTP": lambda raw, to, _: _post(app, raw, to),
        "pipe": lambda raw, to, return_path: _pipe(postroom, raw, to, return_path),
        "LMTP": lambda raw, to, return_path: _deliver(smtplib.LMTP, postroom, raw, to, return_path),
        "MX": lambda raw, to, return_path: _deliver(smtplib.SMTP, postroom, raw, to, return_path),
    }
    return doors[way]


@contextmanager
def mailbox_of(app: Application, peer: Dovecot, protocol: str, folder: Path) -> Iterator[HandIn]:
    """A mailbox of the application's own elsewhere, which is fetched; `folder` takes the file with its password."""
    slug, run = app.office.slug, app.office.postroom.run
    (folder / "password").write_text(PASSWORD)
    place = ("--protocol", protocol, "--host", "127.0.0.1", "--port", str(getattr(peer, protocol)))
    login = ("--username", slug, "--password-file", str(folder / "password"), "--encryption", "none")
    here = ("--workspace", slug)
    run("incoming", "add", "Box", *here, *place, *login, "--poll-seconds", "60")

    def hand_in(raw: bytes, _recipient: str, _return_path: str) -> None:
        peer.append(raw, user=slug)
        run("incoming", "fetch", "Box", *here)

    yield hand_in
    run("incoming", "remove", "Box", *here)


def mailgate(postroom: Postroom, *arguments: str, mail: bytes = b"Subject: x\r\n\r\n", **environ: str) -> int:
    """Its exit status."""
    done = subprocess.run(
        command_line("mailgate", *arguments),
        input=mail,
        env={**postroom.installation.environ, **environ},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode


def _post(app: Application, raw: bytes, recipient: str) -> None:
    path = f"/inbound?{urlencode({'recipient': recipient})}"
    taken = app.office.call("POST", path, raw, Content_Type="message/rfc822")
    assert taken.status == 202, taken


def _pipe(postroom: Postroom, raw: bytes, recipient: str, return_path: str) -> None:
    assert mailgate(postroom, "-f", return_path, recipient, mail=raw) == 0


def _deliver(protocol: type[smtplib.SMTP], postroom: Postroom, raw: bytes, recipient: str, return_path: str) -> None:
    port = postroom.installation.port("LMTP" if protocol is smtplib.LMTP else "MX")
    with protocol("127.0.0.1", port) as client:
        client.sendmail(return_path, [recipient], raw)
