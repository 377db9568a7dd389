"""How alias domains are created, changed and given to companies (requirements B1 to B5)."""

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from postroom.domains.aliases import save_alias
from postroom.domains.claims import hold, retire, take_back
from postroom.domains.local_part import sanitise_local_part
from postroom.domains.models import Alias, AliasDomain, CompanyAliasDomain
from postroom.domains.senders import REPLY, notification_address
from postroom.errors import PostroomError
from postroom.rfc.address import parse_mailbox
from postroom.rfc.domain import domain_name_to_ascii
from postroom.workspaces.models import Company, Workspace


class PlatformDomainError(PostroomError):
    """A workspace's own sub-domain works as it is and cannot be set up as an alias domain."""

    code = "platform_domain"


class DomainTakenError(PostroomError):
    """This domain belongs to another workspace of this installation."""

    code = "domain_taken"


class CompanyExistsError(PostroomError):
    """The workspace has a company of that name."""

    code = "company_exists"


@transaction.atomic
def save_alias_domain(domain: AliasDomain) -> AliasDomain:
    """Store a new or changed alias domain, its names made clean, its addresses claimed and former ones retired.

    The first alias domain of a workspace is given to every company and alias that has none (B2). AddressTakenError
    names the holder of an address that is taken; AddressError, LocalPartError and PlatformDomainError say what is wrong
    with a name.
    """
    _clean(domain)
    domain.clean_fields(exclude=["workspace"])  # lengths and ranges: ValidationError
    _refuse_taken_name(domain)
    before = AliasDomain.objects.select_for_update().filter(pk=domain.pk).first()
    is_first = before is None and not AliasDomain.objects.filter(workspace=domain.workspace).exists()
    domain.save()
    _claim_addresses(domain, before)
    for alias in Alias.objects.filter(Q(alias_domain=domain) | Q(further_domains=domain)).distinct():
        save_alias(alias)  # its address is another one once the domain is renamed
    if is_first:
        _give_to_all(domain)
    return domain


@transaction.atomic
def remove_alias_domain(domain: AliasDomain) -> None:
    """Delete the alias domain; its companies and aliases return to the workspace's sub-domain.

    What still comes to its addresses is routed as before. AddressTakenError when an alias has a namesake there.
    """
    for alias in domain.aliases.all():
        alias.alias_domain = None
        save_alias(alias)
    for alias in domain.further_aliases.all():
        save_alias(alias, further_domains=alias.further_domains.exclude(pk=domain.pk))
    reason = f"The alias domain {domain.name} was removed."
    hold(domain, [], reason=reason)
    for address, use in unclaimed(domain):
        retire(address, use, domain, reason=reason)
    domain.delete()


def assign(company: Company, domain: AliasDomain | None) -> None:
    """Let `company` send under `domain`; None returns it to the workspace's sub-domain."""
    if domain is None:
        CompanyAliasDomain.objects.filter(company=company).delete()
    else:
        CompanyAliasDomain.objects.update_or_create(company=company, defaults={"alias_domain": domain})


@transaction.atomic
def create_company(workspace: Workspace, name: str) -> Company:
    """A new company, under the alias domain with the lowest priority value (B2).

    CompanyExistsError when the workspace has one of that name.
    """
    if workspace.companies.filter(name__iexact=name).exists():
        raise CompanyExistsError(f"There is a company “{name}” already; choose another name.", field="name")
    company = Company.objects.create(workspace=workspace, name=name)
    domain = workspace.alias_domains.order_by("priority", "name", "id").first()
    if domain is not None:
        assign(company, domain)
    return company


def _clean(domain: AliasDomain) -> None:
    domain.name = domain_name_to_ascii(domain.name)
    domain.bounce = sanitise_local_part(domain.bounce)
    domain.catchall = sanitise_local_part(domain.catchall)
    if "@" in domain.default_from:
        domain.default_from = parse_mailbox(domain.default_from).address
    else:
        domain.default_from = sanitise_local_part(domain.default_from)


def _refuse_taken_name(domain: AliasDomain) -> None:
    """A sub-domain of the platform, one's own (F3) or another workspace's, or the domain of another workspace.

    Where strangers sign up, neither one that is nobody's yet: its mail is for whoever will sign up under that name.
    """
    label, _, platform = domain.name.partition(".")
    platform_domain = settings.POSTROOM.platform_domain
    is_workspace = platform == platform_domain and Workspace.objects.filter(slug=label).exists()
    is_reserved = settings.POSTROOM.hosted and domain.name.endswith(f".{platform_domain}")
    if domain.name == platform_domain or is_workspace or is_reserved:
        raise PlatformDomainError(
            f"{domain.name} belongs to this installation and works as it is; give a domain of your own.", field="name"
        )
    if AliasDomain.objects.filter(name=domain.name).exclude(workspace=domain.workspace).exists():
        raise DomainTakenError(f"{domain.name} belongs to another workspace of this installation.", field="name")


def _give_to_all(domain: AliasDomain) -> None:
    for company in domain.workspace.companies.filter(domain_choice=None):
        assign(company, domain)
    for alias in domain.workspace.aliases.filter(alias_domain=None):
        alias.alias_domain = domain
        save_alias(alias)


def _claim_addresses(domain: AliasDomain, before: AliasDomain | None) -> None:
    """Claim those of `domain`, and retire those that it had `before` and has no more."""
    reason = f"The alias domain {before or domain} has other addresses."
    claimed = [(f"{domain.bounce}@{domain.name}", "bounce"), (f"{domain.catchall}@{domain.name}", "catchall")]
    hold(domain, claimed, reason=reason)
    shared = unclaimed(domain)
    for address, use in shared:
        take_back(address, use, domain)
    in_use = dict([*claimed, *shared])
    for address, use in unclaimed(before) if before else ():
        if address not in in_use:
            retire(address, use, domain, reason=reason)


def unclaimed(domain: AliasDomain) -> list[tuple[str, str]]:
    """Addresses, with their use, that the domain does not have for itself alone: an alias may be what mail is from."""
    reply, sender = f"{REPLY}@{domain.name}", notification_address(domain)
    name = sender.rpartition("@")[2]
    comes_here = name == domain.name or AliasDomain.objects.filter(workspace=domain.workspace, name=name).exists()
    return [(reply, "reply"), (sender, "default_from")] if comes_here else [(reply, "reply")]
