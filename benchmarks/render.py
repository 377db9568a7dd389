"""How long does it take to render a 2 kB message of html and text, beside the standard library?

Run: python benchmarks/render.py
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from time import perf_counter
from typing import Any

from postroom.rfc.address import Mailbox
from postroom.rfc.headers import encode_date, encode_identifiers, encode_mailboxes, encode_text
from postroom.rfc.message import Content, render

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
    return render(fields, content, boundary=f"order-{number}")


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
    """Least µs a message, for other work on the machine only adds; `ratio` is the peer's time over ours."""
    ours = _measure(render_ours, rounds=15, messages=200)
    peers = {
        "EmailMessage": _measure(render_email_message, rounds=5, messages=40),
        "MIMEText": _measure(render_mime_text, rounds=5, messages=100),
    }
    return [
        {
            "name": f"render 2 kB html+text, beside {name}",
            "ours": ours,
            "peer": peer,
            "ratio": peer / ours,
            "unit": "µs",
        }
        for name, peer in peers.items()
    ]


def _measure(render_one: Callable[[int], bytes], *, rounds: int, messages: int) -> float:
    """The best of the rounds, each over different messages, so that nothing is measured from a cache."""
    times = []
    for first in range(0, rounds * messages, messages):
        started = perf_counter()
        for number in range(first, first + messages):
            render_one(number)
        times.append((perf_counter() - started) / messages * 1e6)
    return min(times)


if __name__ == "__main__":
    for row in run():
        print("{name}: {ours:.0f} {unit} against {peer:.0f} {unit}, {ratio:.0f} times faster".format(**row))
