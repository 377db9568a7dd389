"""To whom would an answer in a thread go, and as whom would it leave? Told before it is sent."""

from dataclasses import dataclass

from postroom.domains.models import ClaimedAddress
from postroom.domains.senders import REPLY, notification_address
from postroom.outbound import route
from postroom.policy.notification import Notice
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailbox
from postroom.threads import audience, mail
from postroom.threads.models import Post, Record
from postroom.threads.post import subtype_of
from postroom.workspaces.models import User, Workspace


@dataclass(frozen=True, slots=True)
class Preview:
    """`from_` is what recipients will see; `notices` are the followers that are told besides those addressed."""

    from_: Mailbox
    is_rewritten: bool
    server: str
    reply_to: str
    notices: list[Notice]


def answer_to(post: Post) -> tuple[list[Mailbox], list[Mailbox]]:
    """To and Cc of an answer to mail that came in: its author, and whoever had it, without addresses of ours."""
    if post.kind != Post.Kind.EMAIL or not post.author:
        return [], []
    author = parse_mailbox(post.author)
    named = {box.address.lower(): box for box in audience.mailboxes([*post.to, *post.cc])}
    ours = _ours(post.record.workspace, set(named)) | {author.address.lower()}
    return [author], [box for address, box in named.items() if address not in ours]


def preview(record: Record, author: User, *, kind: Post.Kind, named: tuple[Mailbox, ...] = ()) -> Preview:
    """What `threads.post` would do with a post to `named`; nothing is stored. PostroomError: no mail could leave."""
    mailbox = audience.mailbox_of(author)
    draft = Post(record=record, kind=kind, subtype=subtype_of(record, kind=kind), author=format_mailbox(mailbox))
    told = audience.choose_followers(draft)
    names = {box.address.lower() for box in named}
    decision = route.decide(mailbox, company=record.company)
    return Preview(
        from_=decision.from_,
        is_rewritten=decision.from_rewritten,
        server=route.server_name(decision),
        reply_to=mail.reply_to(record),
        notices=[notice for notice in told if notice.reader.address not in names],
    )


def _ours(workspace: Workspace, addresses: set[str]) -> set[str]:
    """Those that lead back here."""
    claimed = ClaimedAddress.objects.filter(workspace=workspace, address__in=addresses)
    senders = {notification_address(domain): domain.name for domain in workspace.alias_domains.all()}
    domains = {workspace.subdomain, *senders.values()}
    signed = {each for each in addresses if each.startswith(f"{REPLY}+") and each.rpartition("@")[2] in domains}
    return {*claimed.values_list("address", flat=True), *senders, *signed, f"notifications@{workspace.subdomain}"}
