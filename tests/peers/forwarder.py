"""How do programs forward mail that make a new mail of it? Postfix runs this one for each mail: `PORT RECIPIENT`.

The recipient's domain, WORKSPACE.STYLE.example, says how, and for whose catchall address.
"""

import smtplib
import sys
from collections.abc import Callable
from email import message_from_binary_file, policy
from email.message import EmailMessage
from email.utils import make_msgid


def resend(mail: EmailMessage, mailbox: str, to: str) -> EmailMessage:
    """RFC 5322 §3.6.6, of a blind copy; the mailbox's server has written for whom the mail came."""
    mail["Delivered-To"] = mailbox
    mail["Resent-From"], mail["Resent-To"], mail["Resent-Message-ID"] = mailbox, to, make_msgid()
    mail.replace_header("To", "undisclosed-recipients:;")
    return mail


def munge(mail: EmailMessage, mailbox: str, _to: str) -> EmailMessage:
    """As mailing lists and groups do, so that DMARC holds: it comes from the mailbox, and answers go to its author."""
    author = mail["From"].addresses[0]
    mail["Reply-To"] = str(mail["From"])
    mail.replace_header("From", f'"{author.display_name} via Info" <{mailbox}>')
    mail.replace_header("Message-ID", make_msgid())
    return mail


def quote(mail: EmailMessage, mailbox: str, to: str) -> EmailMessage:
    """As mail programs forward: whatever was said of the mail is in its words alone."""
    body = mail.get_body(("plain",))
    said = "\n".join(f"{name}: {mail[name]}" for name in ("From", "Date", "Subject", "To"))
    words = f"---------- Forwarded message ---------\n{said}\n\n{body.get_content() if body else ''}"
    return _write(mail, mailbox, to, words)


def attach(mail: EmailMessage, mailbox: str, to: str) -> EmailMessage:
    """As servers forward by a rule: the whole mail as a file."""
    forwarded = _write(mail, mailbox, to, "The mail is attached.")
    forwarded.add_attachment(mail)
    return forwarded


STYLES: dict[str, Callable[[EmailMessage, str, str], EmailMessage]] = {
    "resent": resend,
    "munged": munge,
    "quoted": quote,
    "attached": attach,
}


def _write(mail: EmailMessage, mailbox: str, to: str, text: str) -> EmailMessage:
    forwarded = EmailMessage()
    forwarded["From"], forwarded["To"], forwarded["Subject"] = mailbox, to, f"Fwd: {mail['Subject']}"
    forwarded["Message-ID"] = make_msgid()
    forwarded.set_content(text)
    return forwarded


def main(port: str, recipient: str) -> None:
    workspace, style, _ = recipient.rpartition("@")[2].split(".")
    to = f"catchall@{workspace}.example"
    mail = message_from_binary_file(sys.stdin.buffer, policy=policy.SMTP)
    assert isinstance(mail, EmailMessage)
    with smtplib.SMTP("127.0.0.1", int(port)) as client:
        client.sendmail(recipient, [to], STYLES[style](mail, recipient, to).as_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
