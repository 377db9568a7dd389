"""`postroom thread`: conversations – which there are, what was written, whom it reached; a word of one's own."""

import sys
from typing import TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace, print_lines

if TYPE_CHECKING:
    from postroom.threads.envelope import Told
    from postroom.threads.models import Record

_workspace = click.option("--workspace", required=True)


@click.group()
def command() -> None:
    """Read and write conversations."""


@command.command("list")
@_workspace
@click.option("--type", "record_type", help="Only records of this type.")
@click.option("--paused", is_flag=True, help="Only those for which no mail leaves, because of a loop.")
@click.option("--limit", default=50, show_default=True)
@django_command
def list_(workspace: str, *, record_type: str | None, paused: bool, limit: int) -> None:
    """Show records, newest first."""
    found = find_workspace(workspace).records.filter(merged_into=None).select_related("type")
    if record_type:
        found = found.filter(type__key=record_type)
    if paused:
        found = found.exclude(paused_at=None)
    print_lines(
        (
            f"{record.pk}  {record.type.key}  {record.name}{'  paused' if record.paused_at else ''}"
            for record in found.order_by("-id")[:limit]
        ),
        otherwise="There is no such record." if record_type or paused else "There are no records.",
    )


@command.command("show")
@click.argument("record", type=int)
@_workspace
@django_command
def show(record: int, workspace: str) -> None:
    """Show what was written about RECORD, and whom it reached."""
    from postroom.threads.envelope import told_of

    found = _find(record, workspace)
    if found.paused_at:
        click.echo(f"Paused: {found.pause_reason}\n")
    posts = list(found.posts.order_by("id"))
    told = told_of(posts)
    for post in posts:
        click.echo(f"{post.pk}  {post.created_at:%Y-%m-%d %H:%M}  {post.kind}  {post.author or 'the system'}")
        click.echo(f"    {post.text.strip()}".replace("\n", "\n    "))
        for each in told.get(post.pk, []):
            click.echo(f"    → {_tell(each)}")


@command.command("post")
@click.argument("record", type=int)
@_workspace
@click.option("--text", required=True, help="What to write; - reads it.")
@click.option("--user", "email", help="Member who writes it; without it the system does.")
@click.option("--note", "is_note", is_flag=True, help="For users alone.")
@django_command
def post(record: int, workspace: str, *, text: str, email: str | None, is_note: bool) -> None:
    """Write about RECORD, and tell its followers."""
    from postroom.threads.models import Post
    from postroom.threads.post import NewPost
    from postroom.threads.post import post as tell

    found = _find(record, workspace)
    member = found.workspace.memberships.select_related("user").filter(user__email__iexact=email).first()
    if email and member is None:
        raise click.ClickException(f"{email} is no member of {workspace}.")
    words = sys.stdin.read() if text == "-" else text
    kind = Post.Kind.NOTE if is_note else Post.Kind.COMMENT
    row = tell(found, NewPost(author=member.user if member else None, text=words, kind=kind))
    click.echo(f"Post {row.pk}; told: {row.notifications.count()}")


@command.command("resume")
@click.argument("record", type=int)
@_workspace
@django_command
def resume(record: int, workspace: str) -> None:
    """Let mail leave again for RECORD, whose thread was paused because of a loop."""
    from postroom.threads import loops

    loops.resume(_find(record, workspace))
    click.echo("Mail leaves for it again.")


def _find(record: int, workspace: str) -> "Record":
    rows = find_workspace(workspace).records.select_related("type__workspace", "company__workspace", "workspace")
    found = rows.filter(pk=record).first()
    if found is None:
        raise click.ClickException(f"The workspace {workspace} has no record {record}.")
    return found


def _tell(told: "Told") -> str:
    row = told.notification
    who = row.address or (row.user.email if row.user else "")
    return f"{who} by {row.way}: {told.status}{f' – {told.reason}' if told.reason else ''}"
