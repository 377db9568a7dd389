"""How would a message leave, were it sent now? (requirement D7)"""

from typing import Any

from ninja import Router

from postroom.api import answers
from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED
from postroom.api.schemas import Rehearsal, Sending
from postroom.api.submissions import route_of
from postroom.servers.dns_standing import standing_of

router = Router(tags=["routing"], by_alias=True)


@router.post("", response={200: Rehearsal, **REFUSED}, summary="Ask how a message would leave")
def post_route(request: KeyRequest, sending: Sending) -> dict[str, Any]:
    """Decides server, From, return path and Reply-To as for a real message, and stores nothing.

    Worth asking before a mailing: `dns` says whether receivers will take its mail for genuine.
    """
    route = route_of(sending, request.auth.workspace)
    return answers.tell_rehearsal(route, standing_of(request.auth.workspace, route.decision))
