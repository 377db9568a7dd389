"""Under which Message-IDs did our mail really leave? Providers tell it in their answers."""

from django.db import transaction

from postroom.outbound.models import Delivery
from postroom.policy.learned_message_id import learn
from postroom.threads.models import Identifier, Notification

AT_ONCE = 500
# Answers are looked for no longer: mail that waits for days is rare, and its lessons cost a look a minute.
_UNREAD = Notification.objects.filter(message__isnull=False, is_learned_from=False)


@transaction.atomic
def learn_identifiers() -> int:
    """Keep the Message-IDs that servers told since this was last asked; how many notifications were looked at."""
    waiting = _UNREAD.filter(message__deliveries__finished_at__isnull=False).order_by("id").distinct()
    found = {each.pk: each for each in waiting.select_related("post__record")[:AT_ONCE]}
    answers = Delivery.objects.filter(message__in={each.message_id for each in found.values()})
    replies: dict[object, set[str]] = {}
    for message, reply in answers.exclude(finished_at=None).values_list("message", "reply_text"):
        replies.setdefault(message, set()).add(reply)
    for each in found.values():
        for learned in filter(None, map(learn, replies.get(each.message_id, ()))):
            Identifier.objects.get_or_create(
                post=each.post,
                workspace_id=each.post.record.workspace_id,
                message_id=learned,
                defaults={"origin": Identifier.Origin.LEARNED},
            )
    Notification.objects.filter(pk__in=found).update(is_learned_from=True)
    return len(found)
