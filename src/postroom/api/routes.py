"""How would a message leave, were it sent now? (requirement D7)"""

from typing import Any

from ninja import Router

from postroom.api import answers
from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED
from postroom.api.schemas import Route, Sending
from postroom.api.submissions import route_of

router = Router(tags=["routing"], by_alias=True)


@router.post("", response={200: Route, **REFUSED}, summary="Ask how a message would leave")
def post_route(request: KeyRequest, sending: Sending) -> dict[str, Any]:
    """Decides server, From, return path and Reply-To as for a real message, and stores nothing."""
    return answers.tell_route(route_of(sending, request.auth.workspace))
