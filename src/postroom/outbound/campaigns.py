"""How does a campaign stand, and whom do a workspace's campaigns come from?"""

from django.db.models import Count

from postroom.outbound import queue
from postroom.outbound.models import Delivery, Message, Stream
from postroom.rfc.address import parse_mailbox
from postroom.workspaces.models import Workspace

LATEST = 10_000  # messages of the workspace that are searched for mass mail


def count_campaign(workspace: Workspace, name: str) -> dict[str, int]:
    """Deliveries by state; empty where the workspace sent nothing under that name, or keeps nothing of it any more.

    Nobody is told of failed mass mail by mail: this is where its failures are seen, together.
    """
    flow = queue.flow_of(workspace.pk, Stream.MASS, name)
    deliveries = Delivery.objects.filter(workspace=workspace, flow=flow)
    return dict(deliveries.order_by().values_list("status").annotate(Count("pk")))


def addresses_of_campaigns(workspace: Workspace) -> list[str]:
    """Which addresses the mass mail among the latest messages was handed in from, in alphabetical order."""
    latest = Message.objects.filter(workspace=workspace).order_by("-id").values_list("stream", "author_from")[:LATEST]
    texts = {author for stream, author in latest if stream == Stream.MASS and author}
    return sorted({parse_mailbox(text).address for text in texts})
