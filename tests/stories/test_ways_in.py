"""Does mail find its place by every way in: each door, and the mail servers of others with their redirections?"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.inbound.mail import BOUNCE, report
from tests.peers import dovecot
from tests.peers.dovecot import Dovecot, run_dovecot
from tests.peers.postfix import Postfix
from tests.stories.destinations import Arrived, PostfixDestination
from tests.stories.doors import DOORS, MAILBOXES, HandIn, door, mailbox_of, mailgate
from tests.stories.gateway import FORWARDED
from tests.stories.office import Office, Postroom
from tests.stories.threads import Application, answer, eventually, hand_over, write

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def mailboxes() -> Iterator[Dovecot]:
    if why := dovecot.why_unavailable():
        pytest.skip(why)
    with run_dovecot() as mailboxes:
        yield mailboxes


@pytest.fixture(params=DOORS)
def hand_in(request: pytest.FixtureRequest, app: Application, tmp_path: Path) -> Iterator[HandIn]:
    """Each door in turn."""
    if request.param not in MAILBOXES:
        yield door(request.param, app)
        return
    with mailbox_of(app, request.getfixturevalue("mailboxes"), request.param, tmp_path) as hand_in:
        yield hand_in


def late_report(sent: Arrived, recipient: str) -> bytes:
    """What a server sends to the return path of a mail that it took, and could not deliver."""
    told = report(recipient=recipient, returned=f"Message-ID: {sent.mail['Message-ID']}\r\n")
    return told.replace(BOUNCE.encode(), sent.return_path.encode())


# --- by each door --------------------------------------------------------------------------------------------------


def test_mail_makes_a_lead_an_answer_continues_it_and_a_report_turns_it_red(
    app: Application, hand_in: HandIn, postfix: Postfix, mary: str
) -> None:
    app.add_alias(defaults={"team": "Sales"})
    info = f"info@{app.domain}"
    hand_in(write(f"Mary <{mary}>", info, mary).as_bytes(), info, mary)
    lead = app.lead_named(mary)
    assert app.ask(f"/records/{lead}")["values"] == {"team": "Sales"}
    assert [alias["status"] for alias in app.ask("/aliases")["aliases"]] == ["valid"]
    app.call(f"/records/{lead}/posts", {"author": {"user": app.add_user("Joe")}, "text": "We come on Monday."})
    (sent,) = PostfixDestination(postfix).arrived(mary)
    assert sent.mail["Subject"] == f"Re: {mary}"
    reply = answer(sent.mail, f"Mary <{mary}>", "Thank you.")
    hand_in(reply.as_bytes(), reply["To"].addresses[0].addr_spec, mary)
    assert [post["text"].strip() for post in app.wait_for_posts(lead, 3)] == [
        "How are you?", "We come on Monday.", "Thank you.",
    ]  # fmt: skip
    assert len(app.ask("/records")["records"]) == 1
    hand_in(late_report(sent, mary), sent.return_path, "")
    eventually(lambda: app.posts(lead)[1]["envelope"] == "failed", what="a red envelope")


def test_direct_mail_to_catchall_is_answered_once_and_kept(
    app: Application, hand_in: HandIn, postfix: Postfix, mary: str
) -> None:
    catchall = f"catchall@{app.domain}"
    for subject in ("First", "Second"):
        hand_in(write(f"Mary <{mary}>", catchall, subject).as_bytes(), catchall, mary)
    waiting = eventually(lambda: found if len(found := app.desk()) == 2 else None, what="two mails on the desk")
    assert {row["subject"] for row in waiting} == {"First", "Second"}
    (told,) = PostfixDestination(postfix).arrived(mary)
    assert (told.return_path, told.mail["Auto-Submitted"]) == ("", "auto-replied")
    assert told.mail["From"].addresses[0].addr_spec == f"notifications@{app.domain}"


def test_renaming_bounce_catchall_alias_and_domain_loses_nothing(
    app: Application, hand_in: HandIn, postfix: Postfix, mary: str
) -> None:
    app.add_alias()
    lead = app.add_lead()
    app.follow(lead, contact=f"Mary <{mary}>")
    app.call(f"/records/{lead}/posts", {"text": "Hello"})
    (sent,) = PostfixDestination(postfix).arrived(mary)
    (impact,) = app.call(f"/domains/{app.domain}/impact", {"bounce": "returns"})["impact"]
    assert impact["threads"] == 1
    app.office.add_domain(app.domain, "--bounce", "returns", "--catchall", "answers", "--default-from", "hello")
    app.call("/aliases/remove", {"address": f"info@{app.domain}"})
    app.office.postroom.run("domain", "remove", app.domain, "--workspace", app.office.slug)

    reply_address = sent.mail["Reply-To"].addresses[0].addr_spec
    for to in (reply_address, f"catchall@{app.domain}", f"notifications@{app.domain}"):
        reply = answer(sent.mail, f"Mary <{mary}>", f"By {to.partition('+')[0]}", to=to)
        hand_in(reply.as_bytes(), to, mary)
    assert {post["text"].strip() for post in app.wait_for_posts(lead, 4)[1:]} == {
        "By reply", f"By catchall@{app.domain}", f"By notifications@{app.domain}",
    }  # fmt: skip
    info, subject = f"info@{app.domain}", f"By the alias {mary}"
    hand_in(write(f"Mary <{mary}>", info, subject).as_bytes(), info, mary)
    app.lead_named(subject)
    hand_in(late_report(sent, mary), sent.return_path, "")
    eventually(lambda: app.posts(lead)[0]["envelope"] == "failed", what="a red envelope")
    hits = {row["address"]: row["hits"] for row in app.ask("/aliases/retired")["retired"]}
    assert {address.partition("@")[0] for address, count in hits.items() if count} == {
        "bounce", "reply", "catchall", "notifications", "info",
    }  # fmt: skip


def test_mailgate_tells_the_mail_server_by_its_exit_status_what_to_do(app: Application, postroom: Postroom) -> None:
    own, nobody = f"catchall@{app.domain}", f"nobody@{app.domain}"
    assert mailgate(postroom, own) == 0
    assert mailgate(postroom, nobody) == 67
    assert mailgate(postroom, own, nobody) == 0
    assert mailgate(postroom, "--no-such-option") == 75
    assert mailgate(postroom, own, POSTROOM_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none") == 75
    assert mailgate(postroom, ORIGINAL_RECIPIENT=nobody) == 67
    assert mailgate(postroom, ORIGINAL_RECIPIENT=own, SENDER="") == 0


# --- from the mail servers of others -------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["mx", "lmtp", "pipe"])
def test_a_postfix_hands_over_mail_by_relay_lmtp_and_pipe(
    office: Office, postfix: Postfix, gateway: Postfix, way: str, mary: str
) -> None:
    app = Application.of(office, port=postfix.port, domain=f"{office.slug}.{way}.example")
    app.add_alias()
    hand_over(write(f"Mary <{mary}>", f"info@{app.domain}", mary), gateway.port)
    lead = app.lead_named(mary)
    assert app.posts(lead)[0]["author"] == f"Mary <{mary}>"


def test_a_postfix_redirects_to_the_alias_and_forwards_to_the_catchall(
    postroom: Postroom, postfix: Postfix, gateway: Postfix, mary: str
) -> None:
    """With an envelope of its own: what it forwards has its address for a return path (SRS)."""
    app = Application.of(postroom.new_workspace("redirect"), port=postfix.port, domain="redirect.mx.example")
    app.add_alias(matches_local_part=True)
    postroom.run(
        "workspace", "parameter", "mail.catchall.domain.allowed", "forwarded.example.com", "--workspace", "redirect"
    )
    for address in ("info@redirected.example.com", FORWARDED):
        hand_over(write(f"Mary <{mary}>", address, f"{address} {mary}"), gateway.port)
        app.lead_named(f"{address} {mary}")
    with psycopg.connect(postroom.installation.environ["POSTROOM_DATABASE_URL"]) as connection:
        query = "SELECT return_path FROM inbound_incomingcontent WHERE header_from LIKE %s"
        return_paths = connection.execute(query, (f"%{mary}%",)).fetchall()
    assert [path.partition("=")[0] for (path,) in return_paths] == ["SRS0", "SRS0"]


@pytest.mark.parametrize("style", ["resent", "munged"])
def test_what_was_forwarded_as_another_mail_finds_its_alias_and_its_thread(
    office: Office, postfix: Postfix, gateway: Postfix, style: str, mary: str
) -> None:
    app = Application.of(office, port=postfix.port, domain=f"{office.slug}.{style}.example")
    app.add_alias()
    hand_over(write(f"Mary <{mary}>", f"info@{app.domain}", mary), gateway.port)
    lead = app.lead_named(mary)
    app.call(f"/records/{lead}/posts", {"author": {"user": app.add_user("Joe")}, "text": "We come on Monday."})
    (sent,) = PostfixDestination(postfix).arrived(mary)
    hand_over(answer(sent.mail, f"Mary <{mary}>", "Thank you."), gateway.port)
    assert [post["author"] for post in app.wait_for_posts(lead, 3)[::2]] == [f"Mary <{mary}>"] * 2
    assert len(app.ask("/records")["records"]) == 1


@pytest.mark.parametrize("style", ["quoted", "attached"])
def test_what_was_forwarded_with_nothing_left_of_it_waits_on_the_desk_and_is_not_answered(
    office: Office, postfix: Postfix, gateway: Postfix, style: str, mary: str
) -> None:
    app = Application.of(office, port=postfix.port, domain=f"{office.slug}.{style}.example")
    app.add_alias()
    hand_over(write(f"Mary <{mary}>", f"info@{app.domain}", mary), gateway.port)
    (row,) = eventually(app.desk, what="the mail on the desk")
    assert row["subject"] == f"Fwd: {mary}"
    assert "catchall" in row["reason"]
    assert office.messages() == []


def test_a_forwarded_answer_of_which_the_words_are_left_waits_for_a_person_at_its_thread(
    office: Office, postfix: Postfix, gateway: Postfix, mary: str
) -> None:
    app = Application.of(office, port=postfix.port, domain=f"{office.slug}.quoted.example")
    lead = app.add_lead()
    app.follow(lead, contact=f"Mary <{mary}>")
    app.call(f"/records/{lead}/posts", {"text": "On Monday?"})
    (sent,) = PostfixDestination(postfix).arrived(mary)
    hand_over(answer(sent.mail, f"Mary <{mary}>", "Monday is fine."), gateway.port)
    (row,) = eventually(app.desk, what="the answer on the desk")
    assert "marker of this thread" in row["reason"]
    app.call(f"/inbound/desk/{row['id']}/attach", {"record": lead})
    assert "Monday is fine." in app.wait_for_posts(lead, 2)[-1]["text"]
