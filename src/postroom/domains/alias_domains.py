"""How alias domains are created, changed and given to companies (requirements B1 to B4)."""

from django.conf import settings
from django.db import IntegrityError, transaction

from postroom.domains.local_part import sanitise_local_part
from postroom.domains.models import Alias, AliasDomain, ClaimedAddress, CompanyAliasDomain
from postroom.domains.senders import subdomain_of
from postroom.errors import PostroomError
from postroom.rfc.address import domain_to_ascii, parse_mailbox
from postroom.workspaces.models import Company, Workspace


class AddressTakenError(PostroomError):
    """This address is already in use; choose another name."""

    code = "address_taken"


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
    """Store a new or changed alias domain, its names made clean and its addresses claimed.

    The first alias domain of a workspace is given to every company and alias that has none (B2). AddressTakenError
    names the holder of an address that is taken; AddressError, LocalPartError and PlatformDomainError say what is wrong
    with a name.
    """
    _clean(domain)
    domain.clean_fields(exclude=["workspace"])  # lengths and ranges: ValidationError
    _refuse_sub_domain(domain)
    if AliasDomain.objects.filter(name=domain.name).exclude(workspace=domain.workspace).exists():
        raise DomainTakenError(f"{domain.name} belongs to another workspace of this installation.", field="name")
    is_first = domain._state.adding and not AliasDomain.objects.filter(workspace=domain.workspace).exists()
    domain.save()
    _claim_addresses(domain)
    for alias in domain.aliases.all():
        save_alias(alias)  # its address is another one once the domain is renamed
    if is_first:
        for company in domain.workspace.companies.filter(domain_choice=None):
            assign(company, domain)
        for alias in domain.workspace.aliases.filter(alias_domain=None):
            alias.alias_domain = domain
            save_alias(alias)
    return domain


@transaction.atomic
def save_alias(alias: Alias) -> Alias:
    """Store a new or changed alias; AddressTakenError and LocalPartError as for alias domains."""
    alias.local_part = sanitise_local_part(alias.local_part)
    if alias.alias_domain is None:
        _refuse_default_address(alias)
    alias.save()
    alias.claims.all().delete()
    name = alias.alias_domain.name if alias.alias_domain else alias.workspace.subdomain
    _claim(f"{alias.local_part}@{name}", workspace=alias.workspace, alias=alias, use="alias")
    return alias


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
    domain.name = domain_to_ascii(domain.name)
    domain.bounce = sanitise_local_part(domain.bounce)
    domain.catchall = sanitise_local_part(domain.catchall)
    if "@" in domain.default_from:
        domain.default_from = parse_mailbox(domain.default_from).address
    else:
        domain.default_from = sanitise_local_part(domain.default_from)


def _refuse_sub_domain(domain: AliasDomain) -> None:
    """Neither one's own (F3) nor, to take its mail, another workspace's."""
    label, _, platform = domain.name.partition(".")
    platform_domain = settings.POSTROOM.platform_domain
    is_workspace = platform == platform_domain and Workspace.objects.filter(slug=label).exists()
    if domain.name == platform_domain or is_workspace:
        raise PlatformDomainError(
            f"{domain.name} belongs to this installation and works as it is; give a domain of your own.", field="name"
        )


def _refuse_default_address(alias: Alias) -> None:
    """No row holds the addresses that come with the workspace's sub-domain (A1)."""
    defaults = subdomain_of(alias.workspace)
    for use, local_part in (("bounce", defaults.bounce), ("catchall", defaults.catchall)):
        if alias.local_part == local_part:
            raise AddressTakenError(
                f"{local_part}@{defaults.name} is already the {use} address of the workspace; choose another name.",
                field="alias",
            )


def _claim_addresses(domain: AliasDomain) -> None:
    domain.claims.all().delete()
    for use, local_part in (("bounce", domain.bounce), ("catchall", domain.catchall)):
        _claim(f"{local_part}@{domain.name}", workspace=domain.workspace, alias_domain=domain, use=use)


def _claim(address: str, *, workspace: Workspace, use: str, **holder: Alias | AliasDomain) -> None:
    try:
        with transaction.atomic():
            ClaimedAddress.objects.create(address=address, workspace=workspace, use=use, **holder)
    except IntegrityError:
        raise AddressTakenError(_who_holds(address, workspace), field=use) from None


def _who_holds(address: str, workspace: Workspace) -> str:
    claim = ClaimedAddress.objects.select_related("alias_domain", "alias").filter(address=address).first()
    if claim is None:  # given back in this very moment
        return f"{address} was in use a moment ago; try again."
    if claim.workspace_id != workspace.pk:
        return f"{address} is used by another workspace of this installation; choose another name."
    if claim.alias_domain is not None:
        return f"{address} is already the {claim.use} address of the alias domain {claim.alias_domain}; choose another."
    return f"{address} is already the alias “{claim.alias}”; choose another name."
