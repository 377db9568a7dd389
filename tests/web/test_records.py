"""Do people find conversations, read and write in them, see whom a post reached, and put threads in order?"""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from postroom.policy.notification import Way
from postroom.policy.permission import Role
from postroom.rfc.address import parse_mailbox
from postroom.rfc.message import Attachment
from postroom.threads import loops
from postroom.threads.follow import follow
from postroom.threads.inbox import prefer
from postroom.threads.models import Follower, Notification, Post, PostFile, Record
from postroom.threads.post import NewPost, post
from postroom.threads.registry import NewSubtype, register_type
from postroom.threads.tokens import reply_address
from postroom.workspaces.models import User, Workspace
from tests.inbound.mail import letter, take
from tests.web.conversations import add_failed, make_contact, make_record, receive_mail, write_note
from tests.web.samples import make_member, make_workspace


@pytest.fixture
def mary_roof(workspace: Workspace) -> Record:
    return make_record(workspace)


def user_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def shown(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response
    return response.content.decode()


def test_an_empty_list_says_how_conversations_begin(member: Client) -> None:
    assert "They begin when mail comes to an alias" in shown(member, "/records")


def test_lists_the_conversation_with_the_newest_post_first(member: Client, workspace: Workspace) -> None:
    first, second = make_record(workspace, "First"), make_record(workspace, "Second")
    assert [row.pk for row in member.get("/records").context["page"].rows] == [second.pk, first.pk]
    receive_mail(first)
    assert [row.pk for row in member.get("/records").context["page"].rows] == [first.pk, second.pk]


def test_pages_hold_each_conversation_once(
    member: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.threads.listing.PAGE_SIZE", 2)
    made = [make_record(workspace, f"Record {number}").pk for number in range(5)]
    found, path = [], "/records?"
    while path:
        page = member.get(path).context["page"]
        found += [row.pk for row in page.rows]
        path = f"/records?before={page.older}" if page.older else ""
    assert found == made[::-1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=roof", {"Roof"}),
        ("text=42", {"Roof"}),
        ("text=MARY@customer.example.com", {"Roof"}),
        ("text=nobody@customer.example.com", set()),
        ("show=mine", {"Garden"}),
        ("show=paused", {"Garden"}),
        ("show=failed", {"Roof"}),
        ("type=crm.lead", {"Roof", "Garden"}),
        ("type=nonsense", set()),
        ("show=nonsense&before=x", {"Roof", "Garden"}),
    ],
)
def test_finds_conversations(member: Client, workspace: Workspace, query: str, found: set[str]) -> None:
    roof, garden = make_record(workspace, "Roof", external_id="42"), make_record(workspace, "Garden")
    add_failed(receive_mail(roof))
    follow(garden, user_of(member))
    loops.pause(garden, "Two programs answer each other.")
    assert {row.name for row in member.get(f"/records?{query}").context["page"].rows} == found


def test_shows_a_thread_newest_first_with_who_wrote_what(
    member: Client, workspace: Workspace, mary_roof: Record
) -> None:
    receive_mail(mary_roof, "Please call me.\n\n> The roof is done.\n> Joe")
    write_note(mary_roof, user_of(member))
    page = shown(member, f"/records/{mary_roof.pk}")
    assert page.index("She pays late.") < page.index("Please call me.")
    assert "mary@customer.example.com" in page
    assert "internal note" in page
    words = re.findall(r'<div class="words" dir="auto">(.*?)</div>', page, re.DOTALL)
    assert words == ["She pays late.", "Please call me."]
    assert "With what it quotes" in page
    assert "Why it is in this conversation" not in page, "it did not come in by mail"


def test_shows_why_a_mail_is_in_the_conversation(member: Client, mary_roof: Record) -> None:
    take(letter(), reply_address(mary_roof, "company-name.example"))
    page = shown(member, f"/records/{mary_roof.pk}")
    assert "Why it is in this conversation" in page
    assert "It was sent to the signed reply address of this thread." in page
    assert "Agreement: 60 of 100." in page


def test_a_thread_of_others_is_not_there(outsider: Client, mary_roof: Record) -> None:
    post_id = receive_mail(mary_roof, html="<p>Hello").pk
    told = add_failed(Post.objects.get(pk=post_id))
    file = PostFile.objects.create(post_id=post_id, name="a.txt", content_type="text/plain", content=b"secret")
    for path in ("", "/followers", "/merge", "/move"):
        assert outsider.get(f"/records/{mary_roof.pk}{path}").status_code == 404
    assert outsider.get(f"/posts/{post_id}/html").status_code == 404
    assert outsider.get(f"/files/{file.pk}").status_code == 404
    assert outsider.post(f"/notifications/{told.pk}", {"act": "ignore"}).status_code == 404
    assert outsider.post(f"/records/{mary_roof.pk}/write", {"kind": "note", "text": "x"}).status_code == 404
    assert "Roof" not in shown(outsider, "/records")


def test_a_reader_writes_nothing(workspace: Workspace, mary_roof: Record) -> None:
    reader = Client()
    reader.force_login(make_member(workspace, "rita@company-name.com", role=Role.READER))
    assert "Ignore" not in shown(reader, f"/records/{mary_roof.pk}")
    for path, sent in [("write", {"kind": "note", "text": "x"}), ("resume", {}), ("followers", {"who": "a@b.example"})]:
        assert reader.post(f"/records/{mary_roof.pk}/{path}", sent).status_code == 403
    assert reader.post(f"/records/{mary_roof.pk}/follow").status_code == 302
    assert Follower.objects.filter(record=mary_roof, user=user_of(reader)).exists()


def test_a_message_goes_to_whom_it_names_with_its_files(member: Client, mary_roof: Record) -> None:
    file = SimpleUploadedFile("offer.pdf", b"%PDF-1.7", content_type="text/html")
    sent = {"kind": "comment", "to": "Mary <mary@customer.example.com>", "cc": "joe@customer.example.com",
            "text": "The roof is done.\r\nJoe", "attachments": [file]}  # fmt: skip
    assert member.post(f"/records/{mary_roof.pk}/write", sent).status_code == 302
    row = mary_roof.posts.get()
    assert (row.text, row.to, row.cc) == (
        "The roof is done.\nJoe", ['"Mary" <mary@customer.example.com>'], ["joe@customer.example.com"],
    )  # fmt: skip
    assert {told.address for told in row.notifications.all()} == {
        "mary@customer.example.com", "joe@customer.example.com",
    }  # fmt: skip
    assert [(f.name, f.content_type) for f in row.files.all()] == [("offer.pdf", "application/pdf")]


def test_a_note_is_addressed_to_nobody(member: Client, mary_roof: Record) -> None:
    sent = {"kind": "note", "to": "mary@customer.example.com", "text": "She pays late."}
    member.post(f"/records/{mary_roof.pk}/write", sent)
    assert mary_roof.posts.get().to == []


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"kind": "comment", "text": " "}, "Write something, or choose a file."),
        ({"kind": "comment", "text": "Hello", "to": "no address"}, "not an e-mail address"),
    ],
)
def test_what_cannot_be_sent_stays_written(member: Client, mary_roof: Record, sent: dict[str, str], words: str) -> None:
    response = member.post(f"/records/{mary_roof.pk}/write", sent)
    assert words in response.content.decode()
    assert not mary_roof.posts.exists()


def test_files_that_no_message_holds_are_refused(
    member: Client, mary_roof: Record, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.web.views.records._FILE_SHARE", 0.0)
    sent = {"kind": "note", "attachments": [SimpleUploadedFile("film.mp4", b"x" * 100)]}
    response = member.post(f"/records/{mary_roof.pk}/write", sent)
    assert "send a link instead" in response.content.decode()


def test_tells_before_sending_as_whom_and_to_whom(member: Client, workspace: Workspace, mary_roof: Record) -> None:
    follow(mary_roof, make_contact(workspace))
    kim = make_member(workspace, "kim@company-name.com")
    prefer(kim, Way.INBOX)
    follow(mary_roof, kim)
    sent = {"kind": "comment", "to": "joe@customer.example.com"}
    page = member.post(f"/records/{mary_roof.pk}/leaves-as", sent).content.decode()
    assert "notifications@company-name." in page
    assert "reply+" in page
    assert "joe@customer.example.com" in page
    assert "mary@customer.example.com" in page
    assert "1 user" in page
    note = member.post(f"/records/{mary_roof.pk}/leaves-as", {**sent, "kind": "note"}).content.decode()
    assert "customer.example.com" not in note
    by_button = member.post(f"/records/{mary_roof.pk}/write", {**sent, "text": "Hello", "preview": "1"})
    assert "reply+" in by_button.content.decode()
    assert not mary_roof.posts.exists()


def test_an_answer_goes_to_all_who_had_the_mail_but_not_to_us(
    member: Client, workspace: Workspace, mary_roof: Record
) -> None:
    boxes = [parse_mailbox(f"reply+0123456789abcdef@{workspace.subdomain}"), parse_mailbox("joe@customer.example.com")]
    receive_mail(mary_roof, to=(boxes[0],), cc=(boxes[1],))
    form = member.get(f"/records/{mary_roof.pk}").context["form"]
    assert (form["to"].value(), form["cc"].value()) == (
        '"Mary" <mary@customer.example.com>', "joe@customer.example.com",
    )  # fmt: skip


def test_the_red_envelope_names_the_recipient_the_cause_and_the_cure(member: Client, mary_roof: Record) -> None:
    told = add_failed(receive_mail(mary_roof))
    page = shown(member, f"/records/{mary_roof.pk}")
    assert "not delivered" in page
    assert "There is no such mailbox at the recipient." in page
    assert "550 5.1.1 no such user" in page
    assert "Check that the address is spelt correctly" in page
    member.post(f"/notifications/{told.pk}", {"act": "ignore"})
    assert "left as it is" in shown(member, f"/records/{mary_roof.pk}")
    member.post(f"/notifications/{told.pk}", {"act": "retry"})
    assert told.message is not None
    assert told.message.deliveries.get().status == "queued"
    assert "on its way" in shown(member, f"/records/{mary_roof.pk}")
    assert member.post(f"/notifications/{told.pk}", {"act": "nonsense"}).status_code == 400


def test_foreign_html_stays_in_its_frame(member: Client, mary_roof: Record) -> None:
    row = receive_mail(mary_roof, html='<script>alert(1)</script><p onclick="x()">Please call me.</p>')
    page = shown(member, f"/records/{mary_roof.pk}")
    assert "alert(1)" not in page
    assert f'sandbox loading="lazy" src="/posts/{row.pk}/html"' in page
    framed = member.get(f"/posts/{row.pk}/html")
    assert framed["Content-Security-Policy"].startswith("sandbox; default-src 'none'; img-src data:;")


def test_html_of_our_own_posts_is_made_harmless(member: Client, mary_roof: Record) -> None:
    html = '<p style="color:red" onclick="x()">The <b>roof</b> <a href="javascript:x()">x</a><script>alert(1)</script>'
    post(mary_roof, NewPost(author=None, html=html))
    page = shown(member, f"/records/{mary_roof.pk}")
    assert '<p>The <b>roof</b> <a rel="noopener noreferrer nofollow">x</a></p>' in page


@pytest.mark.parametrize(
    ("content_type", "served"),
    [
        ("image/png", "image/png"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
    ],
)
def test_files_are_saved_and_never_run(member: Client, mary_roof: Record, content_type: str, served: str) -> None:
    row = receive_mail(mary_roof, files=(Attachment("Offer.x", b"<script>", content_type),))
    answer = member.get(f"/files/{row.files.get().pk}")
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (served, 'attachment; filename="Offer.x"')
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.content == b"<script>"


def test_followers_are_added_told_of_other_things_and_removed(
    member: Client, workspace: Workspace, mary_roof: Record
) -> None:
    path = f"/records/{mary_roof.pk}/followers"
    assert "Nobody follows yet" in shown(member, path)
    member.post(path, {"who": "Mary <mary@customer.example.com>", "subtypes": ["comment"]})
    member.post(path, {"who": "mary@company-name.com", "subtypes": ["comment", "note"]})
    mary, user = mary_roof.followers.order_by("pk")
    assert (mary.contact and mary.contact.name, user.user) == ("Mary", user_of(member))
    member.post(f"{path}/{mary.pk}", {"subtypes": ["stage"]})
    assert [subtype.key for subtype in mary.subtypes.all()] == ["stage"]
    member.post(f"{path}/{mary.pk}", {"act": "remove"})
    assert not mary_roof.followers.filter(pk=mary.pk).exists()
    assert member.post(f"{path}/{mary.pk}", {"act": "remove"}).status_code == 404
    assert "not an e-mail address" in member.post(path, {"who": "nobody"}).content.decode()


def test_a_hidden_subtype_is_kept_and_offered_to_nobody(
    member: Client, workspace: Workspace, mary_roof: Record
) -> None:
    sync = NewSubtype(key="sync", label="Copied to the books", is_hidden=True)
    register_type(workspace, "crm.lead", label="Lead", subtypes=[sync])
    mary = follow(mary_roof, make_contact(workspace))
    path = f"/records/{mary_roof.pk}/followers"
    assert "Copied to the books" not in shown(member, path)
    member.post(f"{path}/{mary.pk}", {"subtypes": ["comment"]})
    assert {subtype.key for subtype in mary.subtypes.all()} == {"comment", "sync"}


def test_a_click_follows_and_unfollows(member: Client, mary_roof: Record) -> None:
    for count in (1, 0):
        member.post(f"/records/{mary_roof.pk}/follow")
        assert mary_roof.followers.count() == count


def test_a_paused_thread_says_why_and_is_resumed(member: Client, mary_roof: Record) -> None:
    loops.pause(mary_roof, "Two programs answer each other.")
    assert "Two programs answer each other." in shown(member, f"/records/{mary_roof.pk}")
    member.post(f"/records/{mary_roof.pk}/resume")
    mary_roof.refresh_from_db()
    assert mary_roof.paused_at is None


def test_posts_are_split_off_and_moved_back(member: Client, mary_roof: Record) -> None:
    stays, goes = receive_mail(mary_roof), receive_mail(mary_roof, "And the garden?")
    path = f"/records/{mary_roof.pk}/move"
    assert member.get(path).status_code == 302
    assert "And the garden?" in shown(member, f"{path}?post={goes.pk}&post=nonsense")
    member.post(path, {"post": [goes.pk], "name": "Garden"})
    goes.refresh_from_db()
    assert (goes.record.name, goes.moved_from) == ("Garden", mary_roof)
    assert "Moved here from" in shown(member, f"/records/{goes.record_id}")
    member.post(f"/records/{goes.record_id}/move", {"post": [goes.pk], "to": mary_roof.pk})
    assert set(mary_roof.posts.all()) == {stays, goes}


def test_a_thread_is_merged_once_its_name_was_typed(member: Client, workspace: Workspace, mary_roof: Record) -> None:
    receive_mail(mary_roof)
    other = make_record(workspace, "Garden")
    path = f"/records/{mary_roof.pk}/merge"
    assert "Garden" in shown(member, path)
    assert "All 1 posts" in shown(member, f"{path}?to={other.pk}")
    member.post(f"{path}?to={other.pk}", {"typed": "no"})
    assert other.posts.count() == 0
    member.post(f"{path}?to={other.pk}", {"typed": mary_roof.name})
    assert other.posts.count() == 1
    assert member.get(f"/records/{mary_roof.pk}")["Location"] == f"/records/{other.pk}"
    strange = make_record(make_workspace("third-name"), "Strange")
    assert member.get(f"{path}?to={strange.pk}").status_code == 404


def test_an_overfull_thread_asks_the_database_little(
    member: Client, workspace: Workspace, mary_roof: Record, django_assert_max_num_queries: object
) -> None:
    for number in range(31):
        row = receive_mail(mary_roof, f"Mail {number}", html="<p>Mail", files=(Attachment("a.pdf", b"x"),))
        add_failed(row, f"joe{number}@example.com")
    for number in range(40):
        follow(mary_roof, make_contact(workspace, f"customer{number}@example.com"))
    with django_assert_max_num_queries(15):  # type: ignore[operator] # pytest-django's fixture
        page = member.get(f"/records/{mary_roof.pk}")
    assert page.context["older"] is not None
    assert Notification.objects.filter(post__record=mary_roof).count() > 30
