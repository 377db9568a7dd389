"""How does a mail become a post of a thread?"""

from collections.abc import Mapping
from typing import Any

from postroom.inbound.letter import Letter
from postroom.inbound.models import IncomingMessage
from postroom.rfc.address import Mailbox
from postroom.threads import news
from postroom.threads.contacts import contact_of
from postroom.threads.follow import follow
from postroom.threads.match import answers_note
from postroom.threads.merge import find_survivor
from postroom.threads.models import Contact, Post, Record, RecordType
from postroom.threads.post import NewPost, post
from postroom.threads.registry import NOTE, create_record
from postroom.workspaces.models import User, Workspace

_MAX_NAME = 500


def continue_thread(record: Record, row: IncomingMessage, letter: Letter, *, is_automatic: bool = False) -> Post:
    """Put the mail into the thread and tell whom it concerns; `row` gets both, not saved yet."""
    posted = _post(find_survivor(record), row, letter, text=letter.new_text, is_automatic=is_automatic)
    news.tell_replied(posted)
    return posted


def begin_thread(
    record_type: RecordType,
    row: IncomingMessage,
    letter: Letter,
    *,
    changes: Mapping[str, Any],
    is_automatic: bool = False,
) -> Post:
    """Create a record for the mail; `changes` are columns of Record. Its author follows it, and so hears the answers.

    A program that wrote it does not follow.
    """
    record = create_record(record_type, changes={"name": _name(record_type, letter), **changes})
    if letter.author and not is_automatic:
        follow(record, who_is(record.workspace, letter.author))
    posted = _post(record, row, letter, text=letter.text, is_automatic=is_automatic)
    news.tell_created(posted)
    return posted


def who_is(workspace: Workspace, mailbox: Mailbox) -> User | Contact:
    """The user of the workspace with this address; else the contact, made if need be."""
    user = find_user(workspace, mailbox.address)
    return user or contact_of(workspace, mailbox)


def find_user(workspace: Workspace, address: str) -> User | None:
    members = User.objects.filter(memberships__workspace=workspace, is_active=True)
    return members.filter(email__iexact=address).first()


def _post(record: Record, row: IncomingMessage, letter: Letter, *, text: str, is_automatic: bool) -> Post:
    author = who_is(record.workspace, letter.author) if letter.author else None
    # The html of an answer holds what it quotes, such as another follower's link to unfollow; the mail itself is kept.
    html = letter.html if _words(text) == _words(letter.text) else ""
    is_internal = isinstance(author, User) and answers_note(record, letter.references)
    new = NewPost(
        author=author,
        text=text,
        html=html,
        subject=letter.subject,
        kind=Post.Kind.EMAIL,
        subtype=NOTE if is_internal else None,
        to=letter.to,
        cc=letter.cc,
        files=letter.files,
        message_id=letter.message_id,
        is_automatic=is_automatic,
    )
    row.record, row.post = record, post(record, new)
    return row.post


def _name(record_type: RecordType, letter: Letter) -> str:
    return letter.subject[:_MAX_NAME] or (letter.author and letter.author.name) or record_type.label


def _words(text: str) -> list[str]:
    return text.split()
