"""How does an application register the kinds of its records?"""

from typing import Annotated, Any

from ninja import Router
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED
from postroom.api.schemas import Name, RequestBody, StoredBody
from postroom.threads.models import RecordType
from postroom.threads.registry import NewSubtype, register_type

router = Router(tags=["conversations"])

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]


class SubtypeIn(RequestBody):
    """What posts can be about; followers choose which they are told of."""

    key: Key
    label: Name
    default: Annotated[bool, Field(description="New followers are told of it")] = True
    internal: Annotated[bool, Field(description="Told to users alone")] = False
    hidden: Annotated[bool, Field(description="Not offered for choice")] = False


class RecordTypeIn(StoredBody):
    """A kind of records."""

    key: Annotated[Key, Field(examples=["crm.lead"])]
    label: Annotated[Name, Field(description="For people", examples=["Lead"])]
    owns_alias: Annotated[bool, Field(description="Answers go to the alias that creates such records")] = False
    subtypes: Annotated[
        list[SubtypeIn],
        Field(default_factory=list, max_length=50, description="“comment” and “note” exist always"),
    ]


class SubtypeOut(BaseModel):
    """As it was registered."""

    key: str
    label: str
    default: bool
    internal: bool
    hidden: bool


class RecordTypeOut(BaseModel):
    """As it was registered."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    label: str
    owns_alias: bool
    subtypes: list[SubtypeOut]


class RecordTypeList(BaseModel):
    """The workspace's record types, by key."""

    record_types: list[RecordTypeOut]


@router.post("", response={200: RecordTypeOut, **REFUSED}, summary="Register a record type")
def post_record_type(request: KeyRequest, wanted: RecordTypeIn) -> dict[str, Any]:
    """Creates it, or changes it to this; subtypes that are not named stay."""
    subtypes = [
        NewSubtype(key=s.key, label=s.label, is_default=s.default, is_internal=s.internal, is_hidden=s.hidden)
        for s in wanted.subtypes
    ]
    return _tell(
        register_type(
            request.auth.workspace, wanted.key, label=wanted.label, owns_alias=wanted.owns_alias, subtypes=subtypes
        )
    )


@router.get("", response={200: RecordTypeList, **REFUSED}, summary="List record types")
def list_record_types(request: KeyRequest) -> dict[str, Any]:
    """With their subtypes."""
    found = request.auth.workspace.record_types.prefetch_related("subtypes").order_by("key")
    return {"record_types": list(map(_tell, found))}


def _tell(row: RecordType) -> dict[str, Any]:
    subtypes = [
        {"key": s.key, "label": s.label, "default": s.is_default, "internal": s.is_internal, "hidden": s.is_hidden}
        for s in sorted(row.subtypes.all(), key=lambda each: each.key)
    ]
    return {"key": row.key, "label": row.label, "owns_alias": row.owns_alias, "subtypes": subtypes}
