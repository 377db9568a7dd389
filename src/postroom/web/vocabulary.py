"""Which word, icon and colour stands for what, the same in every page. The colour is the CSS class `tone-…`."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from postroom.inbound.models import State
from postroom.policy.classification import Kind
from postroom.policy.permission import Role
from postroom.policy.status import Status
from postroom.threads.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Term:
    """A state as people see it: neither icon nor colour is needed to tell it from others."""

    word: Promise | str
    icon: str
    tone: str
    meaning: Promise | str = ""


STATES = {
    Status.QUEUED: Term(_("queued"), "circle", "grey", _("Waits for its turn.")),
    Status.ACTIVE: Term(_("active"), "loader-2", "blue", _("Is being handed over right now.")),
    Status.DEFERRED: Term(_("deferred"), "clock", "amber", _("Was put off by the server; it is tried again.")),
    Status.HELD: Term(_("held"), "player-pause", "violet", _("Waits until a person releases it.")),
    Status.SENT: Term(_("sent"), "check", "green", _("A server took it.")),
    Status.BOUNCED: Term(_("bounced"), "x", "red", _("Was refused for good.")),
    Status.UNKNOWN: Term(_("unknown"), "help-circle", "orange", _("May have arrived: the connection broke.")),
    Status.EXPIRED: Term(_("expired"), "hourglass", "dark-red", _("Was put off until its time was over.")),
    Status.CANCELED: Term(_("canceled"), "ban", "struck", _("Was taken back before it left.")),
}
# The way that a message of ours came in.
SOURCES = {
    "http": _("by the HTTP API"),
    "smtp": _("by SMTP"),
    "web": _("from these pages"),
    "cli": _("from the command line"),
    "thread": _("from a conversation"),
    "again": _("sent again by a person"),
    "report": _("as a delivery report to an author"),
    "probe": _("to test an address"),
}
# The envelope beside a post; nobody was told by mail where it is missing.
ENVELOPES = {
    Envelope.WAITING: Term(_("on its way"), "clock", "grey"),
    Envelope.SENT: Term(_("sent"), "mail", "grey"),
    Envelope.FAILED: Term(_("not delivered"), "mail-exclamation", "red"),
    Envelope.IGNORED: Term(_("left as it is"), "mail-off", "grey"),
}
# What became of telling somebody, where no delivery says it.
TOLD = {
    "unread": Term(_("in the inbox"), "inbox", "grey", _("Has not been read yet.")),
    "read": Term(_("read"), "mail-opened", "grey", _("Was read in the application.")),
    "refused": Term(_("not sent"), "x", "red", _("No mail could be made.")),
    "forgotten": Term(_("sent"), "check", "grey", _("So long ago that its delivery is no longer kept.")),
}
POST_KINDS = {
    "comment": Term(_("message"), "message-circle", "grey"),
    "note": Term(_("internal note"), "lock", "violet", _("For users alone: nobody outside is told.")),
    "email": Term(_("by mail"), "mail", "grey"),
}
# What has become of mail that came in, and what it is.
INCOMING_STATES = {
    State.UNROUTED: Term(_("waits for a person"), "inbox", "amber", _("No step could settle it.")),
    State.RECEIVED: Term(_("being handled"), "clock", "grey", _("Its turn comes within seconds.")),
    State.HANDLED: Term(_("has its place"), "check", "green"),
    State.DUPLICATE: Term(_("a copy"), "copy", "grey", _("The same mail came before.")),
    State.DROPPED: Term(_("dropped"), "trash", "grey", _("By a person or a rule; it can be restored.")),
}
INCOMING_KINDS = {
    Kind.ORDINARY: _("written by a person"),
    Kind.REPLY: _("an answer"),
    Kind.ALIAS: _("to an alias"),
    Kind.CATCHALL: _("to catchall"),
    Kind.BOUNCE: _("a bounce"),
    Kind.DELAYED: _("a delay notice"),
    Kind.SUCCESS: _("a delivery report"),
    Kind.FEEDBACK: _("a complaint"),
    Kind.MDN: _("a read receipt"),
    Kind.AUTOREPLY: _("an automatic reply"),
    Kind.CHALLENGE: _("a challenge"),
    Kind.LOOP: _("a loop"),
    Kind.UNKNOWN: _("unknown"),
}
# The verdict on one line of a decision: what was tried, found, expected.
VERDICTS = {
    "ok": Term(_("in order"), "circle-check", "green"),
    "note": Term(_("worth knowing"), "info-circle", "blue"),
    "warning": Term(_("needs a look"), "alert-triangle", "amber"),
    "fault": Term(_("wrong"), "circle-x", "red"),
    "skipped": Term(_("not tried"), "circle-dashed", "grey"),
    "missing": Term(_("missing"), "circle-x", "red"),
    "unclear": Term(_("unclear"), "help-circle", "amber"),
}
# What `policy.dns` finds of a record, as one of these.
DNS_VERDICTS = {"ok": "ok", "note": "note", "unclear": "unclear", "missing": "missing", "wrong": "fault"}
ALIAS_POLICIES = {
    "everyone": _("everyone"),
    "known": _("known contacts"),
    "followers": _("followers of the record"),
}
ALIAS_STATUSES = {"not_tested": _("not tested"), "valid": _("valid"), "invalid": _("invalid")}
# What is known of an address that must receive mail: see inbound/probes.py.
PROOFS = {
    "not_tested": Term(_("not tested"), "circle-dashed", "grey"),
    "waiting": Term(_("a test mail is on its way"), "clock", "blue"),
    "valid": Term(_("works"), "circle-check", "green"),
    "invalid": Term(_("does not work"), "circle-x", "red"),
}
# For what: the words of servers/domain_facts.py.
INBOX_USES = {
    "delivery errors": _("delivery errors"),
    "answers": _("answers"),
    "answers to notifications": _("answers to notifications"),
    "an alias": _("an alias"),
    "DMARC and TLS reports": _("DMARC and TLS reports"),
}
KEY_STATES = {
    "waiting": _("waits to be seen in DNS"),
    "seen": _("seen in DNS, signs within the hour"),
    "active": _("signs"),
    "retiring": _("no longer signs; keep its record for a week"),
    "retired": _("its record may go"),
}
STREAMS = {"transactional": _("transactional"), "mass": _("mass mail")}
SCOPES = {"all": _("all mail"), "mass": _("mass mail")}
SUPPRESSED_BY = {
    "person": _("a person or program"),
    "faults": _("repeated faults"),
    "complaint": _("a complaint"),
    "unsubscribed": _("the recipient"),
}
# What the capture server answered.
OUTCOMES = {
    "accepted": Term(_("accepted"), "check", "green"),
    "refused": Term(_("refused"), "x", "red"),
    "dropped": Term(_("dropped"), "plug-connected", "orange"),
}
ROLES = {
    Role.OWNER: (_("Owner"), _("Everything, and who else is an owner.")),
    Role.ADMINISTRATOR: (_("Administrator"), _("Servers, domains, keys and people.")),
    Role.MANAGER: (_("Manager"), _("Mailings, conversations, and mail on its way.")),
    Role.MEMBER: (_("Member"), _("Reads mail, writes in conversations, keeps contacts.")),
    Role.READER: (_("Reader"), _("Sees everything but the settings, changes nothing.")),
}
CRITERIA = {
    "empty_from": _("From of the system"),
    "complete_default_from": _("Default From Alias"),
    "forced_server": _("Forced server"),
    "personal_server": _("Mailbox of the author"),
    "filter_address": _("FROM Filtering: address"),
    "filter_domain": _("FROM Filtering: domain"),
    "notification_server": _("Server of the notification address"),
    "no_filter": _("Server without FROM Filtering"),
    "first_server": _("First server"),
    "default_server": _("Default server"),
    "keep_from": _("From of the author"),
    "bounce_address": _("Return path"),
}
