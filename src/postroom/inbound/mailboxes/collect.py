"""What happens to each mail in a mailbox? Fetched, stored, committed, and only then marked or deleted on the server.

That a mail was stored is committed together with it, under the name it has on the server. So whatever dies in between,
it is stored once, and marked or deleted at the next visit.
"""

import threading

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from postroom.inbound.mailboxes.alerts import MAIL_ALERT, clear_mail_alert
from postroom.inbound.mailboxes.mailbox import Listed, Mailbox, MailboxError
from postroom.inbound.models import IncomingServer, MailboxEntry
from postroom.inbound.receive import Arrival, receive, wake
from postroom.jobs import DATABASE_AWAY
from postroom.rfc.headers import get_field, split_message
from postroom.workspaces.alerts import raise_alert

log = structlog.get_logger()
MAX_TRIES = 3  # a mail that breaks the connection each time must not keep the others waiting for ever

_AT_ONCE = 1_000  # rows a statement


def collect(mailbox: Mailbox, server: IncomingServer, stopping: threading.Event) -> int:
    """Fetch what is new, until it is time to stop; how many. MailboxError once the connection is lost."""
    known = {entry.uid: entry for entry in server.entries.filter(epoch=mailbox.epoch)}
    listed = mailbox.listing()
    _forget_others(server, mailbox.epoch, listed)
    count = 0
    for mail in listed:
        if stopping.is_set():
            break
        count += _take(mailbox, server, mail, known.get(mail.uid))
    if count:
        transaction.on_commit(wake)
    return count


def try_again(server: IncomingServer) -> None:
    """Let mails be tried again that were given up."""
    server.entries.filter(stored_at=None).delete()
    clear_mail_alert(server)


def _take(mailbox: Mailbox, server: IncomingServer, mail: Listed, known: MailboxEntry | None) -> bool:
    """Whether it was stored now."""
    if known and not known.stored_at and known.tries >= MAX_TRIES:
        return False
    is_new = not (known and known.stored_at)
    try:
        if is_new and not _fetch(mailbox, server, mail):
            return False
        mailbox.settle(mail.uid)
    except DATABASE_AWAY:
        raise
    except MailboxError as error:
        _note_trouble(server, mailbox, mail, error.message)
        if error.is_lost:
            raise
        return False
    except Exception as error:
        log.exception("mailbox.mail_broken", server=server.pk, uid=mail.uid)
        _note_trouble(server, mailbox, mail, f"It could not be stored: {type(error).__name__}.")
        return False
    return is_new


def _fetch(mailbox: Mailbox, server: IncomingServer, mail: Listed) -> bool:
    limit = settings.POSTROOM.max_message_bytes
    if mail.size_bytes > limit:
        _note_trouble(server, mailbox, mail, f"It has {mail.size_bytes:,} bytes; {limit:,} are taken.", is_final=True)
        return False
    raw = mailbox.retrieve(mail.uid)
    return raw is not None and _store(mailbox, server, mail, raw)


def _store(mailbox: Mailbox, server: IncomingServer, mail: Listed, raw: bytes) -> bool:
    """False where another visit was faster: the constraint lets one through."""
    arrival = Arrival(
        raw=raw,
        source=mailbox.source,
        return_path=_return_path(raw),
        workspace=server.workspace_id,
        server=server.pk,
    )
    try:
        with transaction.atomic():
            server.entries.filter(epoch=mailbox.epoch, uid=mail.uid, stored_at=None).delete()
            MailboxEntry.objects.create(server=server, epoch=mailbox.epoch, uid=mail.uid, stored_at=Now())
            ids = receive(arrival)
    except IntegrityError:
        return False
    log.info("incoming.received", incoming=ids, source=arrival.source, server=server.pk)
    return True


def _return_path(raw: bytes) -> str | None:
    """As the server that delivered it into the mailbox has written it down (RFC 5321 §4.4)."""
    field = get_field(split_message(raw)[0], "Return-Path")
    return None if field is None else field.strip().removeprefix("<").removesuffix(">")


def _note_trouble(
    server: IncomingServer, mailbox: Mailbox, mail: Listed, words: str, *, is_final: bool = False
) -> None:
    """Count it against the mail; the last time a person is told, and it stays where it is."""
    with transaction.atomic():
        entry, _ = MailboxEntry.objects.get_or_create(server=server, epoch=mailbox.epoch, uid=mail.uid)
        tries = MAX_TRIES if is_final else F("tries") + 1
        MailboxEntry.objects.filter(pk=entry.pk).update(tries=tries, trouble=words)
        entry.refresh_from_db()
        if entry.stored_at is None and entry.tries >= MAX_TRIES:
            raise_alert(
                server.workspace,
                MAIL_ALERT,
                str(server.pk),
                what_happened=f"A mail (UID {mail.uid}) cannot be fetched from “{server.name}”. {words}",
                what_to_do="It stays on the server and the others are fetched. Look at it there, then let it be tried "
                f"again: `postroom incoming fetch “{server.name}” --again`.",
            )
    log.warning("mailbox.mail_failed", server=server.pk, uid=mail.uid, tries=entry.tries, error=words)


def _forget_others(server: IncomingServer, epoch: str, listed: list[Listed]) -> None:
    """What the server lists no longer need not be known: were it to come again, it would be told for a copy."""
    uids = {mail.uid for mail in listed}
    rows = server.entries.values_list("pk", "epoch", "uid")
    gone = [pk for pk, of_epoch, uid in rows if of_epoch != epoch or uid not in uids]
    for start in range(0, len(gone), _AT_ONCE):
        server.entries.filter(pk__in=gone[start : start + _AT_ONCE]).delete()
    if gone and not server.entries.filter(stored_at=None).exists():
        clear_mail_alert(server)
