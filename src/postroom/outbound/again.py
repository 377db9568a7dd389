"""How is a message sent once more, to those of its recipients who are to get it again?"""

from collections.abc import Collection

from postroom.errors import PostroomError
from postroom.outbound.models import Message, MessageContent, Stream
from postroom.outbound.submit import Queued, Submission, submit
from postroom.rfc.address import parse_mailbox
from postroom.rfc.headers import remove_field
from postroom.rfc.submitted import SubmittedMessage


class ContentGoneError(PostroomError):
    """The content of this message is kept no longer; only what became of it is known."""

    code = "content_gone"


class NobodyChosenError(PostroomError):
    """Choose at least one recipient of the message."""

    code = "nobody_chosen"


def send_again(message: Message, recipients: Collection[str]) -> Queued:
    """A new message with the same content, for those of `recipients` that the message went to.

    It has a Message-ID and a Date of its own, so that nobody's mail program takes it for one that is there already, and
    is routed by the settings of today. ContentGoneError, NobodyChosenError, and the PostroomErrors of `submit`.
    """
    content = MessageContent.objects.filter(message=message).first()
    if content is None:
        raise ContentGoneError
    known = list(message.deliveries.filter(recipient__in=recipients).order_by("id").values_list("recipient", flat=True))
    if not known:
        raise NobodyChosenError
    author = parse_mailbox(message.author_from) if message.author_from else None
    again = SubmittedMessage(
        head=remove_field(remove_field(bytes(content.head), "Message-ID"), "Date"), body=bytes(content.body),
        from_=(author,) if author else (), sender=None, to=(), cc=(), bcc=(), subject=message.subject, message_id=None,
    )  # fmt: skip
    submission = Submission(
        content=again,
        company=message.company,
        source="again",
        recipients=tuple(map(parse_mailbox, known)),
        stream=Stream(message.stream),
        forced_server=message.forced_server_id,
        tags=tuple(message.tags),
        is_automatic=message.is_automatic,
    )
    return submit([submission])[0]
