"""Which messages does a program ask for?"""

from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from postroom.api.schemas import Listing
from postroom.outbound.models import TAGGED, Delivery, Message
from postroom.workspaces.models import Workspace


def find_message(workspace: Workspace, message_id: UUID) -> Message | None:
    """The message with its deliveries in the order of its recipients; two queries."""
    in_order = Prefetch("deliveries", Delivery.objects.order_by("id"))
    return _messages(workspace).prefetch_related(in_order).filter(pk=message_id).first()


def has_message(workspace: Workspace, message_id: UUID) -> bool:
    return Message.objects.filter(workspace=workspace, pk=message_id).exists()


def list_messages(workspace: Workspace, listing: Listing) -> list[tuple[Message, list[str]]]:
    """One more than `listing.limit` if there are more, newest first, each with the states of its deliveries."""
    deliveries = Delivery.objects.filter(message=OuterRef("pk")).order_by()
    found = _messages(workspace).annotate(statuses=ArraySubquery(deliveries.values("status").distinct()))
    if listing.before is not None:
        found = found.filter(pk__lt=listing.before)
    if listing.status is not None:
        found = found.filter(Exists(deliveries.filter(status=listing.status.value)))
    if listing.tag is not None:
        found = found.filter(TAGGED, tags__contains=[listing.tag])
    return [(message, message.statuses) for message in found.order_by("-pk")[: listing.limit + 1]]


def _messages(workspace: Workspace) -> QuerySet[Message]:
    return Message.objects.select_related("server", "company").filter(workspace=workspace)
