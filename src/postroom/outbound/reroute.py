"""What happens to waiting mail whose routing has changed since it was queued (requirement D8)."""

from uuid import UUID

from django.db import transaction

from postroom.errors import PostroomError
from postroom.outbound import queue, route
from postroom.outbound.models import Message
from postroom.rfc.address import parse_mailbox


@transaction.atomic
def reroute(message_id: UUID, lane: int) -> bool:
    """Decide anew for a message, by the settings of now; whether its unsent deliveries left `lane`."""
    message = Message.objects.select_related("company__workspace").get(pk=message_id)
    author = parse_mailbox(message.author_from) if message.author_from else None
    try:
        decision = route.decide(
            author, company=message.company, stream=message.stream, forced_server=message.forced_server_id
        )
    except PostroomError as error:
        queue.hold(message_id, reason=error.message)
        return True
    server_id = route.server_id(decision)
    columns = route.columns(message.company.workspace, decision, is_automatic=message.is_automatic)
    for name, value in columns.items():
        setattr(message, name, value)
    message.server_id = server_id
    message.save(update_fields=["server", *route.COLUMNS])
    new_lane = queue.lane_of(server_id, message.stream)
    if new_lane != lane:
        queue.move(message_id, lane=new_lane)
    return new_lane != lane
