"""Has a copy of this mail been handled already?"""

from postroom.inbound.incoming import Incoming, Settled, place_of
from postroom.inbound.lock import lock
from postroom.inbound.models import IncomingMessage, State

# What a person replays is handled again, copies or not.
_COUNTS = (State.HANDLED, State.UNROUTED, State.DROPPED)


def settle_copy(mail: Incoming) -> Settled | None:
    """A copy is kept and named as one."""
    lock(bytes(mail.row.fingerprint))  # another worker may be about to handle a copy
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
