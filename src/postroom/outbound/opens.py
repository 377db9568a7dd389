"""How is it known that mail was opened? Gives it an image of its own, and counts how often that is fetched.

Only where the workspace wants it, in mail that applications and people hand in as HTML: what comes in by SMTP is the
author's own MIME and stays as it is. All recipients of a message get the same bytes, so that of several nobody can tell
which one opened it.
"""

import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from postroom.outbound.models import Delivery, Message, Opening, Stream
from postroom.policy import opens
from postroom.policy.composition import Draft
from postroom.policy.signed_number import make_token, read_token
from postroom.policy.webhook import Event
from postroom.rfc.submitted import SubmittedMessage
from postroom.vault import derive_key
from postroom.webhooks.outbox import emit
from postroom.workspaces.models import Workspace

PATH = "/opened/"
_PURPOSE = b"open"
_IMAGE = re.compile(rf'<img src="[^"]*{PATH}[0-9a-f]+\.gif"[^>]*>')


def with_image(
    content: Draft | SubmittedMessage, message: UUID, *, workspace: Workspace, stream: Stream
) -> Draft | SubmittedMessage:
    """The content, with the message's image where the workspace wants to know of such mail."""
    if not opens.follows(workspace.follows_opens, is_mass=stream == Stream.MASS):
        return content
    if not isinstance(content, Draft) or not content.html:
        return content
    return replace(content, html=opens.add_image(content.html, address_of(message)))


def without_images(html: str) -> str:
    """The HTML for our own pages: a look at a mail that was sent does not open it."""
    return _IMAGE.sub("", html)


def address_of(message: UUID) -> str:
    """Where the image is; only who has the message knows it."""
    token = make_token(message.int, purpose=_PURPOSE, key=_key())
    return f"{settings.POSTROOM.public_url}{PATH}{token}.gif"


def note(token: str, user_agent: str) -> None:
    """The image of a message was fetched; nothing happens for a token that is not ours, or is of mail that is gone."""
    number = read_token(token, purpose=_PURPOSE, keys=[_key()])
    message = Message.objects.select_related("workspace").filter(pk=UUID(int=number)).first() if number else None
    if message is None:
        return
    is_machine = opens.may_be_machine(user_agent, after=_time_since_it_left(message))
    now = timezone.now()
    with transaction.atomic():
        Opening.objects.get_or_create(message=message, defaults={"first_at": now, "last_at": now})
        opening = Opening.objects.select_for_update().get(message=message)
        counter = "machines" if is_machine else "people"
        if not getattr(opening, counter):
            _tell(message, is_machine=is_machine)
        Opening.objects.filter(message=message).update(**{counter: F(counter) + 1}, last_at=now)


def _time_since_it_left(message: Message) -> timedelta:
    left = message.deliveries.exclude(finished_at=None).order_by("finished_at").values_list("finished_at", flat=True)
    return timezone.now() - (left.last() or timezone.now())


def _tell(message: Message, *, is_machine: bool) -> None:
    """The first time, and the first time that it looks like a person."""
    recipients = list(Delivery.objects.filter(message=message).values_list("recipient", flat=True)[:2])
    payload = {
        "message": str(message.pk),
        "message_id": message.message_id,
        "recipient": recipients[0] if len(recipients) == 1 else None,
        "may_be_machine": is_machine,
        "stream": message.stream,
        "tags": message.tags,
    }
    emit(message.workspace, Event.MESSAGE_OPENED, payload)


@cache
def _key() -> bytes:
    return derive_key("opens")
