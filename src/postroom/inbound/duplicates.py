"""Has a copy of this mail been handled already?"""

from functools import cache
from importlib.resources import files

from django.db import connection

from postroom.inbound.incoming import Incoming, Settled, place_of
from postroom.inbound.models import IncomingMessage, State

# What a person replays is handled again, copies or not.
_COUNTS = (State.HANDLED, State.UNROUTED, State.DROPPED)


def settle_copy(mail: Incoming) -> Settled | None:
    """A copy is kept and named as one."""
    _wait_for_copies(mail.row)
    mail.row.destination = place_of(mail.destination)
    copies = IncomingMessage.objects.filter(
        fingerprint=mail.row.fingerprint,
        destination=mail.row.destination,
        workspace=mail.workspace,
        state__in=_COUNTS,
    )
    first = copies.exclude(pk=mail.row.pk).order_by("pk").values_list("pk", flat=True).first()
    if first is None or mail.row.forced_kind:
        return None
    return Settled(State.DUPLICATE, f"The same mail was received before, as number {first}.")


def _wait_for_copies(row: IncomingMessage) -> None:
    """Until the transaction ends no copy of the mail is handled by another worker, which would not see this one yet."""
    with connection.cursor() as cursor:
        cursor.execute(_lock(), {"key": int.from_bytes(row.fingerprint[:8], signed=True)})


@cache
def _lock() -> str:
    return files("postroom.inbound").joinpath("sql", "lock_copies.sql").read_text(encoding="utf-8")
