"""What of a workspace's mail a person should look at."""

from postroom.outbound.models import Delivery
from postroom.policy.status import NEEDS_A_PERSON
from postroom.workspaces.models import Workspace

MOST = 1000  # counted no further: nobody reads a bigger number, and a day of failures may leave millions


def failed_count(workspace: Workspace) -> int:
    """Deliveries that came to nothing, may have arrived, or are held; MOST at most."""
    return Delivery.objects.filter(workspace=workspace, status__in=sorted(NEEDS_A_PERSON))[:MOST].count()
