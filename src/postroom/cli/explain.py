"""Which server and From a message would get in this installation, told for people."""

import click

from postroom.cli.setup import django_command, find_workspace, only_workspace


@django_command
def explain_from_database(
    from_: str, *, company: str | None, workspace: str | None, template: str | None, stream: str, server: str | None
) -> None:
    """Print the decision with its steps; nothing is stored or sent."""
    from postroom.cli.server import find_server
    from postroom.mailings.models import Template
    from postroom.outbound import route
    from postroom.outbound.trace import readable_trace
    from postroom.rfc.address import parse_mailbox
    from postroom.servers.dns_standing import standing_of
    from postroom.workspaces.access import company_of

    owner = find_workspace(workspace) if workspace else only_workspace()
    forced = find_server(server, owner.slug).pk if server else None
    if template is not None:
        found = Template.objects.filter(workspace=owner, name__iexact=template).first()
        if found is None:
            raise click.ClickException(f"There is no template “{template}” in {owner}.")
        from_, forced = found.header_from or from_, forced or found.server_id
    author = parse_mailbox(from_) if from_.strip() else None
    decision = route.decide(author, company=company_of(owner, company), stream=stream, forced_server=forced)
    click.echo(readable_trace(route.columns(owner, decision)))
    if standing := standing_of(owner, decision):
        click.echo(f"\nDNS, {standing.checked_at:%Y-%m-%d %H:%M} UTC: {standing.words}")
        if standing.faults:
            click.echo(f"Records to change: {standing.faults}; see `postroom domain check {standing.from_domain}`.")
