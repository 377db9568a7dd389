"""Does what comes back find its place? Real servers at both ends, and mail that people and servers write."""

import shutil
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import database
from tests.inbound.mail import BOUNCE, report
from tests.installation import command_line
from tests.peers import dovecot
from tests.peers.postfix import Postfix, run_postfix, why_unavailable
from tests.stories.destinations import PostfixDestination
from tests.stories.office import Office, Postroom
from tests.stories.threads import Application, answer, eventually, hand_over, write

pytestmark = pytest.mark.story

FORWARDED = "info@forwarded.example.com"
HandIn = Callable[[bytes, str, str], None]


@pytest.fixture
def app(office: Office, postfix: Postfix) -> Application:
    return Application.of(office, port=postfix.port)


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


def test_mail_to_info_makes_a_lead_and_the_answer_continues_it(
    app: Application, postfix: Postfix, mx: int, mary: str
) -> None:
    app.add_alias(defaults={"team": "Sales"})
    subject = f"Roof of {mary}"
    hand_over(write(f"Mary <{mary}>", f"info@{app.domain}", subject), mx)
    lead = app.lead_named(subject)
    assert app.ask(f"/records/{lead}")["values"] == {"team": "Sales"}
    (alias,) = app.ask("/aliases")["aliases"]
    assert alias["status"] == "valid"
    app.call(f"/records/{lead}/posts", {"author": {"user": app.add_user("Joe")}, "text": "We come on Monday."})
    (to_mary,) = arrived(postfix, mary)
    assert to_mary["Subject"] == f"Re: {subject}"
    hand_over(answer(to_mary, f"Mary <{mary}>", "Thank you."), mx)
    assert [post["text"].strip() for post in app.wait_for_posts(lead, 3)] == [
        "How are you?", "We come on Monday.", "Thank you.",
    ]  # fmt: skip
    assert len(app.ask("/records")["records"]) == 1


def test_direct_mail_to_catchall_is_answered_once_and_kept(
    app: Application, postfix: Postfix, mx: int, mary: str
) -> None:
    for subject in ("First", "Second"):
        hand_over(write(f"Mary <{mary}>", f"catchall@{app.domain}", subject), mx)
    waiting = eventually(lambda: found if len(found := app.desk()) == 2 else None, what="two mails on the desk")
    assert {row["subject"] for row in waiting} == {"First", "Second"}
    (told,) = PostfixDestination(postfix).arrived(mary)
    assert (told.return_path, told.mail["Auto-Submitted"]) == ("", "auto-replied")
    assert told.mail["From"].addresses[0].addr_spec == f"notifications@{app.domain}"


def test_renaming_bounce_catchall_alias_and_domain_loses_nothing(
    app: Application, postfix: Postfix, mx: int, mary: str
) -> None:
    app.add_alias()
    lead = app.add_lead()
    app.follow(lead, contact=f"Mary <{mary}>")
    app.call(f"/records/{lead}/posts", {"text": "Hello"})
    (to_mary,) = arrived(postfix, mary)
    (impact,) = app.call(f"/domains/{app.domain}/impact", {"bounce": "returns"})["impact"]
    assert impact["threads"] == 1
    app.office.add_domain(app.domain, "--bounce", "returns", "--catchall", "answers", "--default-from", "hello")
    app.call("/aliases/remove", {"address": f"info@{app.domain}"})
    app.office.postroom.run("domain", "remove", app.domain, "--workspace", app.office.slug)
    hand_over(answer(to_mary, f"Mary <{mary}>", "By the reply address"), mx)
    hand_over(answer(to_mary, f"Mary <{mary}>", "By the catchall"), mx, recipient=f"catchall@{app.domain}")
    hand_over(answer(to_mary, f"Mary <{mary}>", "By the sender"), mx, recipient=f"notifications@{app.domain}")
    assert {post["text"].strip() for post in app.wait_for_posts(lead, 4)[1:]} == {
        "By the reply address", "By the catchall", "By the sender",
    }  # fmt: skip
    subject = f"By the alias {mary}"
    hand_over(write(f"Mary <{mary}>", f"info@{app.domain}", subject), mx)
    app.lead_named(subject)
    hits = {row["address"]: row["hits"] for row in app.ask("/aliases/retired")["retired"]}
    assert {address.partition("@")[0] for address, count in hits.items() if count} == {
        "reply", "catchall", "notifications", "info",
    }  # fmt: skip


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


# --- ways in -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="package")
def gateway(postroom: Postroom, postfix: Postfix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    """A company's own mail server, which hands over what comes for its domains in each way there is."""
    if why := why_unavailable():
        pytest.skip(why)
    mx, lmtp = (postroom.installation.port(part) for part in ("MX", "LMTP"))
    to_us = f"smtp:[127.0.0.1]:{mx}"
    transports = {
        "customer.example.com": f"smtp:[127.0.0.1]:{postfix.port}",
        ".mx.example": to_us,
        ".lmtp.example": f"lmtp:inet:127.0.0.1:{lmtp}",
        ".pipe.example": "pipe:",
    }
    redirections = {
        "info@redirected.example.com": "info@redirect.mx.example",
        FORWARDED: "catchall@redirect.mx.example",
    }
    settings = {
        "relay_domains": " ".join(name.removeprefix(".") for name in transports),
        "parent_domain_matches_subdomains": "relay_domains",
        "transport_maps": _inline(transports),
        "virtual_alias_domains": "redirected.example.com forwarded.example.com",
        "virtual_alias_maps": _inline(redirections),
        "pipe_destination_recipient_limit": "1",
    }
    with _gate(postroom) as gate, run_postfix("own.example.com", settings=settings, pipe=gate) as server:
        yield server


def _inline(table: dict[str, str]) -> str:
    return "inline:{" + ", ".join(f"{{{name} = {value}}}" for name, value in table.items()) + "}"


@contextmanager
def _gate(postroom: Postroom) -> Iterator[str]:
    """`postroom mailgate` as the user nobody may run it: with a home of its own, and the way to the database open."""
    home = database.run_directory() / "gate"
    home.mkdir()
    script = home / "mailgate"
    environ = {**postroom.installation.environ, "POSTROOM_HOME": str(home)}
    lines = [f"export {name}='{value}'" for name, value in environ.items() if name.startswith("POSTROOM_")]
    command = f'exec {" ".join(command_line("mailgate"))} "$@"'
    script.write_text("\n".join(["#!/bin/sh", f"cd {Path.cwd()}", *lines, command, ""]))
    script.chmod(0o755)
    shutil.chown(home, "nobody")
    # The socket of the tests' own PostgreSQL lies in these.
    modes = {folder: folder.stat().st_mode for folder in (home.parent, home.parent / "postgresql") if folder.exists()}
    for folder in modes:
        folder.chmod(0o711)
    try:
        yield f"{script} -f ${{sender}} ${{recipient}}"
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode)


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
    app = Application.of(postroom.new_workspace("redirect"), port=postfix.port, domain="redirect.mx.example")
    app.add_alias(matches_local_part=True)
    postroom.run(
        "workspace", "parameter", "mail.catchall.domain.allowed", "forwarded.example.com", "--workspace", "redirect"
    )
    for address in ("info@redirected.example.com", FORWARDED):
        hand_over(write(f"Mary <{mary}>", address, f"{address} {mary}"), gateway.port)
        app.lead_named(f"{address} {mary}")


@pytest.mark.parametrize("way", ["MX", "LMTP", "http", "pipe", "imap", "pop3"])
def test_by_every_door_mail_makes_a_lead_an_answer_continues_it_and_a_report_turns_it_red(
    app: Application, postroom: Postroom, postfix: Postfix, tmp_path: Path, way: str, mary: str
) -> None:
    app.add_alias()
    with door(way, app, postroom, tmp_path) as hand_in:
        hand_in(write(f"Mary <{mary}>", f"info@{app.domain}", mary).as_bytes(), f"info@{app.domain}", mary)
        lead = app.lead_named(mary)
        app.call(f"/records/{lead}/posts", {"author": {"user": app.add_user("Joe")}, "text": "We come on Monday."})
        (sent,) = PostfixDestination(postfix).arrived(mary)
        reply = answer(sent.mail, f"Mary <{mary}>", "Thank you.")
        hand_in(reply.as_bytes(), reply["To"].addresses[0].addr_spec, mary)
        assert [post["text"].strip() for post in app.wait_for_posts(lead, 3)] == [
            "How are you?", "We come on Monday.", "Thank you.",
        ]  # fmt: skip
        told = report(recipient=mary, returned=f"Message-ID: {sent.mail['Message-ID']}\r\n")
        hand_in(told.replace(BOUNCE.encode(), sent.return_path.encode()), sent.return_path, "")
        eventually(lambda: app.posts(lead)[1]["envelope"] == "failed", what="a red envelope")


@contextmanager
def door(way: str, app: Application, postroom: Postroom, folder: Path) -> Iterator[HandIn]:
    """Takes a mail, its recipient and its return path."""
    if way in ("imap", "pop3"):
        if why := dovecot.why_unavailable():
            pytest.skip(why)
        with dovecot.run_dovecot() as peer, mailbox_of(app, peer, way, folder) as hand_in:
            yield hand_in
    else:
        doors: dict[str, HandIn] = {
            "http": lambda raw, to, _: post_mail(app, raw, to),
            "pipe": lambda raw, to, return_path: pipe_mail(postroom, raw, to, return_path),
            "LMTP": lambda raw, to, return_path: deliver(smtplib.LMTP, postroom, raw, to, return_path),
            "MX": lambda raw, to, return_path: deliver(smtplib.SMTP, postroom, raw, to, return_path),
        }
        yield doors[way]


@contextmanager
def mailbox_of(app: Application, peer: dovecot.Dovecot, protocol: str, folder: Path) -> Iterator[HandIn]:
    """A mailbox elsewhere, which is fetched."""
    (folder / "password").write_text(dovecot.PASSWORD)
    place = ("--protocol", protocol, "--host", "127.0.0.1", "--port", str(getattr(peer, protocol)))
    login = ("--username", "mary", "--password-file", str(folder / "password"), "--encryption", "none")
    here = ("--workspace", app.office.slug)
    app.office.postroom.run("incoming", "add", "Box", *here, *place, *login, "--poll-seconds", "60")

    def hand_in(raw: bytes, _recipient: str, _return_path: str) -> None:
        peer.append(raw)
        app.office.postroom.run("incoming", "fetch", "Box", *here)

    yield hand_in
    app.office.postroom.run("incoming", "remove", "Box", *here)


def post_mail(app: Application, raw: bytes, recipient: str) -> None:
    path = f"/inbound?{urlencode({'recipient': recipient})}"
    taken = app.office.call("POST", path, raw, Content_Type="message/rfc822")
    assert taken.status == 202, taken


def pipe_mail(postroom: Postroom, raw: bytes, recipient: str, return_path: str) -> None:
    assert mailgate(postroom, "-f", return_path, recipient, mail=raw) == 0


def deliver(protocol: type[smtplib.SMTP], postroom: Postroom, raw: bytes, recipient: str, return_path: str) -> None:
    port = postroom.installation.port("LMTP" if protocol is smtplib.LMTP else "MX")
    with protocol("127.0.0.1", port) as client:
        client.sendmail(return_path, [recipient], raw)


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


def test_mailgate_tells_the_mail_server_by_its_exit_status_what_to_do(app: Application, postroom: Postroom) -> None:
    own, nobody = f"catchall@{app.domain}", f"nobody@{app.domain}"
    assert mailgate(postroom, own) == 0
    assert mailgate(postroom, nobody) == 67
    assert mailgate(postroom, own, nobody) == 0
    assert mailgate(postroom, "--no-such-option") == 75
    assert mailgate(postroom, own, POSTROOM_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none") == 75
    assert mailgate(postroom, ORIGINAL_RECIPIENT=nobody) == 67
    assert mailgate(postroom, ORIGINAL_RECIPIENT=own, SENDER="") == 0
