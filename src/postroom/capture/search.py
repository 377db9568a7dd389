"""Which captured messages are there to look at?"""

from django.db.models import F, Func, Q, QuerySet, TextField, Value

from postroom.capture.models import CapturedMessage

PAGE_SIZE = 50


def newest(*, words: str = "", before: int | None = None, limit: int = PAGE_SIZE) -> QuerySet[CapturedMessage]:
    """At most `limit` messages, newest first, without their raw bytes: those that hold every one of `words` in subject,
    From or envelope. `before`: the page after the one that ended with the message of this id.
    """
    found = CapturedMessage.objects.defer("raw").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    if words:
        found = found.annotate(all_recipients=_joined_recipients())
    for word in words.split():
        found = found.filter(_holds(word))
    return found[:limit]


def _joined_recipients() -> Func:
    return Func(F("recipients"), Value(" "), function="array_to_string", output_field=TextField())


def _holds(word: str) -> Q:
    """No index: a scan of the newest 10,000 rows, whose raw bytes lie elsewhere, takes a few milliseconds."""
    return (
        Q(subject__icontains=word)
        | Q(header_from__icontains=word)
        | Q(mail_from__icontains=word)
        | Q(all_recipients__icontains=word)
    )
