"""Do two programs that answer each other fall silent, and does a person hear of it?"""

from datetime import timedelta

from django.utils import timezone

from postroom.policy.loop_budget import Verdict
from postroom.rfc.address import parse_mailbox
from postroom.threads import inbox
from postroom.threads.contacts import contact_of
from postroom.threads.loops import check
from postroom.threads.models import Post
from postroom.threads.post import NewPost, post
from postroom.workspaces.models import Alert
from postroom.workspaces.parameters import LOOP_MINUTES, LOOP_THRESHOLD, set_parameter
from tests.threads.desk import MARY, Desk, told, waiting


def comes_in(desk: Desk, lead: int, text: str) -> Verdict:
    """A mail of Mary's, as the receiving side takes it."""
    record = desk.record(lead)
    verdict = check(desk.workspace, "mary@customer.example.com", text=text, record=record)
    mary = contact_of(desk.workspace, parse_mailbox(MARY))
    post(record, NewPost(author=mary, text=text, kind=Post.Kind.EMAIL))
    return verdict


def words(number: int) -> str:
    return "word " * (number + 1)


def test_past_the_budget_a_thread_is_paused_and_people_are_told(desk: Desk) -> None:
    set_parameter(desk.workspace, LOOP_THRESHOLD, "3")
    ann, lead = desk.add_user("Ann"), desk.add_record()
    desk.add_server()
    desk.follow(lead, ann)
    verdicts = [comes_in(desk, lead, words(number)) for number in range(5)]
    assert verdicts == [Verdict.GO_ON] * 3 + [Verdict.THREAD_OVER_BUDGET] * 2
    assert len(waiting()) == 3
    assert [each.post.kind for each in inbox.unread(ann, desk.workspace)] == ["note"]
    alert = Alert.objects.get(kind="mail_loop")
    assert (alert.count, alert.resolved_at) == (2, None)
    assert desk.ask(f"/records/{lead}")["paused"]


def test_a_resumed_thread_counts_anew_and_mails_again(desk: Desk) -> None:
    set_parameter(desk.workspace, LOOP_THRESHOLD, "1")
    lead = desk.add_record()
    desk.add_server()
    desk.follow(lead, "paul@customer.example.com")
    for number in range(2):
        comes_in(desk, lead, words(number))
    assert told(desk.write(lead, None)) == {}
    assert not desk.call(f"/records/{lead}/resume", {})["paused"]
    assert comes_in(desk, lead, "Sorry for that.") is Verdict.GO_ON
    assert told(desk.write(lead, None)) == {"paul@customer.example.com": ("email", "waiting")}
    assert Alert.objects.get().resolved_at


def test_what_came_before_the_minutes_of_the_parameter_does_not_count(desk: Desk) -> None:
    set_parameter(desk.workspace, LOOP_THRESHOLD, "2")
    lead = desk.add_record()
    for number in range(2):
        comes_in(desk, lead, words(number))
    Post.objects.update(created_at=timezone.now() - timedelta(minutes=90))
    set_parameter(desk.workspace, LOOP_MINUTES, "60")
    assert comes_in(desk, lead, words(2)) is Verdict.GO_ON
    set_parameter(desk.workspace, LOOP_MINUTES, "120")
    assert comes_in(desk, lead, words(3)) is Verdict.THREAD_OVER_BUDGET


def test_our_own_words_that_come_back_are_an_echo(desk: Desk) -> None:
    lead = desk.add_record()
    desk.write(lead, None, text="The roof is done, ticket 17.")
    assert comes_in(desk, lead, "the roof is done (ticket 18)") is Verdict.ECHO


def test_a_sender_who_writes_to_many_threads_is_known_as_well(desk: Desk) -> None:
    set_parameter(desk.workspace, LOOP_THRESHOLD, "2")
    leads = [desk.add_record(f"Lead {number}") for number in range(3)]
    verdicts = [comes_in(desk, lead, words(number)) for number, lead in enumerate(leads)]
    assert verdicts[-1] is Verdict.SENDER_OVER_BUDGET
