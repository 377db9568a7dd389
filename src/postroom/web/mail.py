"""Which mail do the pages themselves send? Invitations, links, digests, through Postroom like all mail."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from postroom.outbound.submit import Submission, submit
from postroom.policy.composition import Draft
from postroom.policy.notification_layout import Footer, lay_out
from postroom.rfc.address import parse_mailbox
from postroom.rfc.auto_submitted import automatic_marks
from postroom.threads.digest import Summary
from postroom.workspaces.access import company_of, seats_of
from postroom.workspaces.models import Invitation, User, Workspace
from postroom.workspaces.sign_up import platform_workspace

# Of each post: enough to know what it is about.
_DIGEST_WORDS = 160


def send_invitation(invitation: Invitation, token: str) -> None:
    """In the language of who invites: the other's is not known yet."""
    facts = {"invitation": invitation, "url": _url("invitation", token)}
    subject = _("Invitation to %(workspace)s") % {"workspace": invitation.workspace.name}
    _send(invitation.workspace, invitation.email, subject=subject, text=_text("invitation", facts))


def send_sign_up_link(email: str, token: str) -> None:
    """In the name of the platform: who asks has no workspace yet."""
    text = _text("sign_up", {"url": _url("sign-up-finish", token)})
    _send(platform_workspace(), email, subject=_("Your workspace in Postroom"), text=text)


def send_new_password_link(user: User) -> bool:
    """Whether it could be sent: in the name of a workspace of theirs, and whoever belongs to none gets none."""
    seat = next(iter(seats_of(user)), None)
    if seat is None:
        return False
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    facts = {"user": user, "url": _url("new-password", uid, default_token_generator.make_token(user))}
    with translation.override(user.language or translation.get_language()):
        _send(seat.workspace, user.email, subject=_("A new password for Postroom"), text=_text("new_password", facts))
    return True


def send_digest(user: User, summary: Summary) -> None:
    """What waits in the inbox, in the user's language."""
    at = f"?workspace={summary.workspace.slug}"
    rows = [
        {
            "record": row.post.record.name,
            "author": row.post.author,
            "words": Truncator(row.post.text).chars(_DIGEST_WORDS).replace("\n", " "),
            "url": f"{_url('record', row.post.record_id)}{at}#post-{row.post_id}",
        }
        for row in summary.newest
    ]
    language = user.language or settings.LANGUAGE_CODE
    facts = {"summary": summary, "rows": rows, "more": summary.count - len(rows), "language": language}
    with translation.override(language):
        words = ngettext("%(count)s thing waits in your inbox", "%(count)s things wait in your inbox", summary.count)
        footer = Footer(
            view_url=_url("inbox") + at,
            view_label=_("Open the inbox"),
            told_why=_("You asked for this mail each morning."),
            unfollow_url=_url("profile"),
            unfollow_label=_("End it in your profile"),
        )
        text, html = lay_out(_text("digest", facts), render_to_string("web/mail/digest.html", facts), footer)
        _send(summary.workspace, user.email, subject=words % {"count": summary.count}, text=text, html=html)


def _send(workspace: Workspace, to: str, *, subject: str, text: str, html: str | None = None) -> None:
    # Nobody's own words (RFC 3834 §5): vacation answers and other robots leave it alone.
    headers = automatic_marks()
    draft = Draft(from_=None, to=(parse_mailbox(to),), subject=subject, text=text, html=html, headers=headers)
    submit([Submission(content=draft, company=company_of(workspace, None), source="web")])


def _text(name: str, facts: dict[str, object]) -> str:
    return render_to_string(f"web/mail/{name}.txt", {**facts, "installation": settings.POSTROOM})


def _url(route: str, *arguments: object) -> str:
    return settings.POSTROOM.public_url + reverse(route, args=arguments)
