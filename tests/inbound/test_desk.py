"""Can a person find a place for whatever waits on the desk, take it back, and say it once for all?"""

import pytest

from postroom.domains.models import AliasDomain
from postroom.inbound import desk as functions
from postroom.inbound.desk import Choice, NothingPassedOnError, NotOnDeskError, OtherWorkspaceError, RuleError
from postroom.inbound.handle import handle_received
from postroom.inbound.models import IncomingMessage, Rule, State
from postroom.outbound.models import Delivery
from postroom.policy.classification import Kind
from postroom.threads.models import Post, Record, RecordType
from postroom.workspaces.create import create_workspace
from tests.inbound.mail import letter, report, take
from tests.outbound.office import delivery
from tests.threads.desk import Desk

NOBODY = "sales@company-name.com"
MARYS = "mary@customer.example.com"


@pytest.fixture
def waiting(desk: Desk) -> IncomingMessage:
    """A mail of Mary's to an address that there is not."""
    row = take(letter(subject="My roof"), NOBODY)
    assert row.state == "unrouted"
    return row


def lead_type(desk: Desk) -> RecordType:
    return desk.workspace.record_types.select_related("workspace").get(key="crm.lead")


def fresh(row: IncomingMessage) -> IncomingMessage:
    return IncomingMessage.objects.select_related("content", "workspace", "record", "post").get(pk=row.pk)


def test_is_listed_with_its_reason_and_shown_with_its_words(desk: Desk, waiting: IncomingMessage) -> None:
    (found,) = functions.find(desk.workspace, Choice(author=MARYS.upper()))
    assert (found.pk, found.author, found.content.subject) == (waiting.pk, MARYS, "My roof")
    assert functions.show(found).letter.text.strip() == "How are you?"
    assert not functions.find(desk.workspace, Choice(recipient="info@company-name.com"))


def test_is_attached_to_a_record_whose_followers_are_told(desk: Desk, waiting: IncomingMessage) -> None:
    ann, lead = desk.add_user("Ann"), desk.add_record()
    desk.add_server()
    desk.follow(lead, ann)
    post = functions.attach(waiting, desk.record(lead))
    assert (post.record_id, post.author) == (lead, "Mary <mary@customer.example.com>")
    assert list(post.notifications.values_list("address", flat=True)) == ["ann@company-name.com"]
    assert (fresh(waiting).state, fresh(waiting).post) == ("handled", post)
    with pytest.raises(NotOnDeskError):
        functions.attach(waiting, desk.record(lead))
    assert Post.objects.count() == 1


def test_becomes_a_record_that_its_author_follows(desk: Desk, waiting: IncomingMessage) -> None:
    post = functions.create(waiting, lead_type(desk))
    assert (post.record.name, post.record.type.key) == ("My roof", "crm.lead")
    assert [str(each) for each in post.record.followers.all()] == ["Mary <mary@customer.example.com>"]


IN_ITS_TEXT = b"""\
From: Mary <mary@customer.example.com>\r
To: sales@company-name.com\r
Subject: Fwd: Broken roof\r
\r
For you.\r
\r
---------- Forwarded message ---------\r
From: Joe Doe <joe@elsewhere.example>\r
Date: Tue, 3 May 2016 at 17:21\r
Subject: Broken roof\r
To: Mary <mary@customer.example.com>\r
\r
It rains in.\r
"""
ATTACHED = b"""\
From: Mary <mary@customer.example.com>\r
To: sales@company-name.com\r
Subject: For you\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
\r
--b\r
Content-Type: message/rfc822\r
Content-Transfer-Encoding: base64\r
\r
RnJvbTogSm9lIERvZSA8am9lQGVsc2V3aGVyZS5leGFtcGxlPg0KU3ViamVjdDogQnJva2VuIHJvb2YNCg0KSXQgcmFpbnMgaW4uDQo=\r
--b--\r
"""


@pytest.mark.parametrize("raw", [IN_ITS_TEXT, ATTACHED], ids=["in its text", "attached"])
def test_what_somebody_passed_on_becomes_the_record_of_who_wrote_it(desk: Desk, raw: bytes) -> None:
    row = take(raw, NOBODY)
    original = functions.show(fresh(row)).original
    assert original
    assert original.text.strip() == "It rains in."
    post = functions.create(row, lead_type(desk), of_original=True)
    assert (post.record.name, post.author, post.text.strip()) == (
        "Broken roof",
        "Joe Doe <joe@elsewhere.example>",
        "It rains in.",
    )
    assert [follower.contact.address for follower in post.record.followers.all() if follower.contact] == [
        "joe@elsewhere.example"
    ]
    assert fresh(row).author == MARYS


def test_mail_that_passes_nothing_on_makes_no_record_of_it(desk: Desk, waiting: IncomingMessage) -> None:
    with pytest.raises(NothingPassedOnError):
        functions.create(waiting, lead_type(desk), of_original=True)
    assert fresh(waiting).state == "unrouted"


def test_a_mail_without_words_of_its_own_says_what_the_attached_message_says(desk: Desk) -> None:
    text = functions.show(fresh(take(ATTACHED, NOBODY))).letter.text
    assert "It rains in." in text
    assert "joe@elsewhere.example" in text


def test_makes_an_alias_of_its_address_and_handles_what_waits_for_it(desk: Desk, waiting: IncomingMessage) -> None:
    take(letter(subject="Another"), NOBODY)
    alias = functions.make_alias(waiting, changes={"record_type": "crm.lead"})
    handle_received()
    assert alias.address == NOBODY
    assert sorted(Record.objects.values_list("name", flat=True)) == ["Another", "My roof"]


def test_is_dropped_and_restored(desk: Desk, waiting: IncomingMessage) -> None:
    everything = functions.find(desk.workspace, Choice(states=frozenset()))
    assert functions.drop(everything) == 1
    assert not functions.find(desk.workspace, Choice())
    assert functions.restore(everything) == 1
    assert fresh(waiting).reason == waiting.reason


def test_is_replayed_by_filter_once_its_place_exists(desk: Desk, waiting: IncomingMessage) -> None:
    fields = {"local_part": "sales", "domains": ["company-name.com"], "record_type": "crm.lead"}
    desk.call("/aliases", fields)
    assert functions.replay(functions.find(desk.workspace, Choice(recipient=NOBODY))) == 1
    handle_received()
    assert (fresh(waiting).state, Record.objects.get().name) == ("handled", "My roof")
    assert functions.replay(functions.find(desk.workspace, Choice(states=frozenset()))) == 0


def test_a_rule_takes_what_waits_and_what_comes(desk: Desk, waiting: IncomingMessage) -> None:
    functions.always(desk.workspace, author=MARYS, action=Rule.Action.DROP)
    handle_received()
    assert fresh(waiting).state == "dropped"
    lead = desk.record(desk.add_record())
    functions.always(desk.workspace, author=MARYS, recipient=NOBODY, action=Rule.Action.ATTACH, record=lead)
    assert take(letter(subject="Two"), NOBODY).record_id == lead.pk
    assert take(letter(subject="Three"), "other@company-name.com").state == "dropped"
    assert take(letter(subject="Four", from_="eve@x.example"), NOBODY).state == "unrouted"
    functions.rules(desk.workspace).delete()
    assert take(letter(subject="Five"), NOBODY).state == "unrouted"


def test_a_rule_creates_records(desk: Desk, waiting: IncomingMessage) -> None:
    functions.always(desk.workspace, recipient=NOBODY, action=Rule.Action.CREATE, record_type=lead_type(desk))
    handle_received()
    assert Record.objects.get().name == "My roof"


def test_a_rule_for_everything_or_without_a_target_is_refused(desk: Desk) -> None:
    for fields in ({}, {"author": MARYS}):
        with pytest.raises(RuleError):
            functions.always(desk.workspace, action=Rule.Action.ATTACH, **fields)


def test_mail_and_record_of_different_workspaces_do_not_meet(desk: Desk, waiting: IncomingMessage) -> None:
    other = Desk.__new__(Desk)
    other.workspace = create_workspace("other", company="Other")
    AliasDomain.objects.create(workspace=other.workspace, name="other.example")
    record_type = RecordType.objects.create(workspace=other.workspace, key="crm.lead", label="Lead")
    with pytest.raises(OtherWorkspaceError):
        functions.create(waiting, record_type)
    with pytest.raises(OtherWorkspaceError):
        functions.always(desk.workspace, author=MARYS, action=Rule.Action.CREATE, record_type=record_type)
    assert not functions.find(other.workspace, Choice())


def test_what_is_no_bounce_is_handled_as_ordinary_mail(desk: Desk) -> None:
    desk.add_server()
    lead = desk.add_record()
    desk.write(lead, None, to=["joe@customer.example.com"])
    sent = delivery("joe@customer.example.com")
    Delivery.objects.update(status="sent")
    row = take(
        report(recipient=sent.recipient, returned=f"Message-ID: {sent.message.message_id}\r\n").replace(
            b"From: MAILER-DAEMON@mx.", b"References: " + sent.message.message_id.encode() + b"\r\nFrom: joe@"
        ),
        "bounce@company-name.com",
    )
    assert (row.kind, row.state) == ("bounce", State.HANDLED)
    assert functions.take_for_ordinary(row) == 1
    handle_received()
    row = fresh(row)
    assert row.record_id == lead
    assert (row.kind, delivery(sent.recipient).status) == (Kind.REPLY, "sent")
