"""How alias domains are created, changed and given to companies (requirements B1 to B4)."""

from django.db import IntegrityError, transaction

from postroom.domains.local_part import sanitise_local_part
from postroom.domains.models import Alias, AliasDomain, ClaimedAddress, CompanyAliasDomain
from postroom.errors import PostroomError
from postroom.rfc.address import domain_to_ascii, parse_mailbox
from postroom.workspaces.models import Company, Workspace


class AddressTakenError(PostroomError):
    """This address is already in use; choose another name."""

    code = "address_taken"


@transaction.atomic
def save_alias_domain(domain: AliasDomain) -> AliasDomain:
    """Store a new or changed alias domain, its names made clean and its addresses claimed.

    The first alias domain of a workspace is given to every company and alias that has none (B2). AddressTakenError
    names the holder of an address that is taken; AddressError and LocalPartError say what is wrong with a name.
    """
    _clean(domain)
    is_first = domain._state.adding and not AliasDomain.objects.filter(workspace=domain.workspace).exists()
    domain.save()
    _claim_addresses(domain)
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
    """A new company, under the alias domain with the lowest priority value (B2)."""
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
    claim = ClaimedAddress.objects.select_related("alias_domain", "alias").get(address=address)
    if claim.workspace_id != workspace.pk:
        return f"{address} is used by another workspace of this installation; choose another name."
    if claim.alias_domain is not None:
        return f"{address} is already the {claim.use} address of the alias domain {claim.alias_domain}; choose another."
    return f"{address} is already the alias “{claim.alias}”; choose another name."
