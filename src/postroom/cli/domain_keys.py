"""`postroom domain dkim-key`, `dkim-keys` and `dkim-rotate`: the keys that sign a domain's mail."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace
from postroom.policy.dns.findings import Purpose, Record
from postroom.policy.dns.writing import zone_line

if TYPE_CHECKING:
    from postroom.domains.models import DkimKey


@click.command("dkim-key")
@click.argument("name")
@click.option("--workspace", required=True)
@click.option("--selector", default="postroom", show_default=True)
@click.option("--type", "algorithm", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True)
@django_command
def dkim_key(name: str, workspace: str, *, selector: str, algorithm: str) -> None:
    """Make a DKIM key that signs mail from NAME at once, and show the DNS record to publish."""
    from postroom.domains.keys import create_dkim_key

    key = create_dkim_key(find_workspace(workspace), domain=name, selector=selector, algorithm=algorithm)
    _print_records([key])


@click.command("dkim-keys")
@click.argument("name")
@click.option("--workspace", required=True)
@django_command
def dkim_keys(name: str, workspace: str) -> None:
    """Show the DKIM keys of NAME, oldest first, and the state each is in."""
    from postroom.rfc.address import domain_to_ascii

    for key in find_workspace(workspace).dkim_keys.filter(domain=domain_to_ascii(name)).order_by("pk"):
        click.echo(f"{key.state:<8}  {key.algorithm:<7}  {key}")


@click.command("dkim-rotate")
@click.argument("name")
@click.option("--workspace", required=True)
@click.option(
    "--on-platform", is_flag=True, help="The platform publishes the key; NAME points there, once and for all."
)
@django_command
def dkim_rotate(name: str, workspace: str, *, on_platform: bool) -> None:
    """Make new DKIM keys for NAME, rsa and ed25519, that sign once their records are seen in DNS.

    The records of the present keys stay for a week after the new ones have taken over; `postroom domain dkim-keys`
    shows how far it is.
    """
    from django.utils import timezone

    from postroom.domains.keys import begin_platform_rotation, begin_rotation

    owner = find_workspace(workspace)
    if on_platform:
        keys = begin_platform_rotation(owner, name)
    else:
        keys = begin_rotation(owner, name, today=timezone.now().date())
    _print_records(keys)


def _print_records(keys: Iterable["DkimKey"]) -> None:
    from postroom.domains.keys import record_of

    for key in keys:
        if key.pointer:
            click.echo(zone_line(Record(str(key), "CNAME", key.pointer, Purpose.DKIM)))
        click.echo(zone_line(record_of(key)))
