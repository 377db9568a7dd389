"""How applications register their record types and records."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from postroom.domains.senders import alias_domain_of
from postroom.errors import PostroomError
from postroom.rfc.message_id import make_message_id
from postroom.threads.models import Record, RecordType, Subtype
from postroom.workspaces.access import company_of
from postroom.workspaces.models import Company, Workspace

# Every type has these two: what is written for all, and what is written for users alone.
COMMENT, NOTE = "comment", "note"


class UnknownRecordTypeError(PostroomError):
    """This workspace has no such record type; register it first."""

    code = "unknown_record_type"


class UnknownSubtypeError(PostroomError):
    """The record type has no such subtype."""

    code = "unknown_subtype"


class RecordTakenError(PostroomError):
    """Another record of this type has that external id; merge the two instead."""

    code = "record_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubtype:
    """As the columns of Subtype."""

    key: str
    label: str
    is_default: bool = True
    is_internal: bool = False
    is_hidden: bool = False


_ALWAYS = (
    NewSubtype(key=COMMENT, label="Discussions"),
    NewSubtype(key=NOTE, label="Internal notes", is_internal=True),
)


@transaction.atomic
def register_type(
    workspace: Workspace, key: str, *, label: str, owns_alias: bool = False, subtypes: Sequence[NewSubtype] = ()
) -> RecordType:
    """Create the type or change it to this; subtypes that are not named stay, as followers may have chosen them."""
    row, _ = RecordType.objects.update_or_create(
        workspace=workspace, key=key, defaults={"label": label, "owns_alias": owns_alias}
    )
    for subtype in {each.key: each for each in (*_ALWAYS, *subtypes)}.values():
        Subtype.objects.update_or_create(
            record_type=row,
            key=subtype.key,
            defaults={
                "label": subtype.label,
                "is_default": subtype.is_default,
                "is_internal": subtype.is_internal,
                "is_hidden": subtype.is_hidden,
            },
        )
    return row


def find_type(workspace: Workspace, key: str) -> RecordType:
    """UnknownRecordTypeError names some that there are."""
    found = workspace.record_types.filter(key=key).first()
    if found is None:
        known = ", ".join(workspace.record_types.order_by("key").values_list("key", flat=True)[:20]) or "none yet"
        raise UnknownRecordTypeError(f"There is no record type {key}; this workspace has {known}.", field="type")
    return found


def find_subtypes(record_type: RecordType, keys: Sequence[str]) -> list[Subtype]:
    """UnknownSubtypeError when there is not one for each key."""
    found = {subtype.key: subtype for subtype in record_type.subtypes.all()}
    for key in keys:
        if key not in found:
            known = ", ".join(sorted(found))
            raise UnknownSubtypeError(f"{record_type} has no subtype {key}; it has {known}.", field="subtype")
    return [found[key] for key in keys]


def put_record(record_type: RecordType, external_id: str, *, changes: Mapping[str, Any]) -> Record:
    """The record that the application calls `external_id`, made or changed: `changes` are columns of Record."""
    try:
        with transaction.atomic():
            known = Record.objects.select_for_update().filter(type=record_type, external_id=external_id).first()
            if known is None:
                return create_record(record_type, changes={"external_id": external_id, **changes})
            return change_record(known, changes)
    except IntegrityError:  # another request made it at the same moment
        return put_record(record_type, external_id, changes=changes)


def change_record(record: Record, changes: Mapping[str, Any]) -> Record:
    """RecordTakenError when another record of the type has the external id."""
    for name, value in changes.items():
        setattr(record, name, value)
    try:
        with transaction.atomic():
            record.save(update_fields=[*changes])
    except IntegrityError:
        raise RecordTakenError(field="external_id") from None
    return record


def create_record(record_type: RecordType, *, changes: Mapping[str, Any]) -> Record:
    """A new record; `changes` are columns of Record. Without a company it is the workspace's first."""
    workspace = record_type.workspace
    company: Company = changes.get("company") or company_of(workspace, None)
    root = make_message_id(f"{secrets.token_hex(12)}.thread", domain=alias_domain_of(company).name)
    values = {"name": record_type.label, **changes, "company": company}
    return Record.objects.create(workspace=workspace, type=record_type, root=root, **values)
