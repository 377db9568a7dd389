"""`postroom domain`: alias domains, the companies that use them, their DNS and their DKIM keys."""

import click

from postroom.cli.domain_dns import check, records, send_records
from postroom.cli.domain_keys import dkim_key, dkim_keys, dkim_rotate
from postroom.cli.domain_reports import read_report, reports
from postroom.cli.setup import django_command, find_workspace, set_given


@click.group()
def command() -> None:
    """Set up the domains that mail is sent from."""


@command.command("add")
@click.argument("name")
@click.option("--workspace", required=True)
@click.option("--company", "companies", multiple=True, help="Company that sends under it; may be given again.")
@click.option("--priority", type=int, help="New companies get the domain with the lowest; 10 at first.")
@click.option("--bounce", help="Local part that delivery errors return to; “bounce” at first.")
@click.option("--catchall", help="Local part that answers come to; “catchall” at first.")
@click.option("--default-from", help="Local part or complete address; “notifications” at first.")
@django_command
def add(name: str, workspace: str, companies: tuple[str, ...], **fields: str | int | None) -> None:
    """Create the alias domain NAME, or change what is given of it."""
    from postroom.domains.alias_domains import assign, save_alias_domain
    from postroom.domains.models import AliasDomain
    from postroom.rfc.address import domain_to_ascii
    from postroom.workspaces.access import company_of

    owner = find_workspace(workspace)
    domain = AliasDomain.objects.filter(workspace=owner, name=domain_to_ascii(name)).first()
    domain = domain or AliasDomain(workspace=owner, name=name)
    set_given(domain, fields)
    save_alias_domain(domain)
    for company in companies:
        assign(company_of(owner, company), domain)
    click.echo(
        f"{domain.name}: bounces to {domain.bounce}@, answers to {domain.catchall}@, From {domain.default_from}."
    )


@command.command("remove")
@click.argument("name")
@click.option("--workspace", required=True)
@django_command
def remove(name: str, workspace: str) -> None:
    """Give the alias domain NAME up; mail that still comes to its addresses is routed as before."""
    from postroom.domains.alias_domains import remove_alias_domain
    from postroom.domains.aliases import find_domain

    remove_alias_domain(find_domain(find_workspace(workspace), name))
    click.echo(f"{name} is removed: its companies and aliases are at the sub-domain again.")


@command.command("impact")
@click.argument("name")
@click.option("--workspace", required=True)
@click.option("--rename", "new_name", help="As if it were called so.")
@click.option("--bounce", help="As if delivery errors returned to this local part.")
@click.option("--catchall", help="As if answers came to this local part.")
@click.option("--default-from", help="As if this stood in where a From may not be kept.")
@click.option("--remove", "is_removed", is_flag=True, help="As if it were removed.")
@django_command
def impact(name: str, workspace: str, *, is_removed: bool, new_name: str | None, **fields: str | None) -> None:
    """Say who still uses the addresses that the alias domain NAME would give up; nothing is changed."""
    from postroom.domains.aliases import find_domain
    from postroom.inbound.impact import impact_of

    owner = find_workspace(workspace)
    after = find_domain(owner, name)
    set_given(after, {"name": new_name, **fields})
    for affected in impact_of(find_domain(owner, name), None if is_removed else after):
        click.echo(affected)


for _subcommand in (check, records, send_records, dkim_key, dkim_keys, dkim_rotate, reports, read_report):
    command.add_command(_subcommand)
