"""`postroom server`: outgoing servers, and the one reserved for mass mail."""

from collections.abc import Iterator
from itertools import chain
from typing import IO, TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace, print_lines, read_text, set_given, set_secrets
from postroom.policy.dns.facts import SignedBy

if TYPE_CHECKING:
    from postroom.outbound.stand import ServerStand
    from postroom.servers.models import OutgoingServer


def _content(_context: click.Context, _option: click.Parameter, file: IO[str] | None) -> str | None:
    return None if file is None else read_text(file)


@click.group()
def command() -> None:
    """Set up the servers that mail leaves through."""


@command.command("add")
@click.argument("name")
@click.option("--workspace", required=True)
@click.option("--host", help="SMTP server, as the provider gives it.")
@click.option("--port", type=int, help="587 at first.")
@click.option(
    "--encryption", type=click.Choice(["none", "opportunistic", "starttls", "tls"]), help="“starttls” at first."
)
@click.option("--verify/--no-verify", "verifies_certificate", default=None, help="Ask the server to prove its name.")
@click.option("--ca-file", type=click.File(), help="PEM of the authority that signed the server's certificate.")
@click.option("--username")
@click.option(
    "--authentication",
    type=click.Choice(["login", "certificate", "gmail", "outlook"]),
    help="“login” at first; for the last two see `oauth`.",
)
@click.option(
    "--certificate-file",
    "client_certificate",
    type=click.File(),
    callback=_content,
    help="PEM that shows the server who we are.",
)
@click.option(
    "--key-file",
    "client_key",
    type=click.File(),
    callback=_content,
    help="PEM of that certificate's key; - reads it from standard input.",
)
@click.option("--password-file", type=click.File(), help="File with the password; - reads it from standard input.")
@click.option("--default-server", is_flag=True, help="Use the installation's default server with this FROM filter.")
@click.option("--from-filter", help="Domains or complete addresses, separated by commas.")
@click.option("--priority", type=int, help="Lower is chosen first; 10 at first.")
@click.option("--signed-by", type=click.Choice(list(SignedBy)), help="Who signs with DKIM; “both” at first.")
@click.option("--dkim-selectors", help="Of the provider's keys, as its console shows them, separated by commas.")
@click.option("--max-bytes", "max_message_bytes", type=int, help="Larger messages are not even offered to it.")
@click.option("--log-dialog/--no-log-dialog", "logs_dialog", default=None, help="Write SMTP dialogs to the log too.")
@click.option("--connections", "max_connections", type=int, help="How many at a time; 5 at first.")
@click.option("--per-connection", "max_messages_per_connection", type=int, help="Messages; 100 at first.")
@click.option("--per-second", "max_messages_per_second", type=int, help="Messages in any second; what is over waits.")
@click.option("--per-minute", "max_messages_per_minute", type=int, help="Messages in any minute.")
@click.option("--per-hour", "max_messages_per_hour", type=int, help="Messages in any hour.")
@click.option("--per-day", "max_messages_per_day", type=int, help="Messages in any 24 hours.")
@django_command
def add(
    name: str,
    *,
    workspace: str,
    ca_file: IO[str] | None,
    password_file: IO[str] | None,
    default_server: bool,
    **fields: str | int | None,
) -> None:
    """Create the outgoing server NAME, or change what is given of it."""
    from postroom.servers.models import OutgoingServer
    from postroom.servers.save import save_server, warnings

    owner = find_workspace(workspace)
    server = owner.outgoing_servers.filter(name__iexact=name).first() or OutgoingServer(workspace=owner, name=name)
    is_known = server.pk is not None
    set_given(server, fields)
    set_secrets(server, ca_file=ca_file, password_file=password_file)
    if default_server:
        server.authentication = OutgoingServer.Authentication.DEFAULT_SERVER
    save_server(server)
    known = " It was there already, and has changed." if is_known else ""
    whose = server.from_filter or "every From, under the notification address"
    click.echo(f"{server.name} takes mail for {whose}.{known}")
    for warning in warnings(server):
        click.echo(f"Note: {warning}", err=True)


@command.command("list")
@click.option("--workspace", required=True)
@django_command
def list_(workspace: str) -> None:
    """Show the outgoing servers in the order in which they are asked."""
    from postroom.servers.selection import in_order

    lines = map(_readable, in_order(find_workspace(workspace)))
    print_lines(lines, otherwise="There are no outgoing servers: mail leaves through the default server.")


@command.command("queue")
@click.option("--workspace", required=True)
@django_command
def queue(workspace: str) -> None:
    """Show what waits for each server, why, and when limits will have let it go."""
    from postroom.outbound.stand import stands

    lines = chain.from_iterable(map(_tell_stand, stands(find_workspace(workspace))))
    print_lines(lines, otherwise="No server has been given mail yet.")


@command.command("test")
@click.argument("name")
@click.option("--workspace", required=True)
@click.option("--to", "recipient", help="Whom RCPT TO names, never written to; at first the catchall address.")
@django_command
def test(name: str, workspace: str, recipient: str | None) -> None:
    """Try the server NAME with each address it will be used with, up to the message, which is never sent.

    The exit code is 1 when a step failed. Success does not prove that mail arrives: the provider may still restrict.
    """
    from postroom.cli.server_test import print_trials
    from postroom.servers.connection_tests import usual_recipient

    server = find_server(name, workspace)
    if not print_trials(server, recipient or usual_recipient(server.workspace)):
        raise SystemExit(1)


@command.command("archive")
@click.argument("name")
@click.option("--workspace", required=True)
@django_command
def archive(name: str, workspace: str) -> None:
    """Never choose the server NAME again; refused, with the list of its users, while something counts on it."""
    from postroom.servers.archive import archive as archive_server

    archive_server(find_server(name, workspace))
    click.echo(f"{name} is archived.")


@command.command("dedicate")
@click.argument("name", required=False)
@click.option("--workspace", required=True)
@django_command
def dedicate(name: str | None, workspace: str) -> None:
    """Send mass mail through the server NAME; without NAME, through the servers of other mail."""
    from postroom.servers.models import DedicatedServer

    owner = find_workspace(workspace)
    if name is None:
        DedicatedServer.objects.filter(workspace=owner).delete()
    else:
        DedicatedServer.objects.update_or_create(workspace=owner, defaults={"server": find_active(name, workspace)})
    click.echo(f"Mass mail leaves through {name or 'the servers of other mail'}.")


def _readable(server: "OutgoingServer") -> str:
    state = "" if server.is_active else "  (archived)"
    filter_ = server.from_filter or "no FROM filter"
    is_default = server.authentication == server.Authentication.DEFAULT_SERVER
    place = "the default server" if is_default else f"{server.host}:{server.port}"
    return f"{server.priority:>4}  {server.name}  {place}  {filter_}{state}"


def _tell_stand(stand: "ServerStand") -> Iterator[str]:
    waiting = ", ".join(f"{stand.due[s]:,} {s} due, {stand.later[s]:,} later" for s in stand.due)
    yield f"{stand.server}: {waiting}"
    for limit in stand.limits:
        origin = f" (learned: {stand.lesson})" if limit.learned else ""
        span = "today (UTC)" if limit.starts_anew_at else f"in {limit.seconds:,.0f} s"
        yield f"  {limit.used:,} of {limit.messages:,} {span}{origin}"
    if stand.last_leaves_at:
        yield f"  the last of what is due leaves {stand.last_leaves_at:%Y-%m-%d %H:%M} UTC"
    if stand.closed_until:
        yield f"  closed until {stand.closed_until:%H:%M:%S} UTC: {stand.fault} {stand.fallback}"


def find_active(name: str, workspace: str) -> "OutgoingServer":
    """As `find_server`, for what mail is to leave through from now on (requirement D8)."""
    server = find_server(name, workspace)
    if not server.is_active:
        raise click.ClickException(f"“{server.name}” is archived, and no mail leaves through it; name another one.")
    return server


def find_server(name: str, workspace: str) -> "OutgoingServer":
    from postroom.servers.models import OutgoingServer

    server = OutgoingServer.objects.filter(workspace=find_workspace(workspace), name__iexact=name).first()
    if server is None:
        raise click.ClickException(f"There is no outgoing server “{name}” in {workspace}; see `postroom server list`.")
    return server
