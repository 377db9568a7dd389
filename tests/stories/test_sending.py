"""Does one real mail arrive, from an ordinary program to a mailbox, through the right server with the right From?"""

import base64
import json
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

import psycopg
import pytest
from pytest_django.fixtures import Settings

from postroom.policy.return_path import read_token
from postroom.vault import derive_key
from tests.peers.clients import Account, curl, msmtp, swaks
from tests.peers.postfix import Postfix
from tests.stories.destinations import Destination, PostfixDestination
from tests.stories.office import Office, replies, statuses

pytestmark = pytest.mark.story


@dataclass(frozen=True, slots=True)
class Company:
    """An office that sends under a domain of its own, signed, through one server."""

    office: Office
    domain: str
    dkim_records: Mapping[str, str]

    @property
    def sales(self) -> str:
        return f"sales@{self.domain}"


def set_up_company(office: Office, *, port: int) -> Company:
    domain = f"{office.slug}.company-name.com"
    office.add_domain(domain)
    office.add_server("Company mail", "--from-filter", domain, port=port)
    printed = office.postroom.run("domain", "dkim-key", domain, "--workspace", office.slug)
    name, *strings = re.findall(r'^\S+(?=\. IN TXT)|(?<=")[^"]+(?=")', printed)
    return Company(office, domain, {name: "".join(text for text in strings if text.strip())})


@pytest.fixture
def company(office: Office, destination: Destination) -> Company:
    """Its server is the destination."""
    return set_up_company(office, port=destination.port)


@pytest.fixture
def postfix_company(office: Office, postfix: Postfix) -> Company:
    return set_up_company(office, port=postfix.port)


@pytest.fixture
def capture_company(office: Office) -> Company:
    return set_up_company(office, port=office.postroom.capture_port)


# --- four ordinary programs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to two people, and to a third of whom they shall not know."""

    from_: str
    to: str
    cc: str
    bcc: str
    subject: str

    @property
    def recipients(self) -> tuple[str, ...]:
        return self.to, self.cc, self.bcc

    def as_mime(self, newline: bytes = b"\r\n") -> bytes:
        lines = [f"From: Sales <{self.from_}>", f"To: {self.to}", f"Cc: {self.cc}", f"Bcc: {self.bcc}"]
        lines += [f"Subject: {self.subject}", "", "Dear customer,", "", ".this line begins with a dot", ""]
        return newline.join(line.encode() for line in lines)


def by_swaks(office: Office, letter: Letter) -> None:
    people = {"From": f"Sales <{letter.from_}>", "To": letter.to, "Cc": letter.cc, "Bcc": letter.bcc}
    fields = {**people, "Subject": letter.subject}
    options = [word for name, value in fields.items() for word in ("--header", f"{name}: {value}")]
    ran = swaks(office.tls_account, "--from", letter.from_, "--to", ",".join(letter.recipients), *options)
    assert ran.exit_code == 0, ran.output
    assert "250 2.0.0 Accepted as" in ran.output


def by_msmtp(office: Office, letter: Letter) -> None:
    ran = msmtp(office.tls_account, letter.as_mime(b"\n"), "--read-recipients", "--read-envelope-from")
    assert ran.exit_code == 0, ran.output


def by_smtplib(office: Office, letter: Letter) -> None:
    with logged_in(office.tls_account) as client:
        assert client.sendmail(letter.from_, letter.recipients, letter.as_mime()) == {}


def by_curl(office: Office, letter: Letter) -> None:
    message = {"from": f"Sales <{letter.from_}>", "to": letter.to, "cc": letter.cc, "bcc": [letter.bcc]}
    body = json.dumps({**message, "subject": letter.subject, "text": "Dear customer,\n"})
    headers = ("--header", f"Authorization: Bearer {office.key}", "--header", "Content-Type: application/json")
    url = f"{office.postroom.installation.url}/api/v1/messages"
    ran = curl(url, *headers, "--data", body, "--write-out", "\n%{http_code}")
    assert ran.output.endswith("\n202"), ran.output


def logged_in(account: Account) -> smtplib.SMTP:
    """smtplib as in its manual, under verified TLS."""
    client = smtplib.SMTP("localhost", account.port)
    client.starttls(context=ssl.create_default_context(cafile=account.authority))
    client.login(account.user or "", account.password or "")
    return client


def hand_in(office: Office, from_: str, recipients: list[str], raw: bytes, *options: str) -> str:
    """The id of a message that smtplib hands in."""
    with logged_in(office.tls_account) as client:
        client.ehlo()
        client.mail(from_, list(options))
        for recipient in recipients:
            code, text = client.rcpt(recipient)
            assert code == 250, text
        code, text = client.data(raw)
    assert code == 250, text
    return text.decode().rpartition(" ")[2]


@pytest.mark.requires("swaks", "Net::SSLeay", "msmtp", "curl", "opendkim")
@pytest.mark.parametrize("send", [by_swaks, by_msmtp, by_smtplib, by_curl])
def test_a_mail_program_sends_to_a_mailbox(
    send: Callable[[Office, Letter], None], company: Company, destination: Destination
) -> None:
    to, cc, bcc = (f"{who}-{uuid4().hex[:8]}@customer.example.com" for who in ("mary", "john", "boss"))
    send(company.office, Letter(company.sales, to, cc, bcc, subject="Quotation"))
    [listed] = company.office.messages()
    message = company.office.settled(listed["id"])
    assert statuses(message) == dict.fromkeys([to, cc, bcc], "sent")
    assert all(str(reply).startswith("250 2.") for reply in replies(message).values())
    for recipient in (to, cc, bcc):
        [arrived] = destination.arrived(recipient)
        author = arrived.mail["From"].addresses[0]
        assert (author.display_name, author.addr_spec) == ("Sales", company.sales)
        assert arrived.mail["Reply-To"] == f"catchall@{company.domain}"
        assert arrived.return_path == f"bounce@{company.domain}"
        assert (arrived.mail["To"], arrived.mail["Cc"], arrived.mail["Subject"]) == (to, cc, "Quotation")
        assert bcc.encode() not in arrived.raw
        assert arrived.dkim_verdicts(company.dkim_records) == ([("pass", company.domain, "postroom")], True)


# --- what is handed in is what arrives ----------------------------------------------------------------------------

# Legal, and nothing that a library would write the same way again: spelling, folding, order, preamble, empty and
# 8-bit lines, a boundary with blanks and quotes, base64 in short lines, white space at ends, no final line end.
ODD_BODY = (
    b"Preamble of one line\r\n\r\n--=_odd b'oundary: (1)?\r\nCONTENT-TYPE: text/plain; charset=ISO-8859-1\r\n"
    b"content-transfer-encoding: 8bit\r\n\r\nGr\xfc\xdfe \xa4\r\n.\r\n..\r\n.dot\r\n  trailing \t \r\n\r\n\r\n"
    b'--=_odd b\'oundary: (1)?   \r\nContent-Type: application/octet-stream; name="a b.bin"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\nAwQF \r\n/w==\r\n--=_odd b'oundary: (1)?--\r\nEpilogue"
)
ODD_HEAD = (
    b"SUBJECT:no blank\r\nx-own:\tfolded\r\n\there\r\n  and here\r\nTo: a-group: %s;\r\nMime-version: 1.0 (odd)\r\n"
    b"Bcc: secret@customer.example.com\r\nX-Own: =?utf-8?q?left_alone?=\r\nfrom: %s\r\n"
    b'Content-Type: multipart/mixed;\r\n boundary="=_odd b\'oundary: (1)?"\r\n\r\n'
)
ROUTING_FIELDS = {"dkim-signature", "from", "reply-to", "message-id", "date", "bcc"}


def test_every_byte_arrives_but_those_of_routing_fields(company: Company, destination: Destination, mary: str) -> None:
    raw = ODD_HEAD % (mary.encode(), b'"M. \\"Mary\\"" <mary@other.example.com>') + ODD_BODY
    id_ = hand_in(company.office, "mary@other.example.com", [mary], raw, "body=8bitmime")
    assert statuses(company.office.settled(id_)) == {mary: "sent"}
    [arrived] = destination.arrived(mary)
    handed_in = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n\t", b"\0\t").replace(b"\r\n ", b"\0 ").split(b"\r\n")
    kept = [f.replace(b"\0", b"\r\n") + b"\r\n" for f in handed_in if not f.lower().startswith((b"from:", b"bcc:"))]
    assert arrived.body == ODD_BODY + b"\r\n"  # a message ends with a line end (RFC 5321 §4.1.1.4)
    assert arrived.fields(without=ROUTING_FIELDS) == kept
    author = arrived.mail["From"].addresses[0]
    assert (author.display_name, author.addr_spec) == ('M. "Mary"', f"notifications@{company.domain}")
    assert b"secret" not in arrived.raw
    judgements, by_dkimpy = arrived.dkim_verdicts(company.dkim_records)
    assert ([judgement.result for judgement in judgements], by_dkimpy) == (["pass"], True)


@pytest.mark.parametrize("way", ["SMTP", "HTTP"])
def test_five_megabytes_arrive_whole(way: str, company: Company, destination: Destination, mary: str) -> None:
    content = bytes(range(256)) * 20_480
    encoded = base64.encodebytes(content)
    if way == "HTTP":
        file = {"filename": "film.bin", "content": base64.b64encode(content).decode()}
        id_ = company.office.post(from_=company.sales, to=mary, attachments=[file])["id"]
    else:
        head = f"From: {company.sales}\r\nContent-Type: application/octet-stream; name=film.bin\r\n"
        raw = f"{head}Content-Transfer-Encoding: base64\r\n\r\n".encode() + encoded.replace(b"\n", b"\r\n")
        id_ = hand_in(company.office, company.sales, [mary], raw, f"size={len(raw)}")
    assert statuses(company.office.settled(id_)) == {mary: "sent"}
    [arrived] = destination.arrived(mary)
    [part] = [part for part in arrived.mail.walk() if part.get_filename() == "film.bin"]
    assert part.get_payload(decode=True) == content
    assert arrived.dkim_verdicts(company.dkim_records)[1]


@pytest.mark.parametrize("way", ["SMTP", "HTTP"])
def test_an_address_beyond_ascii_is_written_to(way: str, company: Company, destination: Destination, mary: str) -> None:
    juergen = "jürgen-" + mary
    if way == "HTTP":
        id_ = company.office.post(from_=company.sales, to=juergen)["id"]
    else:
        raw = f"From: {company.sales}\r\nTo: {juergen}\r\n\r\nGrüße\r\n".encode()
        id_ = hand_in(company.office, company.sales, [juergen], raw, "smtputf8", "body=8bitmime")
    assert statuses(company.office.settled(id_)) == {juergen: "sent"}
    [arrived] = destination.arrived(juergen)
    assert juergen.encode() in arrived.raw
    assert arrived.dkim_verdicts(company.dkim_records)[1]


# --- each recipient has an outcome of its own ---------------------------------------------------------------------


def test_of_several_recipients_each_has_its_own_outcome(postfix_company: Company, postfix: Postfix, mary: str) -> None:
    office, gone, later = postfix_company.office, "gone@customer.example.com", "later@customer.example.com"
    sent = office.post(from_=postfix_company.sales, to=[gone, mary, later])
    message = office.wait(
        sent["id"], lambda message: set(statuses(message).values()) == {"sent", "bounced", "deferred"}
    )
    assert statuses(message) == {gone: "bounced", mary: "sent", later: "deferred"}
    assert message["status"] == "bounced"
    said = replies(message)
    assert re.fullmatch(r"250 2\.0\.0 Ok: .*queued as \w+", str(said[mary]))
    assert re.fullmatch(r"550 5\.1\.1 <gone@.*User unknown", str(said[gone]))
    assert re.fullmatch(r"450 4\.2\.0 <later@.*Mailbox busy, try again later", str(said[later]))
    waiting = {d["recipient"]: d["next_attempt_at"] for d in message["deliveries"] if d["next_attempt_at"]}
    assert set(waiting) == {later}
    assert len(PostfixDestination(postfix).arrived(mary)) == 1
    assert postfix.messages(gone, count=0) == []


def test_the_capture_server_gives_the_outcome_that_the_address_asks_for(capture_company: Company) -> None:
    office = capture_company.office
    office.postroom.run("workspace", "set", office.slug, "--hold-unknown")
    expected = {
        "bounce-550@customer.example.com": ("bounced", "550 5.1.1 The address asked for this answer"),
        "defer-451@customer.example.com": ("deferred", "451 4.7.1 The address asked for this answer"),
        "data-552@customer.example.com": ("bounced", "552 5.2.2 The address asked for this answer"),
        "slow-2s@customer.example.com": ("sent", "250 2.0.0"),
        "anybody@customer.example.com": ("sent", "250 2.0.0"),
        "drop@customer.example.com": ("held", "None"),  # unknown: it may have arrived, so a person decides
    }
    started_at = time.monotonic()
    sent = {address: office.post(from_=capture_company.sales, to=address)["id"] for address in expected}
    for address, (status, reply) in expected.items():
        message = office.wait(sent[address], lambda message, status=status: message["status"] == status)
        assert message["deliveries"][0]["attempts"] == 1
        assert str(replies(message)[address]).startswith(reply)
        assert not address.startswith("slow") or time.monotonic() - started_at > 2
    assert "may have arrived" in message["deliveries"][0]["reason"]


# --- the way back -------------------------------------------------------------------------------------------------


def test_a_signed_return_path_finds_its_delivery(
    company: Company, destination: Destination, mary: str, settings: Settings
) -> None:
    office, john = company.office, mary.replace("mary", "john")
    office.postroom.run("workspace", "set", office.slug, "--sign-return-path")
    office.settled(office.post(from_=company.sales, to=[mary, john])["id"])
    settings.SECRET_KEY = (office.postroom.installation.home / "secret.key").read_text()
    with psycopg.connect(office.postroom.installation.environ["POSTROOM_DATABASE_URL"]) as database:
        for recipient in (mary, john):
            [arrived] = destination.arrived(recipient)
            found = re.fullmatch(rf"bounce\+([0-9a-f]+)@{re.escape(company.domain)}", arrived.return_path)
            assert found, arrived.return_path
            delivery = read_token(found[1], keys=[derive_key("return path")])
            [row] = database.execute("SELECT recipient FROM outbound_delivery WHERE id = %s", [delivery]).fetchall()
            assert row == (recipient,)
    office.postroom.run("workspace", "set", office.slug, "--no-sign-return-path")
    assert office.post(from_=company.sales, to=mary)["return_path"] == f"bounce@{company.domain}"
