"""Do programs that answer each other through Postroom fall silent, and does a person hear of it?"""

import smtplib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests import database
from tests.installation import Installation, wait_until
from tests.peers.dovecot import run_vacation
from tests.peers.dovecot import why_unavailable as why_no_vacation
from tests.peers.postfix import run_postfix
from tests.peers.programs import free_port
from tests.stories.office import Office, Postroom
from tests.stories.shell import open_shell
from tests.stories.threads import Application, eventually, write

pytestmark = pytest.mark.story

# What mail.gateway.loop.threshold allows within its minutes.
BUDGET = 20


class Responder:
    """A mailbox whose program answers every mail and says nowhere that it is one: the rudest there is."""

    def __init__(self, mx_port: int) -> None:
        self._mx_port = mx_port
        self.answered: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        for recipient in envelope.rcpt_tos:
            self.answered.append(recipient)
            reply = write(
                recipient, str(mail["Reply-To"]), f"Re: {mail['Subject']}", f"Thank you. {recipient} is busy."
            )
            reply["In-Reply-To"] = str(mail["Message-ID"])
            with smtplib.SMTP("127.0.0.1", self._mx_port) as client:
                client.send_message(reply)
        return "250 OK"


@contextmanager
def responding(mx_port: int) -> Iterator[tuple[Responder, int]]:
    responder = Responder(mx_port)
    controller = Controller(responder, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield responder, controller.port
    finally:
        controller.stop()


def test_two_automatic_responders_in_one_thread_are_stopped(office: Office, postroom: Postroom) -> None:
    with responding(postroom.installation.port("MX")) as (responder, port):
        app = Application.of(office, port=port)
        lead = app.add_lead()
        for name in ("one", "two"):
            app.follow(lead, contact=f"{name}@{office.slug}.robots.example")
        app.call(f"/records/{lead}/posts", {"text": "Hello"})
        eventually(lambda: app.ask(f"/records/{lead}")["paused"], what="the thread to pause")
        count = silent(responder)
    assert 2 < count <= BUDGET
    assert "two programs seem to answer each other" in app.ask(f"/records/{lead}")["pause_reason"]
    assert any(alert["kind"] == "mail_loop" for alert in app.ask("/alerts")["alerts"])


@pytest.mark.skipif(why_no_vacation() is not None, reason=str(why_no_vacation()))
def test_an_answer_that_says_what_it_is_is_noted_and_never_answered(office: Office, postroom: Postroom) -> None:
    """Mary is away, and Dovecot's Sieve says so each time it may; she follows the lead and is written to in person."""
    with (
        run_vacation(answers_to=postroom.installation.port("MX")) as vacation,
        run_postfix("own.example.com", settings=all_to(vacation.port)) as postfix,
    ):
        app = Application.of(office, port=postfix.port)
        lead, mary = app.add_lead(), "mary@away.example.com"
        app.add_alias(forced_record=lead)
        app.follow(lead, contact=f"Mary <{mary}>")
        joe = app.add_user("Joe")
        app.call(f"/records/{lead}/posts", {"author": {"user": joe}, "text": "On Monday?", "to": [mary]})
        office.post(from_=f"info@{app.domain}", to=mary, reply_to=f"info@{app.domain}", subject="Your roof")
        eventually(lambda: vacation.answers and vacation.stored > 1, what="both mails and an answer of Sieve")
        answers, mails = settle(lambda: [vacation.answers, vacation.stored])
    assert mails == 2  # what people wrote, and nothing in answer to the answer
    assert 1 <= answers <= 2
    assert not app.ask(f"/records/{lead}")["paused"]


def all_to(lmtp_port: int) -> dict[str, str]:
    """Settings of a Postfix that hands over all mail for away.example.com by LMTP."""
    return {
        "relay_domains": "away.example.com",
        "transport_maps": f"inline:{{ away.example.com=lmtp:inet:127.0.0.1:{lmtp_port} }}",
    }


def silent(responder: Responder) -> int:
    """How many mails it answered, once no more come."""
    return settle(lambda: [len(responder.answered)])[0]


def settle(count: Callable[[], list[int]]) -> list[int]:
    """The counts once they stay the same for longer than mail takes."""
    seen: list[list[int]] = []

    def stays() -> bool:
        time.sleep(3)
        seen.append(count())
        return seen[-2:-1] == seen[-1:]

    wait_until(stays)
    return seen[-1]


def test_two_postrooms_that_follow_each_other_fall_silent(
    postroom: Postroom, office: Office, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mine = postroom.installation.port("MX")
    with database.new_database(migrated=True) as url:
        other = Installation.in_folder(
            tmp_path_factory.mktemp("other"),
            POSTROOM_DATABASE_URL=url,
            POSTROOM_DEFAULT_SERVER=f"smtp://127.0.0.1:{mine}",
        )
        with other.serving() as served, open_shell(other.environ) as shell:
            served.wait_healthy()
            theirs = Postroom(other, shell).new_workspace("other")
            here = Application.of(office, port=other.port("MX"))
            there = Application.of(theirs, port=mine, domain="other.mx.example")
            my_lead, their_lead = here.add_lead(), there.add_lead()
            for app, lead, facing in ((here, my_lead, there), (there, their_lead, here)):
                app.add_alias(forced_record=lead)
                app.follow(lead, contact=f"info@{facing.domain}")
            joe = here.add_user("Joe")
            to = [f"info@{there.domain}"]  # a person's own words, which nothing marks as automatic
            here.call(f"/records/{my_lead}/posts", {"author": {"user": joe}, "text": "Hello", "to": to})
            there.wait_for_posts(their_lead, 1)
            there.call(f"/records/{their_lead}/posts", {"text": "Hello yourself"})
            here.wait_for_posts(my_lead, 2)
            counts = settle(lambda: [len(here.posts(my_lead)), len(there.posts(their_lead))])
            served.stop()
    assert max(counts) <= BUDGET
