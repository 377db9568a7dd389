"""How does a campaign stand: how many of its deliveries are in which state?"""

from django.db.models import Count

from postroom.outbound import queue
from postroom.outbound.models import Delivery, Stream
from postroom.workspaces.models import Workspace


def count_campaign(workspace: Workspace, name: str) -> dict[str, int]:
    """Deliveries by state; empty where the workspace sent nothing under that name, or keeps nothing of it any more.

    Failures of mass mail are told nobody by mail: this is where they are seen, together.
    """
    flow = queue.flow_of(workspace.pk, Stream.MASS, name)
    deliveries = Delivery.objects.filter(workspace=workspace, flow=flow)
    return dict(deliveries.order_by().values_list("status").annotate(Count("pk")))
