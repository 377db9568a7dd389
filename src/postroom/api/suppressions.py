"""How does a program read and change the list of addresses that get no mail?"""

from datetime import datetime
from typing import Annotated, Any

from django.http import StreamingHttpResponse
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED
from postroom.api.schemas import Moment, RequestBody
from postroom.outbound import suppressions
from postroom.outbound.models import Suppression
from postroom.outbound.suppression_csv import read_table, write_table
from postroom.policy.suppression import Scope

MAX_ADDRESSES = 1_000
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_NO_CONTROLS)]
Addresses = Annotated[list[Text], Field(min_length=1, max_length=MAX_ADDRESSES)]

router = Router(tags=["suppressions"])


class SuppressionIn(RequestBody):
    """Addresses to suppress, all for the same reason."""

    addresses: Addresses
    reason: Annotated[Text, Field(description="A sentence for people")] = "Suppressed by a program."
    scope: Annotated[Scope, Field(description="Which mail they are not sent")] = Scope.ALL
    expires_at: Annotated[Moment | None, Field(description="Absent: until it is released")] = None


class SuppressionOut(BaseModel):
    """An address that gets no mail, or no mass mail."""

    model_config = ConfigDict(from_attributes=True)

    address: str
    scope: Scope
    reason: str
    source: Annotated[str, Field(description="person, faults, complaint or unsubscribed")]
    created_at: datetime
    expires_at: datetime | None


class SuppressionChoice(RequestBody):
    """Which entries are meant; what is absent does not narrow."""

    addresses: Annotated[Addresses | None, Field(description="These; @example.com is all of a domain")] = None
    scope: Scope | None = None
    source: Suppression.Source | None = None


class SuppressionListing(BaseModel):
    """Which entries to list."""

    address: Annotated[Text | None, Field(description="This one; @example.com is all of a domain")] = None
    scope: Scope | None = None
    source: Suppression.Source | None = None
    after: Annotated[str | None, Field(description="Only addresses that come after this one")] = None
    limit: Annotated[int, Field(ge=1, le=1_000, description="From 1 to 1,000; absent: 100")] = 100


class SuppressionList(BaseModel):
    """A page of the list, by address."""

    suppressions: list[SuppressionOut]
    next_after: Annotated[str | None, Field(description="Pass it as “after” for the next page; null: the last page")]


class Changed(BaseModel):
    """What became of a request."""

    changed: Annotated[int, Field(description="How many addresses")]


@router.post("", response={200: Changed, **REFUSED}, summary="Suppress addresses")
def suppress(request: KeyRequest, wanted: SuppressionIn) -> dict[str, int]:
    """New mail to them is not sent from now on, and what waits for them is withdrawn when its turn comes."""
    entries = [
        suppressions.Entry(address=address, reason=wanted.reason, scope=wanted.scope, expires_at=wanted.expires_at)
        for address in wanted.addresses
    ]
    return {"changed": suppressions.suppress(request.auth.workspace, entries)}


@router.post("/release", response={200: Changed, **REFUSED}, summary="Release addresses")
def release(request: KeyRequest, choice: SuppressionChoice) -> dict[str, int]:
    """Takes all that fits off the list, and forgets the faults that led to it."""
    workspace = request.auth.workspace
    found = suppressions.find(workspace, addresses=choice.addresses or (), scope=choice.scope, source=choice.source)
    return {"changed": suppressions.release(found, workspace)}


@router.get("", response={200: SuppressionList, **REFUSED}, summary="List suppressed addresses")
def list_suppressions(request: KeyRequest, listing: Query[SuppressionListing]) -> dict[str, Any]:
    """By address; next_after leads to the next page."""
    addresses = (listing.address,) if listing.address else ()
    found = suppressions.find(
        request.auth.workspace, addresses=addresses, scope=listing.scope, source=listing.source
    ).order_by("address")
    if listing.after is not None:
        found = found.filter(address__gt=listing.after)
    page = list(found[: listing.limit + 1])
    is_last = len(page) <= listing.limit
    page = page[: listing.limit]
    return {"suppressions": page, "next_after": None if is_last else page[-1].address}


@router.get("/table", response={200: None, **REFUSED}, summary="Download the list")
def export_table(request: KeyRequest) -> StreamingHttpResponse:
    """The whole list in CSV (RFC 4180)."""
    rows = suppressions.find(request.auth.workspace).order_by("address")
    return StreamingHttpResponse(write_table(rows.iterator()), content_type="text/csv; charset=utf-8; header=present")


@router.post("/table", response={200: Changed, **REFUSED}, summary="Read a list in")
def import_table(request: KeyRequest) -> dict[str, int]:
    """A CSV table with a header line, as the body; all of it or, when a line is wrong, nothing."""
    entries = read_table(request.body.decode("utf-8", errors="replace"))
    return {"changed": suppressions.suppress(request.auth.workspace, entries)}
