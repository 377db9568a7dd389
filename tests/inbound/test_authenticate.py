"""Is it found out, kept and shown who sent a mail, whatever DNS does?"""

import pytest

from postroom.inbound.authenticate import again, authenticate_received
from postroom.inbound.models import IncomingContent, Source
from postroom.inbound.receive import Arrival, receive
from postroom.policy.dns.answers import Answer, Question, Status
from postroom.workspaces.keys import create_key
from tests.api.conftest import Caller, outsider
from tests.cli.conftest import run
from tests.inbound.mail import letter
from tests.outbound.office import Office

__all__ = ["outsider"]
pytestmark = pytest.mark.django_db
ZONE = {
    "customer.example.com": "v=spf1 ip4:192.0.2.1 -all",
    "_dmarc.customer.example.com": "v=DMARC1; p=reject",
}


def ask(question: Question) -> Answer:
    text = ZONE.get(question.name)
    return Answer(Status.FOUND, (text,)) if text else Answer(Status.NXDOMAIN)


def arrive(office: Office, source: Source = Source.MX, raw: bytes = b"") -> int:
    return receive(
        Arrival(
            raw=raw or letter(),
            source=source,
            recipients=("bounce@company-name.com",),
            return_path="mary@customer.example.com",
            peer="192.0.2.1",
            helo="mx.customer.example.com",
            workspace=office.workspace.pk,
        )
    )[0]


def test_is_known_of_mail_that_came_from_the_senders_server(office: Office) -> None:
    arrive(office)
    assert (authenticate_received(ask), authenticate_received(ask)) == (1, 0)
    told = IncomingContent.objects.get().authentication
    assert (told["spf"]["result"], told["dmarc"]["result"], told["dkim"][0]["result"]) == ("pass", "pass", "none")
    assert "It comes from customer.example.com" in told["sentence"]


def test_knows_nothing_by_spf_of_what_our_own_server_hands_on(office: Office) -> None:
    arrive(office, Source.LMTP)
    authenticate_received(ask)
    assert IncomingContent.objects.get().authentication["spf"] is None


def test_dns_that_is_away_is_said_and_can_be_asked_again(office: Office) -> None:
    arrive(office)
    authenticate_received(lambda _: Answer(Status.TIMEOUT))
    content = IncomingContent.objects.get()
    assert content.authentication["spf"]["result"] == "temperror"
    again(content)
    authenticate_received(ask)
    content.refresh_from_db()
    assert content.authentication["spf"]["result"] == "pass"


def test_keeps_what_no_database_takes_out_of_it(office: Office) -> None:
    arrive(office, raw=b"DKIM-Signature: v=1; d=\x00\x01; s=\x00; a=x\r\nFrom: a@b.example\r\n\r\n")
    assert authenticate_received(ask) == 1
    assert IncomingContent.objects.get().authentication["dkim"][0]["result"] == "neutral"


def test_is_shown_to_the_workspace_alone(office: Office, outsider: Caller) -> None:
    number = arrive(office)
    caller = Caller(create_key(office.workspace, name="shop"))
    assert caller.get(f"/inbound/{number}/authentication").status_code == 404
    authenticate_received(ask)
    assert caller.get(f"/inbound/{number}/authentication").json()["dmarc"]["result"] == "pass"
    assert outsider.get(f"/inbound/{number}/authentication").status_code == 404
    assert "SPF    pass" in run("inbound", "authentication", str(number)).output
