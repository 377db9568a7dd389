"""What should a person mend, as a program sees it?"""

from datetime import datetime
from typing import Annotated

from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED
from postroom.workspaces.access import alerts_of
from postroom.workspaces.models import Alert

MOST = 200  # causes, not mails: who has more looks at the first ones first

router = Router(tags=["alerts"])


class AlertOut(BaseModel):
    """One cause of trouble, from its first sign until it is over."""

    model_config = ConfigDict(from_attributes=True)

    kind: Annotated[str, Field(description="What sort of fault, such as server_fault; stable, for programs")]
    subject: Annotated[str, Field(description="Which one of its kind: a server's id, a domain")]
    what_happened: str
    what_to_do: str
    count: Annotated[int, Field(description="How often it was seen")]
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None


class AlertList(BaseModel):
    """Alerts, the one seen last first."""

    alerts: list[AlertOut]


class AlertListing(BaseModel):
    """Which alerts to list."""

    resolved: Annotated[bool, Field(description="Those that are over, too; absent: open ones only")] = False


@router.get("", response={200: AlertList, **REFUSED}, summary="List what should be mended")
def list_alerts(request: KeyRequest, listing: Query[AlertListing]) -> dict[str, list[Alert]]:
    """One alert for each cause, however much mail it concerns; at most 200."""
    alerts = alerts_of(request.auth.workspace)
    if not listing.resolved:
        alerts = alerts.filter(resolved_at=None)
    return {"alerts": list(alerts.order_by("-last_seen_at", "-id")[:MOST])}
