"""Where does mail to this address belong?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from postroom.domains.dns_check import REPORTS
from postroom.domains.models import Alias, AliasDomain, ClaimedAddress, RetiredAddress
from postroom.domains.senders import REPLY, as_value, notification_address, subdomain_of
from postroom.errors import AddressError
from postroom.policy.identity import AliasDomain as Names
from postroom.rfc.address import domain_to_ascii, parse_mailbox
from postroom.workspaces.models import SystemParameter, Workspace
from postroom.workspaces.parameters import CATCHALL_DOMAINS, parameter

# Mail that an installation sends itself to see whether an alias works comes to sub-addresses of it.
PROBE = "probe"


class Kind(StrEnum):
    """What an address is for."""

    BOUNCE = "bounce"
    CATCHALL = "catchall"
    NOTIFICATION = "notification"
    ALIAS = "alias"
    REPLY = "reply"  # a signed reply address; whether the signature holds is for threads.reply_address to say
    PROBE = "probe"
    REPORTS = "reports"  # where receivers send reports on the domain
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What an address is for, and whose it is.

    `workspace` None: the domain is nobody's here. `alias_domain` None: the workspace's sub-domain, or a guess by the
    local part alone. `tag` is the sub-address (RFC 5233), "" when none; it may be a token, and so a secret. `retired`
    is set where the address is no longer in use: the mail is routed all the same, and `note_hit` counts it.
    """

    kind: Kind
    workspace: Workspace | None = None
    alias_domain: AliasDomain | None = None
    alias: Alias | None = None
    tag: str = ""
    retired: RetiredAddress | None = None


@dataclass(frozen=True, slots=True)
class _Address:
    """An address as it is looked up: in small letters, `base` without the sub-address `tag`."""

    local: str
    base: str
    tag: str
    domain: str

    @property
    def spellings(self) -> tuple[str, ...]:
        """Whole, then without its sub-address; a signed reply address is never the alias “reply”."""
        whole, base = f"{self.local}@{self.domain}", f"{self.base}@{self.domain}"
        return (whole,) if self.base == self.local or self.is_reply else (whole, base)

    @property
    def is_reply(self) -> bool:
        return self.base == REPLY and bool(self.tag)


def resolve(address: str, workspace: Workspace | None = None) -> Destination:
    """Where mail to `address` belongs; nothing is raised, whatever the text.

    `workspace` is the one whose mailbox the mail was fetched from, where that is known: only then (or where the
    parameter mail.catchall.domain.allowed names the domain) a local part counts at a domain that is not ours.
    """
    found = _read(address)
    if found is None:
        return Destination(kind=Kind.UNKNOWN, workspace=workspace)
    destination = _claimed(found) or _of_own_domain(found) or _retired(found) or _by_local_part(found, workspace)
    if destination is None:
        owner = _owner(found.domain)
        return Destination(kind=Kind.UNKNOWN, workspace=owner[0] if owner else workspace)
    return replace(destination, tag=found.tag)


def note_hit(destination: Destination) -> None:
    """Count a mail that came to a retired address; for all others nothing is done."""
    if destination.retired is not None:
        RetiredAddress.objects.filter(pk=destination.retired.pk).update(hits=F("hits") + 1, last_hit_at=Now())


def allowed_domains(text: str) -> frozenset[str]:
    """What mail.catchall.domain.allowed names, in A-labels; what is no domain is left out."""
    return frozenset(_domains(text))


def _domains(text: str) -> Iterator[str]:
    for part in text.split(","):
        try:
            yield domain_to_ascii(part.strip())
        except AddressError:
            continue


def _read(address: str) -> _Address | None:
    try:
        mailbox = parse_mailbox(address)
    except AddressError:
        return None
    local = mailbox.local.lower()
    base, plus, tag = local.rpartition("+")
    return _Address(local, base, tag, mailbox.domain) if plus and base else _Address(local, local, "", mailbox.domain)


def _claimed(found: _Address) -> Destination | None:
    claims = ClaimedAddress.objects.select_related("workspace", "alias_domain", "alias__alias_domain")
    by_address = {claim.address: claim for claim in claims.filter(address__in=found.spellings)}
    claim = next((by_address[spelling] for spelling in found.spellings if spelling in by_address), None)
    if claim is None:
        return None
    domain = claim.alias.alias_domain if claim.alias else claim.alias_domain
    return Destination(kind=Kind(claim.use), workspace=claim.workspace, alias_domain=domain, alias=claim.alias)


def _of_own_domain(found: _Address) -> Destination | None:
    """What each domain has without a claim: its reply and probe addresses, and what its own mail is from."""
    is_sender = reduce(or_, (Q(default_from__iexact=spelling) for spelling in found.spellings))
    complete = AliasDomain.objects.select_related("workspace").filter(is_sender).first()
    if complete is not None:
        return Destination(kind=Kind.NOTIFICATION, workspace=complete.workspace, alias_domain=complete)
    owner = _owner(found.domain)
    if owner is None:
        return None
    workspace, domain = owner
    names = as_value(domain) if domain else subdomain_of(workspace)
    kind = _kind_by_names(found, names)
    return Destination(kind=kind, workspace=workspace, alias_domain=domain) if kind else None


def _owner(domain: str) -> tuple[Workspace, AliasDomain | None] | None:
    """The workspace whose domain it is; without an alias domain it is the workspace's sub-domain."""
    own = AliasDomain.objects.select_related("workspace").filter(name=domain).first()
    if own is not None:
        return own.workspace, own
    label, _, platform = domain.partition(".")
    if platform != settings.POSTROOM.platform_domain:
        return None
    workspace = Workspace.objects.filter(slug=label).first()
    return (workspace, None) if workspace else None


def _kind_by_names(found: _Address, names: Names) -> Kind | None:
    if found.is_reply:
        return Kind.REPLY
    if found.base == PROBE and found.tag:
        return Kind.PROBE
    sender = notification_address(names).rpartition("@")[0]
    by_local_part = {
        REPORTS: Kind.REPORTS,
        sender: Kind.NOTIFICATION,
        names.catchall: Kind.CATCHALL,
        names.bounce: Kind.BOUNCE,
    }
    return by_local_part.get(found.local) or by_local_part.get(found.base)


_KINDS = {use: Kind(use) for use in ("bounce", "catchall", "reply", "alias")} | {"default_from": Kind.NOTIFICATION}


def _retired(found: _Address) -> Destination | None:
    spellings = {f"{found.local}@{found.domain}", f"{found.base}@{found.domain}"}
    rows = RetiredAddress.objects.select_related("workspace", "alias_domain", "alias").filter(address__in=spellings)
    row = rows.order_by("address").last()  # the whole address, which is the longer one, before its base
    if row is None or (row.use == RetiredAddress.Use.REPLY and not found.is_reply):
        return None
    return Destination(
        kind=_KINDS[row.use], workspace=row.workspace, alias_domain=row.alias_domain, alias=row.alias, retired=row
    )


def _by_local_part(found: _Address, workspace: Workspace | None) -> Destination | None:
    """By the part before the @ alone, where the workspace lets that count."""
    for candidate in _workspaces_for(found.domain, workspace):
        domains = {as_value(domain): domain for domain in candidate.alias_domains.all()}
        for names in domains or [subdomain_of(candidate)]:
            kind = _kind_by_names(found, names)
            if kind:
                return Destination(kind=kind, workspace=candidate, alias_domain=domains.get(names))
        named = _alias_by_local_part(found, candidate)
        if named is not None:
            return named
    return None


def _alias_by_local_part(found: _Address, workspace: Workspace) -> Destination | None:
    """At the sub-domain, which is the workspace's alone, each alias counts: addresses are redirected to it by their
    local part. Where several have it, the header tells which one is meant, as for mail to the catchall address."""
    named = workspace.aliases.filter(local_part__in={found.local, found.base}, removed_at=None)
    is_own = found.domain == workspace.subdomain
    aliases = named if is_own else named.filter(matches_local_part=True)
    rows = aliases.select_related("alias_domain").order_by("alias_domain__priority", "id")[:2]
    if not rows:
        return None
    if is_own and len(rows) > 1:
        return Destination(kind=Kind.CATCHALL, workspace=workspace)
    return Destination(kind=Kind.ALIAS, workspace=workspace, alias_domain=rows[0].alias_domain, alias=rows[0])


def _workspaces_for(domain: str, workspace: Workspace | None) -> Iterator[Workspace]:
    """The workspaces that let a local part count at `domain`, the one that fetched the mail first."""
    owner = _owner(domain)
    if owner is not None:
        yield owner[0]
        return
    allowed = parameter(workspace, CATCHALL_DOMAINS) if workspace else None
    if workspace and (allowed is None or domain in allowed_domains(allowed)):
        yield workspace
    elif workspace is None:
        rows = SystemParameter.objects.filter(key=CATCHALL_DOMAINS).exclude(value="").select_related("workspace")
        yield from (row.workspace for row in rows.order_by("id") if domain in allowed_domains(row.value))
