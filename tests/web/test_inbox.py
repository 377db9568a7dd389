"""Does a person see in the application what they were told, how much is unread, and choose how they are told?"""

from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default

import pytest
from django.test import Client
from django.utils import timezone

from postroom.outbound.models import Message, MessageContent
from postroom.policy.notification import Way
from postroom.threads import digest
from postroom.threads.follow import follow
from postroom.threads.inbox import prefer, preference_of
from postroom.threads.models import Notification, Preference, Record
from postroom.web.tasks import send_due_digests
from postroom.workspaces.models import User, Workspace
from tests.web.conversations import make_record, receive_mail

NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def user(member: Client) -> User:
    found = User.objects.get(pk=member.session["_auth_user_id"])
    prefer(found, Way.INBOX)
    return found


@pytest.fixture
def told(workspace: Workspace, user: User) -> Record:
    """A conversation of which the user was told twice."""
    record = make_record(workspace)
    follow(record, user)
    receive_mail(record, "Please call me.")
    receive_mail(record, "And the garden?")
    return record


def test_shows_what_is_unread_newest_first_and_counts_it(member: Client, told: Record) -> None:
    page = member.get("/inbox").content.decode()
    assert page.index("And the garden?") < page.index("Please call me.")
    assert '<span class="count">2</span>' in page
    counts = member.get("/inbox/counts").content.decode()
    assert '<span class="count">2</span>' in counts
    assert 'id="red-envelope" hx-swap-oob="true"' in counts


def test_who_opens_one_comes_to_the_post_and_has_read_it(member: Client, told: Record) -> None:
    row = Notification.objects.latest("pk")
    answer = member.get(f"/inbox/{row.pk}")
    assert answer["Location"] == f"/records/{told.pk}#post-{row.post_id}"
    assert "And the garden?" not in member.get("/inbox").content.decode()
    assert "And the garden?" in member.get("/inbox?show=all").content.decode()


def test_marks_the_ticked_ones_or_all_as_read(member: Client, told: Record) -> None:
    first, second = Notification.objects.order_by("pk")
    member.post("/inbox", {"notification": [first.pk, "nonsense"]})
    assert list(Notification.objects.filter(read_at=None)) == [second]
    member.post("/inbox")
    assert not Notification.objects.filter(read_at=None).exists()
    assert "Nothing is unread" in member.get("/inbox").content.decode()


def test_an_inbox_is_a_persons_own(owner: Client, told: Record) -> None:
    row = Notification.objects.latest("pk")
    assert "garden" not in owner.get("/inbox").content.decode()
    assert owner.get(f"/inbox/{row.pk}").status_code == 404
    owner.post("/inbox", {"notification": [row.pk]})
    assert Notification.objects.filter(read_at=None).count() == 2


def test_pages_hold_each_once(member: Client, told: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.web.views.inbox.PAGE_SIZE", 1)
    first = member.get("/inbox?before=nonsense").context
    second = member.get(f"/inbox?before={first['older']}").context
    assert first["rows"][0][0].pk > second["rows"][0][0].pk
    assert second["older"] is None


def test_the_profile_says_how_one_is_told(member: Client, user: User) -> None:
    assert "Tell me here, in my inbox" in member.get("/profile").content.decode()
    chosen = {"time_zone": "Europe/Paris", "theme": "auto", "way": "email", "wants_digest": "on"}
    assert member.post("/profile", chosen).status_code == 302
    assert preference_of(user) == {"way": "email", "wants_digest": True}


def sent_digests() -> list[str]:
    """Those that wait to leave, as their author wrote them."""
    mail = Message.objects.filter(source="web").order_by("created_at")
    return [(bytes(row.head) + bytes(row.body)).decode() for row in MessageContent.objects.filter(message__in=mail)]


def test_a_digest_tells_once_a_day_what_waits(told: Record, user: User) -> None:
    prefer(user, Way.INBOX, wants_digest=True)
    User.objects.update(time_zone=zone_where_it_is_noon())
    assert send_due_digests() == 1
    assert send_due_digests() == 0
    assert len(sent_digests()) == 1


def test_a_digest_is_automatic_mail_and_says_how_to_end_it(told: Record, user: User) -> None:
    prefer(user, Way.INBOX, wants_digest=True)
    User.objects.update(time_zone=zone_where_it_is_noon())
    assert send_due_digests() == 1
    (mail,) = sent_digests()
    assert "Auto-Submitted: auto-generated" in mail
    assert "X-Auto-Response-Suppress: All" in mail
    assert "Precedence: bulk" in mail
    assert "2 things wait in your inbox" in mail
    assert "And the garden?" in mail
    assert "/profile" in mail


def test_a_digest_is_html_and_text_in_the_language_of_the_person(told: Record, user: User) -> None:
    prefer(user, Way.INBOX, wants_digest=True)
    User.objects.update(time_zone=zone_where_it_is_noon(), language="fr")
    Record.objects.update(name="<Roof> & garden")
    assert send_due_digests() == 1
    mail = message_from_string(sent_digests()[0], policy=default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    for part in (text, html):
        words = part.get_content()
        assert "2 éléments vous attendent dans" in words
        assert "And the garden?" in words
        assert "Ouvrir la boîte de réception" in words
        assert f"/records/{told.pk}?workspace=company-name#post-" in words
        assert "/profile" in words
    assert "&lt;Roof&gt; &amp; garden" in html.get_content()
    assert "<Roof> & garden" in text.get_content()


def test_without_news_there_is_no_digest(told: Record, user: User) -> None:
    prefer(user, Way.INBOX, wants_digest=True)
    User.objects.update(time_zone=zone_where_it_is_noon())
    Notification.objects.update(created_at=timezone.now() - timedelta(days=3))
    Preference.objects.update(digest_sent_at=timezone.now() - timedelta(days=2))
    send_due_digests()
    assert sent_digests() == []


@pytest.mark.parametrize(
    ("zone", "last", "is_due"),
    [
        ("UTC", None, True),
        ("UTC", NOON - timedelta(days=1), True),
        ("UTC", NOON - timedelta(hours=4), False),
        ("America/Los_Angeles", None, False),  # 5 in the morning
        ("Asia/Tokyo", NOON - timedelta(hours=22), True),  # midnight lay between
    ],
)
def test_a_digest_is_due_once_a_day_of_the_person(user: User, zone: str, last: datetime | None, is_due: bool) -> None:
    User.objects.update(time_zone=zone)
    Preference.objects.update(wants_digest=True, digest_sent_at=last)
    assert bool(digest.due(NOON)) is is_due


def zone_where_it_is_noon() -> str:
    """Names of these zones count the other way round: Etc/GMT+3 is three hours behind."""
    ahead = 12 - timezone.now().hour
    return f"Etc/GMT{-ahead:+d}"
