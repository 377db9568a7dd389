"""Which alias domain speaks for a company, and which addresses come with it."""

from django.conf import settings

from postroom.domains import models
from postroom.policy.identity import AliasDomain, find_identity
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.workspaces.models import Company, Workspace

# Signed reply addresses are sub-addresses of this local part at the company's domain.
REPLY = "reply"


def alias_domain_of(company: Company) -> AliasDomain:
    """The company's alias domain; without one the workspace's sub-domain with the default aliases (A1)."""
    choice = models.CompanyAliasDomain.objects.select_related("alias_domain").filter(company=company).first()
    return subdomain_of(company.workspace) if choice is None else as_value(choice.alias_domain)


def platform_bounce(workspace: Workspace) -> Mailbox | None:
    """Where errors of what leaves through a hosted platform's own server go; None on an installation of one's own."""
    return parse_mailbox(f"bounce@{workspace.subdomain}") if settings.POSTROOM.hosted else None


def own_addresses(company: Company) -> frozenset[str]:
    """What the system itself speaks as, takes bounces at and catches answers with, in small letters."""
    platform = parse_mailbox(f"notifications@{company.workspace.subdomain}")
    identity = find_identity(alias_domain_of(company), platform)
    own = (identity.notification, identity.bounce, identity.catchall)
    return frozenset(speaker.address.lower() for speaker in own if speaker)


def as_value(domain: models.AliasDomain) -> AliasDomain:
    return AliasDomain(
        name=domain.name, bounce=domain.bounce, catchall=domain.catchall, default_from=domain.default_from
    )


def subdomain_of(workspace: Workspace) -> AliasDomain:
    return AliasDomain(name=workspace.subdomain, bounce="bounce", catchall="catchall", default_from="notifications")


def notification_address(domain: models.AliasDomain | AliasDomain) -> str:
    """What the domain's own mail is from, in small letters."""
    complete = domain.default_from if "@" in domain.default_from else f"{domain.default_from}@{domain.name}"
    return complete.lower()


def alias_domains_by_company(workspace: Workspace) -> dict[Company, AliasDomain]:
    """As `alias_domain_of`, for every company in the order of their making; one query."""
    companies = workspace.companies.select_related("domain_choice__alias_domain").order_by("pk")
    return {
        company: as_value(company.domain_choice.alias_domain)
        if hasattr(company, "domain_choice")
        else subdomain_of(workspace)
        for company in companies
    }
