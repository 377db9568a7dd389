"""Does the red envelope count what a person has to look at, and no more?"""

from postroom.outbound.models import Delivery
from postroom.threads.attention import Red, glance, needing
from postroom.threads.envelope import ignore, retry
from postroom.threads.models import Notification, Post
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import User
from tests.threads.desk import Desk

MARY = "mary@customer.example.com"


def red(desk: Desk) -> Red:
    user = User.objects.first() or desk.add_user("Ann")
    return glance(user, desk.workspace).red


def test_mail_that_could_not_be_made_counts_until_it_is_made(desk: Desk) -> None:
    lead = desk.add_record()
    desk.add_server()
    desk.follow(lead, MARY)
    desk.write(lead, None, subject="Two\r\nlines")
    assert red(desk) == Red(failed=0, unmade=1)
    Post.objects.update(subject="One line")
    retry(Notification.objects.get())
    assert red(desk).total == 0


def test_what_a_person_leaves_so_counts_no_more(desk: Desk) -> None:
    lead = desk.add_record()
    desk.add_server()
    desk.follow(lead, MARY)
    desk.write(lead, None)
    Delivery.objects.update(status="bounced")
    assert red(desk) == Red(failed=1, unmade=0)
    ignore(Notification.objects.all())
    assert red(desk).total == 0
    assert not needing(desk.workspace).exists()


def test_another_workspace_counts_its_own(desk: Desk) -> None:
    lead = desk.add_record()
    desk.follow(lead, MARY)
    desk.write(lead, None, subject="Two\r\nlines")
    assert glance(desk.add_user("Ann"), create_workspace("other", company="Other Company")).red.total == 0
