"""What are programs told of conversations by webhook?"""

from postroom.policy.webhook import Event
from postroom.threads.models import Post
from postroom.webhooks.outbox import emit


def tell_created(post: Post) -> None:
    """A mail has made a record: its first post."""
    _tell(Event.THREAD_CREATED, post)


def tell_replied(post: Post) -> None:
    """A mail has come into a thread."""
    _tell(Event.THREAD_REPLIED, post)


def _tell(event: Event, post: Post) -> None:
    """Call it in the transaction in which the post is stored."""
    record = post.record
    payload = {
        "record": record.pk,
        "type": record.type.key,
        "external_id": record.external_id or None,
        "name": record.name,
        "values": record.values,
        "post": post.pk,
        "author": post.author,
        "subject": post.subject,
        "message_id": post.message_id,
        "automatic": post.is_automatic,
    }
    emit(record.workspace, event, payload)
