"""How long does it take to write a 2 kB message of html and text, beside the standard library and dkimpy?

Subject and both texts hold letters outside ASCII, and the lines are long, so that all must be encoded.
Run: python benchmarks/render.py
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from hashlib import sha256
from time import perf_counter
from typing import Any

from dkim.canonicalization import Relaxed

from postroom.policy.composition import Draft, draft_fields
from postroom.rfc.address import Mailbox
from postroom.rfc.dkim import hash_body
from postroom.rfc.headers import encode_date, encode_identifiers, encode_mailboxes, encode_text
from postroom.rfc.message import Content, render, render_content

TURNS, OUR_MESSAGES, PEER_MESSAGES = 40, 100, 10
NOW = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)
LINE = "Dear customer, your order 4711 has left our warehouse in Zürich today; it will arrive on Friday."
TEXT = "\n".join([LINE] * 7)
HTML = "<html><body>\n" + "\n".join(f'  <p class="line">{LINE}</p>' for _ in range(10)) + "\n</body></html>\n"


def render_ours(number: int) -> bytes:
    fields = [
        encode_mailboxes("From", [Mailbox("My Company", "notifications", "company-name.example")]),
        encode_mailboxes("To", [Mailbox(f"Customer {number}", f"customer{number}", "example.com")]),
        encode_text("Subject", f"Your order {number} has left Zürich"),
        encode_date("Date", NOW),
        encode_identifiers("Message-ID", [f"<{number}.order@company-name.example>"]),
    ]
    content = Content(text=f"{TEXT}\n{number}\n", html=f"{HTML}<!-- {number} -->\n")
    return render(fields, content, boundary=f"{number:024x}")


def compose_ours(number: int) -> tuple[bytes, bytes]:
    """What an HTTP submission stores: head and body, and the hash that each signature needs."""
    draft = Draft(
        from_=Mailbox("My Company", "notifications", "company-name.example"),
        to=(Mailbox(f"Customer {number}", f"customer{number}", "example.com"),),
        subject=f"Your order {number} has left Zürich",
        text=f"{TEXT}\n{number}\n",
        html=f"{HTML}<!-- {number} -->\n",
    )
    rendered = render_content(draft.content, boundary=f"{number:024x}")
    fields = draft_fields(draft, message_id=f"<{number}.order@company-name.example>", date=NOW)
    return b"".join([*fields, rendered.head, b"\r\n", rendered.body]), hash_body(rendered.body)


def render_email_message(number: int) -> bytes:
    message = EmailMessage()
    message["From"] = Address("My Company", "notifications", "company-name.example")
    message["To"] = Address(f"Customer {number}", f"customer{number}", "example.com")
    message["Subject"] = f"Your order {number} has left Zürich"
    message["Date"] = format_datetime(NOW)
    message["Message-ID"] = f"<{number}.order@company-name.example>"
    message.set_content(f"{TEXT}\n{number}\n")
    message.add_alternative(f"{HTML}<!-- {number} -->\n", subtype="html")
    return message.as_bytes()


def compose_email_message(number: int) -> tuple[bytes, bytes]:
    message = render_email_message(number)
    body = message.partition(b"\n\n")[2].replace(b"\n", b"\r\n")
    return message, sha256(Relaxed.canonicalize_body(body)).digest()


def render_mime_text(number: int) -> bytes:
    message = MIMEMultipart("alternative")
    message["From"] = formataddr(("My Company", "notifications@company-name.example"))
    message["To"] = formataddr((f"Customer {number}", f"customer{number}@example.com"))
    message["Subject"] = f"Your order {number} has left Zürich"
    message["Date"] = format_datetime(NOW)
    message["Message-ID"] = f"<{number}.order@company-name.example>"
    message.attach(MIMEText(f"{TEXT}\n{number}\n", "plain"))
    message.attach(MIMEText(f"{HTML}<!-- {number} -->\n", "html"))
    return message.as_bytes()


def run() -> list[dict[str, Any]]:
    """Least µs a message; `ratio` is the peer's time over ours."""
    return [
        _compare("EmailMessage", render_ours, render_email_message),
        _compare("MIMEText", render_ours, render_mime_text),
        _compare("EmailMessage and dkimpy, with the body's hash", compose_ours, compose_email_message),
    ]


def _compare(peer_name: str, ours: Callable[[int], object], peer: Callable[[int], object]) -> dict[str, Any]:
    """In short turns and over different messages: both meet the same noise, and nothing is measured from a cache."""
    our_times, peer_times = [], []
    for turn in range(TURNS):
        our_times.append(_time(ours, range(turn * OUR_MESSAGES, (turn + 1) * OUR_MESSAGES)))
        peer_times.append(_time(peer, range(turn * PEER_MESSAGES, (turn + 1) * PEER_MESSAGES)))
    name = f"render 2 kB of html+text and its subject, not in ASCII, beside {peer_name}"
    ours_least, peer_least = min(our_times), min(peer_times)
    return {"name": name, "ours": ours_least, "peer": peer_least, "ratio": peer_least / ours_least, "unit": "µs"}


def _time(write_one: Callable[[int], object], numbers: range) -> float:
    started = perf_counter()
    for number in numbers:
        write_one(number)
    return (perf_counter() - started) / len(numbers) * 1e6


if __name__ == "__main__":
    for row in run():
        print("{name}: {ours:.0f} {unit} against {peer:.0f} {unit}, {ratio:.0f} times faster".format(**row))
