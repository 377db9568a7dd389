"""`postroom inbound desk`: mail that found no place – seen, given one, dropped, handled again."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from postroom.cli.setup import django_command, find_workspace, print_lines

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from postroom.inbound.models import IncomingMessage
    from postroom.workspaces.models import Workspace

_workspace = click.option("--workspace", required=True)
_whose = click.option("--workspace", help="Without it: mail that belongs to no workspace.")
_ACTIONS = ("attach", "create", "drop")


def _chosen(function: Callable[..., None]) -> Callable[..., None]:
    """Options that say which mail is meant."""
    for option in (
        click.option("--author", default="", help="Only mail of this address."),
        click.option("--recipient", default="", help="Only mail to this address."),
        _whose,
        click.argument("ids", nargs=-1, type=int),
    ):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Look after mail that found no place."""


@command.command("list")
@_chosen
@click.option("--dropped", is_flag=True, help="What was dropped, instead of what waits.")
@click.option("--limit", default=50, show_default=True)
@django_command
def list_(*, dropped: bool, limit: int, **choice: Any) -> None:
    """Show what waits, newest first, with the reason."""
    found = _find(**choice, dropped=dropped)[:limit]
    print_lines(map(_readable, found), otherwise="No such mail was dropped." if dropped else "No such mail waits.")


@command.command("show")
@click.argument("id_", metavar="ID", type=int)
@_whose
@django_command
def show(id_: int, workspace: str | None) -> None:
    """Show the mail ID: what it was taken for, and what it says."""
    from postroom.inbound import desk
    from postroom.rfc.address import format_mailbox

    mail = desk.show(_find_one(id_, find_workspace(workspace) if workspace else None))
    letter = mail.letter
    click.echo(f"{mail.row.state}: {mail.row.reason}\n{mail.found.why}\n")
    click.echo(f"From: {mail.content.header_from}\nTo: {mail.row.recipient}\nSubject: {letter.subject}\n")
    click.echo(letter.text)
    for file in letter.files:
        click.echo(f"[{file.filename}, {len(file.content):,} bytes]")
    if mail.original and mail.original.author:
        click.echo(f"\nIt passes on what {format_mailbox(mail.original.author)} wrote: {mail.original.subject}")


@command.command("attach")
@click.argument("id_", metavar="ID", type=int)
@_workspace
@click.option("--record", required=True, type=int, help="Id of the record.")
@django_command
def attach(id_: int, workspace: str, record: int) -> None:
    """Put the mail ID into the thread of a record, and let its author take part."""
    from postroom.inbound import desk

    owner = find_workspace(workspace)
    post = desk.attach(_find_one(id_, owner), _find_record(owner, record))
    click.echo(f"It is post {post.pk} of “{post.record.name}”.")


@command.command("create")
@click.argument("id_", metavar="ID", type=int)
@_workspace
@click.option("--type", "record_type", required=True, help="Type of the record, such as crm.lead.")
@click.option("--name", default="", help="Without it the mail's subject.")
@click.option("--of-original", is_flag=True, help="Of the message that the mail passes on, for its author.")
@django_command
def create(id_: int, *, workspace: str, record_type: str, name: str, of_original: bool) -> None:
    """Make a record of the mail ID."""
    from postroom.inbound import desk
    from postroom.threads.registry import find_type

    owner = find_workspace(workspace)
    post = desk.create(_find_one(id_, owner), find_type(owner, record_type), name=name, of_original=of_original)
    click.echo(f"It made record {post.record_id}, “{post.record.name}”.")


@command.command("alias")
@click.argument("id_", metavar="ID", type=int)
@_workspace
@click.option("--type", "record_type", required=True, help="Type of the records that its mail makes.")
@django_command
def alias(id_: int, workspace: str, record_type: str) -> None:
    """Make an alias of the address that the mail ID came to; what waits for it is handled again."""
    from postroom.inbound import desk
    from postroom.threads.registry import find_type

    owner = find_workspace(workspace)
    made = desk.make_alias(_find_one(id_, owner), changes={"record_type": find_type(owner, record_type).key})
    click.echo(f"{made.address} makes {record_type} from now on.")


@command.command("drop")
@_chosen
@django_command
def drop(**choice: Any) -> None:
    """Take mail off the desk: IDS, or all that the options name. It is kept."""
    from postroom.inbound import desk

    click.echo(f"Dropped: {desk.drop(_find(**_narrowed(choice)))}")


@command.command("give")
@click.argument("ids", nargs=-1, type=int, required=True)
@click.option("--workspace", required=True, help="The one that gets it.")
@django_command
def give(ids: tuple[int, ...], workspace: str) -> None:
    """Let mail of no workspace belong to one, which handles it as its own."""
    from postroom.inbound import desk

    given = desk.give(desk.find(None, desk.Choice(ids=ids, states=desk.OPEN)), find_workspace(workspace))
    click.echo(f"Given to {workspace}: {given}")


@command.command("restore")
@_chosen
@django_command
def restore(**choice: Any) -> None:
    """Lay dropped mail on the desk again."""
    from postroom.inbound import desk

    click.echo(f"Restored: {desk.restore(_find(**choice, dropped=True))}")


@command.command("replay")
@_chosen
@django_command
def replay(**choice: Any) -> None:
    """Handle mail of the desk again, as if it came in now: IDS, or all that the options name, or everything."""
    from postroom.inbound import desk

    click.echo(f"Handled again: {desk.replay(_find(**choice))}")


@command.command("not-a-bounce")
@click.argument("id_", metavar="ID", type=int)
@_workspace
@django_command
def not_a_bounce(id_: int, workspace: str) -> None:
    """Undo what the mail ID did to deliveries, and handle it as mail that somebody wrote."""
    from postroom.inbound import desk

    click.echo(f"Deliveries that did not fail: {desk.take_for_ordinary(_find_one(id_, find_workspace(workspace)))}")


@command.command("always")
@_workspace
@click.option("--recipient", default="", help="Mail to this address …")
@click.option("--author", default="", help="… of this one.")
@click.option("--action", required=True, type=click.Choice(_ACTIONS))
@click.option("--record", type=int, help="Of attach: id of the record.")
@click.option("--type", "record_type", help="Of create: type of the records.")
@django_command
def always(*, workspace: str, recipient: str, author: str, action: str, record: int | None, **options: Any) -> None:
    """Do this with such mail instead of laying it on the desk, and with what waits there."""
    from postroom.inbound import desk
    from postroom.inbound.models import Rule
    from postroom.threads.registry import find_type

    owner, record_type = find_workspace(workspace), options["record_type"]
    rule = desk.always(
        owner,
        recipient=recipient,
        author=author,
        action=Rule.Action(action),
        record=_find_record(owner, record) if record is not None else None,
        record_type=find_type(owner, record_type) if record_type else None,
    )
    click.echo(f"Rule {rule.pk}: {rule}")


@command.command("rules")
@_workspace
@click.option("--remove", type=int, help="Number of a rule to end.")
@django_command
def rules(workspace: str, remove: int | None) -> None:
    """Show the rules of the desk."""
    from postroom.inbound import desk

    found = desk.rules(find_workspace(workspace))
    if remove is not None:
        found.filter(pk=remove).delete()
    print_lines((f"{rule.pk}  {rule}" for rule in found.all()), otherwise="There are no rules.")


def _readable(row: "IncomingMessage") -> str:
    about = f"{row.content.received_at:%Y-%m-%d %H:%M}  {row.author or '?'} to {row.recipient or '?'}"
    return f"{row.pk}  {about}: {row.content.subject}\n    {row.reason}"


def _find(
    *, ids: tuple[int, ...], workspace: str | None, recipient: str, author: str, dropped: bool = False
) -> "QuerySet[IncomingMessage]":
    from postroom.inbound import desk
    from postroom.inbound.models import State

    state = State.DROPPED if dropped else State.UNROUTED
    choice = desk.Choice(ids=ids, states=frozenset({state}), recipient=recipient, author=author)
    return desk.find(find_workspace(workspace) if workspace else None, choice)


def _narrowed(choice: dict[str, Any]) -> dict[str, Any]:
    if not any(choice[name] for name in ("ids", "recipient", "author")):
        raise click.UsageError("Name mails, or say --recipient or --author.")
    return choice


def _find_one(id_: int, workspace: "Workspace | None") -> "IncomingMessage":
    from postroom.inbound import desk

    found = desk.find(workspace, desk.Choice(ids=[id_], states=frozenset())).first()
    if found is None:
        raise click.ClickException(
            f"{f'The workspace {workspace}' if workspace else 'Nobody'} has no incoming mail {id_}."
        )
    return found


def _find_record(workspace: "Workspace", record: int) -> Any:
    found = workspace.records.select_related("type__workspace", "company__workspace", "workspace").filter(pk=record)
    row = found.first()
    if row is None:
        raise click.ClickException(f"The workspace {workspace} has no record {record}.")
    return row
