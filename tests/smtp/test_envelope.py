"""Can nothing but an address and its parameters stand in MAIL and RCPT, and is the EHLO offer read rightly?"""

import pytest

from postroom.errors import AddressError
from postroom.rfc.reply import Reply
from postroom.smtp.endpoint import Endpoint
from postroom.smtp.envelope import DsnRequest, Envelope, mail_command, rcpt_command
from postroom.smtp.extensions import Extensions, read_extensions


@pytest.mark.parametrize(
    "address",
    ["a@b>\r\nRCPT TO:<x@y", "a@b> SIZE=1", "a b@c", "<a@b>", "a@b\n", "a\0@b", "", '"a\r\n"@b', "a@b c", "@b"],
)
def test_nothing_but_an_address_becomes_a_recipient(address: str) -> None:
    with pytest.raises(AddressError):
        Envelope("", (address,), 1)


def test_a_message_needs_a_recipient() -> None:
    with pytest.raises(AddressError):
        Envelope("", (), 1)


@pytest.mark.parametrize(
    "address",
    ["joe@x.example", '"joe > smith"@x.example', "postmaster", "jürgen@x.example", "a@[192.0.2.1]", "o'hara+tag@x"],
)
def test_every_address_is_written_as_it_is(address: str) -> None:
    assert rcpt_command(Envelope("", (address,), 1), 0, Extensions()) == f"RCPT TO:<{address}>\r\n".encode()


def test_the_null_return_path_is_written_empty() -> None:
    assert mail_command(Envelope("", ("a@b",), 1), Extensions()) == b"MAIL FROM:<>\r\n"


def test_an_original_recipient_too_long_for_its_parameter_is_left_out() -> None:
    dsn, offers = DsnRequest(("FAILURE",)), Extensions(dsn=True)
    fitting, too_long = f"{'+' * 161}@x", f"{'+' * 162}@x"
    command = rcpt_command(Envelope("", (fitting, too_long), 1, dsn=dsn), 0, offers)
    assert command.endswith(b" NOTIFY=FAILURE ORCPT=rfc822;" + b"+2B" * 161 + b"@x\r\n")
    command = rcpt_command(Envelope("", (fitting, too_long), 1, dsn=dsn), 1, offers)
    assert command == f"RCPT TO:<{too_long}> NOTIFY=FAILURE\r\n".encode()


@pytest.mark.parametrize("name", ["a b", "a\r\nMAIL FROM:<x>", "bücher.example"])
def test_an_ehlo_name_is_one_ascii_word(name: str) -> None:
    with pytest.raises(AddressError):
        Endpoint("x.example", 25, ehlo_name=name)


@pytest.mark.parametrize(
    ("lines", "extensions"),
    [
        (("hello",), Extensions()),
        (("hello", "size 1000", "Pipelining"), Extensions(size=True, size_limit=1000, pipelining=True)),
        (("hello", "SIZE"), Extensions(size=True)),
        (("hello", "LIMITS MAILMAX=9 RCPTMAX=x Y"), Extensions(max_messages=9)),
        (("hello", "SIZE much"), Extensions(size=True)),
        (("hello", "AUTH PLAIN login", "AUTH=LOGIN NTLM"), Extensions(auth=("PLAIN", "LOGIN", "NTLM"))),
        (("hello", "", "X-WHAT ever", "8BITMIME", "SMTPUTF8"), Extensions(eight_bit=True, smtputf8=True)),
        (("PIPELINING is my name", "DSN", "CHUNKING", "STARTTLS"), Extensions(dsn=True, chunking=True, starttls=True)),
    ],
)
def test_reads_what_a_server_offers(lines: tuple[str, ...], extensions: Extensions) -> None:
    assert read_extensions(Reply(250, lines)) == extensions


def test_what_is_to_be_avoided_is_not_offered() -> None:
    reply = Reply(250, ("hello", "PIPELINING", "CHUNKING"))
    assert read_extensions(reply, {"pipelining"}) == Extensions(chunking=True)
