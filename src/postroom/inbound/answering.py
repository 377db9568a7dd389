"""When is the author of an incoming mail answered automatically, and with what?"""

import structlog
from django.db import transaction
from django.utils import timezone

from postroom.domains.addresses import Kind as AddressKind
from postroom.domains.addresses import resolve
from postroom.errors import PostroomError
from postroom.inbound.incoming import Incoming
from postroom.inbound.lock import lock
from postroom.inbound.models import IncomingMessage
from postroom.outbound.submit import Submission, submit
from postroom.policy.automatic_answer import APART, make_answer, may_answer
from postroom.policy.classification import Kind
from postroom.policy.loop_budget import Verdict
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.headers import split_message
from postroom.threads import loops

log = structlog.get_logger()
SOURCE = "answer"


def answer(mail: Incoming, text: str) -> bool:
    """Queue `text` to the mail's author, once; False where it must not be answered, or has been lately."""
    to = _answerable(mail)
    if to is None or _was_answered(mail) or _is_loop(mail):
        return False
    letter = mail.letter
    draft = make_answer(to, subject=letter.subject, message_id=letter.message_id, text=text)
    try:
        with transaction.atomic():
            submit([Submission(content=draft, company=mail.company, source=SOURCE, is_automatic=True)])
    except PostroomError as error:
        log.warning("incoming.not_answered", incoming=mail.row.pk, error=error.code)
        return False
    mail.row.answered_at = timezone.now()
    return True


def _answerable(mail: Incoming) -> Mailbox | None:
    """Whom an answer goes to: the return path (RFC 3834 §4), or the author where that is not known; None: to nobody."""
    author = mail.letter.author
    return_path = mail.content.return_path
    if author is None or return_path == "" or mail.kind is not Kind.ORDINARY:
        return None
    try:
        to = parse_mailbox(return_path) if return_path else author
    except PostroomError:
        return None
    is_ours = any(resolve(each.address).kind is not AddressKind.UNKNOWN for each in (to, author))
    head, _ = split_message(mail.raw)
    return to if not is_ours and may_answer(head, mail.fields, author) else None


def _was_answered(mail: Incoming) -> bool:
    """This mail, before it was replayed, or lately another of its author to the same place."""
    lock(f"answer {mail.owner.pk} {mail.author} {mail.row.destination}".encode())  # two mails may come at once
    lately = IncomingMessage.objects.filter(workspace=mail.workspace, answered_at__gte=timezone.now() - APART)
    is_same = lately.filter(author=mail.author, destination=mail.row.destination).exists()
    return is_same or mail.row.answered_at is not None


def _is_loop(mail: Incoming) -> bool:
    return loops.check(mail.owner, mail.author, text=mail.letter.own_words) is not Verdict.GO_ON
