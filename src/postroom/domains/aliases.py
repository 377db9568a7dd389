"""How aliases are created, changed and removed; an address that an alias gives up goes on routing (B4, B5)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from postroom.domains.claims import AddressTakenError, hold
from postroom.domains.local_part import sanitise_local_part
from postroom.domains.models import Alias, AliasDomain, ClaimedAddress
from postroom.domains.senders import subdomain_of
from postroom.errors import PostroomError
from postroom.rfc.address import domain_to_ascii
from postroom.workspaces.models import Workspace


class UnknownAliasError(PostroomError):
    """This workspace has no such alias."""

    code = "unknown_alias"


class UnknownDomainError(PostroomError):
    """This workspace has no such alias domain."""

    code = "unknown_domain"


def put_alias(workspace: Workspace, local_part: str, *, domains: Sequence[str], changes: Mapping[str, Any]) -> Alias:
    """Create the alias, or change what `changes` (columns of Alias) say of it.

    Its address is at the first of `domains` (names), and it takes mail in at the others too; () is the workspace's
    sub-domain. Raises UnknownDomainError, and what `save_alias` raises.
    """
    found = [find_domain(workspace, name) for name in domains]
    own = found[0] if found else None
    known = workspace.aliases.filter(local_part=sanitise_local_part(local_part), alias_domain=own, removed_at=None)
    alias = known.first() or Alias(workspace=workspace, local_part=local_part, alias_domain=own)
    for name, value in changes.items():
        setattr(alias, name, value)
    return save_alias(alias, further_domains=found[1:])


def find_alias(workspace: Workspace, address: str) -> Alias:
    """The alias in use that has `address`; UnknownAliasError names some that there are."""
    claim = ClaimedAddress.objects.filter(workspace=workspace, address=address.lower()).exclude(alias=None).first()
    if claim is None or claim.alias is None:
        known = ", ".join(alias.address for alias in workspace.aliases.filter(removed_at=None)[:20]) or "none yet"
        raise UnknownAliasError(f"There is no alias {address}; this workspace has {known}.", field="address")
    return claim.alias


def find_domain(workspace: Workspace, name: str) -> AliasDomain:
    """UnknownDomainError names some that there are."""
    found = workspace.alias_domains.filter(name=domain_to_ascii(name)).first()
    if found is None:
        known = ", ".join(domain.name for domain in workspace.alias_domains.all()[:20]) or "none yet"
        raise UnknownDomainError(f"There is no alias domain {name}; this workspace has {known}.", field="domains")
    return found


@transaction.atomic
def save_alias(alias: Alias, *, further_domains: Iterable[AliasDomain] | None = None) -> Alias:
    """Store a new or changed alias; `further_domains` None leaves them as they are.

    Raises AddressTakenError, LocalPartError, and ValidationError for a value that a field cannot take.
    """
    alias.local_part = sanitise_local_part(alias.local_part)
    alias.clean_fields(exclude=["workspace", "alias_domain"])
    if alias.alias_domain is None:
        _refuse_default_address(alias)
    alias.save()
    if further_domains is not None:
        alias.further_domains.set(further_domains)
    addresses = [] if alias.removed_at else _addresses(alias)
    hold(
        alias,
        [(address, "alias") for address in addresses],
        reason=f"The alias “{alias.local_part}” has another address.",
    )
    return alias


@transaction.atomic
def remove_alias(alias: Alias) -> None:
    """Take the alias out of use. It is kept, and what still comes to its addresses is routed by it."""
    alias.removed_at = timezone.now()
    alias.save(update_fields=["removed_at"])
    hold(alias, [], reason=f"The alias “{alias.local_part}” was removed.")


def note_status(alias: Alias, status: Alias.Status) -> None:
    """Keep whether mail to the alias was seen to arrive and do what it should."""
    alias.status, alias.status_at = status, timezone.now()
    alias.save(update_fields=["status", "status_at"])


def _addresses(alias: Alias) -> list[str]:
    """All that the alias takes mail in at, its own first."""
    further = alias.further_domains.values_list("name", flat=True)
    return list(dict.fromkeys([alias.address, *(f"{alias.local_part}@{name}" for name in further)]))


def _refuse_default_address(alias: Alias) -> None:
    """No row holds the addresses that come with the workspace's sub-domain (A1)."""
    defaults = subdomain_of(alias.workspace)
    for use, local_part in (("bounce", defaults.bounce), ("catchall", defaults.catchall)):
        if alias.local_part == local_part:
            raise AddressTakenError(
                f"{local_part}@{defaults.name} is already the {use} address of the workspace; choose another name.",
                field="alias",
            )
