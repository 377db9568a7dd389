"""Which pages the menu shows, in which order, and to whom. A new page adds its line here."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from postroom.policy.permission import Action
from postroom.workspaces.access import Seat
from postroom.workspaces.models import User


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; `routes` are the names of the addresses that belong to it, the one it leads to first."""

    label: Promise | str
    icon: str
    action: Action
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as one person sees it on one page."""

    label: str
    icon: str
    url: str
    is_current: bool


# Also its icon; beside its link stands how much is unread.
INBOX = "inbox"
CONVERSATIONS = ("records", "record", "record-write", "record-move", "record-merge", "followers")
MAIN = (
    Entry(_("Home"), "home", Action.SEE_MAIL, ("home",)),
    Entry(_("Inbox"), INBOX, Action.SEE_CONVERSATIONS, ("inbox",)),
    Entry(_("Conversations"), "messages", Action.SEE_CONVERSATIONS, CONVERSATIONS),
    Entry(_("Contacts"), "address-book", Action.SEE_CONVERSATIONS, ("contacts",)),
    Entry(_("Unrouted desk"), "mail-opened", Action.SEE_MAIL, ("desk", "desk-mail", "desk-rules")),
    Entry(_("Emails"), "mail", Action.SEE_MAIL, ("messages", "message", "messages-steer", "messages-steered")),
    Entry(_("Suppressed addresses"), "mail-off", Action.SEE_MAIL, ("suppressed",)),
    Entry(_("Your mailbox"), "mailbox", Action.SEND_MAIL, ("mailbox", "mailbox-remove")),
    Entry(_("Monitor"), "chart-bar", Action.SEE_MAIL, ("monitor", "monitor-numbers")),
    Entry(_("Alerts"), "bell", Action.SEE_MAIL, ("alerts",)),
    Entry(_("Capture"), "flask", Action.SEE_CAPTURE, ("captured-list", "captured")),
)
SERVERS = (
    "servers", "server-new", "server", "server-queue", "server-test", "server-archive", "oauth-connect",
    "oauth-disconnect", "set-up", "set-up-begin", "set-up-step",
)  # fmt: skip
INCOMING_SERVERS = (
    "incoming-servers", "incoming-server-new", "incoming-server", "incoming-server-test", "incoming-server-remove",
    "incoming-oauth-connect", "incoming-oauth-disconnect",
)  # fmt: skip
ALIAS_DOMAINS = (
    "alias-domains", "alias-domain-new", "alias-domain", "alias-domain-remove", "domain-records", "domain-letter",
)  # fmt: skip
PARAMETERS = ("parameters", "parameter-new", "parameter", "parameter-remove")
SETTINGS = (
    Entry(_("General settings"), "settings", Action.SEE_SETTINGS, ("general",)),
    Entry(_("Companies"), "building", Action.SEE_SETTINGS, ("companies", "company-new", "company")),
    Entry(_("Users"), "users", Action.SEE_SETTINGS, ("people", "person", "person-remove")),
    Entry(_("API keys"), "key", Action.MANAGE_KEYS, ("keys", "key-revoke")),
    Entry(
        _("Google and Microsoft"),
        "plug-connected",
        Action.SEE_SETTINGS,
        ("oauth-apps", "oauth-app", "oauth-app-remove"),
    ),
    Entry(_("Receiving"), "mail-forward", Action.SEE_SETTINGS, ("receiving",)),
    Entry(_("Local-part values"), "at", Action.SEE_SETTINGS, ("local-parts",)),
    Entry(_("Route simulator"), "route", Action.SEE_SETTINGS, ("simulator",)),
    Entry(_("Audit log"), "history", Action.SEE_AUDIT_LOG, ("audit-log",)),
)
# Shown while developer mode is on.
TECHNICAL: tuple[Entry, ...] = (
    Entry(_("Outgoing Mail Servers"), "server", Action.SEE_SETTINGS, SERVERS),
    Entry(_("Incoming Mail Servers"), "download", Action.SEE_SETTINGS, INCOMING_SERVERS),
    Entry(_("Aliases"), "mailbox", Action.SEE_SETTINGS, ("aliases", "alias-new", "alias", "alias-remove")),
    Entry(_("Alias Domains"), "world", Action.SEE_SETTINGS, ALIAS_DOMAINS),
    Entry(
        _("Templates"), "template", Action.SEE_SETTINGS, ("templates", "template-new", "template", "template-remove")
    ),
    Entry(_("Scheduled Actions"), "calendar-time", Action.SEE_SETTINGS, ("scheduled-actions",)),
    Entry(_("System Parameters"), "adjustments", Action.SEE_SETTINGS, PARAMETERS),
)


PLATFORM = (
    (_("Workspaces"), "building", ("platform", "platform-workspace")),
    (_("Plans"), "adjustments", ("platform-plans", "platform-plan", "platform-plan-remove")),
    (
        _("Google and Microsoft"),
        "plug-connected",
        ("platform-oauth-apps", "platform-oauth-app", "platform-oauth-app-remove"),
    ),
    (_("The platform's DNS"), "world", ("platform-zone",)),
    (_("Audit log"), "history", ("platform-audit-log",)),
    (_("Mail of no workspace"), "mail-opened", ("nobodys-mail", "nobodys-mail-one")),
)


def platform_links(user: User, route: str) -> list[Link]:
    """For the platform's administrators, in whichever workspace they look."""
    if not user.is_platform_administrator:
        return []
    return [Link(str(label), icon, reverse(routes[0]), route in routes) for label, icon, routes in PLATFORM]


def links(entries: Iterable[Entry], seat: Seat, route: str) -> list[Link]:
    """The entries that the person may follow; `route` is the name of the page they are on."""
    return [
        Link(str(entry.label), entry.icon, reverse(entry.routes[0]), route in entry.routes)
        for entry in entries
        if seat.may(entry.action)
    ]
