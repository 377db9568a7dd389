"""`postroom user`: the people who sign in – the first owner of a workspace, and those who cannot get in any more."""

from typing import IO, TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace
from postroom.policy.notification import Way
from postroom.policy.permission import Role

if TYPE_CHECKING:
    from postroom.workspaces.models import User

BY = "command line"


@click.group()
def command() -> None:
    """Set up the people who sign in."""


@command.command("add")
@click.argument("email")
@click.option("--workspace", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.OWNER.value, show_default=True)
@click.option("--name", default="")
@click.option("--password-file", type=click.File(), help="File with the password; - reads it. Without: one is made.")
@django_command
def add(email: str, workspace: str, *, role: str, name: str, password_file: IO[str] | None) -> None:
    """Let EMAIL into a workspace; for a known person only the role is set."""
    from django.db import transaction

    from postroom.workspaces.audit import record_change
    from postroom.workspaces.models import Membership, User

    owner = find_workspace(workspace)
    with transaction.atomic():
        user = User.objects.filter(email=email.lower()).first() or User(email=email.lower(), name=name)
        if user.pk is None:
            user.full_clean(exclude=["password"])
            _set_password(user, password_file)
        membership, _ = Membership.objects.update_or_create(workspace=owner, user=user, defaults={"role": role})
        record_change(membership, workspace=owner, by=BY, before=None)
    click.echo(f"{user.email} is {role} of {owner.slug}.")


@command.command("password")
@click.argument("email")
@click.option("--password-file", type=click.File(), help="File with the password; - reads it. Without: one is made.")
@django_command
def password(email: str, password_file: IO[str] | None) -> None:
    """Give EMAIL a new password; every browser of theirs is signed out."""
    user = _find(email)
    _set_password(user, password_file)
    click.echo(f"{user.email} has a new password.")


@command.command("prefer")
@click.argument("email")
@click.argument("way", type=click.Choice([way.value for way in Way]))
@django_command
def prefer(email: str, way: str) -> None:
    """Tell EMAIL of conversations by email, or only in the inbox of the pages."""
    from postroom.threads import inbox

    user = _find(email)
    inbox.prefer(user, Way(way))
    click.echo(f"{user.email} is told by {way}.")


@command.command("second-factor-off")
@click.argument("email")
@django_command
def second_factor_off(email: str) -> None:
    """Ask EMAIL for the password alone, for somebody who has lost phone and recovery codes."""
    from postroom.workspaces import second_factor

    user = _find(email)
    second_factor.turn_off(user)
    click.echo(f"{user.email} signs in with the password alone.")


@command.command("list")
@click.option("--workspace", required=True)
@django_command
def list_(workspace: str) -> None:
    """Show who belongs to a workspace, and in which role."""
    for member in find_workspace(workspace).memberships.select_related("user").order_by("user__email"):
        click.echo(f"{member.user.email:<40} {member.role}")


def _find(email: str) -> "User":
    from postroom.workspaces.models import User

    found: User | None = User.objects.filter(email=email.lower()).first()
    if found is None:
        raise click.ClickException(f"Nobody signs in as “{email}”; `postroom user add` lets somebody in.")
    return found


def _set_password(user: "User", file: IO[str] | None) -> None:
    """The one in the file, checked; else one that is made and shown this once."""
    import secrets

    from django.contrib.auth.password_validation import validate_password

    password = file.read().rstrip("\r\n") if file else secrets.token_urlsafe(12)
    validate_password(password, user)
    user.set_password(password)
    user.save()
    if file is None:
        click.echo(f"Password: {password}")
