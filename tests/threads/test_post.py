"""Does a post reach exactly the right people, by the right way, with the right headers (requirements I1, I2)?"""

import re

from postroom.domains.addresses import Kind, resolve
from postroom.domains.aliases import put_alias
from postroom.policy.notification import Way
from postroom.rfc.address import parse_mailbox
from postroom.threads import inbox
from postroom.threads.contacts import contact_of
from postroom.threads.follow import follow, follower_by_token, unfollow
from postroom.threads.models import Notification, Post
from postroom.threads.post import NewPost, post
from postroom.threads.tokens import record_of_reply
from postroom.workspaces.parameters import REPLY_ADDRESS, set_parameter
from tests.outbound.office import Courier
from tests.threads.desk import MARY, Desk, received, text_of, told, waiting


def test_a_post_reaches_each_by_the_way_they_prefer(busy_desk: Desk, courier: Courier) -> None:
    ann, ben, joe = busy_desk.add_user("Ann"), busy_desk.add_user("Ben", way=Way.INBOX), busy_desk.add_user("Joe")
    lead = busy_desk.add_record()
    with busy_desk.delivering(courier) as mailbox:
        for person in (ann, ben, joe, MARY):
            busy_desk.follow(lead, person)
        row = busy_desk.write(lead, joe, text="The roof is done.")
    assert told(busy_desk.posts(lead)[0]) == {
        "ann@company-name.com": ("email", "sent"),
        "ben@company-name.com": ("inbox", "none"),
        "mary@customer.example.com": ("email", "sent"),
    }
    mails = received(mailbox)
    assert set(mails) == {"ann@company-name.com", "mary@customer.example.com"}
    assert [n.post_id for n in inbox.unread(ben, busy_desk.workspace)] == [row["id"]]
    for mail in mails.values():
        assert mail["From"] == "Joe <joe@company-name.com>"
        assert mail["Subject"] == "Roof of Mary's house"
        assert "The roof is done." in text_of(mail)
        assert "The roof is done." in text_of(mail, "html")


def test_a_customers_answer_is_redistributed_under_the_notification_address(busy_desk: Desk, courier: Courier) -> None:
    ann = busy_desk.add_user("Ann")
    lead = busy_desk.add_record()
    with busy_desk.delivering(courier) as mailbox:
        busy_desk.follow(lead, ann)
        busy_desk.follow(lead, MARY)
        mary = contact_of(busy_desk.workspace, parse_mailbox(MARY))
        post(
            busy_desk.record(lead),
            NewPost(
                author=mary, text="Thanks!", subject="Re: Roof", kind=Post.Kind.EMAIL,
                message_id="<1@customer.example.com>", to=(parse_mailbox("info@company-name.com"),),
            ),
        )  # fmt: skip
    ((address, mail),) = received(mailbox).items()
    assert address == "ann@company-name.com"
    assert (
        mail["From"] == '"Mary" <notifications@company-name.com>'
        or mail["From"] == "Mary <notifications@company-name.com>"
    )
    assert (mail["Subject"], mail["Message-ID"]) == ("Re: Roof", "<1@customer.example.com>")
    reply_to = resolve(mail["Reply-To"])
    assert (reply_to.kind, record_of_reply(reply_to.tag)) == (Kind.REPLY, lead)
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["List-Id"] == f"<{lead}.records.company-name.com>"
    assert "/unfollow/" in mail["List-Unsubscribe"]


def test_all_mail_of_a_thread_refers_to_one_root_and_keeps_its_subject(desk: Desk) -> None:
    joe, lead = desk.add_user("Joe"), desk.add_record("Roof")
    desk.add_server()
    desk.follow(lead, MARY)
    rows = [desk.write(lead, joe, subject=subject) for subject in ("Your roof", None, None)]
    first, second, third = waiting()
    assert [mail["Subject"] for mail in (first, second, third)] == ["Your roof", "Re: Your roof", "Re: Your roof"]
    root = desk.record(lead).root
    assert first["References"] == root
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == first["Message-ID"] == rows[0]["message_id"]
    assert third["References"].split() == [root, first["Message-ID"], second["Message-ID"]]


def test_an_internal_note_stays_inside_and_out_of_the_references(desk: Desk) -> None:
    ann, joe, lead = desk.add_user("Ann"), desk.add_user("Joe"), desk.add_record()
    desk.add_server()
    desk.follow(lead, ann)
    desk.follow(lead, MARY)
    note = desk.write(lead, joe, kind="note", text="She pays late.")
    assert set(told(note)) == {"ann@company-name.com"}
    desk.write(lead, joe)
    assert all(note["message_id"] not in (mail["References"] or "") for mail in waiting())


def test_followers_are_told_of_the_subtypes_that_they_chose(desk: Desk) -> None:
    ann, joe, lead = desk.add_user("Ann"), desk.add_user("Joe"), desk.add_record()
    desk.add_server()
    desk.follow(lead, ann, subtypes=["stage"])
    desk.follow(lead, joe)
    assert set(told(desk.write(lead, None, subtype="stage", text="Won"))) == {"ann@company-name.com"}
    assert set(told(desk.write(lead, None))) == {"joe@company-name.com"}


def test_whom_a_post_names_gets_one_mail_that_shows_all_of_them(busy_desk: Desk, courier: Courier) -> None:
    ann, joe, lead = busy_desk.add_user("Ann"), busy_desk.add_user("Joe"), busy_desk.add_record()
    with busy_desk.delivering(courier) as mailbox:
        busy_desk.follow(lead, ann)
        busy_desk.follow(lead, MARY)
        busy_desk.write(lead, joe, to=[MARY], cc=["paul@customer.example.com"])
    mails = received(mailbox)
    assert set(mails) == {"mary@customer.example.com", "paul@customer.example.com", "ann@company-name.com"}
    mary, paul, copy = (
        mails[a] for a in ("mary@customer.example.com", "paul@customer.example.com", "ann@company-name.com")
    )
    assert mary["To"] == paul["To"] == "Mary <mary@customer.example.com>"
    assert mary["Cc"] == paul["Cc"] == "paul@customer.example.com"
    assert mary["Auto-Submitted"] is None
    assert "Unfollow" not in text_of(mary)
    assert (copy["To"], copy["Cc"]) == (
        "Ann <ann@company-name.com>", "Mary <mary@customer.example.com>, paul@customer.example.com",
    )  # fmt: skip


def test_who_has_an_incoming_mail_already_is_not_mailed_again(desk: Desk) -> None:
    ann, ben = desk.add_user("Ann"), desk.add_user("Ben")
    lead = desk.add_record()
    desk.add_server()
    for person in (ann, ben, MARY, "paul@customer.example.com"):
        desk.follow(lead, person)
    mary = contact_of(desk.workspace, parse_mailbox(MARY))
    row = post(
        desk.record(lead),
        NewPost(
            author=mary, text="Hello", kind=Post.Kind.EMAIL, message_id="<1@x.example>",
            to=(parse_mailbox("info@company-name.com"), parse_mailbox("Ann@company-name.com")),
            cc=(parse_mailbox("paul@customer.example.com"),),
        ),
    )  # fmt: skip
    assert set(row.notifications.values_list("address", flat=True)) == {"ben@company-name.com"}
    (copy,) = waiting()
    assert "paul@customer.example.com" in copy["Cc"]


def test_an_alias_that_follows_gets_no_mail_of_its_own_thread(desk: Desk) -> None:
    put_alias(desk.workspace, "info", domains=["company-name.com"], changes={"record_type": "crm.lead"})
    lead = desk.add_record()
    desk.add_server()
    desk.follow(lead, "info@company-name.com")
    assert told(desk.write(lead, None, to=["catchall@company-name.com"])) == {}


def test_what_a_program_wrote_goes_to_nobody_outside(desk: Desk) -> None:
    ann, lead = desk.add_user("Ann"), desk.add_record()
    desk.add_server()
    desk.follow(lead, ann)
    desk.follow(lead, "paul@customer.example.com")
    mary = contact_of(desk.workspace, parse_mailbox(MARY))
    row = post(desk.record(lead), NewPost(author=mary, text="I am away.", kind=Post.Kind.EMAIL, is_automatic=True))
    assert set(row.notifications.values_list("address", flat=True)) == {"ann@company-name.com"}


def test_the_inbox_is_told_whatever_becomes_of_the_mail(desk: Desk) -> None:
    ann, ben, lead = desk.add_user("Ann"), desk.add_user("Ben", way=Way.INBOX), desk.add_record()
    desk.follow(lead, ann)
    desk.follow(lead, ben)
    row = desk.write(lead, None, subject="Two\r\nlines")
    assert told(row) == {"ann@company-name.com": ("email", "failed"), "ben@company-name.com": ("inbox", "none")}
    assert inbox.unread(ben, desk.workspace).count() == 1


def test_a_users_copy_leads_to_the_thread_and_a_contacts_does_not(desk: Desk) -> None:
    ann, lead = desk.add_user("Ann"), desk.add_record()
    desk.add_server()
    desk.follow(lead, ann)
    desk.follow(lead, MARY)
    desk.write(lead, None)
    by_recipient = {mail["To"].addresses[0].username: mail for mail in waiting()}
    for subtype in ("plain", "html"):
        assert f"/records/{lead}" in text_of(by_recipient["ann"], subtype)
        assert f"/records/{lead}" not in text_of(by_recipient["mary"], subtype)


def test_a_users_copy_says_in_their_language_why_they_get_it(desk: Desk) -> None:
    ann, lead = desk.add_user("Ann"), desk.add_record()
    ann.language = "fr"
    ann.save()
    desk.add_server()
    for follower in (ann, MARY):
        desk.follow(lead, follower)
    desk.write(lead, None)
    by_recipient = {mail["To"].addresses[0].username: mail for mail in waiting()}
    for subtype in ("plain", "html"):
        words = text_of(by_recipient["ann"], subtype)
        assert "Vous suivez cet élément : Lead." in words
        assert "Ne plus suivre" in words
        assert "You follow this Lead." in text_of(by_recipient["mary"], subtype)


def test_the_unfollow_link_belongs_to_one_follower(desk: Desk) -> None:
    lead = desk.add_record()
    desk.add_server()
    desk.follow(lead, MARY)
    desk.write(lead, None)
    (mail,) = waiting()
    (token,) = set(re.findall(r"/unfollow/([0-9a-f]+)", text_of(mail)))
    follower = follower_by_token(token)
    assert follower
    assert follower.contact
    assert follower.contact.address == "mary@customer.example.com"
    assert follower_by_token(token[:-1] + ("0" if token[-1] != "0" else "1")) is None
    assert unfollow(follower.record, follower.contact)
    assert follower_by_token(token) is None
    assert told(desk.write(lead, None)) == {}


def test_answers_go_to_the_alias_of_a_type_that_owns_one_or_to_catchall_where_the_workspace_wants(desk: Desk) -> None:
    lead = desk.add_record()
    desk.add_server()
    desk.follow(lead, MARY)
    set_parameter(desk.workspace, REPLY_ADDRESS, "catchall")
    desk.write(lead, None)
    desk.call("/record-types", {"key": "crm.lead", "label": "Lead", "owns_alias": True})
    desk.write(lead, None)
    desk.call("/aliases", {"local_part": "info", "domains": ["company-name.com"], "record_type": "crm.lead"})
    desk.write(lead, None)
    assert [mail["Reply-To"] for mail in waiting()] == [
        "catchall@company-name.com", "catchall@company-name.com", "info@company-name.com",
    ]  # fmt: skip


def test_a_member_who_left_is_told_no_more(desk: Desk) -> None:
    ann, lead = desk.add_user("Ann"), desk.add_record()
    desk.add_server()
    desk.follow(lead, ann)
    ann.memberships.all().delete()
    assert told(desk.write(lead, None)) == {}


def test_the_envelope_is_red_until_a_refusal_is_ignored_or_retried(busy_desk: Desk, courier: Courier) -> None:
    lead = busy_desk.add_record()
    with busy_desk.delivering(courier, mary="550 5.1.1 User unknown") as mailbox:
        busy_desk.follow(lead, MARY)
        busy_desk.follow(lead, "paul@customer.example.com")
        busy_desk.write(lead, None)
    (row,) = busy_desk.posts(lead)
    assert row["envelope"] == "failed"
    assert told(row) == {
        "mary@customer.example.com": ("email", "failed"), "paul@customer.example.com": ("email", "sent"),
    }  # fmt: skip
    failed = next(each for each in row["notifications"] if each["envelope"] == "failed")
    assert failed["reply"] == "550 5.1.1 User unknown"
    assert failed["reason"]
    busy_desk.call(f"/notifications/{failed['id']}/ignore", {})
    assert busy_desk.posts(lead)[0]["envelope"] == "sent"
    assert mailbox.received
    retried = busy_desk.call(f"/notifications/{failed['id']}/retry", {})
    assert told(retried)["mary@customer.example.com"] == ("email", "waiting")


def test_mail_that_could_not_be_made_is_made_on_retry(desk: Desk) -> None:
    lead = desk.add_record()
    desk.add_server()
    desk.follow(lead, MARY)
    row = desk.write(lead, None, subject="Two\r\nlines")
    Post.objects.filter(pk=row["id"]).update(subject="One line")
    (failed,) = row["notifications"]
    retried = desk.call(f"/notifications/{failed['id']}/retry", {})
    assert told(retried) == {"mary@customer.example.com": ("email", "waiting")}
    assert Notification.objects.count() == 1


def test_a_user_of_another_workspace_cannot_follow(desk: Desk) -> None:
    lead = desk.add_record()
    answer = desk.app.post(f"/records/{lead}/followers", {"user": "stranger@other.example"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_a_member")
    follow(desk.record(lead), desk.add_user("Ann"))
