"""What was said with a server of late, word for word?"""

from postroom.outbound.models import Attempt
from postroom.servers.models import OutgoingServer

MOST = 5
LOOKED_AT = 1000  # newest attempts of the installation: a server that sends nothing must not make us read them all


def recent_dialogs(server: OutgoingServer) -> list[Attempt]:
    """The newest attempts through the server that have a dialog, with their deliveries."""
    newest = Attempt.objects.order_by("-pk").values("pk")[:LOOKED_AT]
    through = Attempt.objects.filter(
        pk__in=list(newest.values_list("pk", flat=True)), delivery__lane__outlet__server=server
    )
    return list(through.exclude(dialog="").select_related("delivery").order_by("-pk")[:MOST])
