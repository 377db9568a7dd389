"""How does a program set up the addresses that take mail in, and ask where mail belongs?"""

from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router, Status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from postroom.api.answers import tell_impact
from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED
from postroom.api.schemas import MAX_ID, ImpactList, Name, Storable, StoredBody
from postroom.domains.addresses import Kind, resolve
from postroom.domains.aliases import find_alias, put_alias, remove_alias
from postroom.domains.models import Alias
from postroom.inbound.impact import impact_of
from postroom.inbound.probes import Need, Proof, needs, send_probe

router = Router(tags=["addresses"])

AddressText = Annotated[str, StringConstraints(min_length=3, max_length=320)]


class AliasIn(StoredBody):
    """An alias; what is absent keeps its value, or the usual one for a new alias."""

    local_part: Annotated[Name, Field(examples=["info"])]
    domains: Annotated[
        list[Name],
        Field(
            default_factory=list,
            max_length=100,
            description="The first is that of its address; none: the workspace's sub-domain",
        ),
    ]
    record_type: Annotated[str | None, Field(max_length=100, description="What new mail creates; empty: nothing")] = (
        None
    )
    forced_record: Annotated[int | None, Field(le=MAX_ID, description="The record that all mail goes to")] = None
    defaults: Annotated[dict[str, Any] | None, Field(description="Values of the records it creates")] = None
    policy: Annotated[Alias.Policy | None, Field(description="Who may write to it")] = None
    refusal: Annotated[str | None, Field(max_length=10_000, description="Told to whom the policy refuses")] = None
    matches_local_part: Annotated[bool | None, Field(description="Counts at other domains as well")] = None


class AliasOut(BaseModel):
    """An alias."""

    address: str
    further_addresses: list[str]
    record_type: str
    forced_record: int | None
    defaults: dict[str, Any]
    policy: Alias.Policy
    refusal: str
    matches_local_part: bool
    status: Alias.Status
    status_at: datetime | None


class AliasList(BaseModel):
    """The workspace's aliases, by local part."""

    aliases: list[AliasOut]


class AddressIn(StoredBody):
    """An address of an alias."""

    address: AddressText


class Retired(BaseModel):
    """An address that is no longer in use and still routed."""

    address: str
    use: str
    reason: str
    retired_at: datetime
    hits: Annotated[int, Field(description="Mails that came to it since")]
    last_hit_at: datetime | None


class RetiredList(BaseModel):
    """The workspace's retired addresses."""

    retired: list[Retired]


class Question(Storable):
    """The address in question."""

    address: AddressText


class DestinationOut(BaseModel):
    """Where mail to an address belongs; an address of another workspace is unknown."""

    kind: Kind
    alias: str | None
    retired: Retired | None


class NeedOut(BaseModel):
    """An address that mail is asked to go to."""

    model_config = ConfigDict(from_attributes=True)

    address: str
    use: Annotated[str, Field(description="alias, bounce or catchall")]
    needs_set_up: Annotated[bool, Field(description="A mailbox or a redirection; not at the workspace's sub-domain")]
    proof: Annotated[Proof, Field(description="waiting: a probe is on its way")]
    at: Annotated[datetime | None, Field(description="When that was seen")]
    source: Annotated[str, Field(description="The way the probe came back by")]
    fault: Annotated[str, Field(description="Why it did not")]


class NeedList(BaseModel):
    """Every address of the workspace."""

    addresses: list[NeedOut]


@router.get("/proven", response={200: NeedList, **REFUSED}, summary="See which addresses are proven to work")
def list_proven(request: KeyRequest) -> dict[str, Any]:
    """Every alias, bounce and catchall address, and what became of its last probe."""
    return {"addresses": needs(request.auth.workspace)}


@router.post("/probe", response={202: NeedOut, **REFUSED}, summary="Probe an address")
def post_probe(request: KeyRequest, wanted: AddressIn) -> Status[Need]:
    """A mail goes to the address through the outside, and must come back here. Ask `proven` what became of it."""
    sent = send_probe(request.auth.workspace, wanted.address)
    (need,) = (need for need in needs(request.auth.workspace) if need.address == sent.address)
    return Status(202, need)


@router.post("", response={200: AliasOut, **REFUSED}, summary="Set up an alias")
def post_alias(request: KeyRequest, wanted: AliasIn) -> dict[str, Any]:
    """Creates the alias at the first of its domains, or changes what is given of it."""
    changes = wanted.model_dump(exclude_none=True, exclude={"local_part", "domains"})
    return _tell(put_alias(request.auth.workspace, wanted.local_part, domains=wanted.domains, changes=changes))


@router.get("", response={200: AliasList, **REFUSED}, summary="List aliases")
def list_aliases(request: KeyRequest) -> dict[str, Any]:
    """Those in use."""
    found = request.auth.workspace.aliases.filter(removed_at=None).select_related("alias_domain", "workspace")
    return {"aliases": [_tell(alias) for alias in found.order_by("local_part", "id")]}


@router.post("/remove", response={200: DestinationOut, **REFUSED}, summary="Take an alias out of use")
def post_remove(request: KeyRequest, wanted: AddressIn) -> dict[str, Any]:
    """Its addresses are retired: what still comes is routed as before."""
    workspace = request.auth.workspace
    remove_alias(find_alias(workspace, wanted.address))
    return _resolve(request, wanted.address)


@router.get("/impact", response={200: ImpactList, **REFUSED}, summary="Ask who still uses an alias")
def get_impact(request: KeyRequest, question: Query[Question]) -> dict[str, Any]:
    """Open threads and unsent mail by each of its addresses, before it is moved or removed."""
    return tell_impact(impact_of(find_alias(request.auth.workspace, question.address), None))


@router.get("/retired", response={200: RetiredList, **REFUSED}, summary="List retired addresses")
def list_retired(request: KeyRequest) -> dict[str, Any]:
    """With the mail that still comes to them."""
    found = request.auth.workspace.retired_addresses.order_by("address")
    return {"retired": list(found.values("address", "use", "reason", "retired_at", "hits", "last_hit_at"))}


@router.get("/resolve", response={200: DestinationOut, **REFUSED}, summary="Ask where mail to an address belongs")
def get_destination(request: KeyRequest, question: Query[Question]) -> dict[str, Any]:
    """As for a mail that comes in now; nothing is counted."""
    return _resolve(request, question.address)


def _resolve(request: KeyRequest, address: str) -> dict[str, Any]:
    workspace = request.auth.workspace
    found = resolve(address, workspace)
    if found.workspace != workspace:
        return {"kind": Kind.UNKNOWN, "alias": None, "retired": None}
    row = found.retired
    retired = row and {name: getattr(row, name) for name in Retired.model_fields}
    return {"kind": found.kind, "alias": found.alias.address if found.alias else None, "retired": retired}


def _tell(alias: Alias) -> dict[str, Any]:
    own = {name: getattr(alias, name) for name in AliasOut.model_fields if name != "further_addresses"}
    further = alias.further_domains.order_by("name").values_list("name", flat=True)
    return {**own, "further_addresses": [f"{alias.local_part}@{name}" for name in further]}
