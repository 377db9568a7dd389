"""Does what comes back find its place? Real servers at both ends, and mail that people and servers write."""

from email.message import EmailMessage

import pytest

from tests.peers.postfix import Postfix
from tests.stories.destinations import PostfixDestination
from tests.stories.office import Office, Postroom
from tests.stories.threads import Application, answer, eventually, hand_over

pytestmark = pytest.mark.story


@pytest.fixture
def mx(postroom: Postroom) -> int:
    return postroom.installation.port("MX")


def arrived(postfix: Postfix, address: str, *, count: int = 1) -> list[EmailMessage]:
    return [each.mail for each in PostfixDestination(postfix).arrived(address, count=count)]


# --- conversations -------------------------------------------------------------------------------------------------


def test_marys_reply_reaches_everybody_in_their_way_and_their_answers_reach_mary(
    app: Application, postfix: Postfix, mx: int, mary: str
) -> None:
    ann, ben = app.add_user("Ann"), app.add_user("Ben", way="inbox")
    joe, paul = app.add_user("Joe"), f"paul-{app.office.slug}@customer.example.com"
    lead = app.add_lead("Roof")
    for who in ({"user": ann}, {"user": ben}, {"contact": f"Mary <{mary}>"}, {"contact": f"Paul <{paul}>"}):
        app.follow(lead, **who)
    app.call(f"/records/{lead}/posts", {"author": {"user": joe}, "subject": "Your roof", "text": "On Monday?"})
    (to_mary,) = arrived(postfix, mary)
    assert to_mary["Reply-To"].addresses[0].addr_spec.startswith("reply+")

    reply = answer(to_mary, f'"Mary" <{mary}>', "Monday is fine.")
    hand_over(reply, mx)
    logged = app.wait_for_posts(lead, 2)[-1]
    assert (logged["kind"], logged["author"], logged["text"].strip()) == ("email", f"Mary <{mary}>", "Monday is fine.")
    assert {row["user"] or row["contact"]: row["way"] for row in logged["notifications"]} == {
        ann: "email", ben: "inbox", paul: "email",
    }  # fmt: skip

    _, to_ann = arrived(postfix, ann, count=2)
    _, to_paul = arrived(postfix, paul, count=2)
    for copy in (to_ann, to_paul):
        author = copy["From"].addresses[0]
        assert (author.display_name, author.addr_spec) == ("Mary", f"notifications@{app.domain}")
        assert copy["Reply-To"] == to_mary["Reply-To"]
        assert copy["Message-ID"] == reply["Message-ID"]
        assert copy["Subject"] == "Re: Your roof"
        assert copy["In-Reply-To"] == to_mary["Message-ID"]
        assert copy["References"].split()[0] == to_mary["References"].split()[0]  # one root: shown together
        assert copy["Auto-Submitted"] == "auto-generated"
        assert "On Monday?" not in str(copy.get_body(("plain",)))
    assert f"/records/{lead}" in str(to_ann.get_body(("plain",)))
    assert f"/records/{lead}" not in str(to_paul.get_body(("plain",)))

    hand_over(answer(to_ann, f"Ann <{ann}>", "See you then, Mary."), mx)
    assert app.wait_for_posts(lead, 3)[-1]["author"] == f'"Ann" <{ann}>'
    _, to_mary_again = arrived(postfix, mary, count=2)
    assert to_mary_again["From"].addresses[0].display_name == "Ann"
    assert to_mary_again["In-Reply-To"] == reply["Message-ID"]


# --- bounces -------------------------------------------------------------------------------------------------------


def test_a_refusal_of_postfix_turns_the_envelope_red(app: Application) -> None:
    lead = app.add_lead()
    app.call(f"/records/{lead}/posts", {"text": "Hello", "to": ["gone@customer.example.com"]})
    post = eventually(
        lambda: found if (found := app.posts(lead)[0])["envelope"] == "failed" else None, what="a red envelope"
    )
    (row,) = post["notifications"]
    assert row["reply"].startswith("550 5.1.1")
    assert row["reason"]


def test_a_report_that_comes_later_turns_the_envelope_red(office: Office, gateway: Postfix) -> None:
    """The gateway takes the mail, is refused at the next server, and sends a report to the bounce address."""
    app = Application.of(office, port=gateway.port)
    lead = app.add_lead()
    app.call(f"/records/{lead}/posts", {"text": "Hello", "to": ["gone@customer.example.com"]})
    post = eventually(
        lambda: found if (found := app.posts(lead)[0])["envelope"] == "failed" else None, what="a red envelope"
    )
    (row,) = post["notifications"]
    assert (row["status"], row["reply"][:9]) == ("bounced", "550 5.1.1")
