"""How is what is known of an outgoing server told to people?"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.policy.failure import SENTENCES
from postroom.policy.from_filter import entries_of, parse_from_filter
from postroom.policy.reach import Obstacle, Reach, Remark
from postroom.rfc.address import domain_to_unicode
from postroom.servers.identities import Use
from postroom.servers.probe import Finding, Step
from postroom.workspaces.language import told

USES: dict[Use, Promise | str] = {
    Use.BOUNCE: gettext_lazy("bounce address"),
    Use.NOTIFICATION: gettext_lazy("notification address"),
    Use.FILTER: gettext_lazy("in the FROM filter"),
    Use.TEMPLATE: gettext_lazy("From of a template"),
    Use.PERSON: gettext_lazy("a person here"),
}
STEPS: dict[Step, Promise | str] = {
    Step.RESOLVE: gettext_lazy("Resolve"),
    Step.CONNECT: gettext_lazy("Connect"),
    Step.GREETING: gettext_lazy("Greeting"),
    Step.TLS: gettext_lazy("TLS"),
    Step.LOGIN: gettext_lazy("Login"),
    Step.MAIL: gettext_lazy("MAIL FROM"),
    Step.RCPT: gettext_lazy("RCPT TO"),
    Step.DATA: gettext_lazy("DATA 354"),
}


@dataclass(frozen=True, slots=True)
class FilterEntry:
    """An entry of a FROM filter as typed, and what it lets through; `kind` is empty where it is a fault."""

    text: str
    kind: str


def filter_entries(from_filter: str | None) -> list[FilterEntry]:
    """Each once, in the order in which they stand."""
    return [FilterEntry(entry, _kind_of(entry)) for entry in dict.fromkeys(entries_of(from_filter))]


def _kind_of(entry: str) -> str:
    parsed = parse_from_filter(entry)
    if parsed.malformed:
        return ""
    return _("one address") if parsed.addresses else _("every address of the domain")


def uses_in_words(uses: Iterable[Use]) -> str:
    return ", ".join(str(USES[use]) for use in uses)


def hint_of(finding: Finding, *, server: str, address: str) -> str:
    """What to do about a step that failed."""
    if finding.cause == "sender-refused":
        return _(
            "%(server)s refuses the sender: allow %(address)s at your provider, or take it out of the FROM filter."
        ) % {
            "server": server,
            "address": address,
        }
    return told(SENTENCES.get(finding.cause, ""))


def remarks_in_words(reach: Reach) -> list[str]:
    """A sentence for each obstacle."""
    return [_remark(remark) for remark in reach.remarks]


def malformed(from_filter: str) -> list[str]:
    """A sentence for each entry that is neither a domain nor an address."""
    return [_malformed(entry) for entry in parse_from_filter(from_filter).malformed]


def _remark(remark: Remark) -> str:
    match remark.obstacle:
        case Obstacle.TAKEN:
            facts = {"entry": readable(remark.entry), "other": remark.other}
            return (
                _("“%(entry)s” is in the FROM filter of %(other)s too, which comes first and takes that mail.") % facts
            )
        case Obstacle.BEHIND:
            return _("%(other)s has no FROM filter either and comes first.") % {"other": remark.other}
        case Obstacle.MALFORMED:
            return _malformed(remark.entry)
        case Obstacle.NO_SENDER:
            return _("No person, template or notification address of this workspace is in its FROM filter.")


def _malformed(entry: str) -> str:
    return _(
        "“%(entry)s” is neither a domain nor a complete address; "
        "write it like company-name.com or mary@company-name.com."
    ) % {"entry": entry}


def readable(entry: str) -> str:
    """An entry of a filter as people read it, an IDN in Unicode."""
    local, at, domain = entry.rpartition("@")
    return f"{local}{at}{domain_to_unicode(domain)}"
